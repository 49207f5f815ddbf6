//! A new reader: when the program's way from a file to chunks changes, the documents of an older store are read again.
//!
//! Reading costs little. Chunks that come out as they were keep their row and vector, so that only what differs is
//! embedded; until then the old chunks answer.

use super::Library;
use super::transaction::Transaction;
use crate::base::file_name;
use crate::base::id::DocId;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Document};

/// Documents in one batch. The record of one may have nearly a mebibyte.
const BATCH: usize = 8;

impl<K: Kv> Library<K> {
    /// Makes all documents ones to be read again, if an older reader made their chunks, and lists them by the names of
    /// their files. Returns how many there are. After a crash it goes on where it was; once done, it does nothing. Not
    /// synced.
    ///
    /// # Errors
    /// Any `KvError`; the library must then be opened again.
    pub fn reread(&mut self, reader: u64) -> Result<u64, KvError> {
        if read::reader(&self.kv)? >= reader {
            return Ok(0);
        }
        let mut count = 0;
        let mut from = Vec::new();
        loop {
            let page = self.kv.page(Space::Path, &from, None, BATCH)?;
            let mut tx = self.begin();
            for (path, id) in page.iter().filter(|(path, _)| path[..] != keys::STAMP) {
                let Some(id) = keys::number(id).map(DocId) else { continue };
                let Some(doc) = read::document(&self.kv, id)? else { continue };
                tx.batch.put(Space::State, keys::name(file_name::key(path), id), []);
                count += u64::from(self.read_again(&mut tx, id, doc)?);
            }
            let last = page.last().filter(|_| page.len() == BATCH).map(|(path, _)| [&path[..], &[0]].concat());
            if last.is_none() {
                tx.batch.put(Space::State, keys::READER, reader.to_be_bytes());
            }
            self.write(tx)?;
            match last {
                Some(last) => from = last,
                None => return Ok(count),
            }
        }
    }

    /// Whether the document was one that has been read.
    fn read_again(&self, tx: &mut Transaction, id: DocId, mut doc: Document) -> Result<bool, KvError> {
        match doc.state {
            DocState::Waiting | DocState::Tombstoned => Ok(false),
            DocState::Chunked { .. } | DocState::Ready | DocState::Refused(_) | DocState::Parked(_) => {
                let before = std::mem::replace(&mut doc.state, DocState::Waiting);
                self.set_aside(tx, &before, &doc)?;
                tx.put_document(id, Some(&before), &doc);
                Ok(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{EmbedKey, Fingerprint, Ring};
    use crate::base::vector::Embedding;
    use crate::limits::DIMENSIONS;
    use crate::store::audit::audit;
    use crate::store::change::{Change, NewChunk};
    use crate::store::counts::Kind;
    use crate::store::memory::MemoryKv;
    use crate::store::record::FileStamp;

    const STAMP: FileStamp = FileStamp { size: 1, modified_ns: 1, changed_ns: 1, inode: 1 };

    fn chunked(library: &mut Library<MemoryKv>, doc: DocId, keys: &[u8]) -> Kind {
        let chunk = |key: &u8| NewChunk {
            key: EmbedKey([*key; 16]),
            heading: String::new(),
            text: format!("text {key}"),
            start: 0,
            end: 6,
        };
        let chunks = keys.iter().map(chunk).collect();
        library.apply(&Change::Chunked { doc, stamp: STAMP, content: [7; 16], chunks }).unwrap().now.unwrap()
    }

    #[test]
    fn a_store_of_an_older_reader_is_read_again_once_and_embeds_only_what_differs() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let mut docs = Vec::new();
        for n in 0..20_u8 {
            let (path, collection) = (format!("/notes/Note-{n}.md").into_bytes(), "home".to_owned());
            let seen = Change::Seen { path, stamp: STAMP, collection, ring: Ring::Mesh };
            let doc = library.apply(&seen).unwrap().doc.unwrap();
            chunked(&mut library, doc, &[2 * n, 2 * n + 1]);
            let rows = read::document(library.kv(), doc).unwrap().unwrap().chunks;
            let vector = Embedding::new(Fingerprint([1; 32]), &[0.5; DIMENSIONS]).unwrap().quantize();
            let vectors = rows.iter().zip([2 * n, 2 * n + 1]);
            let vectors = vectors.map(|(place, key)| (place.row, EmbedKey([key; 16]), vector.clone())).collect();
            library.apply(&Change::Embedded { doc, model: Fingerprint([1; 32]), vectors }).unwrap();
            docs.push(doc);
        }
        library.apply(&Change::gone(library.kv(), docs[19])).unwrap();

        // One that the older reader did not read, as it was too large for that.
        let (path, collection) = (b"/notes/Inbox".to_vec(), "home".to_owned());
        let seen = Change::Seen { path, stamp: STAMP, collection, ring: Ring::Mesh };
        let large = library.apply(&seen).unwrap().doc.unwrap();
        let reason = "It is too large.".to_owned();
        library.apply(&Change::Refused { doc: large, stamp: STAMP, reason, keep: false }).unwrap();

        assert_eq!(library.reread(1).unwrap(), 20, "the tombstone stays one");
        assert_eq!(library.commit().counts.count(Kind::Waiting), 20);
        assert_eq!(
            chunked(&mut library, large, &[0]),
            Kind::Ready,
            "its file has not changed, and is read nevertheless"
        );
        assert!(audit(library.kv()).unwrap().clean());
        let named = read::documents_named(library.kv(), file_name::key(b"note 7"), 9).unwrap();
        assert_eq!(named.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [docs[7]]);
        assert_eq!(chunked(&mut library, docs[0], &[0, 1]), Kind::Ready, "as before: nothing is embedded");
        assert_eq!(chunked(&mut library, docs[1], &[2, 99]), Kind::Chunked, "one chunk differs");
        let absent = Change::Absent { doc: docs[2], stamp: STAMP };
        assert_eq!(library.apply(&absent).unwrap().now, Some(Kind::Ready), "its file is not there: its chunks hold");
        assert_eq!(library.reread(1).unwrap(), 0, "once");
        assert_eq!(library.commit().counts.count(Kind::Ready), 3);
        assert!(audit(library.kv()).unwrap().clean());
    }
}
