//! The trace of a run, a hash over all that happened, and the description of a world for a failed check.

use super::trace_hash::{OFF, note};
use super::world::World;
use crate::base::id::ReplyId;
use std::fmt::Write;

impl World {
    /// From now on nothing is added to the trace, which takes a good part of the time of a run.
    pub(super) const fn stop_trace(&mut self) {
        self.trace = OFF;
    }

    /// Adds bytes to the trace: FNV-1a, eight bytes at a time.
    pub(super) fn fold(&mut self, at: usize, bytes: &[u8]) {
        if self.trace == OFF {
            return;
        }
        note(&mut self.trace, format_args!("{:?} {at} {}", self.now, bytes.len()));
        for part in bytes.chunks(8) {
            let number = part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            self.trace = (self.trace ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
        }
    }

    /// Requests without a reply.
    #[must_use]
    pub fn unanswered(&self, at: usize) -> Vec<ReplyId> {
        let device = &self.devices[at];
        (1..=device.requests.made).map(ReplyId).filter(|reply| !device.replies.contains_key(reply)).collect()
    }

    /// The state of the world, for the message of a failed check.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("at {:?} after {} inputs: ", self.now, self.inputs);
        for (at, device) in self.devices.iter().enumerate() {
            let _ = match &device.agent {
                Some(agent) => write!(text, "{at}: {:?}; ", agent.node.status(self.clock(at))),
                None => write!(text, "{at} is down; "),
            };
        }
        text
    }
}
