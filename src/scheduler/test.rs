//! The scheduler as tables of inputs and their exact outputs. Whole runs of agents are in tests/sim.rs.

use super::attempt::Decided;
use super::saves::{NotSaved, Saved};
use super::task::{Outcome, Scan, Task};
use super::{Config, Input, Notice, Output, Refusal, Scheduler, WorkAllowance};
use crate::base::id::{DocId, ReplyId, Ring, SaveId, TaskId};
use crate::base::time::{Duration, Instant};
use crate::limits::{
    ADD_WAIT_MS, ATTEMPT_PAUSE_MS_MAX, ATTEMPTS_MAX, DECISIONS_MAX, DISK_FREE_MIN, DISK_RETRY_MS, SAVES_MAX, SETTLE_MS,
    TOMBSTONE_MS,
};
use crate::store::change::{Applied, Change, FoundDocument};
use crate::store::counts::{Kind, StoreCounts};
use crate::store::record::{FileStamp, Mark, MarkKind, Parked, Source, Sources};

mod behind_test;
mod decisions_test;
mod kept_test;
mod lend_anew_test;
mod lend_old_test;
mod lend_slot_test;
mod lend_test;
mod long_read_test;
mod matching_test;
mod outage_test;
mod pace_test;
mod parked_test;
mod recount_test;
mod removal_test;
mod rings_test;
mod spread_test;
mod unproven_test;
mod withheld_test;

const ALL: WorkAllowance = WorkAllowance { chunks: Some(4) };
const LIGHT: WorkAllowance = WorkAllowance { chunks: None };

/// One row of a table.
enum Row {
    /// At this millisecond, this input causes exactly these outputs.
    On(u64, Input, Vec<Output>),
    /// With this allowance, the next task is this one.
    Next(WorkAllowance, Option<(u64, Task)>),
}
use Row::{Next, On};

const fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn source(path: &str) -> Source {
    Source { path: path.into(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 }
}

fn scheduler(slots: usize, sources: &[&str], counts: StoreCounts) -> Scheduler {
    let sources = Sources::from(sources.iter().map(|path| source(path)).collect::<Vec<_>>());
    Scheduler::new(at(0), Config { counts, sources, slots, number: 9, disk_free: u64::MAX, ..Config::default() })
}

fn check(machine: &mut Scheduler, table: Vec<Row>) {
    for (number, row) in table.into_iter().enumerate() {
        let mut out = Vec::new();
        match row {
            On(ms, input, expected) => {
                let woken = input == Input::Wake;
                machine.handle(at(ms), input, &mut out);
                assert_eq!(out, expected, "row {number}");
                let again = woken && machine.deadline().is_some_and(|due| due <= at(ms));
                assert!(!again, "row {number}: a woken machine wants to be woken again at once");
            }
            Next(allowance, expected) => {
                let id = machine.start_next(allowance, &mut out);
                let expected = expected.map(|(id, task)| (TaskId(id), task));
                assert_eq!(id, expected.as_ref().map(|(id, _)| *id), "row {number}: {out:?}");
                let started: Vec<Output> = expected.map(|(id, task)| Output::Start(id, task)).into_iter().collect();
                assert_eq!(out, started, "row {number}");
            }
        }
    }
}

fn counts(kinds: &[Kind]) -> StoreCounts {
    let mut counts = StoreCounts::default();
    kinds.iter().for_each(|kind| counts.enter(*kind));
    counts
}

/// The save is on the disk; these documents are now in these states, and no others are known.
fn saved(save: u64, now: &[(u64, Kind)]) -> Input {
    let applied =
        now.iter().map(|(doc, kind)| Applied { doc: Some(DocId(*doc)), now: Some(*kind), ..Applied::default() });
    let kinds: Vec<Kind> = now.iter().map(|(_, kind)| *kind).collect();
    let saved = Saved { applied: applied.collect(), counts: counts(&kinds), number: 10, disk_free: u64::MAX };
    Input::Saved(SaveId(save), Ok(saved))
}

fn scan(path: &str) -> Task {
    Task::Scan(Scan { source: source(path), scope: path.into(), after: None })
}

fn scanned(task: u64, changes: Vec<Change>) -> Input {
    Input::Done(
        TaskId(task),
        Outcome::Scanned { changes, gone: Vec::new(), next: None, remarks: Vec::new(), tally: Box::default() },
    )
}

fn changes(task: u64, changes: &[Change]) -> Input {
    Input::Done(TaskId(task), Outcome::Changes(changes.to_vec()))
}

fn some_change() -> Change {
    Change::Gone(FoundDocument::somewhere(99))
}

#[test]
fn a_file_is_scanned_read_embedded_and_ready() {
    let mut machine = scheduler(1, &[], StoreCounts::default());
    let (doc, change) = (DocId(7), some_change());
    check(
        &mut machine,
        vec![
            On(0, Input::Wake, vec![]),
            Next(ALL, None),
            On(
                1,
                Input::Add(ReplyId(5), source("/a").into()),
                vec![Output::Save(SaveId(1), vec![Change::Sources(Sources::from(vec![source("/a")]))])],
            ),
            On(2, saved(1, &[]), vec![Output::Watch(b"/a".to_vec()), Output::Added(ReplyId(5))]),
            On(3, Input::Wake, vec![]),
            Next(ALL, None),
            On(2 + SETTLE_MS, Input::Wake, vec![]),
            Next(ALL, Some((1, scan("/a")))),
            Next(ALL, None),
            On(500, scanned(1, vec![change.clone()]), vec![Output::Save(SaveId(2), vec![change.clone()])]),
            On(501, saved(2, &[(7, Kind::Waiting)]), vec![]),
            Next(LIGHT, Some((2, Task::Read { doc }))),
            On(502, changes(2, std::slice::from_ref(&change)), vec![Output::Save(SaveId(3), vec![change.clone()])]),
            On(503, saved(3, &[(7, Kind::Chunked)]), vec![]),
            Next(LIGHT, None),
            Next(ALL, Some((3, Task::Embed { doc, chunks: 4 }))),
            On(504, changes(3, std::slice::from_ref(&change)), vec![Output::Save(SaveId(4), vec![change])]),
            On(505, saved(4, &[(7, Kind::Ready)]), vec![]),
            Next(ALL, None),
        ],
    );
    assert!(machine.at_rest() && !machine.scanning());
}

#[test]
fn an_acknowledgement_waits_for_the_save_that_it_rests_on() {
    let list = |paths: &[&str]| {
        vec![Change::Sources(Sources::from(paths.iter().map(|path| source(path)).collect::<Vec<_>>()))]
    };
    let add = |reply, path| Input::Add(ReplyId(reply), source(path).into());
    let mut machine = scheduler(1, &[], StoreCounts::default());
    let other = Source { collection: "work".to_owned(), ..source("/a/b") };
    check(
        &mut machine,
        vec![
            On(1, add(1, "/a"), vec![Output::Save(SaveId(1), list(&["/a"]))]),
            On(1, add(2, "/a/b"), vec![]),
            On(1, Input::Changed(b"/a/x".to_vec()), vec![]),
            On(1, add(3, "/c"), vec![Output::Save(SaveId(2), list(&["/a", "/c"]))]),
            On(
                2,
                saved(1, &[]),
                vec![Output::Watch(b"/a".to_vec()), Output::Added(ReplyId(1)), Output::Added(ReplyId(2))],
            ),
        ],
    );
    assert_eq!(machine.sources(), [source("/a")]);
    let mut out = Vec::new();
    machine.handle(at(3), Input::Add(ReplyId(4), other.into()), &mut out);
    assert!(matches!(&out[..], [Output::Refused(ReplyId(4), Refusal::Conflict, _)]), "{out:?}");
    let gone = NotSaved { why: "The disk lies.".to_owned(), lasts: true };
    let refused =
        |reply| Output::Refused(ReplyId(reply), Refusal::Broken, "The disk lies. Nothing was changed.".to_owned());
    let held = "The disk lies. Questions are still answered; nothing new is saved.";
    check(
        &mut machine,
        vec![
            On(4, Input::Saved(SaveId(2), Err(gone)), vec![refused(3), Output::Notice(Notice::Held(held.to_owned()))]),
            On(5, add(5, "/d"), vec![refused(5)]),
            On(60_000, Input::Wake, vec![]),
            Next(ALL, None),
        ],
    );
    assert!(machine.deadline().is_none() && machine.stands_still(), "such a store waits for its owner");
}

#[test]
fn a_full_disk_holds_everything_and_is_measured_now_and_then() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let mut out = Vec::new();
    machine.handle(at(1), Input::DiskFree(DISK_FREE_MIN - 1), &mut out);
    machine.handle(at(1), Input::Wake, &mut out);
    assert!(matches!(&out[..], [Output::Notice(Notice::Held(why)), Output::MeasureDisk] if why.contains("MiB free")));
    assert_eq!(machine.deadline(), Some(at(1 + DISK_RETRY_MS)));
    check(
        &mut machine,
        vec![
            On(2, Input::Wake, vec![]),
            Next(ALL, None),
            On(1 + DISK_RETRY_MS, Input::Wake, vec![Output::MeasureDisk]),
            On(40_000, Input::DiskFree(u64::MAX), vec![]),
            On(40_000, Input::Wake, vec![Output::Notice(Notice::Resumed)]),
            Next(ALL, Some((1, scan("/a")))),
        ],
    );
}

#[test]
fn a_full_disk_is_measured_anew_before_an_addition_is_refused() {
    let full = || {
        let mut machine = scheduler(1, &[], StoreCounts::default());
        machine.handle(at(1), Input::DiskFree(0), &mut Vec::new());
        machine.handle(at(1), Input::Wake, &mut Vec::new());
        let mut out = Vec::new();
        machine.handle(at(2), Input::Add(ReplyId(7), source("/a").into()), &mut out);
        assert_eq!(out, [Output::MeasureDisk]);
        machine
    };
    let says = |out: &[Output], free: &str| matches!(out, [Output::Refused(ReplyId(7), Refusal::DiskFull, why)] if why.contains(free));
    let (mut machine, mut out) = (full(), Vec::new());
    machine.handle(at(3), Input::DiskFree(u64::MAX), &mut out);
    assert!(matches!(&out[..], [Output::Save(..)]), "room was made: {out:?}");
    let (mut machine, mut out) = (full(), Vec::new());
    machine.handle(at(3), Input::DiskFree(1 << 20), &mut out);
    assert!(says(&out, "only 1 MiB free"), "{out:?}");
    let (mut machine, mut out) = (full(), Vec::new());
    machine.handle(at(2 + ADD_WAIT_MS), Input::Wake, &mut out);
    out.retain(|out| matches!(out, Output::Refused(..)));
    assert!(says(&out, "only 0 MiB free"), "the disk does not answer: {out:?}");
}

#[test]
fn tombstoned_documents_are_purged_after_their_time_also_while_others_are_being_embedded() {
    let kinds = [Kind::Tombstoned, Kind::Tombstoned, Kind::Chunked];
    let mut machine = scheduler(1, &[], counts(&kinds));
    let purge = |doc| Change::Purge { doc: DocId(doc) };
    let step = |from: &[u8]| Task::Purge { upto: 9, from: from.to_vec() };
    check(
        &mut machine,
        vec![
            On(TOMBSTONE_MS - 1, Input::Wake, vec![]),
            Next(LIGHT, None),
            On(TOMBSTONE_MS, Input::Wake, vec![]),
            Next(LIGHT, Some((1, step(b"")))),
            Next(LIGHT, None),
            On(
                TOMBSTONE_MS + 1,
                Input::Done(TaskId(1), Outcome::Purgeable(vec![purge(3), purge(4)], Some(b"x".to_vec()))),
                vec![Output::Save(SaveId(1), vec![purge(3), purge(4)])],
            ),
            Next(LIGHT, None),
            On(TOMBSTONE_MS + 2, saved(1, &[]), vec![]),
            Next(LIGHT, Some((2, step(b"x")))),
            On(TOMBSTONE_MS + 3, Input::Done(TaskId(2), Outcome::Purgeable(vec![], None)), vec![]),
            Next(LIGHT, None),
        ],
    );
    assert!(machine.at_rest() && machine.deadline().is_none_or(|at| at > Instant::from_millis(TOMBSTONE_MS + 3)));
}

#[test]
fn a_task_that_no_thread_takes_is_tried_twice_and_no_failure_of_the_store() {
    let why = "The threads that do this have ended; start the agent again.".to_owned();
    let failed = |task| Input::Done(TaskId(task), Outcome::Failed(why.clone()));
    let left_out = Notice::LeftOut(format!("The scan of /a could not be done: {why}"));
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    check(
        &mut machine,
        vec![
            On(0, Input::Wake, vec![]),
            Next(ALL, Some((1, scan("/a")))),
            On(1, failed(1), vec![]),
            Next(ALL, Some((2, scan("/a")))),
            On(2, failed(2), vec![Output::Notice(left_out)]),
            Next(ALL, None),
        ],
    );
}

#[test]
fn a_broken_store_ends_all_work_and_a_stop_waits_for_none_of_its_saves() {
    let why = "The store cannot be read.".to_owned();
    let mut machine = scheduler(2, &["/a", "/b"], StoreCounts::default());
    check(
        &mut machine,
        vec![
            On(0, Input::Wake, vec![]),
            Next(ALL, Some((1, scan("/a")))),
            On(1, scanned(1, vec![some_change()]), vec![Output::Save(SaveId(1), vec![some_change()])]),
            On(2, Input::ChangesLost, vec![]),
        ],
    );
    machine.summarize(&mut Vec::new());
    assert!(!machine.at_rest());
    let failed = Input::Done(TaskId(2), Outcome::StoreFailed(why));
    let told =
        "The store cannot be read. Questions are still answered. The agent tries again by itself and then goes on.";
    check(&mut machine, vec![On(3, failed, vec![Output::Notice(Notice::Broken(told.to_owned()))]), Next(ALL, None)]);
    assert!(machine.at_rest());
}

#[test]
fn a_file_whose_disk_is_away_has_its_folder_looked_at_unless_that_is_told_already() {
    for (is_away, marked, looks) in [(true, false, true), (false, false, false), (true, true, false)] {
        let mut machine = scheduler(2, &["/a"], counts(&[Kind::Waiting]));
        let mut out = Vec::new();
        machine.handle(at(0), Input::Wake, &mut out);
        let first = machine.start_next(LIGHT, &mut out).unwrap();
        let over = Outcome::Scanned {
            changes: Vec::new(),
            gone: Vec::new(),
            next: None,
            remarks: Vec::new(),
            tally: Box::default(),
        };
        machine.handle(at(1), Input::Done(first, over), &mut out);
        if marked {
            let mark = Mark { kind: MarkKind::Away, ..crate::scheduler::marks::forgotten(b"/a/stick".to_vec()) };
            machine.decisions.set_marks(vec![mark]);
        }
        let outcome =
            if is_away { Outcome::Away(b"/a/stick/x".to_vec(), Vec::new()) } else { Outcome::Changes(Vec::new()) };
        machine.on_done(at(10), Task::Read { doc: DocId(0) }, outcome, &mut out);
        machine.handle(at(10 + SETTLE_MS), Input::Wake, &mut out);
        assert_eq!(machine.scanning(), looks, "{is_away} {marked}");
    }
}

#[test]
fn what_cannot_be_taken_since_earlier_decisions_are_carried_out_is_refused_with_the_reason() {
    let mut machine = scheduler(2, &["/a"], StoreCounts::default());
    (0..DECISIONS_MAX as u64).for_each(|n| machine.decisions.remove(vec![FoundDocument::somewhere(n)]));
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(7), b"/a".to_vec()), &mut out);
    let [Output::Refused(ReplyId(7), Refusal::Busy, why)] = &out[..] else { panic!("{out:?}") };
    assert!(why.starts_with("8 earlier requests ") && why.ends_with("Nothing was changed."), "{why}");
}

#[test]
fn an_id_names_one_task_of_any_kind_and_an_unknown_id_is_ignored() {
    let mut machine = scheduler(2, &["/a"], StoreCounts::default());
    let question = machine.issue();
    check(&mut machine, vec![On(0, Input::Wake, vec![]), Next(ALL, Some((2, scan("/a"))))]);
    assert_eq!((question, machine.issue()), (TaskId(1), TaskId(3)));
    assert!(machine.runs(TaskId(2)) && !machine.runs(question));
    check(&mut machine, vec![On(1, Input::Done(question, Outcome::Refilled(Vec::new())), vec![])]);
}

#[test]
fn there_is_room_for_the_save_of_every_task() {
    let mut machine = scheduler(4, &[], StoreCounts::default());
    let mut out = Vec::new();
    for n in 0..SAVES_MAX as u64 {
        machine.handle(at(1), Input::Add(ReplyId(n), source(&format!("/{n}")).into()), &mut out);
    }
    assert!(out.iter().all(|out| matches!(out, Output::Save(..))), "{out:?}");
    assert_eq!((machine.under_way(), machine.has_slot()), (SAVES_MAX, false));
    out.clear();
    machine.handle(at(1), Input::Add(ReplyId(99), source("/more").into()), &mut out);
    assert_eq!(out, [], "it waits for its turn");
    machine.handle(at(2), saved(1, &[]), &mut out);
    let next = SaveId(SAVES_MAX as u64 + 1);
    assert!(out.iter().any(|out| matches!(out, Output::Save(save, _) if *save == next)), "{out:?}");
    assert!(!out.iter().any(|out| matches!(out, Output::Refused(..))), "{out:?}");
    out.clear();
    machine.handle(at(3), Input::Add(ReplyId(100), source("/late").into()), &mut out);
    machine.handle(at(2 + ADD_WAIT_MS), Input::Wake, &mut out);
    assert!(!out.iter().any(|out| matches!(out, Output::Refused(..))), "{out:?}");
    machine.handle(at(3 + ADD_WAIT_MS), Input::Wake, &mut out);
    let is_busy =
        |out: &Output| matches!(out, Output::Refused(ReplyId(100), Refusal::Busy, why) if why.contains("busy writing"));
    assert!(out.iter().any(is_busy), "no save has ended meanwhile: {out:?}");
}
