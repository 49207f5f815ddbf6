//! The side whose chunks others embed: what is lent to whom, and until when.

pub mod again;
mod awaited;
mod brought;
mod confirming;
mod grants;
mod kept;
mod leases;
mod listing;
mod lost;
pub mod owed;
mod owed_checks;
mod presence;
mod recalled;
mod results;
mod turns;
mod unconfirmed;

use self::again::Again;
use super::lendable::{Good, Known, Lendable};
use super::worker::Worker;
use crate::base::id::{DocId, EmbedKey, Fingerprint, PeerKey, Row, TaskId};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    ASK_AGAIN_MS, LEASE_MS_MAX, LEASES_EACH_MAX, LENDING_MAX, LOST_MAX_EACH, OFFER_AGAIN_MS, OFFER_MS,
};
use crate::scheduler::parking::OtherFailure;
use crate::wire::work::{BatchId, Offer, Work};
use awaited::Awaited;
use lost::Lost;
use owed::Owed;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use unconfirmed::Unconfirmeds;

/// A batch that a device has.
#[derive(Debug)]
struct Lease {
    peer: PeerKey,
    /// In the order of the batch; `None`: its result came, or it is one of `known`.
    chunks: Vec<Option<Lendable>>,
    /// The vectors of those in the batch whose vectors are known, by their places.
    known: BTreeMap<usize, Known>,
    /// The place of the one among those that it is to confirm.
    unconfirmed: Option<usize>,
    length: Duration,
    until: Instant,
    since: Instant,
    /// How many chunks of other leases its device had then: it embeds those first.
    behind: usize,
    /// No renewal without a result holds beyond that.
    renewed_until: Instant,
    /// Results of it that had come before.
    late: usize,
}

impl Lease {
    /// Texts whose vectors are still to come.
    fn open(&self) -> usize {
        self.lent() + self.known.len()
    }

    /// Likewise those whose vectors are wanted.
    fn lent(&self) -> usize {
        self.chunks.iter().flatten().count()
    }
}

/// What a device is told that gets nothing for so long.
fn later(pause: Duration) -> Work {
    Work::Later(u32::try_from(pause.as_millis()).unwrap_or(u32::MAX))
}

/// Until when a lease may be renewed without a result.
fn renewable(now: Instant) -> Instant {
    now + Duration::from_millis(LEASE_MS_MAX)
}

/// What a device works on, for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lent {
    /// The device.
    pub peer: PeerKey,
    /// Chunks that it has.
    pub chunks: usize,
    /// Results of it that count once a check was good.
    pub unchecked: usize,
    /// Results of it that answer and are owed a check.
    pub owed: u64,
    /// Results that it made in this run of the agent, and that count.
    pub done: u64,
    /// Milliseconds that it takes for a chunk, if that is known.
    pub ms_per_chunk: Option<f64>,
    /// Since when it has the oldest of its leases.
    pub since: Option<Instant>,
    /// If it gets no work, because a result of it was false: for how long.
    pub banned: Option<Duration>,
    /// Since when it has no link.
    pub unlinked: Option<Instant>,
    /// Texts of which it made something else than another device, where this one can compute neither.
    pub undecided: usize,
    /// If it could embed none of the texts that it had last: for how long it gets none.
    pub failing: Option<Duration>,
    /// Of one that has leases: for how long no word of it has come, and whether one is overdue.
    pub silent: Option<(Duration, bool)>,
}

/// The model of all vectors.
#[derive(Debug)]
struct Model {
    fingerprint: Fingerprint,
    /// The least cosine of the vectors that two correct engines give the same text.
    cosine_min: f32,
}

/// What is read from the store and granted to nobody.
#[derive(Debug, Default)]
struct Pool {
    /// The next one first.
    chunks: VecDeque<Lendable>,
    /// Chunks of a task of this device that could do none of them: one of them is at fault, so each has a task of its own.
    alone: VecDeque<Lendable>,
    /// Chunks with vectors, `KNOWN_MAX` at most, and when they were read.
    known: VecDeque<(Known, Instant)>,
    /// What waits for devices whose links broke.
    awaited: Awaited,
    /// Documents of which a part is lent, and that have more.
    longer: BTreeSet<DocId>,
    /// Whether there was nothing more to read at the last look.
    is_dry: bool,
    /// The texts that are here, from the time that they were read until their vectors are saved.
    here: BTreeMap<EmbedKey, Text>,
    /// The task that reads more of them.
    reading: Option<Reading>,
}

/// Whose a text is that is here, and when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Text {
    doc: DocId,
    read: Instant,
}

/// A task that reads chunks.
#[derive(Debug)]
struct Reading {
    since: Instant,
    /// Rows that it reads because nobody has confirmed their vectors.
    unconfirmed: Vec<Row>,
    /// Texts that were done or are not to be lent any more since then: what it has read may have them as they were before. `ENDED_MAX` of them
    /// are all.
    ended: BTreeSet<EmbedKey>,
}

/// What came back.
#[derive(Debug, Default)]
struct Made {
    /// Good results that no save has yet.
    good: Vec<Good>,
    /// Tasks that compute results here, to check them, until they end: also those whose device has gone meanwhile.
    checks: BTreeSet<TaskId>,
    /// Documents of which a device could not embed a text, and what happened.
    failed: Vec<(DocId, OtherFailure)>,
    /// What was embedded more than once.
    again: Again,
    /// What is owed a check.
    owed: Owed,
    /// What others are to make once more.
    unconfirmed: Unconfirmeds,
    /// Devices that a third one found false, until that is told.
    found: Vec<PeerKey>,
    /// Of which device a result was checked last.
    checked: Option<PeerKey>,
}

impl Made {
    /// Whether texts with known vectors vouch for more of a device.
    fn has_room(&self, by: PeerKey) -> bool {
        let unsaved = self.good.iter().filter(|good| good.is_owed && good.by == Some(by)).count();
        self.owed.has_room(by, unsaved)
    }

    /// A device gave the right vector of a text whose vector is known. It may have known which text that was: where nothing is computed here, its
    /// results are owed a check, and else they wait for one.
    fn is_right(&mut self, peer: PeerKey, worker: &mut Worker, checks: bool) {
        let vouches = (!checks || worker.waits_for_known(checks)) && self.has_room(peer);
        self.good.extend(if vouches { worker.vouched_by_known(peer) } else { Vec::new() });
    }
}

/// What is over, and not told yet.
#[derive(Debug, Default)]
struct Over {
    /// Documents of which nothing is here any more.
    documents: Vec<DocId>,
    /// Leases of which nothing is wanted any more, with whoever works on them.
    leases: Vec<(PeerKey, BatchId)>,
    /// Devices whose vectors are to be deleted, as far as no check has vouched for them.
    disproven: Vec<PeerKey>,
}

/// All of it.
#[derive(Debug)]
pub(in crate::scheduler) struct Lender {
    model: Model,
    rng: Rng,
    pool: Pool,
    leases: BTreeMap<BatchId, Lease>,
    workers: BTreeMap<PeerKey, Worker>,
    asks: VecDeque<(PeerKey, usize)>,
    /// How many chunks of each document are here.
    documents: BTreeMap<DocId, usize>,
    /// How often chunks were lost with the device that had them; those that are here only have `LOST_MAX_EACH` or more.
    lost: Lost,
    results: Made,
    over: Over,
    /// Rows of chunks that somebody had, and that this device embeds too, with their documents; `None`: that is another one now.
    here: BTreeMap<Row, Option<DocId>>,
    /// The time of the last `wake`.
    woken: Instant,
}

impl Lender {
    pub(super) fn new(model: Fingerprint, cosine_min: f32, seed: u64) -> Self {
        Self {
            model: Model { fingerprint: model, cosine_min },
            rng: Rng::new(seed ^ 0x6c65_6e64),
            pool: Pool::default(),
            leases: BTreeMap::new(),
            workers: BTreeMap::new(),
            asks: VecDeque::new(),
            documents: BTreeMap::new(),
            lost: Lost::default(),
            results: Made::default(),
            over: Over::default(),
            here: BTreeMap::new(),
            woken: Instant::ZERO,
        }
    }

    /// The model of all vectors.
    pub(in crate::scheduler) const fn model(&self) -> Fingerprint {
        self.model.fingerprint
    }

    /// What was embedded more than once.
    pub(in crate::scheduler) const fn again_counts(&self) -> Again {
        self.results.again
    }

    /// What a linked device is told of work here: when there is some and when there is none any more.
    pub(in crate::scheduler) fn offer(&mut self, now: Instant, peer: PeerKey, chunks: u32) -> Option<Work> {
        if !self.make_room(now, peer) {
            return None;
        }
        let rests = self.rests(peer);
        let worker = self.workers.entry(peer).or_insert_with(|| Worker::new(now));
        let since = |at: Instant, ms: u64| now >= at + Duration::from_millis(ms);
        let news = match worker.told {
            None => chunks > 0,
            Some((0, at)) => chunks > 0 && since(at, OFFER_MS),
            // A message may be lost, or come before the other side knows whom it is from.
            Some((_, at)) => chunks == 0 || rests && since(at, OFFER_AGAIN_MS),
        };
        if !news || worker.is_banned(now) || worker.failures.pause(now).is_some() {
            return None;
        }
        worker.told = Some((chunks, now));
        Some(Work::Offer(Offer { model: self.model.fingerprint.0, chunks }))
    }

    /// Where no more devices are kept, one that is idle goes for this one. Whether there is room.
    fn make_room(&mut self, now: Instant, peer: PeerKey) -> bool {
        if self.workers.len() < LENDING_MAX || self.workers.contains_key(&peer) {
            return true;
        }
        let is_idle = |(peer, worker): &(&PeerKey, &Worker)| {
            worker.unlinked.is_some()
                && !worker.is_banned(now)
                && worker.held() == 0
                && self.results.owed.of(**peer) == 0
                && self.rests(**peer)
        };
        let idle = self.workers.iter().find(is_idle).map(|(peer, _)| *peer);
        idle.is_some_and(|idle| self.workers.remove(&idle).is_some())
    }

    fn leases_of(&self, peer: PeerKey) -> impl Iterator<Item = (BatchId, &Lease)> {
        self.leases.iter().filter(move |(_, lease)| lease.peer == peer).map(|(id, lease)| (*id, lease))
    }

    /// A device asks for work.
    pub(in crate::scheduler) fn on_ask(&mut self, now: Instant, peer: PeerKey, chunks: u16) -> Option<Work> {
        // It asks once it has brought what it kept of what it had: the rest it has not embedded.
        let released = self.pool.awaited.release(|waiting| waiting.peer == peer);
        self.again(released);
        if self.workers.len() >= LENDING_MAX && !self.workers.contains_key(&peer) {
            return Some(Work::Later(u32::try_from(ASK_AGAIN_MS).unwrap_or(u32::MAX)));
        }
        let worker = self.workers.entry(peer).or_insert_with(|| Worker::new(now));
        if worker.is_banned(now) {
            return Some(Work::Later(u32::try_from(10 * ASK_AGAIN_MS).unwrap_or(u32::MAX)));
        }
        if let Some(pause) = worker.failures.pause(now) {
            return Some(later(pause));
        }
        worker.asked = now;
        self.results.again.found(worker.ended.has_sent_all());
        if self.asks.len() < LENDING_MAX && !self.asks.iter().any(|(asked, _)| *asked == peer) {
            self.asks.push_back((peer, usize::from(chunks)));
        }
        None
    }

    /// How many chunks the next lease of a device may have.
    fn room(&self, peer: PeerKey) -> usize {
        let (leases, open) = self.leases_of(peer).fold((0, 0), |(n, open), (_, lease)| (n + 1, open + lease.lent()));
        let room = self.workers.get(&peer).map_or(0, |worker| worker.room(open));
        if leases >= LEASES_EACH_MAX { 0 } else { room }
    }

    /// The chunk is embedded here only.
    fn keep_home(&mut self, chunk: &Lendable) {
        self.lost.note(chunk.key, LOST_MAX_EACH);
        self.end_chunk(chunk.doc, chunk.key);
    }

    /// Documents of which nothing is here any more.
    pub(in crate::scheduler) fn freed(&mut self) -> Vec<DocId> {
        std::mem::take(&mut self.over.documents)
    }

    /// What devices could not embed since the last call.
    pub(in crate::scheduler) fn take_failures(&mut self) -> Vec<(DocId, OtherFailure)> {
        std::mem::take(&mut self.results.failed)
    }

    /// These chunks are the next to be granted.
    fn again(&mut self, chunks: Vec<Lendable>) {
        chunks.into_iter().rev().for_each(|chunk| self.pool.chunks.push_front(chunk));
    }

    /// Whether any chunk of a document is here.
    pub(in crate::scheduler) fn has(&self, doc: DocId) -> bool {
        self.documents.contains_key(&doc)
    }
}
