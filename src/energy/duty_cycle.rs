//! Holds each worker to its duty, the share of its time that it may run: exact over about ten tasks.
//!
//! It is a token bucket per worker. A worker earns `duty` milliseconds of credit per millisecond and spends the CPU time
//! of each task. It may start when it has no debt, so it borrows one task at most. Unused credit is capped at one task, so
//! an idle hour is not followed by a burst. Workers that start from rest are staggered, because a step in load is a step
//! in current.

use super::decision::Decision;
use crate::base::time::{Duration, Instant};
use crate::limits::{SPEED_CHUNKS_LEAST, SPEED_CHUNKS_MOST, TASK_MS_MAX, WORKERS_MAX};

/// Between the first tasks of two workers at rest: all cores of a Raspberry Pi 4 at once are a step of 0.7 A.
const STAGGER: Duration = Duration::from_millis(250);
/// A worker that ran nothing for this long is at rest.
const REST: Duration = Duration::from_secs(1);
/// The weight of a new measurement in the moving average of the time per chunk.
const LEARN: f64 = 0.2;
/// Milliseconds per chunk before one was measured: those of a Raspberry Pi 4.
const CHUNK_MS: f64 = 400.0;

/// May a task start?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, with at most this many chunks.
    Run {
        /// The most chunks of the task.
        chunks: usize,
    },
    /// Not before this moment; ask again then.
    Later(Instant),
    /// Not until the decision changes.
    No,
}

/// The credit of one worker.
#[derive(Clone, Copy, Debug, Default)]
struct Worker {
    /// Milliseconds; a debt if negative.
    credit: f64,
    /// When credit was last earned.
    counted: Instant,
    running: bool,
    ended: Option<Instant>,
}

impl Worker {
    /// A worker at rest that starts makes a step in power; tasks that follow one another do not.
    fn rests(&self, now: Instant) -> bool {
        self.ended.is_none_or(|ended| now.since(ended) >= REST)
    }
}

/// The credits of all workers.
#[derive(Clone, Debug)]
pub struct DutyCycle {
    workers: [Worker; WORKERS_MAX],
    chunk_ms: f64,
    /// When a worker last started from rest.
    last_start: Option<Instant>,
    made: Made,
}

/// How fast a device embeds while it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnSpeed {
    /// Microseconds of a core for a chunk.
    pub us_per_chunk: u64,
    /// Cores that background work may use just now; where none is allowed, one.
    pub cores: u64,
}

/// Chunks that were embedded, and milliseconds of a core that they took: the last ones count most.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    chunks: u64,
    ms: f64,
}

impl Default for DutyCycle {
    fn default() -> Self {
        Self { workers: [Worker::default(); WORKERS_MAX], chunk_ms: CHUNK_MS, last_start: None, made: Made::default() }
    }
}

impl DutyCycle {
    /// May worker `at` start a task? This starts nothing: call `started` when it does.
    pub fn verdict(&mut self, now: Instant, at: usize, decision: &Decision) -> Verdict {
        let chunks = self.chunks(decision);
        let duty = decision.duty.value();
        self.earn(now, at, duty);
        let Some(worker) = self.workers.get_mut(at).filter(|_| at < decision.workers && duty > 0.0) else {
            return Verdict::No;
        };
        if worker.running {
            return Verdict::No;
        }
        if worker.credit < 0.0 {
            return Verdict::Later(now + millis(-worker.credit / duty));
        }
        let stagger = self.last_start.map(|last| last + STAGGER).filter(|due| now < *due);
        match stagger.filter(|_| worker.rests(now)) {
            Some(due) => Verdict::Later(due),
            None => Verdict::Run { chunks },
        }
    }

    /// Worker `at` starts a task that `verdict` allowed.
    pub fn started(&mut self, now: Instant, at: usize) {
        let Some(worker) = self.workers.get_mut(at) else { return };
        if worker.rests(now) {
            self.last_start = Some(now);
            // Credit from the time that it waited for others would bring the workers into step again.
            worker.credit = 0.0;
        }
        worker.running = true;
    }

    /// Worker `at` ended a task of `chunks` chunks that took the CPU time `spent`.
    pub fn finished(&mut self, now: Instant, at: usize, chunks: usize, spent: Duration, decision: &Decision) {
        self.earn(now, at, decision.duty.value());
        let spent = spent.as_secs_f64() * 1000.0;
        if let Some(worker) = self.workers.get_mut(at) {
            worker.running = false;
            worker.ended = Some(now);
            worker.credit -= spent;
        }
        if chunks > 0 {
            self.chunk_ms += (spent / chunks as f64 - self.chunk_ms) * LEARN;
        }
    }

    /// Worker `at` is at a task that takes long: others may run on its account meanwhile.
    pub fn set_aside(&mut self, now: Instant, at: usize) {
        if let Some(worker) = self.workers.get_mut(at) {
            worker.running = false;
            worker.ended = Some(now);
        }
    }

    /// That task, set aside since then, ended after this CPU time: what it took beyond what its worker could have earned meanwhile is charged.
    pub fn ended_aside(&mut self, now: Instant, at: usize, since: Instant, spent: Duration, decision: &Decision) {
        self.earn(now, at, decision.duty.value());
        let earned = decision.duty.value() * now.since(since).as_secs_f64();
        if let Some(worker) = self.workers.get_mut(at) {
            worker.credit -= 1000.0 * (spent.as_secs_f64() - earned).max(0.0);
        }
    }

    /// So many chunks were embedded in so much CPU time, whether accounts are kept or not. Rests count in no speed.
    pub fn made(&mut self, chunks: usize, spent: Duration) {
        if chunks == 0 {
            return;
        }
        if self.made.chunks >= SPEED_CHUNKS_MOST {
            self.made = Made { chunks: self.made.chunks / 2, ms: self.made.ms / 2.0 };
        }
        self.made.chunks += chunks as u64;
        self.made.ms += spent.as_secs_f64() * 1000.0;
    }

    /// Microseconds of a core for a chunk; `None` before so many were embedded here that they tell it.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "saturates, and is positive"
    )]
    pub fn us_per_chunk(&self) -> Option<u64> {
        let Made { chunks, ms } = self.made;
        (chunks >= SPEED_CHUNKS_LEAST).then(|| (1000.0 * ms / chunks as f64) as u64).filter(|us| *us > 0)
    }

    /// Milliseconds per chunk, as a moving average.
    #[must_use]
    pub const fn chunk_ms(&self) -> f64 {
        self.chunk_ms
    }

    /// Chunks in a batch: as many as take `TASK_MS_MAX`, at least one, and at most what the mode allows.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 250 by construction")]
    pub fn chunks(&self, decision: &Decision) -> usize {
        let fits = (TASK_MS_MAX as f64 / self.chunk_ms.max(1.0)).max(1.0) as usize;
        fits.min(decision.chunks).max(1)
    }

    fn earn(&mut self, now: Instant, at: usize, duty: f64) {
        let Some(worker) = self.workers.get_mut(at) else { return };
        let passed = now.since(worker.counted).as_secs_f64() * 1000.0;
        worker.credit = duty.mul_add(passed, worker.credit);
        if !worker.running {
            worker.credit = worker.credit.min(TASK_MS_MAX as f64);
        }
        worker.counted = now;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
fn millis(millis: f64) -> Duration {
    Duration::from_millis((millis.ceil() as u64).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::fraction::Fraction;

    #[test]
    fn a_task_that_takes_long_lets_others_run_and_is_charged_when_it_ends() {
        let decision = Decision { workers: 1, duty: Fraction::new(0.5), chunks: 8, ..Decision::default() };
        let (mut duty_cycle, at) = (DutyCycle::default(), |s: u64| Instant::from_millis(s * 1000));
        assert!(matches!(start(&mut duty_cycle, at(1), 0, &decision), Verdict::Run { .. }));
        assert_eq!(duty_cycle.verdict(at(3), 0, &decision), Verdict::No, "it runs");
        duty_cycle.set_aside(at(3), 0);
        assert!(matches!(start(&mut duty_cycle, at(5), 0, &decision), Verdict::Run { .. }));
        duty_cycle.finished(at(6), 0, 0, Duration::from_millis(10), &decision);
        // Of a minute it took all, and had earned half.
        duty_cycle.ended_aside(at(63), 0, at(3), Duration::from_secs(60), &decision);
        let Verdict::Later(later) = duty_cycle.verdict(at(63), 0, &decision) else { panic!("it has a debt") };
        assert!(later > at(63 + 55) && later < at(63 + 62), "{later:?}");
    }

    /// Starts a task if it may run.
    fn start(duty_cycle: &mut DutyCycle, now: Instant, at: usize, decision: &Decision) -> Verdict {
        let verdict = duty_cycle.verdict(now, at, decision);
        if matches!(verdict, Verdict::Run { .. }) {
            duty_cycle.started(now, at);
        }
        verdict
    }

    /// The share of `seconds` that each worker ran, and how often more than one started in the same millisecond.
    fn run(workers: usize, duty: f64, task_ms: u64, seconds: u64) -> (Vec<f64>, usize) {
        let decision = Decision { workers, duty: Fraction::new(duty), chunks: 8, ..Decision::default() };
        let mut duty_cycle = DutyCycle::default();
        let mut ends = vec![None; workers];
        let (mut ran, mut together) = (vec![0.0; workers], 0);
        for now in (0..seconds * 1000).map(Instant::from_millis) {
            let mut started = 0;
            for at in 0..workers {
                if ends[at] == Some(now) {
                    duty_cycle.finished(now, at, 1, Duration::from_millis(task_ms), &decision);
                    ends[at] = None;
                }
                if ends[at].is_none() && matches!(start(&mut duty_cycle, now, at, &decision), Verdict::Run { .. }) {
                    ends[at] = Some(now + Duration::from_millis(task_ms));
                    ran[at] += task_ms as f64 / (seconds * 1000) as f64;
                    started += 1;
                }
            }
            together += usize::from(started > 1);
        }
        (ran, together)
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred seconds")]
    fn any_duty_is_exact_over_ten_tasks_down_to_three_percent() {
        for (duty, task) in [(0.03, 200), (0.1, 400), (0.5, 50), (0.77, 130), (1.0, 250)] {
            let seconds = (10.0 * task as f64 / duty / 1000.0).ceil() as u64 + 1;
            let (ran, _) = run(1, duty, task, seconds);
            let off = (ran[0] - duty).abs() * seconds as f64 * 1000.0;
            assert!(off <= 1.3 * task as f64, "duty {duty}: {} in {seconds} s", ran[0]);
        }
    }

    #[test]
    fn workers_do_not_start_at_the_same_moment() {
        let (ran, together) = run(4, 0.5, 200, 60);
        assert_eq!(together, 0, "no two tasks start in the same millisecond");
        assert!(ran.iter().all(|share| (share - 0.5).abs() < 0.05), "{ran:?}");
    }

    #[test]
    fn an_idle_hour_gives_no_burst_and_no_worker_runs_beyond_the_decision() {
        let mut duty_cycle = DutyCycle::default();
        let decision = Decision { workers: 1, duty: Fraction::new(0.1), chunks: 8, ..Decision::default() };
        let at = Instant::from_millis;
        assert_eq!(start(&mut duty_cycle, at(0), 1, &decision), Verdict::No);
        assert!(matches!(start(&mut duty_cycle, at(3_600_000), 0, &decision), Verdict::Run { .. }));
        assert_eq!(start(&mut duty_cycle, at(3_600_000), 0, &decision), Verdict::No, "it runs already");
        duty_cycle.finished(at(3_600_300), 0, 1, Duration::from_millis(300), &decision);
        // It started without credit, earned 30 ms and spent 300 ms: a debt of 270 ms, repaid at a tenth.
        assert_eq!(start(&mut duty_cycle, at(3_600_300), 0, &decision), Verdict::Later(at(3_603_000)));
        let off = Decision::default();
        assert_eq!(start(&mut duty_cycle, at(9_999_999), 0, &off), Verdict::No);
    }

    #[test]
    fn the_speed_is_that_of_the_work_however_long_the_rests_are_and_is_not_known_from_a_few_chunks() {
        let mut duty_cycle = DutyCycle::default();
        let task = |duty_cycle: &mut DutyCycle, chunks: u64, ms| {
            duty_cycle.made(usize::try_from(chunks).unwrap(), Duration::from_millis(ms));
        };
        task(&mut duty_cycle, SPEED_CHUNKS_LEAST - 1, 20 * (SPEED_CHUNKS_LEAST - 1));
        task(&mut duty_cycle, 0, 9_000);
        assert_eq!(duty_cycle.us_per_chunk(), None, "and a task that embeds nothing tells nothing");
        task(&mut duty_cycle, 1, 20);
        assert_eq!(duty_cycle.us_per_chunk(), Some(20_000));
        for _ in 0..4 * SPEED_CHUNKS_MOST {
            task(&mut duty_cycle, 1, 5);
        }
        assert!(duty_cycle.us_per_chunk().is_some_and(|us| (5_000..5_300).contains(&us)), "{:?}", duty_cycle.made);
    }

    #[test]
    fn a_batch_is_as_many_chunks_as_take_a_quarter_of_a_second() {
        let mut duty_cycle = DutyCycle::default();
        let decision = Decision { workers: 1, duty: Fraction::ALL, chunks: 8, ..Decision::default() };
        assert_eq!(duty_cycle.chunks(&decision), 1);
        for _ in 0..60 {
            duty_cycle.finished(Instant::ZERO, 0, 4, Duration::from_millis(4 * 50), &decision);
        }
        assert_eq!(duty_cycle.chunks(&decision), 4, "50 ms each, and the average is still slightly above that");
    }
}
