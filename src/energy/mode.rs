//! Modes with hysteresis and dwell (4.1): down at once, up one step at a time, and not for ever up and down.
//!
//! What is momentary (somebody uses the device, a question is answered) does not change the mode: it has its own grace
//! in the foreground gate, and ten questions in a minute are no flapping.

use super::share::Share;
use crate::base::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// How much the device works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Current tasks end, nothing starts.
    #[default]
    Off,
    /// A little.
    Trickle,
    /// As heat and power allow, in the lower part.
    Normal,
    /// All that is allowed.
    Full,
}

/// Mode, enter from this headroom, leave below that (4.1).
const LEVELS: [(Mode, f64, f64); 3] =
    [(Mode::Trickle, 0.05, 0.02), (Mode::Normal, 0.35, 0.25), (Mode::Full, 0.75, 0.60)];
/// After a fall, no step up for this long (4.1; BOINC PR#4336 asks for such a cooldown).
const DWELL: Duration = Duration::from_secs(30);
/// Between two steps up: as many samples as the slope needs to be one.
const STEP: Duration = Duration::from_secs(5);
/// Changes within `FLAP_TIME` after which the lower mode is held (4.1).
const FLAPS: usize = 6;
/// See `FLAPS`.
const FLAP_TIME: Duration = Duration::from_secs(600);

impl Mode {
    /// The most that the mode lets through: where the next one begins. Within it headroom rules, so that a mode never
    /// costs work that heat would allow.
    #[must_use]
    pub fn ceiling(self) -> Share {
        match self {
            Self::Off => Share::NONE,
            Self::Trickle => Share::new(LEVELS[1].1),
            Self::Normal => Share::new(LEVELS[2].1),
            Self::Full => Share::ALL,
        }
    }

    /// The mode that a headroom would have without a past.
    #[must_use]
    pub fn of(headroom: Share) -> Self {
        LEVELS.iter().rev().find(|(_, enter, _)| headroom.value() >= *enter).map_or(Self::Off, |(mode, ..)| *mode)
    }

    /// Chunks in one batch at most (4.1); pacing may make them fewer.
    #[must_use]
    pub const fn chunks(self) -> usize {
        match self {
            Self::Off => 0,
            Self::Trickle => 1,
            Self::Normal => 4,
            Self::Full => 8,
        }
    }

    /// Percent that background threads are clamped to where the kernel can (4.1); `None`: not.
    #[must_use]
    pub const fn clamp_percent(self) -> Option<u8> {
        match self {
            Self::Off | Self::Trickle => Some(40),
            Self::Normal => Some(70),
            Self::Full => None,
        }
    }

    fn leave(self) -> f64 {
        LEVELS.iter().find(|(mode, ..)| *mode == self).map_or(0.0, |(.., leave)| *leave)
    }

    const fn lower(self) -> Self {
        match self {
            Self::Off | Self::Trickle => Self::Off,
            Self::Normal => Self::Trickle,
            Self::Full => Self::Normal,
        }
    }

    fn higher(self) -> Option<(Self, f64)> {
        LEVELS.iter().find(|(mode, ..)| *mode > self).map(|(mode, enter, _)| (*mode, *enter))
    }
}

/// The mode with its memory.
#[derive(Clone, Debug, Default)]
pub struct Modes {
    mode: Mode,
    fell: Option<Instant>,
    rose: Option<Instant>,
    climbs: bool,
    changes: heapless::Deque<Instant, FLAPS>,
}

impl Modes {
    /// The mode now.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Is the lower mode held because the mode changed too often?
    #[must_use]
    pub fn flaps(&self, now: Instant) -> bool {
        self.changes.is_full() && self.changes.front().is_some_and(|first| now.since(*first) < FLAP_TIME)
    }

    /// Takes the headroom of the gates that are not momentary.
    pub fn take(&mut self, now: Instant, headroom: Share) -> Mode {
        let before = self.mode;
        while self.mode > Mode::Off && headroom.value() < self.mode.leave() {
            self.mode = self.mode.lower();
        }
        if self.mode < before {
            self.fell = Some(now);
            self.climbs = false;
            self.changed(now);
            return self.mode;
        }
        let passed = |since: Option<Instant>, due| since.is_none_or(|since| now.since(since) >= due);
        let higher = self.mode.higher().filter(|(_, enter)| headroom.value() >= *enter);
        if let Some((mode, _)) = higher.filter(|_| passed(self.fell, DWELL) && passed(self.rose, STEP)) {
            // A climb is one change, however many steps it has: else the start and a pause would be flapping.
            if self.climbs || !self.flaps(now) {
                if !std::mem::replace(&mut self.climbs, true) {
                    self.changed(now);
                }
                self.mode = mode;
                self.rose = Some(now);
            }
        }
        self.mode
    }

    fn changed(&mut self, now: Instant) {
        if self.changes.is_full() {
            self.changes.pop_front();
        }
        let _ = self.changes.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn it_falls_at_once_and_rises_a_step_at_a_time_after_a_pause() {
        let mut modes = Modes::default();
        let climb: Vec<Mode> = (0..11).map(|s| modes.take(at(s), Share::ALL)).collect();
        assert_eq!([climb[0], climb[5], climb[10]], [Mode::Trickle, Mode::Normal, Mode::Full]);
        assert_eq!(modes.take(at(20), Share::NONE), Mode::Off);
        assert!((21..50).all(|s| modes.take(at(s), Share::ALL) == Mode::Off));
        assert_eq!(modes.take(at(50), Share::ALL), Mode::Trickle);
    }

    #[test]
    fn between_enter_and_leave_it_stays_what_it_was() {
        let mut modes = Modes::default();
        (0..20).for_each(|s| {
            modes.take(at(s), Share::ALL);
        });
        assert_eq!(modes.take(at(20), Share::new(0.60)), Mode::Full);
        assert_eq!(modes.take(at(21), Share::new(0.59)), Mode::Normal);
        assert!((22..200).all(|s| modes.take(at(s), Share::new(0.74)) == Mode::Normal));
        assert_eq!(modes.take(at(200), Share::new(0.02)), Mode::Trickle);
        assert_eq!(modes.take(at(201), Share::new(0.01)), Mode::Off);
    }

    #[test]
    fn it_does_not_go_up_and_down_for_ever() {
        let mut modes = Modes::default();
        let mut changes = 0;
        let mut last = Mode::Off;
        for s in 0..1200 {
            let mode = modes.take(at(s), if s / 40 % 2 == 0 { Share::new(0.3) } else { Share::NONE });
            changes += u32::from(mode != last);
            last = mode;
        }
        assert!(changes <= 14, "{changes} changes in twenty minutes");
        assert!(changes >= 6, "the test makes it want to flap: {changes}");
    }
}
