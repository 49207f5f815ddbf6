//! What is kept over a restart, and what is told of the whole.

use super::{HostCoordinator, age, millis};
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::task::Scope;
use crate::energy::board::findings::BoardReport;
use crate::energy::board::limit::LimitFrom;
use crate::energy::governor::Learned;
use crate::energy::report::Report;
use crate::runtime::governor::report;
use crate::runtime::governor::report::{Current, More};
use crate::runtime::governor::state_file::Kept;

/// Between two writes of what is learned, where nothing urgent is: an SD card lives long.
const KEEP: Duration = Duration::from_secs(3600);
/// After a write that failed.
const KEEP_AGAIN: Duration = Duration::from_secs(60);

/// When to write, and what was written last.
#[derive(Debug)]
pub(super) struct PersistedState {
    due: Instant,
    /// The cap of a weak supply and the falls towards the next one.
    supply: (Option<usize>, u8),
    last: Kept,
}

impl PersistedState {
    pub(super) fn new(now: Instant, kept: &Kept) -> Self {
        Self { due: now + KEEP, supply: kept.learned.map_or((None, 0), of_supply), last: kept.clone() }
    }

    /// A fall of the voltage is kept at once: the next may switch the device off.
    pub(super) fn notice(&mut self, learned: Learned) {
        if of_supply(learned) != self.supply {
            (self.supply, self.due) = (of_supply(learned), Instant::ZERO);
        }
    }
}

const fn of_supply(learned: Learned) -> (Option<usize>, u8) {
    (learned.workers, learned.falls.count)
}

impl HostCoordinator {
    /// What the device takes, where it was calibrated whole: for a little on battery, and for what counts as surplus.
    pub(super) fn know_watts(&mut self) {
        if let Some(found) = self.calibration.filter(|found| found.scope == Scope::BoardInput) {
            self.governor.know_watts(found.core_watts);
            self.puts.know_watts(found.core_watts.mul_add(self.cores as f64, found.idle_watts));
        }
    }

    /// When what is kept is to be written again.
    pub(in crate::runtime::governor) const fn keep_at(&self) -> Instant {
        self.keeping.due
    }

    /// What is to be kept.
    pub(in crate::runtime::governor) fn kept(&self, now: Instant) -> Kept {
        let waits = self.own.waits.map(|wants| millis(age(now, wants)));
        Kept {
            v: Kept::VERSION,
            learned: Some(self.governor.learned()),
            pause: self.pause.filter(|pause| pause.holds(now)).map(|pause| pause.keep(now, self.wall(now))),
            said: self.said,
            waited_ms: waits.unwrap_or(0),
            calibration: self.calibration,
            ledger: self.ledger.clone(),
        }
    }

    /// Is it more than what was written last? An agent that did nothing writes nothing.
    pub(in crate::runtime::governor) fn is_new(&self, kept: &Kept) -> bool {
        Kept { pause: self.keeping.last.pause, ..kept.clone() } != self.keeping.last
    }

    /// It was written, or there was no need; or it could not be, and is tried again in a minute.
    pub(in crate::runtime::governor) fn was_kept(&mut self, now: Instant, kept: Option<Kept>) {
        self.keeping.due = now + if kept.is_some() { KEEP } else { KEEP_AGAIN };
        self.keeping.last = kept.unwrap_or_else(|| self.keeping.last.clone());
    }

    /// Something that must not be lost was heard from another agent.
    pub(super) const fn keep_soon(&mut self) {
        self.keeping.due = Instant::ZERO;
    }

    pub(in crate::runtime::governor) fn current(&mut self, now: Instant, found: &BoardReport) -> Current {
        let own = self.decision(now);
        let decision = if self.leads() { self.whole } else { own };
        let (goal, foreign, energy, energy_source) = report::more(now, &self.governor, self.wall(now));
        let left = report::left(now, self.pause);
        let baseline = self.meter.baseline(now);
        let sighted = !self.governor.is_blind();
        let more = More {
            why: report::sentence(&decision),
            mode: decision.mode,
            workers: decision.workers,
            duty: decision.duty.value(),
            // A follower samples nothing: what its own governor would say is not known. Without a sensor nothing is held
            // at any degree.
            goal_c: (self.leads() && self.sensors > 0 && sighted).then_some(goal),
            foreign_cores: self.leads().then_some(foreign),
            energy: if self.leads() { energy } else { decision.energy },
            energy_source: energy_source.filter(|_| self.leads()),
            paused: left.is_some(),
            paused_s: left.flatten(),
            leads: self.leads(),
            followers: self.followers.len(),
            today: self.ledger.day(self.day(now)).map(report::spent).unwrap_or_default(),
            days: report::days(&self.ledger, self.day(now)),
            idle_watts: baseline.map(|baseline| baseline.watts),
            idle_method: baseline.map(|baseline| baseline.method),
            idle_scope: baseline.map(|baseline| baseline.scope),
        };
        let mut report = Report::new(found, &decision);
        if self.leads() && sighted {
            report.prove(found);
        }
        if let Some(limit) = self.governor.own_limit() {
            (report.t_lim_c, report.t_lim_from) = (limit, LimitFrom::Owner);
        }
        Current { report, more }
    }

    /// Days since 1970; days of running, below 0, while the time is unknown.
    pub(super) fn day(&self, now: Instant) -> i64 {
        const DAY: i64 = 86_400;
        let running = || i64::try_from(now.since(self.began).as_secs()).unwrap_or(0) / DAY - 1_000_000;
        self.wall(now).map_or_else(running, |wall| wall.0.div_euclid(DAY))
    }
}
