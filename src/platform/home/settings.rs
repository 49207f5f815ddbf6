//! The owner's settings (config.toml), read when an agent starts and by `wattle doctor`. No agent writes them.

use crate::config::Config;
use crate::limits::CONFIG_BYTES_MAX;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// What the owner wrote; `None` where there is no file.
///
/// # Errors
/// One sentence: what is wrong, where, and what to do.
pub(super) fn read(path: &Path) -> Result<Option<Config>, String> {
    let unread = |error: std::io::Error| {
        format!("{} cannot be read: {error}. Correct or remove it, then start again.", path.display())
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unread(error)),
    };
    let mut text = String::new();
    // One byte more than is accepted shows that it is too long.
    file.take(CONFIG_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(unread)?;
    Config::parse(&text).map(Some).map_err(|error| {
        format!("{} is wrong and nothing of it is used: {error}. Correct it, then start again.", path.display())
    })
}
