//! What is kept of a run: a hash over all that happened, and words for a broken rule.

use super::world::World;
use crate::base::id::ReplyId;
use std::fmt::Write;

impl World {
    /// Notes bytes: FNV-1a, eight at a time.
    pub(super) fn fold(&mut self, at: usize, bytes: &[u8]) {
        self.note(&format!("{:?} {at} {}", self.now, bytes.len()));
        for part in bytes.chunks(8) {
            let word = part.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.trace = (self.trace ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
        }
    }

    /// FNV-1a over the text of what happened.
    pub(super) fn note(&mut self, what: &str) {
        for byte in what.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Requests that got no reply.
    #[must_use]
    pub fn unanswered(&self, at: usize) -> Vec<ReplyId> {
        let device = &self.devices[at];
        (1..=device.requests.made).map(ReplyId).filter(|reply| !device.replies.contains_key(reply)).collect()
    }

    /// How the world stands, for a message about a broken rule.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("at {:?} after {} inputs: ", self.now, self.inputs);
        for (at, device) in self.devices.iter().enumerate() {
            let _ = match &device.agent {
                Some(agent) => write!(text, "{at}: {:?}; ", agent.node.status(self.now)),
                None => write!(text, "{at} is down; "),
            };
        }
        text
    }
}
