//! What is known of a request that is arriving: whether the agent waits for its client, and since when that is behind.

use crate::base::time::{Duration, Instant};
use crate::limits::{HTTP_BYTE_MS, HTTP_LAG_MS};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by the stream of a connection, which tells, and the table of connections, which asks: in milliseconds, from when the client's time
/// counts; 0: nothing is awaited of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrival(Arc<AtomicU64>);

impl Arrival {
    /// Further bytes of a request are awaited, and the client's time counts from `from`.
    pub(super) fn awaits(&self, from: Instant) {
        self.0.store(from.millis().max(1), Ordering::Relaxed);
    }

    /// Nothing is awaited: what was sent is being read, or is whole.
    pub(super) fn is_here(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// From when the time of the client counts for which the agent waits; `None` if it waits for none.
    pub(super) fn awaited_from(&self) -> Option<Instant> {
        Some(self.0.load(Ordering::Relaxed)).filter(|from| *from > 0).map(Instant::from_millis)
    }
}

/// From when the client's time counts after these bytes: each one gives a moment, as far as the time until now goes, so that one that sends a
/// byte now and then gets on no better than one that sends none.
pub(super) fn later(from: Instant, bytes: usize, now: Instant) -> Instant {
    let given = Duration::from_millis(HTTP_BYTE_MS.saturating_mul(bytes as u64));
    (from + given).min(now)
}

/// Whether so much time has counted that the request is taken for one that is held back.
pub(super) fn lags(from: Instant, now: Instant) -> bool {
    now.since(from).as_millis() > u128::from(HTTP_LAG_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_now_and_then_does_not_keep_up_and_an_upload_over_a_slow_link_does() {
        let at = Instant::from_millis;
        let after = |bytes: usize, every_ms: u64| {
            (1..=200).fold(at(1), |from, step| later(from, bytes, at(1 + step * every_ms)))
        };
        assert!(lags(after(1, 100), at(20_001)));
        assert!(!lags(after(300, 100), at(20_001)), "3 KB a second");
        assert_eq!(later(at(5), 1_000_000, at(7)), at(7), "no time is saved up");
        let arrival = Arrival::default();
        assert_eq!(arrival.awaited_from(), None);
        arrival.awaits(at(0));
        assert_eq!(arrival.awaited_from(), Some(at(1)));
        arrival.is_here();
        assert_eq!(arrival.awaited_from(), None);
    }
}
