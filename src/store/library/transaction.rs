//! The writes and effects that one change adds up to, before they are committed.

use crate::base::id::{DocId, EmbedKey, Row};
use crate::store::change::Applied;
use crate::store::counts::Kind;
use crate::store::earlier::PARKED_UNREAD;
use crate::store::keys;
use crate::store::kv::{Batch, Space};
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{Chunk, Commit, DocState, Document, Record, Vector};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of one document by the key of their text.
pub(super) type RowsByKey = BTreeMap<EmbedKey, Vec<(Row, Chunk)>>;

/// One change in the making.
pub(super) struct Transaction {
    pub(super) batch: Batch,
    /// The counters after the change.
    pub(super) commit: Commit,
    /// Who made which vectors, after the change.
    pub(super) makers: Arc<Makers>,
    pub(super) applied: Applied,
}

impl Transaction {
    pub(super) fn new(commit: Commit, makers: Arc<Makers>) -> Self {
        Self { batch: Batch::new(), commit, makers, applied: Applied::default() }
    }

    /// The number that this change's commit will have.
    pub(super) const fn number(&self) -> u64 {
        self.commit.number + 1
    }

    pub(super) fn put_vector(&mut self, row: Row, key: &EmbedKey, vector: &Vector) {
        self.batch.put(Space::Vector, keys::row(row), vector.encode());
        self.count_vector(row, key, vector);
    }

    /// The row gets the vector of another one that has the same text. A copy is owed a check as long as that is.
    pub(super) fn copy_vector(&mut self, (from, vector): (Row, &Vector), row: Row, key: &EmbedKey) {
        self.put_vector(row, key, vector);
        if let Some(by) = self.makers.owed_by(from) {
            self.makers().owe(by, row);
        }
    }

    /// The vector of a row is one that answers from now on.
    pub(super) fn count_vector(&mut self, row: Row, key: &EmbedKey, vector: &Vector) {
        self.batch.put(Space::Key, keys::holder(key, row), []);
        self.commit.counts.vectors += 1;
        self.applied.added.push((row, vector.model, vector.values.sketch()));
    }

    /// Who made which vectors, to change it.
    pub(super) fn makers(&mut self) -> &mut Makers {
        Arc::make_mut(&mut self.makers)
    }

    /// The row has another vector now, or none. Gives whether it had one that no check had vouched for.
    pub(super) fn makers_without(&mut self, row: Row) -> bool {
        self.makers.holds(row) && self.makers().remove(row)
    }

    /// Writes the document and moves it, in the todo list and in the counts, from the state `before` to its present
    /// state.
    pub(super) fn put_document(&mut self, id: DocId, before: Option<&DocState>, doc: &Document) {
        if let Some(before) = before {
            self.commit.counts.leave_file(Kind::from(before), &doc.path);
            if let Some(stage) = read::stage_of(before) {
                self.batch.delete(Space::Todo, keys::todo(stage, id));
            }
            if *before == DocState::Tombstoned {
                self.applied.returned = doc.state != DocState::Tombstoned;
                self.batch.delete(Space::Todo, keys::tombstone(&doc.content, id));
            }
        }
        if matches!(before, Some(DocState::Parked(_))) {
            self.batch.delete(Space::Todo, keys::parked(id));
        }
        if matches!(doc.state, DocState::Parked(_)) {
            let is_unread = matches!(before, Some(DocState::Waiting));
            self.batch.put(Space::Todo, keys::parked(id), if is_unread { &PARKED_UNREAD[..] } else { &[] });
        }
        if doc.state == DocState::Tombstoned {
            self.batch.put(Space::Todo, keys::tombstone(&doc.content, id), []);
            self.applied.to_purge = true;
        }
        if let Some(stage) = read::stage_of(&doc.state) {
            let value = match &doc.state {
                DocState::Chunked { missing } => missing.to_be_bytes().to_vec(),
                DocState::Tombstoned => self.number().to_be_bytes().to_vec(),
                _ => Vec::new(),
            };
            self.batch.put(Space::Todo, keys::todo(stage, id), value);
        }
        self.batch.put(Space::Document, keys::document(id), doc.encode());
        self.commit.counts.enter_file(Kind::from(&doc.state), &doc.path);
        self.applied.doc = Some(id);
        self.applied.now = Some(Kind::from(&doc.state));
    }
}
