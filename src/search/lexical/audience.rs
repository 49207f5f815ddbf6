//! Whom the chunks answer. What answers nobody is left out before a question's candidates are chosen, like what is private for others: it would take
//! the places of what answers.

use super::row_set::RowSet;
use crate::base::id::Row;

/// Whom a chunk answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// This device, and others.
    Everybody,
    /// This device alone.
    Owner,
    /// Nobody: its document lies in no watched folder, or in a place that its owner has forgotten, and is about to be removed.
    Nobody,
}

/// The rows that do not answer everybody.
#[derive(Clone, Debug, Default)]
pub struct Audiences {
    /// Those that answer this device alone, or nobody.
    private: RowSet,
    /// Those that answer nobody.
    forgotten: RowSet,
}

impl Audiences {
    /// Says whom a row answers.
    pub fn set(&mut self, row: Row, audience: Audience) {
        let set = |rows: &mut RowSet, is| if is { rows.insert(row) } else { rows.remove(row) };
        set(&mut self.private, audience != Audience::Everybody);
        set(&mut self.forgotten, audience == Audience::Nobody);
    }

    /// The rows that do not answer this device, or, if `shared`, others.
    pub(in crate::search) const fn left_out(&self, shared: bool) -> &RowSet {
        if shared { &self.private } else { &self.forgotten }
    }

    /// Bytes of memory, about.
    pub(super) fn memory(&self) -> usize {
        self.private.memory() + self.forgotten.memory()
    }
}
