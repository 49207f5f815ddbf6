//! What a parser process gives up before it parses.

use super::{filter, sys};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getpid, set_dumpable_behavior, setrlimit, setsid};
use rustix::thread::set_no_new_privs;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;

/// Landlock's rights to files by version: 13 at first, then moving, truncating, and controlling devices (linux/landlock.h).
const FILES: [(u8, u64); 4] = [(1, 0x1fff), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15)];
/// To bind and to connect by TCP, since version 4.
const TCP: (u8, u64) = (4, 3);
/// To reach abstract sockets and to send signals, since version 6.
const SCOPED: (u8, u64) = (6, 3);

/// What one document may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bounds {
    /// Bytes of memory beside the program.
    pub(super) memory: u64,
    /// Seconds of CPU time.
    pub(super) cpu_s: u64,
}

/// What holds a parser process beside the limits of memory and time, which every kernel has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sandbox {
    /// A seccomp filter: no call that opens files, makes sockets, starts processes or reaches other ones.
    pub(super) filtered: bool,
    /// The version of Landlock that denies it all files; 0: none does.
    pub(super) landlock: u8,
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.filtered, self.landlock) {
            (true, 0) => f.write_str("a seccomp filter denies it files, network and other processes"),
            (true, version) => {
                write!(
                    f,
                    "a seccomp filter denies it files, network and other processes, and Landlock (version {version}) denies \
                     it files once more"
                )
            }
            (false, 0) => f.write_str(
                "it gets no descriptor for a file or a socket and begins no process; this kernel has neither seccomp nor \
                 Landlock to deny it more",
            ),
            (false, version) => write!(
                f,
                "Landlock (version {version}) denies it files, and it gets no descriptor for a socket and begins no process; this \
                 kernel has no seccomp filters to deny it more"
            ),
        }
    }
}

/// Cuts what this process inherited, before it reads its document: its session, its descriptors but the first three.
pub(super) fn leave_parent() {
    sys::close_from(3);
    // Fails where it leads its group already, as in tests.
    let _ = setsid();
    // Of all processes the kernel ends this one first when memory runs out.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    // No core dump, and no debugger of the same user: the document is private.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Gives up all that a parser does not need, for ever. What it is told of is what the kernel said yes to.
pub(super) fn enter(bounds: Bounds) -> Sandbox {
    // Asked while files can still be read.
    let mapped = mapped();
    let no_more_privileges = set_no_new_privs(true).is_ok();
    let landlock = if no_more_privileges { deny_files() } else { 0 };
    limit(bounds, mapped);
    let filtered = no_more_privileges && filter_calls();
    Sandbox { filtered, landlock }
}

fn deny_files() -> u8 {
    let version = sys::landlock_version();
    let since = |(first, rights): (u8, u64)| if first <= version { rights } else { 0 };
    let files = FILES.into_iter().map(since).fold(0, |all, rights| all | rights);
    if version > 0 && sys::deny_access(files, since(TCP), since(SCOPED)).is_ok() { version } else { 0 }
}

fn filter_calls() -> bool {
    let pid = u32::try_from(getpid().as_raw_nonzero().get()).unwrap_or(0);
    filter::program(pid).is_some_and(|mut program| sys::filter_calls(&mut program).is_ok())
}

/// Sets the limits. Lowering them is always allowed; where a limit is lower already, that one stays.
fn limit(bounds: Bounds, mapped: u64) {
    let limits = [
        // What is mapped already is the program, several times as much as it uses, and the document.
        (Resource::As, mapped.saturating_add(bounds.memory), 0),
        // At the first the process is told, by a signal that ends it; at the second it is ended whatever it does.
        (Resource::Cpu, bounds.cpu_s, 1),
        (Resource::Fsize, 0, 0),
        (Resource::Core, 0, 0),
        (Resource::Nofile, 0, 0),
        (Resource::Nproc, 0, 0),
    ];
    for (resource, soft, more) in limits {
        let had = rustix::process::getrlimit(resource);
        let least = |wanted: u64, had: Option<u64>| had.map_or(wanted, |had| wanted.min(had));
        let (maximum, current) = (least(soft + more, had.maximum), least(soft, had.maximum));
        let _ = setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) });
    }
}

/// Bytes of address space that this process has.
fn mapped() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').next()?.parse::<u64>().ok()).unwrap_or(0);
    pages.saturating_mul(u64::try_from(rustix::param::page_size()).unwrap_or(4096))
}
