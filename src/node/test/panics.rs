//! A scan that panicked is tried once more and then left out; a document is tried again after pauses, and parked after five attempts. The
//! rest goes on.

use super::*;
use crate::base::filter::Filter;
use crate::limits::{ATTEMPT_PAUSE_MS_MAX, ATTEMPTS_MAX};
use crate::scheduler::attempt::Decided;
use crate::store::record::{Attempt, Parked};

const WHY: &str = "src/text/extract/mod.rs:7: index out of bounds";

/// A node that watches a folder with so many documents to read, and the task that starts first.
fn with_documents(documents: u64) -> (Node, Output) {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
    let [Output::Start(scan, Task::Scan(_))] = &out[..] else { panic!("{out:?}") };
    let changes = vec![Change::Gone(FoundDocument::somewhere(0))];
    let outcome =
        Outcome::Scanned { changes, gone: Vec::new(), next: None, remarks: Vec::new(), tally: Box::default() };
    let out = handle(&mut node, at(500), Input::Done(*scan, outcome, Duration::ZERO));
    let [Output::Save(save, _)] = &out[..] else { panic!("{out:?}") };
    let mut counts = StoreCounts::default();
    (0..documents).for_each(|_| counts.enter(Kind::Waiting));
    let seen = |doc| Applied { doc: Some(DocId(doc)), now: Some(Kind::Waiting), ..Applied::default() };
    let mut out = handle(&mut node, at(501), Input::Saved(*save, saved((1..=documents).map(seen).collect(), counts)));
    assert_eq!(out.len(), 1, "{out:?}");
    (node, out.remove(0))
}

fn panics(node: &mut Node, started: &Output) -> Vec<Output> {
    let Output::Start(task, _) = started else { panic!("{started:?}") };
    let mut out = handle(node, at(600), Input::Done(*task, Outcome::Panicked(WHY.to_owned()), Duration::ZERO));
    let is_kept =
        |out: &Output| matches!(out, Output::Save(_, changes) if matches!(changes[..], [Change::Failing { .. }]));
    if let Some(place) = out.iter().position(is_kept)
        && let Output::Save(save, _) = out.remove(place)
    {
        // The attempt is on the disk.
        let counts = node.status(at(600)).counts;
        out.extend(handle(node, at(600), Input::Saved(save, saved(Vec::new(), counts))));
    }
    out
}

/// The next try of the first document, once its rest is over.
fn rested(node: &mut Node) -> Output {
    let out = handle(node, at(600 + ATTEMPT_PAUSE_MS_MAX), Input::Wake);
    let is_try = |out: &Output| matches!(out, Output::Start(_, Task::Read { doc: DocId(1) }));
    out.into_iter().find(is_try).unwrap_or_else(|| panic!("it is not tried again"))
}

#[test]
fn a_document_whose_tasks_panicked_five_times_is_parked_and_the_others_go_on() {
    let (mut node, started) = with_documents(2);
    assert!(matches!(started, Output::Start(_, Task::Read { doc: DocId(1) })), "{started:?}");
    let out = panics(&mut node, &started);
    let [Output::Start(other, Task::Read { doc: DocId(2) })] = &out[..] else { panic!("the next one: {out:?}") };
    let nothing = Outcome::Changes(Vec::new());
    let mut out = handle(&mut node, at(601), Input::Done(*other, nothing, Duration::ZERO));
    for attempt in 2..=ATTEMPTS_MAX {
        if let [Output::Start(refill, Task::Refill { .. })] = out[..] {
            out = handle(&mut node, at(602), Input::Done(refill, Outcome::Refilled(Vec::new()), Duration::ZERO));
        }
        assert_eq!(out, [], "{attempt}: it rests");
        let again = rested(&mut node);
        out = panics(&mut node, &again);
    }
    let [Output::Start(park, Task::Park { doc: DocId(1), attempts })] = &out[..] else { panic!("parked: {out:?}") };
    assert_eq!(attempts.len(), ATTEMPTS_MAX);
    let why = attempts[0].why.clone();
    assert!(why.contains(WHY) && why.contains("report"), "{why}");
    let parked = Parked::new(vec![Attempt { by: None, why, at: 1_795_717_859 }]);
    let change = Change::Parked { doc: DocId(1), stamp: Default::default(), parked: parked.clone() };
    let out = handle(
        &mut node,
        at(602),
        Input::Done(*park, Outcome::Parking(b"/a/1".to_vec(), Box::new(change)), Duration::ZERO),
    );
    let [Output::Notice(_), Output::Save(save, _), ..] = &out[..] else { panic!("there is a notice: {out:?}") };
    assert_eq!(node.status(at(602)).work.held, None, "the store is not broken by it");
    assert_eq!(node.status(at(602)).work.shared.parked, [], "it is told once it is on the disk");
    let mut counts = StoreCounts::default();
    [Kind::Parked, Kind::Waiting].into_iter().for_each(|kind| counts.enter(kind));
    let applied = Applied { doc: Some(DocId(1)), now: Some(Kind::Parked), ..Applied::default() };
    handle(&mut node, at(603), Input::Saved(*save, saved(vec![applied], counts)));
    let status = node.status(at(603));
    assert_eq!(status.work.shared.parked[0].path, b"/a/1");
    assert_eq!(status.work.shared.parked[0].attempts[0].2, 1_795_717_859);
    assert!(status.findings.iter().any(|finding| finding.what.contains("/a/1")), "{:?}", status.findings);
    let unknown = Request::Decide(Some(DocId(7)), Decided::Retry);
    let out = handle(&mut node, at(604), Input::Api(ReplyId(7), unknown));
    assert!(
        matches!(&out[..], [Output::Reply(_, Response::Refused(Problem::Conflict, why))] if why.contains('7')),
        "{out:?}"
    );
    let out = handle(&mut node, at(604), Input::Api(ReplyId(8), Request::Decide(None, Decided::Retry)));
    let [Output::Save(save, changes)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(changes, &[Change::Retried { doc: DocId(1) }]);
    let applied = Applied { doc: Some(DocId(1)), now: Some(Kind::Waiting), ..Applied::default() };
    let mut counts = StoreCounts::default();
    counts.enter(Kind::Waiting);
    let out = handle(&mut node, at(605), Input::Saved(*save, saved(vec![applied], counts)));
    assert!(matches!(&out[..], [Output::Reply(ReplyId(8), Response::Done(_))]), "{out:?}");
    assert_eq!(node.status(at(605)).work.shared.parked, []);
}

#[test]
fn a_document_that_succeeded_in_between_has_all_its_tries_again() {
    let (mut node, mut started) = with_documents(1);
    for _ in 0..2 * ATTEMPTS_MAX {
        assert_eq!(panics(&mut node, &started), []);
        let Output::Start(again, _) = rested(&mut node) else { unreachable!() };
        // It succeeded, and is read again because its file changed.
        let gone = Outcome::Changes(vec![Change::Gone(FoundDocument::somewhere(1))]);
        let out = handle(&mut node, at(601), Input::Done(again, gone, Duration::ZERO));
        let Some(Output::Save(save, _)) = out.first() else { panic!("{out:?}") };
        let mut counts = StoreCounts::default();
        counts.enter(Kind::Waiting);
        let applied = Applied { doc: Some(DocId(1)), now: Some(Kind::Waiting), ..Applied::default() };
        let out = handle(&mut node, at(602), Input::Saved(*save, saved(vec![applied], counts)));
        let [next] = &out[..] else { panic!("{out:?}") };
        started = next.clone();
    }
}

#[test]
fn a_scan_that_panicked_twice_is_given_up_with_a_notice() {
    let mut node = node(u64::MAX);
    handle(&mut node, at(1), Input::Api(ReplyId(1), Request::Add(source("/a").into())));
    handle(&mut node, at(1), Input::Saved(SaveId(1), saved(Vec::new(), StoreCounts::default())));
    let out = handle(&mut node, at(1 + SETTLE_MS), Input::Wake);
    let out = panics(&mut node, &out[0]);
    assert!(matches!(&out[..], [Output::Start(_, Task::Scan(_))]), "{out:?}");
    let out = panics(&mut node, &out[0]);
    let [Output::Notice(crate::node::output::Notice::LeftOut(why))] = &out[..] else { panic!("{out:?}") };
    assert!(why.contains("/a") && why.contains(WHY), "{why}");
    assert!(!node.status(at(601)).work.scanning);
}

#[test]
fn a_query_and_an_audit_whose_task_panicked_are_answered_with_an_error() {
    let mut node = node(u64::MAX);
    let search = Request::Search { question: "q".to_owned(), count: 3, filter: Filter::default() };
    for (reply, request) in [(1, search), (2, Request::Audit)] {
        let started = handle(&mut node, at(0), Input::Api(ReplyId(reply), request));
        let out = panics(&mut node, &started[0]);
        let [Output::Reply(id, Response::Refused(Problem::Broken, why))] = &out[..] else { panic!("{out:?}") };
        assert!(id.0 == reply && why.contains(WHY), "{out:?}");
    }
}
