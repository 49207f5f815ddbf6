//! Opens own files: only regular ones. A pipe of the same name would have whoever opens it wait for ever.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opens a file, or what a link of its name leads to, without waiting.
///
/// # Errors
/// The system's, or that it is not a regular file.
pub fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    let other = || Error::other("it is not a regular file");
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = options.custom_flags(flags).open(path).map_err(|error| {
        // A pipe that nobody reads, and a socket.
        if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) { other() } else { error }
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(other()) }
}

/// What a file holds, at most so many bytes of it.
///
/// # Errors
/// Those of [`open`].
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, OpenOptions::new().read(true))?.take(bytes_max as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file, as it goes: only for what may be lost.
///
/// # Errors
/// Those of [`open`].
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    open(path, OpenOptions::new().write(true).create(true).truncate(true))?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode, mkfifoat};

    #[test]
    fn a_pipe_a_folder_and_a_device_are_refused_without_waiting_and_a_link_to_a_file_is_none_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("file"), b"abc").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        assert_eq!((read(&at("file"), 9).unwrap(), read(&at("link"), 2).unwrap()), (b"abc".to_vec(), b"ab".to_vec()));
        mkfifoat(CWD, at("pipe"), Mode::RWXU).unwrap();
        for path in [at("pipe"), folder.path().to_owned(), "/dev/null".into()] {
            assert!(read(&path, 9).unwrap_err().to_string().contains("not a regular file"), "{}", path.display());
        }
        assert!(write(&at("pipe"), b"x").unwrap_err().to_string().contains("not a regular file"));
    }
}
