//! Renamed files: a tombstoned document goes on under its new path, with its rows, and nothing is embedded again.

use super::Library;
use super::transaction::Transaction;
use crate::base::file_name;
use crate::base::id::DocId;
use crate::store::change::NewChunk;
use crate::store::counts::Kind;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Document};
use crate::store::words;

impl<K: Kv> Library<K> {
    /// The tombstoned document that equals the new one but for its path: same content, chunks, collection and ring.
    pub(super) fn renamed_from(
        &self,
        doc: &Document,
        content: &[u8; 16],
        chunks: &[NewChunk],
    ) -> Result<Option<(DocId, Document)>, KvError> {
        if !doc.chunks.is_empty() {
            return Ok(None);
        }
        let Some((id, old)) = read::tombstoned_with(&self.kv, content)? else { return Ok(None) };
        let alike = old.collection == doc.collection && old.ring == doc.ring && old.chunks.len() == chunks.len();
        if !alike {
            return Ok(None);
        }
        for (place, new) in old.chunks.iter().zip(chunks) {
            let moved = (place.start, place.end) != (new.start, new.end);
            if moved
                || read::chunk(&self.kv, place.row)?.is_none_or(|chunk| chunk.key != new.key || chunk.text != new.text)
            {
                return Ok(None);
            }
        }
        Ok(Some((id, old)))
    }

    /// Moves the tombstoned document to the new one's path and deletes the new one. No chunk or vector is rewritten.
    pub(super) fn rename(
        &self,
        tx: &mut Transaction,
        new: (DocId, Document),
        old: (DocId, Document),
    ) -> Result<(), KvError> {
        let ((new_id, new), (old_id, mut doc)) = (new, old);
        tx.batch.delete(Space::Document, keys::document(new_id));
        tx.batch.delete(Space::Todo, keys::todo(Stage::Read, new_id));
        tx.commit.counts.leave_file(Kind::Waiting, &new.path);
        tx.batch.delete(Space::State, keys::name(file_name::key(&new.path), new_id));
        tx.batch.delete(Space::State, keys::name(file_name::key(&doc.path), old_id));
        tx.batch.put(Space::State, keys::name(file_name::key(&new.path), old_id), []);
        words::delete_name(&mut tx.batch, &new.path, new_id);
        words::delete_name(&mut tx.batch, &doc.path, old_id);
        words::put_name(&mut tx.batch, &new.path, old_id);
        tx.batch.delete(Space::Path, doc.path);
        tx.batch.put(Space::Path, new.path.clone(), old_id.0.to_be_bytes());
        (doc.path, doc.stamp) = (new.path, new.stamp);
        let vectors = self.restore_rows(tx, &doc)?;
        let missing = u32::try_from(doc.chunks.len() as u64 - vectors).unwrap_or(u32::MAX);
        doc.state = if missing == 0 { DocState::Ready } else { DocState::Chunked { missing } };
        tx.put_document(old_id, Some(&DocState::Tombstoned), &doc);
        Ok(())
    }

    /// Lets the rows of a tombstoned document answer again. Returns how many of them have a vector.
    pub(super) fn restore_rows(&self, tx: &mut Transaction, doc: &Document) -> Result<u64, KvError> {
        let mut vectors = 0;
        for place in &doc.chunks {
            if let Some(vector) = read::vector(&self.kv, place.row)? {
                tx.applied.added.push((place.row, vector.model, vector.values.sketch()));
                vectors += 1;
            }
        }
        tx.commit.counts.tombstoned_chunks -= doc.chunks.len() as u64;
        tx.commit.counts.tombstoned_vectors -= vectors;
        Ok(vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{EmbedKey, Ring};
    use crate::store::audit::audit;
    use crate::store::change::{Applied, Change, FoundDocument};
    use crate::store::memory::MemoryKv;
    use crate::store::record::FileStamp;

    const STAMP: FileStamp = FileStamp { size: 1, modified_ns: 1, changed_ns: 1, inode: 1 };

    fn seen(library: &mut Library<MemoryKv>, path: &str) -> DocId {
        let (path, collection) = (path.into(), "home".to_owned());
        library.apply(&Change::Seen { path, stamp: STAMP, collection, ring: Ring::Mesh }).unwrap().doc.unwrap()
    }

    /// All files have the same text.
    fn read(library: &mut Library<MemoryKv>, doc: DocId) -> Applied {
        let chunk = NewChunk { key: EmbedKey([1; 16]), heading: String::new(), text: "text".into(), start: 0, end: 4 };
        library.apply(&Change::Chunked { doc, stamp: STAMP, content: [7; 16], chunks: vec![chunk] }).unwrap()
    }

    fn found(library: &Library<MemoryKv>, doc: DocId) -> FoundDocument {
        FoundDocument::new(doc, &read::document(library.kv(), doc).unwrap().unwrap())
    }

    #[test]
    fn what_was_decided_of_a_document_does_nothing_once_that_goes_on_under_another_path() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let doc = seen(&mut library, "/d/a.md");
        read(&mut library, doc);
        let before = found(&library, doc);
        library.apply(&Change::Gone(before)).unwrap();
        let new = seen(&mut library, "/e/a.md");
        let there = found(&library, new);
        let applied = read(&mut library, new);
        assert_eq!((applied.doc, applied.returned), (Some(doc), true));
        // Both were decided before: that the file at the old path is gone, and the new one, which had been seen and not read.
        for change in
            [Change::Gone(before), Change::Gone(there), Change::Kept { found: before, since: 9 }, Change::Purge { doc }]
        {
            let is_checked = !matches!(change, Change::Purge { .. });
            assert_eq!(library.apply(&change).unwrap(), Applied { outdated: is_checked, ..Applied::default() });
        }
        let known = read::document(library.kv(), doc).unwrap().unwrap();
        assert_eq!((known.path.as_slice(), Kind::from(&known.state)), (&b"/e/a.md"[..], Kind::Chunked));
        library.apply(&Change::Kept { found: found(&library, doc), since: 9 }).unwrap();
        let kept = FoundDocument::new(doc, &known);
        assert!(library.apply(&Change::Gone(kept)).unwrap().outdated, "its owner keeps it since");
        assert!(!library.apply(&Change::gone(library.kv(), doc)).unwrap().outdated, "and may forget it");
        assert_eq!(library.commit().counts.count(Kind::Tombstoned), 1);
        assert!(audit(library.kv()).unwrap().clean());
    }
}
