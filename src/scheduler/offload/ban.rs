//! That a device gets no work, because a result of it was false.

use crate::base::time::{Duration, Instant};
use crate::limits::BAN_AGAIN_MS;

/// Until when, and whether its owner can know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ban {
    until: Instant,
    /// When the device was told so last.
    told: Option<Instant>,
}

impl Ban {
    /// One that the device was not told of.
    pub(super) const fn new(until: Instant) -> Self {
        Self { until, told: None }
    }

    /// When it ends.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    /// How long it lasts; `None`: it is over.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        (now < self.until).then(|| self.until.since(now))
    }

    /// The same, where the device is to be told so: at once, and again each `BAN_AGAIN_MS`, as a message may be lost, or come before the other side knows whom it
    /// is from.
    pub(super) fn tell(&mut self, now: Instant) -> Option<Duration> {
        if self.told.is_some_and(|told| now < told + Duration::from_millis(BAN_AGAIN_MS)) {
            return None;
        }
        let left = self.left(now)?;
        self.told = Some(now);
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_is_told_at_once_and_now_and_then_until_it_is_over() {
        let at = Instant::from_millis;
        let mut ban = Ban::new(at(BAN_AGAIN_MS + 5));
        assert_eq!(ban.tell(at(1)), Some(Duration::from_millis(BAN_AGAIN_MS + 4)));
        assert_eq!((ban.tell(at(2)), ban.tell(at(BAN_AGAIN_MS))), (None, None));
        assert_eq!(ban.tell(at(BAN_AGAIN_MS + 1)), Some(Duration::from_millis(4)));
        assert_eq!((ban.left(at(BAN_AGAIN_MS + 5)), ban.tell(at(9 * BAN_AGAIN_MS))), (None, None));
    }
}
