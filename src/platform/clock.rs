//! The only place that reads the system's clocks.

use super::sched::clock_is_synced;
use crate::base::time::{Duration, Instant};
use crate::energy::policy::clock::{ClockCheck, Proof};
use crate::energy::policy::wall::Wall;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::path::Path;

/// What systemd's time service leaves once it has set the clock, see systemd-timesyncd.service(8): for an agent that may not ask the kernel, as in a unit
/// with `ProtectClock=yes`.
const SYNCED_MARK: &str = "/run/systemd/timesync/synchronized";

/// Now, on the clock that counts through suspend (`CLOCK_BOOTTIME`).
#[must_use]
pub fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_nsec).unwrap_or(0));
    Instant::from_millis(seconds * 1000 + nanos / 1_000_000)
}

/// Names the time since the system started: no two starts have the same name. `None` where the kernel does not tell it.
#[must_use]
pub fn boot() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty() && name.len() <= 64)
}

/// The wall clock, nanoseconds since 1970, right or not: for display, and beside the times of files.
#[must_use]
pub fn wall_ns() -> i64 {
    let time = clock_gettime(ClockId::Realtime);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(nanos))
}

thread_local! {
    /// CPU time that other threads have spent for this one.
    static CREDIT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// CPU time that the calling thread has spent, with what others have spent for it (`credit`).
#[must_use]
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    Duration::new(seconds, nanos).saturating_add(CREDIT.get())
}

/// Another thread has spent this CPU time for the calling one.
pub(super) fn credit(spent: Duration) {
    CREDIT.set(CREDIT.get().saturating_add(spent));
}

/// Time that this machine has spent suspended since it started.
#[must_use]
pub fn slept() -> Duration {
    let time = |clock| {
        let time = clock_gettime(clock);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    time(ClockId::Boottime).saturating_sub(time(ClockId::Monotonic))
}

/// Seconds since 1970 that the system's clock shows, right or not.
#[must_use]
pub fn shown() -> i64 {
    clock_gettime(ClockId::Realtime).tv_sec
}

/// The wall clock, where it is known to be right: `energy::policy::clock` decides that.
#[derive(Debug)]
pub struct WallClock {
    check: ClockCheck,
}

impl WallClock {
    /// A clock; `trusted` if the owner configured it as right.
    #[must_use]
    pub const fn new(trusted: bool) -> Self {
        Self { check: ClockCheck::new(trusted) }
    }

    /// The time, if it is known.
    pub fn wall(&mut self, now: Instant) -> Option<Wall> {
        self.check.take(now, shown(), || {
            let hardware = std::fs::read_to_string("/sys/class/rtc/rtc0/since_epoch");
            let hardware = hardware.ok().and_then(|text| text.trim().parse::<i64>().ok());
            Proof { synced: synced(clock_is_synced(), Path::new(SYNCED_MARK)), hardware }
        })
    }
}

/// Whether a time service keeps the clock: the `kernel` says it, or such a mark is there.
fn synced(kernel: Option<bool>, mark: &Path) -> Option<bool> {
    kernel.or_else(|| mark.exists().then_some(true))
}

/// Waits on the executor, not on a thread. A suspended machine wakes late; the driver then wakes the node
/// at once, because `now` has moved on.
pub async fn sleep_until(deadline: Option<Instant>) {
    let Some(deadline) = deadline else { return smol::future::pending().await };
    // A minute at most: the timer's clock stops in suspend, ours does not.
    let wait = deadline.since(now()).min(Duration::from_secs(60));
    smol::Timer::after(wait).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_the_time_service_counts_where_the_kernel_may_not_be_asked() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("synchronized");
        assert_eq!((synced(None, &mark), synced(Some(true), &mark)), (None, Some(true)));
        std::fs::write(&mark, "").unwrap();
        assert_eq!((synced(None, &mark), synced(Some(false), &mark)), (Some(true), Some(false)));
    }
}
