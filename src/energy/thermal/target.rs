//! The temperature that the controller aims at, and how throttling lowers it.

/// Degrees that the target falls with each throttling, once per hold.
const THROTTLED_DEGREES: f64 = 2.0;
/// Degrees that it may fall in all: a board whose limit is wrong by more needs its owner.
pub(super) const LOWERED_MAX: f64 = 20.0;
/// Degrees a second that it rises again: 1 in ten minutes.
const RECOVER: f64 = 1.0 / 600.0;
/// Degrees below the fan's first trip point that keep the fan off.
const BELOW_FAN: f64 = 3.0;

/// What the owner chose.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Degrees between the target and the limit, 3 to 10.
    pub margin: f64,
    /// Stay below the first trip point of the fan.
    pub silent: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { margin: 4.0, silent: false }
    }
}

/// The limit and the target in degrees.
#[derive(Clone, Debug)]
pub(super) struct Target {
    settings: Settings,
    limit: f64,
    target: f64,
    /// The target is the one that keeps the fan off.
    for_silence: bool,
    lowered: f64,
}

impl Target {
    pub(super) fn new(limit: f64, fan_trip: Option<f64>, settings: Settings) -> Self {
        let (target, for_silence) = target_of(limit, fan_trip, settings);
        Self { settings, limit, target, for_silence, lowered: 0.0 }
    }

    /// Another limit or fan was found; what throttling took off stays.
    pub(super) fn set_limit(&mut self, limit: f64, fan_trip: Option<f64>) {
        *self = Self { lowered: self.lowered, ..Self::new(limit, fan_trip, self.settings) };
    }

    pub(super) const fn limit(&self) -> f64 {
        self.limit
    }

    /// The target, as lowered by throttling.
    pub(super) fn degrees(&self) -> f64 {
        self.target - self.lowered
    }

    pub(super) const fn is_for_silence(&self) -> bool {
        self.for_silence
    }

    /// The board throttled although it was at the target: the target is too high.
    pub(super) fn lower(&mut self) {
        self.lowered = (self.lowered + THROTTLED_DEGREES).min(LOWERED_MAX);
    }

    /// So many seconds passed with a sensor that answers.
    pub(super) fn recover(&mut self, seconds: f64) {
        self.lowered = (self.lowered - RECOVER * seconds).max(0.0);
    }
}

/// The target in degrees, and whether it is the one that keeps the fan off.
fn target_of(limit: f64, fan_trip: Option<f64>, settings: Settings) -> (f64, bool) {
    let target = limit - settings.margin.clamp(3.0, 10.0);
    let quiet = fan_trip.filter(|_| settings.silent).map(|trip| trip - BELOW_FAN).filter(|quiet| *quiet < target);
    (quiet.unwrap_or(target), quiet.is_some())
}
