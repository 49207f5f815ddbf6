//! The clocks of simulated devices: that of one may jump ahead of the others', as that of a virtual machine does.

use super::world::World;
use crate::base::time::{Duration, Instant};

/// How far a device's clock is ahead of the world's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    ahead: Duration,
}

impl Clock {
    /// The moment of the world at which this clock shows that.
    pub(super) fn to_world(self, shown: Instant) -> Instant {
        Instant::ZERO + shown.since(Instant::ZERO).saturating_sub(self.ahead)
    }
}

impl World {
    /// What a device's clock shows.
    #[must_use]
    pub fn clock(&self, at: usize) -> Instant {
        self.now + self.devices[at].run.clock.ahead
    }

    /// A device's clock jumps ahead by so much, also across restarts. Its agent is not told.
    pub fn jump_clock(&mut self, at: usize, by: Duration) {
        self.devices[at].run.clock.ahead += by;
        self.rewake(at);
    }
}
