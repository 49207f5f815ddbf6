//! The file of an invite on a card: found, read, written, and wiped when it has let a device in.

use super::regular;
use crate::limits::INVITE_FILE_BYTES_MAX;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where a running system has the boot partition of its card: Raspberry Pi OS since Debian 12, and most others.
const BOOT: [&str; 2] = ["/boot/firmware", "/boot"];

/// The file in that folder.
const NAME: &str = "wattle/invite.toml";

/// The invite in the first of these folders that has one; without folders in the boot partition.
#[must_use]
pub fn find(folders: &[PathBuf]) -> Option<PathBuf> {
    let usual = BOOT.iter().map(PathBuf::from).filter(|_| folders.is_empty());
    folders.iter().cloned().chain(usual).map(|folder| folder.join(NAME)).find(|file| file.is_file())
}

/// Reads an invite.
///
/// # Errors
/// One sentence: why not.
pub fn read(file: &Path) -> Result<Zeroizing<String>, String> {
    let unreadable = |why: &str| format!("The invite {} cannot be read: {why}.", file.display());
    let opened = regular::open(file, OpenOptions::new().read(true)).map_err(|error| unreadable(&error.to_string()))?;
    let mut text = Zeroizing::new(String::new());
    let cap = INVITE_FILE_BYTES_MAX as u64 + 1;
    opened.take(cap).read_to_string(&mut text).map_err(|error| unreadable(&error.to_string()))?;
    if text.len() > INVITE_FILE_BYTES_MAX { Err(unreadable("it is too long for one")) } else { Ok(text) }
}

/// Writes an invite below a folder, in place of an earlier one; where it is.
///
/// # Errors
/// One sentence: why not.
pub fn write(folder: &Path, text: &str) -> Result<PathBuf, String> {
    let file = folder.join(NAME);
    let write = || {
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut open = OpenOptions::new();
        // A FAT partition knows no modes; elsewhere the secret is its owner's alone.
        let mut opened = open.create(true).truncate(true).write(true).mode(0o600).open(&file)?;
        // A file that was there keeps its mode.
        let _ = opened.set_permissions(Permissions::from_mode(0o600));
        opened.write_all(text.as_bytes())?;
        opened.sync_all()
    };
    match write() {
        Ok(()) => Ok(file),
        Err(error) => Err(format!("The invite cannot be written to {}: {error}.", file.display())),
    }
}

/// Overwrites an invite that was used, and deletes it. A flash card may keep the old bytes all the same: what protects is that the
/// invite is used up.
///
/// # Errors
/// One sentence: why not. The invite is used up all the same.
pub fn wipe(file: &Path) -> Result<(), String> {
    let wipe = || {
        let length = fs::metadata(file)?.len().min(INVITE_FILE_BYTES_MAX as u64);
        let mut opened = OpenOptions::new().write(true).open(file)?;
        opened.write_all(&vec![b'\n'; usize::try_from(length).unwrap_or(INVITE_FILE_BYTES_MAX)])?;
        opened.sync_all()?;
        fs::remove_file(file)
    };
    match wipe() {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!(
            "The invite {} was used and cannot be deleted: {error}. It lets nobody in any more.",
            file.display()
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_is_found_where_it_was_written_and_gone_when_it_was_used() {
        let (card, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = [other.path().to_owned(), card.path().to_owned()];
        assert_eq!(find(&folders), None);
        let file = write(card.path(), "an invite, at length").unwrap();
        let file = write(card.path(), "an invite").map(|again| (again == file).then_some(again)).unwrap().unwrap();
        assert_eq!(find(&folders), Some(file.clone()));
        assert_eq!(*read(&file).unwrap(), "an invite");
        wipe(&file).unwrap();
        assert_eq!((find(&folders), wipe(&file)), (None, Ok(())));
        fs::write(&file, vec![b'x'; INVITE_FILE_BYTES_MAX + 1]).unwrap();
        assert!(read(&file).unwrap_err().contains("too long"));
    }

    #[test]
    fn an_invite_is_its_owners_alone_also_in_place_of_a_file_that_everybody_could_read() {
        let card = tempfile::tempdir().unwrap();
        let file = write(card.path(), "an invite").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        write(card.path(), "another invite").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
