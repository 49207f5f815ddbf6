//! Which model the documents of a collection are embedded with, where that is not the home's, or its owner said so.

use crate::base::id::Fingerprint;
use serde::{Deserialize, Serialize};

/// A model by its name and its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedModel {
    /// The name in its manifest, for people.
    pub name: String,
    /// Which it is.
    pub fingerprint: Fingerprint,
}

/// The setting of one collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionModel {
    /// The collection's name.
    pub collection: String,
    /// How many times the setting has changed.
    pub version: u32,
    /// The model.
    pub model: NamedModel,
    /// The one before, to which the owner may go back.
    pub before: Option<NamedModel>,
    /// The language, in English, for which it was chosen; `None`: its owner chose it.
    pub language: Option<String>,
}
