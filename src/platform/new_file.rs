//! A file that a command writes where its user says. It is written beside its place under a name of its own, and has its name once it is whole and on the disk.
//!
//! What fails leaves nothing. What a killed command leaves lies under a name that no watched folder is read for (it begins with a dot), is locked by nobody,
//! and is removed by the next command that writes into that folder. A pipe, a device or what `/dev/stdout` leads to is written as it is: nothing lies beside it.

use super::regular;
use crate::limits::NEW_FILE_TRIES;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What the names of such files begin with; then comes the number of the process.
const UNFINISHED: &str = ".wattle-part-";

/// Folders in which a name stands for something that is open already.
const OPEN: [&str; 2] = ["/dev", "/proc"];

/// A file that is being written. Dropped before it is put into its place, what is beside it is removed.
#[derive(Debug)]
pub struct NewFile {
    /// Where it is written; `None`: in its place.
    beside: Option<PathBuf>,
    to: PathBuf,
    /// Whether it takes the place of what is there.
    replaces: bool,
    /// Locked as long as somebody writes it.
    file: File,
}

impl NewFile {
    /// A file that is to be at `to`, where nothing is, with this mode but for what the system's mask takes of it.
    ///
    /// # Errors
    /// `AlreadyExists`: something is there. Others are the system's, and say so where it is the folder that takes no file.
    pub fn new(to: &Path, mode: u32) -> Result<Self> {
        if to.symlink_metadata().is_ok() {
            return Err(Errno::EXIST.into());
        }
        Self::beside(to.to_owned(), mode, false)
    }

    /// A file in place of the one that is at `to`, if any is. It has the mode of that.
    ///
    /// # Errors
    /// The system's; what was there is as it was.
    fn replacing(to: &Path) -> Result<Self> {
        let there = fs::metadata(to).ok();
        if OPEN.iter().any(|open| to.starts_with(open)) || there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).create(true).truncate(true).open(to)?;
            return Ok(Self { beside: None, to: to.to_owned(), replaces: true, file });
        }
        // Of a link what it leads to is replaced.
        let to = fs::canonicalize(to).unwrap_or_else(|_| to.to_owned());
        let new = Self::beside(to, mode_before(there.as_ref()), true)?;
        if let Some(there) = there {
            new.file.set_permissions(Permissions::from_mode(there.permissions().mode() & 0o7777))?;
        }
        Ok(new)
    }

    fn beside(to: PathBuf, mode: u32, replaces: bool) -> Result<Self> {
        let folder = folder_of(&to);
        sweep(folder);
        for attempt in 0..NEW_FILE_TRIES {
            // A name of its own each time: that of before may be swept by another command, or be left where it cannot be. No process's number begins with 0.
            let at = folder.join(format!("{UNFINISHED}{}{}", "0".repeat(attempt), std::process::id()));
            let file = match OpenOptions::new().write(true).create_new(true).mode(mode).open(&at) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(refused(folder, error)),
            };
            // Where the file system has no locks nobody removes what is left there.
            let is_swept = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            let opened = file.metadata()?;
            let is_it = |there: fs::Metadata| (there.dev(), there.ino()) == (opened.dev(), opened.ino());
            if !is_swept && at.symlink_metadata().is_ok_and(is_it) {
                return Ok(Self { beside: Some(at), to, replaces, file });
            }
        }
        Err(refused(folder, Error::other("other commands that write there remove it")))
    }

    /// The file, to write to.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Puts it into its place, once it is on the disk.
    ///
    /// # Errors
    /// `AlreadyExists`: something came into its place meanwhile. Others are the system's. Nothing of it stays then.
    pub fn finish(mut self) -> Result<()> {
        let Some(at) = self.beside.clone() else { return Ok(()) };
        self.file.sync_all()?;
        // A folder that may be written and not read is met before the file has its name.
        let folder = File::open(folder_of(&self.to))?;
        self.put(&at)?;
        self.beside = None;
        // Its name must survive a power cut too.
        folder.sync_all()
    }

    #[expect(clippy::disallowed_methods, reason = "the file was synced, and its folder is once it has its name")]
    fn put(&self, at: &Path) -> Result<()> {
        if self.replaces {
            return fs::rename(at, &self.to);
        }
        match renameat_with(CWD, at, CWD, &self.to, RenameFlags::NOREPLACE) {
            // A file system that knows no such renaming.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                if self.to.symlink_metadata().is_ok() {
                    Err(Errno::EXIST.into())
                } else {
                    fs::rename(at, &self.to)
                }
            }
            put => put.map_err(Error::from),
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(at) = &self.beside {
            let _ = fs::remove_file(at);
        }
    }
}

/// Writes a whole file, as `NewFile` does.
///
/// # Errors
/// The system's, and those of [`NewFile::finish`].
pub fn write_whole(to: &Path, bytes: &[u8]) -> Result<()> {
    let mut new = NewFile::replacing(to)?;
    new.write_all(bytes)?;
    new.finish()
}

/// Likewise where nothing is, with this mode.
///
/// # Errors
/// Those of [`NewFile::new`] and [`NewFile::finish`].
pub fn write_new(to: &Path, mode: u32, bytes: &[u8]) -> Result<()> {
    let mut new = NewFile::new(to, mode)?;
    new.write_all(bytes)?;
    new.finish()
}

/// The mode in which a file is made that takes the place of this one: nobody opens it, even before it has the mode of that, who may not open that.
fn mode_before(there: Option<&fs::Metadata>) -> u32 {
    there.map_or(0o666, |there| there.permissions().mode() & 0o777)
}

/// The folder of a file.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Why the folder takes no file; a folder that is not there says it by itself.
fn refused(folder: &Path, error: Error) -> Error {
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
        return error;
    }
    let name = folder.display();
    Error::new(
        error.kind(),
        format!(
            "until it is whole it is written under another name into its folder {name}, which takes no new file ({error})"
        ),
    )
}

/// Removes what killed commands left in a folder. That of one that runs is locked, and stays.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
        let is_one = number.is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()));
        if !is_one || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(left) = regular::open(&entry.path(), OpenOptions::new().read(true)) else { continue };
        if left.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{Mode, mkfifoat};

    /// The names in a folder.
    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_once_it_is_whole_and_what_is_not_finished_stays_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("to");
        let mut new = NewFile::new(&to, 0o600).unwrap();
        new.write_all(b"half").unwrap();
        assert!(!to.exists() && names(folder.path()).len() == 1);
        drop(new);
        assert_eq!(names(folder.path()), [""; 0]);
        write_new(&to, 0o600, b"whole").unwrap();
        assert_eq!((names(folder.path()), fs::read(&to).unwrap()), (vec!["to".to_owned()], b"whole".to_vec()));
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        let there = NewFile::new(&to, 0o600).unwrap_err();
        assert_eq!((there.kind(), there.to_string().contains("File exists")), (ErrorKind::AlreadyExists, true));
        // What comes into its place meanwhile stays.
        let other = folder.path().join("other");
        let late = NewFile::new(&other, 0o600).unwrap();
        fs::write(&other, "mine").unwrap();
        assert_eq!(late.finish().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            (names(folder.path()), fs::read(&other).unwrap()),
            (vec!["other".into(), "to".into()], b"mine".into())
        );
        assert_eq!(NewFile::new(&folder.path().join("none/x"), 0o600).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn in_a_folder_that_cannot_be_read_nothing_stays_of_what_is_said_not_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("to");
        let mut new = NewFile::new(&to, 0o600).unwrap();
        new.write_all(b"whole").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o300)).unwrap();
        let may_read = File::open(folder.path()).is_ok();
        let finished = new.finish();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        // Root reads it all the same.
        assert_eq!((finished.is_ok(), to.exists()), (may_read, may_read));
        assert_eq!(names(folder.path()).len(), usize::from(may_read));
    }

    #[test]
    fn what_a_killed_command_left_goes_with_the_next_one_and_that_of_one_that_runs_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".wattle-part-1", ".wattle-part-2", ".wattle-part-x", ".wattle-part-"] {
            fs::write(at(name), "half").unwrap();
        }
        fs::create_dir(at(".wattle-part-3")).unwrap();
        let runs = File::open(at(".wattle-part-2")).unwrap();
        runs.try_lock().unwrap();
        write_new(&at("to"), 0o600, b"x").unwrap();
        assert_eq!(names(folder.path()), [".wattle-part-", ".wattle-part-2", ".wattle-part-3", ".wattle-part-x", "to"]);
        // One of this process's number that cannot be removed is in nobody's way.
        let own = at(&format!(".wattle-part-{}", std::process::id()));
        fs::create_dir(&own).unwrap();
        write_new(&at("next"), 0o600, b"x").unwrap();
        assert!(own.is_dir() && at("next").is_file());
    }

    #[test]
    fn a_file_that_is_replaced_is_the_old_one_or_the_new_one_and_keeps_its_mode_and_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let (to, link) = (folder.path().join("to"), folder.path().join("link"));
        write_whole(&to, b"one").unwrap();
        fs::set_permissions(&to, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&to, &link).unwrap();
        let mut new = NewFile::replacing(&link).unwrap();
        new.write_all(b"half").unwrap();
        drop(new);
        assert_eq!(fs::read(&to).unwrap(), b"one");
        write_whole(&link, b"two").unwrap();
        assert!(link.is_symlink() && fs::read(&to).unwrap() == b"two");
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["link", "to"]);
    }

    #[test]
    fn a_file_in_place_of_a_private_one_is_private_from_the_moment_in_which_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("to");
        assert_eq!(mode_before(None), 0o666, "where nothing is the system's mask decides");
        for mode in [0o600, 0o640, 0o400] {
            fs::write(&to, "x").unwrap();
            fs::set_permissions(&to, Permissions::from_mode(mode)).unwrap();
            assert_eq!(mode_before(fs::metadata(&to).ok().as_ref()), mode);
            let new = NewFile::replacing(&to).unwrap();
            assert_eq!(new.file().metadata().unwrap().permissions().mode() & 0o777, mode);
            drop(new);
            fs::remove_file(&to).unwrap();
        }
    }

    #[test]
    fn a_pipe_and_a_device_are_written_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        let reads = std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read(&pipe).unwrap());
            write_whole(&pipe, b"through").unwrap();
            reader.join().unwrap()
        });
        assert_eq!((reads, names(folder.path())), (b"through".to_vec(), vec!["pipe".to_owned()]));
        write_whole(Path::new("/dev/null"), b"nothing").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(NewFile::new(&pipe, 0o600).unwrap_err().kind(), ErrorKind::AlreadyExists, "it is there");
    }

    #[test]
    fn a_folder_that_takes_no_file_is_named() {
        let refused = refused(Path::new("/n"), Errno::ACCESS.into());
        let says = refused.to_string();
        assert!(refused.kind() == ErrorKind::PermissionDenied && says.contains("into its folder /n,"), "{says}");
        assert!(says.contains("Permission denied"), "{says}");
    }
}
