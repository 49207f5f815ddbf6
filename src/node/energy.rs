//! The story of headroom: what the governor allows, worker by worker, and what it is told in return.
//!
//! Embedding is the bulk of the work and obeys the governor wholly. Looking and reading are light, and what a search
//! by words needs: where headroom is none because the device is in use or energy should be spared, they go on at a
//! trickle; where the device is in need, its owner said so, or somebody waits for an answer of any agent of the host,
//! they wait as well.

use super::energy_state::{Grant, is_momentary, light};
use super::output::{Notice, Output};
use super::{Node, Out};
use crate::base::id::TaskId;
use crate::base::time::{Duration, Instant, earliest};
use crate::energy::advertiser;
use crate::energy::decision::Decision;
use crate::energy::duty_cycle::Verdict;
use crate::energy::policy::gate::Backlog;
use crate::energy::user_activity::AFTER_QUESTION;
use crate::limits::BACKGROUND_MAX;
use crate::scheduler::Admission;
use crate::scheduler::task::Outcome;
use crate::store::change::Change;
use crate::wire::gossip::Headroom;

impl Node {
    /// The governor said something new.
    pub(super) fn on_power(&mut self, decision: Decision) {
        self.energy.decision = Some(decision);
    }

    /// People come first: nothing starts while they wait, nor shortly after.
    pub(super) fn notice_people(&mut self, now: Instant, out: &mut Out) {
        if self.energy.decision.is_none() {
            return;
        }
        let answering = self.queries.any();
        if answering || self.energy.answering {
            self.energy.quiet_until = Some(now + AFTER_QUESTION);
        }
        if answering != self.energy.answering {
            self.energy.answering = answering;
            out.push(Output::Answering(answering));
        }
    }

    /// Tells the governor whether work waits, and people why it is held.
    pub(super) fn tell_demand(&mut self, now: Instant, out: &mut Out) {
        let Some(decision) = self.energy.decision else { return };
        let work = self.has_work();
        self.energy.ages.count(now, self.scheduler.ledger().unfinished());
        // Looking alone is as old as its word.
        let looks = work.then(|| self.energy.demand_since.unwrap_or(now));
        let waits = self.energy.ages.oldest().or(looks);
        // What waited longest may be done while something always waits: the rest is younger.
        if waits.is_some() != self.energy.demand_since.is_some() || waits > self.energy.demand_since {
            self.energy.demand_since = waits;
            let oldest = waits.map(|since| now.since(since));
            out.push(Output::Demand(Backlog { oldest, can_wait: Duration::ZERO }));
        }
        let reason = decision.reason.filter(|reason| decision.workers == 0 && work && !is_momentary(*reason));
        let momentary = decision.reason.is_some_and(is_momentary);
        if reason != self.energy.noticed && !(momentary && decision.workers == 0) {
            let news = reason.map_or(Notice::Resumed, |reason| Notice::Held(format!("Embedding waits: {reason}.")));
            out.push(Output::Notice(news));
            self.energy.noticed = reason;
        }
    }

    /// Whether this device has work of its own.
    pub(super) fn has_work(&self) -> bool {
        self.scheduler.ledger().unfinished() > 0 || self.scheduler.scanning()
    }

    /// Whether this device works for itself just now.
    pub(super) fn busy(&self) -> bool {
        self.scheduler.scanning() || self.scheduler.under_way() > 0
    }

    /// From when on light work that is not counted may begin, as far as people and the device's need go; `None`: not
    /// before something is said.
    pub(super) fn calm_from(&self) -> Option<Instant> {
        let held =
            self.energy.decision.as_ref().is_some_and(|decision| light(decision).workers == 0 && decision.workers == 0);
        let quiet = self.energy.quiet_until.unwrap_or(Instant::ZERO);
        (!held && !self.energy.answering).then_some(quiet)
    }

    /// Whether a background task may start now, and how large; counts nothing yet.
    pub(super) fn room_for_work(&mut self, now: Instant) -> Option<Grant> {
        let Some(decision) = self.energy.decision else {
            return Some(Grant { account: 0, admission: Admission { chunks: Some(crate::limits::EMBED_BATCH) } });
        };
        if let Some(until) = self.energy.quiet_until.filter(|until| now < *until) {
            self.energy.credit_at = Some(until);
            return None;
        }
        let bulk = decision.workers > 0;
        let allowed = if bulk { decision } else { light(&decision) };
        // Some may still run on what was allowed before.
        if self.energy.accounts.len() >= allowed.workers {
            return None;
        }
        for account in 0..allowed.workers.min(BACKGROUND_MAX) {
            if self.energy.accounts.values().any(|taken| *taken == account) {
                continue;
            }
            match self.energy.duty_cycle.asks(now, account, &allowed) {
                Verdict::Run { chunks } => {
                    return Some(Grant { account, admission: Admission { chunks: bulk.then_some(chunks) } });
                }
                Verdict::Later(at) => self.energy.credit_at = earliest(self.energy.credit_at, Some(at)),
                Verdict::No => {}
            }
        }
        None
    }

    /// Counts a task as started.
    pub(super) fn charge(&mut self, now: Instant, id: TaskId, room: Grant) {
        if self.energy.decision.is_some() {
            self.energy.duty_cycle.started(now, room.account);
            let kept = self.energy.accounts.insert(id, room.account);
            debug_assert!(kept.is_ok(), "slots never exceed the table");
        }
    }

    /// A background task ended, after so much CPU time.
    pub(super) fn settle(&mut self, now: Instant, id: TaskId, spent: Duration, outcome: &Outcome, out: &mut Out) {
        let Some(decision) = self.energy.decision else { return };
        let chunks = if let Outcome::Changes(changes) = outcome { embedded(changes) } else { 0 };
        out.push(Output::Spent { cpu: spent, chunks });
        if let Some(account) = self.energy.accounts.remove(&id) {
            let allowed = if decision.workers > 0 { decision } else { light(&decision) };
            self.energy.duty_cycle.finished(now, account, chunks, spent, &allowed);
        }
    }

    /// Forgets when to ask again: the accounts are asked anew, or nothing waits for them.
    pub(super) const fn forget_credit(&mut self) {
        self.energy.credit_at = None;
    }

    /// When to look again whether a task may start.
    pub(super) const fn power_deadline(&self) -> Option<Instant> {
        self.energy.credit_at
    }

    /// What peers are told: by the governor where there is one, else whether this device works for itself.
    pub(super) fn offer(&self, busy: bool) -> Headroom {
        match &self.energy.decision {
            Some(decision) => advertiser::word(decision, busy, self.energy.duty_cycle.chunk_ms()),
            None => advertiser::ungoverned(busy),
        }
    }
}

/// Vectors that a task brought.
fn embedded(changes: &[Change]) -> usize {
    let vectors = |change: &Change| if let Change::Embedded { vectors, .. } = change { vectors.len() } else { 0 };
    changes.iter().map(vectors).sum()
}
