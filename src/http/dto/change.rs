//! The answers of calls that change something.

use crate::base::id::Ring;
use serde::{Deserialize, Serialize};

/// The answer of `POST /v1/add`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The path as the agent watches it: absolute and without links.
    #[serde(rename = "added")]
    pub path: String,
    /// The collection that its documents join; left out if the agent was stopping and could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// Who may see them: the ring of that collection. Left out with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<Ring>,
    /// The watched folder that it is a part of; left out if it is watched by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Whether it was watched before, by itself. Left out if it was not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already: bool,
    /// Places in it that were watched by themselves, and are a part of it from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Why config.toml does not say so yet, if it could not be written: that is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
}

impl Added {
    /// What was done, and who can search it from now on.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { path, collection, ring, within, .. } = self;
        let done = match within {
            Some(folder) => format!("{path} is a part of {folder}, which the agent watches already"),
            None if self.already => format!("The agent watches {path} already"),
            None => format!("The agent watches {path} from now on"),
        };
        match (collection, ring) {
            (Some(collection), Some(ring)) => format!("{done}, in the collection {collection}, {}.", ring.reach()),
            _ => format!("{done}."),
        }
    }
}

/// The answer of `POST /v1/collection`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regrouped {
    /// The collection's name from now on.
    pub name: String,
    /// Who may see it from now on; null if its folders have several rings, or if that was not said and the agent was stopping.
    pub ring: Option<Ring>,
    /// How many watched places it has; left out if the agent was stopping and could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<usize>,
    /// Why config.toml does not say so yet, if it could not be written: that is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
}
