//! The system's time zone, with its changes ahead, for quiet hours and schedules.

use crate::energy::policy::wall::{Wall, Zone};
use crate::limits::ZONE_CHANGES_MAX;
use tz::TimeZone;

/// Seconds between two samples of the offset: no zone changes twice within a day.
const STEP: i64 = 86_400;
/// Days that are searched ahead: as many as `ZONE_CHANGES_MAX` changes need, two a year.
const AHEAD: usize = 365 * (ZONE_CHANGES_MAX / 2) + 2;

/// The zone that `TZ` names, else the system's: as every other program shows its times.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn local() -> Result<TimeZone, tz::Error> {
    #[expect(clippy::disallowed_methods, reason = "POSIX has the zone in the environment")]
    match std::env::var("TZ") {
        Ok(named) if !named.is_empty() => TimeZone::from_posix_tz(&named).or_else(|_| TimeZone::local()),
        _ => TimeZone::local(),
    }
}

/// The local zone from `wall` on; UTC where there is none to be read.
#[must_use]
pub fn system(wall: Wall) -> Zone {
    match local() {
        Ok(zone) => of(&zone, wall),
        Err(error) => {
            log::info!("The system's time zone cannot be read ({error}); quiet hours are in UTC.");
            Zone::new(0, &[])
        }
    }
}

/// A zone's offset at `wall`, and its changes after that.
fn of(zone: &TimeZone, wall: Wall) -> Zone {
    let offset = |at: i64| zone.find_local_time_type(at).map_or(0, tz::LocalTimeType::ut_offset);
    let first = offset(wall.0);
    let mut changes = Vec::new();
    let (mut at, mut before) = (wall.0, first);
    for _ in 0..AHEAD {
        let next = at.saturating_add(STEP);
        let after = offset(next);
        if after != before && changes.len() < ZONE_CHANGES_MAX {
            // The moment lies in (low, high]: halved until it is known to the second.
            let (mut low, mut high) = (at, next);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if offset(middle) == before { low = middle } else { high = middle }
            }
            changes.push((high, after));
        }
        (at, before) = (next, after);
    }
    Zone::new(first, &changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_three_zones_are_found_to_the_second() {
        // The rules of Berlin, New York and Lord Howe as POSIX writes them; the changes of 2026 as the IANA database
        // has them (energy::policy::wall's tests), and the local minutes a second before and after.
        for (rule, changes) in [
            ("CET-1CEST,M3.5.0,M10.5.0/3", [(1_774_746_000, (119, 180)), (1_792_890_000, (179, 120))]),
            ("EST5EDT,M3.2.0,M11.1.0", [(1_772_953_200, (119, 180)), (1_793_512_800, (119, 60))]),
            ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", [(1_775_314_800, (119, 90)), (1_791_041_400, (119, 150))]),
        ] {
            let zone = TimeZone::from_posix_tz(rule).unwrap();
            // From 2026-01-01 on.
            let ours = of(&zone, Wall(1_767_225_600));
            let minute = |at: i64| ours.local(Wall(at)).minute;
            for (at, shown) in changes {
                assert_eq!((minute(at - 1), minute(at)), shown, "{rule}");
            }
        }
    }

    #[test]
    fn a_zone_without_changes_has_none() {
        let ours = of(&TimeZone::utc(), Wall(1_767_225_600));
        assert_eq!(ours, Zone::new(0, &[]));
        println!("this machine: {:?}", system(Wall(1_767_225_600)));
    }
}
