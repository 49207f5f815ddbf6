//! What this device cannot compute, and what a device says of it that did not make it.

use super::*;
use crate::limits::{DOUBTS_MAX, UNCONFIRMED_MAX, UNCONFIRMED_MS};
use crate::scheduler::offload::lendable::OwedPart;
use crate::scheduler::offload::recipient::Recipient;

const THIRD: PeerKey = PeerKey([3; 32]);

/// A text whose vector, which `by` made, is that of this number.
fn stored(n: u64, made: u64, by: PeerKey) -> Known {
    Known { chunk: chunk(n), vector: embedding(made).quantize(), by: Some(by) }
}

/// A device has nothing to do, asks, and makes this of the texts that it gets: their numbers. The store has the texts with vectors of `read`.
fn confirms(lender: &mut Lender, now: u64, peer: PeerKey, read: &[Known], made: impl Fn(u64) -> u64) -> Vec<u64> {
    lender.wake(at(now));
    assert_eq!(lender.on_ask(at(now), peer, 64), None);
    let rows = lender.reads(at(now));
    let known: Vec<_> = read.iter().filter(|known| rows.contains(&known.chunk.row)).cloned().collect();
    lender.on_unconfirmed(known);
    lender.listed(Vec::new(), Vec::new(), Vec::new(), &BTreeSet::new());
    let Some((to, Work::Grant(grant))) = lender.grant(at(now), 0, true).pop() else { return Vec::new() };
    assert_eq!(to, peer);
    let sent = numbers(&grant).into_iter().map(|n| vector(made(n))).collect();
    let sent = Results { batch: grant.batch, first: 0, vectors: sent };
    assert!(!lender.on_results(at(now + 1), peer, &sent, true));
    numbers(&grant)
}

/// Text 0 cannot be computed here, nor any other: the stored vector, of `OTHER`, is that of `stored`, and `PEER` has made that of `made`.
fn undecided(stored_one: u64, made: u64) -> Lender {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    lender.listed(Vec::new(), vec![stored(0, stored_one, OTHER)], Vec::new(), &BTreeSet::new());
    let held = chunk(9);
    list(&mut lender, [9]);
    let Grant { batch, texts, .. } = {
        lender.offer(at(0), PEER, 1);
        lender.on_ask(at(0), PEER, 64);
        let Some((PEER, Work::Grant(grant))) = lender.grant(at(0), 1_000, false).pop() else { panic!("no grant") };
        *grant
    };
    let known = texts.iter().map(|text| if *text == held.text { vector(9) } else { vector(made) }).collect();
    assert!(!lender.on_results(at(1), PEER, &Results { batch, first: 0, vectors: known }, true));
    while let Some((peer, place, text)) = lender.next_check(at(2)) {
        lender.begin_check(peer, place, TaskId(1));
        let own = (text == held.text).then(|| embedding(9));
        assert_eq!(lender.end_check(TaskId(1), own.as_ref(), |_| true), Some(None));
    }
    lender
}

fn undecided_of(lender: &Lender, peer: PeerKey) -> usize {
    lender.lent(at(9)).find(|lent| lent.peer == peer).map_or(0, |lent| lent.undecided)
}

#[test]
fn of_two_vectors_of_a_text_that_cannot_be_computed_here_a_third_device_tells_which_is_false() {
    // What is stored, what the second device made, what the third one makes, and who is found.
    for (first, second, third, found) in [(0, 300, 0, PEER), (301, 0, 0, OTHER)] {
        let mut lender = undecided(first, second);
        assert_eq!(
            (good(&mut lender), undecided_of(&lender, PEER)),
            (vec![9], 1),
            "a good check of another one ends no doubt"
        );
        let read = [stored(0, first, OTHER)];
        for peer in [PEER, OTHER] {
            assert_eq!(confirms(&mut lender, 10, peer, &read, |_| third), [0; 0], "neither of the two is asked");
        }
        assert_eq!(confirms(&mut lender, 20, THIRD, &read, |_| third), [0]);
        assert_eq!((lender.take_found(), undecided_of(&lender, PEER)), (vec![found], 0));
        lender.ban(at(30), found);
        assert_eq!(lender.take_accused(&[found]), if found == OTHER { vec![(OTHER, Row(0))] } else { Vec::new() });
        assert_eq!(confirms(&mut lender, 40, PeerKey([4; 32]), &read, |_| third), [0; 0], "that is over");
    }
}

#[test]
fn where_three_devices_differ_a_fourth_one_tells_and_where_there_is_none_the_text_is_tried_here_again() {
    let mut lender = undecided(0, 300);
    let read = [stored(0, 0, OTHER)];
    assert_eq!(confirms(&mut lender, 20, THIRD, &read, |_| 302), [0]);
    let (peer, place, _) = lender.next_check(at(21)).unwrap_or_else(|| panic!("it is tried here first"));
    lender.begin_check(peer, place, TaskId(2));
    assert_eq!((peer, lender.end_check(TaskId(2), None, |_| true)), (THIRD, Some(None)));
    assert_eq!(confirms(&mut lender, 30, THIRD, &read, |_| 0), [0; 0], "it has said what it makes of it");
    let mut later = undecided(0, 300);
    assert_eq!(confirms(&mut lender, 40, PeerKey([4; 32]), &read, |_| 0), [0]);
    let mut found = lender.take_found();
    found.sort_unstable();
    assert_eq!(found, [PEER, THIRD]);
    later.wake(at(3));
    later.wake(at(3 + UNCONFIRMED_MS));
    let (peer, place, _) = later.next_check(at(3 + UNCONFIRMED_MS)).unwrap_or_else(|| panic!("it may work now"));
    later.begin_check(peer, place, TaskId(3));
    assert_eq!(later.end_check(TaskId(3), Some(&embedding(0)), |_| true), Some(Some(PEER)));
}

#[test]
fn doubts_that_nobody_can_decide_are_few_and_end_with_their_document() {
    let mut lender = undecided(0, 300);
    lender.forget_document(DocId(0));
    assert_eq!((undecided_of(&lender, PEER), lender.any_held()), (0, false));
    for n in 10..10 + 3 * DOUBTS_MAX as u64 {
        lender.listed(Vec::new(), vec![stored(n, n, OTHER)], Vec::new(), &BTreeSet::new());
        list(&mut lender, [1_000 + n]);
        lender.on_ask(at(n), PEER, 64);
        let Some((_, Work::Grant(grant))) = lender.grant(at(n), 1_000, false).pop() else { continue };
        let garbage = Results { vectors: vec![vector(300); grant.texts.len()], ..results(&grant) };
        assert!(!lender.on_results(at(n), PEER, &garbage, true));
        while let Some((peer, place, _)) = lender.next_check(at(n)) {
            lender.begin_check(peer, place, TaskId(n));
            assert_eq!(lender.end_check(TaskId(n), None, |_| true), Some(None));
        }
    }
    assert!((1..=DOUBTS_MAX).contains(&undecided_of(&lender, PEER)), "{}", undecided_of(&lender, PEER));
}

#[test]
fn a_doubt_about_a_vector_that_another_one_has_replaced_ends() {
    for by in [Some(PeerKey([5; 32])), None] {
        let mut lender = undecided(0, 300);
        // Another device than `OTHER` made it, or this one.
        let anew = Known { by, ..stored(0, 0, OTHER) };
        assert_eq!(undecided_of(&lender, PEER), 1);
        assert_eq!(confirms(&mut lender, 20, THIRD, &[anew], |n| n), [0; 0]);
        assert_eq!((undecided_of(&lender, PEER), lender.any_held()), (0, false));
        let gets = [Recipient { peer: THIRD, surplus: false, gets: true }];
        lender.wake(at(30));
        assert!(!lender.any_may_confirm(&gets), "nobody is asked any more");
    }
}

/// A side that has nothing to lend, and knows a device.
fn idle() -> Lender {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    assert!(lender.offer(at(0), PEER, 1).is_some());
    lender
}

/// A part of what is owed a check is read: forty rows of `PEER`, and some of their texts. Those below 100 can be computed here.
fn checks_owed(lender: &mut Lender, now: u64, texts: &[u64]) {
    lender.wake(at(now));
    assert_eq!(lender.next_owed().map(|(by, _)| by), Some(PEER));
    let texts: Vec<_> = texts.iter().map(|n| (chunk(*n), embedding(*n).quantize())).collect();
    let rows = texts.iter().map(|(chunk, _)| chunk.row).chain((0..38).map(Row)).collect::<BTreeSet<_>>();
    let part = OwedPart { by: PEER, rows: rows.into_iter().collect(), has_texts: true, texts };
    lender.on_owed(at(now), PEER, Some(part));
    while let Some(text) = lender.next_owed_check(at(now)) {
        lender.begin_owed_check(TaskId(7));
        lender.note_why(TaskId(7), "It is too long.");
        let n: u64 = text.text.strip_prefix("text ").and_then(|n| n.parse().ok()).unwrap_or(0);
        assert_eq!(lender.end_check(TaskId(7), (n < 100).then(|| embedding(n)).as_ref(), |_| true), Some(None));
    }
}

fn settled(lender: &mut Lender) -> usize {
    lender.take_settled().into_iter().map(|(_, rows)| rows.len()).sum()
}

#[test]
fn what_cannot_be_computed_here_settles_nothing_and_is_settled_by_a_device_that_did_not_make_it() {
    let mut lender = idle();
    (0..40).for_each(|_| lender.stored(PEER, Row(0), true));
    // All of them cannot, though it is known of each.
    checks_owed(&mut lender, 1, &[100, 101]);
    assert_eq!((settled(&mut lender), lender.owed_rest(PEER).map(|rest| rest.attempts)), (0, Some(1)));
    checks_owed(&mut lender, 1_000_000, &[1, 2, 100]);
    let of = |lender: &Lender| lender.lent(at(9)).find(|lent| lent.peer == PEER).map_or(0, |lent| lent.owed);
    assert_eq!((settled(&mut lender), of(&lender)), (38, 2), "all but the one that was not compared");
    let gets = |peer| [Recipient { peer, surplus: false, gets: true }];
    assert!(lender.any_may_confirm(&gets(OTHER)) && !lender.any_may_confirm(&gets(PEER)));
    assert!(!lender.any_may_confirm(&[Recipient { gets: false, ..gets(OTHER)[0] }]));
    let read = [stored(100, 100, PEER)];
    assert_eq!(confirms(&mut lender, 1_000_010, PEER, &read, |n| n), [0; 0], "not by its maker");
    assert_eq!(confirms(&mut lender, 1_000_020, OTHER, &read, |n| n), [100]);
    assert_eq!((lender.take_settled(), of(&lender)), (vec![(PEER, vec![Row(100)])], 1));
    assert!(!lender.any_may_confirm(&gets(OTHER)), "nothing is left to confirm");
    assert_eq!((lender.take_found(), lender.take_good(9).len()), (Vec::new(), 0), "it vouches for nothing else");
}

#[test]
fn of_a_device_that_lies_about_what_its_owner_cannot_compute_a_second_one_raises_a_doubt_and_a_third_one_ends_it() {
    let mut lender = idle();
    (0..40).for_each(|_| lender.stored(PEER, Row(0), true));
    checks_owed(&mut lender, 1, &[100]);
    // The store has what it sent, which is false.
    let read = [stored(100, 300, PEER)];
    assert_eq!(confirms(&mut lender, 10, OTHER, &read, |n| n), [100]);
    assert_eq!((lender.take_found(), settled(&mut lender)), (Vec::new(), 0), "one of the two lies");
    let (peer, place, _) = lender.next_check(at(11)).unwrap_or_else(|| panic!("it is tried here first"));
    lender.begin_check(peer, place, TaskId(2));
    assert_eq!(lender.end_check(TaskId(2), None, |_| true), Some(None));
    assert_eq!(confirms(&mut lender, 20, THIRD, &read, |n| n), [100]);
    assert_eq!((lender.take_found(), lender.take_accused(&[PEER])), (vec![PEER], vec![(PEER, Row(100))]));
}

#[test]
fn few_of_them_are_wanted_at_once_and_those_that_nobody_confirms_make_room() {
    let mut lender = idle();
    (0..40).for_each(|_| lender.stored(PEER, Row(0), true));
    let many: Vec<u64> = (100..100 + 2 * UNCONFIRMED_MAX as u64).collect();
    checks_owed(&mut lender, 1, &many);
    lender.on_ask(at(2), OTHER, 64);
    let first = lender.to_confirm();
    assert_eq!(first.len(), UNCONFIRMED_MAX);
    lender.wake(at(1 + UNCONFIRMED_MS));
    assert_eq!(lender.to_confirm(), [Row(0); 0]);
    checks_owed(&mut lender, 2 + UNCONFIRMED_MS, &many[..3]);
    assert_eq!(lender.to_confirm().len(), 3);
}

#[test]
fn what_contradicts_a_device_that_is_found_false_waits_for_no_third_one_any_more() {
    const FOURTH: PeerKey = PeerKey([4; 32]);
    // What the device that contradicts it made of the last text cannot be computed here, or is false itself, or is right.
    for (own, liar) in [(None, None), (Some(embedding(301)), Some(OTHER)), (Some(embedding(102)), None)] {
        let mut lender = idle();
        (0..40).for_each(|_| lender.stored(PEER, Row(0), true));
        checks_owed(&mut lender, 1, &[100, 101, 102]);
        let read: Vec<Known> = (100..103).map(|n| stored(n, 300, PEER)).collect();
        for (now, n) in [(10, 100), (20, 101), (30, 102)] {
            assert_eq!(confirms(&mut lender, now, OTHER, &read, |n| n), [n]);
            let (peer, place, _) = lender.next_check(at(now + 2)).unwrap_or_else(|| panic!("it is tried here first"));
            lender.begin_check(peer, place, TaskId(n));
            if n < 102 {
                assert_eq!(lender.end_check(TaskId(n), None, |_| true), Some(None));
            }
        }
        assert_eq!(confirms(&mut lender, 40, THIRD, &read, |n| n), [100]);
        assert_eq!((lender.take_found(), undecided_of(&lender, OTHER)), (vec![PEER], 1));
        // A fourth device has the second text just now.
        assert_eq!(lender.on_ask(at(50), FOURTH, 64), None);
        let Some((FOURTH, Work::Grant(grant))) = lender.grant(at(50), 0, true).pop() else { panic!("no grant") };
        assert_eq!(numbers(&grant), [101]);
        lender.ban(at(51), PEER);
        assert_eq!(undecided_of(&lender, OTHER), 0, "it is over");
        assert!(!lender.on_results(at(52), FOURTH, &results(&grant), true));
        let found = lender.end_check(TaskId(102), own.as_ref(), |_| true);
        assert_eq!(found, Some(liar), "the last one is computed here all the same, and bans nobody twice");
        found.flatten().into_iter().for_each(|liar| lender.ban(at(53), liar));
        lender.wake(at(60));
        assert!(!lender.any_held(), "none of them has to be decided, also not the one that came since");
        assert!(!lender.any_may_confirm(&[Recipient { peer: PeerKey([5; 32]), surplus: false, gets: true }]));
        let mut rows: Vec<u64> = lender.take_accused(&[PEER]).into_iter().map(|(_, row)| row.0).collect();
        rows.sort_unstable();
        assert_eq!(rows, [100, 101, 102], "all of them are made anew");
    }
}

#[test]
fn a_device_that_asks_while_another_one_has_the_only_text_to_confirm_gets_it_once_that_one_returns_it() {
    let mut lender = idle();
    (0..40).for_each(|_| lender.stored(PEER, Row(0), true));
    checks_owed(&mut lender, 1, &[100]);
    let ask = |lender: &mut Lender, now: u64, peer: PeerKey| {
        lender.wake(at(now));
        assert_eq!(lender.on_ask(at(now), peer, 64), None);
        let known = if lender.reads(at(now)) == [Row(100)] { vec![stored(100, 100, PEER)] } else { Vec::new() };
        lender.on_unconfirmed(known);
        lender.listed(Vec::new(), Vec::new(), Vec::new(), &BTreeSet::new());
        lender.grant(at(now), 0, true)
    };
    let Some((OTHER, Work::Grant(first))) = ask(&mut lender, 10, OTHER).pop() else { panic!("no grant") };
    assert_eq!(numbers(&first), [100]);
    assert_eq!(ask(&mut lender, 20, THIRD), [], "another one has it");
    lender.on_return(at(30), OTHER, first.batch);
    let Some((THIRD, Work::Grant(second))) = lender.grant(at(31), 0, true).pop() else { panic!("no grant") };
    assert_eq!(numbers(&second), [100]);
}
