//! The idle power of a device: learned while nothing runs, as a slowly rising minimum, without trusting a single value.

use crate::base::time::Duration;

/// The part of the way that it falls to a lower value at once: one wrong reading does not become the truth.
const FALL: f64 = 0.3;
/// Time constant in seconds of its rise to the power of a quiet device: a wrong reading is forgotten, a brighter
/// display is learned.
const RISE: f64 = 300.0;
/// Busy cores of our own below which an interval counts as without our work: sampling itself, and gossip.
const OURS: f64 = 0.05;
/// Busy cores of other processes above which a device is not idle.
const OTHERS: f64 = 0.5;

/// Watts without our work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Idle(Option<f64>);

impl Idle {
    /// A calibrated value.
    #[must_use]
    pub const fn known(watts: f64) -> Self {
        Self(Some(watts))
    }

    /// The watts; `None` until the device was seen idle.
    #[must_use]
    pub const fn watts(self) -> Option<f64> {
        self.0
    }

    /// Takes the watts of an interval in which we and others kept so many cores busy.
    pub fn take(&mut self, watts: f64, passed: Duration, ours: f64, others: f64) {
        let quiet = ours < OURS && others < OTHERS;
        self.0 = match self.0 {
            None => quiet.then_some(watts),
            // Whoever works, idle power is at most what is measured now.
            Some(idle) if watts < idle => Some(FALL.mul_add(watts - idle, idle)),
            Some(idle) if quiet => Some((-passed.as_secs_f64() / RISE).exp().mul_add(idle - watts, watts)),
            known => known,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn idle_is_unknown_until_the_device_was_seen_without_work() {
        let mut idle = Idle::default();
        idle.take(6.0, SECOND, 1.0, 0.0);
        idle.take(90.0, SECOND, 0.0, 3.0);
        assert_eq!(idle.watts(), None, "a backlog at boot, and a game, are not idle");
        idle.take(2.6, SECOND, 0.01, 0.1);
        assert_eq!(idle.watts(), Some(2.6));
        idle.take(90.0, SECOND, 0.0, 3.0);
        idle.take(6.0, SECOND, 1.0, 0.0);
        assert_eq!(idle.watts(), Some(2.6), "what work takes is not idle");
    }

    #[test]
    fn one_wrong_reading_does_not_stick_for_ever() {
        let mut idle = Idle::known(2.6);
        idle.take(0.1, SECOND, 0.0, 0.0);
        assert!(idle.watts().unwrap() > 1.8, "{idle:?}");
        (0..1800).for_each(|_| idle.take(2.6, SECOND, 0.0, 0.0));
        assert!((idle.watts().unwrap() - 2.6).abs() < 0.01, "{idle:?}");
        (0..20).for_each(|_| idle.take(2.0, SECOND, 1.0, 0.0));
        assert!((idle.watts().unwrap() - 2.0).abs() < 0.01, "it falls although we work: {idle:?}");
    }
}
