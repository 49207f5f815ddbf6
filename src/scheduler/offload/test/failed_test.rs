//! Devices that cannot embed what they have, and full batches.

use super::*;
use crate::limits::{FAILED_MAX, FAILED_PAUSE_MS, KNOWN_EACH_MAX, KNOWN_MAX, LEASE_CHUNKS_MAX};

/// A device says of each text of a lease that it cannot embed it.
fn fails(lender: &mut Lender, now: Instant, peer: PeerKey, grant: &Grant) {
    for place in 0..u16::try_from(grant.texts.len()).unwrap_or(0) {
        lender.on_failed(now, (peer, grant.batch), (place, 1), |_| false);
    }
}

#[test]
fn a_device_that_can_embed_nothing_gets_next_to_nothing_and_others_its_texts() {
    let mut lender = lender(60);
    let (mut granted_to_it, mut now) = (0, 0);
    for _ in 0..200 {
        now += 100;
        if lender.on_ask(at(now), PEER, 64).is_some() {
            continue;
        }
        for (_, told) in lender.grant(at(now), 1_000, true) {
            let Work::Grant(grant) = told else { continue };
            granted_to_it += grant.texts.len();
            fails(&mut lender, at(now), PEER, &grant);
        }
    }
    assert!(granted_to_it <= 10, "it got {granted_to_it} texts within {now} ms");
    assert!(!lender.may_get(at(now), PEER), "no document waits for it");
    let failing = lender.lent(at(now)).find(|lent| lent.peer == PEER).and_then(|lent| lent.failing);
    assert!(failing.is_some(), "people are told");
    let mut embedded = BTreeSet::new();
    for _ in 0..60 {
        now += 100;
        assert_eq!(lender.on_ask(at(now), OTHER, 64), None);
        let Some((_, Work::Grant(grant))) = lender.grant(at(now), 1_000, true).pop() else { break };
        embedded.extend(numbers(&grant));
        lender.on_results(at(now), OTHER, &results(&grant), true);
        assert_eq!(check_all(&mut lender, at(now)), []);
    }
    assert_eq!(embedded.len(), 60, "another device embeds all, those that it could not among them");
}

#[test]
fn a_few_texts_that_fail_among_others_cost_a_device_nothing_and_two_devices_make_one_home() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    for place in 0..u16::try_from(FAILED_MAX - 1).unwrap_or(0) {
        lender.on_failed(at(1), (PEER, grant.batch), (place, 1), |_| false);
    }
    let rest =
        Results { first: 2, vectors: numbers(&grant)[2..].iter().map(|n| vector(*n)).collect(), ..results(&grant) };
    assert!(!lender.on_results(at(2), PEER, &rest, true));
    assert!(lender.may_get(at(2), PEER), "it embeds");
    assert_eq!(numbers(&granted(&mut lender, at(3), PEER)), [4, 5, 6, 7], "not those that it could not embed");
    let others = granted(&mut lender, at(4), OTHER);
    assert_eq!(numbers(&others), [0, 1]);
    lender.on_failed(at(5), (OTHER, others.batch), (0, 1), |_| false);
    assert!(!lender.has(DocId(0)) && lender.has(DocId(1)), "it is embedded here only");
}

#[test]
fn what_fails_here_too_is_embedded_here_and_a_start_of_the_device_ends_its_pause() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_failed(at(1), (PEER, grant.batch), (0, 1), |doc| doc == DocId(0));
    assert!(!lender.has(DocId(0)), "its document is tried here next");
    fails(&mut lender, at(1), PEER, &grant);
    assert!(matches!(lender.on_ask(at(2), PEER, 64), Some(Work::Later(ms)) if u64::from(ms) < FAILED_PAUSE_MS));
    lender.down(PEER);
    assert_eq!(lender.on_ask(at(3), PEER, 64), None);
}

/// Makes a device one that embeds fast and is past its probation.
fn trusted(lender: &mut Lender) -> u64 {
    let mut now = 0;
    for _ in 0..2 {
        now += 1;
        let grant = granted(lender, at(now), PEER);
        now += 1;
        lender.on_results(at(now), PEER, &results(&grant), true);
        assert_eq!(check_all(lender, at(now)), []);
        good(lender);
    }
    now
}

#[test]
fn a_full_batch_of_an_owner_that_may_embed_nothing_has_texts_with_known_vectors() {
    let mut lender = lender(100);
    let mut now = trusted(&mut lender);
    let (mut batches, mut known, mut next) = (0, 0, 1_000);
    while batches < 40 {
        now += 1;
        list(&mut lender, next..next + 100);
        let stored = |n: u64| Known { chunk: chunk(n), vector: embedding(n).quantize(), by: None };
        let of_known = (next + 50_000..).take(KNOWN_MAX).map(stored).collect();
        next += 100;
        lender.listed(Vec::new(), of_known, Vec::new(), &BTreeSet::new());
        assert_eq!(lender.on_ask(at(now), PEER, 64), None);
        let Some((_, Work::Grant(grant))) = lender.grant(at(now), 100_000, false).pop() else { panic!("at {now}") };
        let of_batch = numbers(&grant).iter().filter(|n| **n >= 50_000).count();
        assert!(of_batch > 0 && grant.texts.len() <= LEASE_CHUNKS_MAX, "{of_batch} of {}", grant.texts.len());
        assert!(grant.texts.len() >= LEASE_CHUNKS_MAX - KNOWN_EACH_MAX, "it is a full one: {}", grant.texts.len());
        (batches, known) = (batches + 1, known + of_batch);
        lender.on_results(at(now + 1), PEER, &results(&grant), false);
        now += 1;
        good(&mut lender);
    }
    let mean = known as f64 / f64::from(batches);
    assert!((4.5..7.5).contains(&mean), "one in eight of 48: {mean}");
}

#[test]
fn of_all_that_is_late_some_is_embedded_here_though_the_oldest_lease_is_of_a_document_that_rests() {
    let mut lender = lender(8);
    let first = granted(&mut lender, at(0), PEER);
    let second = granted(&mut lender, at(1), OTHER);
    lender.wake(at(4_100));
    let resting = |doc: DocId| !numbers(&first).contains(&doc.0);
    let here: Vec<u64> = lender.take_here(8, resting).iter().map(|chunk| chunk.row.0).collect();
    assert_eq!(here, numbers(&second));
    assert!(lender.take_here(8, resting).is_empty(), "each once");
    let here: Vec<u64> = lender.take_here(8, |_| true).iter().map(|chunk| chunk.row.0).collect();
    assert_eq!(here, numbers(&first), "what is taken hides nothing else");
}

#[test]
fn what_cannot_be_computed_here_answers_by_what_its_device_made_besides_and_is_owed_a_check_of_its_own() {
    let mut lender = lender(4);
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_results(at(1), PEER, &results(&grant), true);
    let Some((peer, place, _)) = lender.next_check(at(2)) else { panic!("no check") };
    lender.begin_check(peer, place, TaskId(1));
    assert_eq!(lender.end_check(TaskId(1), None, |doc| doc == DocId(0)), Some(None));
    assert_eq!((good(&mut lender), lender.freed()), (vec![], vec![]), "it waits");
    assert_eq!(check_all(&mut lender, at(3)), []);
    let good = lender.take_good(9).into_iter().map(|good| (good.chunk.row.0, good.is_owed)).collect::<Vec<_>>();
    assert_eq!(good, [(0, true), (1, false), (2, false), (3, false)], "it answers, and nobody has compared it");
}

#[test]
fn the_only_result_of_a_device_that_cannot_be_computed_here_is_vouched_for_by_a_text_whose_vector_is_known() {
    for lies in [false, true] {
        let mut lender = lender(1);
        let grant = granted(&mut lender, at(0), PEER);
        lender.on_results(at(1), PEER, &results(&grant), true);
        assert!(!lender.any_wait_for_known(true), "it can be computed");
        let Some((peer, place, _)) = lender.next_check(at(2)) else { panic!("no check") };
        lender.begin_check(peer, place, TaskId(1));
        assert_eq!(lender.end_check(TaskId(1), None, |_| true), Some(None));
        assert!(lender.next_check(at(90_000)).is_none() && lender.deadline(true).is_none(), "it is not tried again");
        assert!(lender.any_wait_for_known(true));
        let known = (200..204).map(|n| Known { chunk: chunk(n), vector: embedding(n).quantize(), by: None }).collect();
        lender.listed(Vec::new(), known, Vec::new(), &BTreeSet::new());
        lender.on_ask(at(3), PEER, 64);
        let Some((PEER, Work::Grant(alone))) = lender.grant(at(3), 1, true).pop() else { panic!("no grant") };
        assert!(numbers(&alone).iter().all(|n| *n >= 200), "{alone:?}");
        let mut sent = results(&alone);
        if lies {
            sent.vectors[0] = vector(300);
        }
        assert_eq!(lender.on_results(at(4), PEER, &sent, true), lies);
        let made = lender.take_good(9);
        assert!(made.len() == usize::from(!lies) && made.iter().all(|good| good.is_owed), "{made:?}");
    }
}
