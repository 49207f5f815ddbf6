//! Results that a device made before its link broke, or before this device started anew, and brings when both are back.

use super::Lender;
use super::results::is_of_length_one;
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::base::vector::Quantized;
use crate::scheduler::offload::lendable::Lendable;
use crate::wire::work::Kept;

impl Lender {
    /// Such results came. Each is of a text that was lent to that device; where another one made it meanwhile, or its document is another one
    /// now, it has no effect, and where its text is not read yet, it waits for that. True if one is no embedding: the device sends what is false.
    pub(in crate::scheduler) fn on_kept(&mut self, now: Instant, peer: PeerKey, kept: &Kept) -> bool {
        if self.workers.get(&peer).is_none_or(|worker| worker.is_banned(now)) {
            return false;
        }
        for result in &kept.results {
            let vector = Quantized::from_parts(result.vector.scale, &result.vector.codes).filter(is_of_length_one);
            let Some(vector) = vector else { return true };
            self.pool.awaited.bring(now, peer, result.text, vector);
        }
        self.take_brought(now);
        false
    }

    /// Takes what was brought for chunks that are here, and that nobody has. It waits for a check as any result does.
    pub(super) fn take_brought(&mut self, now: Instant) {
        if !self.pool.awaited.has_results(now) {
            return;
        }
        for chunk in std::mem::take(&mut self.pool.chunks) {
            let left = self.hold_brought(now, chunk).err();
            self.pool.chunks.extend(left);
        }
        let mut waiting = Vec::new();
        for mut of in self.pool.awaited.take() {
            match self.hold_brought(now, of.chunk) {
                Ok(()) if of.is_counted => self.results.again.lost = self.results.again.lost.saturating_sub(1),
                Ok(()) => {}
                Err(chunk) => {
                    of.chunk = chunk;
                    waiting.push(of);
                }
            }
        }
        self.pool.awaited.wait(waiting);
    }

    /// Takes what was brought for a chunk; gives that back where nothing was, or where its device has too many results that wait for a check.
    fn hold_brought(&mut self, now: Instant, chunk: Lendable) -> Result<(), Lendable> {
        let Some(by) = self.pool.awaited.brought_by(&chunk.key) else { return Err(chunk) };
        let open = self.leases_of(by).map(|(_, lease)| lease.lent()).sum();
        let Some(worker) = self.workers.get_mut(&by).filter(|worker| worker.room_unchecked(open) > 0) else {
            return Err(chunk);
        };
        let Some(vector) = self.pool.awaited.take_result(&chunk.key) else { return Err(chunk) };
        worker.hold(now, chunk, vector, &mut self.rng);
        Ok(())
    }

    /// Chunks that wait for devices are lent to others, since there is nothing else to lend. Whether there were any.
    pub(super) fn await_no_more(&mut self) -> bool {
        let released = self.pool.awaited.release(|_| true);
        let any = !released.is_empty();
        self.again(released);
        any
    }
}
