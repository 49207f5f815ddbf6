//! The user activity gate: people who use the device come first.
//!
//! Foreign work is the machine's busy CPU time less that of our own agents and of niced programs: whoever niced a program
//! said that it can wait, and nobody uses the device by it. From a whole core on it counts at once;
//! less is averaged with a half-life of seconds, and a quarter of a core is tolerated. What is left of the cores is
//! ours. While a query is being answered, and for two seconds after, no background work starts. A CPU quota of the
//! cgroup (a container's `--cpus`) leaves a quarter free, since the kernel stops a whole group that used up its quota
//! (Documentation/scheduler/sched-bwc).
//!
//! A burst lifts the gate for a while: a person started the agent, or said `wattle work now`, and wants the work done beside
//! what they do. Questions come first all the same. Not here: reading the ticks (`platform::sysfs`).

use super::fraction::Fraction;
use super::rank::Rank;
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
/// Cores that niced programs take from which background threads stand beside them.
const NICED: f64 = 0.5;
/// They stay there for this long after that was last seen: beside niced programs they leave those little to be seen by.
const BESIDE: Duration = Duration::from_secs(60);
/// Shortest time between two counts of ticks: ticks are too coarse for less.
const COUNTED: Duration = Duration::from_millis(500);

/// CPU time since the start of the machine, in ticks of which a second has `per_second`.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    /// Of all processes.
    pub busy: u64,
    /// Of niced processes, outside the kernel; those of our agents are among them.
    pub nice: u64,
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
    /// Work does not give way before this.
    burst_until: Option<Instant>,
    /// When niced programs last took `NICED`.
    niced_at: Option<Instant>,
}

impl UserActivity {
    /// A gate for this many cores: those online, or fewer by the cgroup's quota.
    #[must_use]
    pub const fn new(cores: usize) -> Self {
        Self {
            cores,
            last: None,
            foreign: 0.0,
            queries: 0,
            quota: None,
            quiet_after: None,
            burst_until: None,
            niced_at: None,
        }
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

    /// Work goes on beside other programs until then; `None`: a burst ends.
    pub const fn burst(&mut self, until: Option<Instant>) {
        self.burst_until = until;
    }

    /// When a burst ends, if one holds.
    #[must_use]
    pub fn burst_ends(&self, now: Instant) -> Option<Instant> {
        self.burst_until.filter(|until| now < *until)
    }

    /// How background threads stand among other programs.
    #[must_use]
    pub fn rank(&self, now: Instant) -> Rank {
        if self.burst_ends(now).is_some() {
            return Rank::Hurried;
        }
        let beside = self.niced_at.is_some_and(|at| now.since(at) < BESIDE);
        if beside { Rank::BesideNiced } else { Rank::Last }
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

    /// Cores that others may take at most so that one core more than now is for work.
    #[must_use]
    pub fn tolerated(&self) -> f64 {
        let cores = self.cores as f64;
        let more = (self.free().max(0.0) + 1.0).min(cores);
        (cores - more + TOLERATED).max(0.0)
    }

    /// Whole cores that others leave.
    fn free(&self) -> f64 {
        (self.cores as f64 - self.foreign + TOLERATED).floor()
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
        self.of_programs(now)
    }

    /// The gate as it were without questions.
    #[must_use]
    pub fn of_programs(&self, now: Instant) -> Gate {
        let free = self.free();
        let in_use = match self.burst_ends(now) {
            Some(_) => Gate::OPEN,
            None => Gate::at(Fraction::new(free / self.cores.max(1) as f64), Reason::InUse),
        };
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
        // Our background threads are niced, and nobody says how much of `nice` is theirs. The larger of the two is taken off:
        // it is at most what our other threads took too little, and a quarter of a core of that is tolerated.
        let niced = ticks.nice.saturating_sub(before.nice);
        let waits = own.max(niced);
        let in_cores = |ticks: u64, unit: u32| ticks as f64 / (f64::from(unit.max(1)) * seconds);
        if in_cores(niced.saturating_sub(own), ticks.per_second) >= NICED {
            self.niced_at = Some(now);
        }
        let cores = in_cores(busy.saturating_sub(waits), ticks.per_second);
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
        gate.sample(at(0), Some(Ticks { busy, nice: 0, own, per_second: 100 }));
        let mut second = 0;
        foreign
            .iter()
            .map(|ticks| {
                second += 1;
                own += 400 - ticks.min(&400);
                busy += 400 - ticks.min(&400) + ticks;
                gate.sample(at(second), Some(Ticks { busy, nice: 0, own, per_second: 100 })).at_most.value()
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
    fn others_take_more_than_is_tolerated_whenever_some_work_gives_way() {
        for hundredths in (30..=400).step_by(10) {
            let mut gate = UserActivity::new(4);
            let ticks = |second| Ticks { busy: hundredths * second, nice: 0, own: 0, per_second: 100 };
            let gates: Vec<Gate> = (0..60).map(|second| gate.sample(at(second), Some(ticks(second)))).collect();
            assert!(gates.last().is_some_and(|gate| gate.reason == Reason::InUse), "{hundredths}");
            assert!(gate.foreign() > gate.tolerated(), "{hundredths}: {} {}", gate.foreign(), gate.tolerated());
        }
    }

    #[test]
    fn niced_programs_are_no_use_by_a_person_and_those_beside_them_are() {
        let foreign = |busy: u64, nice: u64, own: u64| {
            let mut gate = UserActivity::new(2);
            let ticks = |second| Ticks { busy: busy * second, nice: nice * second, own: own * second, per_second: 100 };
            (0..60).for_each(|second| _ = gate.sample(at(second), Some(ticks(second))));
            gate.foreign()
        };
        assert!(foreign(200, 200, 0) < 0.01, "two niced loops");
        assert!(foreign(200, 200, 34) < 0.01, "two niced loops and our niced threads");
        assert!(foreign(200, 160, 140) < 0.41, "our threads, of which a part is not niced, beside a niced loop");
        assert!((foreign(200, 100, 0) - 1.0).abs() < 0.01, "a niced loop and one that is not");
        assert!((foreign(200, 10, 100) - 1.0).abs() < 0.01, "our threads may be niced too");
    }

    #[test]
    fn a_burst_lifts_the_gate_for_other_programs_until_it_ends_and_never_for_a_question() {
        let mut gate = UserActivity::new(2);
        let busy = |second| Some(Ticks { busy: 200 * second, nice: 0, own: 0, per_second: 100 });
        (0..10).for_each(|second| _ = gate.sample(at(second), busy(second)));
        assert_eq!((gate.gate(at(10)).at_most, gate.rank(at(10))), (Fraction::NONE, Rank::Last));
        gate.burst(Some(at(610)));
        assert_eq!((gate.gate(at(609)), gate.rank(at(609))), (Gate::OPEN, Rank::Hurried));
        gate.query_began();
        assert_eq!(gate.gate(at(609)).reason, Reason::Answering);
        gate.query_ended(at(609));
        assert_eq!((gate.gate(at(612)).reason, gate.rank(at(612))), (Reason::InUse, Rank::Last));
        gate.limit(Some(0.5));
        gate.burst(Some(at(999)));
        assert_eq!(gate.gate(at(700)).reason, Reason::Quota, "the system's limit stays");
        gate.burst(None);
        assert_eq!(gate.rank(at(700)), Rank::Last);
    }

    #[test]
    fn beside_niced_programs_work_stands_beside_them_and_does_not_waver() {
        let mut gate = UserActivity::new(2);
        let mut nice = 0;
        let mut ranks = Vec::new();
        for second in 0..400 {
            // Two niced loops; as soon as work stands beside them it takes nearly all.
            let own = if ranks.last() == Some(&Rank::BesideNiced) { 180 } else { 20 };
            nice += 200;
            let ticks = Ticks { busy: 200 * second, nice, own: own * second, per_second: 100 };
            gate.sample(at(second), Some(ticks));
            ranks.push(gate.rank(at(second)));
        }
        let changes = ranks.windows(2).filter(|two| two[0] != two[1]).count();
        assert!(ranks[10] == Rank::BesideNiced && changes <= 13, "{changes} changes in 400 s");
        let beside = ranks.iter().filter(|rank| **rank == Rank::BesideNiced).count();
        assert!(beside > 370, "{beside} of 400 s");
    }

    #[test]
    fn a_quota_leaves_room_for_queries() {
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
        gate.sample(at(0), Some(Ticks { busy: 1000, nice: 0, own: 900, per_second: 100 }));
        assert_eq!(gate.sample(at(1), Some(Ticks { busy: 10, nice: 0, own: 0, per_second: 0 })), Gate::OPEN);
        assert_eq!(gate.sample(at(2), None), Gate::OPEN);
        assert_eq!(UserActivity::new(0).gate(at(0)).at_most, Fraction::NONE);
    }
}
