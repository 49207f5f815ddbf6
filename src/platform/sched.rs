//! Priorities of threads, and whether the clock is synchronised: calls that no safe crate of ours offers.
//!
//! See sched_setscheduler(2), ioprio_set(2), sched_setattr(2) and adjtimex(2). The tests read each setting back.

#![expect(unsafe_code, reason = "system calls without a safe wrapper; nothing else lives in this file")]

use crate::base::time::Duration;
use crate::energy::rank::Rank;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::mem::size_of;

/// The class of I/O that is served when nobody else wants the disk, as ioprio_set(2) encodes it.
const IO_IDLE: libc::c_int = 3 << 13;
/// The lowest level of the usual class of I/O.
const IO_LOW: libc::c_int = 2 << 13 | 7;
/// The level of the usual class that a thread has by default.
const IO_USUAL: libc::c_int = 2 << 13 | 4;
/// ioprio_set's "this thread".
const IO_WHO_THREAD: libc::c_int = 1;
/// sched_setattr's flags: keep policy and parameters, set the upper clamp (linux/sched.h).
const KEEP_ALL: u64 = 0x18;
const UTIL_CLAMP_MAX: u64 = 0x40;
/// All of a core's capacity, in sched_setattr's unit.
const CAPACITY: u32 = 1024;

/// `struct sched_attr` of linux/sched/types.h, as of Linux 5.3.
#[repr(C)]
struct SchedAttr {
    size: u32,
    sched_policy: u32,
    sched_flags: u64,
    sched_nice: i32,
    sched_priority: u32,
    sched_runtime: u64,
    sched_deadline: u64,
    sched_period: u64,
    util_min: u32,
    util_max: u32,
}

/// Where a thread was told to stand, and its clamp in percent; `None` what it was never told.
pub(super) type Stood = (Option<Rank>, Option<Option<u8>>);

thread_local! {
    static STOOD: Cell<Stood> = const { Cell::new((None, None)) };
}

/// Where the calling thread stands. A thread that it begins stands there too (sched(7)).
pub(super) fn stood() -> Stood {
    STOOD.get()
}

/// The calling thread works for another one, and stands where that one does, as far as it can.
pub(super) fn follow(other: Stood) {
    let own = STOOD.get();
    if let Some(rank) = other.0.filter(|_| other.0 != own.0) {
        stand(rank);
    }
    if let Some(percent) = other.1.filter(|_| other.1 != own.1) {
        let _ = clamp(percent);
    }
}

/// Moves the calling thread to a rank. Without privileges it can only step back (sched(7)), so that a thread in the last
/// rank never serves people. A refusal is no error: the work is the same with another priority.
///
/// `Last` is SCHED_IDLE with nice 19, which some kernels weigh idle threads by. `BesideNiced` is nice 14, of which a core
/// gives three quarters beside nice 19, and 4 % beside a usual thread; `Hurried` is nice 1, which gets 44 % beside a usual
/// thread (weights 45, 15, 1024 and 820 of Linux, kernel/sched/core.c). Both are SCHED_BATCH, which never interrupts a thread
/// that wakes for a person.
pub fn stand(rank: Rank) {
    STOOD.set((Some(rank), STOOD.get().1));
    let (policy, nice, io) = match rank {
        Rank::Last => (libc::SCHED_IDLE, 19, IO_IDLE),
        Rank::BesideNiced => (libc::SCHED_BATCH, 14, IO_LOW),
        Rank::Hurried => (libc::SCHED_BATCH, 1, IO_USUAL),
    };
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the kernel reads one sched_param, which lives through the call; 0 is the calling thread.
    let class = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    let me = rustix::thread::gettid();
    let niced = rustix::process::setpriority_process(Some(me), nice);
    if class != 0 && niced.is_err() {
        log::debug!("A background thread keeps its priority: {}.", std::io::Error::last_os_error());
    }
    // SAFETY: three integers; 0 is the calling thread.
    let io = unsafe { libc::syscall(libc::SYS_ioprio_set, IO_WHO_THREAD, 0, io) };
    if io != 0 {
        log::debug!("A background thread keeps its disk priority: {}.", std::io::Error::last_os_error());
    }
}

/// Clamps the calling thread to so many percent of a core's capacity, so that the kernel picks a low frequency for it;
/// `None`: no clamp. False where the kernel cannot, which is most of them (it needs CONFIG_UCLAMP_TASK).
#[must_use]
pub fn clamp(percent: Option<u8>) -> bool {
    STOOD.set((STOOD.get().0, Some(percent)));
    let util_max = percent.map_or(CAPACITY, |percent| CAPACITY * u32::from(percent.min(100)) / 100);
    let attr = SchedAttr {
        size: u32::try_from(size_of::<SchedAttr>()).unwrap_or(0),
        sched_policy: 0,
        sched_flags: KEEP_ALL | UTIL_CLAMP_MAX,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
        util_min: 0,
        util_max,
    };
    // SAFETY: the kernel reads `size` bytes of the attributes, which live through the call; 0 is the calling thread,
    // and the last 0 are no flags.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0) == 0 }
}

/// Is the system's clock synchronised (by NTP), according to adjtimex? `None` where the call is not allowed.
#[must_use]
pub fn clock_is_synced() -> Option<bool> {
    // SAFETY: all of a timex is plain numbers, for which zero bytes are values.
    let mut time: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: no mode is set, so the kernel only writes one timex, which lives through the call.
    match unsafe { libc::adjtimex(&raw mut time) } {
        -1 => None,
        state => Some(state != libc::TIME_ERROR),
    }
}

/// CPU time that this whole process has spent.
#[must_use]
pub fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    Duration::new(seconds, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The priority of a thread.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct ThreadPriority {
        /// It runs only when nothing else wants the core (SCHED_IDLE).
        idle_class: bool,
        /// Its niceness: 19 is the lowest priority.
        nice: i32,
        /// Its disk accesses have the idle class.
        io_idle: bool,
    }

    /// The priority of the calling thread, as the kernel reports it.
    fn priority() -> ThreadPriority {
        // SAFETY: one integer; 0 is the calling thread.
        let class = unsafe { libc::sched_getscheduler(0) };
        // SAFETY: two integers; 0 is the calling thread.
        let io = unsafe { libc::syscall(libc::SYS_ioprio_get, IO_WHO_THREAD, 0) };
        let nice = rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap_or(0);
        ThreadPriority { idle_class: class == libc::SCHED_IDLE, nice, io_idle: io >> 13 == 3 }
    }

    #[test]
    fn a_thread_that_stepped_back_has_the_lowest_priority_and_others_are_unchanged() {
        let before = priority();
        assert!(!before.idle_class && !before.io_idle, "{before:?}");
        let back = std::thread::Builder::new().spawn(|| {
            stand(Rank::Last);
            priority()
        });
        let back = back.unwrap().join().unwrap();
        assert!(back.idle_class || back.nice == 19, "{back:?}");
        assert!(back.io_idle, "{back:?}");
        assert_eq!(priority(), before);
    }

    #[test]
    fn a_thread_steps_back_from_rank_to_rank() {
        let ranks = std::thread::Builder::new().spawn(|| {
            [Rank::Hurried, Rank::BesideNiced, Rank::Last].map(|rank| {
                stand(rank);
                priority()
            })
        });
        let ranks = ranks.unwrap().join().unwrap();
        assert_eq!(ranks.map(|priority| priority.nice), [1, 14, 19]);
        assert_eq!(ranks.map(|priority| priority.idle_class), [false, false, true]);
        assert_eq!(ranks.map(|priority| priority.io_idle), [false, false, true]);
    }

    #[test]
    fn a_clamp_reports_its_success_and_leaves_the_class() {
        let clamped = std::thread::Builder::new().spawn(|| {
            stand(Rank::Last);
            let before = priority();
            let real = clamp(Some(40));
            (real, clamp(None), before, priority())
        });
        let (real, lifted, before, after) = clamped.unwrap().join().unwrap();
        assert_eq!(real, lifted, "a kernel that can clamp can remove the clamp");
        assert_eq!(before, after);
        println!("uclamp is {}", if real { "real here" } else { "not in this kernel" });
    }

    #[test]
    fn the_clock_s_state_can_be_read() {
        println!("synced: {:?}", clock_is_synced());
        assert!(process_cpu() > Duration::ZERO);
    }
}
