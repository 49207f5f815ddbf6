//! The table of open questions: who was asked, who has answered, when to answer with what is there.

use crate::base::hit::Found;
use crate::base::id::{PeerKey, ReplyId, TaskId};
use crate::base::time::{Duration, Instant};
use crate::limits::{ASK_MS_MAX, ASKS_MAX, LINKS_MAX, PEER_ANSWER_MS};
use heapless::Vec as Bounded;

/// Open questions.
#[derive(Debug, Default)]
pub struct PendingQueries {
    open: Bounded<PendingQuery, ASKS_MAX>,
}

/// One question.
#[derive(Debug)]
pub struct PendingQuery {
    /// Whom to answer.
    pub reply: ReplyId,
    /// As asked.
    pub question: String,
    /// Passages wanted.
    pub count: usize,
    /// The task of this device that runs for it; also the question's number on the wire.
    task: Option<TaskId>,
    number: u64,
    /// Peers whose list is still to come.
    waiting: Bounded<PeerKey, LINKS_MAX>,
    /// Lists that came; `None` is this device.
    pub lists: Vec<(Option<PeerKey>, Found)>,
    /// Peers that were asked in vain, or could not be: each once, at most `PEERS_MAX`.
    pub silent: Vec<PeerKey>,
    /// Devices that are up and that nobody meant to ask.
    pub not_asked: usize,
    until: Instant,
}

impl PendingQuery {
    fn is_complete(&self) -> bool {
        self.task.is_none() && self.waiting.is_empty()
    }
}

impl PendingQueries {
    /// Whether anybody waits for an answer.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether one more question fits.
    #[must_use]
    pub fn room(&self) -> bool {
        !self.open.is_full()
    }

    /// A question came; `task` finds out what it means. Nothing happens if there is no room.
    pub fn open(&mut self, now: Instant, reply: ReplyId, question: String, count: usize, task: TaskId) {
        let until = now + Duration::from_millis(ASK_MS_MAX);
        let ask = PendingQuery {
            reply,
            question,
            count,
            task: Some(task),
            number: task.0,
            waiting: Bounded::new(),
            lists: Vec::new(),
            silent: Vec::new(),
            not_asked: 0,
            until,
        };
        let pushed = self.open.push(ask);
        debug_assert!(pushed.is_ok(), "the caller asked for room");
    }

    /// The meaning of a question is known: this device searches as `task`, these peers are asked. Returns the
    /// question and its number on the wire.
    pub fn spread(
        &mut self,
        now: Instant,
        meant: TaskId,
        task: TaskId,
        peers: &[PeerKey],
    ) -> Option<(&PendingQuery, u64)> {
        let ask = self.open.iter_mut().find(|ask| ask.task == Some(meant))?;
        ask.task = Some(task);
        ask.waiting = Bounded::from_slice(peers).unwrap_or_default();
        if !peers.is_empty() {
            ask.until = ask.until.min(now + Duration::from_millis(PEER_ANSWER_MS));
        }
        Some((ask, ask.number))
    }

    /// These peers could not be asked, and so many more were not meant to be.
    pub fn unreachable(&mut self, number: u64, peers: &[PeerKey], not_asked: usize) {
        if let Some(ask) = self.open.iter_mut().find(|ask| ask.number == number) {
            ask.not_asked = not_asked;
            for peer in peers {
                ask.give_up(*peer);
            }
        }
    }

    /// This device's list came; the question is returned once everybody has answered.
    pub fn found_here(&mut self, task: TaskId, found: Found) -> Option<PendingQuery> {
        let at = self.open.iter().position(|ask| ask.task == Some(task))?;
        let ask = &mut self.open[at];
        ask.task = None;
        ask.lists.push((None, found));
        self.take_complete(at)
    }

    /// This device failed: the question is returned as it stands.
    pub fn failed_here(&mut self, task: TaskId) -> Option<PendingQuery> {
        let at = self.open.iter().position(|ask| ask.task == Some(task))?;
        Some(self.open.swap_remove(at))
    }

    /// A peer's list came, or the word that it has none. A list that nobody waits for is dropped.
    pub fn found_there(&mut self, number: u64, peer: PeerKey, found: Option<Found>) -> Option<PendingQuery> {
        let at = self.open.iter().position(|ask| ask.number == number && ask.waiting.contains(&peer))?;
        let ask = &mut self.open[at];
        match found {
            Some(found) => {
                ask.waiting.retain(|waiting| *waiting != peer);
                ask.lists.push((Some(peer), found));
            }
            None => ask.give_up(peer),
        }
        self.take_complete(at)
    }

    /// A peer is gone: nobody waits for it any more. Returns one question that is complete by that; call
    /// again until `None`.
    pub fn lost(&mut self, peer: PeerKey) -> Option<PendingQuery> {
        self.open.iter_mut().filter(|ask| ask.waiting.contains(&peer)).for_each(|ask| ask.give_up(peer));
        let at = self.open.iter().position(PendingQuery::is_complete)?;
        self.take_complete(at)
    }

    /// Nothing of a peer counts any more: nobody waits for it, and what it has answered is left out, as if it had
    /// not been asked. Returns one question that is complete by that; call again until `None`.
    pub fn expel(&mut self, peer: PeerKey) -> Option<PendingQuery> {
        for ask in &mut self.open {
            ask.waiting.retain(|waiting| *waiting != peer);
            ask.silent.retain(|silent| *silent != peer);
            ask.lists.retain(|(from, _)| *from != Some(peer));
        }
        let at = self.open.iter().position(PendingQuery::is_complete)?;
        self.take_complete(at)
    }

    /// The next question whose time is up, with what has come.
    pub fn overdue(&mut self, now: Instant) -> Option<PendingQuery> {
        let at = self.open.iter().position(|ask| ask.until <= now)?;
        let mut ask = self.open.swap_remove(at);
        for peer in ask.waiting.clone() {
            ask.give_up(peer);
        }
        Some(ask)
    }

    /// When the next question must be answered.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.open.iter().map(|ask| ask.until).min()
    }

    fn take_complete(&mut self, at: usize) -> Option<PendingQuery> {
        self.open[at].is_complete().then(|| self.open.swap_remove(at))
    }
}

impl PendingQuery {
    fn give_up(&mut self, peer: PeerKey) {
        self.waiting.retain(|waiting| *waiting != peer);
        self.silent.push(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PeerKey = PeerKey([1; 32]);
    const B: PeerKey = PeerKey([2; 32]);

    fn asked(asks: &mut PendingQueries, peers: &[PeerKey]) -> u64 {
        asks.open(Instant::ZERO, ReplyId(1), "q".to_owned(), 5, TaskId(10));
        asks.spread(Instant::ZERO, TaskId(10), TaskId(11), peers).map(|(_, number)| number).unwrap()
    }

    #[test]
    fn a_question_is_complete_when_everybody_has_answered() {
        let mut asks = PendingQueries::default();
        let number = asked(&mut asks, &[A, B]);
        assert!(asks.found_there(number, A, Some(Found::default())).is_none());
        assert!(asks.found_here(TaskId(11), Found::default()).is_none());
        assert!(asks.found_there(number, A, Some(Found::default())).is_none(), "nobody answers twice");
        let ask = asks.found_there(number, B, Some(Found::default())).unwrap();
        assert_eq!((ask.lists.len(), ask.silent.len()), (3, 0));
        assert!(asks.room() && asks.deadline().is_none());
    }

    #[test]
    fn a_silent_peer_is_named_at_the_deadline_and_a_lost_one_at_once() {
        let mut asks = PendingQueries::default();
        asked(&mut asks, &[A, B]);
        assert!(asks.found_here(TaskId(11), Found::default()).is_none());
        assert!(asks.lost(A).is_none());
        assert!(asks.overdue(Instant::ZERO).is_none());
        let ask = asks.overdue(Instant::from_millis(PEER_ANSWER_MS)).unwrap();
        assert_eq!(ask.silent.as_slice(), [A, B]);
        assert_eq!(ask.lists.len(), 1);
    }

    #[test]
    fn an_expelled_peer_is_waited_for_no_longer_and_what_it_answered_is_left_out() {
        let mut asks = PendingQueries::default();
        let number = asked(&mut asks, &[A, B]);
        assert!(asks.found_here(TaskId(11), Found::default()).is_none());
        assert!(asks.found_there(number, A, Some(Found::default())).is_none());
        assert!(asks.expel(A).is_none(), "B is waited for");
        let ask = asks.expel(B).unwrap();
        assert_eq!((ask.lists.len(), ask.silent.len()), (1, 0), "as if neither had been asked");
        assert!(asks.expel(B).is_none() && asks.found_there(number, B, Some(Found::default())).is_none());
    }

    #[test]
    fn without_peers_the_own_list_is_the_answer_and_a_failure_ends_the_question() {
        let mut asks = PendingQueries::default();
        asked(&mut asks, &[]);
        assert!(asks.found_here(TaskId(11), Found::default()).is_some());
        asked(&mut asks, &[]);
        assert!(asks.failed_here(TaskId(11)).is_some());
        assert!(asks.failed_here(TaskId(11)).is_none());
    }
}
