//! The answers of calls that change something.

use serde::{Deserialize, Serialize};

/// The answer of `POST /v1/add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The path as the agent watches it: absolute and without links.
    #[serde(rename = "added")]
    pub path: String,
    /// Why the next start will not know of it, if config.toml could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
}
