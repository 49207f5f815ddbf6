//! The only place that reads the system's clocks.

use super::sched::clock_is_synced;
use crate::base::time::{Duration, Instant};
use crate::energy::policy::wall::Wall;
use rustix::time::{ClockId, clock_gettime};

/// Now, on the clock that counts through suspend (`CLOCK_BOOTTIME`).
#[must_use]
pub fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_nsec).unwrap_or(0));
    Instant::from_millis(seconds * 1000 + nanos / 1_000_000)
}

/// The wall clock, nanoseconds since 1970, right or not: for display, and beside the times of files.
#[must_use]
pub fn wall_ns() -> i64 {
    let time = clock_gettime(ClockId::Realtime);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(nanos))
}

/// CPU time that the calling thread has spent.
#[must_use]
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    Duration::new(seconds, nanos)
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

/// The wall clock, where it is known to be right: small boards have no clock that runs without power.
#[derive(Debug)]
pub struct WallClock {
    trusted: bool,
    known: bool,
    checked: Option<Instant>,
}

/// Seconds since 1970 when this program was written: no clock that is right shows less.
pub const RELEASE: i64 = 1_793_491_200;
/// The hardware's clock and the system's agree within this many seconds, or neither is believed.
const AGREE: i64 = 300;
/// Between two checks whether the clock has been set meanwhile.
const CHECK: Duration = Duration::from_secs(60);

impl WallClock {
    /// A clock; `trusted` if the owner configured it as right.
    #[must_use]
    pub const fn new(trusted: bool) -> Self {
        Self { trusted, known: false, checked: None }
    }

    /// The time, if it is known: synchronised by NTP, or agreeing with a hardware clock, or trusted.
    pub fn wall(&mut self, now: Instant) -> Option<Wall> {
        let seconds = clock_gettime(ClockId::Realtime).tv_sec;
        if !self.known && self.checked.is_none_or(|at| now.since(at) >= CHECK) {
            self.checked = Some(now);
            let hardware = std::fs::read_to_string("/sys/class/rtc/rtc0/since_epoch");
            let hardware = hardware.ok().and_then(|text| text.trim().parse::<i64>().ok());
            let agrees = hardware.is_some_and(|rtc| rtc > RELEASE && (rtc - seconds).abs() <= AGREE);
            // Once right it stays so: our own clock goes on by itself.
            self.known = seconds > RELEASE && (agrees || clock_is_synced() == Some(true));
        }
        (self.known || self.trusted).then_some(Wall(seconds))
    }
}

/// Waits on the executor, not on a thread. A suspended machine wakes late; the driver then wakes the node
/// at once, because `now` has moved on.
pub async fn sleep_until(deadline: Option<Instant>) {
    let Some(deadline) = deadline else { return smol::future::pending().await };
    // A minute at most: the timer's clock stops in suspend, ours does not.
    let wait = deadline.since(now()).min(Duration::from_secs(60));
    smol::Timer::after(wait).await;
}
