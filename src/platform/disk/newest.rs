//! The note in the folder of each space of which list of its tables is the newest one: the file `current` has the list's number, its checksum
//! and the kind of that. fjall reads the number alone. Where the note is cut shorter than that the store does not open, where it is gone the
//! whole space is deleted, and a list that is not what was written is taken as it is. So all notes are looked at before.

use super::damage::checksum;
use crate::platform::home::durable;
use crate::platform::regular;
use crate::store::kv::KvError;
use log::warn;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Bytes of a note: the number, a checksum of 128 bits, and a zero for the kind of it.
const NOTE_BYTES: usize = 8 + 16 + 1;

/// Looks at a note that is not whole: fjall may write it anew just now, and delete the list of before.
const LOOKS: usize = 3;

/// Writes the notes that are damaged or gone anew, each for the list that it names, or for the newest that is there. Gives how many were.
/// What cannot be written stays as it is.
pub(in crate::platform) fn mend(store: &Path) -> u64 {
    let mut mended = 0;
    for space in spaces(store) {
        let Some(why) = fault(&space) else { continue };
        let note = space.join("current");
        let named = regular::read(&note, NOTE_BYTES).ok().and_then(|bytes| number(&bytes));
        let list = named.filter(|number| list(&space, *number).is_file()).or_else(|| newest(&space));
        let Some(list) = list else { continue };
        if matches!(write(&space, list), Ok(())) {
            warn!("{} was not whole ({why}), and was written anew.", note.display());
            mended += 1;
        }
    }
    mended
}

/// Whether each note is whole, and so is the list that it names.
///
/// # Errors
/// `Damaged`: the first that is not.
pub(super) fn check(store: &Path) -> Result<(), KvError> {
    for space in spaces(store) {
        let looks = std::iter::repeat_with(|| fault(&space)).take(LOOKS);
        // None of the looks found it whole.
        if let Some(Some(why)) = looks.take_while(Option::is_some).nth(LOOKS - 1) {
            return Err(KvError::Damaged(format!("{}: {why}", space.join("current").display())));
        }
    }
    Ok(())
}

/// The folders of the spaces.
fn spaces(store: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(store.join("keyspaces")).into_iter().flatten().flatten();
    let is_space = |name: &std::ffi::OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    let mut spaces: Vec<PathBuf> =
        entries.filter(|entry| is_space(&entry.file_name())).map(|entry| entry.path()).collect();
    spaces.sort();
    spaces
}

/// What is wrong with the note of a space, or with the list that it names. What the disk refuses to read is for fjall to meet.
fn fault(space: &Path) -> Option<&'static str> {
    let bytes = match regular::read(&space.join("current"), NOTE_BYTES + 1) {
        Ok(bytes) => bytes,
        // One that is being made has neither.
        Err(error) if error.kind() == ErrorKind::NotFound => return newest(space).map(|_| "it is gone"),
        Err(_) => return None,
    };
    if bytes.len() != NOTE_BYTES {
        return Some("it has another length than such a note");
    }
    let list = list(space, number(&bytes)?);
    match checksum(&list) {
        Ok(sum) if bytes.get(8..24) == Some(&sum.to_le_bytes()[..]) => None,
        Ok(_) => Some("the list of tables that it names has another checksum"),
        Err(error) if error.kind() == ErrorKind::NotFound => Some("the list of tables that it names is gone"),
        Err(_) => None,
    }
}

fn number(note: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*note.first_chunk()?))
}

fn list(space: &Path, number: u64) -> PathBuf {
    space.join(format!("v{number}"))
}

/// The number of the newest list in the folder. A power cut may have left one that is cut short: then the store does not open.
fn newest(space: &Path) -> Option<u64> {
    let names = fs::read_dir(space).ok()?.flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.strip_prefix('v')?.parse().ok()).max()
}

fn write(space: &Path, number: u64) -> std::io::Result<()> {
    let mut note = number.to_le_bytes().to_vec();
    note.extend(checksum(&list(space, number))?.to_le_bytes());
    note.push(0);
    durable::write(&space.join("current"), &note)
}
