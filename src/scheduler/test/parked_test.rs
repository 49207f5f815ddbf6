//! What the owner of parked documents decides, and what is true by the time that it is saved.

use super::*;
use crate::scheduler::attempt::{FailedAttempt, FailingDocuments, ParkedTask};
use crate::scheduler::stored::StoredWork;

/// A machine with these parked documents.
fn parked(documents: &[u64]) -> Scheduler {
    let counts = counts(&vec![Kind::Parked; documents.len()]);
    let parked = documents.iter().map(|doc| (DocId(*doc), ParkedTask::default())).collect();
    let work = StoredWork { parked, ..StoredWork::default() };
    Scheduler::new(at(0), Config { counts, work, slots: 1, disk_free: u64::MAX, ..Config::default() })
}

/// A decision, and the save of it.
fn decide(machine: &mut Scheduler, reply: u64, decided: Decided) -> (SaveId, Vec<Change>) {
    let mut out = Vec::new();
    machine.handle(at(1), Input::Decide(ReplyId(reply), None, decided), &mut out);
    let Some(Output::Save(save, changes)) = out.pop() else { panic!("{out:?}") };
    (save, changes)
}

/// The answer once the save is on the disk.
fn answer(machine: &mut Scheduler, save: SaveId, after: &[(u64, Kind)], of: usize) -> Vec<Output> {
    let Input::Saved(save, Ok(mut on_disk)) = saved(save.0, after) else { unreachable!() };
    on_disk.applied.resize(of, Applied::default());
    let mut out = Vec::new();
    machine.handle(at(2), Input::Saved(save, Ok(on_disk)), &mut out);
    out
}

#[test]
fn whoever_decides_learns_what_was_done_after_earlier_decisions() {
    let mut machine = parked(&[1, 2]);
    let (first, _) = decide(&mut machine, 1, Decided::Retry);
    let (second, changes) = decide(&mut machine, 2, Decided::Drop);
    assert_eq!(changes.len(), 2, "the store knows what is parked by then");
    let told = answer(&mut machine, first, &[(1, Kind::Waiting), (2, Kind::Waiting)], 2);
    assert_eq!(told, [Output::Decided(ReplyId(1), "2 tasks will be tried again.".to_owned())]);
    let told = answer(&mut machine, second, &[], 2);
    assert!(matches!(&told[..], [Output::Refused(ReplyId(2), Refusal::Conflict, _)]), "{told:?}");
}

#[test]
fn of_documents_that_changed_meanwhile_nothing_is_said() {
    let mut machine = parked(&[1, 2]);
    let (save, _) = decide(&mut machine, 1, Decided::Drop);
    let told = answer(&mut machine, save, &[(2, Kind::Refused)], 2);
    let one = "1 task dropped: a file is tried again when it changes.";
    assert_eq!(told, [Output::Decided(ReplyId(1), one.to_owned())]);
}

#[test]
fn what_an_earlier_save_parks_is_decided_with_the_rest() {
    let mut machine = parked(&[]);
    machine.running.parking.begin(DocId(3), ParkedTask::default());
    let (_, changes) = decide(&mut machine, 1, Decided::Retry);
    assert_eq!(changes, [Change::Retried { doc: DocId(3) }]);
}

#[test]
fn what_failed_is_counted_by_its_stage_and_never_beyond_what_waits() {
    let mut machine = scheduler(1, &["/a"], counts(&[Kind::Waiting, Kind::Waiting, Kind::Chunked]));
    machine.queue.rest(DocId(1), Kind::Waiting, at(5_000));
    machine.queue.rest(DocId(2), Kind::Chunked, at(9_000));
    assert!(machine.has_to_read(), "one of the two rests");
    let next_in = Some(Duration::from_secs(4));
    let failing = machine.failing(at(1_000));
    assert_eq!(failing, FailingDocuments { to_read: 1, to_embed: 1, next_in });
    machine.queue.rest(DocId(3), Kind::Chunked, at(9_000));
    assert_eq!(machine.failing(at(1_000)).all(), 2, "the store knows of one that is to be embedded");
    machine.queue.set_absent(DocId(4));
    assert!(!machine.has_to_read(), "the other one is not there");
}

/// The store keeps a failed attempt, so that it counts over a restart; the last one is kept as what parks the document.
fn is_kept(machine: &mut Scheduler, attempt: u64, failed: Input) -> bool {
    let mut out = Vec::new();
    machine.handle(at(1000 * attempt), failed, &mut out);
    let [Output::Save(save, changes)] = &out[..] else { return false };
    machine.handle(at(1000 * attempt), saved(save.0, &[]), &mut Vec::new());
    matches!(&changes[..], [Change::Failing { failing: Some(failing), .. }] if u64::from(failing.here) == attempt)
}

#[test]
fn a_scan_that_panicked_is_tried_once_more_and_a_document_until_it_is_parked() {
    let why = "src/text/chunk.rs:7: out of bounds".to_owned();
    let panicked = |task| Input::Done(TaskId(task), Outcome::Panicked(why.clone()));
    let reason = |what: &str| format!("{what} was stopped by a defect of the program ({why}). Please report it.");
    let mut machine = scheduler(1, &["/a"], StoreCounts::default());
    let doc = DocId(7);
    check(
        &mut machine,
        vec![
            On(0, Input::Wake, vec![]),
            Next(ALL, Some((1, scan("/a")))),
            On(1, panicked(1), vec![]),
            Next(ALL, Some((2, scan("/a")))),
            On(2, panicked(2), vec![Output::Notice(Notice::LeftOut(reason("The scan of /a")))]),
            Next(ALL, None),
            On(
                3,
                Input::Add(ReplyId(1), source("/b").into()),
                vec![Output::Save(SaveId(1), vec![Change::Sources(Sources::from(vec![source("/a"), source("/b")]))])],
            ),
            On(4, saved(1, &[(7, Kind::Chunked)]), vec![Output::Watch(b"/b".to_vec()), Output::Added(ReplyId(1))]),
        ],
    );
    let last = ATTEMPTS_MAX as u64;
    for attempt in 1..=last {
        check(&mut machine, vec![Next(ALL, Some((2 + attempt, Task::Embed { doc, chunks: 4 })))]);
        assert_eq!(is_kept(&mut machine, attempt, panicked(2 + attempt)), attempt < last);
        machine.wake_failing(at(1000 * attempt + ATTEMPT_PAUSE_MS_MAX));
    }
    let failed = |attempt| FailedAttempt {
        by: None,
        why: reason("Its indexing"),
        before: Duration::from_secs(last - attempt),
        at: None,
    };
    let park = Task::Park { doc, attempts: (1..=last).map(failed).collect() };
    let parked = Change::Parked { doc, stamp: FileStamp::default(), parked: Parked::default() };
    let notice = Notice::Unusable(doc, "It is parked after 0 failed attempts. Its tasks failed.".to_owned());
    check(
        &mut machine,
        vec![
            Next(LIGHT, Some((8, park))),
            On(
                6000,
                Input::Done(TaskId(8), Outcome::Parking(b"/a/x".to_vec(), Box::new(parked.clone()))),
                vec![Output::Notice(notice), Output::Save(SaveId(1 + last), vec![parked])],
            ),
            On(6001, saved(1 + last, &[(7, Kind::Parked)]), vec![]),
            Next(ALL, None),
        ],
    );
    assert_eq!(machine.parked().map(|(doc, task)| (doc, &task.path[..])).collect::<Vec<_>>(), [(doc, &b"/a/x"[..])]);
    let dropped = Change::Dropped { doc };
    check(
        &mut machine,
        vec![
            On(
                7000,
                Input::Decide(ReplyId(9), Some(doc), Decided::Drop),
                vec![Output::Save(SaveId(2 + last), vec![dropped])],
            ),
            On(
                7001,
                saved(2 + last, &[(7, Kind::Refused)]),
                vec![Output::Decided(ReplyId(9), "1 task dropped: a file is tried again when it changes.".to_owned())],
            ),
        ],
    );
    assert_eq!(machine.parked().count(), 0);
}
