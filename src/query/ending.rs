//! How a query ends: complete, or at its deadline.
//!
//! Other devices have `PEER_ANSWER_MS`. This device has `QUERY_MS_MAX`, because nothing else can find what it has: on a slow
//! board beside other work its search takes seconds, and what it finds is the answer although the others are not waited for
//! any more. A query that ends before its task here keeps its place until that task has ended, so that never more tasks are under way
//! than there are places, and the queues of the threads hold them all (`limits`).

use super::pending::{PendingQueries, PendingQuery};
use crate::base::id::{PeerKey, TaskId};
use crate::base::time::Instant;

impl PendingQueries {
    /// The earliest deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let next = |query: &PendingQuery| {
            if query.waiting.is_empty() { query.end() } else { query.end().min(query.due.peers) }
        };
        self.open.iter().map(next).min()
    }

    /// Takes a query that every device has answered and in which nothing is left to check; call again until `None`.
    pub fn take_complete(&mut self) -> Option<PendingQuery> {
        let done =
            |query: &PendingQuery| query.is_complete() && !self.is_checking(query) && query.next_check().is_none();
        let at = self.open.iter().position(done)?;
        Some(self.open.swap_remove(at))
    }

    /// Waits no more for devices whose deadline has passed, and takes a query whose own has, with the results so far. What is left to
    /// check in it counts no more than texts with as many words seldom exceed.
    pub fn overdue(&mut self, now: Instant) -> Option<PendingQuery> {
        for query in self.open.iter_mut().filter(|query| query.due.peers <= now) {
            for peer in query.waiting.clone() {
                query.mark_silent(peer);
            }
        }
        let at = self.open.iter().position(|query| query.end() <= now)?;
        let unchecked = self.is_checking(&self.open[at]) || self.open[at].next_check().is_some();
        let mut query = self.open.swap_remove(at);
        // There is room: each query, open or answered, has one place.
        query.task.take().into_iter().for_each(|task| _ = self.left.push(task));
        if unchecked {
            let running = |place: &(PeerKey, usize)| {
                self.checks.iter().any(|check| check.query == query.number && (check.peer, check.place) == *place)
            };
            query.beside.checked.retain(|place| !running(place));
            query.doubt_unchecked();
        }
        Some(query)
    }

    /// The task of this device failed: returns the query, which is not open any more.
    pub fn local_failed(&mut self, task: TaskId) -> Option<PendingQuery> {
        let at = self.open.iter().position(|query| query.task == Some(task))?;
        Some(self.open.swap_remove(at))
    }

    /// A task ended whose query was answered without it: its place is free. False if it is none of those.
    pub fn end_left(&mut self, task: TaskId) -> bool {
        let at = self.left.iter().position(|left| *left == task);
        at.map(|at| self.left.swap_remove(at)).is_some()
    }
}

impl PendingQuery {
    /// When it is answered with what has come.
    fn end(&self) -> Instant {
        if self.task.is_some() { self.due.whole } else { self.due.peers }
    }
}

#[cfg(test)]
mod tests;
