//! A summary of the collections that this device shares with the members, which gossip spreads.

use crate::base::id::Ring;
use crate::limits::GOSSIP_COLLECTIONS_MAX;
use crate::scheduler::task::CollectionSummary;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Document, Record};
use std::collections::BTreeMap;

/// The collections of the ring `mesh` with the counts of their files, in the order of names. Of more
/// than `GOSSIP_COLLECTIONS_MAX` collections these are the largest.
///
/// # Errors
/// Any `KvError`.
pub fn summarize(kv: &impl Kv) -> Result<Vec<CollectionSummary>, KvError> {
    let mut shared: BTreeMap<String, CollectionSummary> = BTreeMap::new();
    let sources = read::sources(kv)?;
    read::walk(kv, Space::Document, |_, value| {
        let Document { path, state, chunks, .. } = Document::decode_stored(value)?;
        let (was_read, searchable) = match state {
            DocState::Waiting => (false, false),
            DocState::Chunked { .. } => (true, false),
            DocState::Ready => (true, true),
            DocState::Refused(_) | DocState::Parked(_) | DocState::Tombstoned => return Ok(()),
        };
        if let Some(source) = sources.of(&path).filter(|source| source.ring == Ring::Mesh) {
            let summary = shared.entry(source.collection.clone()).or_default();
            let chunks = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
            summary.files = summary.files.saturating_add(1);
            summary.searchable = summary.searchable.saturating_add(u32::from(searchable));
            summary.documents = summary.documents.saturating_add(u32::from(was_read));
            summary.chunks = summary.chunks.saturating_add(if was_read { chunks } else { 0 });
        }
        Ok(())
    })?;
    let named = |(name, summary)| CollectionSummary { name, ..summary };
    let mut summaries: Vec<CollectionSummary> = shared.into_iter().map(named).collect();
    summaries.sort_by(|a, b| (b.chunks, &a.name).cmp(&(a.chunks, &b.name)));
    summaries.truncate(GOSSIP_COLLECTIONS_MAX);
    summaries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(summaries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{DocId, EmbedKey};
    use crate::store::change::{Change, NewChunk};
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{FileStamp, Source, Sources};

    #[test]
    fn only_collections_of_the_mesh_and_documents_that_were_read_count() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let file = |n: u8, collection: &str, ring| Change::Seen {
            path: vec![b'/', n],
            stamp: FileStamp::default(),
            collection: collection.to_owned(),
            ring,
        };
        let places = [("home", Ring::Mesh), ("home", Ring::Mesh), ("diary", Ring::Private), ("work", Ring::Mesh)];
        // The list of sources decides, whatever the records say: "work" was "mesh" when its file was learnt.
        let source = |n: u8, collection: &str, ring| Source {
            path: vec![b'/', n],
            collection: collection.to_owned(),
            ring,
            device: 1,
        };
        let sources = [("home", Ring::Mesh), ("home", Ring::Mesh), ("diary", Ring::Private), ("work", Ring::Private)];
        let named = (1..).zip(sources).map(|(n, (name, ring))| source(n, name, ring));
        let sources: Vec<Source> = named.chain([source(9, "home", Ring::Mesh)]).collect();
        library.apply(&Change::Sources(Sources::from(sources))).unwrap();
        let mut last = DocId(0);
        for (n, (collection, ring)) in (1..).zip(places) {
            let doc = library.apply(&file(n, collection, ring)).unwrap().doc.unwrap();
            let chunk = |at: u8| NewChunk {
                key: EmbedKey([at; 16]),
                heading: String::new(),
                text: "text".to_owned(),
                start: 0,
                end: 4,
            };
            last = doc;
            let (stamp, chunks) = (FileStamp::default(), (0..n).map(chunk).collect());
            library.apply(&Change::Chunked { doc, stamp, content: [n; 16], chunks }).unwrap();
        }
        library.apply(&file(9, "home", Ring::Mesh)).unwrap();
        library.apply(&Change::gone(library.kv(), last)).unwrap();
        let summaries = summarize(library.kv()).unwrap();
        let home = CollectionSummary { name: "home".to_owned(), files: 3, searchable: 0, documents: 2, chunks: 3 };
        assert_eq!(summaries, [home], "one file was not read yet");
    }
}
