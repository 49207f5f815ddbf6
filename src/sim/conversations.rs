//! Which devices have a conversation of pairing, and when what they send in it arrives.

use crate::base::time::{Duration, Instant};
use std::collections::BTreeMap;

/// All conversations: the number of each by its guest and its host.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    open: BTreeMap<(usize, usize), Conversation>,
    count: u64,
}

/// One conversation.
#[derive(Clone, Copy, Debug)]
struct Conversation {
    number: u64,
    /// When the last thing that was sent to the guest and to the host arrives.
    last: [Instant; 2],
}

impl Conversations {
    /// A conversation begins, in place of an earlier one of the two.
    pub(super) fn begin(&mut self, now: Instant, guest: usize, host: usize) {
        self.count += 1;
        self.open.insert((guest, host), Conversation { number: self.count, last: [now; 2] });
    }

    /// The conversation ends; false if there is none.
    pub(super) fn end(&mut self, guest: usize, host: usize) -> bool {
        self.open.remove(&(guest, host)).is_some()
    }

    /// The conversations of a device, by their guest and their host.
    pub(super) fn of(&self, at: usize) -> Vec<(usize, usize)> {
        self.open.keys().copied().filter(|(guest, host)| at == *guest || at == *host).collect()
    }

    /// The number of the conversation of two devices.
    pub(super) fn number(&self, a: usize, b: usize) -> Option<u64> {
        self.open.get(&(a, b)).or_else(|| self.open.get(&(b, a))).map(|of| of.number)
    }

    /// The number of the conversation of two devices, and in how many milliseconds what is sent now arrives: after what was sent before.
    pub(super) fn next_arrival(&mut self, now: Instant, delay_ms: u64, from: usize, to: usize) -> Option<(u64, u64)> {
        let (of, side) = if self.open.contains_key(&(to, from)) { ((to, from), 0) } else { ((from, to), 1) };
        let talk = self.open.get_mut(&of)?;
        let last = talk.last.get_mut(side)?;
        *last = (now + Duration::from_millis(delay_ms)).max(*last + Duration::from_millis(1));
        Some((talk.number, u64::try_from(last.since(now).as_millis()).unwrap_or(delay_ms)))
    }
}
