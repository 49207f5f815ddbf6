//! Vectors that are owed a check: how they become so with their copies, and what becomes of them after it.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::{DocId, EmbedKey, PeerKey, Row};
use crate::limits::{MADE_COPIES_MAX, OWED_PORTION};
use crate::store::counts::Kind;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Vector};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one document with the keys of their texts.
type RowsOf = BTreeMap<DocId, Vec<(Row, EmbedKey)>>;

impl<K: Kv> Library<K> {
    /// A row that has the vector of this text, and the vector.
    pub(super) fn donor(&self, key: &EmbedKey) -> Result<Option<(Row, Vector)>, KvError> {
        let holders = self.kv.page(Space::Key, &key.0, keys::after_prefix(&key.0).as_deref(), 1)?;
        let Some(row) = holders.first().and_then(|(holder, _)| keys::holder_row(holder)) else { return Ok(None) };
        Ok(read::vector(&self.kv, row)?.map(|vector| (row, vector)))
    }

    /// Rows without a vector get that of their text, which another row has, with whoever made it.
    pub(super) fn copied(&self, tx: &mut Transaction, id: DocId, rows: &[(Row, EmbedKey)]) -> Result<(), KvError> {
        let mut stored = 0;
        for (row, key) in rows {
            let current = read::chunk_head(&self.kv, *row)?.is_some_and(|chunk| chunk.key == *key && chunk.doc == id);
            if current
                && self.is_free(tx, *row)?
                && let Some((from, vector)) = self.donor(key)?
            {
                tx.makers_without(*row);
                tx.copy_vector((from, &vector), *row, key);
                stored += 1;
            }
        }
        self.has_vectors(tx, id, stored)
    }

    /// A device is believed nothing any more: its unproven vectors are deleted, and of those that are owed a check the first `OWED_PORTION`.
    /// Their chunks are embedded again.
    pub(super) fn disproven(&self, tx: &mut Transaction, (by, until): (PeerKey, i64)) -> Result<(), KvError> {
        for row in tx.makers().disprove(by, until) {
            tx.batch.delete(Space::Vector, keys::row(row));
        }
        let (number, owed) = tx.makers.owed_rows(by, OWED_PORTION);
        if owed.is_empty() {
            return Ok(());
        }
        tx.makers().settle(by, &owed);
        tx.applied.left = tx.makers.owed(by);
        let (mut of, mut seen) = (RowsOf::new(), BTreeSet::new());
        for row in owed {
            let Some(vector) = read::made(&self.kv, row)?.filter(|vector| vector.by == number) else { continue };
            let Some(chunk) = read::chunk_head(&self.kv, row)? else {
                self.expire(tx, &[row])?;
                continue;
            };
            for row in self.same(row, &chunk.key, &vector)? {
                if let Some(chunk) = read::chunk_head(&self.kv, row)?.filter(|_| seen.insert(row)) {
                    of.entry(chunk.doc).or_default().push((row, chunk.key));
                }
            }
        }
        for (doc, rows) in of {
            self.unmake(tx, doc, &rows)?;
        }
        // They are of many documents, which the todo list names.
        (tx.applied.doc, tx.applied.now) = (None, None);
        Ok(())
    }

    /// The row, and others of the same text that have the same vector.
    fn same(&self, row: Row, key: &EmbedKey, vector: &Vector) -> Result<Vec<Row>, KvError> {
        let holders = self.kv.page(Space::Key, &key.0, keys::after_prefix(&key.0).as_deref(), MADE_COPIES_MAX)?;
        let mut rows = vec![row];
        for other in holders.iter().filter_map(|(holder, _)| keys::holder_row(holder)).filter(|other| *other != row) {
            if read::made(&self.kv, other)?.is_some_and(|made| made == *vector) {
                rows.push(other);
            }
        }
        Ok(rows)
    }

    /// Deletes the vectors of these rows of a document, which answered until now.
    fn unmake(&self, tx: &mut Transaction, id: DocId, rows: &[(Row, EmbedKey)]) -> Result<(), KvError> {
        for (row, key) in rows {
            tx.batch.delete(Space::Vector, keys::row(*row));
            tx.batch.delete(Space::Key, keys::holder(key, *row));
            tx.commit.counts.vectors -= 1;
            tx.applied.unmade.push(*row);
        }
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        if let Some(missing) = read::missing_now(&self.kv, id)? {
            tx.batch.put(Space::Todo, keys::todo(Stage::Embed, id), missing.saturating_add(count).to_be_bytes());
            return Ok(());
        }
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        let missing = match doc.state {
            DocState::Ready => count,
            DocState::Chunked { missing } => missing.saturating_add(count),
            DocState::Tombstoned => {
                tx.commit.counts.tombstoned_vectors -= u64::from(count);
                return Ok(());
            }
            ref state if state.is_set_aside() => {
                tx.commit.counts.set_aside += u64::from(count);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let before = std::mem::replace(&mut doc.state, DocState::Chunked { missing });
        tx.put_document(id, Some(&before), &doc);
        debug_assert_eq!(tx.applied.now, Some(Kind::Chunked), "its chunks wait");
        Ok(())
    }
}
