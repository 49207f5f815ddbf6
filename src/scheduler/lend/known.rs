//! Texts whose vectors are known, which vouch for a device where this one may embed nothing.

use crate::limits::{KNOWN_DRAWS, RECALLED_MAX};
use crate::scheduler::machine::Scheduler;
use crate::scheduler::offload::lendable::Known;

impl Scheduler {
    /// Whether results wait that only texts with known vectors can vouch for, none of those is read, and the store may have some that it had not
    /// at the last look.
    pub(super) fn lacks_known(&self) -> bool {
        let lender = &self.offload.lender;
        let waits = if self.offload.checks { lender.any_wait_for_known(true) } else { lender.any_held() };
        waits
            && lender.has_no_known()
            && self.offload.known_of.is_none_or(|(of, draws)| of != self.counts.live_vectors() || draws < KNOWN_DRAWS)
    }

    /// Of the texts with known vectors that a task has read, those that hold still. Not those whose vectors a device made that is found false: they
    /// tell nothing of another one.
    pub(super) fn usable_known(&mut self, mut known: Vec<Known>) -> Vec<Known> {
        let (now, lender) = (self.running.now, &self.offload.lender);
        known.retain(|known| known.by.is_none_or(|by| !lender.is_banned(now, by)));
        let vectors = self.counts.live_vectors();
        let draws = self.offload.known_of.filter(|(of, _)| *of == vectors).map_or(0, |(_, draws)| draws);
        if self.offload.lists_known {
            // Where a few draws find none, there is none until more is stored.
            self.offload.known_of = known.is_empty().then_some((vectors, draws.saturating_add(1)));
        }
        self.drop_recalled(&mut known);
        known
    }

    /// Of those that were asked for by their rows those are taken that hold still.
    pub(super) fn on_unconfirmed(&mut self, mut known: Vec<Known>) {
        self.drop_recalled(&mut known);
        self.offload.lender.on_unconfirmed(known);
    }

    fn drop_recalled(&self, known: &mut Vec<Known>) {
        let recalled = &self.offload.recalled;
        let is_stale = |doc| recalled.len() == RECALLED_MAX || recalled.contains(&doc) || self.knows_gone(doc);
        known.retain(|known| !is_stale(known.chunk.doc));
    }
}
