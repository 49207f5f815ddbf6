//! Reading and writing the small files of a home, those with a copy among them.

use super::durable;
use super::guarded::{self, Content};
use super::home_file::HomeFile;
use super::meant::{is_made_once, is_meant, outlives_its_file};
use super::{settings_copy, written};
use std::io::{Error, Result};
use std::path::Path;

/// What a file holds, or its copy if the file is damaged; `None` if there is none.
///
/// # Errors
/// The system's, that it is no regular file, or that it is longer than such a file can be; and of a file that is not made anew
/// (`meant::is_made_once`), that it is lost.
pub(super) fn read(home: &Path, file: HomeFile) -> Result<Option<Vec<u8>>> {
    Ok(read_proven(home, file)?.map(|(bytes, _)| bytes))
}

/// What a file holds, as [`read`], and whether a whole copy has the same.
///
/// # Errors
/// As [`read`].
pub(super) fn read_proven(home: &Path, file: HomeFile) -> Result<Option<(Vec<u8>, bool)>> {
    let path = home.join(file.name());
    if !file.is_guarded() {
        return Ok(durable::read_whole(&path, file.bytes_max())?.map(|bytes| (bytes, false)));
    }
    let content = guarded::read(&path, file.bytes_max())?;
    let is_proven = !matches!(content, Content::Whole(_, false));
    let chosen = chosen(file, content);
    if chosen.is_none() && is_made_once(file) {
        refuse_lost(home, file)?;
    }
    Ok(chosen.map(|bytes| (bytes, is_proven)))
}

/// What an agent uses of a file and its copy.
pub(super) fn chosen(file: HomeFile, content: Content) -> Option<Vec<u8>> {
    match content {
        Content::Missing(copy) => copy.filter(|_| outlives_its_file(file)),
        Content::Whole(bytes, _) => Some(bytes),
        Content::Differs { file: bytes, copy } => Some(if is_meant(file, &bytes, &copy) { bytes } else { copy }),
    }
}

/// Tells a file that is lost, of which a copy is left that cannot be used, from one that never was.
///
/// # Errors
/// That it is lost: what it held may still be saved by hand, and must not be overwritten.
pub(super) fn refuse_lost(home: &Path, file: HomeFile) -> Result<()> {
    let path = home.join(file.name());
    let is_gone = path.symlink_metadata().is_err();
    guarded::damage_of_copy(&path, file.bytes_max()).filter(|_| is_gone).map_or(Ok(()), |why| {
        let copy = guarded::copy_of(&path);
        Err(Error::other(format!("it is gone, and its copy {} cannot be used: {why}", copy.display())))
    })
}

/// Writes a file, synced: after a power cut the old or the new one is whole.
///
/// # Errors
/// The system's; the old file is untouched.
pub(super) fn write(home: &Path, file: HomeFile, bytes: &[u8]) -> Result<()> {
    let path = home.join(file.name());
    if file == HomeFile::Settings {
        return settings_copy::put(&path, bytes);
    }
    if !file.is_guarded() {
        return durable::write(&path, bytes);
    }
    let is_new = path.symlink_metadata().is_err();
    guarded::write(&path, bytes, file.bytes_max())?;
    if is_new {
        written::add(home, file);
    }
    Ok(())
}
