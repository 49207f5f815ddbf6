//! The parts of the answer of `GET /v1/doctor`.

use super::Files;
use serde::{Deserialize, Serialize};

/// A sample of the files on the disk, held against the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSample {
    /// Different files that were looked at, those that are gone among them.
    pub looked: u64,
    /// Those that the index does not have as they are: new, changed or gone, and not noticed.
    pub different: u64,
    /// The paths of some of them.
    pub examples: Vec<String>,
    /// Files that are gone and about which the agent knows: its owner is asked, or their documents are being removed.
    #[serde(default)]
    pub undecided: u64,
}

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    /// Its path.
    pub path: String,
    /// One plain sentence.
    pub reason: String,
}

/// A store's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Files by state.
    pub files: Files,
    /// Chunks of all files.
    pub chunks: u64,
    /// Chunks that have their vector.
    pub vectors: u64,
}
