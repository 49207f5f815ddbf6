//! That an agent of a home runs, also where the home's folder was deleted, moved or replaced under it: then its lock tells nothing.
//!
//! The agent listens on a socket of the abstract namespace (unix(7)), which is named after the home's path and is gone with the process.
//! The system itself says who listens, before anybody accepts: the agent only drops those who looked, so that they do not fill its queue (`Looks`). One
//! of another user is not believed. Such sockets belong to the network, which containers may share: so the name is also that of the processes that see
//! each other, as only those can be ended from here.
//!
//! Another user can reckon the name, listen there and fill the queue, so that nobody is told whose it is: no start is refused for that.

use super::home_file::HomeFile;
use crate::limits::{ALIVE_LOOKS_MAX, LOCK_PAUSE_MS, LOCK_TRIES};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::{getpid, getuid};
use sha2::{Digest, Sha256};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Words of the sentence about such an agent.
pub const STILL_RUNS: &str = "still runs (process";

/// The beginning of the command that lets a process go on which was frozen.
pub const CONTINUES: &str = "kill -CONT";

/// The name of the socket: in it a sum of the path and of the process namespace (pid_namespaces(7)), as a name has 107 bytes. Not of the
/// mount namespace: each service of systemd may have its own.
fn name(home: &Path) -> String {
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    name_in(home, &namespace)
}

fn name_in(home: &Path, namespace: &Path) -> String {
    let [home, namespace] = [home, namespace].map(|path| path.as_os_str().as_bytes());
    let sum = Sha256::new().chain_update(home).chain_update([0]).chain_update(namespace).finalize();
    let hex = sum.iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    format!("wattle-home-{}-{hex}", getuid().as_raw())
}

/// Says from now on that an agent of this home runs; `None` where the system has no such sockets, or somebody else has this one.
pub(super) fn hold(home: &Path) -> Option<UnixListener> {
    let address = SocketAddr::from_abstract_name(name(home)).ok()?;
    let listener = UnixListener::bind_addr(&address).ok()?;
    // Who drops those that looked waits for no further one.
    listener.set_nonblocking(true).ok()?;
    Some(listener)
}

/// Those who look whether the agent of a home runs, for as long as it has that home.
#[derive(Clone, Debug)]
pub struct Looks(Weak<UnixListener>);

impl Looks {
    pub(super) fn at(listener: Option<&Arc<UnixListener>>) -> Self {
        Self(listener.map(Arc::downgrade).unwrap_or_default())
    }

    /// Drops those that have looked. Else each stays in the queue, and once that is full nobody is told whose it is: a start that is tried again and again
    /// would be refused at first, and then make a second device.
    pub fn drop_waiting(&self) {
        let Some(listener) = self.0.upgrade() else { return };
        for _ in 0..ALIVE_LOOKS_MAX {
            if listener.accept().is_err() {
                return;
            }
        }
    }
}

/// What is known of the agent of a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// The process.
    As(u32),
    /// Somebody listens, and so many have looked at him that the system tells no more.
    Unknown,
}

/// The process, if one of this user is the agent of this home, and not this one.
pub(super) fn process(home: &Path) -> Option<Runs> {
    // It blocks nowhere: a full queue is an error.
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
    let address = SocketAddrUnix::new_abstract_name(name(home).as_bytes()).ok()?;
    match connect(&socket, &address) {
        Ok(()) => {}
        // Each look stays in the queue until the agent drops it.
        Err(Errno::AGAIN) => return Some(Runs::Unknown),
        Err(_) => return None,
    }
    let whose = socket_peercred(&socket).ok()?;
    (whose.uid == getuid() && whose.pid != getpid()).then(|| Runs::As(whose.pid.as_raw_nonzero().get().unsigned_abs()))
}

/// The sentence that an agent of this home runs, though its folder is not there or is another one; `None` if none does.
#[must_use]
pub fn runs_without_folder(home: &Path) -> Option<String> {
    let at = known_as(home);
    process(&at).map(|runs| without_folder(&at, runs))
}

/// The same for a start, if it is known that the agent is one of this user.
pub(super) fn surely_without_folder(home: &Path) -> Option<String> {
    let at = known_as(home);
    process(&at).filter(|runs| matches!(runs, Runs::As(_))).map(|runs| without_folder(&at, runs))
}

fn without_folder(at: &Path, runs: Runs) -> String {
    let (process, ends) = told(runs);
    format!(
        "An agent whose home was {} {STILL_RUNS} {process}), but that folder was deleted, moved away or replaced. Put it back; or end that agent \
         first ({ends}): a start without its folder makes a new device, which has to join its mesh again.",
        at.display()
    )
}

/// The same for who has the home's lock: an agent that is just ending frees that first, and is waited for.
#[expect(clippy::disallowed_methods, reason = "at a start, before anything else runs")]
pub(super) fn beside_lock(home: &Path) -> Option<String> {
    let mut found = surely_without_folder(home);
    for _ in 1..LOCK_TRIES {
        found.as_ref()?;
        std::thread::sleep(Duration::from_millis(LOCK_PAUSE_MS));
        found = surely_without_folder(home);
    }
    found
}

/// The sentence that the agent of this home runs, which holds its lock, and that its token is gone with its copy: nothing else is.
#[must_use]
pub fn runs_without_token(home: &Path) -> String {
    let at = known_as(home);
    let (process, ends) = told(process(&at).unwrap_or(Runs::Unknown));
    format!(
        "The agent of the home {} {STILL_RUNS} {process}), and its file {} is gone with its copy: without that token no command reaches it. End \
         it ({ends}) and start it again: that makes a new token, and nothing else is lost. Pages and programs that have the old one are refused then.",
        at.display(),
        HomeFile::Token.name()
    )
}

/// The sentence that the agent at this address did not answer within so many seconds: with the process that holds the home, if that is known,
/// and the command that lets it go on, if it was frozen (SIGSTOP, or Ctrl-Z where it was typed).
#[must_use]
pub fn did_not_answer(home: &Path, address: std::net::SocketAddr, seconds: u64) -> String {
    let at = known_as(home);
    let says = format!("The agent on {address} did not answer within {seconds} seconds.");
    let Some(Runs::As(process)) = process(&at) else { return says };
    let stat = std::fs::read(format!("/proc/{process}/stat")).unwrap_or_default();
    let holds = format!("{says} Process {process} holds the home {}", at.display());
    if is_frozen(&stat) {
        format!("{holds}, and is frozen: `{CONTINUES} {process}` lets it go on.")
    } else {
        format!("{holds}.")
    }
}

/// Whether a signal stopped a process, by its `/proc/PID/stat` (proc_pid_stat(5)): its state stands behind its name, which may have any bytes.
fn is_frozen(stat: &[u8]) -> bool {
    stat.iter().rposition(|byte| *byte == b')').is_some_and(|end| stat.get(end + 2) == Some(&b'T'))
}

/// The process, and what ends it.
fn told(runs: Runs) -> (String, String) {
    match runs {
        Runs::As(process) => (process.to_string(), format!("`kill {process}`")),
        Runs::Unknown => ("unknown".to_owned(), "`pgrep -a wattle` names it".to_owned()),
    }
}

/// The path under which the agent knows its home: without links, as far as it is there.
fn known_as(home: &Path) -> PathBuf {
    let whole = home.canonicalize().ok();
    let beside = || Some(home.parent()?.canonicalize().ok()?.join(home.file_name()?));
    whole.or_else(beside).unwrap_or_else(|| home.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::home::Home;

    #[test]
    fn an_agent_of_another_container_with_the_same_home_and_network_is_another_one() {
        let (home, other) = (Path::new("/data"), Path::new("/data/more"));
        let here = name(home);
        assert_eq!(here, name_in(home, &std::fs::read_link("/proc/self/ns/pid").unwrap_or_default()));
        assert_ne!(here, name_in(home, Path::new("pid:[1]")), "whose processes cannot be seen, or ended, from here");
        assert_ne!(here, name(other));
        assert_ne!(name_in(home, Path::new("/more")), name_in(other, Path::new("")));
        assert!(here.len() <= 107, "unix(7)");
    }

    #[test]
    fn a_process_that_a_signal_stopped_is_told_from_one_that_waits_and_of_an_unknown_one_nothing_is_said() {
        assert!(is_frozen(b"4711 (wattle) T 1 4711 4711 0 -1"));
        assert!(is_frozen(b"4711 (a) S (b) T 1"), "a name may look like a state");
        for other in [&b"4711 (T) S 1 4711"[..], b"4711 (wattle) R 1", b"4711 (wattle) D 1", b"4711 (wattle)", b""] {
            assert!(!is_frozen(other), "{other:?}");
        }
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 7780));
        let says = "The agent on 127.0.0.1:7780 did not answer within 30 seconds.";
        assert_eq!(did_not_answer(folder.path(), address, 30), says);
    }

    #[test]
    fn an_agent_is_still_seen_after_more_looks_than_its_queue_has_places() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let home = folder.path();
        assert_eq!(process(home), None);
        let listener = hold(home).unwrap_or_else(|| panic!("no socket"));
        // The system bounds each queue by net.core.somaxconn, 4096 mostly (listen(2)).
        let seen = (0..70_000).find_map(|_| process(home));
        assert_eq!(seen, Some(Runs::Unknown), "so far it was this process");
        let says = runs_without_folder(home).unwrap_or_default();
        assert!(
            says.contains(STILL_RUNS) && says.contains("`pgrep -a wattle` names it") && !says.contains("kill"),
            "{says}"
        );
        // It may be another user who filled the queue, to keep the agent from starting.
        assert_eq!((surely_without_folder(home), beside_lock(home)), (None, None));
        for has_lock_file in [false, true] {
            assert_eq!(home.join("lock").exists(), has_lock_file);
            drop(Home::open(home).unwrap_or_else(|why| panic!("{why}")));
        }
        drop(listener);
        assert_eq!(process(home), None);
    }

    #[test]
    fn an_agent_that_drops_those_who_looked_is_known_to_the_next_start_too() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let agent = Home::open(folder.path()).unwrap_or_else(|why| panic!("{why}"));
        let (home, looks) = (agent.path().to_owned(), agent.looks());
        looks.drop_waiting();
        assert_eq!((0..70_000).find_map(|_| process(&home)), Some(Runs::Unknown), "the queue is full");
        // The system's bound may be higher than that of one look.
        (0..9).for_each(|_| looks.drop_waiting());
        assert_eq!(process(&home), None, "the system tells that it is this process");
        drop(agent);
        looks.drop_waiting();
        assert!(hold(&home).is_some(), "whoever drops them holds no name");
    }
}
