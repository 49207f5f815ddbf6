//! What is told of an update that was left alone, until the next start of the board.

use super::system::System;
use crate::limits::UPDATE_TROUBLE_BYTES_MAX;
use crate::platform::home::durable;
use crate::platform::regular;
use std::fs;
use std::io::Result;
use std::path::PathBuf;

const NAME: &str = "update-left";

/// What was told of the last one; `None`: none was left alone since the start, or one was taken since.
#[must_use]
pub fn left_alone(system: &System) -> Option<String> {
    let bytes = regular::read(&place(system), UPDATE_TROUBLE_BYTES_MAX).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Keeps it.
///
/// # Errors
/// The system's.
pub(super) fn note(system: &System, what: &str) -> Result<()> {
    fs::create_dir_all(system.run())?;
    durable::write(&place(system), what.as_bytes())
}

/// Forgets it.
///
/// # Errors
/// The system's.
pub(super) fn forget(system: &System) -> Result<()> {
    durable::remove(&place(system))
}

fn place(system: &System) -> PathBuf {
    system.run().join(NAME)
}
