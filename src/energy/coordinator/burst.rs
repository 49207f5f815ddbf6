//! A burst: a person started an agent, or asked for its work, and waits for it. For a while work goes on beside other
//! programs. Asked for at any agent of the host, it holds at all; the longest counts, and a pause ends it.

use crate::base::time::Instant;

/// The burst of the host, as this agent knows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HostBurst {
    pub(super) until: Option<Instant>,
    /// It was asked for here while no leader could be told.
    pub(super) untold: bool,
}

impl HostBurst {
    /// When it ends, if it holds.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| now < *until)
    }

    /// The same in a message: 0 is none.
    pub(super) fn millis(&self, now: Instant) -> u64 {
        self.until(now).map_or(0, Instant::millis)
    }
}
