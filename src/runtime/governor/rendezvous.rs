//! Where the agents of one user on one host meet: a folder that nobody else can write, with a lock (`flock`) that the leader holds.

use crate::platform::regular;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::getuid;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

const LOCK: &str = "governor.lock";
/// The socket on which the leader accepts its followers.
pub(super) const SOCKET: &str = "governor.sock";

/// The lock by which this agent leads, and the socket on which it accepts followers.
#[derive(Debug)]
pub(super) struct Lead {
    listener: UnixListener,
    /// The lock is held while the file is open.
    _lock: File,
}

impl Lead {
    pub(super) const fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

/// The folder where the agents meet; `None` if none is safe: then this agent governs itself alone. A folder where an
/// agent leads already comes first, because a service and its user's shell may have different `XDG_RUNTIME_DIR`s.
#[must_use]
pub(super) fn meeting(given: Option<&Path>) -> Option<PathBuf> {
    let user = getuid().as_raw();
    let folders: Vec<PathBuf> = given.map_or_else(|| usual(user), |given| vec![given.to_owned()]);
    let is_led = |folder: &&PathBuf| is_ours(folder, user) && lock(folder).is_ok_and(|lock| lock.is_none());
    let made = |folder: &&PathBuf| {
        let _ = DirBuilder::new().mode(0o700).create(folder);
        is_ours(folder, user)
    };
    let found = folders.iter().find(is_led).or_else(|| folders.iter().find(made));
    if found.is_none() {
        log::warn!("No folder was found where the agents of this host can meet; this one governs itself alone.");
    }
    found.cloned()
}

/// The folders that are tried in turn. An `XDG_RUNTIME_DIR` that the owner chose is the only one.
fn usual(user: u32) -> Vec<PathBuf> {
    let standard = PathBuf::from(format!("/run/user/{user}"));
    #[expect(clippy::disallowed_methods, reason = "XDG_RUNTIME_DIR is where the system has a user's sockets")]
    let configured = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    match configured {
        Some(chosen) if chosen != standard && chosen.is_dir() => vec![chosen.join("wattle")],
        _ => {
            let last = std::env::temp_dir().join(format!("wattle-{user}"));
            vec![standard.join("wattle"), PathBuf::from("/run/wattle"), last]
        }
    }
}

/// Is it a folder of this user that no other can write? In a folder that all can write, such as /tmp, another user may
/// have made it first.
fn is_ours(folder: &Path, user: u32) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|about| about.is_dir() && about.uid() == user && about.mode() & 0o022 == 0)
}

/// Takes the lock; `Ok(None)` if another process holds it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let file = regular::open(&folder.join(LOCK), options.create(true).write(true).truncate(false).mode(0o600))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes the lead if nobody has it; `Ok(None)` if another agent has it.
///
/// # Errors
/// The folder cannot be used: the disk is full or read-only, or the path is too long for a socket.
pub(super) fn take_lead(folder: &Path) -> io::Result<Option<Lead>> {
    let Some(lock) = lock(folder)? else { return Ok(None) };
    let socket = folder.join(SOCKET);
    // A socket that is left belongs to a process that no longer holds the lock.
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket)?;
    listener.set_nonblocking(true)?;
    Ok(Some(Lead { listener, _lock: lock }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_folder_that_others_can_write_or_a_link_is_no_meeting_place() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a");
        assert_eq!(meeting(Some(&inner)), Some(inner.clone()), "made, for this user alone");
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(meeting(Some(&inner)), None);
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert_eq!(meeting(Some(&link)), None);
    }

    #[test]
    fn one_agent_leads_and_the_next_can_when_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = take_lead(folder.path()).unwrap();
        assert!(first.is_some() && take_lead(folder.path()).unwrap().is_none());
        drop(first);
        assert!(take_lead(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_an_error_and_not_one_that_another_agent_leads() {
        let folder = tempfile::tempdir().unwrap();
        assert!(take_lead(&folder.path().join("nowhere")).is_err());
        let long = folder.path().join("x".repeat(120));
        fs::create_dir(&long).unwrap();
        assert!(take_lead(&long).is_err(), "a socket's path has 107 bytes");
    }
}
