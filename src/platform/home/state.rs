//! Reading and writing the small files of a home, those with a copy among them.

use super::home_file::HomeFile;
use super::{durable, guarded, mend};
use std::io::Result;
use std::path::Path;

/// What a file holds, or its copy if the file is damaged; `None` if there is none.
///
/// # Errors
/// The system's, that it is no regular file, or that it is longer than such a file can be.
pub(super) fn read(home: &Path, file: HomeFile) -> Result<Option<Vec<u8>>> {
    let path = home.join(file.name());
    if !file.is_guarded() {
        return durable::read_whole(&path, file.bytes_max());
    }
    Ok(mend::chosen(file, guarded::read(&path, file.bytes_max())?))
}

/// Writes a file, synced: after a power cut the old or the new one is whole.
///
/// # Errors
/// The system's; the old file is untouched.
pub(super) fn write(home: &Path, file: HomeFile, bytes: &[u8]) -> Result<()> {
    let path = home.join(file.name());
    if file.is_guarded() { guarded::write(&path, bytes, file.bytes_max()) } else { durable::write(&path, bytes) }
}
