//! The time of day and the system's zone, looked up for the governor.

use crate::base::time::{Duration, Instant};
use crate::energy::policy::wall::{Wall, Zone};
use crate::platform::clock::WallClock;
use crate::platform::time_zone;

/// The zone's changes are looked up again after this long.
const ZONE: Duration = Duration::from_secs(24 * 3600);

/// The clock on the wall.
#[derive(Debug)]
pub(super) struct Time {
    clock: WallClock,
    zoned: Option<Instant>,
}

impl Time {
    /// A clock; `trusted` if its owner says that it is right.
    pub(super) const fn new(trusted: bool) -> Self {
        Self { clock: WallClock::new(trusted), zoned: None }
    }

    /// The time, where it is known, and the zone, where it may be another than it was.
    pub(super) fn look(&mut self, now: Instant) -> (Option<Wall>, Option<Zone>) {
        let wall = self.clock.wall(now);
        let due = self.zoned.is_none_or(|at| now.since(at) >= ZONE);
        let zone = wall.filter(|_| due).map(time_zone::system);
        if zone.is_some() {
            self.zoned = Some(now);
        }
        (wall, zone)
    }
}
