//! The answers of calls that change something.

use crate::base::id::Ring;
use serde::{Deserialize, Serialize};

/// The answer of `POST /v1/add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The path as the agent watches it: absolute and without links.
    #[serde(rename = "added")]
    pub path: String,
    /// Places in it that were watched by themselves, and are a part of it from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Why the next start will not know of it, if config.toml could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
}

/// The answer of `POST /v1/collection`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regrouped {
    /// The collection's name from now on.
    pub name: String,
    /// Who may see it from now on.
    pub ring: Ring,
    /// How many watched places it has.
    pub places: usize,
    /// Why the next start will not know of it, if config.toml could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
}
