//! The table of pending queries: which devices were asked, which have answered, and each query's deadline.

use super::check::{Check, Lie};
use super::evidence::{is_false, judged};
use super::question::{NotAsked, Question};
use crate::base::hit::{FileCoverage, Found};
use crate::base::id::{PeerKey, ReplyId, TaskId};
use crate::base::time::{Duration, Instant};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{CHECKS_RUNNING_MAX, LINKS_MAX, PEER_ANSWER_MS, QUERIES_MAX, QUERY_MS_MAX};
use core::cell::OnceCell;
use heapless::Vec as Bounded;

/// Pending queries.
#[derive(Debug, Default)]
pub struct PendingQueries {
    pub(super) open: Bounded<PendingQuery, QUERIES_MAX>,
    /// Tasks of this device that run for queries which were answered without them. Each keeps the place of its query.
    pub(super) left: Bounded<TaskId, QUERIES_MAX>,
    /// Texts of other devices that are embedded here just now, to hold their vectors against.
    pub(super) checks: Bounded<Check, CHECKS_RUNNING_MAX>,
    /// Peers whose last answer was found to be false, and in what.
    pub(super) lies: Bounded<(PeerKey, Lie), LINKS_MAX>,
}

/// One query.
#[derive(Debug)]
pub struct PendingQuery {
    /// The request to reply to.
    pub reply: ReplyId,
    /// What was asked.
    pub question: Question,
    /// Its embedding, once that is computed.
    embedding: Option<Embedding>,
    /// How many hits are wanted.
    pub count: usize,
    /// The task of this device that runs for it: the embedding, then the search.
    pub(super) task: Option<TaskId>,
    /// The query's number on the wire: the id of its first task.
    pub(super) number: u64,
    /// Peers that have not answered yet.
    pub(super) waiting: Bounded<PeerKey, LINKS_MAX>,
    /// What peers sent beside their hits.
    pub beside: Beside,
    /// The results so far; `None` is this device.
    pub lists: Vec<(Option<PeerKey>, Found)>,
    /// Peers that did not answer or could not be asked: each once, at most `PEERS_MAX`.
    pub silent: Vec<PeerKey>,
    /// The devices that were deliberately not asked.
    pub not_asked: NotAsked,
    pub(super) due: Due,
}

/// When a query ends that is not complete.
#[derive(Debug)]
pub(super) struct Due {
    /// Other devices are not waited for any more, nor is any text of theirs checked.
    pub(super) peers: Instant,
    /// This device is not waited for any more either.
    pub(super) whole: Instant,
}

/// What peers sent beside their hits, each at most once.
#[derive(Debug, Default)]
pub struct Beside {
    /// The vectors of the hits, in their order.
    pub(super) vectors: Vec<(PeerKey, Vec<Quantized>)>,
    /// How many of its files each one searched.
    pub coverage: Vec<(PeerKey, FileCoverage)>,
    /// Who said that it left out of its answer what the filters leave out.
    pub(super) filtered: Vec<PeerKey>,
    /// Who did not, and answered: what it has may be missing.
    pub unfiltered: Vec<PeerKey>,
    /// The hits whose texts were embedded here, or that this was tried with: the peer, and the place in its list.
    pub(super) checked: Vec<(PeerKey, usize)>,
    /// All hits of all lists, best first: the device, and the place in its list; none after a change until somebody asks.
    pub(super) order: OnceCell<Vec<(Option<PeerKey>, usize)>>,
}

impl PendingQuery {
    pub(super) fn is_complete(&self) -> bool {
        self.task.is_none() && self.waiting.is_empty()
    }

    /// The question's embedding.
    pub(super) const fn embedding(&self) -> Option<&Embedding> {
        self.embedding.as_ref()
    }

    /// Whether this device's own result is there.
    #[must_use]
    pub fn has_own(&self) -> bool {
        self.lists.iter().any(|(of, _)| of.is_none())
    }

    /// Whether this device has searched.
    pub(super) const fn has_searched(&self) -> bool {
        self.embedding.is_some() && self.task.is_none()
    }
}

impl PendingQueries {
    /// Whether any query is pending.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether one more query fits: each has at most one task of this device under way, and keeps its place until that has ended.
    #[must_use]
    pub fn room(&self) -> bool {
        self.open.len() + self.left.len() < QUERIES_MAX
    }

    /// Adds a query; `task` embeds it. The caller has checked that there is `room`.
    pub fn open(&mut self, now: Instant, reply: ReplyId, question: Question, count: usize, task: TaskId) {
        let whole = now + Duration::from_millis(QUERY_MS_MAX);
        let query = PendingQuery {
            reply,
            question,
            embedding: None,
            count,
            task: Some(task),
            number: task.0,
            waiting: Bounded::new(),
            beside: Beside::default(),
            lists: Vec::new(),
            silent: Vec::new(),
            not_asked: NotAsked::default(),
            due: Due { peers: whole, whole },
        };
        let pushed = self.open.push(query);
        debug_assert!(pushed.is_ok(), "the caller has checked that there is room");
    }

    /// The task `embedded` has computed the query's `embedding`: `task` searches this device, and these peers are asked. Returns
    /// the query and its number on the wire; `None` if it is not open any more.
    pub fn begin_search(
        &mut self,
        now: Instant,
        embedded: TaskId,
        embedding: &Embedding,
        task: TaskId,
        peers: &[PeerKey],
    ) -> Option<(&PendingQuery, u64)> {
        let query = self.open.iter_mut().find(|query| query.task == Some(embedded))?;
        query.task = Some(task);
        query.embedding = Some(embedding.clone());
        query.waiting = Bounded::from_slice(peers).unwrap_or_default();
        if !peers.is_empty() {
            query.due.peers = query.due.whole.min(now + Duration::from_millis(PEER_ANSWER_MS));
        }
        Some((query, query.number))
    }

    /// These peers could not be asked, and these others were deliberately not asked.
    pub fn unreachable(&mut self, number: u64, peers: &[PeerKey], not_asked: NotAsked) {
        if let Some(query) = self.open.iter_mut().find(|query| query.number == number) {
            query.not_asked = not_asked;
            for peer in peers {
                query.mark_silent(*peer);
            }
        }
    }

    /// Whether a query waits for this task of this device.
    #[must_use]
    pub fn is_of_query(&self, task: TaskId) -> bool {
        self.open.iter().any(|query| query.task == Some(task))
    }

    /// Adds this device's result. False if no query waits for it.
    pub fn add_local_result(&mut self, task: TaskId, found: Found) -> bool {
        let Some(query) = self.open.iter_mut().find(|query| query.task == Some(task)) else { return false };
        query.task = None;
        query.lists.push((None, found));
        query.beside.order.take();
        true
    }

    /// Keeps the vectors of a peer's hits until its answer comes, if it is waited for.
    pub fn add_peer_vectors(&mut self, number: u64, peer: PeerKey, vectors: Vec<Quantized>) {
        if let Some(query) = self.waiting_for(number, peer).filter(|query| query.beside.vectors_of(peer).is_none()) {
            query.beside.vectors.push((peer, vectors));
        }
    }
}

/// What peers say of the answers that follow.
impl PendingQueries {
    /// A peer says how many of its files it searches; its answer follows.
    pub fn add_peer_coverage(&mut self, number: u64, peer: PeerKey, files: FileCoverage) {
        let new = |query: &&mut PendingQuery| query.beside.coverage.iter().all(|(from, _)| *from != peer);
        if let Some(query) = self.waiting_for(number, peer).filter(new) {
            query.beside.coverage.push((peer, files));
        }
    }

    /// A peer says how many of the files that it does not search wholly wait to be embedded alone; its answer follows.
    pub fn add_peer_unembedded(&mut self, number: u64, peer: PeerKey, files: u64) {
        let Some(query) = self.waiting_for(number, peer) else { return };
        let of_peer = query.beside.coverage.iter_mut().find(|(from, _)| *from == peer);
        of_peer.into_iter().for_each(|(_, coverage)| *coverage = coverage.with_read(files));
    }

    /// A peer says that it could not read all that it has; its answer follows.
    pub fn add_peer_unread(&mut self, number: u64, peer: PeerKey) {
        self.add_peer_coverage(number, peer, FileCoverage::default());
        self.change_coverage(number, peer, |files| files.unread = true);
    }

    /// A peer says that its search was cut short; its answer follows.
    pub fn add_peer_cut_short(&mut self, number: u64, peer: PeerKey) {
        self.add_peer_coverage(number, peer, FileCoverage::default());
        self.change_coverage(number, peer, |files| files.cut_short = true);
    }

    fn change_coverage(&mut self, number: u64, peer: PeerKey, change: fn(&mut FileCoverage)) {
        let Some(query) = self.waiting_for(number, peer) else { return };
        let of_peer = query.beside.coverage.iter_mut().find(|(from, _)| *from == peer);
        of_peer.into_iter().for_each(|(_, files)| change(files));
    }
}

impl PendingQueries {
    /// Adds a peer's result, or its answer that it has none. The figures of its hits are replaced by our own. One that is
    /// not waited for is ignored.
    pub fn add_peer_result(&mut self, number: u64, peer: PeerKey, found: Option<Found>) {
        let Some(query) = self.waiting_for(number, peer) else { return };
        let Some(found) = found else { return query.mark_silent(peer) };
        let mut found = query.fitting(peer, found);
        query.beside.add_flags(peer, &mut found);
        query.waiting.retain(|waiting| *waiting != peer);
        // It is waited for only once there is an embedding.
        let Some(embedding) = &query.embedding else { return };
        let vectors = query.beside.vectors_of(peer).unwrap_or_default();
        let lies = is_false(&found, vectors, embedding);
        query.lists.push((Some(peer), judged(found, vectors, &query.question, embedding)));
        query.beside.order.take();
        if lies {
            self.note_lie(peer, Lie::Score);
        }
    }

    /// Takes a peer whose answer was found to be false, and in what.
    pub fn take_lie(&mut self) -> Option<(PeerKey, Lie)> {
        self.lies.pop()
    }

    /// A peer is gone: no query waits for it any more.
    pub fn unlinked(&mut self, peer: PeerKey) {
        self.open.iter_mut().filter(|query| query.waiting.contains(&peer)).for_each(|query| query.mark_silent(peer));
    }

    /// A peer may not answer any more: no query waits for it, and its results are removed, as if it had not been asked.
    pub fn remove_peer(&mut self, peer: PeerKey) {
        for query in &mut self.open {
            query.waiting.retain(|waiting| *waiting != peer);
            query.silent.retain(|silent| *silent != peer);
            query.lists.retain(|(from, _)| *from != Some(peer));
            query.beside.remove_peer(peer);
        }
        // Their tasks go on, and each has its place in the queue of the thread.
        self.checks.iter_mut().filter(|check| check.peer == peer).for_each(|check| check.is_void = true);
    }
}

impl PendingQueries {
    pub(super) fn waiting_for(&mut self, number: u64, peer: PeerKey) -> Option<&mut PendingQuery> {
        self.open.iter_mut().find(|query| query.number == number && query.waiting.contains(&peer))
    }

    pub(super) fn note_lie(&mut self, peer: PeerKey, lie: Lie) {
        if !self.lies.contains(&(peer, lie)) {
            // There is room: it is emptied after each input.
            let _ = self.lies.push((peer, lie));
        }
    }
}

impl Beside {
    /// The vectors of a peer's hits, if it sent some.
    pub(super) fn vectors_of(&self, peer: PeerKey) -> Option<&[Quantized]> {
        self.vectors.iter().find(|(from, _)| *from == peer).map(|(_, vectors)| &vectors[..])
    }

    /// Adds to a peer's list what it said of its search, which no list has in a message: what was not looked at may have what its hits lack. Of files
    /// that are not searched nobody tells whether they wait to be read or have words that are not in the index yet.
    fn add_flags(&self, peer: PeerKey, found: &mut Found) {
        let Some((_, files)) = self.coverage.iter().find(|(from, _)| *from == peer) else { return };
        (found.unread, found.cut_short) = (files.unread, files.cut_short);
        found.words_due.searchable = files.known.saturating_sub(files.searchable).saturating_sub(files.read);
    }

    fn remove_peer(&mut self, peer: PeerKey) {
        self.vectors.retain(|(from, _)| *from != peer);
        self.coverage.retain(|(from, _)| *from != peer);
        self.filtered.retain(|from| *from != peer);
        self.unfiltered.retain(|from| *from != peer);
        self.checked.retain(|(from, _)| *from != peer);
        self.order.take();
    }
}

impl PendingQuery {
    pub(super) fn mark_silent(&mut self, peer: PeerKey) {
        self.waiting.retain(|waiting| *waiting != peer);
        self.beside.remove_peer(peer);
        self.silent.push(peer);
    }
}

#[cfg(test)]
mod tests;
