//! Results that a device brings after its link was gone, or after this device started anew.

use super::*;
use crate::limits::{AWAITED_MS, KEPT_MS};
use crate::wire::work::{Kept, KeptResult};

fn kept(texts: &[u64]) -> Kept {
    Kept { results: texts.iter().map(|n| KeptResult { text: chunk(*n).key, vector: vector(*n) }).collect() }
}

/// A side whose device had the first four of these chunks when its link broke, two seconds ago.
fn without_link(chunks: u64) -> Lender {
    let mut lender = lender(chunks);
    assert_eq!(numbers(&granted(&mut lender, at(0), PEER)), [0, 1, 2, 3]);
    lender.unlinked(at(0), PEER);
    lender.wake(at(LEASE_UNLINKED_MS));
    lender
}

#[test]
fn after_a_short_loss_of_its_link_a_device_has_nothing_and_that_counts_against_no_chunk() {
    let mut lender = lender(8);
    for n in 0..5 {
        let grant = granted(&mut lender, at(n), PEER);
        assert_eq!(numbers(&grant), [0, 1, 2, 3], "{n}: the next as before");
        lender.unlinked(at(n), PEER);
        lender.linked(PEER);
        lender.on_results(at(n), PEER, &results(&grant), true);
    }
    assert_eq!((check_all(&mut lender, at(9)), good(&mut lender)), (Vec::new(), Vec::new()));
}

#[test]
fn what_a_device_made_before_its_link_broke_is_made_by_nobody_else_if_it_is_back_soon() {
    let mut lender = without_link(12);
    assert_eq!(lender.again_counts().lost, 4);
    assert_eq!(numbers(&granted(&mut lender, at(3_000), OTHER)), [4, 5, 6, 7], "there are others to lend");
    lender.linked(PEER);
    assert!(!lender.on_kept(at(6_000), PEER, &kept(&[0, 1, 2])));
    assert_eq!(lender.again_counts().lost, 1);
    assert_eq!(numbers(&granted(&mut lender, at(6_001), PEER)), [3, 8, 9, 10], "what it had not made comes first");
    assert_eq!(check_all(&mut lender, at(6_001)), []);
    assert_eq!(good(&mut lender), [0, 1, 2]);
    assert!(!lender.on_kept(at(6_002), PEER, &kept(&[0, 1, 2])), "it may bring them twice");
    assert_eq!((check_all(&mut lender, at(6_002)), good(&mut lender)), (Vec::new(), Vec::new()));
}

#[test]
fn chunks_wait_for_a_device_without_a_link_for_a_few_seconds_and_only_while_there_are_others_to_lend() {
    let mut lender = without_link(12);
    assert_eq!(lender.deadline(true), Some(at(AWAITED_MS)));
    lender.wake(at(AWAITED_MS));
    assert_eq!(numbers(&granted(&mut lender, at(AWAITED_MS), OTHER)), [0, 1, 2, 3]);

    let mut lender = without_link(4);
    assert_eq!(lender.on_ask(at(3_000), OTHER, 64), None);
    assert_eq!(lender.grant(at(3_000), 1_000, true), []);
    assert_eq!(lender.nothing_to_lend(true), []);
    let [(OTHER, Work::Grant(grant))] = &lender.grant(at(3_000), 1_000, true)[..] else { panic!() };
    assert_eq!(numbers(grant), [0, 1, 2, 3]);

    let mut lender = without_link(4);
    assert_eq!(lender.take_here(8, |_| true).len(), 4, "this device has nothing else to do");
}

#[test]
fn what_a_device_brings_to_an_owner_that_started_anew_waits_until_its_text_is_read() {
    let mut lender = lender(1);
    assert!(!lender.on_kept(at(1), PEER, &kept(&[2, 4])));
    lender.wake(at(2));
    list(&mut lender, 2..6);
    assert_eq!(numbers(&granted(&mut lender, at(3), OTHER)), [0, 3, 5]);
    assert_eq!(check_all(&mut lender, at(3)), []);
    assert_eq!(good(&mut lender), [2, 4]);
    // What is brought is kept for a while, and no more than may wait for a check counts.
    assert!(!lender.on_kept(at(4), PEER, &kept(&(10..10 + 2 * u64::from(PROBATION)).collect::<Vec<_>>())));
    lender.wake(at(4));
    list(&mut lender, 10..30);
    assert_eq!(lender.lent(at(4)).map(|lent| lent.unchecked).collect::<Vec<_>>(), [PROBATION as usize - 2, 0]);
    assert!(!lender.on_kept(at(5), PEER, &kept(&[90])));
    lender.wake(at(5 + KEPT_MS));
    list(&mut lender, [90]);
    assert_eq!(lender.take_here(64, |doc| doc == DocId(90)).len(), 1);
}

#[test]
fn what_a_device_brings_is_checked_as_any_result_and_of_a_false_one_nothing_is_taken() {
    let mut lender = without_link(8);
    lender.linked(PEER);
    let wrong = Kept { results: vec![KeptResult { text: chunk(0).key, vector: vector(5) }] };
    assert!(!lender.on_kept(at(3_000), PEER, &wrong));
    assert_eq!(check_all(&mut lender, at(3_000)), [PEER]);
    lender.ban(at(3_000), PEER);
    assert!(!lender.on_kept(at(3_001), PEER, &kept(&[1])));
    assert_eq!(numbers(&granted(&mut lender, at(3_001), OTHER)), [0, 1, 2, 3]);
    let zeros = HitVector { scale: 0.0, ..vector(5) };
    assert!(lender.on_kept(
        at(3_002),
        OTHER,
        &Kept { results: vec![KeptResult { text: chunk(6).key, vector: zeros }] }
    ));
}

#[test]
fn what_was_made_before_vouches_for_nothing_that_was_made_after_it_whenever_its_text_is_read() {
    // What is brought is taken in the order in which it was made, not in that in which its texts are read.
    let mut lender = lender(1);
    assert!(!lender.on_kept(at(1), PEER, &kept(&[5, 3, 4])));
    list(&mut lender, 3..6);
    let order: Vec<u64> = lender.take_unkept(&[], 9).into_values().flatten().map(|(row, ..)| row.0).collect();
    assert_eq!(order, [5, 3, 4]);
    // One whose text is read after a later one, or after a later result came, is made again.
    for brings in [true, false] {
        let mut lender = super::lender(1);
        assert!(!lender.on_kept(at(1), PEER, &kept(&[5, 3])));
        if brings {
            list(&mut lender, [3]);
        } else {
            let grant = granted(&mut lender, at(2), PEER);
            lender.on_results(at(3), PEER, &results(&grant), true);
        }
        list(&mut lender, [5]);
        assert!(numbers(&granted(&mut lender, at(4), OTHER)).contains(&5), "{brings}");
    }
}
