//! How a round over the documents that others may embed goes on once none of those at hand is left.

use crate::base::time::{Duration, Instant};
use crate::scheduler::machine::Scheduler;
use crate::scheduler::port::Output;

impl Scheduler {
    /// The store may have more documents of this round. Behind them the next round begins at once where this one gave something; else whoever asked is
    /// told that there is nothing, and the next round waits.
    pub(super) fn go_on_with_round(&mut self, now: Instant, out: &mut Vec<Output>) {
        let embeds_here = self.queue.embeds_here(|doc| self.offload.lender.has(doc));
        let is_any_free = self.queue.is_any_free(&self.counts);
        if embeds_here && !is_any_free {
            // What this device embeds itself just now is here again in a moment: a long document may be all that there is.
            return;
        }
        if let Some(refill) = self.queue.refill_to_lend() {
            self.start(refill, out);
            return;
        }
        if self.queue.may_refill_to_lend() {
            return;
        }
        // Although this device embeds without a pause: what others gave back meanwhile only the next round tries.
        if is_any_free && self.queue.renew_round() {
            return self.list_to_lend(now, out);
        }
        if embeds_here {
            return;
        }
        if self.queue.has_round() {
            let pause = self.queue.end_round();
            self.offload.nothing_until = pause.map(|ms| now + Duration::from_millis(ms));
        }
        let later = self.offload.lender.nothing_to_lend(self.offload.checks);
        out.extend(later.into_iter().map(|(peer, work)| Output::Work(peer, work)));
    }
}
