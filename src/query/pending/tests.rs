//! Which devices are waited for, and what becomes of what they send.

use super::super::merge::lacking;
use super::*;
use crate::base::hit::{CorpusStatistics, SearchHit, TermFrequencies};
use crate::base::id::{Fingerprint, Row};
use crate::limits::DIMENSIONS;

const A: PeerKey = PeerKey([1; 32]);
const B: PeerKey = PeerKey([2; 32]);

fn embedding() -> Embedding {
    Embedding::new(Fingerprint([7; 32]), &[0.5; DIMENSIONS]).unwrap()
}

fn open(queries: &mut PendingQueries, peers: &[PeerKey]) -> u64 {
    queries.open(Instant::ZERO, ReplyId(1), "q".into(), 5, TaskId(10));
    queries.begin_search(Instant::ZERO, TaskId(10), &embedding(), TaskId(11), peers).map(|(_, number)| number).unwrap()
}

#[test]
fn a_query_is_complete_when_all_devices_have_answered() {
    let mut queries = PendingQueries::default();
    let number = open(&mut queries, &[A, B]);
    queries.add_peer_result(number, A, Some(Found::default()));
    assert!(queries.add_local_result(TaskId(11), Found::default()) && queries.take_complete().is_none());
    queries.add_peer_result(number, A, Some(Found::default()));
    assert!(queries.take_complete().is_none(), "a second answer of a peer is ignored");
    queries.add_peer_result(number, B, Some(Found::default()));
    let query = queries.take_complete().unwrap();
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
            absence: None,
            doc: None,
        }],
        ..Found::default()
    };
    let opposite = Embedding::new(Fingerprint([7; 32]), &[-0.5; DIMENSIONS]).unwrap().quantize();
    let cosine = |vectors: &[(u64, PeerKey)]| {
        let mut queries = PendingQueries::default();
        let number = open(&mut queries, &[A]);
        assert!(queries.add_local_result(TaskId(11), Found::default()));
        for (more, peer) in vectors {
            queries.add_peer_vectors(number + more, *peer, vec![opposite.clone()]);
        }
        queries.add_peer_result(number, A, Some(claims()));
        let query = queries.take_complete().unwrap();
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
    assert!(queries.add_local_result(TaskId(11), Found::default()));
    queries.unlinked(A);
    assert!(queries.take_complete().is_none());
    assert!(queries.overdue(Instant::ZERO).is_none());
    let query = queries.overdue(Instant::from_millis(PEER_ANSWER_MS)).unwrap();
    assert_eq!(query.silent.as_slice(), [A, B]);
    assert_eq!(query.lists.len(), 1);
}

#[test]
fn an_expelled_peer_is_not_waited_for_and_its_result_is_removed() {
    let mut queries = PendingQueries::default();
    let number = open(&mut queries, &[A, B]);
    assert!(queries.add_local_result(TaskId(11), Found::default()));
    queries.add_peer_coverage(number, A, FileCoverage { known: 9, ..FileCoverage::default() });
    queries.add_peer_unread(number, A);
    queries.add_peer_unread(number, B);
    queries.add_peer_unread(number + 1, B);
    let told = &queries.open[0].beside.coverage;
    let told: Vec<_> = told.iter().map(|(from, files)| (*from, files.known, files.unread)).collect();
    assert_eq!(told, [(A, 9, true), (B, 0, true)], "whether a count came before or not");
    queries.add_peer_result(number, A, Some(Found::default()));
    queries.remove_peer(A);
    assert!(queries.take_complete().is_none(), "B is waited for");
    queries.remove_peer(B);
    let query = queries.take_complete().unwrap();
    assert_eq!(query.beside.coverage, []);
    assert_eq!((query.lists.len(), query.silent.len()), (1, 0), "as if neither had been asked");
    queries.add_peer_result(number, B, Some(Found::default()));
    assert!(queries.take_complete().is_none() && !queries.any());
}

#[test]
fn what_a_peer_says_of_its_search_counts_for_its_list() {
    let question = Question::from("Is RE4712 paid?");
    let terms = question.terms();
    let list = || {
        let text = "The invoice RE4711 is paid";
        let hits = vec![SearchHit::of_text("/a.md", text, terms.count(["", "", text]))];
        let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
        Found { statistics, hits, ..Found::default() }
    };
    let answered = |say: fn(&mut PendingQueries, u64)| {
        let mut queries = PendingQueries::default();
        queries.open(Instant::ZERO, ReplyId(1), question.clone(), 5, TaskId(10));
        let begun = queries.begin_search(Instant::ZERO, TaskId(10), &embedding(), TaskId(11), &[A]);
        let number = begun.map(|(_, number)| number).unwrap();
        assert!(queries.add_local_result(TaskId(11), list()));
        say(&mut queries, number);
        queries.add_peer_result(number, A, Some(list()));
        let lists = queries.take_complete().unwrap().lists;
        let there = &lists[1].1;
        (lacking(&question, &lists).missing.len(), (there.unread, there.cut_short, there.words_due.searchable))
    };
    assert_eq!(answered(|_, _| ()), (1, (false, false, 0)));
    let unread = answered(|queries, number| queries.add_peer_unread(number, A));
    assert_eq!(unread, (0, (true, false, 0)), "what it did not read may have the number");
    let late = answered(|queries, number| queries.add_peer_cut_short(number, A));
    assert_eq!(late, (1, (false, true, 0)), "of the passages found it is true");
    let due = answered(|queries, number| {
        queries.add_peer_coverage(number, A, FileCoverage::new(9, 5, 0, false));
        queries.add_peer_unembedded(number, A, 1);
    });
    assert_eq!(due, (1, (false, false, 3)), "those that are found by their words are not due");
}

#[test]
fn without_peers_the_own_result_is_the_answer_and_a_failure_ends_the_query() {
    let mut queries = PendingQueries::default();
    open(&mut queries, &[]);
    assert!(queries.add_local_result(TaskId(11), Found::default()) && queries.take_complete().is_some());
    open(&mut queries, &[]);
    assert!(queries.local_failed(TaskId(11)).is_some());
    assert!(queries.local_failed(TaskId(11)).is_none());
}
