//! What is saved for the next start of an agent: the contents of its `energy.json`.

use crate::base::time::{Duration, Instant};
use crate::energy::accounting::ledger::Ledger;
use crate::energy::accounting::meter::Model;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::governor::Learned;
use crate::energy::policy::pause::PersistedPause;
use crate::energy::policy::wall::Wall;
use serde::{Deserialize, Serialize};

/// The saved state. Its fields are named as in the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersistedState {
    /// The version of the format.
    pub v: u32,
    /// What the governor learned.
    pub learned: Option<Learned>,
    /// The pause that holds.
    pub pause: Option<PersistedPause>,
    /// What is left of an order for work, `wattle work now`.
    #[serde(default)]
    pub burst: Option<PersistedBurst>,
    /// The version of the newest pause, or end of one (`PauseVersion::number`).
    #[serde(default)]
    pub said: u64,
    /// Milliseconds that the work has waited.
    pub waited_ms: u64,
    /// Watts, as calibrated on this device.
    pub calibration: Option<Calibration>,
    /// Joules of the last days.
    pub ledger: Ledger,
}

impl PersistedState {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;
}

/// An order for work as it is stored over a restart of the agent. It is kept only where its end is certain: an order that holds for longer than its owner
/// said would spend what they did not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersistedBurst {
    /// When it ends, in milliseconds since the system started.
    pub until_ms: u64,
    /// Names that start of the system, where it is known.
    pub boot: Option<String>,
    /// The same end in seconds since 1970, where the time was known.
    pub until: Option<i64>,
}

/// What is left of a stored order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOfBurst {
    /// So much.
    Time(Duration),
    /// Nothing: its time is over.
    Over,
    /// Nobody knows: the system started anew meanwhile, and the clock is not known to be right, or was not.
    Unknown,
}

impl PersistedBurst {
    /// The form to be stored.
    #[must_use]
    pub fn new(now: Instant, until: Instant, boot: Option<String>, wall: Option<Wall>) -> Self {
        let left = i64::try_from(until.since(now).as_secs()).unwrap_or(i64::MAX);
        Self { until_ms: until.millis(), boot, until: wall.map(|wall| wall.0.saturating_add(left)) }
    }

    /// What is left of it, in the start of the system with this name.
    #[must_use]
    pub fn left(&self, now: Instant, boot: Option<&str>, wall: Option<Wall>) -> LeftOfBurst {
        let left = if boot.is_some() && self.boot.as_deref() == boot {
            Instant::from_millis(self.until_ms).since(now)
        } else {
            let Some((until, wall)) = self.until.zip(wall) else { return LeftOfBurst::Unknown };
            Duration::from_secs(u64::try_from(until.saturating_sub(wall.0)).unwrap_or(0))
        };
        if left.is_zero() { LeftOfBurst::Over } else { LeftOfBurst::Time(left) }
    }
}

/// What `wattle energy calibrate` measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Watts of the device without our work.
    pub idle_watts: f64,
    /// Watts of one busy core above that.
    pub core_watts: f64,
    /// What part of the device both are of. Older files do not say it; they were used as watts of the whole board.
    #[serde(default = "whole_board")]
    pub scope: Scope,
}

const fn whole_board() -> Scope {
    Scope::BoardInput
}

impl Calibration {
    /// The model that estimates joules with these watts.
    #[must_use]
    pub const fn model(self) -> Model {
        Model { method: Method::ModelCalibrated, scope: self.scope, core_watts: self.core_watts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn an_order_for_work_is_kept_only_where_its_end_is_certain() {
        let boot = |name: &str| Some(name.to_owned());
        let kept = PersistedBurst::new(at(100), at(700), boot("a"), Some(Wall(50_000)));
        assert_eq!(
            kept.left(at(130), Some("a"), None),
            LeftOfBurst::Time(Duration::from_secs(570)),
            "no clock is needed"
        );
        assert_eq!(kept.left(at(700), Some("a"), None), LeftOfBurst::Over);
        assert_eq!(kept.left(at(5), Some("b"), Some(Wall(50_400))), LeftOfBurst::Time(Duration::from_secs(200)));
        assert_eq!(kept.left(at(5), Some("b"), Some(Wall(50_600))), LeftOfBurst::Over);
        assert_eq!(
            kept.left(at(5), Some("b"), None),
            LeftOfBurst::Unknown,
            "a board without a clock that started anew"
        );
        let clockless = PersistedBurst::new(at(100), at(700), None, None);
        assert_eq!(clockless.left(at(130), None, Some(Wall(50_000))), LeftOfBurst::Unknown);
    }
}
