//! A note in a home whose list of the mesh's devices is that of a backup: who was let in or removed since may be missing in it, until another
//! device of the mesh has the same list.

use crate::platform::home::{Home, HomeFile, durable};
use std::io::Result;

/// Notes it; that is on the disk when this returns.
///
/// # Errors
/// The system's.
pub(super) fn note(home: &Home) -> Result<()> {
    home.write(HomeFile::OfBackup, b"of a backup\n")
}

/// Whether the list of this home is that of a backup, as far as the home tells.
#[must_use]
pub fn has_records_of_backup(home: &Home) -> bool {
    home.file(HomeFile::OfBackup).symlink_metadata().is_ok()
}

/// Another device has the same list by now.
///
/// # Errors
/// The system's: the note stays, and the next start tells it again.
pub fn forget_records_of_backup(home: &Home) -> Result<()> {
    durable::remove(&home.file(HomeFile::OfBackup))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_that_of_a_backup_from_the_note_on_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        assert!(!has_records_of_backup(&home));
        note(&home).unwrap();
        assert!(has_records_of_backup(&Home::at(folder.path())));
        assert!(forget_records_of_backup(&home).is_ok() && forget_records_of_backup(&home).is_ok());
        assert!(!has_records_of_backup(&home));
    }
}
