//! The one place that asks for the time.

use crate::base::time::{Duration, Instant};
use rustix::time::{ClockId, clock_gettime};

/// Now, on the clock that counts through suspend (`CLOCK_BOOTTIME`).
#[must_use]
pub fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_nsec).unwrap_or(0));
    Instant::from_millis(seconds * 1000 + nanos / 1_000_000)
}

/// CPU time that the calling thread has spent.
#[must_use]
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    Duration::new(seconds, nanos)
}

/// Waits on the executor, not on a thread. A suspended machine wakes late; the driver then wakes the node
/// at once, because `now` has moved on.
pub async fn sleep_until(deadline: Option<Instant>) {
    let Some(deadline) = deadline else { return smol::future::pending().await };
    // A minute at most: the timer's clock stops in suspend, ours does not.
    let wait = deadline.since(now()).min(Duration::from_secs(60));
    smol::Timer::after(wait).await;
}
