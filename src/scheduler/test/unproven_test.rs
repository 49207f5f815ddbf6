//! Vectors of other devices that no check has vouched for, over a restart.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint, PeerKey, Row};
use crate::base::vector::Embedding;
use crate::limits::{DIMENSIONS, LENDING_MAX, OFFENCE_MS, UNCHECKED_RESTS_MS};
use crate::scheduler::lend::Allowed;
use crate::scheduler::offload::lendable::{Lendable, OwedPart, UnprovenResults};
use crate::scheduler::stored::StoredWork;
use crate::store::change::Applied;
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::wire::work::{LentText, Work};
use std::rc::Rc;

const PEER: PeerKey = PeerKey([1; 32]);
const ALL: Allowed = Allowed { others: true, checks: true, reads: true };

fn embedding(n: usize) -> Embedding {
    let values: Vec<f32> = (0..DIMENSIONS).map(|at| if at == n { 1.0 } else { 0.0 }).collect();
    Embedding::new(Fingerprint::default(), &values).unwrap()
}

/// A machine that starts with a document whose only vector another device made, and no check has vouched for.
fn restarted() -> (Scheduler, Lendable) {
    let mut known = counts(&[Kind::Chunked, Kind::Chunked]);
    known.chunks = 2;
    let text = LentText { heading: String::new(), text: "a".to_owned() };
    let chunk = Lendable { doc: DocId(1), row: Row(1), key: EmbedKey([1; 16]), text };
    let results = vec![(chunk.clone(), embedding(1).quantize())];
    let work = StoredWork {
        unproven: vec![UnprovenResults { by: PEER, checks: 10, owed: 0, results, banned_until: 0 }],
        ..StoredWork::default()
    };
    let config = Config { counts: known, work, slots: 2, disk_free: u64::MAX, cosine_min: 0.98, ..Config::default() };
    (Scheduler::new(at(0), config), chunk)
}

/// The check that is due is done, with this embedding; gives what is saved.
fn checked(machine: &mut Scheduler, own: Embedding) -> Vec<Change> {
    let mut out = Vec::new();
    machine.share_work(at(UNCHECKED_RESTS_MS), &[], ALL, &mut out);
    let Some(Output::Start(task, Task::EmbedHit { .. })) = out.pop() else { panic!("{out:?}") };
    assert!(machine.on_check(at(400), task, &Outcome::QueryEmbedding(own)));
    machine.share_work(at(401), &[], ALL, &mut out);
    match out.pop() {
        Some(Output::Save(_, changes)) => changes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_a_restart_a_result_without_a_check_is_no_task_of_this_device_and_counts_once_it_is_checked() {
    let (mut machine, chunk) = restarted();
    let mut out = Vec::new();
    machine.handle(at(0), Input::Wake, &mut out);
    let allowance = WorkAllowance { chunks: Some(8) };
    assert!(machine.start_next(allowance, &mut out).is_some(), "the refill");
    let Some(Output::Start(refill, Task::Refill { .. })) = out.pop() else { panic!("{out:?}") };
    machine.handle(at(1), Input::Done(refill, Outcome::Refilled(vec![DocId(1), DocId(2)])), &mut out);
    machine.start_next(allowance, &mut out);
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Embed { doc: DocId(2), .. }))));
    let proven = Change::Proven { doc: DocId(1), by: PEER, checks: 10, rows: vec![(chunk.row, chunk.key)] };
    assert_eq!(checked(&mut machine, embedding(1)), [proven]);
}

#[test]
fn a_device_that_is_found_false_after_a_restart_has_its_vectors_of_before_deleted_and_they_are_made_again() {
    let (mut machine, _) = restarted();
    assert_eq!(checked(&mut machine, embedding(9)), [Change::Disproven { by: PEER, until: 0 }]);
    assert_eq!(machine.take_false_makers(), [PEER]);
    let mut out = Vec::new();
    let allowance = WorkAllowance { chunks: Some(8) };
    machine.start_next(allowance, &mut out);
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Embed { doc: DocId(1), .. }))), "{out:?}");
}

#[test]
fn a_device_that_was_found_false_gets_no_work_after_a_restart_either_until_its_hour_is_over() {
    let (of, hour) = (100, OFFENCE_MS / 1_000);
    // Half of it is over; and the clock was set back by a year.
    for (left, until) in [(hour / 2, 5_000 + i64::try_from(hour / 2).unwrap()), (hour, 31_000_000)] {
        let mut known = counts(&vec![Kind::Chunked; of]);
        known.chunks = of as u64;
        let results = UnprovenResults { by: PEER, checks: 0, owed: 0, results: Vec::new(), banned_until: until };
        let work = StoredWork { unproven: vec![results], at: 5_000, ..StoredWork::default() };
        let config = Config { counts: known, work, slots: 2, disk_free: u64::MAX, ..Config::default() };
        let mut machine = Scheduler::new(at(0), config);
        let banned: Vec<_> = machine.lent(at(0)).map(|lent| lent.banned.map(|left| left.as_secs())).collect();
        assert_eq!(banned, [Some(left)]);
        let mut out = Vec::new();
        for (ms, banned) in [(left * 1_000 - 1, true), (left * 1_000, false)] {
            machine.on_work(at(ms), PEER, Work::Ask(64), &mut out);
            let later = out.iter().any(|out| matches!(out, Output::Work(PEER, Work::Later(_))));
            assert_eq!(later, banned);
            out.clear();
        }
    }
}

#[test]
fn of_many_bans_those_that_still_run_are_known_after_a_start() {
    let mut library = Library::open(Rc::new(MemoryKv::new())).unwrap();
    let until = |n: u8| if n < 200 { 50 } else { 200 };
    let peers: Vec<u8> = (0..40).chain([200, 201]).collect();
    for n in &peers {
        library.apply(&Change::Disproven { by: PeerKey([*n; 32]), until: until(*n) }).unwrap();
    }
    let banned = |at| {
        let work = StoredWork::read(library.kv(), at).unwrap();
        work.unproven.into_iter().map(|of| (of.by.0[0], of.banned_until)).collect::<Vec<_>>()
    };
    assert_eq!(banned(100), [(200, 200), (201, 200)]);
    assert_eq!(banned(200), []);
    assert_eq!(banned(0).len(), LENDING_MAX, "no clock says that they are over");
}

#[test]
fn until_when_a_device_that_was_found_false_gets_no_work_is_stored() {
    let (mut machine, _) = restarted();
    machine.running.clock = Some((at(0), 7_000));
    let until = 7_000 + i64::try_from(OFFENCE_MS / 1_000).unwrap();
    assert_eq!(checked(&mut machine, embedding(9)), [Change::Disproven { by: PEER, until }]);
}

#[test]
fn what_is_owed_a_check_since_before_a_start_is_computed_once_that_may_be_and_settled_or_deleted() {
    for lies in [false, true] {
        let (_, chunk) = restarted();
        let unproven = vec![UnprovenResults { by: PEER, checks: 10, owed: 2, results: Vec::new(), banned_until: 0 }];
        let work = StoredWork { unproven, ..StoredWork::default() };
        let config = Config { work, slots: 2, disk_free: u64::MAX, cosine_min: 0.98, ..Config::default() };
        let (mut machine, mut out) = (Scheduler::new(at(0), config), Vec::new());
        machine.share_work(at(1), &[], Allowed { checks: false, ..ALL }, &mut out);
        assert_eq!(out, [], "nothing may be computed here");
        assert_eq!(machine.lent(at(1)).map(|lent| lent.owed).sum::<u64>(), 2);
        machine.share_work(at(2), &[], ALL, &mut out);
        let Some(Output::Start(id, Task::Owed { by: PEER, .. })) = out.pop() else { panic!("{out:?}") };
        let rows = vec![Row(1), Row(2)];
        let texts = vec![(chunk, embedding(1).quantize())];
        let part = OwedPart { by: PEER, rows: rows.clone(), has_texts: true, texts };
        machine.handle(at(3), Input::Done(id, Outcome::Owed(part)), &mut out);
        machine.share_work(at(3), &[], ALL, &mut out);
        let Some(Output::Start(task, Task::EmbedHit { .. })) = out.pop() else { panic!("{out:?}") };
        assert!(machine.on_check(at(4), task, &Outcome::QueryEmbedding(embedding(if lies { 9 } else { 1 }))));
        machine.share_work(at(5), &[], ALL, &mut out);
        let Some(Output::Save(save, changes)) = out.pop() else { panic!("{out:?}") };
        let disproven = Change::Disproven { by: PEER, until: 0 };
        assert_eq!(changes, [if lies { disproven.clone() } else { Change::Settled { by: PEER, rows } }]);
        if lies {
            let Input::Saved(_, Ok(on_disk)) = saved(save.0, &[]) else { unreachable!() };
            let applied = vec![Applied { left: 7, ..Applied::default() }];
            machine.handle(at(6), Input::Saved(save, Ok(Saved { applied, ..on_disk })), &mut out);
            machine.share_work(at(7), &[], ALL, &mut out);
            let Some(Output::Save(_, changes)) = out.pop() else { panic!("{out:?}") };
            assert_eq!(changes, [disproven], "until nothing is left");
        }
    }
}
