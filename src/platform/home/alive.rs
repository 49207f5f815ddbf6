//! That an agent of a home runs, also where the home's folder was deleted, moved or replaced under it: then its lock tells nothing.
//!
//! The agent listens on a socket of the abstract namespace (unix(7)), which is named after the home's path and is gone with the process.
//! Nobody accepts there: the system itself says who listens. One of another user is not believed.

use crate::limits::{LOCK_PAUSE_MS, LOCK_TRIES};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::{getpid, getuid};
use sha2::{Digest, Sha256};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Words of the sentence about such an agent.
pub const STILL_RUNS: &str = "still runs (process";

/// The name of the socket: in it a sum of the path, as a name has 107 bytes.
fn name(home: &Path) -> String {
    let sum = Sha256::digest(home.as_os_str().as_bytes());
    let hex = sum.iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    format!("wattle-home-{}-{hex}", getuid().as_raw())
}

/// Says from now on that an agent of this home runs; `None` where the system has no such sockets, or somebody else has this one.
pub(super) fn hold(home: &Path) -> Option<UnixListener> {
    let address = SocketAddr::from_abstract_name(name(home)).ok()?;
    UnixListener::bind_addr(&address).ok()
}

/// The process, if one of this user is the agent of this home, and not this one.
pub(super) fn process(home: &Path) -> Option<u32> {
    // It blocks nowhere: a full queue is an error.
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
    let address = SocketAddrUnix::new_abstract_name(name(home).as_bytes()).ok()?;
    connect(&socket, &address).ok()?;
    let whose = socket_peercred(&socket).ok()?;
    (whose.uid == getuid() && whose.pid != getpid()).then(|| whose.pid.as_raw_nonzero().get().unsigned_abs())
}

/// The sentence that an agent of this home runs, though its folder is not there or is another one; `None` if none does.
#[must_use]
pub fn runs_without_folder(home: &Path) -> Option<String> {
    let at = known_as(home);
    let process = process(&at)?;
    Some(format!(
        "An agent whose home was {} {STILL_RUNS} {process}), but that folder was deleted, moved away or replaced. Put it back; or end that agent \
         first (`kill {process}`): a start without its folder makes a new device, which has to join its mesh again.",
        at.display()
    ))
}

/// The same for who has the home's lock: an agent that is just ending frees that first, and is waited for.
#[expect(clippy::disallowed_methods, reason = "at a start, before anything else runs")]
pub(super) fn beside_lock(home: &Path) -> Option<String> {
    let mut found = runs_without_folder(home);
    for _ in 1..LOCK_TRIES {
        found.as_ref()?;
        std::thread::sleep(Duration::from_millis(LOCK_PAUSE_MS));
        found = runs_without_folder(home);
    }
    found
}

/// The path under which the agent knows its home: without links, as far as it is there.
fn known_as(home: &Path) -> PathBuf {
    let whole = home.canonicalize().ok();
    let beside = || Some(home.parent()?.canonicalize().ok()?.join(home.file_name()?));
    whole.or_else(beside).unwrap_or_else(|| home.to_owned())
}
