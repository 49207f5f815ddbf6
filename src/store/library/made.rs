//! Vectors that other devices made: stored with their maker before a check vouches for them, and counted once one does.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::{DocId, EmbedKey, Fingerprint, PeerKey, Row};
use crate::base::vector::Quantized;
use crate::store::counts::Kind;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Record, Vector};

impl<K: Kv> Library<K> {
    /// Stores vectors of another device for rows that have none and for the texts that they have.
    pub(super) fn unproven(
        &self,
        tx: &mut Transaction,
        by: PeerKey,
        model: Fingerprint,
        vectors: &[(Row, EmbedKey, Quantized)],
    ) -> Result<(), KvError> {
        for (row, key, values) in vectors {
            let chunk = read::chunk_head(&self.kv, *row)?.filter(|chunk| chunk.key == *key);
            let is_current = chunk.map_or(Ok(false), |chunk| self.is_wanted(chunk.doc, model.into()))?;
            if is_current && self.is_free(tx, *row)? {
                let (number, dropped) = tx.makers().add(by, *row);
                let vector = Vector { model: model.into(), values: values.clone(), by: number, is_stale: false };
                tx.batch.put(Space::Vector, keys::row(*row), vector.encode());
                dropped.into_iter().for_each(|row| tx.batch.delete(Space::Vector, keys::row(row)));
            }
        }
        Ok(())
    }

    /// A check vouches for vectors of a device: from now on they are vectors like others. `is_owed`: only texts with known vectors did.
    pub(super) fn proven(
        &self,
        tx: &mut Transaction,
        id: DocId,
        (by, checks): (PeerKey, u8),
        rows: &[(Row, EmbedKey)],
        is_owed: bool,
    ) -> Result<(), KvError> {
        let mut stored = 0;
        for (row, key) in rows {
            if is_owed && !tx.makers.may_owe(by) {
                // Few, as whoever lends counts them: those of copies, which it does not. They are embedded again.
                break;
            }
            let is_current =
                read::chunk_head(&self.kv, *row)?.is_some_and(|chunk| chunk.key == *key && chunk.doc == id);
            if is_current && tx.makers().prove(by, *row, checks) {
                let vector = read::made(&self.kv, *row)?.ok_or_else(|| lost(*row))?;
                tx.count_vector(*row, key, &vector);
                if is_owed {
                    tx.makers().owe(by, *row);
                }
                stored += 1;
            }
        }
        self.has_vectors(tx, id, stored)
    }

    /// Whether a row has a vector that counts.
    pub(super) fn has_vector(&self, tx: &Transaction, row: Row) -> Result<bool, KvError> {
        let counts = |bytes: Vec<u8>| !Vector::is_stale(&bytes);
        Ok(!tx.makers.holds(row) && self.kv.get(Space::Vector, &keys::row(row))?.is_some_and(counts))
    }

    /// So many chunks of the document have their vectors now that had none.
    pub(super) fn has_vectors(&self, tx: &mut Transaction, id: DocId, stored: u32) -> Result<(), KvError> {
        if let Some(missing) = read::missing_now(&self.kv, id)?.filter(|missing| *missing > stored) {
            // The document's record, which lists all its chunks, is neither read nor written.
            let left: u32 = missing - stored;
            if stored > 0 {
                tx.batch.put(Space::Todo, keys::todo(Stage::Embed, id), left.to_be_bytes());
            }
            (tx.applied.doc, tx.applied.now) = (Some(id), Some(Kind::Chunked));
            return Ok(());
        }
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        let DocState::Chunked { missing } = doc.state else {
            if doc.state == DocState::Tombstoned {
                tx.applied.added.clear();
                tx.commit.counts.tombstoned_vectors += u64::from(stored);
            } else if doc.state.is_set_aside() {
                tx.commit.counts.set_aside -= u64::from(stored);
            }
            return Ok(());
        };
        let left = missing.saturating_sub(stored);
        let state = if left == 0 { DocState::Ready } else { DocState::Chunked { missing: left } };
        let before = std::mem::replace(&mut doc.state, state);
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }
}

fn lost(row: Row) -> KvError {
    KvError::Damaged(format!("the vector of row {row}, whose maker is known"))
}

#[cfg(test)]
mod tests;
