//! Duty cycling as agents do it: whole tasks, started by credit. It shows what a headroom becomes in cores.

use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::duty_cycle::{DutyCycle, Verdict};

/// Milliseconds of a task: the longest that an agent starts.
const TASK_MS: u64 = 250;
/// Milliseconds between two checks of who may start.
const CHECK_MS: u64 = 10;

/// Agents of one device, which always have work.
#[derive(Clone, Debug)]
pub struct Paced {
    cores: usize,
    agents: Vec<(DutyCycle, Vec<Option<Instant>>)>,
}

impl Paced {
    /// So many agents on a device with so many cores.
    #[must_use]
    pub fn new(cores: usize, agents: usize) -> Self {
        Self { cores, agents: vec![(DutyCycle::default(), vec![None; cores]); agents] }
    }

    /// Lets time pass under a decision for the whole device; gives the mean number of busy cores.
    pub fn run(&mut self, from_ms: u64, to_ms: u64, whole: &Decision) -> f64 {
        let part = whole.part(self.cores, self.agents.len());
        let (mut busy, mut checks) = (0, 0);
        for now in (from_ms..to_ms).step_by(usize::try_from(CHECK_MS).unwrap_or(1)).map(Instant::from_millis) {
            for (duty_cycle, ends) in &mut self.agents {
                for (worker, end) in ends.iter_mut().enumerate() {
                    if end.is_some_and(|end| end <= now) {
                        duty_cycle.finished(now, worker, 1, Duration::from_millis(TASK_MS), &part);
                        *end = None;
                    }
                    if end.is_none() && matches!(duty_cycle.verdict(now, worker, &part), Verdict::Run { .. }) {
                        duty_cycle.started(now, worker);
                        *end = Some(now + Duration::from_millis(TASK_MS));
                    }
                    busy += usize::from(end.is_some());
                }
            }
            checks += 1;
        }
        (busy as f64 / f64::from(checks.max(1))).min(self.cores as f64)
    }
}
