//! The clocks of simulated devices: that of one may jump ahead of the others', as that of a virtual machine does.

use crate::base::time::{Duration, Instant};

/// How far a device's clock is ahead of the world's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    pub(super) ahead: Duration,
}

impl Clock {
    /// The moment of the world at which this clock shows that.
    pub(super) fn to_world(self, shown: Instant) -> Instant {
        Instant::ZERO + shown.since(Instant::ZERO).saturating_sub(self.ahead)
    }
}
