//! Documents that are kept without their files, and how their owner takes them out again.

use super::*;
use crate::scheduler::task::Tally;

/// A machine with one folder, of which a look at all of it finds so many documents kept without their files.
fn keeping(kept: u64) -> Scheduler {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let tally = Tally { known: 200, remaining: 200, kept, at: 50, ..Tally::default() };
    let outcome = Outcome::Scanned {
        changes: Vec::new(),
        gone: Vec::new(),
        next: None,
        remarks: Vec::new(),
        tally: Box::new(tally),
    };
    machine.handle(at(0), Input::Wake, &mut Vec::new());
    let id = machine.start_next(LIGHT, &mut Vec::new()).unwrap();
    machine.handle(at(0), Input::Done(id, outcome), &mut Vec::new());
    machine
}

/// The task that lists what is kept at the place, and what the answer to it is.
fn lists(machine: &mut Scheduler, place: &str, listed: Outcome) -> Vec<Output> {
    let mut out = Vec::new();
    machine.handle(at(1), Input::ForgetKept(ReplyId(7), place.into()), &mut out);
    assert_eq!(out, [], "nobody is answered before it is looked at");
    machine.start_awaited(&mut out);
    let Some(Output::Start(id, Task::ListKept { reply: ReplyId(7), place: asked, after: None })) = out.pop() else {
        panic!("{out:?}")
    };
    assert_eq!(asked, place.as_bytes());
    machine.handle(at(1), Input::Done(id, listed), &mut out);
    out
}

#[test]
fn what_is_kept_without_its_file_is_counted_and_forgotten_at_any_place_of_its_folder() {
    let mut machine = keeping(120);
    assert_eq!(machine.kept_without_files(b"/a"), 120);
    let mut out = Vec::new();
    machine.handle(at(1), Input::Forget(ReplyId(1), b"/a/b".to_vec()), &mut out);
    let Some(Output::Refused(ReplyId(1), Refusal::Conflict, why)) = out.pop() else { panic!("{out:?}") };
    assert!(why.contains("`wattle forget --kept /a/b` forgets those at this place"), "{why}");
    let out = lists(
        &mut machine,
        "/a/b",
        Outcome::Kept(vec![FoundDocument::somewhere(3), FoundDocument::somewhere(4)], None),
    );
    let [Output::Save(save, changes)] = &out[..] else { panic!("{out:?}") };
    let forget = |doc| [Change::Gone(FoundDocument::somewhere(doc)), Change::Purge { doc: DocId(doc) }];
    assert_eq!(*changes, [forget(3), forget(4)].concat());
    assert_eq!(machine.kept_without_files(b"/a"), 120, "a save may fail");
    let mut out = Vec::new();
    machine.handle(at(2), saved(save.0, &[]), &mut out);
    assert_eq!(machine.kept_without_files(b"/a"), 118, "what is shown says so at once");
    assert!(
        matches!(&out[..], [Output::Decided(ReplyId(7), done)] if done.contains("2 documents of /a/b that were kept")),
        "{out:?}"
    );
    assert_eq!(machine.sources().len(), 1, "the folder is still watched");
}

#[test]
fn where_nothing_is_kept_or_the_store_cannot_be_read_nothing_is_changed_and_that_is_said() {
    let out = lists(&mut keeping(0), "/a/b", Outcome::Kept(Vec::new(), None));
    assert!(
        matches!(&out[..], [Output::Refused(ReplyId(7), Refusal::Conflict, why)] if why.contains("Nothing was changed"))
    );
    for (outcome, says) in [
        (
            Outcome::StoreFailed("It cannot be read.".to_owned()),
            "could not be read from the store. Nothing was changed.",
        ),
        (Outcome::Failed("no memory".to_owned()), "could not be done: no memory. Nothing was changed."),
        (Outcome::Panicked("index 3".to_owned()), "(index 3). Please report it. Nothing was changed."),
    ] {
        let out = lists(&mut keeping(0), "/a/b", outcome);
        let Output::Refused(ReplyId(7), Refusal::Broken, why) = &out[0] else { panic!("{out:?}") };
        assert!(why.starts_with("The list of what is kept at /a/b ") && why.ends_with(says), "{why}");
    }
    let mut machine = keeping(1);
    machine.handle(at(1), Input::ForgetKept(ReplyId(7), b"/a".to_vec()), &mut Vec::new());
    let mut out = Vec::new();
    machine.answer_at_stop(&mut out);
    assert!(matches!(&out[..], [Output::Refused(ReplyId(7), Refusal::Busy, _)]), "{out:?}");
}

/// The step of the list that starts now, and what it begins after.
fn step(machine: &mut Scheduler) -> Option<(TaskId, Option<Vec<u8>>)> {
    let mut out = Vec::new();
    machine.start_awaited(&mut out);
    match out.pop() {
        Some(Output::Start(id, Task::ListKept { after, .. })) => Some((id, after)),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_is_made_in_steps_between_the_steps_of_scans_and_no_scan_comes_between_it_and_its_save() {
    let mut machine = keeping(3);
    let mut out = Vec::new();
    machine.handle(at(1), Input::Changed(b"/a/c".to_vec()), &mut out);
    machine.handle(at(60_000), Input::Wake, &mut out);
    let scan = machine.start_next(LIGHT, &mut out).unwrap();
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Scan(_)))));
    machine.handle(at(60_001), Input::ForgetKept(ReplyId(7), b"/a".to_vec()), &mut out);
    assert!(step(&mut machine).is_none(), "what the scan finds is saved first");
    machine.handle(at(60_002), Input::Done(scan, Outcome::Failed("gone".to_owned())), &mut out);
    let (first, after) = step(&mut machine).unwrap();
    assert_eq!(after, None);
    assert!(step(&mut machine).is_none(), "one step at a time");
    out.clear();
    machine.handle(at(60_003), Input::Changed(b"/a/c".to_vec()), &mut out);
    machine.handle(at(120_000), Input::Wake, &mut out);
    assert_eq!(machine.start_next(LIGHT, &mut out), None, "a scan waits for the list");
    machine.handle(
        at(120_001),
        Input::Done(first, Outcome::Kept(vec![FoundDocument::somewhere(3)], Some(b"/a/m".to_vec()))),
        &mut out,
    );
    assert_eq!(out, []);
    let (second, after) = step(&mut machine).unwrap();
    assert_eq!(after.as_deref(), Some(&b"/a/m"[..]));
    machine.handle(at(120_002), Input::Done(second, Outcome::Kept(vec![FoundDocument::somewhere(9)], None)), &mut out);
    let [Output::Save(save, changes)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(changes.len(), 4, "both documents are forgotten: {changes:?}");
    let (save, mut out) = (save.0, Vec::new());
    assert_eq!(machine.start_next(LIGHT, &mut out), None, "and for its save");
    machine.handle(at(120_003), saved(save, &[]), &mut out);
    machine.handle(at(120_003), Input::Wake, &mut out);
    assert!(machine.start_next(LIGHT, &mut out).is_some(), "then it runs");
}

/// The save is on a disk that is full all the same.
fn still_full(save: u64) -> Input {
    let Input::Saved(save, Ok(on_disk)) = saved(save, &[]) else { unreachable!() };
    Input::Saved(save, Ok(Saved { disk_free: 1 << 20, ..on_disk }))
}

#[test]
fn a_full_disk_holds_up_no_decision_since_that_makes_room() {
    let mut machine = keeping(600);
    machine.handle(at(1), Input::DiskFree(1 << 20), &mut Vec::new());
    assert!(machine.stands_still());
    let documents: Vec<_> = (0..600).map(FoundDocument::somewhere).collect();
    let out = lists(&mut machine, "/a", Outcome::Kept(documents, None));
    let mut saves = 0;
    let mut out = out;
    while let Some(Output::Save(save, changes)) = out.iter().find(|output| matches!(output, Output::Save(..))) {
        saves += 1;
        assert!(changes.len() <= 2 * crate::limits::SCAN_BATCH);
        let save = save.0;
        out.clear();
        machine.handle(at(2), still_full(save), &mut out);
        machine.handle(at(2), Input::Wake, &mut out);
    }
    assert!(saves > 1, "more than one save is needed for this to be a test");
    assert!(out.iter().any(|output| matches!(output, Output::Decided(ReplyId(7), _))), "{out:?}");
}

#[test]
fn whoever_waits_is_answered_once_by_an_outage_or_a_stop_whatever_the_list_finds_later() {
    let mut machine = keeping(1);
    let mut out = Vec::new();
    machine.handle(at(1), Input::ForgetKept(ReplyId(7), b"/a".to_vec()), &mut out);
    let (id, _) = step(&mut machine).unwrap();
    machine.handle(at(1), Input::StoreLost("gone".to_owned()), &mut out);
    machine.handle(at(1), Input::Wake, &mut out);
    let answers =
        |out: &[Output]| out.iter().filter(|output| matches!(output, Output::Refused(ReplyId(7), ..))).count();
    assert_eq!(answers(&out), 1, "{out:?}");
    machine.handle(at(2), Input::Done(id, Outcome::Kept(vec![FoundDocument::somewhere(1)], None)), &mut out);
    machine.answer_at_stop(&mut out);
    assert_eq!(answers(&out), 1, "{out:?}");

    let mut machine = keeping(600);
    let out = lists(&mut machine, "/a", Outcome::Kept((0..600).map(FoundDocument::somewhere).collect(), None));
    let Some(Output::Save(save, _)) = out.last() else { panic!("{out:?}") };
    let mut out = Vec::new();
    machine.answer_at_stop(&mut out);
    assert_eq!(out, [], "the save that is under way may end it");
    machine.handle(at(2), saved(save.0, &[]), &mut out);
    machine.answer_at_stop(&mut out);
    let [Output::Refused(ReplyId(7), Refusal::Broken, why)] = &out[..] else { panic!("{out:?}") };
    assert!(why.contains("For 88 documents it is not done yet"), "{why}");
}

/// A machine with a shared folder and a private one, whose owner was being asked about the shared one when the agent ended, perhaps.
fn beside_a_private_folder(asked: Vec<Vec<u8>>) -> Scheduler {
    let private = Source { ring: Ring::Private, collection: "diary".to_owned(), ..source("/p") };
    let sources = Sources::from(vec![source("/a"), private]);
    Scheduler::new(at(0), Config { sources, asked, slots: 1, number: 9, disk_free: u64::MAX, ..Config::default() })
}

/// The next scan finds so many of 200 documents gone.
fn loses(machine: &mut Scheduler, ms: u64, gone: u64, why: Option<&str>) {
    let tally = Tally { known: 200, remaining: 200 - gone, at: 50, why: why.map(str::to_owned), ..Tally::default() };
    let (changes, gone, remarks) =
        (Vec::new(), (0..gone).map(crate::store::change::FoundDocument::somewhere).collect(), Vec::new());
    let outcome = Outcome::Scanned { changes, gone, next: None, remarks, tally: Box::new(tally) };
    let mut out = Vec::new();
    machine.handle(at(ms), Input::Wake, &mut out);
    let id = machine.start_next(LIGHT, &mut out).unwrap();
    machine.handle(at(ms), Input::Done(id, outcome), &mut out);
    for output in std::mem::take(&mut out) {
        if let Output::Save(save, _) = output {
            machine.handle(at(ms), saved(save.0, &[]), &mut out);
        }
    }
}

#[test]
fn where_there_are_private_folders_whoever_keeps_a_loss_is_told_that_other_devices_get_nothing_of_it() {
    for is_private in [true, false] {
        let mut machine = if is_private {
            beside_a_private_folder(Vec::new())
        } else {
            scheduler(1, &["/a"], StoreCounts::default())
        };
        loses(&mut machine, 0, 150, None);
        let asked = machine.question_of(b"/a").unwrap();
        assert_eq!(
            asked.contains("keeps them without their files, for answers on this device only"),
            is_private,
            "{asked}"
        );
        let mut out = Vec::new();
        machine.handle(at(1), Input::Keep(ReplyId(7), b"/a".to_vec()), &mut out);
        let Some(Output::Save(save, _)) = out.pop() else { panic!("{out:?}") };
        assert!(machine.knows_gone(DocId(149)), "until that is saved");
        machine.handle(at(1), saved(save.0, &[]), &mut out);
        let done =
            out.iter().find_map(|out| if let Output::Decided(_, done) = out { Some(done) } else { None }).unwrap();
        assert!(done.contains("are kept without their files, and answer."), "{done}");
        assert_eq!(done.contains("Other devices get nothing of them"), is_private, "{done}");
    }
}

#[test]
fn what_is_gone_may_leave_no_device_with_private_folders_before_it_is_known_what_that_is() {
    let mut machine = beside_a_private_folder(vec![b"/a".to_vec()]);
    let may_leave = |machine: &Scheduler| machine.may_leave(None, b"/a/x");
    assert!(!may_leave(&machine), "after a restart, which documents its owner was asked about is not known");
    loses(&mut machine, 0, 0, None);
    assert!(may_leave(&machine));
    loses(&mut machine, 0, 0, None);
    machine.handle(at(10_000), Input::Changed(b"/a/sub".to_vec()), &mut Vec::new());
    loses(&mut machine, 10_000 + SETTLE_MS, 150, None);
    assert!(!may_leave(&machine), "a look at all of it follows");
    loses(&mut machine, 20_000 + SETTLE_MS, 150, None);
    assert!(may_leave(&machine) && !machine.may_leave(Some(DocId(0)), b"/a/x"), "now they are known");
}

#[test]
fn why_a_folder_is_away_is_known_until_the_next_look_at_it() {
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    loses(&mut machine, 0, 0, Some("there is a file in its place"));
    assert_eq!(machine.why_away(b"/a"), Some("there is a file in its place"));
    machine.handle(at(10_000), Input::Changed(b"/a".to_vec()), &mut Vec::new());
    loses(&mut machine, 10_000 + SETTLE_MS, 0, None);
    assert_eq!(machine.why_away(b"/a"), None);
}
