//! The agent's home: one private folder with its key, its token, its store, and a lock so that only one
//! agent lives there.

pub mod boot_count;
pub mod identity;
pub mod settings;

use crate::limits::DISK_FREE_MIN;
use crate::store::record::{Record, Sources};
use log::{error, warn};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// An open home. Dropping it lets the next agent in.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    /// Held for as long as the agent lives.
    _lock: File,
}

/// `$XDG_DATA_HOME/wattle`, else `~/.local/share/wattle`.
///
/// # Errors
/// Neither variable is set to an absolute path.
pub fn default_home() -> Result<PathBuf, String> {
    #[expect(clippy::disallowed_methods, reason = "the XDG base directory specification is about the environment")]
    let var = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = var("XDG_DATA_HOME").or_else(|| Some(var("HOME")?.join(".local/share")));
    let data = data.ok_or("Neither XDG_DATA_HOME nor HOME says where data lives. Give a folder with --home.")?;
    Ok(data.join("wattle"))
}

impl Home {
    /// Makes the folder if need be (mode 0700) and takes its lock.
    ///
    /// # Errors
    /// One sentence: it cannot be made, or another agent lives there.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| format!("The agent's home {name} cannot be made: {error}. Choose another with --home."))?;
        let path =
            fs::canonicalize(path).map_err(|error| format!("The agent's home {name} cannot be opened: {error}."))?;
        let mode = fs::metadata(&path).map_or(0o700, |meta| meta.permissions().mode());
        if mode & 0o077 != 0 {
            warn!("The agent's home {name} was open to other users of this machine; it is private now.");
            fs::set_permissions(&path, Permissions::from_mode(0o700))
                .map_err(|error| format!("The agent's home {name} cannot be made private: {error}."))?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"));
        let lock = lock.map_err(|error| format!("The agent's home {name} cannot be written: {error}."))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "Another agent lives in {name} already. Stop it first, or give this one a home of its own with --home."
            )),
            Err(TryLockError::Error(error)) => Err(format!("The agent's home {name} cannot be locked: {error}.")),
        }
    }

    /// The folder, absolute and without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The copy of what is watched, kept outside the store so that a damaged store can be rebuilt.
    /// An unreadable copy counts as none, and is told.
    #[must_use]
    pub fn sources(&self) -> Sources {
        match fs::read(self.file("sources")) {
            Ok(bytes) => Sources::decode_stored(&bytes).unwrap_or_else(|error| {
                error!(
                    "The list of watched folders, {}, is damaged and was not used: {error}.",
                    self.file("sources").display()
                );
                Sources::default()
            }),
            Err(_) => Sources::default(),
        }
    }
}

/// Writes a small file so that after a power cut either the old or the new one is whole: temporary file,
/// fsync, rename, fsync of the folder. Mode 0600.
///
/// # Errors
/// The system's; the old file is untouched.
pub fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    #[expect(clippy::disallowed_methods, reason = "the one place that renames durably: the folder is synced below")]
    fs::rename(&temporary, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Bytes free for this user on the disk that holds `path`. An unreadable figure counts as plenty: the
/// writes themselves will tell.
#[must_use]
pub fn disk_free(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(DISK_FREE_MIN * 2, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}
