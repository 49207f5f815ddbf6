//! Credits of the workers (4.6): any duty is exact over some ten tasks, and workers are not in step.
//!
//! Each worker earns `duty` milliseconds a millisecond and spends what a task took. It may start with no debt, and so
//! borrows at most one task; what it does not use is kept up to one task, so that an idle hour is no burst.

use super::decision::Decision;
use crate::base::time::{Duration, Instant};
use crate::limits::{TASK_MS_MAX, WORKERS_MAX};

/// Between the first tasks of two workers that stood still (4.3): all cores of a Pi 4 at once are a step of 0.7 A.
const STAGGER: Duration = Duration::from_millis(250);
/// A worker that ran nothing for this long stands still.
const STILL: Duration = Duration::from_secs(1);
/// Fraction of a new measurement in what a chunk is taken to cost.
const LEARN: f64 = 0.2;
/// Milliseconds that a chunk is taken to cost before one was measured: a Pi 4's (shared/reference/embedding.md).
const CHUNK_MS: f64 = 400.0;

/// May a task start?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Now, with at most this many chunks.
    Run {
        /// Chunks.
        chunks: usize,
    },
    /// Not before this moment; ask again then.
    Later(Instant),
    /// Not until the decision changes.
    No,
}

/// One worker's account.
#[derive(Clone, Copy, Debug, Default)]
struct Worker {
    /// Milliseconds; below 0 a debt.
    credit: f64,
    counted: Instant,
    running: bool,
    ended: Option<Instant>,
}

impl Worker {
    /// Only a worker that stood still makes a step in power; tasks that follow one another do not.
    fn stands_still(&self, now: Instant) -> bool {
        self.ended.is_none_or(|ended| now.since(ended) >= STILL)
    }
}

/// The accounts of all workers.
#[derive(Clone, Debug)]
pub struct DutyCycle {
    workers: [Worker; WORKERS_MAX],
    chunk_ms: f64,
    last_fresh: Option<Instant>,
}

impl Default for DutyCycle {
    fn default() -> Self {
        Self { workers: [Worker::default(); WORKERS_MAX], chunk_ms: CHUNK_MS, last_fresh: None }
    }
}

impl DutyCycle {
    /// May worker `at` start a task? Asking starts nothing.
    pub fn asks(&mut self, now: Instant, at: usize, decision: &Decision) -> Verdict {
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
        let stagger = self.last_fresh.map(|last| last + STAGGER).filter(|due| now < *due);
        match stagger.filter(|_| worker.stands_still(now)) {
            Some(due) => Verdict::Later(due),
            None => Verdict::Run { chunks },
        }
    }

    /// Worker `at` starts a task, as it was allowed to.
    pub fn started(&mut self, now: Instant, at: usize) {
        let Some(worker) = self.workers.get_mut(at) else { return };
        if worker.stands_still(now) {
            self.last_fresh = Some(now);
            // What was saved while others began would bring the workers into step again.
            worker.credit = 0.0;
        }
        worker.running = true;
    }

    /// Worker `at` ended a task of this many chunks, which took it so much CPU time.
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

    /// Milliseconds that a chunk is taken to cost.
    #[must_use]
    pub const fn chunk_ms(&self) -> f64 {
        self.chunk_ms
    }

    /// Chunks of a batch: as many as fit a quarter of a second, at least one, at most what the mode allows.
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

    /// Asks, and starts what may run.
    fn start(duty_cycle: &mut DutyCycle, now: Instant, at: usize, decision: &Decision) -> Verdict {
        let verdict = duty_cycle.asks(now, at, decision);
        if matches!(verdict, Verdict::Run { .. }) {
            duty_cycle.started(now, at);
        }
        verdict
    }

    /// The shares of time that workers ran in `seconds`, and how often more than one started in the same moment.
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
    fn workers_are_not_in_step() {
        let (ran, together) = run(4, 0.5, 200, 60);
        assert_eq!(together, 0, "no two tasks start in the same millisecond");
        assert!(ran.iter().all(|share| (share - 0.5).abs() < 0.05), "{ran:?}");
    }

    #[test]
    fn an_idle_hour_is_no_burst_and_no_worker_runs_beyond_the_decision() {
        let mut duty_cycle = DutyCycle::default();
        let decision = Decision { workers: 1, duty: Fraction::new(0.1), chunks: 8, ..Decision::default() };
        let at = Instant::from_millis;
        assert_eq!(start(&mut duty_cycle, at(0), 1, &decision), Verdict::No);
        assert!(matches!(start(&mut duty_cycle, at(3_600_000), 0, &decision), Verdict::Run { .. }));
        assert_eq!(start(&mut duty_cycle, at(3_600_000), 0, &decision), Verdict::No, "it runs already");
        duty_cycle.finished(at(3_600_300), 0, 1, Duration::from_millis(300), &decision);
        // Nothing was saved, 30 ms were earned meanwhile, 300 ms spent: 270 ms of debt at a tenth.
        assert_eq!(start(&mut duty_cycle, at(3_600_300), 0, &decision), Verdict::Later(at(3_603_000)));
        let off = Decision::default();
        assert_eq!(start(&mut duty_cycle, at(9_999_999), 0, &off), Verdict::No);
    }

    #[test]
    fn a_batch_is_as_many_chunks_as_a_quarter_of_a_second_holds() {
        let mut duty_cycle = DutyCycle::default();
        let decision = Decision { workers: 1, duty: Fraction::ALL, chunks: 8, ..Decision::default() };
        assert_eq!(duty_cycle.chunks(&decision), 1);
        for _ in 0..60 {
            duty_cycle.finished(Instant::ZERO, 0, 4, Duration::from_millis(4 * 50), &decision);
        }
        assert_eq!(duty_cycle.chunks(&decision), 4, "50 ms each, and a little more than that remembered");
    }
}
