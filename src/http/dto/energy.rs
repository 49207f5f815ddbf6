//! The answer of `GET /v1/energy/hint`.

use crate::base::level::Energy;
use crate::runtime::governor::GovernorDetails;
use serde::{Deserialize, Serialize};

/// How plentiful energy is, by the hint or the hours that hold. The fields are those of `GET /v1/energy`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyNow {
    /// How much energy there is.
    pub energy: Energy,
    /// Where that was learned from.
    pub energy_source: Option<String>,
}

impl From<GovernorDetails> for EnergyNow {
    fn from(details: GovernorDetails) -> Self {
        let GovernorDetails { energy, energy_source, .. } = details;
        Self { energy, energy_source }
    }
}
