//! A disk that fails for a while, and one that fails for good.

use super::decisions_test::{found, saves, scan_finds};
use super::*;
use crate::limits::{MEND_RETRY_MS, MEND_RETRY_MS_MAX, READ_FAILURES_MAX};
use crate::scheduler::task::{Away, Tally};
use crate::store::record::{Mark, MarkKind, Marks};

fn full() -> NotSaved {
    NotSaved::for_now("The disk is full.")
}

/// The changes of the save that mends, which begins now.
fn mends(machine: &mut Scheduler, ms: u64) -> (SaveId, Vec<Change>) {
    let mut out = Vec::new();
    machine.handle(at(ms), Input::Wake, &mut out);
    match &out[..] {
        [Output::Mend(save, changes)] => (*save, changes.clone()),
        _ => panic!("{out:?}"),
    }
}

#[test]
fn after_a_save_that_failed_the_work_goes_on_by_itself_once_there_is_room() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    check(
        &mut machine,
        vec![
            On(0, Input::Wake, vec![]),
            Next(ALL, Some((1, scan("/a")))),
            On(1, scanned(1, vec![some_change()]), vec![Output::Save(SaveId(1), vec![some_change()])]),
        ],
    );
    let mut out = Vec::new();
    machine.handle(at(2), Input::Saved(SaveId(1), Err(full())), &mut out);
    assert!(
        matches!(&out[..], [Output::Notice(Notice::Held(why))] if why.contains("tries again by itself")),
        "{out:?}"
    );
    let mut now = 2;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let due = machine.deadline().expect("it is tried again");
        pauses.push(due.since(at(now)).as_millis());
        now = u64::try_from(due.since(at(0)).as_millis()).unwrap();
        let (save, _) = mends(&mut machine, now);
        assert_eq!(machine.deadline(), None, "one try at a time");
        let mut out = Vec::new();
        machine.handle(at(now), Input::Saved(save, Err(full())), &mut out);
        assert_eq!(out, [], "it is told once");
    }
    assert_eq!(pauses[..3], [2000, 4000, 8000]);
    assert_eq!((MEND_RETRY_MS, pauses.last()), (2000, Some(&u128::from(MEND_RETRY_MS_MAX))));
    now += MEND_RETRY_MS_MAX;
    let (SaveId(save), _) = mends(&mut machine, now);
    check(
        &mut machine,
        vec![
            On(now, saved(save, &[]), vec![Output::Notice(Notice::Resumed)]),
            On(now + SETTLE_MS, Input::Wake, vec![]),
            Next(ALL, Some((2, scan("/a")))),
        ],
    );
    assert_eq!(machine.held_reason(), None);
}

#[test]
fn what_was_refused_for_a_failed_save_is_not_done_later_either() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let away =
        vec![Away { path: b"/a/stick".to_vec(), volume: 7, documents: 3, ready: 3, partly: 0, read: 0, unread: 0 }];
    machine.handle(at(0), Input::Wake, &mut Vec::new());
    let mut out = Vec::new();
    let id = machine.start_next(ALL, &mut out).unwrap();
    let tally = Tally { known: 3, remaining: 3, away, at: 5, ..Tally::default() };
    let (changes, gone, remarks) = (Vec::new(), Vec::new(), Vec::new());
    let found = Outcome::Scanned { changes, gone, next: None, remarks, tally: Box::new(tally) };
    machine.handle(at(1), Input::Done(id, found), &mut out);
    machine.handle(at(1), saved(1, &[]), &mut out);
    let marks = machine.marks().to_vec();
    assert!(matches!(&marks[..], [Mark { kind: MarkKind::Away, .. }]), "{out:?}");

    // Forgotten and added while the disk is full.
    out.clear();
    machine.handle(at(2), Input::Forget(ReplyId(1), b"/a/stick".to_vec()), &mut out);
    machine.handle(at(2), Input::Add(ReplyId(2), source("/b").into()), &mut out);
    assert!(matches!(&out[..], [Output::Save(SaveId(2), _), Output::Save(SaveId(3), _)]), "{out:?}");
    machine.handle(at(3), Input::DiskFree(1), &mut out);
    for save in [2, 3] {
        machine.handle(at(3), Input::Saved(SaveId(save), Err(full())), &mut out);
    }
    let why = "The disk is full. Nothing was changed. Ask again when that is mended.";
    for reply in [1, 2] {
        assert!(out.contains(&Output::Refused(ReplyId(reply), Refusal::DiskFull, why.to_owned())), "{out:?}");
    }
    assert_eq!((machine.marks(), machine.sources()), (&marks[..], &[source("/a")][..]));
    let (_, changes) = mends(&mut machine, 3 + MEND_RETRY_MS);
    // A part of the failed saves may be on the disk: what was acknowledged is written in its place.
    assert_eq!(changes, [Change::Sources(Sources::from(vec![source("/a")])), Change::Marks(Marks(marks))]);
}

#[test]
fn every_open_decision_is_answered_when_one_cannot_be_saved() {
    let mut machine = scheduler(1, &["/a", "/b"], StoreCounts::default());
    let mut out = Vec::new();
    for place in 0..2 {
        machine.handle(at(place), Input::Wake, &mut out);
        let id = machine.start_next(ALL, &mut out).unwrap();
        let tally = Tally { known: 1000, remaining: 100, at: 5, ..Tally::default() };
        let gone = (1000 * place..1000 * place + 900).map(FoundDocument::somewhere).collect();
        let (changes, remarks) = (Vec::new(), Vec::new());
        let found = Outcome::Scanned { changes, gone, next: None, remarks, tally: Box::new(tally) };
        machine.handle(at(place), Input::Done(id, found), &mut out);
        // That it is asked.
        let Some(Output::Save(save, _)) = out.pop() else { panic!("{out:?}") };
        machine.handle(at(place), saved(save.0, &[]), &mut out);
    }
    out.clear();
    machine.handle(at(5), Input::Keep(ReplyId(1), b"/a".to_vec()), &mut out);
    machine.handle(at(5), Input::Keep(ReplyId(2), b"/b".to_vec()), &mut out);
    let [Output::Save(save, _)] = out[..] else { panic!("{out:?}") };
    machine.handle(at(6), Input::Saved(save, Err(full())), &mut out);
    let refused = out.iter().filter(|out| matches!(out, Output::Refused(..))).count();
    assert_eq!(refused, 2, "{out:?}");
}

#[test]
fn a_damaged_store_is_told_once_and_waits_for_the_next_start_whatever_failed_before_or_is_mended_later() {
    let why = "The store is damaged.".to_owned();
    let damaged = || Input::StoreDamaged(why.clone());
    for fails_before in [false, true] {
        let mut machine = scheduler(1, &["/a"], StoreCounts::default());
        let mut out = Vec::new();
        let mending = fails_before.then(|| {
            machine.handle(at(0), Input::StoreLost("gone".to_owned()), &mut out);
            mends(&mut machine, MEND_RETRY_MS).0
        });
        out.clear();
        machine.handle(at(MEND_RETRY_MS), damaged(), &mut out);
        machine.handle(at(MEND_RETRY_MS), damaged(), &mut out);
        let told = format!("{why} Questions are still answered; nothing new is saved.");
        assert_eq!(out, [Output::Notice(Notice::Broken(told.clone()))], "once");
        out.clear();
        if let Some(SaveId(save)) = mending {
            machine.handle(at(MEND_RETRY_MS + 1), saved(save, &[]), &mut out);
        }
        assert_eq!((out, machine.needs_restart(), machine.deadline()), (Vec::new(), true, None));
        assert_eq!(machine.held_reason(), Some(told));
    }
}

#[test]
fn a_store_that_cannot_be_read_again_and_again_waits_for_the_next_start() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let mut now = 0;
    for read in 1..=READ_FAILURES_MAX {
        let mut out = Vec::new();
        machine.handle(at(now), Input::Wake, &mut out);
        let id = machine.start_next(ALL, &mut out).expect("it goes on");
        machine.handle(at(now), Input::Done(id, Outcome::StoreFailed("It cannot be read.".to_owned())), &mut out);
        assert_eq!(machine.needs_restart(), read == READ_FAILURES_MAX);
        if !machine.needs_restart() {
            now += MEND_RETRY_MS;
            let (SaveId(save), _) = mends(&mut machine, now);
            machine.handle(at(now), saved(save, &[]), &mut out);
            now += SETTLE_MS;
        }
    }
    let why = machine.held_reason().unwrap();
    assert!(why.contains("start the agent again") && machine.deadline().is_none(), "{why}");
}

#[test]
fn what_changed_and_is_not_looked_at_for_want_of_room_may_be_more_than_is_known() {
    let mut machine = scheduler(1, &["/a", "/b"], StoreCounts::default());
    for _ in 0..2 {
        let out = scan_finds(&mut machine, 0, found(10, 0, Vec::new()));
        saves(&mut machine, 0, out);
    }
    machine.handle(at(20_000), Input::Changed(b"/a/x".to_vec()), &mut Vec::new());
    assert!(!machine.may_find_more(|_| true), "it is looked at in a moment");
    machine.disk.free = 0;
    let of = |machine: &Scheduler, place: &[u8]| machine.may_find_more(|source| source.path == place);
    assert!(of(&machine, b"/a") && !of(&machine, b"/b"));
}
