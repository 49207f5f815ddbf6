//! The answers of `GET /v1/document` and `GET /v1/cid`.

use super::text;
use crate::worker::retrieve::document::DocumentPart;
use serde::{Deserialize, Serialize};

/// A part of a document's text, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentText {
    /// The document's path.
    pub path: String,
    /// Passages, in the order of the text.
    pub passages: Vec<Passage>,
    /// The number of the first of them, counted from 0.
    pub from: usize,
    /// How many the document has.
    pub of: usize,
    /// The number of the first one that follows; null at the end.
    pub next: Option<usize>,
}

/// The documents whose path ends as was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPaths {
    /// Their paths, in order; one that is not UTF-8 as a `file` URI, as calls take it.
    pub paths: Vec<String>,
    /// Whether there are or may be more.
    pub more: bool,
}

/// The names of a public document's blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentCids {
    /// The document's path.
    pub path: String,
    /// The CID of its file; null if that cannot be read just now, is not what was read, or was not looked at for secrets yet.
    pub cid: Option<String>,
    /// Bytes of that file.
    pub bytes: Option<u64>,
    /// The CIDs of its passages, in the order of the text; none if there is no room for them.
    pub passages: Vec<String>,
}

/// One passage of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Headings above it, outermost first, joined by " > "; empty if there are none.
    pub heading: String,
    /// Its exact text.
    pub text: String,
}

impl DocumentText {
    /// This part of the document at `path`.
    #[must_use]
    pub fn new(path: &[u8], part: DocumentPart) -> Self {
        let passages = part.passages.into_iter().map(|one| Passage { heading: one.heading, text: one.text }).collect();
        Self { path: text(path), passages, from: part.from, of: part.of, next: part.next }
    }
}
