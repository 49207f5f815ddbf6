//! How fast chunks get their vectors, of all devices together: what was saved in the last minute. And how fast files are read here: what was
//! saved in the last seconds.

use crate::base::time::{Duration, Instant};
use crate::limits::{PACE_ENTRIES, PACE_MS, PACE_QUIET_MS, READS_MS};
use heapless::Deque;

/// How many times as long as between two saves nothing is saved before the pace is unknown.
const PACE_USUAL: u128 = 4;

/// Saved vectors, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pace {
    saved: Deque<(Instant, u64), PACE_ENTRIES>,
    /// When the last ones were saved.
    last: Instant,
}

impl Pace {
    /// So many vectors were saved.
    pub(super) fn add(&mut self, now: Instant, vectors: u64) {
        if vectors == 0 {
            return;
        }
        self.last = now;
        while self.saved.front().is_some_and(|(at, _)| now.since(*at).as_millis() > u128::from(PACE_MS)) {
            self.saved.pop_front();
        }
        if self.saved.is_full()
            && let Some((_, last)) = self.saved.back_mut()
        {
            // Many saves in a short time: they count with the last one.
            *last += vectors;
            return;
        }
        let _ = self.saved.push_back((now, vectors));
    }

    /// The process stood still for so long: what was saved before is younger by that.
    pub(super) fn stood(&mut self, stood: Duration) {
        self.saved.iter_mut().for_each(|(at, _)| *at = *at + stood);
        self.last = self.last + stood;
    }

    /// Vectors a minute, once two saves tell it; `None` also where nothing was saved for a while, or for far longer than between those before: the
    /// pace of then is none of now.
    pub(super) fn per_minute(&self, now: Instant) -> Option<u64> {
        let recent = || self.saved.iter().filter(|(at, _)| now.since(*at).as_millis() <= u128::from(PACE_MS));
        let (first, _) = recent().next()?;
        let usual = self.last.since(*first).as_millis() / (recent().count() as u128).saturating_sub(1).max(1);
        if now.since(self.last).as_millis() > (PACE_USUAL * usual).max(u128::from(PACE_QUIET_MS)) {
            return None;
        }
        // How long the first one took is not known.
        let vectors: u64 = recent().skip(1).map(|(_, vectors)| *vectors).sum();
        let ms = u64::try_from(now.since(*first).as_millis()).unwrap_or(u64::MAX).max(1000);
        Some(vectors * 60_000 / ms).filter(|per_minute| *per_minute > 0)
    }
}

/// Files that were read, in the spell of `READS_MS` that is now and in the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reads {
    spell: u64,
    files: [u64; 2],
}

impl Reads {
    /// So many files were read.
    pub(super) fn add(&mut self, now: Instant, files: u64) {
        *self = self.at(now);
        self.files[0] += files;
    }

    /// Files a minute; `None` where none was read for a while.
    pub(super) fn per_minute(&self, now: Instant) -> Option<u64> {
        let files: u64 = self.at(now).files.iter().sum();
        let ms = READS_MS + now.millis() % READS_MS;
        Some((files * 60_000).div_ceil(ms)).filter(|_| files > 0)
    }

    fn at(&self, now: Instant) -> Self {
        let spell = now.millis() / READS_MS;
        let files = match spell.saturating_sub(self.spell) {
            0 => self.files,
            1 => [0, self.files[0]],
            _ => [0, 0],
        };
        Self { spell, files }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_fast_files_are_read_follows_the_last_seconds() {
        let at = Instant::from_millis;
        let mut reads = Reads::default();
        assert_eq!(reads.per_minute(at(9_000_000)), None);
        for n in 0..1000 {
            reads.add(at(9_000_000 + 4 * n), 1);
        }
        assert!(reads.per_minute(at(9_004_000)).is_some_and(|reads| reads > 6000));
        assert!(reads.per_minute(at(9_000_000 + READS_MS)).is_some_and(|reads| reads > 6000), "of the spell before");
        assert_eq!(reads.per_minute(at(9_000_000 + 2 * READS_MS)), None, "they came to an end");
        reads.add(at(9_100_000), 1);
        assert!(reads.per_minute(at(9_101_000)).is_some_and(|reads| reads < 60), "one by one");
    }

    #[test]
    fn the_pace_is_that_of_the_last_minute_and_is_unknown_after_a_rest() {
        let at = Instant::from_millis;
        let mut pace = Pace::default();
        assert_eq!(pace.per_minute(at(0)), None);
        pace.add(at(1_000), 500);
        assert_eq!(pace.per_minute(at(1_500)), None, "one save tells nothing");
        for n in 1..=10 {
            pace.add(at(1_000 + 1_000 * n), 4);
        }
        assert_eq!(pace.per_minute(at(11_000)), Some(240));
        let mut stopped = Pace { saved: pace.saved.clone(), last: pace.last };
        stopped.stood(Duration::from_secs(500));
        assert_eq!(stopped.per_minute(at(511_000)), Some(240), "a stop of the process is no slow work");
        assert_eq!(pace.per_minute(at(21_000)), Some(120), "it falls while nothing comes");
        assert_eq!(pace.per_minute(at(21_001)), None, "what is saved each second and then not for ten has no pace");
        assert_eq!(pace.per_minute(at(11_001 + PACE_MS)), None);
        for n in 0..10_000 {
            pace.add(at(100_000 + n), 1);
        }
        assert!(pace.per_minute(at(110_000)).is_some_and(|pace| pace > 50_000), "no save is lost in a crowd");
    }
}
