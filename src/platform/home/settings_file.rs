//! The file config.toml by itself: its text, and another one in its place.

use super::durable;
use crate::limits::CONFIG_BYTES_MAX;
use crate::platform::regular;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Result};
use std::path::Path;

/// What the file holds; `None` where there is none. Of a longer one a byte more than is accepted.
///
/// # Errors
/// The system's, or that it is no text, or no regular file.
pub(super) fn text(path: &Path) -> Result<Option<String>> {
    let file = match regular::open(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    // One byte more than is accepted shows that it is too long.
    file.take(CONFIG_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Puts other settings into the place of those that are there, or into that of what a link leads to; the file keeps its mode.
///
/// # Errors
/// The system's; the file is as it was.
pub(super) fn put(path: &Path, settings: &[u8]) -> Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&target).map(|meta| meta.permissions());
    durable::write(&target, settings)?;
    if let Ok(mode) = mode {
        // Best effort: the settings are on the disk, and 0600 is the stricter mode.
        let _ = fs::set_permissions(&target, mode);
    }
    Ok(())
}
