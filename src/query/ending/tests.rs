//! The two deadlines of a query, and the places of queries that were answered without this device.

use super::*;
use crate::base::hit::Found;
use crate::base::id::{Fingerprint, ReplyId};
use crate::base::vector::Embedding;
use crate::limits::{DIMENSIONS, PEER_ANSWER_MS, QUERIES_MAX, QUERY_MS_MAX};

const PEER: PeerKey = PeerKey([1; 32]);

fn asked(queries: &mut PendingQueries, n: u64, peers: &[PeerKey]) -> u64 {
    let embedding = Embedding::new(Fingerprint([7; 32]), &[0.5; DIMENSIONS]).unwrap();
    queries.open(Instant::ZERO, ReplyId(n), "q".into(), 5, TaskId(2 * n));
    queries.begin_search(Instant::ZERO, TaskId(2 * n), &embedding, TaskId(2 * n + 1), peers).unwrap().1
}

#[test]
fn this_device_is_waited_for_longer_than_others() {
    let (others, own) = (Instant::from_millis(PEER_ANSWER_MS), Instant::from_millis(QUERY_MS_MAX));
    let mut queries = PendingQueries::default();
    asked(&mut queries, 1, &[PEER]);
    assert_eq!(queries.deadline(), Some(others));
    assert!(queries.overdue(others).is_none(), "it still searches");
    assert_eq!(queries.deadline(), Some(own));
    assert!(queries.add_local_result(TaskId(3), Found::default()));
    assert_eq!(queries.deadline(), Some(others), "which is over: it is answered at once");
    let query = queries.overdue(Instant::from_millis(PEER_ANSWER_MS + 1)).expect("its own result is the answer");
    assert_eq!((query.lists.len(), query.silent), (1, vec![PEER]));
    assert_eq!((queries.deadline(), queries.end_left(TaskId(3))), (None, false), "nothing runs for it any more");
}

#[test]
fn without_others_this_device_has_as_long() {
    let mut queries = PendingQueries::default();
    asked(&mut queries, 1, &[]);
    assert!(queries.overdue(Instant::from_millis(QUERY_MS_MAX - 1)).is_none());
    assert!(queries.overdue(Instant::from_millis(QUERY_MS_MAX)).is_some());
}

#[test]
fn a_query_that_was_answered_without_this_device_keeps_its_place_until_its_task_ends() {
    let mut queries = PendingQueries::default();
    for n in 0..QUERIES_MAX as u64 {
        assert!(queries.room());
        asked(&mut queries, n, &[]);
    }
    let answered = std::iter::from_fn(|| queries.overdue(Instant::from_millis(QUERY_MS_MAX))).count();
    assert_eq!((answered, queries.any(), queries.room()), (QUERIES_MAX, false, false));
    assert!(!queries.add_local_result(TaskId(1), Found::default()), "nobody waits for it");
    assert!(queries.end_left(TaskId(1)) && queries.room() && !queries.end_left(TaskId(1)));
}
