//! What a check vouches for, and who is served first.

use super::super::recipient::Recipient;
use super::super::worker::{Checked, Worker};
use super::*;
use crate::base::rng::Rng;
use crate::limits::{LENDING_MAX, UNCHECKED_MS};

#[test]
fn a_good_check_vouches_for_what_came_before_it_and_for_nothing_after_it() {
    const HELD: u64 = 40;
    let (mut left, mut seen) = (0, 0);
    for seed in 0..60 {
        let (mut worker, mut rng) = (Worker::new(at(0)), Rng::new(seed));
        worker.was_checked(u8::try_from(PROBATION).unwrap());
        (0..HELD).for_each(|n| worker.hold(at(n), chunk(n), embedding(n).quantize(), &mut rng));
        if worker.next_check(at(HELD), false, &mut rng).is_some() {
            continue;
        }
        // None is drawn for a check; then the oldest has waited for long.
        seen += 1;
        let Some((place, _)) = worker.next_check(at(UNCHECKED_MS + HELD), false, &mut rng) else { panic!() };
        assert!(place as u64 >= HELD * 3 / 4, "one of the last is computed, at {place}");
        worker.begin_check(TaskId(1), place);
        let Some(Checked::Good(good)) =
            worker.end_check((PEER, TaskId(1)), Some(&embedding(place as u64)), 0.98, |_| false)
        else {
            panic!()
        };
        assert_eq!(good.len(), place + 1);
        assert_eq!(worker.held() + good.len(), usize::try_from(HELD).unwrap(), "the rest waits for another check");
        left += worker.held();
    }
    assert!(seen >= 20 && left > seen, "it is not always the last: {left} of {seen}");
}

#[test]
fn who_has_surplus_energy_is_served_before_others_and_who_gets_nothing_now_has_not_asked() {
    let recipient = |peer, surplus, gets| Recipient { peer, surplus, gets };
    let mut lender = lender(100);
    for peer in [PEER, OTHER] {
        assert_eq!(lender.on_ask(at(0), peer, 64), None);
    }
    lender.keep_asks(&[recipient(PEER, false, true), recipient(OTHER, true, true)]);
    let order: Vec<PeerKey> = lender.grant(at(0), 1_000, true).into_iter().map(|(peer, _)| peer).collect();
    assert_eq!(order, [OTHER, PEER]);
    for peer in [PEER, OTHER] {
        assert_eq!(lender.on_ask(at(1), peer, 64), None);
    }
    lender.keep_asks(&[recipient(PEER, false, false), recipient(OTHER, true, true)]);
    let order: Vec<PeerKey> = lender.grant(at(1), 1_000, true).into_iter().map(|(peer, _)| peer).collect();
    assert_eq!(order, [OTHER], "what can wait waits for surplus");
}

#[test]
fn a_device_that_comes_back_has_its_probation_behind_it_and_one_that_lied_has_not() {
    let mut worker = Worker::new(at(0));
    let mut rng = Rng::new(1);
    for n in 0..u64::from(PROBATION) {
        worker.hold(at(n), chunk(n), embedding(n).quantize(), &mut rng);
        worker.begin_check(TaskId(n), 0);
        assert!(matches!(
            worker.end_check((PEER, TaskId(n)), Some(&embedding(n)), 0.98, |_| false),
            Some(Checked::Good(_))
        ));
    }
    assert!(worker.room(0) > 0);
    let most = |worker: &Worker| (0..200).find(|open| worker.room(*open) == 0);
    let trusted = most(&worker);
    assert!(trusted > Some(PROBATION as usize), "{trusted:?}");
    assert_eq!(worker.take_held().count(), 0);
    assert_eq!(most(&worker), trusted, "it went down and is back");
    worker.begin_probation();
    assert_eq!(most(&worker), Some(PROBATION as usize));
}

#[test]
fn a_lease_of_which_a_device_can_embed_nothing_is_over_with_its_known_texts() {
    let mut lender = lender(4);
    let known = (200..204).map(|n| Known { chunk: chunk(n), vector: embedding(n).quantize(), by: None }).collect();
    lender.listed(Vec::new(), known, Vec::new(), &BTreeSet::new());
    lender.on_ask(at(0), PEER, 64);
    let Some((PEER, Work::Grant(grant))) = lender.grant(at(0), 1_000, false).pop() else { panic!("no grant") };
    assert!(numbers(&grant).iter().any(|n| *n >= 200), "{grant:?}");
    lender.on_failed(at(0), (PEER, grant.batch), (0, u16::MAX), |_| false);
    assert!(!lender.on_renew(at(1), PEER, grant.batch), "nothing of it is open");
    assert_eq!(lender.deadline(true), None);
}

#[test]
fn a_device_that_may_work_no_more_makes_room_for_another_one() {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    let peer = |n: usize| PeerKey([u8::try_from(n).unwrap(); 32]);
    (0..LENDING_MAX).for_each(|n| assert!(lender.offer(at(0), peer(n), 9).is_some()));
    assert_eq!(lender.offer(at(1), peer(200), 9), None, "all of them may ask");
    lender.expelled(at(1), peer(3));
    assert!(lender.offer(at(2), peer(200), 9).is_some());
}

#[test]
fn a_device_that_is_found_false_is_banned_whether_it_worked_since_the_start_or_not() {
    let peer = |n: usize| PeerKey([u8::try_from(n).unwrap(); 32]);
    for others in [0, LENDING_MAX] {
        let mut lender = Lender::new(MODEL, 0.98, 1);
        (0..others).for_each(|n| assert!(lender.offer(at(0), peer(n), 9).is_some()));
        lender.ban(at(1), peer(200));
        assert_eq!(lender.banned_until(peer(200)), Some(at(1 + OFFENCE_MS)), "so it is stored");
        for (ms, may) in [(2, false), (OFFENCE_MS, false), (1 + OFFENCE_MS, true)] {
            assert_eq!(lender.may_get(at(ms), peer(200)), may);
            assert_eq!(lender.offer(at(ms), peer(200), 9).is_some(), may);
            assert_eq!(lender.on_ask(at(ms), peer(200), 64).is_none(), may);
        }
    }
}

#[test]
fn a_vector_whose_scale_is_no_number_is_false() {
    let mut lender = lender(4);
    let mut sent = results(&granted(&mut lender, at(0), PEER));
    sent.vectors[1].scale = f32::NAN;
    assert!(lender.on_results(at(1), PEER, &sent, true));
}

#[test]
fn devices_whose_results_wait_for_a_check_take_turns() {
    let mut lender = lender(100);
    let third = PeerKey([3; 32]);
    for peer in [third, OTHER, PEER] {
        let grant = granted(&mut lender, at(0), peer);
        lender.on_results(at(10), peer, &results(&grant), true);
    }
    let mut checked = Vec::new();
    for task in 0..6 {
        let (peer, place, text) = lender.next_check(at(20)).unwrap();
        lender.begin_check(peer, place, TaskId(task));
        let n = text.text.strip_prefix("text ").unwrap().parse().unwrap();
        assert_eq!(lender.end_check(TaskId(task), Some(&embedding(n)), |_| false), Some(None));
        checked.push(peer);
    }
    assert_eq!(checked, [PEER, OTHER, third, PEER, OTHER, third]);
}
