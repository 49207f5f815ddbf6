//! When an agent is at rest.

use super::*;
use crate::energy::decision::Besides;
use crate::limits::{BETWEEN_BATCHES_MS, STALLED_MS};
use crate::wire::message::Message;
use crate::wire::work::{BatchId, Grant, LentText, Offer, Work};

const DESK: PeerKey = PeerKey([1; 32]);

fn is_working(node: &Node, now: u64) -> bool {
    node.status(at(now)).work.working
}

#[test]
fn while_work_waits_and_may_go_on_an_agent_is_not_at_rest_though_nothing_runs() {
    let mut counts = StoreCounts::default();
    counts.enter(Kind::Chunked);
    counts.chunks = 4_000;
    let of = |counts| {
        let config = config(Config { slots: 1, disk_free: u64::MAX, counts, ..Config::default() });
        Node::new(Instant::ZERO, config, Trust::new(OWN))
    };
    let (mut node, none) = (of(counts), of(StoreCounts::default()));
    assert!(!is_working(&none, 1), "nothing waits");
    let allowed = Decision { workers: 1, duty: Fraction::LEAST, chunks: 1, ..Decision::default() };
    let held = |reason| Decision { reason: Some(reason), ..Decision::default() };
    let besides = Besides { lasting: Some(Reason::OnBattery), ..Besides::default() };
    for (decision, works) in [
        (allowed, true),
        (held(Reason::Answering), true),
        (held(Reason::Rising), true),
        (held(Reason::InUse), false),
        (held(Reason::OnBattery), false),
        (held(Reason::Paused), false),
        (Decision { besides, ..held(Reason::Answering) }, false),
    ] {
        node.energy.decision = Some(decision);
        assert_eq!(is_working(&node, 1), works, "{decision:?}");
        assert_eq!(node.status(at(1)).work.shared.embeds, works, "the pace is told meanwhile: {decision:?}");
    }
}

/// An agent with one document in this state, and so many bytes of its disk free.
fn with_one(kind: Kind, disk_free: u64) -> (Node, StoreCounts) {
    let mut counts = StoreCounts::default();
    counts.enter(kind);
    let config = config(Config { slots: 1, disk_free, counts, ..Config::default() });
    (Node::new(Instant::ZERO, config, Trust::new(OWN)), counts)
}

#[test]
fn an_agent_that_reads_files_is_not_at_rest_between_two_of_them_whatever_holds_the_embedding() {
    for (kind, disk_free, works) in
        [(Kind::Waiting, u64::MAX, true), (Kind::Chunked, u64::MAX, false), (Kind::Waiting, 0, false)]
    {
        let (mut node, _) = with_one(kind, disk_free);
        node.energy.decision = Some(Decision { reason: Some(Reason::OnBattery), ..Decision::default() });
        assert_eq!(is_working(&node, 1), works, "{kind:?} {disk_free}");
        assert!(!node.status(at(1)).work.shared.embeds, "embedding is held");
    }
}

#[test]
fn work_that_does_not_get_on_is_none_while_a_question_holds_it_either() {
    for kind in [Kind::Chunked, Kind::Waiting] {
        let (mut node, counts) = with_one(kind, u64::MAX);
        let allowed = Decision { workers: 1, duty: Fraction::LEAST, chunks: 1, ..Decision::default() };
        let asked = Decision { reason: Some(Reason::Answering), ..Decision::default() };
        for (now, may_work, decision, works) in [
            (0, true, allowed, true),
            (STALLED_MS, true, allowed, false),
            (STALLED_MS + 1, false, asked, false),
            (STALLED_MS + 2, true, allowed, false),
        ] {
            node.energy.stall.look(at(now), &counts, may_work);
            node.energy.decision = Some(decision);
            assert_eq!(is_working(&node, now), works, "{kind:?} {now}");
        }
    }
}

#[test]
fn a_device_that_embeds_for_another_one_is_not_at_rest_between_two_batches() {
    let (mut node, _) = linked(&[1]);
    let received = |work| Input::Link(DESK, LinkInput::Received(Box::new(Message::Work(work))));
    let offer = Offer { model: node.config.fingerprint.0, chunks: 4_000 };
    let out = handle(&mut node, at(10), received(Work::Offer(offer)));
    assert!(out.iter().any(|out| matches!(out, Output::Send(DESK, Message::Work(Work::Ask(_))))), "{out:?}");
    assert!(!is_working(&node, 10), "an offer alone is no work");
    let texts = vec![LentText { heading: String::new(), text: "a text".to_owned() }];
    let grant = Grant { batch: BatchId([7; 16]), lease_ms: 60_000, texts };
    let out = handle(&mut node, at(20), received(Work::Grant(Box::new(grant))));
    let embeds = |out: &Output| match out {
        Output::Start(task, Task::EmbedBorrowed(_)) => Some(*task),
        _ => None,
    };
    let task = out.iter().find_map(embeds).expect("it embeds the text");
    assert!(is_working(&node, 21));
    handle(&mut node, at(100), Input::Done(task, Outcome::Failed("no engine".to_owned()), Duration::ZERO));
    assert!(is_working(&node, 500), "the next batch is on its way");
    assert!(!is_working(&node, 100 + BETWEEN_BATCHES_MS), "none came");
}
