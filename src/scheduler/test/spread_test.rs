//! Texts of a program that others embed, beside documents of this device.

use super::lend_test::{PEER, asked, chunks, lendable, lending, share};
use super::*;
use crate::base::id::PeerKey;
use crate::limits::SPREAD_WAIT_MS;
use crate::scheduler::lend::Allowed;
use crate::wire::work::Work;

fn texts() -> Vec<String> {
    (0..20).map(|n| format!("text {n}")).collect()
}

#[test]
fn they_are_offered_though_no_document_waits_and_come_before_documents() {
    let mut machine = scheduler(2, &["/a"], counts(&[]));
    let mut out = Vec::new();
    machine.handle(at(1), Input::Spread(ReplyId(7), texts()), &mut out);
    assert!(!machine.is_for_nobody(at(1)));
    let offered = share(&mut machine, 1);
    assert!(matches!(&offered[..], [Output::Work(PEER, Work::Offer(offer)), ..] if offer.chunks == 20), "{offered:?}");
    machine.on_work(at(2), PEER, Work::Ask(64), &mut out);
    let Some(Output::Work(PEER, Work::Grant(grant))) = out.pop() else { panic!("{out:?}") };
    assert_eq!(grant.texts.len(), 20);
    machine.on_work(at(3), PEER, Work::Return(grant.batch), &mut out);
    assert_eq!(out, [Output::Embedded(ReplyId(7), None)], "it is not embedded there");

    let mut machine = lending(100);
    let (id, documents) = asked(&mut machine, 1);
    machine.handle(at(2), Input::Done(id, lendable(chunks(&documents))), &mut Vec::new());
    let mut out = Vec::new();
    machine.handle(at(2), Input::Spread(ReplyId(8), texts()), &mut out);
    machine.on_work(at(3), PEER, Work::Ask(64), &mut out);
    let grants = |out: &[Output]| {
        out.iter().any(|out| matches!(out, Output::Work(PEER, Work::Grant(grant)) if grant.texts.len() == 20))
    };
    assert!(grants(&out), "a program waits for them: {out:?}");
}

#[test]
fn where_nobody_asks_or_the_agent_stops_the_program_is_told_and_messages_about_others_batches_go_their_way() {
    let mut machine = scheduler(2, &["/a"], counts(&[]));
    let mut out = Vec::new();
    machine.handle(at(0), Input::Spread(ReplyId(7), texts()), &mut out);
    assert_eq!(out, []);
    share(&mut machine, 1);
    assert!(machine.deadline().is_some_and(|until| until <= at(SPREAD_WAIT_MS)));
    let over = Output::Embedded(ReplyId(7), None);
    assert!(share(&mut machine, SPREAD_WAIT_MS).contains(&over));
    machine.handle(at(SPREAD_WAIT_MS), Input::Spread(ReplyId(8), texts()), &mut out);
    let allowed = Allowed { others: true, checks: true, reads: true };
    machine.share_work(at(SPREAD_WAIT_MS), &[], allowed, &mut out);
    machine.answer_at_stop(&mut out);
    assert!(out.contains(&Output::Embedded(ReplyId(8), None)), "{out:?}");
    let unknown = crate::wire::work::BatchId([9; 16]);
    machine.on_work(at(SPREAD_WAIT_MS), PeerKey([2; 32]), Work::Renew(unknown), &mut out);
    assert_eq!(out.pop(), Some(Output::Work(PeerKey([2; 32]), Work::End(unknown))));
}

#[test]
fn texts_of_a_program_that_has_gone_leave_no_more() {
    let mut machine = scheduler(2, &["/a"], counts(&[]));
    let mut out = Vec::new();
    machine.handle(at(1), Input::Spread(ReplyId(7), texts()), &mut out);
    share(&mut machine, 1);
    machine.handle(at(2), Input::Unspread(ReplyId(7)), &mut out);
    machine.on_work(at(2), PEER, Work::Ask(64), &mut out);
    assert!(!out.iter().any(|out| matches!(out, Output::Work(_, Work::Grant(_)) | Output::Embedded(..))), "{out:?}");
}
