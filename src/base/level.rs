//! How plentiful energy is, as `energy` decides it and others read it.

use serde::{Deserialize, Serialize};

/// How plentiful the energy of a device or a home is, the least first. The agents of one host send each other the
/// number of the variant, so the order is frozen; gossip items have their own numbering (`wire::gossip`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Energy {
    /// Expensive, carbon-intensive or short: it should be saved.
    Scarce,
    /// No source is configured or answers: treated as normal.
    #[default]
    Unknown,
    /// The usual state.
    Normal,
    /// More than is needed, which would be lost otherwise.
    Surplus,
}

impl Energy {
    /// The name that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scarce => "scarce",
            Self::Unknown => "unknown",
            Self::Normal => "normal",
            Self::Surplus => "surplus",
        }
    }
}
