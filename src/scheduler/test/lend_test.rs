//! Documents of this device that others embed.

use super::*;
use crate::base::id::{EmbedKey, ModelMark, PeerKey, Row};
use crate::limits::{ATTEMPTS_MAX, LATER_MS};
use crate::scheduler::lend::Allowed;
use crate::scheduler::offload::lendable::{Known, Lendable, LendableChunks};
use crate::scheduler::offload::recipient::Recipient;
use crate::scheduler::saves::{AfterSave, Disproof, NotSaved, SavedResult};
use crate::scheduler::task::Tally;
use crate::wire::work::{Failed, LentText, Work};

pub(super) const PEER: PeerKey = PeerKey([1; 32]);
const ALL: Allowed = Allowed { others: true, checks: true, reads: true };

/// A machine with so many documents of one chunk each to embed.
pub(super) fn lending(documents: u64) -> Scheduler {
    lending_on(2, documents)
}

/// The same with so many slots.
pub(super) fn lending_on(slots: usize, documents: u64) -> Scheduler {
    let mut known = counts(&vec![Kind::Chunked; usize::try_from(documents).unwrap()]);
    known.chunks = documents;
    let mut machine = scheduler(slots, &["/a"], known);
    let after: Vec<(u64, Kind)> = (0..documents).map(|doc| (doc, Kind::Chunked)).collect();
    let mut out = Vec::new();
    machine.handle(at(0), Input::Wake, &mut out);
    let scan = machine.start_next(LIGHT, &mut out).unwrap();
    let changes = vec![Change::Gone(FoundDocument::somewhere(999))];
    let tally = Box::default();
    let (gone, remarks) = (Vec::new(), Vec::new());
    machine.handle(at(0), Input::Done(scan, Outcome::Scanned { changes, gone, next: None, remarks, tally }), &mut out);
    let Some(Output::Save(save, _)) = out.pop() else { panic!("{out:?}") };
    let Input::Saved(save, Ok(on_disk)) = saved(save.0, &after) else { unreachable!() };
    machine.handle(at(0), Input::Saved(save, Ok(Saved { counts: known, ..on_disk })), &mut out);
    machine
}

pub(super) fn share(machine: &mut Scheduler, now: u64) -> Vec<Output> {
    let mut out = Vec::new();
    machine.share_work(at(now), &[Recipient { peer: PEER, surplus: false, gets: true }], ALL, &mut out);
    out
}

/// A device asks; gives the task that reads documents for it.
pub(super) fn asked(machine: &mut Scheduler, now: u64) -> (TaskId, Vec<DocId>) {
    let offered = share(machine, now);
    assert!(matches!(&offered[..], [Output::Work(PEER, Work::Offer(offer))] if offer.chunks > 0), "{offered:?}");
    let mut out = Vec::new();
    machine.on_work(at(now), PEER, Work::Ask(64), &mut out);
    assert_eq!(out, []);
    match share(machine, now).pop() {
        Some(Output::Start(id, Task::Lend { documents, .. })) => {
            (id, documents.into_iter().map(|(doc, _)| doc).collect())
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn chunks(documents: &[DocId]) -> Vec<Lendable> {
    let text = LentText { heading: String::new(), text: "a".to_owned() };
    let chunk = |doc: &DocId| {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&doc.0.to_le_bytes());
        Lendable { doc: *doc, row: Row(doc.0), key: EmbedKey(key), text: text.clone() }
    };
    documents.iter().map(chunk).collect()
}

pub(super) fn lendable(chunks: Vec<Lendable>) -> Outcome {
    Outcome::Lendable(LendableChunks { chunks, ..LendableChunks::default() })
}

#[test]
fn while_work_waits_for_surplus_nothing_is_offered_to_who_has_none_and_an_offer_is_taken_back() {
    let mut machine = lending(100);
    let shared = |machine: &mut Scheduler, now, gets| {
        let mut out = Vec::new();
        machine.share_work(at(now), &[Recipient { peer: PEER, surplus: gets, gets }], ALL, &mut out);
        out
    };
    let offers = |out: &[Output], chunks: fn(u32) -> bool| matches!(out, [Output::Work(PEER, Work::Offer(offer))] if chunks(offer.chunks));
    assert_eq!(shared(&mut machine, 1, false), []);
    assert!(offers(&shared(&mut machine, 2, true), |chunks| chunks > 0));
    assert!(offers(&shared(&mut machine, 3, false), |chunks| chunks == 0), "its energy is no surplus any more");
    let mut out = Vec::new();
    machine.on_work(at(4), PEER, Work::Ask(64), &mut out);
    let later = Output::Work(PEER, Work::Later(LATER_MS));
    assert_eq!(
        (out, shared(&mut machine, 5, false)),
        (vec![], vec![later]),
        "it is told so, and no text is read for it"
    );
}

#[test]
fn what_was_read_to_be_lent_is_lent_to_nobody_once_its_folder_is_forgotten() {
    let mut machine = lending(100);
    let (id, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    machine.handle(at(2), Input::Forget(ReplyId(1), b"/a".to_vec()), &mut out);
    let Some(Output::Save(save, _)) = out.pop() else { panic!("{out:?}") };
    machine.handle(at(3), saved(save.0, &[]), &mut out);
    machine.handle(at(4), Input::Done(id, lendable(chunks(&documents))), &mut out);
    let out = share(&mut machine, 4);
    assert!(!out.iter().any(|out| matches!(out, Output::Work(_, Work::Grant(_)))), "{out:?}");
}

#[test]
fn where_the_documents_are_all_private_nobody_is_asked_to_ask_again_at_once() {
    let mut machine = lending(100);
    let (id, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, lendable(Vec::new())), &mut out);
    assert_eq!(out, []);
    let out = share(&mut machine, 2);
    let [Output::Start(id, Task::Lend { documents: others, .. })] = &out[..] else { panic!("{out:?}") };
    assert_eq!(
        (documents.last(), others.first()),
        (Some(&DocId(36)), Some(&(DocId(35), 0))),
        "the others are tried at once"
    );
    machine.handle(at(2), Input::Done(*id, lendable(Vec::new())), &mut Vec::new());
    let out = share(&mut machine, 2);
    let [Output::Start(refill, Task::Refill { to_lend: true, .. })] = &out[..] else {
        panic!("the store may have more: {out:?}")
    };
    assert_eq!(share(&mut machine, 2), [], "one at a time");
    machine.handle(at(2), Input::Done(*refill, Outcome::Refilled((0..100).map(DocId).collect())), &mut Vec::new());
    let out = share(&mut machine, 3);
    assert!(matches!(&out[..], [Output::Work(PEER, Work::Later(_))]), "{out:?}");
    let out = share(&mut machine, 3);
    assert!(matches!(&out[..], [Output::Work(PEER, Work::Offer(offer))] if offer.chunks == 0), "{out:?}");
    assert_eq!(share(&mut machine, 4_000), []);
    asked(&mut machine, 6_000);
}

#[test]
fn beside_a_long_document_that_is_lent_private_ones_are_not_read_again_and_again() {
    let mut machine = lending(64);
    let (id, documents) = asked(&mut machine, 1);
    let long = documents[0];
    let read = LendableChunks { chunks: chunks(&[long]), longer: vec![long], ..LendableChunks::default() };
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, Outcome::Lendable(read)), &mut out);
    let lists = |machine: &mut Scheduler, now| {
        let out = share(machine, now);
        let of = |out: &Output| match out {
            Output::Start(id, Task::Lend { documents, .. }) => {
                Some((*id, documents.iter().map(|(doc, _)| *doc).collect()))
            }
            _ => None,
        };
        out.iter().find_map(of).unwrap_or_else(|| panic!("{out:?}"))
    };
    let (_, next): (TaskId, Vec<DocId>) = lists(&mut machine, 3);
    assert_eq!(next, [long], "the private ones are this device's own work by now");
    out.clear();
    machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out);
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Embed { .. }))));
}

#[test]
fn a_long_document_that_is_all_there_is_is_shared_part_by_part() {
    let mut machine = lending(1);
    machine.counts.chunks = 500;
    let mut out = Vec::new();
    // This device has it; whoever asks waits for it and is not sent away.
    let own = machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out).unwrap();
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::Embed { doc: DocId(0), .. }))));
    assert!(matches!(&share(&mut machine, 1)[..], [Output::Work(PEER, Work::Offer(_))]));
    machine.on_work(at(1), PEER, Work::Ask(64), &mut out);
    assert_eq!((share(&mut machine, 1), out.len()), (Vec::new(), 0));
    let changes =
        vec![Change::Embedded { doc: DocId(0), model: crate::base::id::Fingerprint([7; 32]), vectors: Vec::new() }];
    machine.handle(at(2), Input::Done(own, Outcome::Changes(changes)), &mut out);
    let Some(Output::Save(save, _)) = out.pop() else { panic!("{out:?}") };
    let Input::Saved(save, Ok(on_disk)) = saved(save.0, &[(0, Kind::Chunked)]) else { unreachable!() };
    let known = machine.counts;
    machine.handle(at(3), Input::Saved(save, Ok(Saved { counts: known, ..on_disk })), &mut out);
    let part = |from: u64| {
        let chunk = |n: u64| Lendable { doc: DocId(0), ..chunks(&[DocId(n)]).remove(0) };
        let chunks: Vec<Lendable> = (from..from + 64).map(chunk).collect();
        Outcome::Lendable(LendableChunks { chunks, longer: vec![DocId(0)], ..LendableChunks::default() })
    };
    let first = share(&mut machine, 3);
    let [Output::Start(id, Task::Lend { documents, .. })] = &first[..] else { panic!("{first:?}") };
    assert_eq!(*documents, [(DocId(0), 0)]);
    machine.handle(at(4), Input::Done(*id, part(0)), &mut out);
    // The device gets a part, this one takes another, and the rest is read.
    let shared = share(&mut machine, 4);
    assert!(shared.iter().any(|out| matches!(out, Output::Work(PEER, Work::Grant(_)))), "{shared:?}");
    let Some(Output::Start(id, Task::Lend { documents, .. })) =
        shared.iter().find(|out| matches!(out, Output::Start(..)))
    else {
        panic!("{shared:?}")
    };
    assert_eq!(documents[0].0, DocId(0));
    assert!(documents[0].1 > 0, "so many of it are lent already");
    machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out).unwrap();
    assert!(matches!(out.pop(), Some(Output::Start(_, Task::EmbedLent(chunks))) if chunks.len() == 8));
    machine.handle(at(7), Input::Done(*id, part(64)), &mut out);
    assert!(machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out).is_some());
}

#[test]
fn results_count_for_their_device_once_they_are_on_the_disk_and_not_if_their_save_failed() {
    let done = |machine: &Scheduler| machine.lent(at(9)).map(|lent| lent.done).sum::<u64>();
    let mut machine = lending(100);
    asked(&mut machine, 1);
    let result = |n| SavedResult { doc: DocId(n), row: Row(n), key: EmbedKey([0; 16]), by: Some(PEER), is_owed: false };
    let made = [1, 2].map(result);
    let own = SavedResult { row: Row(0), by: None, ..made[0] };
    let sketch = crate::base::vector::Quantized::from_parts(0.1, &[1; crate::limits::DIMENSIONS]).unwrap().sketch();
    // The vector of the second one has no effect: its document is another one by now.
    let added = Applied { added: [0, 1].map(|row| (Row(row), ModelMark([0; 4]), sketch)).into(), ..Applied::default() };
    let saves = |machine: &mut Scheduler, on_disk: bool| {
        let id = machine.saves.begin(AfterSave::Lent(vec![made[0], made[1], own], Disproof::default()));
        (0..3).for_each(|n| _ = machine.offload.lender.hold(DocId(n.min(2))));
        machine.offload.lender.hold(DocId(1));
        let result = saved(id.0, &[]);
        let Input::Saved(id, ok) = result else { unreachable!() };
        let ok = ok.map(|ok| Saved { applied: vec![added.clone()], ..ok });
        let result = if on_disk { ok } else { Err(NotSaved::for_now("The disk is full.")) };
        machine.handle(at(5), Input::Saved(id, result), &mut Vec::new());
    };
    saves(&mut machine, true);
    assert_eq!(done(&machine), 1);
    saves(&mut machine, false);
    assert_eq!(done(&machine), 1, "they are not on the disk");
}

#[test]
fn texts_with_known_vectors_of_a_document_that_is_gone_are_lent_to_nobody() {
    for while_read in [false, true] {
        let mut machine = lending(100);
        let (id, documents) = asked(&mut machine, 1);
        let vector = crate::base::vector::Quantized::from_parts(0.1, &[1; crate::limits::DIMENSIONS]).unwrap();
        let known = vec![Known { chunk: chunks(&[DocId(500)]).remove(0), vector, by: None }];
        let read = Outcome::Lendable(LendableChunks { chunks: chunks(&documents), known, ..LendableChunks::default() });
        let mut out = Vec::new();
        if while_read {
            machine.recall(DocId(500), Kind::Tombstoned);
            machine.handle(at(2), Input::Done(id, read), &mut out);
        } else {
            machine.handle(at(2), Input::Done(id, read), &mut out);
            assert!(!machine.offload.lender.has_no_known(), "it was read");
            machine.recall(DocId(500), Kind::Tombstoned);
        }
        assert!(machine.offload.lender.has_no_known(), "{while_read}: it may be in a private folder by now");
    }
}

#[test]
fn what_another_device_could_not_embed_counts_as_an_attempt_of_its_document() {
    let mut machine = lending(40);
    let (id, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, lendable(chunks(&documents))), &mut out);
    let mut granted = share(&mut machine, 2);
    let Some(Output::Work(PEER, Work::Grant(grant))) = granted.pop() else { panic!("{granted:?}") };
    let failed = Failed { batch: grant.batch, first: 0, count: 1 };
    machine.on_work(at(3), PEER, Work::Failed(failed), &mut out);
    share(&mut machine, 4);
    let doc = documents[0];
    let mut attempts = Vec::new();
    for attempt in 1..1000 {
        out.clear();
        let attempt = attempt * crate::limits::ATTEMPT_PAUSE_MS_MAX;
        machine.wake_failing(at(3 + attempt));
        machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out);
        match out.pop() {
            Some(Output::Start(id, Task::Embed { doc: tried, .. })) if tried == doc => {
                let failed = Outcome::Failed("no".to_owned());
                machine.handle(at(4 + attempt), Input::Done(id, failed), &mut out);
            }
            Some(Output::Start(id, Task::EmbedLent(_))) => {
                machine.handle(at(4 + attempt), Input::Done(id, Outcome::Failed("no".to_owned())), &mut out);
                share(&mut machine, 4 + attempt); // The queue has its document again.
            }
            Some(Output::Start(id, Task::Refill { .. })) => {
                machine.handle(at(4 + attempt), Input::Done(id, Outcome::Refilled(Vec::new())), &mut out);
            }
            Some(Output::Start(id, Task::Embed { .. })) => {
                machine.handle(at(4 + attempt), Input::Done(id, Outcome::Changes(Vec::new())), &mut out);
            }
            Some(Output::Start(_, Task::Park { doc: parked, attempts: all, .. })) => {
                assert_eq!(parked, doc);
                attempts = all;
                break;
            }
            None => {}
            other => panic!("{other:?}"),
        }
    }
    let by: Vec<_> = attempts.iter().map(|attempt| attempt.by).collect();
    assert_eq!(by, [Some(PEER), None, None, None, None], "two workers, {ATTEMPTS_MAX} attempts");
}

/// Has the next task embed this document here and fail.
fn fails_here(machine: &mut Scheduler, now: u64, doc: DocId) {
    let mut out = Vec::new();
    machine.handle(at(now), Input::Wake, &mut out);
    out.clear();
    machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out);
    let [Output::Start(id, Task::Embed { doc: tried, .. })] = out[..] else { panic!("{now}: {out:?}") };
    assert_eq!(tried, doc);
    machine.handle(at(now), Input::Done(id, Outcome::Failed("no".to_owned())), &mut out);
}

#[test]
fn a_document_that_fails_here_is_lent_even_alone_and_is_parked_once_another_device_could_not_embed_it_either() {
    let mut machine = lending(1);
    let doc = DocId(0);
    share(&mut machine, 1);
    fails_here(&mut machine, 2, doc);
    let mut out = Vec::new();
    assert_eq!(machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out), None, "it rests");
    let (id, documents) = asked(&mut machine, 3);
    assert_eq!(documents, [doc], "it is offered, though there is nothing else");
    machine.handle(at(4), Input::Done(id, lendable(chunks(&documents))), &mut out);
    let mut granted = share(&mut machine, 5);
    let Some(Output::Work(PEER, Work::Grant(grant))) = granted.pop() else { panic!("{granted:?}") };
    assert_eq!(machine.start_next(WorkAllowance { chunks: Some(8) }, &mut out), None, "that is the other's");
    out.clear();
    machine.on_work(at(6), PEER, Work::Failed(Failed { batch: grant.batch, first: 0, count: 1 }), &mut out);
    share(&mut machine, 7);
    let mut now = 7;
    for _ in 2..ATTEMPTS_MAX {
        now += crate::limits::ATTEMPT_PAUSE_MS_MAX;
        fails_here(&mut machine, now, doc);
        share(&mut machine, now);
    }
    out.clear();
    machine.start_next(LIGHT, &mut out);
    let [Output::Start(_, Task::Park { doc: parked, attempts })] = &out[..] else { panic!("{out:?}") };
    assert_eq!(*parked, doc);
    let by: Vec<_> = attempts.iter().map(|attempt| attempt.by).collect();
    assert_eq!(by, [None, Some(PEER), None, None, None]);
}

#[test]
fn a_document_that_another_device_lost_by_leaving_has_not_failed_there() {
    let mut machine = lending(40);
    let (id, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, lendable(chunks(&documents))), &mut out);
    for now in [3, 4_000] {
        share(&mut machine, now);
        machine.worker_restarted(at(0), PEER);
        machine.on_work(at(now), PEER, Work::Ask(64), &mut out);
    }
    share(&mut machine, 8_000);
    assert_eq!(machine.running.parking.failing(), 0);
}

#[test]
fn a_false_maker_is_told_to_the_store_again_if_the_save_that_told_it_failed() {
    let mut machine = lending(100);
    asked(&mut machine, 1);
    machine.offload.lender.ban(at(2), PEER);
    let is_told = |change: &Change| matches!(change, Change::Disproven { by: PEER, .. });
    let told = |machine: &mut Scheduler, now| {
        share(machine, now).iter().find_map(|out| match out {
            Output::Save(id, changes) => changes.iter().any(is_told).then_some(*id),
            _ => None,
        })
    };
    let save = told(&mut machine, 3).unwrap();
    assert_eq!(told(&mut machine, 4), None, "once");
    machine.handle(at(5), Input::Saved(save, Err(NotSaved::for_now("The disk is full."))), &mut Vec::new());
    assert_eq!(machine.offload.lender.take_disproven(), [PEER]);
}

#[test]
fn what_a_step_of_a_look_misses_is_lent_to_nobody_before_the_look_is_over() {
    let mut machine = lending(100);
    let (id, documents) = asked(&mut machine, 1);
    let mut out = Vec::new();
    machine.handle(at(2), Input::Done(id, lendable(chunks(&documents))), &mut out);
    let granted = share(&mut machine, 2);
    assert!(matches!(&granted[..], [Output::Work(PEER, Work::Grant(_))]), "{granted:?}");
    assert!(machine.offload.lender.has(documents[0]) && machine.offload.lender.has(documents[1]));
    machine.handle(at(3), Input::ChangesLost, &mut out);
    out.clear();
    let look = (3..10_000).find_map(|ms| {
        machine.handle(at(ms), Input::Wake, &mut out);
        machine.start_next(LIGHT, &mut out)
    });
    let gone = vec![FoundDocument::somewhere(documents[0].0)];
    let tally = Box::new(Tally { known: 100, remaining: 99, ..Tally::default() });
    let step = Outcome::Scanned { changes: Vec::new(), gone, next: Some(b"/a/m".to_vec()), remarks: Vec::new(), tally };
    machine.handle(at(10_001), Input::Done(look.expect("it is looked at"), step), &mut out);
    assert!(machine.knows_gone(documents[0]), "it may be in a private folder by now");
    assert!(!machine.offload.lender.has(documents[0]), "and nothing more of it goes to others");
    assert!(machine.offload.lender.has(documents[1]) && !machine.knows_gone(documents[1]));
}
