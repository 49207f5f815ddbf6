//! System calls of the parser processes that no safe crate of ours wraps: seccomp(2), landlock(7), close_range(2), wait4(2).

#![expect(unsafe_code, reason = "system calls without a safe wrapper; nothing else lives in this file")]

use crate::base::time::Duration;
use rustix::process::Pid;
use std::fs::File;
use std::io::{Error, Result};
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr::null;

/// One instruction of a filter, as the kernel reads it.
pub(super) use libc::sock_filter as Instruction;

/// SECCOMP_SET_MODE_FILTER of linux/seccomp.h.
const SET_MODE_FILTER: libc::c_uint = 1;
/// LANDLOCK_CREATE_RULESET_VERSION of linux/landlock.h: asks for the version of the interface.
const RULESET_VERSION: libc::c_uint = 1;

/// `struct landlock_ruleset_attr` of linux/landlock.h, as of its version 6.
#[repr(C)]
struct RulesetAttr {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}

/// Holds the calling thread, and what it begins, to this filter for ever. It must have given up new privileges.
///
/// # Errors
/// The kernel has no such filters, or something around this process allows none.
pub(super) fn filter_calls(program: &mut [Instruction]) -> Result<()> {
    let len = libc::c_ushort::try_from(program.len()).map_err(Error::other)?;
    let filter = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    // SAFETY: the kernel reads one sock_fprog and `len` instructions behind its pointer, and both live through the call.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, 0 as libc::c_uint, &raw const filter) };
    if done == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

/// The version of the kernel's Landlock; 0: it has none.
pub(super) fn landlock_version() -> u8 {
    let none: *const RulesetAttr = null();
    // SAFETY: with this flag the kernel takes no attributes: a null pointer of size 0.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0 as libc::size_t, RULESET_VERSION) };
    u8::try_from(version).unwrap_or(0)
}

/// Denies the calling thread every access of these kinds for ever: to files, by TCP, and to what other processes made. Kinds that the
/// kernel does not know are an error.
///
/// # Errors
/// The system's.
pub(super) fn deny_access(files: u64, tcp: u64, scoped: u64) -> Result<()> {
    let attr = RulesetAttr { handled_access_fs: files, handled_access_net: tcp, scoped };
    // SAFETY: the kernel reads that many bytes of the attributes, which live through the call.
    let ruleset = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attr, size_of::<RulesetAttr>(), 0 as libc::c_uint)
    };
    let ruleset = libc::c_int::try_from(ruleset).unwrap_or(-1);
    if ruleset < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: the kernel has just given this descriptor, and nothing else has it.
    let ruleset = unsafe { File::from_raw_fd(ruleset) };
    // SAFETY: two integers: a descriptor that is open, and no flags.
    let done = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0 as libc::c_uint) };
    if done == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

/// Closes all descriptors from this one on. Kernels before 5.9 cannot; then they stay open, as they are for every program.
pub(super) fn close_from(first: libc::c_uint) {
    // SAFETY: three integers. Whoever owns such a descriptor uses it no more: this runs before anything else of a process.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0 as libc::c_uint) };
}

/// How an own child process ended, and the CPU time that it took, if it has ended; takes it from the table of processes.
///
/// # Errors
/// The system's: it is no child of this process, or was taken by somebody else.
pub(super) fn ended(pid: Pid) -> Result<Option<(ExitStatus, Duration)>> {
    let mut status = 0;
    // SAFETY: all of a rusage is plain numbers, for which zero bytes are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one integer and one rusage, which live through the call.
    let found = unsafe { libc::wait4(pid.as_raw_nonzero().get(), &raw mut status, libc::WNOHANG, &raw mut usage) };
    match found {
        0 => Ok(None),
        -1 => Err(Error::last_os_error()),
        _ => Ok(Some((ExitStatus::from_raw(status), time(usage.ru_utime) + time(usage.ru_stime)))),
    }
}

fn time(time: libc::timeval) -> Duration {
    let micros = u32::try_from(time.tv_usec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), micros * 1000)
}
