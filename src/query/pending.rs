//! The table of pending queries: which devices were asked, which have answered, and each query's deadline.

use super::evidence::{is_false, judged};
use crate::base::hit::Found;
use crate::base::id::{PeerKey, ReplyId, TaskId};
use crate::base::time::{Duration, Instant};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{LINKS_MAX, PEER_ANSWER_MS, QUERIES_MAX, QUERY_MS_MAX};
use heapless::Vec as Bounded;

/// Pending queries.
#[derive(Debug, Default)]
pub struct PendingQueries {
    open: Bounded<PendingQuery, QUERIES_MAX>,
    /// Peers whose last answer had figures that cannot be.
    false_answers: Bounded<PeerKey, LINKS_MAX>,
}

/// One query.
#[derive(Debug)]
pub struct PendingQuery {
    /// The request to reply to.
    pub reply: ReplyId,
    /// The question's text.
    pub question: String,
    /// Its embedding, once that is computed.
    embedding: Option<Embedding>,
    /// How many hits are wanted.
    pub count: usize,
    /// The task of this device that runs for it: the embedding, then the search.
    task: Option<TaskId>,
    /// The query's number on the wire: the id of its first task.
    number: u64,
    /// Peers that have not answered yet.
    waiting: Bounded<PeerKey, LINKS_MAX>,
    /// The vectors that peers sent ahead of their answers; once a peer.
    vectors: Vec<(PeerKey, Vec<Quantized>)>,
    /// The results so far; `None` is this device.
    pub lists: Vec<(Option<PeerKey>, Found)>,
    /// Peers that did not answer or could not be asked: each once, at most `PEERS_MAX`.
    pub silent: Vec<PeerKey>,
    /// How many devices are up and were deliberately not asked.
    pub not_asked: usize,
    deadline: Instant,
}

impl PendingQuery {
    fn is_complete(&self) -> bool {
        self.task.is_none() && self.waiting.is_empty()
    }
}

impl PendingQueries {
    /// Whether any query is pending.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether one more query fits.
    #[must_use]
    pub fn room(&self) -> bool {
        !self.open.is_full()
    }

    /// Adds a query; `task` embeds it. The caller has checked that there is `room`.
    pub fn open(&mut self, now: Instant, reply: ReplyId, question: String, count: usize, task: TaskId) {
        let deadline = now + Duration::from_millis(QUERY_MS_MAX);
        let query = PendingQuery {
            reply,
            question,
            embedding: None,
            count,
            task: Some(task),
            number: task.0,
            waiting: Bounded::new(),
            vectors: Vec::new(),
            lists: Vec::new(),
            silent: Vec::new(),
            not_asked: 0,
            deadline,
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
            query.deadline = query.deadline.min(now + Duration::from_millis(PEER_ANSWER_MS));
        }
        Some((query, query.number))
    }

    /// These peers could not be asked, and this many others were deliberately not asked.
    pub fn unreachable(&mut self, number: u64, peers: &[PeerKey], not_asked: usize) {
        if let Some(query) = self.open.iter_mut().find(|query| query.number == number) {
            query.not_asked = not_asked;
            for peer in peers {
                query.mark_silent(*peer);
            }
        }
    }

    /// Adds this device's result. Returns the query if it is complete now.
    pub fn add_local_result(&mut self, task: TaskId, found: Found) -> Option<PendingQuery> {
        let at = self.open.iter().position(|query| query.task == Some(task))?;
        let query = &mut self.open[at];
        query.task = None;
        query.lists.push((None, found));
        self.take_complete(at)
    }

    /// The task of this device failed: returns the query, which is not open any more.
    pub fn local_failed(&mut self, task: TaskId) -> Option<PendingQuery> {
        let at = self.open.iter().position(|query| query.task == Some(task))?;
        Some(self.open.swap_remove(at))
    }

    /// Keeps the vectors of a peer's hits until its answer comes, if it is waited for.
    pub fn add_peer_vectors(&mut self, number: u64, peer: PeerKey, vectors: Vec<Quantized>) {
        let open = self.open.iter_mut().find(|query| query.number == number && query.waiting.contains(&peer));
        if let Some(query) = open.filter(|query| query.vectors.iter().all(|(from, _)| *from != peer)) {
            query.vectors.push((peer, vectors));
        }
    }

    /// Adds a peer's result, or its answer that it has none. The figures of its hits are replaced by our own. One that is not waited for is ignored. Returns the
    /// query if it is complete now.
    pub fn add_peer_result(&mut self, number: u64, peer: PeerKey, found: Option<Found>) -> Option<PendingQuery> {
        let at = self.open.iter().position(|query| query.number == number && query.waiting.contains(&peer))?;
        let query = &mut self.open[at];
        match found {
            Some(found) => {
                query.waiting.retain(|waiting| *waiting != peer);
                let at = query.vectors.iter().position(|(from, _)| *from == peer);
                let vectors = at.map(|at| query.vectors.swap_remove(at).1).unwrap_or_default();
                // It is waited for only once there is an embedding.
                let Some(embedding) = &query.embedding else { return None };
                if is_false(&found, &vectors, embedding) && !self.false_answers.contains(&peer) {
                    // There is room: it is emptied after each answer.
                    let _ = self.false_answers.push(peer);
                }
                query.lists.push((Some(peer), judged(found, &vectors, &query.question, embedding)));
            }
            None => query.mark_silent(peer),
        }
        self.take_complete(at)
    }

    /// Takes a peer whose answer had figures that cannot be.
    pub fn take_false_answer(&mut self) -> Option<PeerKey> {
        self.false_answers.pop()
    }

    /// A peer is gone: no query waits for it any more. Returns a query that is complete now; call again until
    /// `None`.
    pub fn unlinked(&mut self, peer: PeerKey) -> Option<PendingQuery> {
        self.open.iter_mut().filter(|query| query.waiting.contains(&peer)).for_each(|query| query.mark_silent(peer));
        let at = self.open.iter().position(PendingQuery::is_complete)?;
        self.take_complete(at)
    }

    /// A peer may not answer any more: no query waits for it, and its results are removed, as if it had not been asked.
    /// Returns a query that is complete now; call again until `None`.
    pub fn remove_peer(&mut self, peer: PeerKey) -> Option<PendingQuery> {
        for query in &mut self.open {
            query.waiting.retain(|waiting| *waiting != peer);
            query.silent.retain(|silent| *silent != peer);
            query.lists.retain(|(from, _)| *from != Some(peer));
        }
        let at = self.open.iter().position(PendingQuery::is_complete)?;
        self.take_complete(at)
    }

    /// Takes a query whose deadline has passed, with the results so far.
    pub fn overdue(&mut self, now: Instant) -> Option<PendingQuery> {
        let at = self.open.iter().position(|query| query.deadline <= now)?;
        let mut query = self.open.swap_remove(at);
        for peer in query.waiting.clone() {
            query.mark_silent(peer);
        }
        Some(query)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.open.iter().map(|query| query.deadline).min()
    }

    fn take_complete(&mut self, at: usize) -> Option<PendingQuery> {
        self.open[at].is_complete().then(|| self.open.swap_remove(at))
    }
}

impl PendingQuery {
    fn mark_silent(&mut self, peer: PeerKey) {
        self.waiting.retain(|waiting| *waiting != peer);
        self.silent.push(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hit::{SearchHit, TermFrequencies};
    use crate::base::id::{Fingerprint, Row};
    use crate::limits::DIMENSIONS;

    const A: PeerKey = PeerKey([1; 32]);
    const B: PeerKey = PeerKey([2; 32]);

    fn embedding() -> Embedding {
        Embedding::new(Fingerprint([7; 32]), &[0.5; DIMENSIONS]).unwrap()
    }

    fn open(queries: &mut PendingQueries, peers: &[PeerKey]) -> u64 {
        queries.open(Instant::ZERO, ReplyId(1), "q".to_owned(), 5, TaskId(10));
        queries
            .begin_search(Instant::ZERO, TaskId(10), &embedding(), TaskId(11), peers)
            .map(|(_, number)| number)
            .unwrap()
    }

    #[test]
    fn a_query_is_complete_when_all_devices_have_answered() {
        let mut queries = PendingQueries::default();
        let number = open(&mut queries, &[A, B]);
        assert!(queries.add_peer_result(number, A, Some(Found::default())).is_none());
        assert!(queries.add_local_result(TaskId(11), Found::default()).is_none());
        assert!(
            queries.add_peer_result(number, A, Some(Found::default())).is_none(),
            "a second answer of a peer is ignored"
        );
        let query = queries.add_peer_result(number, B, Some(Found::default())).unwrap();
        assert_eq!((query.lists.len(), query.silent.len()), (3, 0));
        assert!(queries.room() && queries.deadline().is_none());
    }

    #[test]
    fn the_vectors_that_a_peer_sent_ahead_give_the_cosines_of_its_hits() {
        let claims = || Found {
            hits: vec![SearchHit {
                row: Row(1),
                path: b"/a.md".to_vec(),
                heading: String::new(),
                text: "unrelated".to_owned(),
                cosine: 1.0,
                frequencies: TermFrequencies::default(),
                away_since: None,
            }],
            ..Found::default()
        };
        let opposite = Embedding::new(Fingerprint([7; 32]), &[-0.5; DIMENSIONS]).unwrap().quantize();
        let cosine = |vectors: &[(u64, PeerKey)]| {
            let mut queries = PendingQueries::default();
            let number = open(&mut queries, &[A]);
            assert!(queries.add_local_result(TaskId(11), Found::default()).is_none());
            for (more, peer) in vectors {
                queries.add_peer_vectors(number + more, *peer, vec![opposite.clone()]);
            }
            let query = queries.add_peer_result(number, A, Some(claims())).unwrap();
            query.lists[1].1.hits[0].cosine
        };
        assert!((cosine(&[(0, A)]) + 1.0).abs() < 0.01);
        let doubted = cosine(&[]);
        assert!(doubted > 0.0 && doubted < 0.5, "{doubted}");
        assert_eq!((cosine(&[(0, B)]), cosine(&[(1, A)])), (doubted, doubted), "of another peer, of another query");
    }

    #[test]
    fn a_peer_counts_as_silent_at_the_deadline_and_as_soon_as_it_is_lost() {
        let mut queries = PendingQueries::default();
        open(&mut queries, &[A, B]);
        assert!(queries.add_local_result(TaskId(11), Found::default()).is_none());
        assert!(queries.unlinked(A).is_none());
        assert!(queries.overdue(Instant::ZERO).is_none());
        let query = queries.overdue(Instant::from_millis(PEER_ANSWER_MS)).unwrap();
        assert_eq!(query.silent.as_slice(), [A, B]);
        assert_eq!(query.lists.len(), 1);
    }

    #[test]
    fn an_expelled_peer_is_not_waited_for_and_its_result_is_removed() {
        let mut queries = PendingQueries::default();
        let number = open(&mut queries, &[A, B]);
        assert!(queries.add_local_result(TaskId(11), Found::default()).is_none());
        assert!(queries.add_peer_result(number, A, Some(Found::default())).is_none());
        assert!(queries.remove_peer(A).is_none(), "B is waited for");
        let query = queries.remove_peer(B).unwrap();
        assert_eq!((query.lists.len(), query.silent.len()), (1, 0), "as if neither had been asked");
        assert!(
            queries.remove_peer(B).is_none() && queries.add_peer_result(number, B, Some(Found::default())).is_none()
        );
    }

    #[test]
    fn without_peers_the_own_result_is_the_answer_and_a_failure_ends_the_query() {
        let mut queries = PendingQueries::default();
        open(&mut queries, &[]);
        assert!(queries.add_local_result(TaskId(11), Found::default()).is_some());
        open(&mut queries, &[]);
        assert!(queries.local_failed(TaskId(11)).is_some());
        assert!(queries.local_failed(TaskId(11)).is_none());
    }
}
