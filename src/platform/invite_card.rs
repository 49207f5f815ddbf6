//! The file of an invite on a card: found, read, written, and wiped when it has let a device in.

use super::home::durable;
use super::regular;
use crate::limits::INVITE_FILE_BYTES_MAX;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where a running system has the boot partition of its card: Raspberry Pi OS since Debian 12, and most others.
const BOOT: [&str; 2] = ["/boot/firmware", "/boot"];

/// The file in that folder.
const NAME: &str = "wattle/invite.toml";

/// What is written to see whether the card takes an invite.
const NAME_BESIDE: &str = "wattle/invite.try";

/// The invite in the first of these folders that has one; without folders in the boot partition.
#[must_use]
pub fn find(folders: &[PathBuf]) -> Option<PathBuf> {
    let usual = BOOT.iter().map(PathBuf::from).filter(|_| folders.is_empty());
    folders.iter().cloned().chain(usual).map(|folder| folder.join(NAME)).find(|file| file.is_file())
}

/// The file of an invite that was named: the file itself, or the folder of a card, as `wattle invite --file` names it.
#[must_use]
pub fn named(place: &Path) -> PathBuf {
    if place.is_dir() { place.join(NAME) } else { place.to_owned() }
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

/// Whether an invite could be written below a folder: writes as many bytes as one may have beside it, and deletes them. An earlier invite
/// stays as it is.
///
/// # Errors
/// One sentence: why not.
pub fn try_to_write(folder: &Path) -> Result<(), String> {
    let (file, beside) = (folder.join(NAME), folder.join(NAME_BESIDE));
    // What is written beside it and takes its place cannot take that of a folder.
    let in_the_way = [file.with_extension("new"), file].into_iter().find(|place| place.is_dir());
    if let Some(place) = in_the_way {
        return Err(format!(
            "No invite can be written to {}: {} is a folder. Nothing was changed.",
            folder.display(),
            place.display()
        ));
    }
    let tried = made(&beside).and_then(|()| durable::write(&beside, &[b'\n'; INVITE_FILE_BYTES_MAX]));
    let deleted = durable::remove(&beside);
    tried
        .and(deleted)
        .map_err(|error| format!("No invite can be written to {}: {error}. Nothing was changed.", folder.display()))
}

/// Writes an invite below a folder, in place of an earlier one, of which either all or nothing is replaced; where it is.
///
/// # Errors
/// One sentence: why not.
pub fn write(folder: &Path, text: &str) -> Result<PathBuf, String> {
    let file = folder.join(NAME);
    match made(&file).and_then(|()| durable::write(&file, text.as_bytes())) {
        Ok(()) => Ok(file),
        Err(error) => {
            // A part of the secret may stand in what a full card has taken.
            let _ = durable::remove(&file.with_extension("new"));
            Err(format!("The invite cannot be written to {}: {error}.", file.display()))
        }
    }
}

/// Makes the folder of a file.
fn made(file: &Path) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), fs::create_dir_all)
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
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_invite_is_found_where_it_was_written_and_gone_when_it_was_used() {
        let (card, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = [other.path().to_owned(), card.path().to_owned()];
        assert_eq!(find(&folders), None);
        let file = write(card.path(), "an invite, at length").unwrap();
        let file = write(card.path(), "an invite").map(|again| (again == file).then_some(again)).unwrap().unwrap();
        assert_eq!(find(&folders), Some(file.clone()));
        assert_eq!((named(card.path()), named(&file)), (file.clone(), file.clone()), "what wrote it names the folder");
        assert_eq!(*read(&file).unwrap(), "an invite");
        wipe(&file).unwrap();
        assert_eq!((find(&folders), wipe(&file)), (None, Ok(())));
        fs::write(&file, vec![b'x'; INVITE_FILE_BYTES_MAX + 1]).unwrap();
        for name in ["invite.toml", "invite.new"] {
            let card = tempfile::tempdir().unwrap();
            fs::create_dir_all(card.path().join("wattle").join(name)).unwrap();
            let why = try_to_write(card.path()).unwrap_err();
            assert!(why.ends_with("is a folder. Nothing was changed."), "{why}");
        }
        assert!(read(&file).unwrap_err().contains("too long"));
    }

    #[test]
    fn whether_a_card_takes_an_invite_is_tried_without_touching_the_one_that_is_there() {
        let card = tempfile::tempdir().unwrap();
        assert_eq!(try_to_write(card.path()), Ok(()));
        let file = write(card.path(), "an invite").unwrap();
        assert_eq!(try_to_write(card.path()), Ok(()));
        assert_eq!(*read(&file).unwrap(), "an invite");
        assert_eq!(fs::read_dir(card.path().join("wattle")).unwrap().count(), 1, "nothing is left beside it");
        // A folder where the new file would be written stands in the way, for root too.
        fs::create_dir(file.with_extension("new")).unwrap();
        assert!(write(card.path(), "another").is_err());
        assert!(try_to_write(card.path()).unwrap_err().ends_with("Nothing was changed."));
        assert_eq!(*read(&file).unwrap(), "an invite");
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
