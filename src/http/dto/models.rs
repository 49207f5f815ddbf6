//! The answer of `GET /v1/collection/models`.

use serde::{Deserialize, Serialize};

/// A model whose files this agent has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelHere {
    /// Its name, by which a collection is given it.
    pub name: String,
    /// Whether it knows many languages; else it knows English.
    pub many_languages: bool,
    /// Whether it is the home's, which a collection has that was given none.
    pub home: bool,
}

/// The models that a collection may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelsHere {
    /// The home's first.
    pub models: Vec<ModelHere>,
    /// The folder into which further ones belong, each in a folder of its own.
    pub folder: String,
}
