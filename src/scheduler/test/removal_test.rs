//! What waits for the end of a removal.

use super::*;
use crate::limits::{ADD_WAIT_MS, FORGET_WAIT_MS, REMOVAL_WAITS_MAX, REPLIES_MAX};
use crate::store::record::{Mark, MarkKind, Marks};

fn forgotten(path: &str) -> Mark {
    Mark::new(path.into(), MarkKind::Forgotten)
}

/// A machine that was told to forget a folder, and has that on the disk.
fn forgetting() -> Scheduler {
    let mut machine = scheduler(2, &["/a", "/b"], StoreCounts::default());
    let mut out = Vec::new();
    machine.handle(at(0), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
    out.clear();
    machine.handle(at(0), saved(1, &[]), &mut out);
    assert!(matches!(&out[..], [Output::Unwatch(_)]), "{out:?}");
    machine
}

/// A step of the removal ends, and is saved; the last one finds nothing more.
fn removes(machine: &mut Scheduler, ms: u64, task: u64, save: u64, last: bool) -> Vec<Output> {
    let docs = if last { Vec::new() } else { vec![FoundDocument::somewhere(task)] };
    let swept = Outcome::Swept { place: Some(forgotten("/a")), docs, last };
    let mut out = Vec::new();
    machine.handle(at(ms), Input::Done(TaskId(task), swept), &mut out);
    assert!(matches!(&out[..], [Output::Save(SaveId(at), _)] if *at == save), "{out:?}");
    out.clear();
    machine.handle(at(ms), saved(save, &[]), &mut out);
    out
}

#[test]
fn forget_is_answered_when_its_documents_are_deleted_and_an_addition_there_waits_for_that() {
    let mut machine = forgetting();
    let mut out = Vec::new();
    machine.handle(at(1), Input::Add(ReplyId(2), source("/a/x").into()), &mut out);
    machine.handle(at(1), Input::Wake, &mut out);
    assert_eq!(out, [], "neither is refused");
    machine.start_awaited(&mut out);
    assert_eq!(out, [Output::Start(TaskId(1), Task::Sweep)], "without an allowance");
    assert_eq!(removes(&mut machine, 2, 1, 2, false), []);
    out.clear();
    machine.start_awaited(&mut out);
    assert_eq!(out, [Output::Start(TaskId(2), Task::Sweep)]);
    let out = removes(&mut machine, 3, 2, 3, true);
    let [Output::Decided(ReplyId(1), done), Output::Save(_, changes)] = &out[..] else { panic!("{out:?}") };
    assert!(!done.contains("goes on"), "{done}");
    assert!(
        matches!(&changes[..], [Change::Sources(list)] if list.places == [source("/b"), source("/a/x")]),
        "{changes:?}"
    );
}

#[test]
fn what_a_scan_under_way_finds_in_a_folder_that_is_forgotten_meanwhile_is_not_learnt_and_the_removal_waits_for_its_end()
{
    let mut machine = scheduler(2, &["/a", "/b"], StoreCounts::default());
    let mut out = Vec::new();
    machine.handle(at(0), Input::Wake, &mut out);
    assert_eq!(machine.start_next(LIGHT, &mut out), Some(TaskId(1)));
    assert_eq!(out, [Output::Start(TaskId(1), scan("/a"))]);
    machine.handle(at(0), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
    machine.handle(at(0), saved(1, &[]), &mut out);
    out.clear();
    machine.start_awaited(&mut out);
    assert_eq!(out, [], "it would miss what the scan saves after it");
    machine.handle(at(1), scanned(1, vec![some_change()]), &mut out);
    assert!(!out.iter().any(|out| matches!(out, Output::Save(..))), "{out:?}");
    out.clear();
    machine.start_awaited(&mut out);
    assert_eq!(out, [Output::Start(TaskId(2), Task::Sweep)]);
}

#[test]
fn a_long_removal_is_told_and_goes_on_by_the_allowance_alone() {
    let mut machine = forgetting();
    let mut out = Vec::new();
    machine.handle(at(1), Input::Add(ReplyId(2), source("/a").into()), &mut out);
    machine.handle(at(FORGET_WAIT_MS), Input::Wake, &mut out);
    assert!(
        matches!(&out[..], [Output::Decided(ReplyId(1), done)] if done.contains("Deleting them goes on")),
        "{out:?}"
    );
    out.clear();
    machine.start_awaited(&mut out);
    assert_eq!(out, []);
    machine.handle(at(1 + ADD_WAIT_MS), Input::Wake, &mut out);
    assert!(matches!(&out[..], [Output::Refused(ReplyId(2), Refusal::Busy, _)]), "{out:?}");
    machine.start_next(LIGHT, &mut out).unwrap();
    assert!(matches!(out.last(), Some(Output::Start(_, Task::Sweep))), "{out:?}");
}

#[test]
fn nobody_waits_while_nothing_can_be_saved() {
    let mut machine = forgetting();
    let mut out = Vec::new();
    machine.handle(at(1), Input::Add(ReplyId(2), source("/a").into()), &mut out);
    machine.handle(at(2), Input::StoreLost("The store is gone.".to_owned()), &mut out);
    out.clear();
    machine.handle(at(3), Input::Wake, &mut out);
    assert!(matches!(&out[..], [Output::Decided(ReplyId(1), _), Output::Refused(ReplyId(2), ..)]), "{out:?}");
    let marks = Marks(machine.marks().to_vec());
    assert_eq!(marks, Marks(vec![forgotten("/a")]), "the removal goes on once there is room");
}

#[test]
fn an_addition_that_waits_for_the_save_of_a_removal_is_acknowledged_and_looked_at() {
    let mut machine = scheduler(1, &["/a", "/b"], StoreCounts::default());
    let mut out = Vec::new();
    let _ = machine.scans.queue.due(at(0));
    machine.handle(at(0), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
    machine.handle(at(0), Input::Add(ReplyId(2), source("/b/c").into()), &mut out);
    assert!(matches!(&out[..], [Output::Save(SaveId(1), _)]), "{out:?}");
    out.clear();
    machine.handle(at(0), saved(1, &[]), &mut out);
    assert_eq!(out, [Output::Unwatch(b"/a".to_vec()), Output::Added(ReplyId(2))]);
    out.clear();
    machine.start_next(LIGHT, &mut out).unwrap();
    let out = removes(&mut machine, 1, 1, 2, true);
    assert!(matches!(&out[..], [Output::Decided(ReplyId(1), _)]), "{out:?}");
    machine.handle(at(SETTLE_MS), Input::Wake, &mut Vec::new());
    let mut out = Vec::new();
    machine.start_next(LIGHT, &mut out).expect("a scan");
    assert!(matches!(&out[..], [Output::Start(_, Task::Scan(scan))] if scan.scope == b"/b/c"), "{out:?}");
}

#[test]
fn a_stop_answers_whoever_waits_because_nothing_more_is_deleted_then() {
    let mut machine = forgetting();
    let mut out = Vec::new();
    machine.handle(at(1), Input::Add(ReplyId(2), source("/a").into()), &mut out);
    assert_eq!(out, []);
    machine.answer_at_stop(&mut out);
    let [Output::Decided(ReplyId(1), done), Output::Refused(ReplyId(2), Refusal::Busy, why)] = &out[..] else {
        panic!("{out:?}")
    };
    assert!(done.contains("/a is watched no more") && done.contains("starts again"), "{done}");
    assert!(why.contains("Nothing was changed"), "{why}");
}

#[test]
fn what_is_kept_is_acknowledged_at_once_beside_a_removal_and_hastens_none() {
    let away = Mark { kind: MarkKind::Away, documents: 3, ..forgotten("/b") };
    let sources = Sources::from(vec![source("/a"), source("/b")]);
    let config = Config { sources, marks: vec![away], slots: 2, number: 9, disk_free: u64::MAX, ..Config::default() };
    let mut machine = Scheduler::new(at(0), config);
    let mut out = Vec::new();
    machine.handle(at(0), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
    machine.handle(at(0), saved(1, &[]), &mut out);
    machine.handle(at(FORGET_WAIT_MS), Input::Wake, &mut out);
    assert!(matches!(out.last(), Some(Output::Decided(ReplyId(1), _))), "{out:?}");
    machine.handle(at(FORGET_WAIT_MS), Input::Keep(ReplyId(2), b"/b".to_vec()), &mut out);
    out.clear();
    machine.handle(at(FORGET_WAIT_MS), saved(2, &[]), &mut out);
    assert!(
        matches!(&out[..], [Output::Decided(ReplyId(2), done)] if done.ends_with("when they are back.")),
        "{out:?}"
    );
    out.clear();
    machine.start_awaited(&mut out);
    assert_eq!(out, [], "nobody waits for the removal of the other folder");
}

#[test]
fn those_who_wait_for_a_removal_leave_most_replies_to_others() {
    let mut machine = forgetting();
    let mut out = Vec::new();
    for reply in 0..REPLIES_MAX as u64 {
        machine.handle(at(1), Input::Add(ReplyId(10 + reply), source("/a").into()), &mut out);
    }
    let refused = out.iter().filter(|out| matches!(out, Output::Refused(_, Refusal::Busy, _))).count();
    assert_eq!((refused, out.len()), (REPLIES_MAX + 1 - REMOVAL_WAITS_MAX, refused), "{out:?}");
    assert!(refused > REPLIES_MAX / 2, "a status and questions find a reply free");
}
