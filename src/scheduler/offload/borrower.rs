//! The side that embeds for others: who offers, whom to ask, and the batches that are lent.

mod finished;
mod unanswered;

use crate::base::id::{Fingerprint, PeerKey};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant, earliest};
use crate::base::vector::Quantized;
use crate::embed::model::key;
use crate::limits::{
    ASK_AGAIN_MS, GIVE_BACK_MS, LEASE_CHUNKS_MAX, LEASE_MS_MAX, LEASE_MS_MIN, LEASES_EACH_MAX, LENDING_MAX,
};
use crate::wire::work::{BatchId, Failed, Grant, LentText, Offer, Results, Work};
use finished::{Finished, sent};
use std::collections::{BTreeMap, VecDeque};
use unanswered::Unanswered;

/// A device that offers work.
#[derive(Debug)]
struct Offered {
    chunks: u32,
    /// It is not asked before.
    ask_at: Instant,
    /// The lowest is asked next: the turn of the last question, or that of the first offer.
    turn: u64,
}

/// An owner that offers work and gives no answer when it is asked for it, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SilentOwner {
    /// The owner.
    pub peer: PeerKey,
    /// How many chunks it offers, as it said last.
    pub chunks: u32,
    /// How many questions in a row it has not answered.
    pub questions: u32,
    /// When it was asked the first of them.
    pub since: Instant,
    /// When it is asked next; `None`: once this device works for others, which it may not just now.
    pub next: Option<Instant>,
}

/// A batch that is lent to this device.
#[derive(Debug)]
struct Batch {
    owner: PeerKey,
    id: BatchId,
    /// Which of all that came it is: the same texts may be lent once more, under the same id.
    grant: u64,
    lease: Duration,
    texts: Vec<LentText>,
    /// The first text that no task has.
    next: usize,
    /// Places of texts of which a task of several could do none: one of them is at fault, so each has a task of its own.
    alone: VecDeque<usize>,
    /// Texts that tasks have.
    running: usize,
    renew_at: Instant,
    until: Instant,
}

impl Batch {
    fn is_over(&self) -> bool {
        self.left() == 0 && self.running == 0
    }

    /// Texts that no task has.
    fn left(&self) -> usize {
        self.texts.len() - self.next + self.alone.len()
    }

    fn extend(&mut self, now: Instant) {
        self.until = now + self.lease;
        self.renew_at = now + self.lease / 3;
    }
}

/// Texts of a batch, for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Borrowed {
    /// Whose they are.
    pub owner: PeerKey,
    /// The batch.
    pub batch: BatchId,
    /// Which of all batches it is that came to this device.
    pub grant: u64,
    /// The place of the first one in the batch.
    pub first: u16,
    /// The texts.
    pub texts: Vec<LentText>,
}

/// All of it.
#[derive(Debug)]
pub(in crate::scheduler) struct Borrower {
    model: Fingerprint,
    rng: Rng,
    offers: BTreeMap<PeerKey, Offered>,
    /// How many turns were given out. Devices with work take turns, whatever each of them says it has.
    turns: u64,
    /// Who was asked, and until when an answer is waited for.
    asked: Option<(PeerKey, Instant)>,
    /// Who was asked and gave no answer.
    unanswered: Unanswered,
    batches: VecDeque<Batch>,
    /// How many batches came.
    grants: u64,
    finished: Finished,
    /// Since when this device may not work for others.
    held_since: Option<Instant>,
    /// The time of the last `wake`.
    woken: Instant,
}

impl Borrower {
    pub(super) const fn new(model: Fingerprint, seed: u64) -> Self {
        Self {
            model,
            rng: Rng::new(seed),
            offers: BTreeMap::new(),
            turns: 0,
            asked: None,
            unanswered: Unanswered::new(),
            batches: VecDeque::new(),
            grants: 0,
            finished: Finished::new(),
            held_since: None,
            woken: Instant::ZERO,
        }
    }

    /// A device offers work, or has none any more.
    pub(in crate::scheduler) fn on_offer(&mut self, now: Instant, peer: PeerKey, offer: &Offer) {
        if offer.chunks == 0 || offer.model != self.model.0 {
            self.offers.remove(&peer);
            // Nobody waits for it any more; but to take it back is no answer, or one that offers it anew could go on so.
            self.gives_no_answer(now, |asked, _| asked == peer);
            return;
        }
        if let Some(known) = self.offers.get_mut(&peer) {
            known.chunks = offer.chunks;
            // It has said that there is more; a device that waits asks at once.
            known.ask_at = now;
            // One that offers and gives no answer keeps it from others; where there are none, a question may have been lost.
            if self.unanswered.questions(peer) == 1 && self.offers.len() == 1 {
                self.unanswered.try_again(peer);
            }
        } else if self.offers.len() < LENDING_MAX {
            // Behind those that wait: one that takes its offer back and makes it anew gains nothing.
            self.turns += 1;
            let offered = Offered { chunks: offer.chunks, ask_at: now, turn: self.turns };
            self.offers.insert(peer, offered);
        }
    }

    /// The device that was asked has nothing just now.
    pub(in crate::scheduler) fn on_later(&mut self, now: Instant, peer: PeerKey, ms: u32) {
        self.answered(peer);
        self.postpone(now, peer, u64::from(ms).clamp(1, 10 * ASK_AGAIN_MS));
    }

    /// Whether a device answers that was asked, if only after its time: what was sent to it before has reached it, as a link keeps the order.
    fn answered(&mut self, peer: PeerKey) -> bool {
        let is_late = self.unanswered.end(peer);
        let asked = self.asked.take_if(|(asked, _)| *asked == peer);
        asked.into_iter().for_each(|(_, until)| self.finished.reached(peer, until));
        asked.is_some() || is_late
    }

    /// Whoever was asked gives no answer, if `so`: others are asked.
    fn gives_no_answer(&mut self, now: Instant, so: impl Fn(PeerKey, Instant) -> bool) {
        if let Some((peer, until)) = self.asked.take_if(|(asked, until)| so(*asked, *until)) {
            let asked = until - Duration::from_millis(ASK_AGAIN_MS);
            self.unanswered.note(now, asked, peer, &mut self.rng);
        }
    }

    fn postpone(&mut self, now: Instant, peer: PeerKey, ms: u64) {
        // Devices that wait for the same one do not ask it in the same moment.
        let jitter = self.rng.below(ms / 4 + 1);
        if let Some(offered) = self.offers.get_mut(&peer) {
            offered.ask_at = now + Duration::from_millis(ms + jitter);
        }
    }

    /// A lease. It goes back if it was not asked for.
    pub(in crate::scheduler) fn on_grant(&mut self, now: Instant, peer: PeerKey, grant: Grant) -> Option<Work> {
        let id = grant.batch;
        let is_asked = self.answered(peer);
        let is_known = self.batches.iter().any(|batch| batch.owner == peer && batch.id == id);
        if !is_asked || is_known || self.batches.len() >= LEASES_EACH_MAX {
            return (!is_known).then_some(Work::Return(id));
        }
        // A member of another make may say anything.
        let lease = Duration::from_millis(u64::from(grant.lease_ms).clamp(LEASE_MS_MIN, LEASE_MS_MAX));
        let (next, alone, running, texts) = (0, VecDeque::new(), 0, grant.texts);
        self.grants += 1;
        let grant = self.grants;
        let mut batch = Batch { owner: peer, id, grant, lease, texts, next, alone, running, renew_at: now, until: now };
        batch.extend(now);
        self.batches.push_back(batch);
        None
    }

    /// The owner wants nothing more of a batch.
    pub(in crate::scheduler) fn on_end(&mut self, peer: PeerKey, id: BatchId) {
        let before = self.batches.len();
        self.batches.retain(|batch| batch.owner != peer || batch.id != id);
        if self.batches.len() < before {
            // It is there, and knows what it lent.
            self.unanswered.end(peer);
        }
    }

    /// A device has no link any more: nothing more is done of what it lent. What was made of it is kept.
    pub(in crate::scheduler) fn gone(&mut self, now: Instant, peer: PeerKey) {
        self.offers.remove(&peer);
        self.asked = self.asked.filter(|(asked, _)| *asked != peer);
        self.unanswered.try_again(peer);
        self.part(now, peer);
    }

    /// A device has started anew: it knows nothing of what it lent before, and may want what was made of it.
    pub(in crate::scheduler) fn restarted(&mut self, now: Instant, peer: PeerKey) {
        self.unanswered.end(peer);
        self.part(now, peer);
    }

    /// Nothing more is done of what a device lent.
    fn part(&mut self, now: Instant, peer: PeerKey) {
        let running = self.batches.iter().filter(|batch| batch.owner == peer).map(|batch| batch.running).sum();
        self.batches.retain(|batch| batch.owner != peer);
        self.finished.part(now, peer, running);
    }

    /// A device may lend nothing any more.
    pub(in crate::scheduler) fn expelled(&mut self, now: Instant, peer: PeerKey) {
        self.gone(now, peer);
        self.unanswered.end(peer);
        self.finished.forget(peer);
    }

    /// The next texts to embed, at most so many.
    pub(in crate::scheduler) fn next(&mut self, most: usize) -> Option<Borrowed> {
        let now = self.woken;
        if self.held_since.is_some() {
            return None;
        }
        let batch = self.batches.iter_mut().find(|batch| batch.left() > 0 && now < batch.until)?;
        let places = match batch.alone.pop_front() {
            Some(place) => place..place + 1,
            None => batch.next..(batch.next + most.max(1)).min(batch.texts.len()),
        };
        let first = u16::try_from(places.start).ok()?;
        let texts = batch.texts.get(places.clone())?.to_vec();
        (batch.next, batch.running) = (batch.next.max(places.end), batch.running + texts.len());
        Some(Borrowed { owner: batch.owner, batch: batch.id, grant: batch.grant, first, texts })
    }

    /// A task ended: with the vectors of its texts, or it could not embed them. Gives what the owner is told.
    pub(in crate::scheduler) fn done(
        &mut self,
        now: Instant,
        task: &Borrowed,
        vectors: Option<&[Quantized]>,
    ) -> Option<Work> {
        for (text, vector) in task.texts.iter().zip(vectors.into_iter().flatten()) {
            self.finished.keep(now, task.owner, key(&self.model, &text.heading, &text.text), vector);
        }
        let Some(at) = self.batches.iter().position(|batch| batch.grant == task.grant) else {
            self.finished.end_parted(task.owner, task.texts.len());
            return None;
        };
        let batch = self.batches.get_mut(at)?;
        batch.running = batch.running.saturating_sub(task.texts.len());
        batch.extend(now);
        if vectors.is_none() && task.texts.len() > 1 {
            let first = usize::from(task.first);
            batch.alone.extend(first..first + task.texts.len());
            return None;
        }
        if batch.is_over() {
            self.batches.remove(at);
        }
        let Borrowed { batch, first, .. } = *task;
        let Some(vectors) = vectors else {
            let count = u16::try_from(task.texts.len()).ok()?;
            return Some(Work::Failed(Failed { batch, first, count }));
        };
        let vectors = vectors.iter().map(sent).collect();
        Some(Work::Results(Box::new(Results { batch, first, vectors })))
    }

    /// Whether this device may work for others now: it has time, and no work of its own. If not for a while, what it borrowed
    /// goes back.
    pub(in crate::scheduler) fn allow(&mut self, now: Instant, allowed: bool) -> Vec<(PeerKey, Work)> {
        if allowed {
            self.held_since = None;
            return Vec::new();
        }
        let since = *self.held_since.get_or_insert(now);
        if now < since + Duration::from_millis(GIVE_BACK_MS) {
            return Vec::new();
        }
        std::mem::take(&mut self.batches).into_iter().map(|batch| (batch.owner, Work::Return(batch.id))).collect()
    }

    /// Whom to ask now: texts are short, nobody was asked, and somebody offers.
    pub(in crate::scheduler) fn ask(&mut self, now: Instant) -> Option<(PeerKey, Work)> {
        let left: usize = self.batches.iter().map(Batch::left).sum();
        let largest = self.batches.iter().map(|batch| batch.texts.len()).max().unwrap_or(0);
        if self.held_since.is_some()
            || self.asked.is_some()
            || self.batches.len() >= LEASES_EACH_MAX
            || 2 * left > largest
        {
            return None;
        }
        let (finished, unanswered) = (&self.finished, &self.unanswered);
        let may = |peer: &PeerKey| !finished.is_parted(now, *peer) && unanswered.until(*peer) <= now;
        let due = self.offers.iter_mut().filter(|(peer, offered)| offered.ask_at <= now && may(peer));
        let (peer, offered) = due.min_by_key(|(_, offered)| offered.turn)?;
        self.turns += 1;
        offered.turn = self.turns;
        let peer = *peer;
        self.asked = Some((peer, now + Duration::from_millis(ASK_AGAIN_MS)));
        Some((peer, Work::Ask(u16::try_from(LEASE_CHUNKS_MAX).unwrap_or(u16::MAX))))
    }

    /// Renews leases, drops those that are over, and gives up on whoever did not answer.
    pub(in crate::scheduler) fn wake(&mut self, now: Instant) -> Vec<(PeerKey, Work)> {
        self.woken = now;
        self.gives_no_answer(now, |_, until| until <= now);
        self.batches.retain(|batch| now < batch.until);
        // Before this device asks for more, which tells that it has no more of that.
        let mut renewed = self.finished.bring(now, |owner| self.offers.contains_key(owner));
        // While something of it runs; and of the one whose turn it is also while this device rests between two tasks, as long as it may work. A device
        // that does not get to it lets the lease end.
        let next = self.batches.iter().position(|batch| batch.left() > 0).filter(|_| self.held_since.is_none());
        for (at, batch) in self.batches.iter_mut().enumerate().filter(|(_, batch)| batch.renew_at <= now) {
            if batch.running > 0 || next == Some(at) {
                batch.extend(now);
                renewed.push((batch.owner, Work::Renew(batch.id)));
            } else {
                batch.renew_at = batch.until;
            }
        }
        renewed
    }

    pub(in crate::scheduler) fn deadline(&self) -> Option<Instant> {
        let batches = self.batches.iter().map(|batch| batch.renew_at.min(batch.until)).min();
        let asked = self.asked.map(|(_, until)| until);
        let back = self.held_since.filter(|_| !self.batches.is_empty());
        let back = back.map(|since| since + Duration::from_millis(GIVE_BACK_MS));
        earliest(earliest(batches, asked), back)
    }

    /// When somebody may be asked who was not, if this device may work.
    pub(in crate::scheduler) fn ask_deadline(&self) -> Option<Instant> {
        if self.held_since.is_some() || self.asked.is_some() || self.batches.len() >= LEASES_EACH_MAX {
            return None;
        }
        // Whoever could have been asked at the last wake and was not is asked when texts are short.
        let asks = self.offers.iter().map(|(peer, offered)| offered.ask_at.max(self.unanswered.until(*peer)));
        let offered = asks.filter(|at| *at > self.woken).min();
        earliest(offered, self.finished.deadline(self.woken))
    }

    /// How many texts others offer, as they said last.
    pub(in crate::scheduler) fn offered(&self) -> u64 {
        self.offers.values().map(|offered| u64::from(offered.chunks)).sum()
    }

    /// Who offers work and gives no answer.
    pub(in crate::scheduler) fn silent(&self) -> impl Iterator<Item = SilentOwner> {
        self.offers.iter().filter_map(|(peer, offered)| {
            let (questions, since) = self.unanswered.told(*peer)?;
            let next = self.held_since.is_none().then(|| offered.ask_at.max(self.unanswered.until(*peer)));
            Some(SilentOwner { peer: *peer, chunks: offered.chunks, questions, since, next })
        })
    }

    /// How many questions an owner has left open.
    #[cfg(test)]
    pub(in crate::scheduler) fn unanswered_of(&self, owner: PeerKey) -> u32 {
        self.unanswered.questions(owner)
    }

    /// How many texts of others are here.
    pub(in crate::scheduler) fn texts(&self) -> usize {
        self.batches.iter().map(|batch| batch.left() + batch.running).sum()
    }
}
