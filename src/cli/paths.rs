//! Paths as they are typed, made whole: relative to where the command is typed, with `~` as the user's home.

use super::output::Stop;
use super::words;
use std::path::{Path, PathBuf};

/// An absolute path as JSON carries it.
pub(super) fn sendable(path: &Path) -> Result<String, Stop> {
    absolute(path)?.into_os_string().into_string().map_err(|path| {
        Stop::NotDone(format!(
            "The path {} is not UTF-8 and cannot be sent to a running agent. Give it to `wattle up` instead.",
            path.display()
        ))
    })
}

/// The path from the root on.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Stop> {
    let path = words::expanded(path).map_err(Stop::NotDone)?;
    std::path::absolute(&path)
        .map_err(|error| Stop::NotDone(format!("The path {} is not usable: {error}.", path.display())))
}
