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

/// Waits on the executor, not on a thread. A suspended machine wakes late; the driver then wakes the node
/// at once, because `now` has moved on.
pub async fn sleep_until(deadline: Option<Instant>) {
    let Some(deadline) = deadline else { return smol::future::pending().await };
    // A minute at most: the timer's clock stops in suspend, ours does not.
    let wait = deadline.since(now()).min(Duration::from_secs(60));
    smol::Timer::after(wait).await;
}
