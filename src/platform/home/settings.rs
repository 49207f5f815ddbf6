//! The owner's settings (config.toml): read when an agent starts and by `wattle doctor`; written into where a command is
//! to be remembered.

use super::user::user_home;
use super::{durable, lock};
use crate::config::{self, Config, Setting};
use crate::limits::CONFIG_BYTES_MAX;
use crate::platform::regular;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// One writer at a time within this program, and by `lock::of_writers` of all programs: each reads the file, changes its text and replaces it.
static WRITER: Mutex<()> = Mutex::new(());

/// What the owner wrote; `None` where there is no file.
///
/// # Errors
/// One sentence: what is wrong, where, and what to do.
pub(super) fn read(path: &Path) -> Result<Option<Config>, String> {
    let unread = |error: std::io::Error| {
        format!("{} cannot be read: {error}. Mend or remove it, then start again.", path.display())
    };
    let Some(text) = text(path).map_err(unread)? else { return Ok(None) };
    Config::parse(&text).map(Some).map_err(|error| {
        format!("{} is wrong and nothing of it is used: {error}. Mend it, then start again.", path.display())
    })
}

/// Writes settings into the file and leaves the rest of it as it is; a link to it stays a link. A file that has them all
/// already is not written.
///
/// # Errors
/// One sentence: why not; the file is as it was.
pub(super) fn remember(path: &Path, settings: &[Setting]) -> Result<(), String> {
    let _writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = |why: &dyn std::fmt::Display| format!("It is not written into {}: {why}.", path.display());
    let _others = lock::of_writers(path).map_err(|why| failed(&why))?;
    let before = text(path).map_err(|error| failed(&error))?.unwrap_or_default();
    let home = user_home();
    let home = home.as_deref().and_then(Path::to_str);
    let after = config::edit(&before, home, settings).map_err(|error| failed(&error))?;
    if after == before {
        return Ok(());
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&target).map(|meta| meta.permissions());
    durable::write(&target, after.as_bytes()).map_err(|error| failed(&error))?;
    if let Ok(mode) = mode {
        // Best effort: the settings are on the disk, and 0600 is the stricter mode.
        let _ = fs::set_permissions(&target, mode);
    }
    Ok(())
}

fn text(path: &Path) -> std::io::Result<Option<String>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn settings_are_written_through_a_link_and_keep_the_mode_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("dotfiles.toml"), folder.path().join("config.toml"));
        fs::write(&file, "# mine\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        remember(&link, &[Setting::Name("attic".to_owned())]).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(&file).unwrap().contains("# mine"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(read(&link).unwrap().unwrap().node.name.as_deref(), Some("attic"));
    }

    #[test]
    fn a_file_that_is_wrong_or_a_folder_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "[node]\nnam = 1\n").unwrap();
        let why = remember(&path, &[Setting::Multicast(true)]).unwrap_err();
        assert!(why.contains("line 2") && why.contains("config.toml"), "{why}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "[node]\nnam = 1\n");
        assert!(remember(folder.path(), &[Setting::Multicast(true)]).is_err());
    }
}
