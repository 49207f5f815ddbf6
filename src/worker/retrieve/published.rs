//! The documents of public collections: which files and passages anybody may have.
//!
//! A document is one of them as long as it answers questions, its file is there, and the innermost watched place around it is
//! public. A passage that looks as if it held a secret is told to nobody else, here as in an answer to another device.

use super::candidate::without_keys;
use super::file_of;
use crate::base::id::{DocId, Ring, Row};
use crate::store::kv::{KvError, KvRead};
use crate::store::read;
use crate::store::record::{DocState, Document, FileStamp, Marks, Sources};
use crate::worker::extract::content_hash;

/// Documents looked at at a time.
const PAGE: usize = 64;

/// A public document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub doc: DocId,
    /// Its path.
    pub path: Vec<u8>,
    /// The watched place that it lies in.
    pub place: Vec<u8>,
    /// The collection of that place.
    pub collection: String,
    /// What its file was when it was read: equal ones mean that its blocks are the same.
    pub version: Version,
}

/// A file's content as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    stamp: FileStamp,
    content: [u8; 16],
}

impl Version {
    /// The hash of the content (`worker::extract::content_hash`).
    #[must_use]
    pub const fn content(&self) -> [u8; 16] {
        self.content
    }

    /// Whether these are the bytes that were read: others were never looked at, and are nobody's to have yet.
    #[must_use]
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        self.content == content_hash(bytes)
    }
}

fn published(sources: &Sources, marks: &Marks, doc: DocId, record: Document) -> Option<Published> {
    let source = sources.of(&record.path).filter(|source| source.ring == Ring::Public)?;
    let (place, collection) = (source.path.clone(), source.collection.clone());
    let version = Version { stamp: record.stamp, content: record.content };
    if !matches!(record.state, DocState::Chunked { .. } | DocState::Ready) {
        return None;
    }
    let (path, absence) = file_of(record, marks)?;
    absence.is_none().then_some(Published { doc, path, place, collection, version })
}

/// Visits every public document.
///
/// # Errors
/// Any `KvError`; the documents before it were visited.
pub fn all(kv: &impl KvRead, mut visit: impl FnMut(Published) -> Result<(), KvError>) -> Result<(), KvError> {
    let (sources, marks) = (read::sources(kv)?, read::marks(kv)?);
    for source in sources.places.iter().filter(|source| source.ring == Ring::Public) {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = read::documents_under(kv, &source.path, after.as_deref(), PAGE)?;
            let Some(last) = page.last().map(|(_, doc)| doc.path.clone()) else { break };
            for (id, record) in page {
                let found = published(&sources, &marks, id, record);
                // What lies in a place of its own is visited with that.
                if let Some(found) = found.filter(|found| found.place == source.path) {
                    visit(found)?;
                }
            }
            // Without an end that moves, a damaged list would be walked for ever.
            if after.as_ref().is_some_and(|after| last <= *after) {
                break;
            }
            after = Some(last);
        }
    }
    Ok(())
}

/// Whether the document at this path is public now, with the content that it had then.
///
/// # Errors
/// Any `KvError`.
pub fn is_still(kv: &impl KvRead, path: &[u8], version: &Version) -> Result<bool, KvError> {
    let (sources, marks) = (read::sources(kv)?, read::marks(kv)?);
    if sources.of(path).is_none_or(|source| source.ring != Ring::Public) {
        return Ok(false);
    }
    let Some((id, record)) = read::document_at(kv, path)? else { return Ok(false) };
    Ok(published(&sources, &marks, id, record).is_some_and(|found| found.version == *version))
}

/// Visits the passages of a document, as they are told. Gives whether that is all of them: else one looks as if it held a secret, or
/// cannot be read.
///
/// # Errors
/// Any `KvError`.
pub fn passages(kv: &impl KvRead, doc: DocId, mut visit: impl FnMut(Row, &str)) -> Result<bool, KvError> {
    let Some(doc) = read::document(kv, doc)? else { return Ok(true) };
    let mut are_all = true;
    for place in &doc.chunks {
        match passage(kv, place.row)? {
            Some(text) => visit(place.row, &text),
            None => are_all = false,
        }
    }
    Ok(are_all)
}

/// The text of a passage, as it is told.
///
/// # Errors
/// Any `KvError`.
pub fn passage(kv: &impl KvRead, row: Row) -> Result<Option<String>, KvError> {
    Ok(read::chunk(kv, row)?.and_then(|chunk| without_keys(chunk, true)).map(|chunk| chunk.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::EmbedKey;
    use crate::store::change::{Change, NewChunk};
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::Source;

    const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

    fn source(path: &str, ring: Ring) -> Source {
        Source { path: path.into(), collection: "home".to_owned(), ring, device: 1 }
    }

    fn library(places: &[(&str, Ring)], files: &[(&str, &str)]) -> Library<MemoryKv> {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let places: Vec<Source> = places.iter().map(|(path, ring)| source(path, *ring)).collect();
        library.apply(&Change::Sources(places.into())).unwrap();
        for (number, (path, text)) in (0_u8..).zip(files) {
            let (path, collection) = (path.as_bytes().to_vec(), "home".to_owned());
            let stamp = FileStamp { size: 7, ..FileStamp::default().on_volume(3) };
            let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
            let (heading, text) = (String::new(), (*text).to_owned());
            let chunks = vec![NewChunk { key: EmbedKey([number; 16]), heading, text, start: 0, end: 1 }];
            library.apply(&Change::Chunked { doc, stamp, content: [number; 16], chunks }).unwrap();
        }
        library
    }

    fn paths(library: &Library<MemoryKv>) -> Vec<String> {
        let mut paths = Vec::new();
        all(library.kv(), |found| {
            paths.push(String::from_utf8(found.path).unwrap());
            Ok(())
        })
        .unwrap();
        paths
    }

    #[test]
    fn the_innermost_place_decides_and_a_change_of_its_ring_holds_at_once() {
        let files = [
            ("/a/one.md", "one"),
            ("/a/diary/two.md", "two"),
            ("/a/diary/out/three.md", "three"),
            ("/b/four.md", "four"),
        ];
        let places =
            [("/a", Ring::Public), ("/a/diary", Ring::Private), ("/a/diary/out", Ring::Public), ("/b", Ring::Mesh)];
        let mut library = library(&places, &files);
        assert_eq!(paths(&library), ["/a/one.md", "/a/diary/out/three.md"]);
        let mut first = None;
        all(library.kv(), |found| {
            first.get_or_insert(found);
            Ok(())
        })
        .unwrap();
        let first = first.unwrap();
        assert!(is_still(library.kv(), &first.path, &first.version).unwrap());
        assert!(!is_still(library.kv(), b"/a/diary/two.md", &first.version).unwrap());
        assert!(!is_still(library.kv(), b"/a/diary/out/three.md", &first.version).unwrap(), "another content");
        library.apply(&Change::Sources(vec![source("/a", Ring::Mesh)].into())).unwrap();
        assert_eq!(paths(&library), [""; 0]);
        assert!(!is_still(library.kv(), &first.path, &first.version).unwrap());
    }

    #[test]
    fn all_documents_of_a_large_folder_are_visited_once() {
        let names: Vec<String> = (0..200).map(|number| format!("/a/{number:03}.md")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "text")).collect();
        assert_eq!(paths(&library(&[("/a", Ring::Public)], &files)), names);
    }

    #[test]
    fn a_passage_with_a_secret_is_for_nobody() {
        let secret = format!("Our key:\n{SECRET}\n");
        let library = library(&[("/a", Ring::Public)], &[("/a/one.md", "one"), ("/a/two.md", &secret)]);
        let mut found = Vec::new();
        all(library.kv(), |one| {
            found.push(one.doc);
            Ok(())
        })
        .unwrap();
        let (mut told, mut are_all) = (Vec::new(), Vec::new());
        for doc in found {
            are_all.push(passages(library.kv(), doc, |row, text| told.push((row, text.to_owned()))).unwrap());
        }
        assert_eq!((told.len(), are_all), (1, vec![true, false]));
        assert_eq!(passage(library.kv(), told[0].0).unwrap().as_deref(), Some("one"));
    }
}
