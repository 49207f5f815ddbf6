//! Where the user's files are, by the environment.

use std::path::PathBuf;

/// The user's home folder.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "`~` stands for what the environment names")]
pub fn user_home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// `$XDG_DATA_HOME/wattle`, else `~/.local/share/wattle`.
///
/// # Errors
/// Neither variable is set to an absolute path.
pub fn default_home() -> Result<PathBuf, String> {
    #[expect(clippy::disallowed_methods, reason = "the XDG base directory specification is about the environment")]
    let var = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = var("XDG_DATA_HOME").or_else(|| Some(var("HOME")?.join(".local/share")));
    let data = data.ok_or("Neither XDG_DATA_HOME nor HOME says where data lives. Give a folder with --home.")?;
    Ok(data.join("wattle"))
}
