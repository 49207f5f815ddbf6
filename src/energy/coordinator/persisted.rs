//! What is saved for the next start of an agent: the contents of its `energy.json`.

use crate::energy::accounting::ledger::Ledger;
use crate::energy::accounting::meter::Model;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::governor::Learned;
use crate::energy::policy::pause::PersistedPause;
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
