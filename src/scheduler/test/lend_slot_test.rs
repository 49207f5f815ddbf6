//! Which documents are lent first, and that a long task of this device holds up no lending.

use super::lend_test::{PEER, asked, chunks, lendable, lending, lending_on, share};
use super::*;
use crate::wire::work::{Offer, Work};

#[test]
fn a_file_that_takes_the_only_slot_for_long_holds_up_no_lending() {
    let mut machine = lending_on(1, 100);
    machine.queue.push(DocId(500), Kind::Waiting);
    let mut out = Vec::new();
    machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out);
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Read { doc: DocId(500) }))));
    let mut lent = Vec::new();
    // Those at hand first, then what a refill brings.
    let (mut list, mut documents) = asked(&mut machine, 1);
    for now in 2..20 {
        assert!(!machine.has_slot() && !machine.has_slot_to_lend(), "each task has its slot");
        lent.extend(documents.clone());
        machine.handle(at(now), Input::Done(list, lendable(Vec::new())), &mut Vec::new());
        match &share(&mut machine, now)[..] {
            [Output::Start(id, Task::Lend { documents: next, .. })] => {
                (list, documents) = (*id, next.iter().map(|(doc, _)| *doc).collect());
            }
            [Output::Start(refill, Task::Refill { to_lend: true, .. })] => {
                let found = (0..100).chain(600..664).map(DocId).collect();
                machine.handle(at(now), Input::Done(*refill, Outcome::Refilled(found)), &mut Vec::new());
                let out = share(&mut machine, now);
                let [Output::Start(id, Task::Lend { documents: next, .. })] = &out[..] else { panic!("{out:?}") };
                (list, documents) = (*id, next.iter().map(|(doc, _)| *doc).collect());
            }
            _ => break,
        }
    }
    lent.sort_unstable();
    assert_eq!(
        lent,
        (0..100).chain(600..664).map(DocId).collect::<Vec<_>>(),
        "all of them, beside the file that is read"
    );
    assert_eq!(machine.start_next(LIGHT, &mut Vec::new()), None, "its own work has one slot, as before");
}

#[test]
fn a_device_that_embeds_without_a_pause_goes_on_lending_what_is_not_at_hand_and_what_was_given_back() {
    let mut machine = lending_on(1, 400);
    let (list, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    // All of the time it embeds one itself, the first.
    machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out);
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Embed { doc: DocId(0), .. }))), "{out:?}");
    machine.handle(at(2), Input::Done(list, lendable(chunks(&documents[..1]))), &mut out);
    let mut lent: Vec<DocId> = documents;
    for now in 3..60 {
        machine.on_work(at(now), PEER, Work::Ask(64), &mut Vec::new());
        let out = share(&mut machine, now);
        for out in &out {
            match out {
                Output::Start(id, Task::Lend { documents, .. }) => {
                    lent.extend(documents.iter().map(|(doc, _)| *doc));
                    machine.handle(at(now), Input::Done(*id, lendable(Vec::new())), &mut Vec::new());
                }
                Output::Start(id, Task::Refill { to_lend: true, after, max, .. }) => {
                    let from = after.map_or(0, |doc| doc.0 + 1);
                    let found = (from..400).take(*max).map(DocId).collect();
                    machine.handle(at(now), Input::Done(*id, Outcome::Refilled(found)), &mut Vec::new());
                }
                _ => {}
            }
        }
    }
    let often = |doc: u64| lent.iter().filter(|lent| **lent == DocId(doc)).count();
    assert!((1..399).all(|doc| often(doc) > 0), "the store's own, far behind those at hand: {lent:?}");
    assert!((1..200).all(|doc| often(doc) > 1), "the round gave something, so another one followed: {lent:?}");
}

#[test]
fn documents_are_lent_from_the_end_while_this_device_begins_at_the_other() {
    let mut machine = lending(100);
    let (id, documents) = asked(&mut machine, 1);
    assert_eq!(documents.first(), Some(&DocId(99)));
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, lendable(chunks(&documents))), &mut out);
    let granted = share(&mut machine, 2);
    assert!(matches!(&granted[..], [Output::Work(PEER, Work::Grant(_))]), "{granted:?}");
    machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out);
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Embed { doc: DocId(0), .. }))));
}

#[test]
fn a_device_whose_store_is_gone_takes_no_work_of_others() {
    for is_gone in [false, true] {
        let mut machine = scheduler(1, &[], StoreCounts::default());
        let mut out = Vec::new();
        if is_gone {
            machine.handle(at(1), Input::StoreLost("The agent's home is gone from the disk.".to_owned()), &mut out);
        }
        let offer = Work::Offer(Offer { model: machine.offload.lender.model().0, chunks: 900 });
        machine.on_work(at(2), PEER, offer, &mut out);
        let out = share(&mut machine, 3);
        let asks = out.iter().any(|out| matches!(out, Output::Work(PEER, Work::Ask(_))));
        assert_eq!(asks, !is_gone, "{out:?}");
        assert_eq!(machine.held_reason().is_some_and(|why| why.contains("home is gone")), is_gone);
    }
}
