//! Where the agents of one user on one host meet: a folder that nobody else can write, with a lock that one holds.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::getuid;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

const LOCK: &str = "governor.lock";
/// Where the leader is found.
pub(super) const SOCKET: &str = "governor.sock";

/// The lock of the one that leads, and where the others come.
#[derive(Debug)]
pub(super) struct Lead {
    listener: UnixListener,
    /// Held as long as it is open.
    _lock: File,
}

impl Lead {
    pub(super) const fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

/// The folder; `None` where there is none that is safe: then this agent governs itself alone. One where somebody leads
/// already comes first: a service and its user's shell may be told of different ones.
#[must_use]
pub(super) fn meeting(given: Option<&Path>) -> Option<PathBuf> {
    let user = getuid().as_raw();
    let places: Vec<PathBuf> = given.map_or_else(|| usual(user), |given| vec![given.to_owned()]);
    let is_led = |place: &&PathBuf| is_ours(place, user) && lock(place).is_ok_and(|lock| lock.is_none());
    let made = |place: &&PathBuf| {
        let _ = DirBuilder::new().mode(0o700).create(place);
        is_ours(place, user)
    };
    let found = places.iter().find(is_led).or_else(|| places.iter().find(made));
    if found.is_none() {
        log::warn!("No folder was found where the agents of this host can meet; this one governs itself alone.");
    }
    found.cloned()
}

/// Where a user's sockets lie. A folder of the owner's own choice is the only one.
fn usual(user: u32) -> Vec<PathBuf> {
    let standard = PathBuf::from(format!("/run/user/{user}"));
    #[expect(clippy::disallowed_methods, reason = "the system's own word on where a user's sockets lie")]
    let told = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    match told {
        Some(chosen) if chosen != standard && chosen.is_dir() => vec![chosen.join("wattle")],
        _ => {
            let last = std::env::temp_dir().join(format!("wattle-{user}"));
            vec![standard.join("wattle"), PathBuf::from("/run/wattle"), last]
        }
    }
}

/// Ours alone, and really a folder: in a folder that all can write, somebody else may have been first.
fn is_ours(place: &Path, user: u32) -> bool {
    fs::symlink_metadata(place).is_ok_and(|about| about.is_dir() && about.uid() == user && about.mode() & 0o022 == 0)
}

/// The lock; `Ok(None)` if another holds it.
fn lock(place: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(place.join(LOCK))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Leads if nobody does; `Ok(None)` if another leads.
///
/// # Errors
/// The place cannot be used: a disk that is full or read-only, a path that is too long for a socket.
pub(super) fn take_lead(place: &Path) -> io::Result<Option<Lead>> {
    let Some(lock) = lock(place)? else { return Ok(None) };
    let socket = place.join(SOCKET);
    // Whoever held the lock before is gone.
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
        let place = folder.path().join("a");
        assert_eq!(meeting(Some(&place)), Some(place.clone()), "made, for us alone");
        fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(meeting(Some(&place)), None);
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert_eq!(meeting(Some(&link)), None);
    }

    #[test]
    fn one_leads_and_the_next_can_when_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = take_lead(folder.path()).unwrap();
        assert!(first.is_some() && take_lead(folder.path()).unwrap().is_none());
        drop(first);
        assert!(take_lead(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_place_that_cannot_be_used_is_not_one_where_somebody_leads() {
        let folder = tempfile::tempdir().unwrap();
        assert!(take_lead(&folder.path().join("nowhere")).is_err());
        let long = folder.path().join("x".repeat(120));
        fs::create_dir(&long).unwrap();
        assert!(take_lead(&long).is_err(), "a socket's path has 107 bytes");
    }
}
