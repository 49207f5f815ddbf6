//! Results that a device made before its link broke, or before this device started anew, and brings when both are back.

use super::Lender;
use super::results::is_of_length_one;
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::base::vector::Quantized;
use crate::wire::work::Kept;

impl Lender {
    /// Such results came. Whether their texts were lent to that device is not looked up, since this one may have started anew: one of any
    /// text that is to be lent, and that nobody has, is taken and waits for its check. Where another device made it meanwhile, or its
    /// document is another one now, it has no effect, and where its text is not read yet, it waits for that. True if one is no embedding: the device sends what is false.
    pub(in crate::scheduler) fn on_kept(&mut self, now: Instant, peer: PeerKey, kept: &Kept) -> bool {
        if self.workers.get(&peer).is_none_or(|worker| worker.is_banned(now)) {
            return false;
        }
        for result in &kept.results {
            let vector = Quantized::from_parts(result.vector.scale, &result.vector.codes).filter(is_of_length_one);
            let Some(vector) = vector else { return true };
            // Until it is taken, it was made for nothing, and is lost no more.
            let is_late = self.workers.get_mut(&peer).is_some_and(|worker| worker.ended.found(&result.text));
            if is_late {
                self.results.again.found(1);
                self.results.again.late += 1;
            }
            self.pool.awaited.bring(now, peer, result.text, (vector, is_late));
        }
        self.take_brought(now);
        false
    }

    /// Takes what was brought for chunks that are here, and that nobody has, in the order in which it was made: a check vouches for what
    /// came before, and what came before must have been made before. It waits for a check as any result does.
    pub(super) fn take_brought(&mut self, now: Instant) {
        if !self.pool.awaited.has_results(now) {
            return;
        }
        let chunks = self.pool.chunks.iter().chain(self.pool.awaited.waiting());
        let mut texts: Vec<_> =
            chunks.filter_map(|chunk| Some((self.pool.awaited.brought_by(&chunk.key)?, chunk.key))).collect();
        texts.sort_unstable();
        for ((_, by), text) in texts {
            let open = self.leases_of(by).map(|(_, lease)| lease.lent()).sum();
            let Some(worker) = self.workers.get_mut(&by).filter(|worker| worker.room_unchecked(open) > 0) else {
                continue;
            };
            let Some((vector, is_late)) = self.pool.awaited.take_result(&text) else { continue };
            let place = self.pool.chunks.iter().position(|chunk| chunk.key == text);
            let chunk = place.and_then(|place| self.pool.chunks.remove(place));
            let Some(chunk) = chunk.or_else(|| self.pool.awaited.take_text(&text)) else { continue };
            self.results.again.late -= u64::from(is_late);
            worker.hold(now, chunk, vector, &mut self.rng);
        }
    }

    /// Chunks that wait for devices are lent to others, since there is nothing else to lend. Whether there were any.
    pub(super) fn await_no_more(&mut self) -> bool {
        let released = self.pool.awaited.release(|_| true);
        let any = !released.is_empty();
        self.again(released);
        any
    }
}
