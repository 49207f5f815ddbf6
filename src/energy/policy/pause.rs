//! Pause and resume by the owner, stored over a restart.

use super::wall::{Wall, Zone};
use crate::base::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    until: Option<Instant>,
}

/// A pause as it is stored over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersistedPause {
    /// Milliseconds that were left when it was saved; `None`: until resumed.
    pub left_ms: Option<u64>,
    /// Seconds since 1970 when it was saved, where the time was known.
    pub saved: Option<i64>,
}

impl Pause {
    /// Until resumed.
    pub const OPEN: Self = Self { until: None };

    /// For so long.
    #[must_use]
    pub fn lasting(now: Instant, time: Duration) -> Self {
        Self { until: Some(now + time) }
    }

    /// Until the clocks show this minute of the day; `None` while the time is unknown, or for no such minute.
    #[must_use]
    pub fn until_clock(now: Instant, wall: Option<Wall>, zone: &Zone, minute: u16) -> Option<Self> {
        let seconds = zone.seconds_until(wall?, minute)?;
        Some(Self::lasting(now, Duration::from_secs(u64::try_from(seconds).ok()?)))
    }

    /// Does it still hold?
    #[must_use]
    pub fn holds(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The form to be stored.
    #[must_use]
    pub fn persist(&self, now: Instant, wall: Option<Wall>) -> PersistedPause {
        let left = self.until.map(|until| u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX));
        PersistedPause { left_ms: left, saved: wall.map(|wall| wall.0) }
    }

    /// A stored pause again. The time that passed meanwhile counts where both times are known; else all that was left
    /// is still left: a pause that is too long is the smaller error.
    #[must_use]
    pub fn restore(now: Instant, wall: Option<Wall>, stored: PersistedPause) -> Self {
        let Some(left) = stored.left_ms else { return Self::OPEN };
        let passed = stored.saved.zip(wall).map_or(0, |(saved, wall)| wall.0.saturating_sub(saved).max(0));
        let passed = u64::try_from(passed).unwrap_or(0).saturating_mul(1000);
        Self::lasting(now, Duration::from_millis(left.saturating_sub(passed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_by_itself_and_survives_a_restart() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let pause = Pause::lasting(at(100), Duration::from_secs(7200));
        assert!(pause.holds(at(7299)) && !pause.holds(at(7300)));
        let stored = pause.persist(at(1100), Some(Wall(50_000)));
        // After a reboot the device's own clock starts at zero.
        let again = Pause::restore(at(5), Some(Wall(50_200)), stored);
        assert_eq!(again.until(), Some(at(5 + 6000)));
        assert_eq!(Pause::restore(at(5), None, stored).until(), Some(at(5 + 6200)), "the time is unknown");
        assert!(!Pause::restore(at(5), Some(Wall(99_999)), stored).holds(at(5)));
        let open = Pause::restore(at(5), None, Pause::OPEN.persist(at(1), None));
        assert!(open.holds(Instant::from_millis(u64::MAX)));
    }

    #[test]
    fn until_a_time_of_day_needs_a_known_time() {
        let zone = Zone::new(3600, &[]);
        assert_eq!(Pause::until_clock(Instant::ZERO, None, &zone, 480), None);
        let pause = Pause::until_clock(Instant::ZERO, Some(Wall(6 * 3600)), &zone, 480).unwrap();
        assert_eq!(pause.until(), Some(Instant::from_millis(3_600_000)), "07:00 now, until 08:00");
    }
}
