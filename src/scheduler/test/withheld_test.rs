//! What goes to no other device, because its file may be in a private folder by now.

use super::decisions_test::{found, saves, scan_finds};
use super::lend_test::{PEER, asked, chunks, lendable, lending, share};
use super::*;
use crate::base::vector::Quantized;
use crate::limits::OFFENCE_MS;
use crate::scheduler::offload::lendable::{Known, LendableChunks};
use crate::scheduler::task::Tally;
use crate::store::record::{Mark, MarkKind};
use crate::wire::work::Work;

#[test]
fn what_goes_after_the_first_of_a_great_loss_ends_leases_too() {
    let mut machine = lending(400);
    let (id, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, lendable(chunks(&documents))), &mut out);
    let lost = |machine: &mut Scheduler, now: u64, gone: std::ops::Range<u64>| {
        let gone: Vec<_> = gone.map(FoundDocument::somewhere).collect();
        let tally = Tally { known: 400, remaining: 400 - gone.len() as u64, ..Tally::default() };
        let out = scan_finds(
            machine,
            now,
            Outcome::Scanned { changes: Vec::new(), gone, next: None, remarks: Vec::new(), tally: Box::new(tally) },
        );
        saves(machine, now, out);
    };
    machine.scans.queue.mark_dirty(at(3), b"/a");
    lost(&mut machine, 20_000, 0..300);
    assert!(!documents.iter().any(|doc| machine.offload.lender.has(*doc)), "a question is open");
    machine.offload.lender.hold(DocId(390));
    assert!(machine.offload.lender.has(DocId(390)));
    machine.scans.queue.mark_dirty(at(20_001), b"/a");
    lost(&mut machine, 40_000, 0..395);
    assert!(!machine.offload.lender.has(DocId(390)), "the question is about it too");
}

#[test]
fn no_text_is_read_for_others_while_it_is_not_known_what_is_gone_or_away() {
    let mut machine = lending(40);
    machine.decisions.losses.ask_again(vec![b"/a".to_vec()], |_| true);
    share(&mut machine, 1);
    machine.on_work(at(1), PEER, Work::Ask(64), &mut Vec::new());
    assert!(!share(&mut machine, 1).iter().any(|told| matches!(told, Output::Start(_, Task::Lend { .. }))));
    let mut machine = lending(40);
    share(&mut machine, 1);
    machine.on_work(at(1), PEER, Work::Ask(64), &mut Vec::new());
    let mark = Mark { kind: MarkKind::Away, ..crate::scheduler::marks::forgotten(b"/a/b".to_vec()) };
    machine.decisions.set_marks(vec![mark.clone()]);
    assert!(!share(&mut machine, 1).iter().any(|told| matches!(told, Output::Start(_, Task::Lend { .. }))));
    machine.decisions.on_marks_saved(vec![mark]);
    assert!(share(&mut machine, 2).iter().any(|told| matches!(told, Output::Start(_, Task::Lend { .. }))));
}

#[test]
fn a_paused_device_reads_texts_with_known_vectors_again_after_a_draw_that_found_none() {
    let mut machine = lending(100);
    for draw in 1..=crate::limits::KNOWN_DRAWS + 1 {
        let none = LendableChunks::default();
        (machine.offload.listing, machine.offload.lists_known) = (true, true);
        machine.on_lendable(&[], none);
        let vectors = machine.counts.live_vectors();
        assert_eq!(machine.offload.known_of, Some((vectors, draw)));
    }
    machine.offload.known_of = None;
    machine.offload.lists_known = false;
    machine.on_lendable(&[], LendableChunks::default());
    assert_eq!(machine.offload.known_of, None, "a task that was not asked for any says nothing of them");
}

#[test]
fn vectors_of_a_device_that_is_found_false_vouch_for_nobody_however_often_they_are_read() {
    let mut machine = lending(100);
    let chunk = chunks(&[DocId(5)]).remove(0);
    let read = |machine: &mut Scheduler| {
        (machine.offload.listing, machine.offload.lists_known) = (true, true);
        let known = vec![Known { chunk: chunk.clone(), vector: Quantized::none(), by: Some(PEER) }];
        machine.on_lendable(&[], LendableChunks { known, ..LendableChunks::default() });
        (machine.offload.lender.has_no_known(), machine.offload.known_of.map(|(_, draws)| draws))
    };
    machine.worker_was_false(at(1), PEER);
    assert_eq!(read(&mut machine), (true, Some(1)), "that draw found none, as one of an empty store");
    assert_eq!(read(&mut machine), (true, Some(2)));
    machine.running.now = at(1 + OFFENCE_MS);
    assert_eq!(read(&mut machine), (false, None), "its ban is over, and what no check vouched for is deleted");
}

#[test]
fn what_a_source_has_goes_to_no_other_device_between_a_restart_with_an_open_question_and_the_look_at_all_of_it() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    machine.decisions.losses.ask_again(vec![b"/a".to_vec()], |_| true);
    assert!(!machine.may_leave(Some(DocId(1)), b"/a/x"), "which files are gone is not known");
    scan_finds(&mut machine, 0, found(1000, 900, Vec::new()));
    assert!(machine.may_leave(Some(DocId(950)), b"/a/x") && !machine.may_leave(Some(DocId(899)), b"/a/x"));
    machine.decisions.losses.ask_what_is_left();
    assert!(!machine.may_leave(Some(DocId(950)), b"/a/x"), "an answer was given up");
}

#[test]
fn what_is_being_forgotten_goes_to_no_other_device_meanwhile() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    scan_finds(&mut machine, 0, found(1000, 900, Vec::new()));
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut Vec::new());
    assert!(!machine.may_leave(Some(DocId(899)), b"/a/x"));
    assert!(machine.may_leave(Some(DocId(900)), b"/a/y") && !machine.may_leave(Some(DocId(900)), b"/b/y"));
}

#[test]
fn a_folder_that_was_watched_before_is_a_new_one_when_it_is_added_again() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    machine.decisions.losses.ask_again(vec![b"/b".to_vec()], |_| true);
    let mut out = Vec::new();
    machine.handle(at(1), Input::Add(ReplyId(1), source("/b").into()), &mut out);
    saves(&mut machine, 1, out);
    assert!(!machine.decisions.losses.is_unsure(b"/b"), "nothing is known of it");
}
