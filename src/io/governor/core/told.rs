//! What is kept over a restart, and what is told of the whole.

use super::super::keep::Kept;
use super::super::report::{self, Current, More};
use super::{Core, Role, age, millis};
use crate::base::time::{Duration, Instant};
use crate::energy::board::findings::Findings;
use crate::energy::board::limit::LimitFrom;
use crate::energy::board::sensor::Choice;
use crate::energy::governor::Learned;
use crate::energy::policy::wall::Zone;
use crate::energy::reason::Reason;
use crate::energy::report::Report;

/// Between two writes of what is learned, where nothing urgent is: an SD card lives long.
const KEEP: Duration = Duration::from_secs(3600);

impl Core {
    /// What is due to be written; `None`: nothing yet.
    pub(in crate::io::governor) fn due_to_keep(&mut self, now: Instant) -> Option<Kept> {
        let workers = self.governor.learned().workers;
        let urgent = self.leads() && workers != self.saved.1;
        (urgent || std::mem::take(&mut self.keep_soon) || now.since(self.saved.0) >= KEEP).then(|| self.kept(now))
    }

    pub(in crate::io::governor) fn kept(&mut self, now: Instant) -> Kept {
        let learned: Learned = self.governor.learned();
        self.saved = (now, learned.workers);
        let waits = self.own.waits.map(|wants| millis(age(now, wants)));
        Kept {
            v: Kept::VERSION,
            learned: Some(learned),
            pause: self.pause.filter(|pause| pause.holds(now)).map(|pause| pause.keep(now, self.wall)),
            waited_ms: waits.unwrap_or(0),
            calibration: self.calibration,
            ledger: self.ledger.clone(),
        }
    }

    /// Something that must not be lost was learned from another agent.
    pub(in crate::io::governor) const fn keep_soon(&mut self) {
        self.keep_soon = true;
        self.sample_now = true;
    }

    /// The zone's later changes.
    pub(in crate::io::governor) fn set_zone(&mut self, zone: Zone) {
        self.governor.policy.set_zone(zone);
    }

    pub(in crate::io::governor) fn current(&self, now: Instant, found: &Findings) -> Current {
        let decision = match self.role {
            Role::Leads => self.whole,
            Role::Follows(decision, _) => decision,
        };
        let (goal, foreign, energy, energy_source) = report::more(now, &self.governor, self.wall);
        let left = report::left(now, self.pause);
        let baseline = self.meter.baseline(now);
        let thermal = self.governor.gates().thermal.reason;
        // A lone sensor of ACPI is believed once it was seen to vary; until then the gate says that there is none.
        let sighted =
            matches!(found.cpu, Choice::Group(_)) || thermal != Reason::NoSensor && thermal != Reason::Throttled;
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
        self.wall.map_or_else(running, |wall| wall.0.div_euclid(DAY))
    }
}
