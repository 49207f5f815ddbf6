//! The flow of work that travels: `scheduler::offload` decides what is lent and borrowed; here are its messages, links and rights.

use super::output::Output;
use super::status::{
    AbsentStatus, EMBEDS, KeptOut, LOOKS, LentStatus, OwedFails, ParkedStatus, READS, RunningStatus, SharedWork,
    WorkLink,
};
use super::{Node, Out};
use crate::base::id::{DocId, PeerKey};
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::reason::Reason;
use crate::limits::{ABSENT_SHOWN, LINKS_MAX, OFFENCE_MS, PARKED_SHOWN};
use crate::mesh::conduct::Offence;
use crate::mesh::swim::Liveness;
use crate::mesh::trust::Rights;
use crate::scheduler::attempt::ParkedTask;
use crate::scheduler::lend::Allowed;
use crate::scheduler::offload::lender::Lent;
use crate::scheduler::offload::lender::again::Again;
use crate::scheduler::offload::recipient::Recipient;
use crate::scheduler::task::Task;
use crate::store::counts::Kind;
use crate::store::record::Attempt;
use crate::wire::message::Message;
use crate::wire::why::Why;
use crate::wire::work::Work;
use heapless::Vec as Bounded;

impl Node {
    /// A message of work. The sender has the right to send one.
    pub(super) fn on_work(&mut self, now: Instant, peer: PeerKey, work: Work, out: &mut Out) {
        if let Work::Offer(offer) = &work {
            self.on_model(peer, offer.model);
        }
        self.scheduler.on_work(now, peer, work, &mut self.orders);
        self.carry_out_orders(out);
        self.tell_false_results(now, out);
    }

    /// Lends and borrows what is due. Nothing is lent to a device with a second one of its key, or of which two are up.
    pub(super) fn share_work(&mut self, now: Instant, out: &mut Out) {
        let may = |peer: &PeerKey| self.trust.may(*peer, Rights::WORK) && !self.is_frozen(now, *peer);
        // Most inputs of most devices come while there is nothing to lend: those need no list.
        let most = if self.scheduler.is_for_nobody(now) { 0 } else { LINKS_MAX };
        let workers: Bounded<PeerKey, LINKS_MAX> = self.peers.all_linked().filter(may).take(most).collect();
        self.look_for_surplus(now, &workers);
        let waits = self.waits_for_surplus();
        let helpers: Bounded<Recipient, LINKS_MAX> = workers.iter().map(|peer| self.recipient(*peer)).collect();
        let beside = self.may_share_beside(now);
        let reads = beside || self.uncharged_work_from().is_some_and(|from| from <= now);
        // What waits for surplus could be embedded here, and so could the few that check others; not on a battery.
        let embeds = |decision: &Decision| {
            decision.workers > 0 || decision.reason == Some(Reason::InUse) || waits && !decision.on_battery
        };
        let checks = reads && self.energy.decision.as_ref().is_none_or(embeds);
        let allowed = Allowed { others: self.may_work_for_others(now), checks, reads };
        self.scheduler.share_work(now, &helpers, allowed, &mut self.orders);
        if beside && self.orders.iter().any(|order| matches!(order, crate::scheduler::Output::Start(..))) {
            self.shared_beside(now);
        }
        self.carry_out_orders(out);
        self.tell_false_results(now, out);
        self.tell_bans(now, &workers, out);
    }

    /// Whether a linked member with the same model could embed texts for this one just now, as it publishes.
    pub(super) fn any_helper(&self, now: Instant) -> bool {
        let has_headroom = |peer| self.gossip.items.headroom(now, peer).is_some_and(|headroom| headroom.quarters > 0);
        let may = |peer| self.trust.may(peer, Rights::WORK) && !self.is_frozen(now, peer);
        self.peers.all_linked().any(|peer| may(peer) && !self.has_other_model(now, peer) && has_headroom(peer))
    }

    /// Tells the devices that get no work, because a result of them was false, that it was: else nobody learns it where it may be mended.
    fn tell_bans(&mut self, now: Instant, workers: &[PeerKey], out: &mut Out) {
        for peer in workers {
            if let Some(left) = self.scheduler.tell_ban(now, *peer) {
                let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
                let ago = Duration::from_millis(OFFENCE_MS).saturating_sub(left);
                // The part of a second that is left counts as one: in none it would be over.
                let why = Why::of_false_result(seconds(ago), seconds(left).max(1));
                out.push(Output::Send(*peer, Message::Why(why)));
            }
        }
    }

    /// A device that may work for this one. What waits for surplus energy is for those that have some.
    pub(super) fn recipient(&self, peer: PeerKey) -> Recipient {
        let surplus = self.energy.others.has(peer);
        Recipient { peer, surplus, gets: surplus || !self.waits_for_surplus() }
    }

    /// Whether the work of this device can wait for surplus energy, and waits for that.
    fn waits_for_surplus(&self) -> bool {
        self.energy.decision.is_some_and(|decision| decision.reason == Some(Reason::WaitingForSurplus))
    }

    /// Looks at times which linked devices have surplus energy, as they publish it.
    fn look_for_surplus(&mut self, now: Instant, linked: &[PeerKey]) {
        if self.scheduler.to_embed() > 0 && self.energy.others.is_due(now) {
            let items = &self.gossip.items;
            let has = |peer: &&PeerKey| {
                items.headroom(now, **peer).is_some_and(|headroom| headroom.energy == Energy::Surplus)
            };
            self.energy.others.set(now, linked.iter().filter(has).copied().collect());
        }
    }

    /// Whether the governor allows bulk work. A pause between two tasks, and questions that are being answered, end no lease.
    fn may_work_for_others(&self, now: Instant) -> bool {
        let asked = self.energy.quiet_until.is_some_and(|until| now < until);
        self.energy
            .decision
            .as_ref()
            .is_none_or(|decision| decision.workers > 0 || asked && decision.besides.only_questions)
    }

    /// Who has what of this device's work.
    pub fn lent(&self, now: Instant) -> impl Iterator<Item = Lent> {
        self.scheduler.lent(now)
    }

    /// What was embedded more than once, by cause.
    #[must_use]
    pub const fn embedded_again(&self) -> Again {
        self.scheduler.embedded_again()
    }

    /// What waits here, and what of it travels.
    pub(super) fn shared_work(&self, now: Instant) -> SharedWork {
        let suspects = self.with_liveness(Liveness::Suspect);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
        let lent = |lent: Lent| LentStatus {
            device: self.title(Some(lent.peer)),
            peer_id: self.peer_id_of(Some(lent.peer)),
            chunks: lent.chunks as u64,
            unchecked: lent.unchecked as u64,
            owed: lent.owed,
            done: lent.done,
            ms_per_chunk: lent.ms_per_chunk.map(|ms| ms.round() as u64),
            since_ago: lent.since.map(|since| now.since(since)),
            kept_out: match (lent.banned, self.is_frozen(now, lent.peer)) {
                (Some(left), _) => Some(KeptOut::FalseResult(left)),
                (None, true) => Some(KeptOut::TwoOfOneKey),
                (None, false) => lent.failing.map(KeptOut::CannotEmbed),
            },
            link: self.work_link(&lent, &suspects),
            // One that may use less than a quarter of itself publishes none, and works all the same.
            rests: lent.chunks == 0
                && self.gossip.items.headroom(now, lent.peer).is_some_and(|headroom| headroom.quarters == 0),
            owed_fails: self.scheduler.owed_rest(lent.peer).map(|rest| OwedFails {
                attempts: rest.attempts as u64,
                why: rest.why.clone(),
                next_in: self.scheduler.may_check().then(|| rest.until.since(now)),
            }),
        };
        // A device that was only told of work is of no interest, and neither is one that left or was removed.
        let is_known = |lent: &Lent| {
            let may = self.trust.may(lent.peer, Rights::WORK) && self.peers.get(lent.peer).is_some();
            lent.chunks + lent.unchecked > 0
                || lent.owed > 0
                || may && (lent.banned.is_some() || lent.failing.is_some() || lent.done > 0)
        };
        let known = self.scheduler.lent(now).filter(is_known);
        SharedWork {
            to_read: self.scheduler.counts().count(Kind::Waiting),
            to_embed: self.scheduler.to_embed(),
            borrowed: self.scheduler.borrowed() as u64,
            offered: self.scheduler.offered(),
            again: self.scheduler.embedded_again(),
            lent: known.map(lent).collect(),
            running: self
                .scheduler
                .running_tasks()
                .map(|(task, since)| self.running_status(now, task, since))
                .collect(),
            per_minute: self.scheduler.embedded_per_minute(now),
            embeds: self.may_embed(),
            absent: self.absent_workers(now),
            why: self.why(now),
            parked: self.scheduler.parked().take(PARKED_SHOWN).map(|(id, task)| self.parked_status(id, task)).collect(),
        }
    }

    /// How a device that works for this one is linked. One that has work and does not send what it made, or does not answer at all, is silent
    /// before its link ends.
    pub(super) fn work_link(&self, lent: &Lent, suspects: &[PeerKey]) -> WorkLink {
        if lent.unlinked.is_some() || self.peers.get(lent.peer).is_none_or(|peer| !peer.linked) {
            return if self.mesh.stopped.contains_key(&lent.peer) { WorkLink::Stopped } else { WorkLink::Gone };
        }
        let is_suspect = suspects.contains(&lent.peer);
        match lent.silent {
            Some((silent, is_overdue)) if is_overdue || is_suspect => WorkLink::Silent(Some(silent)),
            // It owes nothing: since when it would not have answered, nobody knows.
            None if is_suspect => WorkLink::Silent(None),
            _ => WorkLink::Up,
        }
    }

    /// The devices that are so by SWIM.
    pub(super) fn with_liveness(&self, liveness: Liveness) -> Vec<PeerKey> {
        let list = self.member.member_list(self.config.key).into_iter();
        list.filter(|state| state.liveness == liveness).map(|state| state.key).collect()
    }

    /// What a task does, for people.
    fn running_status(&self, now: Instant, task: &Task, since: Instant) -> RunningStatus {
        let (does, chunks, of) = match task {
            Task::Scan(_) => (LOOKS, None, None),
            Task::Read { .. } => (READS, None, None),
            Task::Embed { chunks, .. } => (EMBEDS, Some(*chunks), None),
            Task::EmbedLent(chunks) => (EMBEDS, Some(chunks.len()), None),
            Task::EmbedBorrowed(borrowed) => (EMBEDS, Some(borrowed.texts.len()), Some(borrowed.owner)),
            Task::Lend { .. } => ("reads passages that others may embed", None, None),
            _ => ("keeps its store in order", None, None),
        };
        let of = of.map(|owner| self.title(Some(owner)));
        RunningStatus { does, chunks: chunks.map(|chunks| chunks as u64), of, since_ago: now.since(since) }
    }

    /// The devices that may embed for this one and are down: `ABSENT_SHOWN` at most.
    fn absent_workers(&self, now: Instant) -> Vec<AbsentStatus> {
        let down = self.with_liveness(Liveness::Down);
        let may =
            |key: &PeerKey| self.trust.may(*key, Rights::WORK) && self.peers.get(*key).is_some_and(|peer| !peer.linked);
        let absent = |key: PeerKey| {
            let stopped = self.mesh.stopped.get(&key).copied();
            let unlinked = || self.scheduler.lent(now).find(|lent| lent.peer == key).and_then(|lent| lent.unlinked);
            let since_ago = stopped.or_else(unlinked).map(|since| now.since(since));
            AbsentStatus { device: self.title(Some(key)), stopped: stopped.is_some(), since_ago }
        };
        down.into_iter().filter(may).take(ABSENT_SHOWN).map(absent).collect()
    }

    fn parked_status(&self, id: DocId, task: &ParkedTask) -> ParkedStatus {
        let attempt = |attempt: &Attempt| (self.title(attempt.by), attempt.why.clone(), attempt.at);
        let attempts = task.parked.attempts.iter().map(attempt).collect();
        ParkedStatus { id, path: task.path.clone(), attempts }
    }

    pub(super) fn tell_false_results(&mut self, now: Instant, out: &mut Out) {
        for peer in self.scheduler.take_false_makers() {
            self.on_offence(now, peer, Offence::FalseResult, out);
        }
    }
}
