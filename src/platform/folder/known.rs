//! What a step of a listing begins with, and what it leaves for the next one and for its caller besides the files.

use crate::store::record::{FileStamp, Source};
use crate::store::roots::Root;
use std::path::PathBuf;

/// A folder that a step of a scan did not finish. The next step goes on with the same names; to read and sort them once
/// more in each step would cost the square of their number.
#[derive(Debug)]
pub(super) struct OpenFolder {
    pub(super) path: Vec<u8>,
    /// The folder's stamp before its names were read: each name that comes or goes changes it.
    pub(super) stamp: FileStamp,
    pub(super) names: Vec<Vec<u8>>,
    /// What in it files of patterns left out.
    pub(super) ignored: Vec<Vec<u8>>,
}

/// What a step knows before it begins.
pub(super) struct Known {
    /// The agent's own folder.
    pub(super) home: PathBuf,
    /// All places that are watched, but for those that do not answer.
    pub(super) watched: Vec<Source>,
    /// Those within the source: they are read whatever their names are.
    pub(super) named: Vec<Vec<u8>>,
    /// The places that do not answer.
    pub(super) silent: Vec<Vec<u8>>,
    /// Folders that the step before left open.
    pub(super) open: Vec<OpenFolder>,
    /// What is known of the private places, if the source is none.
    pub(super) private: Vec<Root>,
}

/// What a step found besides.
#[derive(Default)]
pub(super) struct Noted {
    /// Folders that lie too deep.
    pub(super) deep: Vec<Vec<u8>>,
    /// Private places that have come into the source: where they lie, and the path by which they are watched.
    pub(super) moved: Vec<(Vec<u8>, Vec<u8>)>,
}
