//! The note in the folder of each space of which list of its tables is the newest one: the file `current` has the list's number, its checksum
//! and the kind of that. fjall reads the number alone. Where the note is cut shorter than that the store does not open, where it is gone the
//! whole space is deleted, and a list that is not what was written is taken as it is. So all notes are looked at before.

use super::damage::checksum;
use crate::platform::home::durable;
use crate::platform::regular;
use crate::store::kv::KvError;
use log::warn;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_128;

/// Bytes of a note: the number, a checksum of 128 bits, and a zero for the kind of it.
const NOTE_BYTES: usize = 8 + 16 + 1;

/// Looks at a note that is not whole: fjall may write it anew just now, and delete the list of before.
const LOOKS: usize = 3;

/// What is left of a checksum proves a list if it has so many bytes, and no more of their bits are others. Of lists that are not what was
/// written one in 10^9 passes.
const PROOF_BYTES: usize = 8;
const OTHER_BITS_MAX: u32 = 8;

/// Bytes of a list of which the one flipped bit is looked for: each of them is tried, which takes a second for so many.
const FLIPPED_BYTES_MAX: usize = 1 << 14;

/// A note that is not whole, or whose list is not.
#[derive(Debug)]
pub(in crate::platform) struct Fault {
    space: PathBuf,
    why: &'static str,
    /// The list that is taken: the one that the note proves, else the one that it names, else the newest. `None`: there is none.
    list: Option<u64>,
    /// That list as it was written, if one bit of it is another one.
    restored: Option<Vec<u8>>,
    /// Whether it is proven that nothing of the space is missing with that list.
    pub(in crate::platform) is_proven: bool,
}

/// The notes that are damaged or gone, and those whose list is. Nothing is changed.
///
/// # Errors
/// `Io`: a folder cannot be listed.
pub(in crate::platform) fn faults(store: &Path) -> Result<Vec<Fault>, KvError> {
    let mut found = Vec::new();
    for space in spaces(store)? {
        let Some(why) = fault(&space)? else { continue };
        let note = regular::read(&space.join("current"), NOTE_BYTES).unwrap_or_default();
        let lists = lists(&space)?;
        let is_of = |number: &u64| checksum(&list(&space, *number)).is_ok_and(|sum| proves(&note, sum));
        let proven = lists.iter().rev().copied().find(is_of);
        let named = number(&note).filter(|number| lists.contains(number));
        let taken = proven.or(named).or_else(|| lists.last().copied());
        let flipped = if proven.is_some() { None } else { named };
        let restored = flipped.and_then(|number| without_flip(&list(&space, number), &note));
        // Of a space without a table there is nothing that a list could leave out.
        let is_proven = proven.is_some() || restored.is_some() || !has_tables(&space)?;
        found.push(Fault { space, why, list: taken, restored, is_proven });
    }
    Ok(found)
}

/// Writes these notes anew. Where there is no list either, fjall makes the space anew.
///
/// # Errors
/// `Io`: a note cannot be written. The store must not be opened then, since fjall would delete the space.
pub(in crate::platform) fn mend(faults: &[Fault]) -> Result<(), KvError> {
    for Fault { space, why, list: taken, restored, .. } in faults {
        let note = space.join("current");
        let Some(number) = *taken else {
            warn!("{} is not whole ({why}), and no list of tables is there: the space is made anew.", note.display());
            continue;
        };
        let list = restored.as_ref().map_or(Ok(()), |whole| durable::write(&list(space, number), whole));
        list.and_then(|()| write(space, number)).map_err(|error| {
            KvError::Io(format!("{} is not whole ({why}), and cannot be written anew: {error}", note.display()))
        })?;
        warn!("{} was not whole ({why}), and was written anew.", note.display());
    }
    Ok(())
}

/// Whether each note is whole, and so is the list that it names.
///
/// # Errors
/// `Damaged`: the first that is not.
pub(super) fn check(store: &Path) -> Result<(), KvError> {
    for space in spaces(store)? {
        let looks = std::iter::repeat_with(|| fault(&space)).take(LOOKS);
        // None of the looks found it whole.
        let mut looks = looks.take_while(|look| !matches!(look, Ok(None)));
        if let Some(look) = looks.nth(LOOKS - 1)
            && let Some(why) = look?
        {
            return Err(damaged(&space, why));
        }
    }
    Ok(())
}

/// Whether fjall would take a list that is not proven, or delete a space whose lists are there.
///
/// # Errors
/// `Damaged`: it would.
pub(super) fn is_to_be_mended(store: &Path) -> Result<(), KvError> {
    match faults(store)?.into_iter().find(|fault| fault.list.is_some()) {
        Some(fault) => Err(damaged(&fault.space, fault.why)),
        None => Ok(()),
    }
}

fn damaged(space: &Path, why: &str) -> KvError {
    KvError::Damaged(format!("{}: {why}", space.join("current").display()))
}

/// What a folder has; nothing if it is none.
fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, KvError> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect);
    match listed {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        listed => listed.map_err(|error: io::Error| KvError::Io(format!("{}: {error}", folder.display()))),
    }
}

/// The folders of the spaces.
fn spaces(store: &Path) -> Result<Vec<PathBuf>, KvError> {
    let is_space = |name: &std::ffi::OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    let entries = entries(&store.join("keyspaces"))?.into_iter();
    let mut spaces: Vec<PathBuf> =
        entries.filter(|entry| is_space(&entry.file_name())).map(|entry| entry.path()).collect();
    spaces.sort();
    Ok(spaces)
}

/// What is wrong with the note of a space, or with the list that it names. What the disk refuses to read is for fjall to meet.
fn fault(space: &Path) -> Result<Option<&'static str>, KvError> {
    let bytes = match regular::read(&space.join("current"), NOTE_BYTES + 1) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // One that is being made has neither.
            let was_made = !lists(space)?.is_empty() || has_tables(space)?;
            return Ok(was_made.then_some("it is gone"));
        }
        Err(_) => return Ok(None),
    };
    let Some(number) = number(&bytes).filter(|_| bytes.len() == NOTE_BYTES) else {
        return Ok(Some("it has another length than such a note"));
    };
    Ok(match checksum(&list(space, number)) {
        Ok(sum) if bytes.get(8..24) == Some(&sum.to_le_bytes()[..]) => None,
        Ok(_) => Some("the list of tables that it names has another checksum"),
        Err(error) if error.kind() == ErrorKind::NotFound => Some("the list of tables that it names is gone"),
        Err(_) => None,
    })
}

/// Whether what is left of a note shows that a list with this checksum is the one that was written.
fn proves(note: &[u8], sum: u128) -> bool {
    let noted = note.get(8..).unwrap_or_default();
    let both = noted.iter().zip(sum.to_le_bytes());
    let compared = both.len();
    compared >= PROOF_BYTES && both.map(|(a, b)| (a ^ b).count_ones()).sum::<u32>() <= OTHER_BITS_MAX
}

/// The list without the one bit of it that was flipped, if the note has the checksum of that.
fn without_flip(list: &Path, note: &[u8]) -> Option<Vec<u8>> {
    let noted = u128::from_le_bytes(note.get(8..24)?.try_into().ok()?);
    let mut bytes = regular::read(list, FLIPPED_BYTES_MAX + 1).ok().filter(|bytes| bytes.len() <= FLIPPED_BYTES_MAX)?;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            if xxh3_128(&bytes) == noted {
                return Some(bytes);
            }
            bytes[at] ^= 1 << bit;
        }
    }
    None
}

fn number(note: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*note.first_chunk()?))
}

fn list(space: &Path, number: u64) -> PathBuf {
    space.join(format!("v{number}"))
}

/// The numbers of the lists in the folder, the newest last. A power cut may have left one that is cut short: then the store does not open.
fn lists(space: &Path) -> Result<Vec<u64>, KvError> {
    let files = entries(space)?.into_iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.map(|entry| entry.file_name());
    let mut numbers: Vec<u64> = names.filter_map(|name| name.to_str()?.strip_prefix('v')?.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn has_tables(space: &Path) -> Result<bool, KvError> {
    Ok(!entries(&space.join("tables"))?.is_empty())
}

fn write(space: &Path, number: u64) -> io::Result<()> {
    let mut note = number.to_le_bytes().to_vec();
    note.extend(checksum(&list(space, number))?.to_le_bytes());
    note.push(0);
    durable::write(&space.join("current"), &note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_checksum_with_a_few_flipped_bits_proves_a_list_and_less_does_not() {
        let sum = 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978_u128;
        let note = [&7_u64.to_le_bytes()[..], &sum.to_le_bytes(), &[0]].concat();
        assert!(proves(&note, sum) && proves(&note[..8 + PROOF_BYTES], sum) && proves(&note, sum ^ 0xff00));
        assert!(!proves(&note[..7 + PROOF_BYTES], sum) && !proves(&[], sum) && !proves(&note, !sum));
        assert!(!proves(&note, sum ^ 0x1ff), "nine bits are others");
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_no_store_without_notes() {
        let folder = tempfile::tempdir().unwrap();
        assert!(faults(folder.path()).unwrap().is_empty());
        fs::write(folder.path().join("keyspaces"), "x").unwrap();
        assert!(faults(folder.path()).unwrap().is_empty(), "that it is a file is for others to tell");
        // Longer than a path may be.
        assert!(matches!(faults(&folder.path().join("x".repeat(300))), Err(KvError::Io(_))));
    }
}
