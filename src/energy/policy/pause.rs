//! Pause and resume by the owner, stored over a restart.

use super::wall::{Wall, Zone};
use crate::base::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    until: Option<Instant>,
}

/// A pause as it is stored over a restart. Files of before say neither `until_ms` nor `boot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersistedPause {
    /// Milliseconds that were left when it was saved; `None`: until resumed.
    pub left_ms: Option<u64>,
    /// Seconds since 1970 when it was saved, where the time was known.
    pub saved: Option<i64>,
    /// When it ends, in milliseconds since the system started; `None`: when it is resumed.
    #[serde(default)]
    pub until_ms: Option<u64>,
    /// Names that start of the system, where it is known.
    #[serde(default)]
    pub boot: Option<String>,
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

    /// The form to be stored, in the start of the system with this name.
    #[must_use]
    pub fn persist(&self, now: Instant, wall: Option<Wall>, boot: Option<String>) -> PersistedPause {
        let left = self.until.map(|until| u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX));
        PersistedPause {
            left_ms: left,
            saved: wall.map(|wall| wall.0),
            until_ms: self.until.map(Instant::millis),
            boot,
        }
    }

    /// A stored pause again, in the start of the system with this name. In the same start its end is known by the clock that counts since then, whatever
    /// the time of day is. In another one the time that passed meanwhile counts where both times are known; else all that was left is still left: a
    /// pause that is too long is the smaller error.
    #[must_use]
    pub fn restore(now: Instant, wall: Option<Wall>, boot: Option<&str>, stored: &PersistedPause) -> Self {
        let Some(left) = stored.left_ms.map(Duration::from_millis) else { return Self::OPEN };
        let same = boot.is_some() && stored.boot.as_deref() == boot;
        if let Some(until) = stored.until_ms.filter(|_| same) {
            // Never for longer than was left: another clock may count in a container.
            return Self::lasting(now, Instant::from_millis(until).since(now).min(left));
        }
        let passed = stored.saved.zip(wall).map_or(0, |(saved, wall)| wall.0.saturating_sub(saved).max(0));
        Self::lasting(now, left.saturating_sub(Duration::from_secs(u64::try_from(passed).unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn a_pause_ends_by_itself_and_survives_a_restart() {
        let pause = Pause::lasting(at(100), Duration::from_secs(7200));
        assert!(pause.holds(at(7299)) && !pause.holds(at(7300)));
        let stored = pause.persist(at(1100), Some(Wall(50_000)), Some("a".to_owned()));
        // After a reboot the device's own clock starts at zero.
        let again = |wall, boot| Pause::restore(at(5), wall, boot, &stored);
        assert_eq!(again(Some(Wall(50_200)), Some("b")).until(), Some(at(5 + 6000)));
        assert_eq!(again(None, Some("b")).until(), Some(at(5 + 6200)), "the time is unknown");
        assert!(!again(Some(Wall(99_999)), Some("b")).holds(at(5)));
        assert_eq!(again(None, None).until(), Some(at(5 + 6200)), "nobody names this start of the system");
        let open = Pause::restore(at(5), None, Some("a"), &Pause::OPEN.persist(at(1), None, Some("a".to_owned())));
        assert!(open.holds(Instant::from_millis(u64::MAX)));
    }

    #[test]
    fn in_the_same_start_of_the_system_what_passed_counts_without_a_time_of_day() {
        let pause = Pause::lasting(at(100), Duration::from_secs(7200));
        let stored = pause.persist(at(1100), None, Some("a".to_owned()));
        let again = |now, wall| Pause::restore(at(now), wall, Some("a"), &stored);
        assert_eq!(again(4000, None).until(), Some(at(7300)), "3,300 seconds are left");
        // One that is wrong does nothing.
        assert_eq!(again(4000, Some(Wall(0))).until(), Some(at(7300)));
        assert!(!again(7300, None).holds(at(7300)), "it ended while no agent ran");
        assert_eq!(again(1000, None).until(), Some(at(1000 + 6200)), "for no longer than was left");
        // Stored once more, however often the agent starts, it ends when it was to end.
        let twice = again(4000, None).persist(at(4000), None, Some("a".to_owned()));
        assert_eq!(Pause::restore(at(5000), None, Some("a"), &twice).until(), Some(at(7300)));
        let nameless = pause.persist(at(1100), None, None);
        assert_eq!(
            Pause::restore(at(4000), None, None, &nameless).until(),
            Some(at(4000 + 6200)),
            "no name is no name"
        );
    }

    #[test]
    fn a_pause_that_an_earlier_version_stored_is_read_and_the_earlier_version_reads_what_is_stored_now() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Before {
            left_ms: Option<u64>,
            saved: Option<i64>,
        }
        let old: PersistedPause = serde_json::from_str(r#"{"left_ms":6200000,"saved":50000}"#).unwrap();
        assert_eq!((old.until_ms, old.boot.as_deref()), (None, None));
        let again = |wall| Pause::restore(at(5), wall, Some("a"), &old).until();
        assert_eq!((again(None), again(Some(Wall(50_200)))), (Some(at(5 + 6200)), Some(at(5 + 6000))));
        let open: PersistedPause = serde_json::from_str(r#"{"left_ms":null,"saved":null}"#).unwrap();
        assert_eq!(Pause::restore(at(5), None, Some("a"), &open), Pause::OPEN);
        let new = Pause::lasting(at(100), Duration::from_secs(9)).persist(at(101), Some(Wall(7)), Some("a".to_owned()));
        let read: Before = serde_json::from_slice(&serde_json::to_vec(&new).unwrap()).unwrap();
        assert_eq!(read, Before { left_ms: Some(8000), saved: Some(7) });
    }

    #[test]
    fn until_a_time_of_day_needs_a_known_time() {
        let zone = Zone::new(3600, &[]);
        assert_eq!(Pause::until_clock(Instant::ZERO, None, &zone, 480), None);
        let pause = Pause::until_clock(Instant::ZERO, Some(Wall(6 * 3600)), &zone, 480).unwrap();
        assert_eq!(pause.until(), Some(Instant::from_millis(3_600_000)), "07:00 now, until 08:00");
    }
}
