//! How changes become batches: each one of its own, but for those that bring vectors of different documents.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::DocId;
use crate::store::change::{Applied, Change};
use crate::store::counts::Kind;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::record::Record;
use std::collections::BTreeSet;

impl<K: Kv> Library<K> {
    /// Applies one change as one atomic batch. It survives a power cut only after `Kv::sync`.
    ///
    /// A change that comes too late, because its document was changed or purged meanwhile, is no error: vectors are
    /// still stored for the rows that still exist, and everything else of it does nothing.
    ///
    /// # Errors
    /// Any `KvError`; the library must then be opened again.
    pub fn apply(&mut self, change: &Change) -> Result<Applied, KvError> {
        let mut tx = self.begin();
        self.add(&mut tx, change)?;
        let applied = take_applied(&mut tx, 0);
        self.write(tx)?;
        Ok(applied)
    }

    /// Applies these changes, in order. Those that bring vectors of different documents are one batch together: what else a batch writes, the counters
    /// and who made what, is written once for all of them.
    ///
    /// # Errors
    /// As of `apply`.
    pub fn apply_all(&mut self, changes: &[Change]) -> Result<Vec<Applied>, KvError> {
        let (mut applied, mut left) = (Vec::with_capacity(changes.len()), changes);
        while !left.is_empty() {
            let (together, rest) = left.split_at(together(left));
            let mut tx = self.begin();
            for change in together {
                let before = tx.batch.ops().len();
                self.add(&mut tx, change)?;
                applied.push(take_applied(&mut tx, before));
            }
            self.write(tx)?;
            left = rest;
        }
        Ok(applied)
    }

    /// Adds what follows from a change to a batch.
    fn add(&self, tx: &mut Transaction, change: &Change) -> Result<(), KvError> {
        match change {
            Change::Sources(sources) => self.sources(tx, sources)?,
            Change::Marks(marks) => tx.batch.put(Space::State, keys::MARKS, marks.encode()),
            Change::Roots(roots) => tx.batch.put(Space::State, keys::ROOTS, roots.encode()),
            Change::Asked(asked) => tx.batch.put(Space::State, keys::ASKED, asked.encode()),
            Change::Restamped { doc, stamp } => self.restamped(tx, *doc, *stamp)?,
            Change::Differs { doc, from, stamp } => self.differs(tx, *doc, *from, *stamp)?,
            Change::Kept { found, since } => self.kept(tx, *found, *since)?,
            Change::Seen { path, stamp, collection, ring } => {
                self.seen(tx, path, *stamp, collection, *ring)?;
            }
            Change::Gone(found) => self.gone(tx, *found)?,
            Change::Refused { doc, stamp, reason, keep } => {
                self.refused(tx, *doc, *stamp, reason, *keep)?;
            }
            Change::Parked { doc, stamp, parked } => self.parked(tx, *doc, *stamp, parked)?,
            Change::Failing { doc, failing } => self.failing(tx, *doc, failing.as_deref())?,
            Change::Retried { doc } => self.retried(tx, *doc)?,
            Change::Dropped { doc } => self.dropped(tx, *doc)?,
            Change::Absent { doc, stamp } => self.absent(tx, *doc, *stamp)?,
            Change::Chunked { doc, stamp, content, chunks } => {
                self.chunked(tx, *doc, *stamp, *content, chunks)?;
            }
            Change::Embedded { doc, model, vectors } => self.embedded(tx, *doc, *model, vectors)?,
            Change::Unproven { by, model, vectors } => self.unproven(tx, *by, *model, vectors)?,
            Change::Proven { doc, by, checks, rows } => self.proven(tx, *doc, (*by, *checks), rows, false)?,
            Change::Vouched { doc, by, checks, rows } => self.proven(tx, *doc, (*by, *checks), rows, true)?,
            Change::Settled { by, rows } => tx.makers().settle(*by, rows),
            Change::Accused { by, row } => tx.makers().owe(*by, *row),
            Change::Copied { doc, rows } => self.copied(tx, *doc, rows)?,
            Change::Disproven { by, until } => self.disproven(tx, (*by, *until))?,
            Change::Outdated { doc } => self.outdated(tx, *doc)?,
            Change::Remade { doc, model, at, rows } => self.remade(tx, *doc, (*model, *at), rows)?,
            Change::Remodel(next) => Self::remodel(tx, next.as_deref()),
            Change::Purge { doc } => self.purge(tx, *doc)?,
            Change::Expire { rows } => self.expire(tx, rows)?,
        }
        if let Some(doc) = tx.applied.doc.filter(|_| tx.applied.now != Some(Kind::Chunked)) {
            // Its text is another one, or is done with.
            self.failing(tx, doc, None)?;
        }
        Ok(())
    }
}

/// What a change did, whose writes begin here in the batch.
fn take_applied(tx: &mut Transaction, before: usize) -> Applied {
    let mut applied = std::mem::take(&mut tx.applied);
    let written = tx.batch.ops().iter().skip(before).filter(|(space, ..)| *space == Space::Document);
    applied.documents = written.filter_map(|(_, key, _)| keys::number(key).map(DocId)).collect();
    applied
}

/// How many of the first changes may be one batch: none of them reads what another one of them writes.
fn together(changes: &[Change]) -> usize {
    let mut documents = BTreeSet::new();
    let is_alone = |change: &Change| match change {
        Change::Embedded { doc, .. } | Change::Proven { doc, .. } | Change::Vouched { doc, .. } => {
            !documents.insert(*doc)
        }
        _ => true,
    };
    changes.iter().position(is_alone).unwrap_or(changes.len()).max(1)
}

#[cfg(test)]
#[path = "apply_test.rs"]
mod tests;
