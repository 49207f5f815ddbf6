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
        tx.commit.counts.leave(Kind::Waiting);
        tx.batch.delete(Space::State, keys::name(file_name::key(&new.path), new_id));
        tx.batch.delete(Space::State, keys::name(file_name::key(&doc.path), old_id));
        tx.batch.put(Space::State, keys::name(file_name::key(&new.path), old_id), []);
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
                tx.applied.added.push((place.row, vector.values.signs()));
                vectors += 1;
            }
        }
        tx.commit.counts.tombstoned_chunks -= doc.chunks.len() as u64;
        tx.commit.counts.tombstoned_vectors -= vectors;
        Ok(vectors)
    }
}
