//! What is on the disk of results that wait for a check, and what was there when the agent started.

use super::{Lender, Text};
use crate::base::id::{DocId, EmbedKey, PeerKey, Row};
use crate::base::time::{Duration, Instant};
use crate::base::vector::Quantized;
use crate::limits::{OFFENCE_MS, PROBATION};
use crate::scheduler::offload::ban::Ban;
use crate::scheduler::offload::lendable::{Good, UnprovenResults};
use crate::scheduler::offload::worker::Worker;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Vectors that no check has vouched for, by the device that made them, in the order in which they came.
type Unkept = BTreeMap<PeerKey, Vec<(Row, EmbedKey, Quantized)>>;

impl Lender {
    /// Results of a device that no check had vouched for when the agent ended: one of them is checked at once. Gives the
    /// documents that are here by that. `at`: this time in seconds since 1970.
    pub(in crate::scheduler) fn restore(&mut self, now: Instant, at: i64, of: UnprovenResults) -> BTreeSet<DocId> {
        let mut documents = BTreeSet::new();
        let mut worker = Worker::new(now);
        worker.unlinked = Some(now);
        worker.was_checked(of.checks);
        // A clock that was set back bans nobody for longer than before.
        let left = u64::try_from(of.banned_until.saturating_sub(at)).unwrap_or(0).saturating_mul(1_000);
        worker.banned = (left > 0).then(|| Ban::new(now + Duration::from_millis(left.min(OFFENCE_MS))));
        for (chunk, vector) in of.results {
            // Of two of one text the second is done again.
            if let Entry::Vacant(here) = self.pool.here.entry(chunk.key) {
                here.insert(Text { doc: chunk.doc, read: Instant::ZERO });
                *self.documents.entry(chunk.doc).or_default() += 1;
                documents.insert(chunk.doc);
                worker.restore(now, chunk, vector, &mut self.rng);
            }
        }
        worker.draw_of_restored(&mut self.rng);
        self.workers.insert(of.by, worker);
        if of.owed > 0 {
            self.results.owed.add(of.by, of.owed);
        }
        documents
    }

    /// Results that are on no disk yet: those of `good`, and so many at most that wait for a check.
    pub(in crate::scheduler) fn take_unkept(&mut self, good: &[Good], most: usize) -> Unkept {
        let mut unkept = Unkept::new();
        for Good { chunk, vector, by, kept, .. } in good {
            if let Some(by) = by.filter(|_| !kept) {
                unkept.entry(by).or_default().push((chunk.row, chunk.key, vector.clone()));
            }
        }
        let mut left = most;
        for (peer, worker) in &mut self.workers {
            let vectors = worker.take_unkept(left);
            left -= vectors.len();
            if !vectors.is_empty() {
                unkept.entry(*peer).or_default().extend(vectors);
            }
        }
        unkept
    }

    /// Good checks of a device, as far as they count.
    pub(in crate::scheduler) fn checks_of(&self, peer: PeerKey) -> u8 {
        let checks = self.workers.get(&peer).map_or(0, Worker::checks);
        u8::try_from(checks.min(PROBATION)).unwrap_or(u8::MAX)
    }

    /// Until when a device gets no work, because a result of it was false.
    pub(in crate::scheduler) fn banned_until(&self, peer: PeerKey) -> Option<Instant> {
        self.workers.get(&peer).and_then(|worker| worker.banned).map(|ban| ban.until())
    }

    /// Devices that were found false since the last call.
    pub(in crate::scheduler) fn take_disproven(&mut self) -> Vec<PeerKey> {
        std::mem::take(&mut self.over.disproven)
    }

    /// The store does not know it of them yet.
    pub(in crate::scheduler) fn still_disproven(&mut self, liars: Vec<PeerKey>) {
        self.over.disproven.extend(liars);
    }
}
