//! How fast a device embeds that works for this one: the time between its results, but for that in which it did not run.

use crate::base::time::{Duration, Instant};
use crate::limits::{LEASE_FIRST, LEASE_WORK_MS, RESULTS_MAX, WORD_MS};

/// The weight of a new measurement in the moving average of the time for a chunk.
const LEARN: f64 = 0.3;

/// How many times as long as the average one measurement counts at most: what takes longer once was no work. One that goes on is learnt all the same.
const SLOWER_MAX: f64 = 8.0;

/// How fast one device is.
#[derive(Debug)]
pub(super) struct Speed {
    /// The moving average, once it was measured.
    ms_per_chunk: Option<f64>,
    /// When its last results came, or it began after a rest.
    progress: Instant,
    /// The moving average of the longest silences before its results, in milliseconds: a device that works a part of the time rests between two tasks.
    silence_ms: f64,
    /// The longest silence since its last results, and whether a word was overdue by it.
    longest: (Duration, bool),
    /// When any word of it came, or it began after a rest.
    heard: Instant,
    /// Of the time since its last results: for how long it did not run, as words that it owed did not come.
    stopped: Duration,
    /// What comes before may have waited here: it tells nothing.
    blind_until: Instant,
}

impl Speed {
    pub(super) const fn new(now: Instant) -> Self {
        let (stopped, blind_until) = (Duration::ZERO, Instant::ZERO);
        let (silence_ms, longest) = (0.0, (Duration::ZERO, false));
        Self { ms_per_chunk: None, progress: now, silence_ms, longest, heard: now, stopped, blind_until }
    }

    /// When its last results came, or it began after a rest.
    pub(super) const fn progress(&self) -> Instant {
        self.progress
    }

    /// How many chunks it embeds in `LEASE_WORK_MS`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and bounded by the caller")]
    pub(super) fn ahead(&self) -> usize {
        self.ms_per_chunk.map_or(LEASE_FIRST, |ms| (LEASE_WORK_MS as f64 / ms.max(1.0)).max(1.0) as usize)
    }

    /// Milliseconds that it takes for so many chunks.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
    pub(super) fn takes_ms(&self, chunks: usize) -> u64 {
        (self.ms_per_chunk.unwrap_or(LEASE_WORK_MS as f64 / LEASE_FIRST as f64) * chunks as f64) as u64
    }

    /// Milliseconds for a chunk, if it was measured.
    pub(super) const fn ms_per_chunk(&self) -> Option<f64> {
        self.ms_per_chunk
    }

    /// It begins with something after a rest.
    pub(super) const fn starts(&mut self, now: Instant) {
        (self.progress, self.heard, self.stopped) = (now, now, Duration::ZERO);
        self.longest = (Duration::ZERO, false);
    }

    /// A word of it came; `lease`: the shortest of its leases, if it has any. Where that was overdue, it was stopped, asleep or cut off until now, which is
    /// none of the time that it takes for its work.
    pub(super) fn heard(&mut self, now: Instant, lease: Option<Duration>) {
        if let Some(lease) = lease {
            let (silent, is_overdue) = self.silence(now, lease);
            let usual = self.usual_silence().min(lease / 3);
            self.stopped += if is_overdue { silent.saturating_sub(usual) } else { Duration::ZERO };
            self.longest = self.longest.max((silent.min(lease / 3 + Duration::from_millis(WORD_MS)), is_overdue));
        }
        self.heard = now;
    }

    /// This device stood still for so long until now: what came meanwhile is read at once.
    pub(super) fn stood(&mut self, now: Instant, stood: Duration) {
        (self.progress, self.heard) = (self.progress + stood, self.heard + stood);
        self.blind_until = now + Duration::from_millis(WORD_MS);
    }

    /// For how long no word of it comes, as long as it runs: it embeds, and sends what each task made, and may rest after it.
    fn usual_silence(&self) -> Duration {
        let rests = Duration::from_secs_f64(self.silence_ms / 1_000.0);
        rests.max(Duration::from_millis(self.takes_ms(RESULTS_MAX)))
    }

    /// For how long no word of it has come, with whether it owes one: something that it made, or, before the third of such a lease, that it renews that.
    pub(super) fn silence(&self, now: Instant, lease: Duration) -> (Duration, bool) {
        let due = (2 * self.usual_silence()).min(lease / 3) + Duration::from_millis(WORD_MS);
        let silent = now.since(self.heard);
        (silent, silent >= due)
    }

    /// This device did not run just now: what came meanwhile is read at once, and what it owed it may have sent.
    pub(super) fn blind(&mut self, now: Instant, gap: Duration) {
        self.heard = now.min(self.heard + gap);
        self.blind_until = now + Duration::from_millis(WORD_MS);
    }

    /// So many results came.
    pub(super) fn progressed(&mut self, now: Instant, results: usize) {
        let ran = now.since(self.progress).saturating_sub(self.stopped);
        (self.progress, self.stopped) = (now, Duration::ZERO);
        let (longest, is_overdue) = core::mem::take(&mut self.longest);
        if now < self.blind_until {
            return;
        }
        // A stop is no rest; but what comes again and again is one.
        let weight = if is_overdue { LEARN / 3.0 } else { LEARN };
        self.silence_ms = (longest.as_secs_f64() * 1_000.0 - self.silence_ms).mul_add(weight, self.silence_ms);
        let ms = ran.as_millis() as f64 / results.max(1) as f64;
        let learnt = |known: f64| (ms.min(SLOWER_MAX * known.max(1.0)) - known).mul_add(LEARN, known);
        self.ms_per_chunk = Some(self.ms_per_chunk.map_or(ms, learnt));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    /// A device that takes 100 ms for a chunk, measured until now.
    fn measured() -> (Speed, u64) {
        let (mut speed, mut now) = (Speed::new(at(0)), 0);
        for _ in 0..10 {
            now += 800;
            speed.heard(at(now), LEASE);
            speed.progressed(at(now), 8);
        }
        (speed, now)
    }

    const LEASE: Option<Duration> = Some(Duration::from_secs(10));

    fn is(speed: &Speed, ms: core::ops::Range<f64>) {
        let measured = speed.ms_per_chunk().unwrap_or(0.0);
        assert!(ms.contains(&measured), "{measured}");
    }

    /// The results of a stop come at once, and those after it at the speed of `measured`, which is what stays known.
    fn goes_on_as_before(speed: &mut Speed, back: u64) {
        for n in 0..8 {
            speed.heard(at(back + n), LEASE);
            speed.progressed(at(back + n), 8);
        }
        is(speed, 99.0..101.0);
        speed.heard(at(back + 1_600), LEASE);
        speed.progressed(at(back + 1_600), 16);
        is(speed, 95.0..105.0);
    }

    #[test]
    fn a_stop_of_the_device_or_of_this_one_is_no_time_that_it_takes() {
        for stop in [4_000, 60_000, 36_000_000] {
            let (mut speed, now) = measured();
            let back = now + 400 + stop;
            // It was stopped in the middle of a task, and renews its lease before it sends what that made.
            speed.heard(at(back), LEASE);
            speed.heard(at(back + 400), LEASE);
            speed.progressed(at(back + 400), 8);
            // When it was stopped is not known to the task.
            is(&speed, 95.0..120.0);
            let (mut speed, now) = measured();
            let back = now + 400 + stop;
            speed.stood(at(back), Duration::from_millis(stop));
            goes_on_as_before(&mut speed, back);
        }
    }

    #[test]
    fn the_rests_of_a_device_that_works_a_part_of_the_time_are_time_that_it_takes() {
        // It embeds eight in a quarter of a second, and then rests for longer than two such tasks take, and for longer than a third of the lease.
        for rest in [1_250, 2_000, 9_000] {
            let (mut speed, mut now) = (Speed::new(at(0)), 0);
            for _ in 0..20 {
                now += 250;
                speed.heard(at(now), LEASE);
                speed.progressed(at(now), 8);
            }
            is(&speed, 31.0..32.0);
            for _ in 0..20 {
                (1..=rest / 3_334).for_each(|third| speed.heard(at(now + 3_334 * third), LEASE));
                now += 250 + rest;
                speed.heard(at(now), LEASE);
                speed.progressed(at(now), 8);
            }
            let real = (250 + rest) as f64 / 8.0;
            is(&speed, 0.95 * real..1.05 * real);
        }
    }

    #[test]
    fn a_short_stop_of_this_device_is_none_of_the_other_one() {
        let (mut speed, now) = measured();
        let back = now + 8_000;
        speed.blind(at(back), Duration::from_millis(7_900));
        goes_on_as_before(&mut speed, back);
    }

    #[test]
    fn a_device_that_becomes_slow_is_learnt_and_one_outlier_is_not() {
        let (mut speed, mut now) = measured();
        let mut eight = |speed: &mut Speed, ms: u64| {
            // It renews its lease at each third meanwhile.
            (1..=ms / 3_333).for_each(|third| speed.heard(at(now + 3_333 * third), LEASE));
            now += ms;
            speed.heard(at(now), LEASE);
            speed.progressed(at(now), 8);
        };
        eight(&mut speed, 400_000);
        is(&speed, 300.0..320.0);
        (0..8).for_each(|_| eight(&mut speed, 80_000));
        is(&speed, 8_500.0..10_000.0);
    }
}
