//! An addition that waits for its turn: until one of the saves before it is over, or until a full disk is measured anew. It is answered within
//! `ADD_WAIT_MS` in any case.

use super::machine::{Scheduler, busy_writing};
use super::port::{Output, Refusal};
use super::waiting::{Waiting, Wanted};
use crate::base::time::Instant;
use crate::limits::REMOVAL_WAITS_MAX;

impl Scheduler {
    /// No more saves may be under way. While files are read that is so again and again for a moment, and the first save that ends makes room.
    pub(super) fn wait_for_turn(&mut self, now: Instant, waiting: Waiting, out: &mut Vec<Output>) {
        if now < waiting.until && self.decisions.waiting.len() < REMOVAL_WAITS_MAX {
            self.decisions.waiting.push(waiting);
        } else {
            out.push(busy_writing(waiting.reply));
        }
    }

    /// The disk was full when it was measured last. Its owner may have made room since: it is measured anew before anything is refused.
    pub(super) fn look_for_room(&mut self, waiting: Waiting, out: &mut Vec<Output>) {
        if self.decisions.waiting.len() >= REMOVAL_WAITS_MAX {
            return out.push(Output::Refused(waiting.reply, Refusal::DiskFull, self.disk.refusal()));
        }
        self.decisions.waiting.push(waiting);
        out.push(Output::MeasureDisk);
    }

    /// The disk is measured: whoever waits for that goes on, or is refused.
    pub(super) fn on_measured(&mut self, now: Instant, free: u64, out: &mut Vec<Output>) {
        self.disk.free = free;
        for Waiting { reply, wanted, until } in std::mem::take(&mut self.decisions.waiting) {
            match wanted {
                Wanted::Room(_) if self.disk.is_full() => {
                    out.push(Output::Refused(reply, Refusal::DiskFull, self.disk.refusal()));
                }
                Wanted::Room(new) => self.add_by(now, reply, new, until, out),
                wanted => self.decisions.waiting.push(Waiting { reply, wanted, until }),
            }
        }
    }
}
