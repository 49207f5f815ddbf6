//! The flow of energy: the governor's decision is applied to every background task, and the governor gets the demand.
//!
//! Embedding is the bulk of the work and follows the decision exactly. Scans, removals and reading are light: where there
//! is no headroom because the device is in use or should save energy, they go on at a trickle. When the device is in
//! trouble (heat, under-voltage, low battery), when its owner paused it, or while anybody waits for an answer of any agent
//! of the host, they go on with the least share (`Fraction::LEAST`). They never stop, because a file that is deleted,
//! renamed or changed must leave the answers, and that costs next to nothing.
//!
//! Questions may never end: a program that asks every second is one. Where nothing else holds the work, embedding goes on
//! beside them as well, with the same least share and one chunk a task, so that a question meets one short task at most.
//!
//! Where only the use of the device by others holds the work, a few chunks (`FEW_CHUNKS`) are embedded in the same way: a note that was
//! just saved is found by its meaning although its author is at the device.

use super::energy_state::{Grant, is_momentary, light};
use super::output::{Notice, Output};
use super::why::limiting;
use super::{Node, Out};
use crate::base::id::TaskId;
use crate::base::time::{Duration, Instant, earliest};
use crate::energy::advertiser;
use crate::energy::decision::Decision;
use crate::energy::duty_cycle::{OwnSpeed, Verdict};
use crate::energy::fraction::Fraction;
use crate::energy::policy::gate::Backlog;
use crate::energy::reason::Reason;
use crate::energy::user_activity::AFTER_QUERY;
use crate::limits::{BACKGROUND_MAX, BESIDE_QUESTIONS_MS, FEW_CHUNKS, QUESTIONS_WAIT_MS, WORD_MS};
use crate::scheduler::WorkAllowance;
use crate::scheduler::task::{Outcome, Task};
use crate::store::change::Change;
use crate::wire::gossip::Headroom;

impl Node {
    /// A new decision of the governor.
    pub(super) fn on_decision(&mut self, now: Instant, decision: Decision) {
        self.energy.told.is_so(now, limiting(&decision));
        self.energy.decision = Some(decision);
    }

    /// Tells the governor when people begin and cease to wait for answers. Nothing starts while they wait, nor for
    /// `AFTER_QUERY` after; if that lasts for `QUESTIONS_WAIT_MS`, one task every `BESIDE_QUESTIONS_MS`.
    pub(super) fn report_answering(&mut self, now: Instant, out: &mut Out) {
        if self.energy.decision.is_none() {
            return;
        }
        let answering = self.queries.any();
        if answering || self.energy.answering {
            if self.energy.quiet_until.is_none_or(|until| until <= now) {
                self.energy.beside_from = Some(now + Duration::from_millis(QUESTIONS_WAIT_MS));
            }
            self.energy.quiet_until = Some(now + AFTER_QUERY);
        }
        if answering != self.energy.answering {
            self.energy.answering = answering;
            out.push(Output::Answering(answering));
        }
    }

    /// Tells the governor since when work waits, and writes a notice when work is held or goes on.
    pub(super) fn report_demand(&mut self, now: Instant, out: &mut Out) {
        self.look_for_stall(now);
        let Some(decision) = self.energy.decision else { return };
        let work = self.has_work();
        self.energy.ages.count(now, self.scheduler.to_do());
        // Scans have no age of their own: they count from when their demand was reported.
        // What is embedded for other devices has the device's heat and supply too: the agents of a host share it evenly.
        let scans = (work || self.scheduler.borrowed() > 0).then(|| self.energy.demand_since.unwrap_or(now));
        let waits = self.energy.ages.oldest().or(scans);
        // The oldest work may be done while other work waits: the rest is younger, and the age goes down.
        if waits.is_some() != self.energy.demand_since.is_some() || waits > self.energy.demand_since {
            self.energy.demand_since = waits;
            let oldest = waits.map(|since| now.since(since));
            out.push(Output::Demand(Backlog { oldest, can_wait: Duration::ZERO }));
        }
        if !work {
            self.energy.told.clear();
            return;
        }
        let reason = decision.reason.filter(|_| decision.workers == 0);
        if reason.is_some_and(is_momentary) {
            self.energy.told.postpone(now);
        } else if self.energy.told.take(now, reason) {
            let waits = self.waits().map_or(Notice::WorkGoesOn, Notice::WorkWaits);
            out.push(Output::Notice(waits));
        }
    }

    /// Notes time in which the process stood still: it counts in no pace.
    pub(super) fn note_stand(&mut self, now: Instant) {
        let works = self.scheduler.under_way() > 0;
        self.energy.stall.note_borrowed(now, self.scheduler.borrowed() > 0);
        // A wake-up that was due did not come: what others sent meanwhile waited, and tells nothing of their speed.
        let word = Duration::from_millis(WORD_MS);
        if let Some(gap) = self.energy.stall.since_input(now).filter(|gap| *gap > word)
            && self.deadline().is_some_and(|due| due + word <= now)
        {
            self.scheduler.blind(now, gap);
        }
        if let Some(stood) = self.energy.stall.stood(now, works) {
            self.scheduler.stood(now, stood);
        }
        let embeds = self.embeds(now);
        self.scheduler.note_embedding(now, embeds);
    }

    /// Whether chunks wait and some device may embed them. What holds work for a moment only, as a question does, is a part of the pace.
    fn embeds(&self, now: Instant) -> bool {
        let runs =
            || self.scheduler.running_tasks().any(|(task, _)| matches!(task, Task::Embed { .. } | Task::EmbedLent(_)));
        self.scheduler.to_embed() > 0
            && (self.may_embed() || runs() || self.scheduler.lent(now).any(|lent| lent.chunks > 0))
    }

    /// Notes whether work that may go on does.
    fn look_for_stall(&mut self, now: Instant) {
        let is_quiet = self.energy.answering || self.energy.quiet_until.is_some_and(|until| now < until);
        let is_held = self.energy.decision.as_ref().is_some_and(|decision| decision.workers == 0);
        let waits = self.scheduler.waits_for_nothing() && !self.scheduler.scanning() && !self.scheduler.stands_still();
        self.energy.stall.look(now, self.scheduler.counts(), waits && !is_held && !is_quiet);
    }

    /// Why embedding waits, in a sentence; `None`: it does not, or not for long yet.
    pub(super) fn waits(&self) -> Option<String> {
        self.energy.told.reason().map(waiting)
    }

    /// Whether this device has unfinished work of its own.
    pub(super) fn has_work(&self) -> bool {
        self.scheduler.to_do() > 0 || self.scheduler.scanning()
    }

    /// Whether a scan, a task or a save of this device is under way.
    pub(super) fn busy(&self) -> bool {
        self.scheduler.scanning() || self.scheduler.under_way() > 0
    }

    /// From when on work that is charged to no account and can wait may begin; `None`: not before the next decision or
    /// answer.
    pub(super) fn uncharged_work_from(&self) -> Option<Instant> {
        self.quiet_from().filter(|_| !self.is_uncharged_work_held())
    }

    fn is_uncharged_work_held(&self) -> bool {
        let holds =
            |decision: &Decision| decision.workers == 0 && decision.reason.is_some_and(Reason::holds_uncharged_work);
        self.energy.decision.as_ref().is_some_and(holds)
    }

    /// Whether a task for work that travels may begin beside questions that do not end, as own tasks may: one every `BESIDE_QUESTIONS_MS`. Else what
    /// others made would wait for its check as long as the questions come.
    pub(super) fn may_share_beside(&self, now: Instant) -> bool {
        let asked = self.energy.quiet_until.is_some_and(|until| now < until);
        asked && !self.is_uncharged_work_held() && self.energy.beside_from.is_some_and(|from| from <= now)
    }

    /// Such a task has begun.
    pub(super) fn shared_beside(&mut self, now: Instant) {
        self.energy.beside_from = Some(now + Duration::from_millis(BESIDE_QUESTIONS_MS));
    }

    /// From when on nobody waits for an answer; `None`: somebody waits just now.
    pub(super) fn quiet_from(&self) -> Option<Instant> {
        (!self.energy.answering).then_some(self.energy.quiet_until.unwrap_or(Instant::ZERO))
    }

    /// Whether a background task may start now, and how large; `charge` follows if one does.
    pub(super) fn next_grant(&mut self, now: Instant) -> Option<Grant> {
        let Some(decision) = self.energy.decision else {
            return Some(Grant { account: 0, allowance: WorkAllowance { chunks: Some(crate::limits::EMBED_BATCH) } });
        };
        let quiet = self.energy.quiet_until.filter(|until| now < *until);
        if let Some(until) = quiet
            && let Some(from) = self.energy.beside_from.filter(|from| now < *from)
        {
            self.energy.credit_at = Some(until.min(from));
            return None;
        }
        let bulk = decision.workers > 0 && quiet.is_none();
        let few = decision.reason == Some(Reason::InUse) && self.scheduler.to_embed() <= FEW_CHUNKS;
        let beside = !bulk && (decision.workers > 0 || decision.besides.only_questions || few);
        let allowed = match quiet {
            Some(_) => Decision { duty: Fraction::LEAST, ..light(&decision) },
            None if bulk => decision,
            None => light(&decision),
        };
        // Tasks of an earlier, larger decision may still run.
        if self.energy.accounts.len() >= allowed.workers {
            return None;
        }
        for account in 0..allowed.workers.min(BACKGROUND_MAX) {
            if self.energy.accounts.is_taken(account) {
                continue;
            }
            match self.energy.duty_cycle.verdict(now, account, &allowed) {
                Verdict::Run { chunks } => {
                    // Beside a file that takes long no more is embedded than without it.
                    let embeds = (bulk || beside) && self.energy.accounts.under_way() < allowed.workers;
                    return Some(Grant { account, allowance: WorkAllowance { chunks: embeds.then_some(chunks) } });
                }
                Verdict::Later(at) => self.energy.credit_at = earliest(self.energy.credit_at, Some(at)),
                Verdict::No => {}
            }
        }
        None
    }

    /// Charges a task that starts to its account.
    pub(super) fn charge(&mut self, now: Instant, id: TaskId, grant: Grant) {
        if self.energy.decision.is_some() {
            self.energy.duty_cycle.started(now, grant.account);
            self.energy.beside_from = Some(now + Duration::from_millis(BESIDE_QUESTIONS_MS));
            self.energy.accounts.begin(id, grant.account);
        }
    }

    /// A file that takes long mostly waits for the process that parses it: another task may run meanwhile.
    pub(super) fn set_long_read_aside(&mut self, now: Instant) {
        let long = self.scheduler.long_read();
        if let Some(account) = long.and_then(|id| self.energy.accounts.set_aside(now, id)) {
            self.energy.duty_cycle.set_aside(now, account);
        }
    }

    /// A background task ended, after so much CPU time.
    pub(super) fn finish_task(&mut self, now: Instant, id: TaskId, spent: Duration, outcome: &Outcome, out: &mut Out) {
        self.energy.duty_cycle.made(computed(outcome), spent);
        let Some(decision) = self.energy.decision else { return };
        let chunks = match outcome {
            Outcome::Changes(changes) => embedded(changes),
            Outcome::Embedded(vectors) => vectors.len(),
            _ => 0,
        };
        out.push(Output::Spent { cpu: spent, chunks });
        let allowed = if decision.workers > 0 { decision } else { light(&decision) };
        match self.energy.accounts.end(id) {
            Some((account, None)) => self.energy.duty_cycle.finished(now, account, chunks, spent, &allowed),
            Some((account, Some(since))) => self.energy.duty_cycle.ended_aside(now, account, since, spent, &allowed),
            None => {}
        }
    }

    /// Drops the credit deadline: the accounts are asked again in the same step, or nothing waits for them.
    pub(super) const fn forget_credit(&mut self) {
        self.energy.credit_at = None;
    }

    /// When an account has credit again, or a notice is due.
    pub(super) fn energy_deadline(&self) -> Option<Instant> {
        earliest(self.energy.credit_at, self.energy.told.deadline())
    }

    /// How fast this device embeds, by what it has embedded since it was started: rests count in no speed.
    pub(super) fn own_speed(&self) -> Option<OwnSpeed> {
        let cores = self.energy.decision.map_or(1, |decision| decision.workers.max(1)) as u64;
        self.energy.duty_cycle.us_per_chunk().map(|us_per_chunk| OwnSpeed { us_per_chunk, cores })
    }

    /// The headroom to publish: by the governor's decision or, without a governor, by whether this device is busy.
    pub(super) fn offer(&self, busy: bool) -> Headroom {
        match &self.energy.decision {
            Some(decision) => advertiser::headroom(decision, busy, self.energy.duty_cycle.chunk_ms()),
            None => advertiser::ungoverned(busy),
        }
    }
}

/// That embedding waits for this reason, and the command that lets it go on where there is one: an agent without a terminal has
/// no burst at its start, and its log may be all that its owner looks at. The reason of a pause names its own.
fn waiting(reason: Reason) -> String {
    let command = if reason == Reason::InUse { " `wattle work now` embeds all the same." } else { "" };
    format!("Embedding waits: {reason}.{command}")
}

/// The number of vectors that a task computed: copies of others cost nothing.
fn computed(outcome: &Outcome) -> usize {
    let made = |change: &Change| match change {
        Change::Embedded { vectors, .. } => vectors.len(),
        Change::Remade { rows, .. } => rows.iter().filter(|remade| remade.vector.is_some()).count(),
        _ => 0,
    };
    match outcome {
        Outcome::Changes(changes) => changes.iter().map(made).sum(),
        Outcome::Embedded(vectors) => vectors.len(),
        _ => 0,
    }
}

/// The number of vectors among a task's changes.
fn embedded(changes: &[Change]) -> usize {
    let vectors = |change: &Change| match change {
        Change::Embedded { vectors, .. } => vectors.len(),
        Change::Copied { rows, .. } => rows.len(),
        Change::Remade { rows, .. } => rows.len(),
        _ => 0,
    };
    changes.iter().map(vectors).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_embedding_waits_is_told_with_the_command_that_lets_it_go_on() {
        let in_use = waiting(Reason::InUse);
        assert!(
            in_use.ends_with("the device is in use; work gives way. `wattle work now` embeds all the same."),
            "{in_use}"
        );
        assert!(waiting(Reason::Paused).ends_with("`wattle resume` ends it."));
        assert!(!waiting(Reason::TooHot).contains('`'), "nothing helps but time");
    }
}
