//! Rows whose chunk is no longer part of any document, and whose vector is kept for a while.
//!
//! The text is deleted at once. The vector stays until a purge, and is copied when a document holds the same text again:
//! an edit that is taken back, a file that was emptied and is written anew. Of the rows that hold the same text only the
//! one retired last is kept, so that their number grows with the texts that were embedded and not with the edits.

use super::Library;
use super::transaction::{RowsByKey, Transaction};
use crate::base::id::{EmbedKey, Row};
use crate::limits::HOLDERS_LOOKED_MAX;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::Chunk;

impl<K: Kv> Library<K> {
    /// Deletes the chunks of these rows, which leave their document, and keeps one vector of each text.
    pub(super) fn retire_rows(&self, tx: &mut Transaction, rows: RowsByKey) -> Result<(), KvError> {
        for (_, mut rows) in rows {
            let kept = rows.pop();
            for (row, _) in &rows {
                self.delete_row(tx, *row)?;
            }
            if let Some((row, chunk)) = kept {
                self.retire_row(tx, row, &chunk, &rows)?;
            }
        }
        Ok(())
    }

    /// Deletes a row's chunk, and retires its vector unless a row that stays holds the same.
    fn retire_row(
        &self,
        tx: &mut Transaction,
        row: Row,
        chunk: &Chunk,
        deleted: &[(Row, Chunk)],
    ) -> Result<(), KvError> {
        let leaves = |other: Row| other == row || deleted.iter().any(|(gone, _)| *gone == other);
        let has_vector = self.has_vector(tx, row)?;
        if !has_vector || self.has_lasting_holder(tx, &chunk.key, leaves)? {
            return self.delete_row(tx, row);
        }
        tx.batch.delete(Space::Chunk, keys::row(row));
        tx.commit.counts.chunks -= 1;
        tx.commit.counts.tombstoned_vectors += 1;
        let value = [&tx.number().to_be_bytes()[..], &chunk.key.0].concat();
        tx.batch.put(Space::Todo, keys::retired(row), value);
        tx.applied.removed.push(row);
        tx.applied.to_purge = true;
        Ok(())
    }

    /// Deletes the vectors of these rows, as far as they are retired.
    pub(super) fn expire(&self, tx: &mut Transaction, rows: &[Row]) -> Result<(), KvError> {
        for row in rows {
            let Some(value) = self.kv.get(Space::Todo, &keys::retired(*row))? else { continue };
            let key = value.get(8..24).and_then(|key| key.try_into().ok()).map(EmbedKey);
            let key = key.ok_or_else(|| KvError::Damaged(format!("the entry of the retired row {row}")))?;
            Self::delete_retired(tx, *row, &key);
        }
        Ok(())
    }

    fn delete_retired(tx: &mut Transaction, row: Row, key: &EmbedKey) {
        tx.batch.delete(Space::Vector, keys::row(row));
        tx.batch.delete(Space::Key, keys::holder(key, row));
        tx.batch.delete(Space::Todo, keys::retired(row));
        tx.commit.counts.vectors -= 1;
        tx.commit.counts.tombstoned_vectors -= 1;
    }

    /// Whether a row that does not leave now holds the vector of this text and belongs to a document whose file is
    /// there. A retired row that holds it is deleted: the one that leaves now takes its place, with a later deadline.
    fn has_lasting_holder(
        &self,
        tx: &mut Transaction,
        key: &EmbedKey,
        leaves: impl Fn(Row) -> bool,
    ) -> Result<bool, KvError> {
        let holders = self.kv.page(Space::Key, &key.0, keys::after_prefix(&key.0).as_deref(), HOLDERS_LOOKED_MAX)?;
        let others = holders.iter().filter_map(|(holder, _)| keys::holder_row(holder));
        for other in others.filter(|other| !leaves(*other)) {
            match read::chunk_head(&self.kv, other)? {
                None => Self::delete_retired(tx, other, key),
                Some(chunk) if self.kv.get(Space::Todo, &keys::todo(Stage::Purge, chunk.doc))?.is_none() => {
                    return Ok(true);
                }
                Some(_) => {}
            }
        }
        Ok(false)
    }
}
