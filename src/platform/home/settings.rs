//! The owner's settings (config.toml): read when an agent starts and by `wattle doctor`; written into where a command is
//! to be remembered.

use super::user::user_home;
use super::{lock, settings_copy, settings_file};
use crate::config::{self, Config, Setting};
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
        let then = if settings_copy::kept(path).is_some() {
            "Mend it, or remove it alone, and leave config.copy beside it: the next start brings that copy back."
        } else {
            "Mend it. There is no copy of it that can be used: without the file the next start has the defaults."
        };
        format!("{} cannot be read: {error}. {then}", path.display())
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
    settings_file::put(path, after.as_bytes()).map_err(|error| failed(&error))?;
    settings_copy::keep(path, &after);
    Ok(())
}

/// The settings: those of the file, or of its copy where the file is gone or empty, as the next start mends it.
fn text(path: &Path) -> std::io::Result<Option<String>> {
    let text = settings_file::text(path)?;
    if text.as_deref().is_none_or(settings_copy::is_blank)
        && let Some(copy) = settings_copy::kept(path)
    {
        return Ok(Some(copy));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
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
    fn who_cannot_read_the_settings_is_not_told_to_remove_their_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, b"[node]\nname = \"\xff\xfe\"\n").unwrap();
        let why = read(&path).unwrap_err();
        assert!(why.contains("There is no copy of it") && !why.contains("brings that copy back"), "{why}");
        settings_copy::keep(&path, "[node]\nname = \"attic\"\n");
        let why = read(&path).unwrap_err();
        assert!(why.contains("remove it alone") && why.contains("the next start brings that copy back"), "{why}");
        // As it says.
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().node.name.as_deref(), Some("attic"));
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
