//! How fast chunks get their vectors, of all devices together: what was saved in the last minute. And how fast files are read here: what was
//! saved in the last seconds.

use crate::base::time::{Duration, Instant};
use crate::limits::{PACE_ENTRIES, PACE_FEW, PACE_MS, PACE_QUIET_MS, PACE_RECENT_MS, READS_MS};
use heapless::Deque;

/// How many times as long as between two saves nothing is saved before the pace is unknown.
const PACE_USUAL: u128 = 4;

/// Saved vectors, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pace {
    saved: Deque<(Instant, u64), PACE_ENTRIES>,
    /// When the last ones were saved.
    last: Instant,
    /// Until when it is known whether work went on.
    noted: Instant,
    /// How long it has rested since it went on last.
    rested: Duration,
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
        // Many saves in a short time count as one, so that there is room for all of the time.
        let is_soon = |at: Instant| now.since(at).as_millis() <= u128::from(PACE_MS) / PACE_ENTRIES as u128;
        let is_full = self.saved.is_full();
        if let Some((_, last)) = self.saved.back_mut().filter(|(at, _)| is_full || is_soon(*at)) {
            *last += vectors;
            return;
        }
        let _ = self.saved.push_back((now, vectors));
    }

    /// Whether work has gone on since this was noted last. A rest counts in no pace, and after a long one what was before tells nothing.
    pub(super) fn note(&mut self, now: Instant, works: bool) {
        let rest = now.since(core::mem::replace(&mut self.noted, now));
        if works {
            self.rested = Duration::ZERO;
            return;
        }
        self.shift(rest);
        self.rested += rest;
        if self.rested.as_millis() > PACE_QUIET_MS.into() {
            self.saved.clear();
        }
    }

    /// The process stood still for so long until now: that is no rest besides.
    pub(super) fn stood(&mut self, stood: Duration) {
        self.noted = self.noted + stood;
        self.shift(stood);
    }

    /// What was saved before is younger by so long.
    fn shift(&mut self, stood: Duration) {
        self.saved.iter_mut().for_each(|(at, _)| *at = *at + stood);
        self.last = self.last + stood;
    }

    /// Vectors a minute, once two saves tell it; `None` also where nothing was saved for a while, or for far longer than between those before: the
    /// pace of then is none of now.
    pub(super) fn per_minute(&self, now: Instant) -> Option<u64> {
        // Where the last seconds tell enough, what was before does not count: there were more or fewer devices, or they did less.
        let since = |ms: u64| move |(at, _): &&(Instant, u64)| now.since(*at).as_millis() <= u128::from(ms);
        let is_enough = |ms: &u64| self.saved.iter().filter(since(*ms)).count() >= PACE_FEW;
        let ms = PACE_RECENT_MS.into_iter().find(is_enough).unwrap_or(PACE_MS);
        let recent = || self.saved.iter().filter(since(ms));
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
        let mut stopped = Pace { saved: pace.saved.clone(), ..pace };
        stopped.stood(Duration::from_secs(500));
        assert_eq!(stopped.per_minute(at(511_000)), Some(240), "a stop of the process is no slow work");
        assert_eq!(pace.per_minute(at(21_000)), Some(80), "it falls while nothing comes");
        assert_eq!(pace.per_minute(at(21_001)), None, "what is saved each second and then not for ten has no pace");
        assert_eq!(pace.per_minute(at(11_001 + PACE_MS)), None);
        for n in 0..10_000 {
            pace.add(at(100_000 + n), 1);
        }
        assert!(pace.per_minute(at(110_000)).is_some_and(|pace| pace > 50_000), "no save is lost in a crowd");
    }

    #[test]
    fn a_stand_in_which_nobody_could_embed_counts_once() {
        let at = Instant::from_millis;
        let mut pace = Pace::default();
        pace.note(at(0), true);
        pace.add(at(1_000), 10);
        pace.add(at(3_000), 10);
        pace.note(at(3_000), true);
        // The input after it notes both.
        pace.stood(Duration::from_secs(5));
        pace.note(at(8_000), false);
        pace.add(at(9_000), 10);
        assert_eq!(pace.per_minute(at(9_000)), Some(400), "20 passages in 3 seconds");
    }

    #[test]
    fn the_pace_is_over_the_time_in_which_work_went_on_and_follows_a_change_within_seconds() {
        let at = Instant::from_millis;
        // A small folder, nothing for half a minute, then a big one.
        let mut pace = Pace::default();
        pace.add(at(1_000), 10);
        pace.note(at(2_000), true);
        pace.note(at(32_000), false);
        assert_eq!(pace.per_minute(at(32_000)), None);
        for second in 33..=36 {
            pace.note(at(1_000 * second), true);
            pace.add(at(1_000 * second), 60);
        }
        assert_eq!(pace.per_minute(at(36_000)), Some(3_600), "the half minute counts in no pace");
        // Held for some seconds: the pace of before is that of then.
        pace.note(at(36_000), true);
        pace.note(at(42_000), false);
        assert_eq!(pace.per_minute(at(42_000)), Some(3_600));
        // Slow work, then helpers.
        for second in 43..=70 {
            pace.note(at(1_000 * second), true);
            pace.add(at(1_000 * second), 1);
        }
        for second in 71..=90 {
            pace.note(at(1_000 * second), true);
            pace.add(at(1_000 * second), 100);
        }
        assert_eq!(pace.per_minute(at(90_000)), Some(6_000), "what was slow before does not last for a minute");
        for second in 91..=97 {
            pace.note(at(1_000 * second), true);
            pace.add(at(1_000 * second), 400);
        }
        assert_eq!(pace.per_minute(at(97_000)), Some(24_000), "nor for a quarter of one");
    }
}
