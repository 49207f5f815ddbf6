//! The user activity gate: people who use the device come first.
//!
//! Foreign work is the machine's busy CPU time less that of our own agents. From a whole core on it counts at once;
//! less is averaged with a half-life of seconds, and a quarter of a core is tolerated. What is left of the cores is
//! ours. While a query is being answered, and for two seconds after, no background work starts. A CPU quota of the
//! cgroup (a container's `--cpus`) leaves a quarter free, since the kernel stops a whole group that used up its quota
//! (Documentation/scheduler/sched-bwc). Not here: reading the ticks (`platform::sysfs`).

use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use crate::base::time::{Duration, Instant};

/// The half-life in seconds of the average of foreign work.
const HALF_LIFE: f64 = 3.0;
/// Cores from which foreign work counts at once.
const AT_ONCE: f64 = 1.0;
/// Cores that foreign work may take before a worker gives way.
const TOLERATED: f64 = 0.25;
/// Part of a CPU quota that background work may have: the kernel stops all threads of a group that used up its quota,
/// also those that answer people.
const OF_QUOTA: f64 = 0.75;
/// Workers pause for this long after the last query.
pub const AFTER_QUERY: Duration = Duration::from_secs(2);
/// Shortest time between two counts of ticks: ticks are too coarse for less.
const COUNTED: Duration = Duration::from_millis(500);

/// CPU time since the start of the machine, in ticks of which a second has `per_second`.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    /// Of all processes.
    pub busy: u64,
    /// Of all agents on this device.
    pub own: u64,
    /// Ticks of one busy core in a second (USER_HZ: 100).
    pub per_second: u32,
}

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct UserActivity {
    cores: usize,
    last: Option<(Instant, Ticks)>,
    foreign: f64,
    queries: u32,
    quota: Option<f64>,
    quiet_after: Option<Instant>,
}

impl UserActivity {
    /// A gate for this many cores: those online, or fewer by the cgroup's quota.
    #[must_use]
    pub const fn new(cores: usize) -> Self {
        Self { cores, last: None, foreign: 0.0, queries: 0, quota: None, quiet_after: None }
    }

    /// A query began to be answered.
    pub const fn query_began(&mut self) {
        self.queries = self.queries.saturating_add(1);
    }

    /// A query was answered.
    pub fn query_ended(&mut self, now: Instant) {
        self.queries = self.queries.saturating_sub(1);
        self.quiet_after = Some(now + AFTER_QUERY);
    }

    /// The cgroup's CPU quota in cores, fractions too; `None`: no quota.
    pub fn limit(&mut self, quota: Option<f64>) {
        self.quota = quota.filter(|quota| quota.is_finite());
    }

    /// When the pause after the last query ends, if it still lasted at `seen`.
    #[must_use]
    pub fn pause_ends(&self, seen: Instant) -> Option<Instant> {
        self.quiet_after.filter(|until| seen < *until && self.queries == 0)
    }

    /// Cores that foreign work takes, averaged.
    #[must_use]
    pub const fn foreign(&self) -> f64 {
        self.foreign
    }

    /// Takes the ticks; unknown ones leave the average as it is.
    pub fn sample(&mut self, now: Instant, ticks: Option<Ticks>) -> Gate {
        if let Some(ticks) = ticks {
            self.count(now, ticks);
        }
        self.gate(now)
    }

    /// The gate as it stands, between two samples.
    #[must_use]
    pub fn gate(&self, now: Instant) -> Gate {
        if self.queries > 0 || self.quiet_after.is_some_and(|until| now < until) {
            return Gate::at(Fraction::NONE, Reason::Answering);
        }
        let free = (self.cores as f64 - self.foreign + TOLERATED).floor();
        let in_use = Gate::at(Fraction::new(free / self.cores.max(1) as f64), Reason::InUse);
        let ours = self.quota.map(|quota| Fraction::new(OF_QUOTA * quota / self.cores.max(1) as f64));
        ours.map_or(in_use, |at_most| in_use.and(Gate::at(at_most, Reason::Quota)))
    }

    fn count(&mut self, now: Instant, ticks: Ticks) {
        let Some((at, before)) = self.last else {
            self.last = Some((now, ticks));
            return;
        };
        if now.since(at) < COUNTED {
            return;
        }
        self.last = Some((now, ticks));
        let seconds = now.since(at).as_secs_f64();
        let busy = ticks.busy.saturating_sub(before.busy);
        let own = ticks.own.saturating_sub(before.own);
        let cores = busy.saturating_sub(own) as f64 / (f64::from(ticks.per_second.max(1)) * seconds);
        let cores = cores.min(self.cores as f64);
        let old_weight = 0.5_f64.powf(seconds / HALF_LIFE);
        self.foreign = old_weight.mul_add(self.foreign - cores, cores);
        if cores >= AT_ONCE {
            self.foreign = self.foreign.max(cores);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    /// Runs foreign work of so many hundredths of a core, a second each, on four cores with our own four busy.
    fn gates(foreign: &[u64]) -> Vec<f64> {
        let mut gate = UserActivity::new(4);
        let (mut busy, mut own) = (0, 0);
        gate.sample(at(0), Some(Ticks { busy, own, per_second: 100 }));
        let mut second = 0;
        foreign
            .iter()
            .map(|ticks| {
                second += 1;
                own += 400 - ticks.min(&400);
                busy += 400 - ticks.min(&400) + ticks;
                gate.sample(at(second), Some(Ticks { busy, own, per_second: 100 })).at_most.value()
            })
            .collect()
    }

    #[test]
    fn our_own_work_is_not_foreign_and_small_work_is_tolerated() {
        assert_eq!(gates(&[0, 10, 20, 20, 20]), [1.0; 5]);
    }

    #[test]
    fn a_whole_core_counts_at_once_and_a_short_burst_does_not() {
        assert_eq!(gates(&[0, 400])[1], 0.0);
        assert_eq!(gates(&[0, 200])[1], 0.5);
        assert_eq!(gates(&[0, 80, 0])[1], 1.0, "less than a core for one second");
        assert_eq!(gates(&[90; 20])[19], 0.75, "and steadily");
        let back = gates(&[400, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(back[1] < 0.5 && back[14] == 1.0, "cores come back with the half-life: {back:?}");
    }

    #[test]
    fn a_quota_leaves_room_for_questions() {
        let mut gate = UserActivity::new(1);
        gate.limit(Some(0.5));
        assert_eq!(gate.gate(at(0)), Gate::at(Fraction::new(0.375), Reason::Quota));
        gate.limit(Some(8.0));
        assert_eq!(gate.gate(at(0)).at_most, Fraction::ALL);
        gate.limit(None);
        assert_eq!(gate.gate(at(0)), Gate::OPEN);
    }

    #[test]
    fn a_question_stops_workers_until_two_seconds_after_it() {
        let mut gate = UserActivity::new(4);
        gate.query_began();
        assert_eq!(gate.gate(at(100)).reason, Reason::Answering);
        gate.query_ended(at(100));
        assert_eq!(gate.gate(at(101)).at_most, Fraction::NONE);
        assert_eq!(gate.pause_ends(at(101)), Some(at(102)));
        assert_eq!(gate.gate(at(102)), Gate::OPEN);
    }

    #[test]
    fn ticks_that_run_backwards_or_are_missing_do_not_disturb() {
        let mut gate = UserActivity::new(2);
        gate.sample(at(0), Some(Ticks { busy: 1000, own: 900, per_second: 100 }));
        assert_eq!(gate.sample(at(1), Some(Ticks { busy: 10, own: 0, per_second: 0 })), Gate::OPEN);
        assert_eq!(gate.sample(at(2), None), Gate::OPEN);
        assert_eq!(UserActivity::new(0).gate(at(0)).at_most, Fraction::NONE);
    }
}
