//! Results that wait for a check, over a restart of their owner.

use super::*;
use crate::scheduler::offload::lendable::UnprovenResults;

/// Results of this device for these texts; of the text `lie` a false one.
fn of(by: PeerKey, checks: u8, texts: core::ops::Range<u64>, lie: Option<u64>) -> UnprovenResults {
    let result = |n: u64| (chunk(n), embedding(if lie == Some(n) { 300 } else { n }).quantize());
    UnprovenResults { by, checks, owed: 0, results: texts.map(result).collect(), banned_until: 0 }
}

fn unkept(lender: &mut Lender) -> Vec<u64> {
    lender.take_unkept(&[], usize::MAX).into_values().flatten().map(|(row, ..)| row.0).collect()
}

#[test]
fn what_waits_is_saved_once_with_its_maker_and_what_is_good_at_once_too() {
    let mut lender = lender(40);
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_results(at(100), PEER, &results(&grant), true);
    assert_eq!(unkept(&mut lender), numbers(&grant));
    assert_eq!(unkept(&mut lender), [0; 0], "once");
    assert_eq!(check_all(&mut lender, at(100)), []);
    let good = lender.take_good(usize::MAX);
    assert!(good.iter().all(|good| good.kept && good.by == Some(PEER)));
    assert!(lender.take_unkept(&good, usize::MAX).is_empty());
    assert_eq!(usize::from(lender.checks_of(PEER)), LEASE_FIRST);

    let next = granted(&mut lender, at(200), PEER);
    lender.on_results(at(250), PEER, &results(&next), true);
    assert_eq!(check_all(&mut lender, at(250)), []);
    let good = lender.take_good(usize::MAX);
    assert!(good.iter().all(|good| !good.kept));
    assert_eq!(lender.take_unkept(&good, usize::MAX)[&PEER].len(), next.texts.len(), "before they count as proven");
    assert_eq!(u32::from(lender.checks_of(PEER)), PROBATION, "more do not matter");
}

#[test]
fn after_a_restart_one_check_vouches_for_what_a_known_device_made_before_it_without_its_link() {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    lender.restore(at(0), 0, of(PEER, 10, 0..8, None));
    assert!((0..8).all(|doc| lender.has(DocId(doc))), "its documents are no others' work");
    assert_eq!(unkept(&mut lender), [0; 0], "they are on the disk");
    assert!(lender.next_check(at(0)).is_some_and(|(_, place, _)| place >= 6), "one of the last, at once");
    assert_eq!(lender.deadline(true), Some(at(UNCHECKED_RESTS_MS)));
    let mut checks = 0;
    while lender.any_held() {
        checks += 1;
        assert_eq!(check_all(&mut lender, at(UNCHECKED_RESTS_MS * checks)), []);
    }
    assert!(checks <= 2, "{checks} checks of eight results");
    let good = lender.take_good(usize::MAX);
    assert_eq!(
        good.iter().map(|good| (good.chunk.row.0, good.kept)).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5, 6, 7].map(|n| (n, true))
    );
    list(&mut lender, 100..200);
    assert_eq!(numbers(&granted(&mut lender, at(1_000), PEER)).len(), LEASE_FIRST);
    let mut new = Lender::new(MODEL, 0.98, 1);
    new.restore(at(0), 0, of(PEER, 3, 0..8, None));
    assert_eq!(check_all(&mut new, at(0)), []);
    assert_eq!(new.checks_of(PEER), 10, "one that had not proven itself has each of them checked, until it has");
}

#[test]
fn what_waits_since_before_a_start_is_checked_at_once_though_its_device_has_work() {
    for lies in [false, true] {
        let mut lender = Lender::new(MODEL, 0.98, 1);
        let result = |n: u64| (chunk(n), embedding(if lies && n >= 20 { 300 } else { n }).quantize());
        let results = (0..40).map(result).collect();
        lender.restore(at(0), 0, UnprovenResults { by: PEER, checks: 10, owed: 0, results, banned_until: 0 });
        list(&mut lender, 100..200);
        lender.linked(PEER);
        granted(&mut lender, at(1), PEER);
        assert_eq!(check_all(&mut lender, at(2)), if lies { vec![PEER] } else { vec![] });
        let waits = lender.lent(at(2)).map(|lent| lent.unchecked).sum::<usize>();
        assert!(lies || waits <= 10 && lender.next_check(at(3)).is_none(), "one check is enough: {waits}");
    }
}

#[test]
fn a_lie_of_before_a_restart_is_found_after_it_and_what_no_check_vouched_for_is_deleted_and_goes_to_nobody_unread() {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    lender.restore(at(0), 0, of(PEER, 3, 0..8, Some(2)));
    lender.restore(at(0), 0, of(OTHER, 3, 20..21, None));
    assert_eq!(check_all(&mut lender, at(0)), [PEER]);
    assert_eq!(good(&mut lender), [0, 20, 1], "devices take turns");
    lender.ban(at(1), PEER);
    assert_eq!((lender.take_disproven(), lender.take_disproven()), (vec![PEER], vec![]));
    assert_eq!(lender.checks_of(PEER), 0, "its probation begins anew");
    assert_eq!(lender.freed(), [2, 3, 4, 5, 6, 7].map(DocId), "they are read anew: their folder may be private by now");
    assert_eq!(lender.offer(at(2), OTHER, 9), Some(Work::Offer(Offer { model: MODEL.0, chunks: 9 })));
    lender.on_ask(at(2), OTHER, 64);
    assert_eq!(lender.grant(at(2), 1_000, true), []);
}
