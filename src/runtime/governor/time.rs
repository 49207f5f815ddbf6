//! The time of day and the system's time zone, read for the governor.

use crate::base::time::{Duration, Instant};
use crate::energy::policy::wall::{Wall, Zone};
use crate::platform::clock::WallClock;
use crate::platform::time_zone;

/// The zone's rules are read again after this long.
const ZONE: Duration = Duration::from_secs(24 * 3600);

/// Reads the clock and the zone.
#[derive(Debug)]
pub(super) struct Time {
    clock: WallClock,
    /// When the zone was last read.
    zone_read: Option<Instant>,
}

impl Time {
    /// `trusted`: the clock counts as right even if nothing is known to have set it.
    pub(super) const fn new(trusted: bool) -> Self {
        Self { clock: WallClock::new(trusted), zone_read: None }
    }

    /// The time if it is known, and the zone if it may have changed.
    pub(super) fn read(&mut self, now: Instant) -> (Option<Wall>, Option<Zone>) {
        let wall = self.clock.wall(now);
        let due = self.zone_read.is_none_or(|at| now.since(at) >= ZONE);
        let zone = wall.filter(|_| due).map(time_zone::system);
        if zone.is_some() {
            self.zone_read = Some(now);
        }
        (wall, zone)
    }
}
