//! Small state files with a checksum and a second copy: a flipped bit or a lost file is noticed and mended.
//!
//! The file itself keeps its form, so that people and programs of before read it. Beside it lies `NAME.copy`: a line with two
//! SHA-256 sums, that of the content and that of the content before, then the content. The copy is written first: after a
//! power cut between the two, the file has the content before, and is whole. A file without a copy, of a program of before,
//! is taken as it is.

use super::durable;
use sha2::{Digest, Sha256};
use std::io::Result;
use std::path::{Path, PathBuf};

const MAGIC: &str = "wattle-copy 1 ";
/// Bytes of the first line: the magic, two sums in hex, a space and a line feed.
const HEAD: usize = MAGIC.len() + 64 + 1 + 64 + 1;

/// What a file and its copy hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// There is no file; the copy, if there is a whole one.
    Missing(Option<Vec<u8>>),
    /// The file is what was written last, or the one before; or it has no copy. Whether the copy is up to date.
    Whole(Vec<u8>, bool),
    /// The file is something else than what was written, or cannot be read; the copy is whole.
    Differs {
        /// What the file holds; empty if it cannot be read.
        file: Vec<u8>,
        /// What the copy holds.
        copy: Vec<u8>,
    },
}

/// Reads a file and its copy, at most `bytes_max` bytes of each.
///
/// # Errors
/// The system's, that it is no regular file, or that it is too long; and there is no whole copy.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Content> {
    let copy = durable::read(&copy_of(path), bytes_max + HEAD).ok().flatten().and_then(|bytes| open(&bytes));
    let file = match (durable::read_whole(path, bytes_max), &copy) {
        (Ok(Some(file)), _) => file,
        (Ok(None), _) => return Ok(Content::Missing(copy.map(|(copy, _)| copy))),
        (Err(_), Some((copy, _))) => return Ok(Content::Differs { file: Vec::new(), copy: copy.clone() }),
        (Err(error), None) => return Err(error),
    };
    Ok(match copy {
        None => Content::Whole(file, false),
        Some((copy, _)) if copy == file => Content::Whole(file, true),
        Some((_, before)) if before == sum(&file) => Content::Whole(file, false),
        Some((copy, _)) => Content::Differs { file, copy },
    })
}

/// Writes the copy, then the file, each durably.
///
/// # Errors
/// The system's; the file is untouched.
pub(super) fn write(path: &Path, bytes: &[u8], bytes_max: usize) -> Result<()> {
    // An empty file is what a power cut left, and never a whole one of before.
    let before = durable::read_whole(path, bytes_max).ok().flatten().filter(|before| !before.is_empty());
    write_copy(path, bytes, before.as_deref().unwrap_or(bytes))?;
    durable::write(path, bytes)
}

/// Writes the copy of a file that is whole.
///
/// # Errors
/// The system's.
pub(super) fn write_copy(path: &Path, bytes: &[u8], before: &[u8]) -> Result<()> {
    let mut copy = format!("{MAGIC}{} {}\n", sum(bytes), sum(before)).into_bytes();
    copy.extend_from_slice(bytes);
    durable::write(&copy_of(path), &copy)
}

/// What the copy of a file holds, if it is whole.
pub(super) fn copy(path: &Path, bytes_max: usize) -> Option<Vec<u8>> {
    durable::read(&copy_of(path), bytes_max + HEAD).ok().flatten().and_then(|bytes| open(&bytes)).map(|(copy, _)| copy)
}

/// Why the copy of a file cannot be used; `None` if it is whole or there is none.
pub(super) fn damage_of_copy(path: &Path, bytes_max: usize) -> Option<String> {
    match durable::read(&copy_of(path), bytes_max + HEAD) {
        Ok(None) => None,
        Ok(Some(bytes)) => open(&bytes).is_none().then(|| "its checksum is wrong".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Whether the copy of a file is damaged, and its sums are of another content than that of the file: then nothing tells
/// whether the file is what was written.
pub(super) fn is_doubtful(path: &Path, bytes_max: usize) -> bool {
    let Ok(Some(copy)) = durable::read(&copy_of(path), bytes_max + HEAD) else { return false };
    let Ok(Some(file)) = durable::read_whole(path, bytes_max) else { return false };
    let head = copy.get(..HEAD).and_then(sums);
    open(&copy).is_none() && head.is_none_or(|(now, before)| sum(&file) != now && sum(&file) != before)
}

/// Where the copy of a file is.
pub(super) fn copy_of(path: &Path) -> PathBuf {
    path.with_extension("copy")
}

/// The content of a copy and the sum of the content before; `None` if the copy is damaged.
fn open(bytes: &[u8]) -> Option<(Vec<u8>, String)> {
    let (head, content) = bytes.split_at_checked(HEAD)?;
    let (now, before) = sums(head)?;
    (now == sum(content)).then(|| (content.to_vec(), before.to_owned()))
}

/// The sums in the first line of a copy: of its content, and of the content before.
fn sums(head: &[u8]) -> Option<(&str, &str)> {
    str::from_utf8(head).ok()?.strip_prefix(MAGIC)?.strip_suffix('\n')?.split_once(' ')
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const MAX: usize = 100;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        (folder, path)
    }

    fn differs(file: &[u8], copy: &[u8]) -> Content {
        Content::Differs { file: file.to_vec(), copy: copy.to_vec() }
    }

    #[test]
    fn every_flipped_bit_of_the_file_is_noticed_and_of_the_copy_does_no_harm() {
        let (_folder, path) = folder();
        write(&path, b"one", MAX).unwrap();
        write(&path, b"two", MAX).unwrap();
        assert_eq!(read(&path, MAX).unwrap(), Content::Whole(b"two".to_vec(), true));
        for at in 0..24 {
            let mut damaged = b"two".to_vec();
            damaged[at / 8] ^= 1 << (at % 8);
            fs::write(&path, &damaged).unwrap();
            assert_eq!(read(&path, MAX).unwrap(), differs(&damaged, b"two"));
        }
        fs::write(&path, b"two").unwrap();
        let copy = fs::read(copy_of(&path)).unwrap();
        for at in 0..8 * copy.len() {
            let mut damaged = copy.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            fs::write(copy_of(&path), &damaged).unwrap();
            assert!(matches!(read(&path, MAX).unwrap(), Content::Whole(file, _) if file == b"two"), "bit {at}");
        }
    }

    #[test]
    fn a_power_cut_between_the_two_leaves_the_file_before_whole() {
        let (_folder, path) = folder();
        write(&path, b"one", MAX).unwrap();
        write_copy(&path, b"two", b"one").unwrap();
        assert_eq!(read(&path, MAX).unwrap(), Content::Whole(b"one".to_vec(), false));
        write(&path, b"three", MAX).unwrap();
        assert_eq!(read(&path, MAX).unwrap(), Content::Whole(b"three".to_vec(), true));
    }

    #[test]
    fn a_file_of_before_is_whole_and_lost_cut_or_endless_ones_are_read_from_the_copy() {
        let (_folder, path) = folder();
        assert_eq!(read(&path, MAX).unwrap(), Content::Missing(None));
        fs::write(&path, b"of before").unwrap();
        assert_eq!(read(&path, MAX).unwrap(), Content::Whole(b"of before".to_vec(), false));
        write(&path, b"new", MAX).unwrap();
        fs::write(&path, b"").unwrap();
        assert_eq!(read(&path, MAX).unwrap(), differs(b"", b"new"));
        fs::write(&path, vec![b'x'; MAX + 1]).unwrap();
        assert_eq!(read(&path, MAX).unwrap(), differs(b"", b"new"), "it is not read into memory");
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&path, MAX).unwrap(), Content::Missing(Some(b"new".to_vec())));
        fs::create_dir(&path).unwrap();
        assert_eq!(read(&path, MAX).unwrap(), differs(b"", b"new"));
        fs::remove_file(copy_of(&path)).unwrap();
        assert!(read(&path, MAX).is_err());
    }

    #[test]
    fn of_a_damaged_copy_its_sums_still_tell_whether_the_file_is_whole() {
        let (_folder, path) = folder();
        write(&path, b"content", MAX).unwrap();
        assert!(!is_doubtful(&path, MAX));
        let mut copy = fs::read(copy_of(&path)).unwrap();
        *copy.last_mut().unwrap() ^= 1;
        fs::write(copy_of(&path), &copy).unwrap();
        assert!(!is_doubtful(&path, MAX), "the file has the sum that the copy tells");
        fs::write(&path, b"cpntent").unwrap();
        assert!(is_doubtful(&path, MAX), "both were damaged");
        fs::remove_file(copy_of(&path)).unwrap();
        assert!(!is_doubtful(&path, MAX), "a file of before has no copy");
    }
}
