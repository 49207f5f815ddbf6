//! One change while it is made.

use crate::base::id::{DocId, EmbedKey, Row};
use crate::store::change::{Applied, Kind};
use crate::store::keys;
use crate::store::kv::{Batch, Space};
use crate::store::read;
use crate::store::record::{Commit, DocState, Document, Record, Vector};

/// One change on its way: the writes so far and what they mean.
pub(super) struct Draft {
    pub(super) batch: Batch,
    pub(super) commit: Commit,
    pub(super) applied: Applied,
}

impl Draft {
    pub(super) fn put_vector(&mut self, row: Row, key: &EmbedKey, vector: &Vector) {
        self.batch.put(Space::Vector, keys::row(row), vector.encode());
        self.batch.put(Space::Key, keys::holder(key, row), []);
        self.commit.ledger.vectors += 1;
        self.applied.added.push((row, vector.values.signs()));
    }

    /// Writes the document, moves it in `todo` and in the ledger from its state `before` to its state now.
    pub(super) fn settle(&mut self, id: DocId, before: Option<&DocState>, doc: &Document) {
        if let Some(before) = before {
            self.commit.ledger.leave(Kind::from(before));
            if let Some(wait) = read::wait_of(before) {
                self.batch.delete(Space::Todo, keys::todo(wait, id));
            }
            if *before == DocState::Leaving {
                self.batch.delete(Space::Todo, keys::leaving(&doc.content, id));
            }
        }
        if doc.state == DocState::Leaving {
            self.batch.put(Space::Todo, keys::leaving(&doc.content, id), []);
        }
        if let Some(wait) = read::wait_of(&doc.state) {
            self.batch.put(Space::Todo, keys::todo(wait, id), []);
        }
        self.batch.put(Space::Document, keys::document(id), doc.encode());
        self.commit.ledger.enter(Kind::from(&doc.state));
        self.applied.doc = Some(id);
        self.applied.now = Some(Kind::from(&doc.state));
    }
}
