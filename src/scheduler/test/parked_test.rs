//! What the owner of parked documents decides, and what is true by the time that it is saved.

use super::*;
use crate::scheduler::attempt::ParkedTask;

/// A machine with these parked documents.
fn parked(documents: &[u64]) -> Scheduler {
    let counts = counts(&vec![Kind::Parked; documents.len()]);
    let parked = documents.iter().map(|doc| (DocId(*doc), ParkedTask::default())).collect();
    Scheduler::new(at(0), Config { counts, parked, slots: 1, disk_free: u64::MAX, ..Config::default() })
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
