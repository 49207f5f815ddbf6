//! Wall-clock time in seconds, and the time zone that turns it into a weekday and a minute.

use crate::limits::ZONE_CHANGES_MAX;
use heapless::Vec;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;
/// Minutes searched for a wall-clock time: more than the longest day with a change of the clocks.
const SEARCH_MINUTES: i64 = 26 * 60;

/// Seconds since 1970 in UTC, where the device knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub i64);

/// A local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Monday is 0.
    pub weekday: u8,
    /// Minutes since midnight.
    pub minute: u16,
}

/// A time zone as `platform::time_zone` reads it: an offset, and its changes ahead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    offset: i32,
    changes: Vec<(i64, i32), ZONE_CHANGES_MAX>,
}

impl Zone {
    /// A zone `offset` seconds east of UTC, with another offset from each moment on (seconds since 1970, rising).
    /// Changes beyond the cap are left out: they lie years ahead.
    #[must_use]
    pub fn new(offset: i32, changes: &[(i64, i32)]) -> Self {
        Self { offset, changes: changes.iter().copied().take(ZONE_CHANGES_MAX).collect() }
    }

    /// The local time.
    #[must_use]
    pub fn local(&self, wall: Wall) -> Local {
        let offset = self.changes.iter().rev().find(|(from, _)| *from <= wall.0).map_or(self.offset, |(_, to)| *to);
        let local = wall.0.saturating_add(i64::from(offset));
        // The first of January 1970 was a Thursday.
        let weekday = (local.div_euclid(DAY) + 3).rem_euclid(7);
        let minute = local.rem_euclid(DAY) / MINUTE;
        Local { weekday: u8::try_from(weekday).unwrap_or(0), minute: u16::try_from(minute).unwrap_or(0) }
    }

    /// Seconds until the local time next is this minute of the day, at least one; `None` for no such minute. Where the
    /// clocks skip it, until the first minute after it.
    #[must_use]
    pub fn seconds_until(&self, wall: Wall, minute: u16) -> Option<i64> {
        if minute >= DAY_MINUTES {
            return None;
        }
        let begin = wall.0.div_euclid(MINUTE).saturating_mul(MINUTE);
        let mut before = self.local(wall);
        for step in 1..=SEARCH_MINUTES {
            let at = Wall(begin.saturating_add(step * MINUTE));
            let now = self.local(at);
            // The step of the local clock may skip the minute, also over midnight.
            let moved = ahead(before.minute, now.minute);
            let forward = moved <= DAY_MINUTES / 2;
            if now.minute == minute || forward && (1..=moved).contains(&ahead(before.minute, minute)) {
                return Some(at.0.saturating_sub(wall.0).max(1));
            }
            before = now;
        }
        None
    }
}

/// Minutes forward from one minute of the day to another.
const fn ahead(from: u16, to: u16) -> u16 {
    (to + DAY_MINUTES - from) % DAY_MINUTES
}

#[cfg(test)]
pub(super) mod zones {
    //! Three zones with their changes of 2026, from the IANA time zone database.
    use super::Zone;

    pub(in crate::energy::policy) const BERLIN: [i64; 2] = [1_774_746_000, 1_792_890_000];
    pub(in crate::energy::policy) const NEW_YORK: [i64; 2] = [1_772_953_200, 1_793_512_800];
    pub(in crate::energy::policy) const LORD_HOWE: [i64; 2] = [1_775_314_800, 1_791_041_400];

    pub(in crate::energy::policy) fn all() -> [(Zone, [i64; 2]); 3] {
        let zone = |first: i32, second: i32, at: [i64; 2]| (Zone::new(first, &[(at[0], second), (at[1], first)]), at);
        [zone(3600, 7200, BERLIN), zone(-18_000, -14_400, NEW_YORK), zone(39_600, 37_800, LORD_HOWE)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_three_zones_fall_on_the_right_local_minutes() {
        let minute = |hours: u16, minutes: u16| hours * 60 + minutes;
        let due = [
            [(minute(1, 59), minute(3, 0)), (minute(2, 59), minute(2, 0))],
            [(minute(1, 59), minute(3, 0)), (minute(1, 59), minute(1, 0))],
            [(minute(1, 59), minute(1, 30)), (minute(1, 59), minute(2, 30))],
        ];
        for ((zone, changes), due) in zones::all().into_iter().zip(due) {
            for (at, (before, after)) in changes.into_iter().zip(due) {
                let [was, is] = [at - 1, at].map(|at| zone.local(Wall(at)));
                assert_eq!((was.minute, is.minute, is.weekday), (before, after, 6), "a Sunday, {zone:?}");
            }
        }
    }

    #[test]
    fn until_a_time_of_day_is_found_over_skipped_and_doubled_hours() {
        let (berlin, [spring, autumn]) = zones::all()[0].clone();
        assert_eq!(berlin.seconds_until(Wall(0), 60), Some(24 * 3600), "it is one o'clock now: tomorrow");
        assert_eq!(berlin.seconds_until(Wall(spring - 600), 150), Some(600), "half past two never comes");
        assert_eq!(berlin.seconds_until(Wall(autumn - 600), 179), Some(540), "the first 2:59 of two");
        assert_eq!(berlin.seconds_until(Wall(autumn), DAY_MINUTES), None);
        let cairo = Zone::new(7200, &[(22 * 3600, 10_800)]);
        assert_eq!(cairo.local(Wall(22 * 3600)).minute, 60, "midnight is skipped there");
        assert_eq!(cairo.seconds_until(Wall(22 * 3600 - 600), 30), Some(600), "half past midnight never comes");
        let midnight = berlin.seconds_until(Wall(90), 0).unwrap();
        assert_eq!(berlin.local(Wall(90 + midnight)), Local { weekday: 4, minute: 0 });
        for edge in [i64::MIN, i64::MAX] {
            assert!(Zone::default().seconds_until(Wall(edge), 5).is_none_or(|seconds| seconds > 0), "no overflow");
        }
    }
}
