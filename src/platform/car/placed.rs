//! The new folder of an import: it is made beside its place under a name of its own, and has its own name once all of it is on the disk.
//!
//! What fails leaves nothing. What a killed import leaves lies under a name that no watched folder is read for (it begins with a dot), is
//! locked by nobody, and is removed by the next import beside it.

use crate::limits::IMPORT_FOLDER_TRIES;
use rustix::fs::syncfs;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What the names of such folders begin with; then comes the number of the process.
const UNFINISHED: &str = ".wattle-import-";

/// A folder that is being filled. Dropped before it is put into its place, it is removed.
pub(super) struct Placed {
    at: PathBuf,
    to: PathBuf,
    /// The folder, locked as long as somebody fills it.
    folder: File,
    is_whole: bool,
}

impl Placed {
    /// Makes the folder that is to be at `to`.
    ///
    /// # Errors
    /// A sentence for people: there is something at `to`, or no folder can be made beside it. Nothing was changed.
    pub(super) fn new(to: &Path) -> Result<Self, String> {
        Self::made(to, |at| fs::create_dir(at))
    }

    /// The same, with the folder made by `make`. Another import may sweep it before it is locked: then the next one is made.
    fn made(to: &Path, mut make: impl FnMut(&Path) -> io::Result<()>) -> Result<Self, String> {
        if to.symlink_metadata().is_ok() {
            return Err(there_already(to));
        }
        let above = above(to);
        sweep(above);
        let failed =
            |error: io::Error| format!("The folder {} cannot be made: {error}. Nothing was changed.", to.display());
        for attempt in 0..IMPORT_FOLDER_TRIES {
            // A name of its own each time: that of before may be there until the other import is done with it. No process's number begins with 0.
            let at = above.join(format!("{UNFINISHED}{}{}", "0".repeat(attempt), std::process::id()));
            make(&at).map_err(failed)?;
            let folder = locked(&at).map_err(|error| {
                let _ = fs::remove_dir(&at);
                failed(error)
            })?;
            if let Some(folder) = folder {
                return Ok(Self { at, to: to.to_owned(), folder, is_whole: false });
            }
        }
        Err(failed(io::Error::other("other imports beside it remove it")))
    }

    /// Where it is filled.
    pub(super) fn at(&self) -> &Path {
        &self.at
    }

    /// Puts it into its place, once what is in it is on the disk.
    ///
    /// # Errors
    /// A sentence for people; nothing of it stays.
    pub(super) fn finish(mut self) -> Result<(), String> {
        let failed = |error: io::Error| format!("The files cannot be written: {error}. Nothing of them stays.");
        syncfs(&self.folder).map_err(|error| failed(error.into()))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a folder; what is in it was synced, and the one above is below"
        )]
        fs::rename(&self.at, &self.to).map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                there_already(&self.to)
            }
            _ => failed(error),
        })?;
        self.is_whole = true;
        File::open(above(&self.to)).and_then(|above| above.sync_all()).map_err(|error| {
            format!("The files are in {}, and that may not survive a power cut: {error}.", self.to.display())
        })
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = fs::remove_dir_all(&self.at);
        }
    }
}

fn there_already(to: &Path) -> String {
    format!("{} is there already, and nothing in it is changed. Name a new folder with --to.", to.display())
}

fn above(to: &Path) -> &Path {
    to.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Opens and locks a folder that was just made; `None` if another import took it for one that was left, and removes it.
fn locked(at: &Path) -> io::Result<Option<File>> {
    let folder = match File::open(at) {
        Ok(folder) => folder,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Where the file system has no locks nobody removes what is left there.
    if matches!(folder.try_lock(), Err(TryLockError::WouldBlock)) {
        return Ok(None);
    }
    let opened = folder.metadata()?;
    let is_there = |there: fs::Metadata| (there.dev(), there.ino()) == (opened.dev(), opened.ino());
    Ok(at.symlink_metadata().is_ok_and(is_there).then_some(folder))
}

/// Removes what killed imports left in a folder. That of one that runs is locked, and stays.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
        let is_one = number.is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()));
        if !is_one || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(left) = File::open(entry.path()) else { continue };
        if left.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a folder.
    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_has_its_name_once_it_is_whole_and_what_is_not_finished_stays_nowhere() {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("to");
        let placed = Placed::new(&to).unwrap();
        fs::write(placed.at().join("a"), "a").unwrap();
        assert!(!to.exists() && names(place.path()).len() == 1);
        drop(placed);
        assert_eq!(names(place.path()), [""; 0]);
        let placed = Placed::new(&to).unwrap();
        fs::write(placed.at().join("a"), "a").unwrap();
        placed.finish().unwrap();
        assert_eq!((names(place.path()), names(&to)), (vec!["to".to_owned()], vec!["a".to_owned()]));
        assert!(Placed::new(&to).err().unwrap().contains("is there already"));
    }

    #[test]
    fn a_folder_that_another_import_sweeps_before_it_is_locked_is_made_once_more() {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("to");
        let mut swept = 0;
        let placed = Placed::made(&to, |at| {
            fs::create_dir(at)?;
            if swept == 0 {
                swept += 1;
                sweep(place.path());
            }
            Ok(())
        });
        let placed = placed.unwrap();
        fs::write(placed.at().join("a"), "a").unwrap();
        placed.finish().unwrap();
        assert_eq!((swept, names(place.path())), (1, vec!["to".to_owned()]));
        // One that is being swept at that moment is locked, and goes.
        let at = place.path().join(".wattle-import-7");
        fs::create_dir(&at).unwrap();
        let sweeps = File::open(&at).unwrap();
        sweeps.try_lock().unwrap();
        assert!(locked(&at).unwrap().is_none());
        drop(sweeps);
        assert!(locked(&at).unwrap().is_some());
        let never = Placed::made(&place.path().join("next"), |at| {
            fs::create_dir(at)?;
            fs::remove_dir(at)
        });
        assert!(never.err().unwrap().contains("other imports"), "it ends");
    }

    #[test]
    fn nothing_is_put_over_what_came_into_its_place_meanwhile() {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("to");
        let placed = Placed::new(&to).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(to.join("mine"), "x").unwrap();
        assert!(placed.finish().unwrap_err().contains("is there already"));
        assert_eq!((names(place.path()), names(&to)), (vec!["to".to_owned()], vec!["mine".to_owned()]));
    }

    #[test]
    fn what_a_killed_import_left_goes_with_the_next_one_and_that_of_one_that_runs_stays() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in [".wattle-import-1", ".wattle-import-2", ".wattle-import-x", ".wattle-import-"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("part"), "x").unwrap();
        }
        fs::write(at(".wattle-import-3"), "a file of somebody").unwrap();
        let runs = File::open(at(".wattle-import-2")).unwrap();
        runs.try_lock().unwrap();
        drop(Placed::new(&at("to")).unwrap());
        let mut left = names(place.path());
        left.sort();
        assert_eq!(left, [".wattle-import-", ".wattle-import-2", ".wattle-import-3", ".wattle-import-x"]);
    }
}
