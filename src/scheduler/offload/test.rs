//! The two sides of work that travels, each alone.

mod again_test;
mod borrower_test;
mod brought_test;
mod doubt_test;
mod failed_test;
mod kept_test;
mod listing_test;
mod order_test;
mod recalled_test;
mod unconfirmed_test;
use super::lendable::{Known, Lendable};
use super::lender::Lender;
use crate::base::id::{DocId, EmbedKey, Fingerprint, PeerKey, Row, TaskId};
use crate::base::time::{Duration, Instant};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{
    ASK_AGAIN_MS, DIMENSIONS, GIVE_BACK_MS, LEASE_CHECKS_MAX, LEASE_FIRST, LEASE_MS_MAX, LEASE_UNLINKED_MS, OFFENCE_MS,
    PROBATION, UNCHECKED_RESTS_MS,
};
use crate::wire::message::HitVector;
use crate::wire::work::{BatchId, Failed, Grant, LentText, Offer, Results, Work};
use std::collections::BTreeSet;

const MODEL: Fingerprint = Fingerprint([7; 32]);
const PEER: PeerKey = PeerKey([1; 32]);
const OTHER: PeerKey = PeerKey([2; 32]);

const fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn text(n: u64) -> LentText {
    LentText { heading: String::new(), text: format!("text {n}") }
}

/// Chunk `n`, the only one of document `n`.
fn chunk(n: u64) -> Lendable {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&n.to_le_bytes());
    Lendable { doc: DocId(n), row: Row(n), key: EmbedKey(key), text: text(n) }
}

/// The embedding of a text: along the axis of its number.
fn embedding(n: u64) -> Embedding {
    let axis = usize::try_from(n).unwrap_or(0) % DIMENSIONS;
    let values: Vec<f32> = (0..DIMENSIONS).map(|at| if at == axis { 1.0 } else { 0.0 }).collect();
    Embedding::new(MODEL, &values).unwrap_or_else(|error| panic!("{error}"))
}

fn vector(n: u64) -> HitVector {
    let vector = embedding(n).quantize();
    HitVector { scale: vector.scale(), codes: vector.bytes().collect() }
}

/// A task has read these chunks.
fn list(lender: &mut Lender, chunks: impl IntoIterator<Item = u64>) {
    let chunks: Vec<Lendable> = chunks.into_iter().map(chunk).collect();
    let documents: Vec<DocId> = chunks.iter().map(|chunk| chunk.doc).collect();
    documents.iter().for_each(|doc| _ = lender.hold(*doc));
    lender.listed(chunks, Vec::new(), Vec::new(), &BTreeSet::new());
    documents.iter().for_each(|doc| lender.let_go(*doc));
}

/// A side that lends these chunks, and has offered them to the devices.
fn lender(chunks: u64) -> Lender {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    for peer in [PEER, OTHER] {
        let count = u32::try_from(chunks).unwrap_or(u32::MAX);
        assert_eq!(lender.offer(at(0), peer, count), Some(Work::Offer(Offer { model: MODEL.0, chunks: count })));
    }
    list(&mut lender, 0..chunks);
    lender
}

/// The lease that a device gets that asks now.
fn granted(lender: &mut Lender, now: Instant, peer: PeerKey) -> Grant {
    assert_eq!(lender.on_ask(now, peer, 64), None);
    match lender.grant(now, 1_000, true).pop() {
        Some((to, Work::Grant(grant))) if to == peer => *grant,
        other => panic!("{other:?}"),
    }
}

/// The number of each text of a lease.
fn numbers(grant: &Grant) -> Vec<u64> {
    grant.texts.iter().filter_map(|text| text.text.strip_prefix("text ")?.parse().ok()).collect()
}

/// Honest results of a whole lease.
fn results(grant: &Grant) -> Results {
    Results { batch: grant.batch, first: 0, vectors: numbers(grant).into_iter().map(vector).collect() }
}

/// Carries out all checks that are due; gives the devices whose result was false.
fn check_all(lender: &mut Lender, now: Instant) -> Vec<PeerKey> {
    let mut found = Vec::new();
    for task in 1_000.. {
        let Some((peer, place, text)) = lender.next_check(now) else { break };
        lender.begin_check(peer, place, TaskId(task));
        let n = text.text.strip_prefix("text ").and_then(|n| n.parse().ok()).unwrap_or_default();
        found.extend(
            lender.end_check(TaskId(task), Some(&embedding(n)), |_| false).unwrap_or_else(|| panic!("no check")),
        );
        if !found.is_empty() {
            break;
        }
    }
    found
}

/// The rows of the good results.
fn good(lender: &mut Lender) -> Vec<u64> {
    lender.take_good(usize::MAX).into_iter().map(|good| good.chunk.row.0).collect()
}

#[test]
fn the_first_results_of_a_device_are_all_computed_here_too_and_none_counts_before() {
    let mut lender = lender(100);
    let grant = granted(&mut lender, at(0), PEER);
    assert_eq!(numbers(&grant), (0..LEASE_FIRST as u64).collect::<Vec<_>>());
    assert!(!lender.on_results(at(100), PEER, &results(&grant), true));
    assert_eq!(good(&mut lender), [0; 0], "nothing is good before it is checked");
    assert_eq!(check_all(&mut lender, at(100)), []);
    assert_eq!(good(&mut lender), numbers(&grant));
    let next = granted(&mut lender, at(200), PEER);
    assert_eq!(next.texts.len(), PROBATION as usize - LEASE_FIRST, "no more than those that are checked one by one");
    lender.on_ask(at(200), PEER, 64);
    assert_eq!(lender.grant(at(200), 1_000, true), []);
    lender.on_results(at(250), PEER, &results(&next), true);
    assert_eq!(check_all(&mut lender, at(250)), []);
    assert!(
        matches!(&lender.grant(at(250), 1_000, true)[..], [(PEER, Work::Grant(next))] if next.texts.len() > 20),
        "now it is trusted"
    );
    assert_eq!(numbers(&granted(&mut lender, at(250), OTHER)).len(), LEASE_FIRST, "which is no merit of another one");
}

#[test]
fn a_false_vector_ends_the_work_of_its_maker_for_an_hour_and_what_it_made_is_made_again() {
    let mut lender = lender(40);
    let grant = granted(&mut lender, at(0), PEER);
    let mut lie = results(&grant);
    lie.vectors[2] = vector(300);
    assert!(!lender.on_results(at(100), PEER, &lie, true), "it has the length of a vector");
    assert_eq!(check_all(&mut lender, at(100)), [PEER]);
    assert_eq!(good(&mut lender), [0, 1], "those before it were computed here too");
    lender.ban(at(100), PEER);
    assert!(matches!(lender.on_ask(at(200), PEER, 64), Some(Work::Later(_))));
    assert_eq!(numbers(&granted(&mut lender, at(200), OTHER)), [2, 3, 4, 5], "its work is the next");
    assert_eq!(lender.on_ask(at(100 + OFFENCE_MS), PEER, 64), None, "it may prove itself again");
    assert!(lender.lent(at(200)).any(|lent| lent.peer == PEER && lent.banned.is_some()));

    let mut zeros = results(&granted(&mut lender, at(300), OTHER));
    zeros.vectors[0].codes.fill(0);
    assert!(lender.on_results(at(300), OTHER, &zeros, true), "that is no vector at all");
    let short = Results { vectors: vec![HitVector { scale: 1.0, codes: vec![1] }], ..zeros };
    assert!(lender.on_results(at(300), OTHER, &short, true), "nor is that");
}

#[test]
fn a_lease_ends_by_its_time_by_two_seconds_without_a_link_or_by_the_end_of_its_device() {
    for how in 0..4 {
        let mut lender = lender(8);
        let grant = granted(&mut lender, at(0), PEER);
        let lease = u64::from(grant.lease_ms);
        let end = match how {
            0 => lease,
            1 => {
                assert!(lender.on_renew(at(lease - 1), PEER, grant.batch), "that extends it");
                assert!(!lender.on_renew(at(lease - 1), OTHER, grant.batch), "it is not this one's");
                2 * lease - 1
            }
            2 => {
                lender.unlinked(at(10), PEER);
                10 + LEASE_UNLINKED_MS
            }
            _ => {
                lender.down(PEER);
                0
            }
        };
        if end > 0 {
            assert_eq!(lender.deadline(true), Some(at(end)), "{how}");
            assert_eq!(lender.wake(at(end - 1)), []);
            let told = lender.wake(at(end));
            let is_linked = how < 2;
            assert_eq!(told, if is_linked { vec![(PEER, Work::End(grant.batch))] } else { Vec::new() }, "{how}");
        }
        lender.on_results(at(end), PEER, &results(&grant), true);
        assert_eq!(check_all(&mut lender, at(end)), []);
        assert_eq!(good(&mut lender), [0; 0], "{how}: what comes later counts nothing");
        // Where only the link is gone, its device may be back in a moment, and there are others to lend.
        let next = if how == 2 { [4, 5, 6, 7] } else { [0, 1, 2, 3] };
        assert_eq!(numbers(&granted(&mut lender, at(end), OTHER)), next, "{how}: it is the next");
    }
}

#[test]
fn a_device_that_renews_for_ever_and_gives_no_result_loses_its_lease() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    for ms in (0..LEASE_MS_MAX).step_by(1_000) {
        assert!(lender.on_renew(at(ms), PEER, grant.batch));
        assert_eq!(lender.wake(at(ms)), []);
    }
    assert_eq!(lender.wake(at(LEASE_MS_MAX)), [(PEER, Work::End(grant.batch))]);
}

#[test]
fn a_check_counts_until_its_task_ends_whatever_becomes_of_its_device() {
    let mut lender = lender(40);
    for task in 0..20 {
        let grant = granted(&mut lender, at(0), PEER);
        lender.on_results(at(0), PEER, &results(&grant), true);
        match lender.next_check(at(0)) {
            Some((peer, place, _)) => lender.begin_check(peer, place, TaskId(task)),
            None => assert!(task >= LEASE_CHECKS_MAX as u64, "{task}"),
        }
        lender.expelled(at(0), PEER);
    }
    assert_eq!(
        lender.end_check(TaskId(0), Some(&embedding(0)), |_| false),
        Some(None),
        "it was one, and says nothing any more"
    );
    assert_eq!(lender.end_check(TaskId(0), Some(&embedding(0)), |_| false), None);
    let grant = granted(&mut lender, at(1), OTHER);
    lender.on_results(at(1), OTHER, &results(&grant), true);
    assert!(lender.next_check(at(1)).is_some(), "there is room again");
}

#[test]
fn a_chunk_that_brings_devices_down_or_that_two_of_them_cannot_embed_is_embedded_here_only() {
    let mut lender = lender(4);
    for peer in [PEER, OTHER] {
        assert_eq!(numbers(&granted(&mut lender, at(0), peer)), [0, 1, 2, 3]);
        lender.down(peer);
    }
    assert_eq!(lender.freed(), (0..4).map(DocId).collect::<Vec<_>>(), "their documents are ordinary ones again");
    list(&mut lender, [0, 9]);
    assert!(!lender.has(DocId(0)) && lender.has(DocId(9)), "it is lent to nobody any more");
    assert_eq!(lender.take_failures().len(), 0, "a device that leaves has not failed");
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_failed(at(1), (OTHER, grant.batch), (0, 1), |_| false);
    assert!(lender.has(DocId(9)) && lender.take_failures().is_empty(), "another device has no say");
    lender.on_failed(at(1), (PEER, grant.batch), (0, 60_000), |_| false);
    assert!(lender.has(DocId(9)), "it is for another one");
    let grant = granted(&mut lender, at(2), OTHER);
    lender.on_failed(at(3), (OTHER, grant.batch), (0, 60_000), |_| false);
    assert_eq!(lender.freed(), [DocId(0), DocId(9)]);
    assert_eq!(lender.take_failures().len(), 2, "whoever says that it could not has failed");
    list(&mut lender, [9]);
    assert!(!lender.has(DocId(9)));
}

#[test]
fn results_of_a_document_that_changed_meanwhile_are_dropped_and_no_other_ones() {
    let mut lender = lender(8);
    let (first, second) = (granted(&mut lender, at(0), PEER), granted(&mut lender, at(0), OTHER));
    lender.on_results(at(10), PEER, &results(&first), true);
    lender.forget_document(DocId(1));
    lender.forget_document(DocId(5));
    lender.on_results(at(10), OTHER, &results(&second), true);
    assert_eq!(check_all(&mut lender, at(10)), []);
    let mut good = good(&mut lender);
    good.sort_unstable();
    assert_eq!(good, [0, 2, 3, 4, 6, 7]);
}

#[test]
fn a_device_whose_documents_changed_or_went_and_one_whose_result_was_false_is_told_that_nothing_more_is_wanted() {
    let mut lender = lender(12);
    let (first, second) = (granted(&mut lender, at(0), PEER), granted(&mut lender, at(0), OTHER));
    for doc in numbers(&first).into_iter().skip(1) {
        lender.forget_document(DocId(doc));
    }
    assert_eq!(lender.take_over(), [], "it has one more that is wanted");
    lender.forget_document(DocId(numbers(&first)[0]));
    assert_eq!(lender.take_over(), [(PEER, Work::End(first.batch))]);
    assert_eq!(lender.take_over(), [], "once");
    lender.ban(at(1), OTHER);
    assert_eq!(lender.take_over(), [(OTHER, Work::End(second.batch))]);
    let mut lender = self::lender(4);
    let grant = granted(&mut lender, at(0), PEER);
    lender.wake(at(60_000 / 8));
    let late = lender.take_here(8, |_| true);
    let vectors = late.iter().map(|chunk| embedding(chunk.row.0).quantize()).collect();
    lender.embedded_here(late, vectors);
    assert_eq!(lender.take_over(), [(PEER, Work::End(grant.batch))], "this device was faster");
    let grant = {
        list(&mut lender, 20..24);
        granted(&mut lender, at(8_000), PEER)
    };
    lender.unlinked(at(8_000), PEER);
    numbers(&grant).into_iter().for_each(|doc| lender.forget_document(DocId(doc)));
    assert_eq!(lender.take_over(), [], "it has no link");
}

#[test]
fn this_device_takes_what_nobody_has_and_at_the_end_what_somebody_has_for_too_long() {
    let mut lender = lender(6);
    let grant = granted(&mut lender, at(0), PEER);
    let here = lender.take_here(8, |_| true);
    assert_eq!(here.iter().map(|chunk| chunk.row.0).collect::<Vec<_>>(), [5, 4]);
    lender.embedded_here(here, vec![embedding(5).quantize(), embedding(4).quantize()]);
    assert_eq!(good(&mut lender), [5, 4], "its own need no check");
    assert_eq!(lender.take_here(8, |_| true), []);
    assert!(lender.on_renew(at(4_500), PEER, grant.batch));
    assert_eq!(lender.wake(at(4_500)), []);
    let late = lender.take_here(2, |_| true);
    assert_eq!(late.iter().map(|chunk| chunk.row.0).collect::<Vec<_>>(), [0, 1], "the oldest lease");
    // The first vector of each counts.
    let rest = Results { vectors: vec![vector(0)], ..results(&grant) };
    lender.on_results(at(4_600), PEER, &rest, true);
    lender.embedded_here(late, vec![embedding(0).quantize(), embedding(1).quantize()]);
    assert_eq!(good(&mut lender), [1]);
    assert_eq!(check_all(&mut lender, at(4_700)), []);
    assert_eq!(good(&mut lender), [0]);
}

#[test]
fn after_its_probation_results_wait_for_the_next_check_and_not_for_long_once_their_maker_rests() {
    let mut lender = lender(64);
    let mut now = 0;
    let mut made = 0;
    while made < 40 {
        now += 100;
        let grant = granted(&mut lender, at(now), PEER);
        for (first, part) in (0..).step_by(8).zip(results(&grant).vectors.chunks(8)) {
            now += 50 * part.len() as u64;
            lender.on_results(at(now), PEER, &Results { batch: grant.batch, first, vectors: part.to_vec() }, true);
        }
        made += grant.texts.len();
        if made < 2 * PROBATION as usize {
            check_all(&mut lender, at(now));
        }
    }
    let waits = lender.lent(at(now)).find(|lent| lent.peer == PEER).map_or(0, |lent| lent.unchecked);
    assert!(waits > 0, "some wait");
    check_all(&mut lender, at(now + UNCHECKED_RESTS_MS));
    assert_eq!(good(&mut lender).len(), made);
}

#[test]
fn where_nothing_may_be_computed_here_texts_with_known_vectors_tell_who_is_honest() {
    let known = |n: u64| Known { chunk: chunk(n), vector: embedding(n).quantize(), by: None };
    for lies in [false, true] {
        let mut lender = lender(40);
        lender.listed(Vec::new(), (200..204).map(known).collect(), Vec::new(), &BTreeSet::new());
        lender.on_ask(at(0), PEER, 64);
        let Some((PEER, Work::Grant(grant))) = lender.grant(at(0), 1_000, false).pop() else { panic!("no grant") };
        let asked = numbers(&grant);
        assert!(asked.iter().filter(|n| **n >= 200).count() >= 1, "one is known: {asked:?}");
        assert_eq!(asked.iter().filter(|n| **n < 200).count(), LEASE_FIRST, "and is beside the others");
        let mut sent = results(&grant);
        if lies {
            sent.vectors.iter_mut().for_each(|sent| *sent = vector(300));
        }
        assert_eq!(lender.on_results(at(100), PEER, &sent, false), lies);
        if lies {
            assert_eq!(good(&mut lender), [0; 0]);
            continue;
        }
        // What came after the known one waits for the next, for which its maker is asked alone once nothing else waits.
        let mut found = good(&mut lender);
        let waits = LEASE_FIRST - found.len();
        lender.on_ask(at(200), PEER, 64);
        let alone = lender.grant(at(200), 40, false);
        match &alone[..] {
            [(PEER, Work::Grant(grant))] => {
                assert!(waits == 0 || numbers(grant).iter().any(|n| *n >= 200));
                assert!(!lender.on_results(at(300), PEER, &results(grant), false));
            }
            other => panic!("{other:?}"),
        }
        found.extend(good(&mut lender));
        assert!((0..LEASE_FIRST as u64).all(|n| found.contains(&n)), "{found:?}");
        assert!(found.iter().all(|row| *row < 200), "what is known is not stored again");
    }
}
