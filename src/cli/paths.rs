//! Paths as they are typed, made whole: relative to where the command is typed, with `~` as the user's home.

use super::output::Stop;
use super::words;
use crate::http::query::sendable_path;
use std::path::{Path, PathBuf};

/// An absolute path as JSON carries it: one that is not UTF-8 as a `file` URI.
pub(super) fn sendable(path: &Path) -> Result<String, Stop> {
    absolute(path).map(sendable_path)
}

/// The path from the root on.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Stop> {
    let path = words::expanded(path).map_err(Stop::NotDone)?;
    std::path::absolute(&path)
        .map_err(|error| Stop::NotDone(format!("The path {} is not usable: {error}.", path.display())))
}
