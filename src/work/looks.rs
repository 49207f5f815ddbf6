//! Places that changed, and when to look at them: after a moment of quiet, but not never.

use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{DIRTY_MAX, RELOOK_MS, SETTLE_MS, SETTLE_MS_MAX};
use heapless::Vec as Bounded;

/// Touched places.
#[derive(Debug)]
pub struct Looks {
    dirty: Bounded<Dirty, DIRTY_MAX>,
    /// More places were touched than the table holds: look at everything.
    overflowed: Option<Instant>,
    whole_at: Instant,
}

#[derive(Debug)]
struct Dirty {
    scope: Vec<u8>,
    first: Instant,
    last: Instant,
}

/// What to look at now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This folder or file.
    Scope(Vec<u8>),
    /// Every source, wholly.
    Everything,
}

impl Looks {
    /// Begins with a look at everything.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { dirty: Bounded::new(), overflowed: None, whole_at: now }
    }

    /// A path may have changed.
    pub fn touch(&mut self, now: Instant, path: &[u8]) {
        if let Some(dirty) = self.dirty.iter_mut().find(|dirty| covers(&dirty.scope, path)) {
            dirty.last = now;
            return;
        }
        if self.dirty.push(Dirty { scope: path.to_vec(), first: now, last: now }).is_err() {
            self.overflow(now);
        }
    }

    /// So much changed, or events were lost, that only a whole look will do.
    pub fn overflow(&mut self, now: Instant) {
        self.dirty.clear();
        self.overflowed.get_or_insert(now);
    }

    /// When the next place is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let settled = self.dirty.iter().map(Dirty::due).min();
        let overflow = self.overflowed.map(|since| since + Duration::from_millis(SETTLE_MS));
        earliest(settled, earliest(overflow, Some(self.whole_at)))
    }

    /// Takes the next place that is due. With `Everything`, the next whole look is set an hour on.
    pub fn due(&mut self, now: Instant) -> Option<Place> {
        let overflow = self.overflowed.is_some_and(|since| since + Duration::from_millis(SETTLE_MS) <= now);
        if overflow || self.whole_at <= now {
            self.overflowed = None;
            self.dirty.clear();
            self.whole_at = now + Duration::from_millis(RELOOK_MS);
            return Some(Place::Everything);
        }
        let at = self.dirty.iter().position(|dirty| dirty.due() <= now)?;
        Some(Place::Scope(self.dirty.swap_remove(at).scope))
    }
}

impl Dirty {
    fn due(&self) -> Instant {
        (self.last + Duration::from_millis(SETTLE_MS)).min(self.first + Duration::from_millis(SETTLE_MS_MAX))
    }
}

/// Whether `path` is `scope` or lies below it.
#[must_use]
pub fn covers(scope: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest[0] == b'/' || scope == b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn started() -> Looks {
        let mut looks = Looks::new(at(0));
        assert_eq!(looks.due(at(0)), Some(Place::Everything));
        looks
    }

    #[test]
    fn a_place_is_looked_at_after_a_moment_of_quiet() {
        let mut looks = started();
        looks.touch(at(100), b"/a/b");
        looks.touch(at(300), b"/a/b");
        assert_eq!(looks.deadline(), Some(at(300 + SETTLE_MS)));
        assert_eq!(looks.due(at(300 + SETTLE_MS - 1)), None);
        assert_eq!(looks.due(at(300 + SETTLE_MS)), Some(Place::Scope(b"/a/b".to_vec())));
        assert_eq!(looks.due(at(300 + SETTLE_MS)), None);
    }

    #[test]
    fn a_place_that_never_gets_quiet_is_looked_at_all_the_same() {
        let mut looks = started();
        (0..=SETTLE_MS_MAX).step_by(100).for_each(|ms| looks.touch(at(ms), b"/log"));
        assert_eq!(looks.due(at(SETTLE_MS_MAX)), Some(Place::Scope(b"/log".to_vec())));
    }

    #[test]
    fn too_many_places_become_one_look_at_everything() {
        let mut looks = started();
        for n in 0..=DIRTY_MAX {
            looks.touch(at(1), format!("/{n}").as_bytes());
        }
        assert_eq!(looks.due(at(1 + SETTLE_MS)), Some(Place::Everything));
        assert_eq!(looks.due(at(1 + SETTLE_MS_MAX)), None);
    }

    #[test]
    fn after_an_hour_everything_is_looked_at_again() {
        let looks = started();
        assert_eq!(looks.deadline(), Some(at(RELOOK_MS)));
    }

    #[test]
    fn a_neighbour_with_the_same_beginning_is_not_below() {
        assert!(covers(b"/a", b"/a") && covers(b"/a", b"/a/b") && covers(b"/", b"/x"));
        assert!(!covers(b"/a", b"/ab"));
    }
}
