//! How much energy there is, as one machine says and others read.

use serde::{Deserialize, Serialize};

/// How much energy a device or a home has, the least first. The agents of one host tell each other the number of the
/// variant, so the order is frozen; what other devices are told has its own numbers (`wire::item`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Energy {
    /// Dear, dirty or little: it should be spared.
    Scarce,
    /// Nobody says: as normal.
    #[default]
    Unknown,
    /// As always.
    Normal,
    /// More than is needed: it would be lost otherwise.
    Surplus,
}

impl Energy {
    /// The word that people read.
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
