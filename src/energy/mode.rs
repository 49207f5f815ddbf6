//! The mode, with hysteresis: it falls at once, rises one step at a time after a dwell, and stays low for a while when it
//! changed too often (BOINC's pull request 4336 asks for such a cooldown).
//!
//! What is momentary (a person uses the device, a query is answered) does not change the mode: the user activity gate has
//! its own delay for that, and ten queries in a minute are not flapping.

use super::fraction::Fraction;
use crate::base::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// How much the device works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Running tasks end, none starts.
    #[default]
    Off,
    /// One worker, at a quarter of the device at most.
    Trickle,
    /// Up to three quarters of the device.
    Normal,
    /// All that the gates allow.
    Full,
}

/// Each mode with the headroom from which it is entered and the headroom below which it is left.
const LEVELS: [(Mode, f64, f64); 3] =
    [(Mode::Trickle, 0.05, 0.02), (Mode::Normal, 0.35, 0.25), (Mode::Full, 0.75, 0.60)];
/// After a change no step up for 30 samples of a second each, counting those of the change and of the step.
const DWELL: Duration = Duration::from_secs(29);
/// The most changes within `FLAP_TIME`, up and down; then the lower mode is held. A step up needs room for the fall that
/// may follow it, so only several falls in a row, which are never held back, can exceed this.
const FLAPS: usize = 6;
/// See `FLAPS`.
const FLAP_TIME: Duration = Duration::from_secs(600);

impl Mode {
    /// The most that the mode allows on this many cores. Trickle is one worker, and a quarter of the device at most. Normal
    /// ends where Full begins and not at half the cores: boards that heat holds between a half and three quarters would
    /// else swing between the two.
    #[must_use]
    pub fn ceiling(self, cores: usize) -> Fraction {
        match self {
            Self::Off => Fraction::NONE,
            Self::Trickle => Fraction::of(1, cores).min(Fraction::TRICKLE),
            Self::Normal => Fraction::new(LEVELS[2].1),
            Self::Full => Fraction::ALL,
        }
    }

    /// The mode of a headroom without hysteresis.
    #[must_use]
    pub fn of(headroom: Fraction) -> Self {
        LEVELS.iter().rev().find(|(_, enter, _)| headroom.value() >= *enter).map_or(Self::Off, |(mode, ..)| *mode)
    }

    /// The most chunks in a batch; `DutyCycle` may allow fewer.
    #[must_use]
    pub const fn chunks(self) -> usize {
        match self {
            Self::Off => 0,
            Self::Trickle => 1,
            Self::Normal => 4,
            Self::Full => 8,
        }
    }

    /// The percentage that background threads are clamped to if the kernel can (`uclamp`); `None`: not clamped.
    #[must_use]
    pub const fn clamp_percent(self) -> Option<u8> {
        match self {
            Self::Off | Self::Trickle => Some(40),
            Self::Normal => Some(70),
            Self::Full => None,
        }
    }

    /// Is the mode left at this headroom? Normal is also left at exactly a trickle, so that work limited to a trickle is in
    /// Trickle from above as from below.
    fn is_left_at(self, headroom: Fraction) -> bool {
        let leave = LEVELS.iter().find(|(mode, ..)| *mode == self).map_or(0.0, |(.., leave)| *leave);
        headroom.value() < leave || self == Self::Normal && headroom <= Fraction::TRICKLE
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

/// The current mode, and its recent changes.
#[derive(Clone, Debug, Default)]
pub struct Modes {
    mode: Mode,
    changed: Option<Instant>,
    /// It would rise if it had not changed too often.
    held: bool,
    changes: heapless::Deque<Instant, FLAPS>,
}

impl Modes {
    /// The current mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Is the lower mode held because the mode changed too often?
    #[must_use]
    pub const fn flaps(&self) -> bool {
        self.held
    }

    /// Moves the mode by the headroom of the gates that are not momentary, up to `highest` at most. In a hurry it rises a
    /// step with each call, because a person waits.
    pub fn take(&mut self, now: Instant, headroom: Fraction, highest: Mode, hurried: bool) -> Mode {
        let before = self.mode;
        while self.mode > Mode::Off && self.mode.is_left_at(headroom) {
            self.mode = self.mode.lower();
        }
        self.held = false;
        if self.mode < before {
            self.record_change(now);
            return self.mode;
        }
        let rested = hurried || self.changed.is_none_or(|at| now.since(at) >= DWELL);
        let higher = self.mode.higher().filter(|(mode, enter)| headroom.value() >= *enter && *mode <= highest);
        if let Some((mode, _)) = higher.filter(|_| rested) {
            self.held = self.recent(now) + 2 > FLAPS;
            if !self.held {
                self.mode = mode;
                self.record_change(now);
            }
        }
        self.mode
    }

    /// A person paused the work: off. This is not counted as flapping, and earlier changes are forgotten.
    pub fn stop(&mut self, now: Instant) {
        if self.mode > Mode::Off {
            self.changed = Some(now);
        }
        self.mode = Mode::Off;
        self.held = false;
        self.changes.clear();
    }

    fn recent(&self, now: Instant) -> usize {
        self.changes.iter().filter(|at| now.since(**at) < FLAP_TIME).count()
    }

    fn record_change(&mut self, now: Instant) {
        self.changed = Some(now);
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
    fn it_falls_at_once_and_rises_a_step_at_a_time_after_a_dwell() {
        let mut modes = Modes::default();
        let climb: Vec<Mode> = (0..60).map(|s| modes.take(at(s), Fraction::ALL, Mode::Full, false)).collect();
        let steps = [(0, Mode::Trickle), (28, Mode::Trickle), (29, Mode::Normal), (57, Mode::Normal), (58, Mode::Full)];
        assert!(steps.iter().all(|(second, mode)| climb[*second] == *mode), "{climb:?}");
        assert_eq!(modes.take(at(70), Fraction::NONE, Mode::Full, false), Mode::Off);
        assert!((71..99).all(|s| modes.take(at(s), Fraction::ALL, Mode::Full, false) == Mode::Off));
        assert_eq!(modes.take(at(99), Fraction::ALL, Mode::Full, false), Mode::Trickle);
    }

    #[test]
    fn between_enter_and_leave_it_stays() {
        let mut modes = Modes::default();
        (0..61).for_each(|s| {
            modes.take(at(s), Fraction::ALL, Mode::Full, false);
        });
        assert_eq!(modes.take(at(70), Fraction::new(0.60), Mode::Full, false), Mode::Full);
        assert_eq!(modes.take(at(71), Fraction::new(0.59), Mode::Full, false), Mode::Normal);
        assert!((72..200).all(|s| modes.take(at(s), Fraction::new(0.74), Mode::Full, false) == Mode::Normal));
        assert_eq!(modes.take(at(200), Fraction::new(0.26), Mode::Full, false), Mode::Normal);
        assert_eq!(
            modes.take(at(201), Fraction::TRICKLE, Mode::Full, false),
            Mode::Trickle,
            "work limited to a trickle is in Trickle from above too"
        );
        assert_eq!(modes.take(at(202), Fraction::new(0.02), Mode::Full, false), Mode::Trickle);
        assert_eq!(modes.take(at(203), Fraction::new(0.01), Mode::Full, false), Mode::Off);
    }

    #[test]
    fn a_trickle_is_one_worker_on_every_device() {
        for (cores, share) in [(1, 0.25), (2, 0.25), (4, 0.25), (8, 0.125), (64, 1.0 / 64.0)] {
            assert_eq!(Mode::Trickle.ceiling(cores), Fraction::new(share));
            assert_eq!(Mode::Trickle.ceiling(cores).cores(cores), 1);
        }
    }

    /// The seconds at which the mode changes while conditions come and go, and whether it was held.
    fn seen(conditions: impl Fn(u64) -> Fraction, seconds: u64) -> (Vec<u64>, bool) {
        let (mut modes, mut seen, mut last, mut held) = (Modes::default(), Vec::new(), Mode::Off, false);
        for second in 0..seconds {
            let mode = modes.take(at(second), conditions(second), Mode::Full, false);
            held |= modes.flaps();
            if mode != last {
                seen.push(second);
            }
            last = mode;
        }
        (seen, held)
    }

    #[test]
    fn there_are_at_most_six_changes_in_ten_minutes_and_then_the_mode_is_held() {
        for (good, bad) in [(60, 10), (30, 5), (100, 31), (31, 31)] {
            let all_or_none = |s: u64| if s % (good + bad) < good { Fraction::ALL } else { Fraction::NONE };
            let (seen, held) = seen(all_or_none, 7200);
            let most = seen.iter().map(|from| seen.iter().filter(|at| (*from..from + 600).contains(at)).count()).max();
            assert!(most.is_some_and(|most| (4..=6).contains(&most)), "{good} and {bad} s: {most:?} changes, {seen:?}");
            assert!(held, "{good} and {bad} s: it is held low");
        }
    }

    #[test]
    fn in_a_hurry_it_rises_with_each_sample_and_falls_as_always() {
        let mut modes = Modes::default();
        let climb: Vec<Mode> = (0..3).map(|s| modes.take(at(s), Fraction::ALL, Mode::Full, true)).collect();
        assert_eq!(climb, [Mode::Trickle, Mode::Normal, Mode::Full]);
        assert_eq!(modes.take(at(3), Fraction::NONE, Mode::Full, true), Mode::Off);
    }

    #[test]
    fn a_pause_and_its_end_are_not_flapping() {
        let mut modes = Modes::default();
        for round in 0..10 {
            let from = round * 100;
            (from..from + 62).for_each(|s| _ = modes.take(at(s), Fraction::ALL, Mode::Full, false));
            assert_eq!((modes.mode(), modes.flaps()), (Mode::Full, false), "after {round} pauses");
            modes.stop(at(from + 65));
            assert_eq!(modes.mode(), Mode::Off);
        }
    }
}
