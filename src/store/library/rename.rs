//! A file that left and comes back under another name: its rows are kept, nothing is embedded again.

use super::Library;
use super::draft::Draft;
use crate::base::id::DocId;
use crate::store::change::Kind;
use crate::store::change::NewChunk;
use crate::store::keys::{self, Wait};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Document};

impl<K: Kv> Library<K> {
    /// The leaving document that the new one is, under another name: same content, same chunks, same circle.
    pub(super) fn twin(
        &self,
        doc: &Document,
        content: &[u8; 16],
        pieces: &[NewChunk],
    ) -> Result<Option<(DocId, Document)>, KvError> {
        if !doc.pieces.is_empty() {
            return Ok(None);
        }
        let Some((id, twin)) = read::leaving_like(&self.kv, content)? else { return Ok(None) };
        let alike = twin.collection == doc.collection && twin.ring == doc.ring && twin.pieces.len() == pieces.len();
        if !alike {
            return Ok(None);
        }
        for (old, new) in twin.pieces.iter().zip(pieces) {
            let same = (old.start, old.end) == (new.start, new.end);
            if !same
                || read::chunk(&self.kv, old.row)?.is_none_or(|chunk| chunk.key != new.key || chunk.text != new.text)
            {
                return Ok(None);
            }
        }
        Ok(Some((id, twin)))
    }

    /// A renamed file: the document that left goes on under the new name, rows and all; nothing is rewritten.
    pub(super) fn adopt(
        &self,
        draft: &mut Draft,
        new: (DocId, Document),
        old: (DocId, Document),
    ) -> Result<(), KvError> {
        let ((new_id, new), (old_id, mut doc)) = (new, old);
        draft.batch.delete(Space::Document, keys::document(new_id));
        draft.batch.delete(Space::Todo, keys::todo(Wait::Read, new_id));
        draft.commit.ledger.leave(Kind::Waiting);
        draft.batch.delete(Space::Path, doc.path);
        draft.batch.put(Space::Path, new.path.clone(), old_id.0.to_be_bytes());
        (doc.path, doc.stamp) = (new.path, new.stamp);
        let vectors = self.revive(draft, &doc)?;
        let missing = u32::try_from(doc.pieces.len() as u64 - vectors).unwrap_or(u32::MAX);
        doc.state = if missing == 0 { DocState::Ready } else { DocState::Chunked { missing } };
        draft.settle(old_id, Some(&DocState::Leaving), &doc);
        Ok(())
    }

    /// Lets the rows of a document that was leaving answer again; returns how many have a vector.
    pub(super) fn revive(&self, draft: &mut Draft, doc: &Document) -> Result<u64, KvError> {
        let mut vectors = 0;
        for piece in &doc.pieces {
            if let Some(vector) = read::vector(&self.kv, piece.row)? {
                draft.applied.added.push((piece.row, vector.values.signs()));
                vectors += 1;
            }
        }
        draft.commit.ledger.parted_chunks -= doc.pieces.len() as u64;
        draft.commit.ledger.parted_vectors -= vectors;
        Ok(vectors)
    }
}
