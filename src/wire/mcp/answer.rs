//! The id of a request, and the answer that repeats it.

use crate::limits::MCP_ID_BYTES_MAX;
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// The id of a request: the JSON of a number or a string, letter for letter. A program knows its answers by it, and JSON's numbers have no largest one: read
/// as one of ours, 2^64 and 1.10 would come back as others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(String);

/// Why this is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadId {
    /// It is neither a number nor a string.
    Kind,
    /// It has more than `MCP_ID_BYTES_MAX` bytes.
    Length,
}

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind => f.write_str("The id of a request is a number or a string."),
            Self::Length => write!(f, "The id of a request is too long: it has at most {MCP_ID_BYTES_MAX} bytes."),
        }
    }
}

impl std::error::Error for BadId {}

impl TryFrom<&RawValue> for Id {
    type Error = BadId;

    fn try_from(json: &RawValue) -> Result<Self, BadId> {
        let json = json.get();
        if !json.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit()) {
            return Err(BadId::Kind);
        }
        if json.len() > MCP_ID_BYTES_MAX {
            return Err(BadId::Length);
        }
        Ok(Self(json.to_owned()))
    }
}

impl Id {
    /// Its JSON, as it came.
    #[must_use]
    pub const fn json(&self) -> &str {
        self.0.as_str()
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// An answer: with a result, or with an error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    jsonrpc: &'static str,
    id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

impl Answer {
    /// That a request was carried out.
    #[must_use]
    pub fn done(id: &Id, result: Value) -> Self {
        Self { jsonrpc: "2.0", id: Some(id.clone()), result: Some(result), error: None }
    }

    /// That it was not. `None`: its id could not be read.
    #[must_use]
    pub fn not_done(id: Option<&Id>, error: Value) -> Self {
        Self { jsonrpc: "2.0", id: id.cloned(), result: None, error: Some(error) }
    }

    /// What came of it.
    #[must_use]
    pub const fn result(&self) -> Option<&Value> {
        self.result.as_ref()
    }

    /// Why nothing did.
    #[must_use]
    pub const fn error(&self) -> Option<&Value> {
        self.error.as_ref()
    }

    /// The id that it repeats.
    #[must_use]
    pub const fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }
}

impl fmt::Display for Answer {
    /// On one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}
