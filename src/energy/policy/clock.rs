//! Whether the wall clock is right. Small boards have no clock that runs without power: after a power cut theirs shows 1970,
//! or the time of the last shutdown, until the network sets it.
//!
//! A clock is believed once a time service has set it, or a hardware clock agrees. From then on it has to advance as fast
//! as the clock that counts since the start: when it jumps, somebody set it, and it is proven again or unknown.
//! `platform::clock` does the reading.

use super::wall::Wall;
use crate::base::time::{Duration, Instant};

/// Seconds since 1970 when this program was written: no clock that is right shows less.
pub const RELEASE: i64 = 1_793_491_200;
/// Seconds after `RELEASE` beyond which a clock is not believed: thirty years.
const OUTLIVED: i64 = 30 * 366 * 86_400;
/// The hardware's clock and the system's agree within this many seconds, or neither is believed; a larger jump means that
/// the clock was set.
const AGREE: i64 = 300;
/// Between two checks whether the clock has been set meanwhile.
const CHECK: Duration = Duration::from_secs(60);

/// What may prove a clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proof {
    /// A time service keeps it, according to the kernel; `None`: unknown.
    pub synced: Option<bool>,
    /// Seconds since 1970 by the hardware's clock.
    pub hardware: Option<i64>,
}

/// Decides whether the clock is right.
#[derive(Clone, Debug)]
pub struct ClockCheck {
    /// The owner says that it is.
    trusted: bool,
    proven: bool,
    checked: Option<Instant>,
    /// Seconds by which the wall clock was ahead of the one that counts since the start.
    ahead: Option<i64>,
}

impl ClockCheck {
    /// A clock that is not proven yet.
    #[must_use]
    pub const fn new(trusted: bool) -> Self {
        Self { trusted, proven: false, checked: None, ahead: None }
    }

    /// The time, if it is known, for a wall clock that shows `seconds` now. `proof` is asked for once a minute at most while
    /// the clock is not proven, and when it jumped.
    pub fn take(&mut self, now: Instant, seconds: i64, proof: impl FnOnce() -> Proof) -> Option<Wall> {
        let since_start = i64::try_from(now.millis() / 1000).unwrap_or(i64::MAX);
        let ahead = seconds.saturating_sub(since_start);
        let before = self.ahead.replace(ahead);
        if before.is_some_and(|before| ahead.saturating_sub(before).saturating_abs() > AGREE) {
            (self.proven, self.checked) = (false, None);
        }
        let possible = seconds > RELEASE && seconds < RELEASE + OUTLIVED;
        if !self.proven && possible && self.checked.is_none_or(|at| now.since(at) >= CHECK) {
            self.checked = Some(now);
            let Proof { synced, hardware } = proof();
            let agrees = |hardware: i64| hardware.saturating_sub(seconds).saturating_abs() <= AGREE;
            self.proven = synced == Some(true) || hardware.is_some_and(agrees);
        }
        (possible && (self.proven || self.trusted)).then_some(Wall(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::fraction::Fraction;
    use crate::energy::policy::gate::{Backlog, Policy, Settings};
    use crate::energy::policy::hint::{Hint, HintError};
    use crate::energy::policy::hours::{QuietHours, Window};
    use crate::energy::policy::pause::Pause;
    use crate::energy::policy::wall::Zone;
    use crate::energy::reason::Reason;

    /// A time at which the clock is right: noon of a day in UTC.
    const NOON: i64 = 1_795_564_800 + 12 * 3600;
    const YEAR: i64 = 365 * 86_400;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    const SYNCED: Proof = Proof { synced: Some(true), hardware: None };
    const UNSYNCED: Proof = Proof { synced: Some(false), hardware: None };

    #[test]
    fn a_clock_is_unknown_until_it_is_proven_and_1970_and_the_far_future_are_never_believed() {
        let mut clock = ClockCheck::new(false);
        assert_eq!(clock.take(at(0), 0, || SYNCED), None, "1970");
        assert_eq!(clock.take(at(60), 60 * YEAR + NOON, || SYNCED), None, "the year 2086");
        assert_eq!(clock.take(at(120), NOON, || UNSYNCED), None);
        assert_eq!(clock.take(at(130), NOON + 10, || SYNCED), None, "asked again after a minute");
        assert_eq!(clock.take(at(180), NOON + 60, || SYNCED), Some(Wall(NOON + 60)));
        assert_eq!(clock.take(at(181), NOON + 61, || panic!("it is proven")), Some(Wall(NOON + 61)));
        let mut owner = ClockCheck::new(true);
        assert_eq!(owner.take(at(0), NOON, || UNSYNCED), Some(Wall(NOON)));
        assert_eq!(owner.take(at(1), 5, || UNSYNCED), None, "1970 contradicts the owner");
    }

    #[test]
    fn a_clock_that_jumps_is_proven_again_or_unknown_and_one_that_drifts_stays_known() {
        for jump in [10 * YEAR, -YEAR / 100, 3600, -3600] {
            let mut clock = ClockCheck::new(false);
            assert!(clock.take(at(0), NOON, || SYNCED).is_some());
            assert_eq!(clock.take(at(1), NOON + jump, || UNSYNCED), None, "jumped by {jump} s");
            let right = Proof { synced: None, hardware: Some(NOON + 62) };
            assert_eq!(clock.take(at(61), NOON + 61 + jump, || right), None, "the hardware's clock contradicts it");
            assert_eq!(clock.take(at(62), NOON + 62, || right), Some(Wall(NOON + 62)), "set right again");
        }
        let mut drifts = ClockCheck::new(false);
        drifts.take(at(0), NOON, || SYNCED);
        // Half a percent, far more than a clock does.
        assert!(
            (1..20_000)
                .all(|s| drifts.take(at(s), NOON + i64::try_from(s * 201 / 200).unwrap(), || UNSYNCED).is_some())
        );
    }

    #[test]
    fn quiet_hours_pauses_and_hints_hold_whatever_is_done_to_the_clock() {
        let mut quiet = QuietHours::default();
        assert!(quiet.add(Window { days: Window::DAILY, from: 22 * 60, to: 7 * 60 }, Fraction::NONE));
        let mut policy = Policy::new(Settings { quiet, zone: Zone::new(0, &[]), ..Settings::default() });
        let mut clock = ClockCheck::new(false);
        let mut reason = |policy: &Policy, second: u64, wall: i64, proof: Proof| {
            let wall = clock.take(at(second), wall, || proof);
            policy.evaluate(at(second), wall, Backlog::default()).gate.reason
        };
        assert_eq!(reason(&policy, 0, NOON, SYNCED), Reason::Free);
        // Set to a day of the year 2036, to 1970, and an hour back: the strictest hours hold until it is proven again.
        for (second, wall) in [(1, NOON + 10 * YEAR), (2, 7), (3, NOON - 3600)] {
            assert_eq!(reason(&policy, second, wall, UNSYNCED), Reason::TimeUnknown, "{wall}");
        }
        assert_eq!(reason(&policy, 70, NOON + 70, SYNCED), Reason::Free);
        assert_eq!(reason(&policy, 80, NOON + 11 * 3600, SYNCED), Reason::QuietHours, "a jump that is proven counts");
        // A pause ends by the clock that nobody sets.
        policy.pause(Pause::lasting(at(80), Duration::from_secs(100)));
        assert_eq!(reason(&policy, 179, NOON + 20 * YEAR, UNSYNCED), Reason::Paused);
        assert_ne!(reason(&policy, 180, 0, UNSYNCED), Reason::Paused);
        // One that was saved lasts longer rather than shorter.
        let saved = Pause::lasting(at(0), Duration::from_secs(7200)).persist(at(0), Some(Wall(NOON)), None);
        for wall in [None, Some(Wall(NOON - 9 * YEAR)), Some(Wall(NOON))] {
            assert_eq!(Pause::restore(at(5), wall, None, &saved).until(), Some(at(7205)), "{wall:?}");
        }
        // A hint that says when it ends is refused by a clock that is past that, and lives by its own time otherwise.
        let hint = format!(r#"{{"v":1,"state":"surplus","ttl_s":900,"expires":{}}}"#, NOON + 300);
        let parsed = |wall| Hint::parse(hint.as_bytes(), wall).map(|hint| hint.ttl.as_secs());
        assert_eq!(parsed(Some(Wall(NOON))), Ok(300));
        assert_eq!(parsed(None), Ok(900));
        assert_eq!(parsed(Some(Wall(NOON + 10 * YEAR))), Err(HintError::Stamp));
        assert_eq!(parsed(Some(Wall(5))), Err(HintError::Stamp));
    }
}
