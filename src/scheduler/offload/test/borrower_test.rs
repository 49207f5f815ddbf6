//! The side that embeds for others.

use super::*;
use crate::limits::{ASK_PAUSE_MS_MAX, AWAITED_MS, KEPT_MS, KEPT_SAVED_MS};
use crate::scheduler::offload::borrower::{Borrowed, Borrower};

fn offer(chunks: u32) -> Offer {
    Offer { model: MODEL.0, chunks }
}

fn grant(batch: u8, texts: u64) -> Grant {
    Grant { batch: BatchId([batch; 16]), lease_ms: 9_000, texts: (0..texts).map(text).collect() }
}

fn borrower() -> Borrower {
    let mut borrower = Borrower::new(MODEL, 1);
    borrower.wake(at(0));
    borrower.on_offer(at(0), PEER, &offer(100));
    borrower
}

fn asks(borrower: &mut Borrower, now: u64) -> Option<PeerKey> {
    borrower.wake(at(now));
    borrower.ask(at(now)).map(|(peer, work)| {
        assert!(matches!(work, Work::Ask(_)));
        peer
    })
}

#[test]
fn whoever_has_time_asks_one_device_embeds_what_it_lends_and_asks_again_before_it_is_done() {
    let mut borrower = borrower();
    borrower.on_offer(at(0), OTHER, &Offer { model: [8; 32], chunks: 1_000 });
    assert_eq!(asks(&mut borrower, 1), Some(PEER), "the other one has another model");
    assert_eq!(asks(&mut borrower, 2), None, "it waits for the answer");
    assert_eq!(borrower.on_grant(at(3), PEER, grant(1, 6)), None);
    let first = borrower.next(2).unwrap_or_else(|| panic!("nothing to do"));
    assert_eq!((first.first, first.texts.len(), borrower.texts()), (0, 2, 6));
    assert_eq!(asks(&mut borrower, 4), None, "more than half is left");
    let second = borrower.next(2).unwrap_or_else(|| panic!("nothing to do"));
    assert_eq!(asks(&mut borrower, 5), Some(PEER));
    let vectors: Vec<Quantized> = (2..4).map(|n| embedding(n).quantize()).collect();
    let told = borrower.done(at(6), &second, Some(&vectors));
    let expected = Results { batch: BatchId([1; 16]), first: 2, vectors: vec![vector(2), vector(3)] };
    assert_eq!(told, Some(Work::Results(Box::new(expected))));
    let told = borrower.done(at(7), &first, None);
    assert_eq!((told, borrower.texts()), (None, 4), "each of the two is tried alone");
    let alone = borrower.next(2).unwrap_or_else(|| panic!("nothing to do"));
    let told = borrower.done(at(8), &alone, None);
    assert_eq!(told, Some(Work::Failed(Failed { batch: BatchId([1; 16]), first: 0, count: 1 })));
}

#[test]
fn what_was_not_asked_for_goes_back_and_so_does_all_when_this_device_may_not_work() {
    let mut borrower = borrower();
    assert_eq!(borrower.on_grant(at(0), PEER, grant(1, 6)), Some(Work::Return(BatchId([1; 16]))));
    assert!(asks(&mut borrower, 0).is_some());
    assert_eq!(borrower.on_grant(at(0), OTHER, grant(2, 6)), Some(Work::Return(BatchId([2; 16]))), "of another one");
    assert_eq!(borrower.on_grant(at(0), PEER, grant(1, 6)), None);
    assert_eq!(borrower.allow(at(10), false), []);
    assert_eq!(borrower.next(2), None, "it begins nothing more");
    assert_eq!(borrower.allow(at(9 + GIVE_BACK_MS), false), [], "it may be allowed again in a moment");
    assert_eq!(borrower.deadline(), Some(at(10 + GIVE_BACK_MS)));
    assert_eq!(borrower.allow(at(10 + GIVE_BACK_MS), false), [(PEER, Work::Return(BatchId([1; 16])))]);
    assert_eq!(asks(&mut borrower, 20 + GIVE_BACK_MS), None);
    assert_eq!(borrower.allow(at(30 + GIVE_BACK_MS), true), []);
    assert_eq!(asks(&mut borrower, 60_000), Some(PEER));
}

#[test]
fn a_lease_is_renewed_at_a_third_while_this_device_may_work_and_dropped_when_it_is_over() {
    let mut borrower = borrower();
    assert!(asks(&mut borrower, 0).is_some());
    assert_eq!(borrower.on_grant(at(0), PEER, grant(1, 6)), None);
    let task: Borrowed = borrower.next(2).unwrap_or_else(|| panic!("nothing to do"));
    assert_eq!(borrower.wake(at(2_999)), []);
    assert_eq!(borrower.wake(at(3_000)), [(PEER, Work::Renew(BatchId([1; 16])))]);
    assert!(borrower.done(at(4_000), &task, Some(&[])).is_some());
    assert_eq!(borrower.wake(at(7_000)), [(PEER, Work::Renew(BatchId([1; 16])))], "it rests between two tasks");
    assert_eq!(borrower.allow(at(7_001), false), [], "it gives back what it has after a moment");
    assert_eq!(borrower.wake(at(10_000)), [], "it may not work, and does not get to it");
    assert_eq!(borrower.wake(at(16_000)), []);
    assert_eq!((borrower.texts(), borrower.next(2)), (0, None));
    assert_eq!(borrower.done(at(16_001), &task, Some(&[])), None, "nobody wants it any more");
}

#[test]
fn nobody_is_asked_without_an_end() {
    let mut borrower = borrower();
    assert!(asks(&mut borrower, 0).is_some());
    borrower.on_later(at(0), PEER, 500);
    assert_eq!(asks(&mut borrower, 499), None);
    assert!(borrower.ask_deadline().is_some_and(|at| (500..=625).contains(&at.since(Instant::ZERO).as_millis())));
    assert!(asks(&mut borrower, 700).is_some());
    // It does not answer.
    assert_eq!(asks(&mut borrower, 699 + ASK_AGAIN_MS), None);
    assert_eq!(asks(&mut borrower, 700 + ASK_AGAIN_MS), None);
    assert!(asks(&mut borrower, 700 + ASK_AGAIN_MS + ASK_AGAIN_MS * 5 / 4).is_some());
    borrower.on_later(at(20_000), PEER, u32::MAX);
    let latest = Duration::from_millis(20_000 + 10 * ASK_AGAIN_MS * 5 / 4);
    assert!(
        borrower.ask_deadline().is_some_and(|at| at.since(Instant::ZERO) <= latest),
        "a liar holds nobody up for ever"
    );
    borrower.on_offer(at(21_000), PEER, &offer(0));
    assert_eq!(asks(&mut borrower, 900_000), None, "there is no work any more");
    borrower.on_offer(at(900_000), PEER, &offer(5));
    assert!(asks(&mut borrower, 900_001).is_some());
    borrower.gone(at(0), PEER);
    assert_eq!((asks(&mut borrower, 900_002), borrower.deadline()), (None, None));
}

#[test]
fn devices_with_work_take_turns_whatever_each_says_it_has() {
    for is_taken_back in [false, true] {
        let mut borrower = borrower();
        borrower.on_offer(at(0), OTHER, &offer(u32::MAX));
        let mut asked = Vec::new();
        for n in 0..8 {
            let now = 10 * u64::from(n);
            let peer = asks(&mut borrower, now).unwrap();
            asked.push(peer);
            // Each gives one text at a time, and has more at once.
            borrower.on_grant(at(now), peer, grant(n, 1));
            let task = borrower.next(8).unwrap();
            assert!(borrower.done(at(now + 1), &task, Some(&[embedding(0).quantize()])).is_some());
            if is_taken_back {
                borrower.on_offer(at(now + 2), OTHER, &offer(0));
            }
            borrower.on_offer(at(now + 3), OTHER, &offer(u32::MAX));
        }
        assert!(asked.windows(2).all(|two| two.contains(&PEER)), "{asked:?}");
        assert!(is_taken_back || asked.windows(2).all(|two| two.contains(&OTHER)), "{asked:?}");
    }
}

#[test]
fn who_offers_and_gives_no_answer_is_not_asked_the_sooner_for_offering_anew_while_others_have_work() {
    for others in [false, true] {
        let mut borrower = borrower();
        assert_eq!(asks(&mut borrower, 0), Some(PEER));
        borrower.wake(at(ASK_AGAIN_MS));
        if others {
            borrower.on_offer(at(ASK_AGAIN_MS), OTHER, &offer(1));
        }
        borrower.on_offer(at(ASK_AGAIN_MS), PEER, &offer(u32::MAX));
        assert_eq!(asks(&mut borrower, ASK_AGAIN_MS + 1), Some(if others { OTHER } else { PEER }));
        borrower.on_later(at(ASK_AGAIN_MS + 2), OTHER, 500);
        assert_eq!(asks(&mut borrower, ASK_AGAIN_MS + 3), None, "{others}");
    }
}

/// Asks whoever is due each half second for an hour; `OTHER` answers at once that it has none just now. Gives how often `PEER` was asked.
fn asked_in_an_hour(borrower: &mut Borrower, each: impl Fn(&mut Borrower, u64)) -> u64 {
    borrower.on_offer(at(0), OTHER, &offer(100));
    let mut asked = 0;
    for half_second in 0..7_200 {
        let now = 500 * half_second;
        each(borrower, now);
        match asks(borrower, now) {
            Some(PEER) => asked += 1,
            Some(_) => borrower.on_later(at(now), OTHER, 500),
            None => {}
        }
    }
    asked
}

#[test]
fn an_owner_that_offers_and_never_answers_costs_a_minute_of_an_hour_however_it_offers() {
    let hour = 3_600_000 / ASK_PAUSE_MS_MAX + 8;
    let goes_on = |_: &mut Borrower, _| {};
    let offers_more = |borrower: &mut Borrower, now| borrower.on_offer(at(now), PEER, &offer(u32::MAX));
    let takes_back = |borrower: &mut Borrower, now| {
        borrower.on_offer(at(now), PEER, &offer(0));
        borrower.on_offer(at(now), PEER, &offer(u32::MAX));
    };
    let ends = |borrower: &mut Borrower, _| borrower.on_end(PEER, BatchId([9; 16]));
    for (how, each) in [goes_on as fn(&mut Borrower, u64), offers_more, takes_back, ends].into_iter().enumerate() {
        let mut borrower = borrower();
        let asked = asked_in_an_hour(&mut borrower, each);
        assert!((6..=hour).contains(&asked), "{how}: {asked} of {hour}");
        let told = borrower.silent().map(|silent| (silent.peer, u64::from(silent.questions))).collect::<Vec<_>>();
        let [(PEER, questions)] = told[..] else { panic!("{how}: {told:?}") };
        assert!(asked - questions <= 1, "{how}: {asked} {questions}");
    }
}

#[test]
fn an_owner_that_answers_late_or_is_back_is_asked_again_at_once() {
    let silent = || {
        let mut borrower = borrower();
        let mut now = 0;
        while borrower.unanswered_of(PEER) < 5 {
            now += 1_000;
            asks(&mut borrower, now);
        }
        assert_eq!(asks(&mut borrower, now + ASK_AGAIN_MS), None);
        (borrower, now + ASK_AGAIN_MS)
    };
    let (mut of, now) = silent();
    of.on_later(at(now), PEER, 500);
    assert_eq!((asks(&mut of, now + 1_000), of.silent().count()), (Some(PEER), 0), "it answers");
    let (mut of, now) = silent();
    assert_eq!(of.on_grant(at(now), PEER, grant(1, 2)), None, "it was asked for that once");
    assert_eq!(of.on_grant(at(now), PEER, grant(2, 2)), Some(Work::Return(BatchId([2; 16]))), "and not for two");
    let (mut of, now) = silent();
    of.gone(at(now), PEER);
    assert_eq!(of.silent().count(), 0, "it is away");
    of.on_offer(at(now + 1), PEER, &offer(5));
    assert_eq!(asks(&mut of, now + 2), Some(PEER), "it is back");
    assert_eq!(asks(&mut of, now + 3 + ASK_AGAIN_MS), None);
    let pause =
        of.silent().map(|silent| silent.next.map_or(0, |next| next.since(at(now)).as_millis())).max().unwrap_or(0);
    assert!(pause > u128::from(16 * ASK_AGAIN_MS), "and as silent as it was: {pause}");
    let (mut of, now) = silent();
    of.restarted(at(now), PEER);
    assert_eq!((asks(&mut of, now), of.silent().count()), (Some(PEER), 0), "it has started anew");
}

#[test]
fn one_text_that_cannot_be_embedded_sends_no_good_one_home() {
    let mut borrower = borrower();
    assert!(asks(&mut borrower, 1).is_some());
    borrower.on_grant(at(1), PEER, grant(1, 6));
    let made = |task: &Borrowed| vec![embedding(0).quantize(); task.texts.len()];
    let first = borrower.next(4).unwrap();
    assert_eq!(borrower.done(at(2), &first, None), None, "it is not known which of them it was");
    assert_eq!(borrower.texts(), 6);
    for place in 0..4 {
        let alone = borrower.next(4).unwrap();
        assert_eq!((alone.first, alone.texts.len()), (place, 1));
        let vectors = (place != 1).then(|| made(&alone));
        match borrower.done(at(3), &alone, vectors.as_deref()) {
            Some(Work::Failed(failed)) => assert_eq!((place, failed.first, failed.count), (1, 1, 1)),
            Some(Work::Results(sent)) => assert_eq!((sent.first, sent.vectors.len()), (place, 1)),
            other => panic!("{other:?}"),
        }
    }
    let rest = borrower.next(4).unwrap();
    assert_eq!((rest.first, rest.texts.len()), (4, 2));
    assert!(borrower.done(at(4), &rest, Some(&made(&rest))).is_some());
    assert_eq!(borrower.texts(), 0);
}

#[test]
fn what_a_device_lent_before_it_started_anew_is_not_embedded_and_what_it_offers_stands() {
    let mut borrower = borrower();
    assert!(asks(&mut borrower, 1).is_some());
    borrower.on_grant(at(1), PEER, grant(1, 6));
    borrower.restarted(at(0), PEER);
    assert_eq!((borrower.texts(), borrower.next(4)), (0, None));
    assert_eq!(asks(&mut borrower, 2), Some(PEER));
}

/// The texts of what a device is brought.
fn brought(told: &[(PeerKey, Work)]) -> Vec<EmbedKey> {
    let of = |(peer, work): &(PeerKey, Work)| match work {
        Work::Kept(kept) if *peer == PEER => kept.results.iter().map(|result| result.text).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    told.iter().flat_map(of).collect()
}

#[test]
fn what_may_not_have_reached_its_owner_is_kept_and_brought_before_more_is_asked_for() {
    let key = |n: u64| crate::embed::model::key(&MODEL, "", &text(n).text);
    let made = |task: &Borrowed| vec![embedding(0).quantize(); task.texts.len()];
    for restarts in [false, true] {
        let mut borrower = borrower();
        assert!(asks(&mut borrower, 1).is_some());
        borrower.on_grant(at(1), PEER, grant(1, 6));
        let (sent, running) = (borrower.next(2).unwrap(), borrower.next(2).unwrap());
        assert!(matches!(borrower.done(at(100), &sent, Some(&made(&sent))), Some(Work::Results(_))));
        if restarts {
            borrower.restarted(at(200), PEER);
        } else {
            borrower.gone(at(200), PEER);
            assert_eq!(borrower.wake(at(300)), [], "it has no work yet");
            borrower.on_offer(at(6_000), PEER, &offer(100));
        }
        assert_eq!(brought(&borrower.wake(at(6_000))), [key(0), key(1)], "{restarts}");
        assert_eq!(borrower.ask(at(6_000)), None, "a task still embeds texts of it");
        assert_eq!(borrower.done(at(7_000), &running, Some(&made(&running))), None);
        let told = brought(&borrower.wake(at(7_000)));
        assert!(told.ends_with(&[key(2), key(3)]), "{told:?}");
        assert!(matches!(borrower.ask(at(7_000)), Some((PEER, Work::Ask(_)))));
        assert_eq!(borrower.wake(at(7_001)), [], "once");
    }
}

#[test]
fn what_is_on_the_disk_of_its_owner_or_too_old_is_kept_no_more() {
    let made = |task: &Borrowed| vec![embedding(0).quantize(); task.texts.len()];
    for (answered, later) in [(true, 0), (false, KEPT_MS), (false, 0)] {
        let mut borrower = borrower();
        assert!(asks(&mut borrower, 1).is_some());
        borrower.on_grant(at(1), PEER, grant(1, 2));
        let task = borrower.next(2).unwrap();
        borrower.done(at(2), &task, Some(&made(&task)));
        assert!(asks(&mut borrower, 2 + KEPT_SAVED_MS).is_some());
        if answered {
            borrower.on_later(at(3 + KEPT_SAVED_MS), PEER, 500);
        }
        borrower.gone(at(11_000), PEER);
        borrower.on_offer(at(12_000 + later), PEER, &offer(100));
        assert_eq!(brought(&borrower.wake(at(12_000 + later))).is_empty(), answered || later > 0);
    }
    let mut borrower = borrower();
    assert!(asks(&mut borrower, 1).is_some());
    borrower.on_grant(at(1), PEER, grant(1, 2));
    let task = borrower.next(2).unwrap();
    borrower.done(at(2), &task, Some(&made(&task)));
    borrower.expelled(at(3), PEER);
    borrower.on_offer(at(4), PEER, &offer(100));
    assert_eq!(borrower.wake(at(4)), [], "it may lend nothing any more");
}

#[test]
fn a_task_of_before_a_break_is_counted_off_though_the_same_texts_were_lent_once_more() {
    let mut borrower = borrower();
    let vectors: Vec<Quantized> = (0..2).map(|n| embedding(n).quantize()).collect();
    assert!(asks(&mut borrower, 1).is_some());
    assert_eq!(borrower.on_grant(at(2), PEER, grant(1, 4)), None);
    let before = borrower.next(2).unwrap_or_else(|| panic!("nothing to do"));
    borrower.gone(at(10), PEER);
    borrower.on_offer(at(20), PEER, &offer(9));
    assert_eq!(asks(&mut borrower, 30), None, "its task may end in a moment");
    let again = 10 + AWAITED_MS;
    assert!(asks(&mut borrower, again).is_some());
    assert_eq!(borrower.on_grant(at(again), PEER, grant(1, 4)), None, "the same texts");
    let after = borrower.next(2).unwrap_or_else(|| panic!("nothing to do"));
    assert_eq!(borrower.done(at(again + 1), &before, Some(&vectors)), None);
    assert_eq!(borrower.texts(), 4, "that was no task of this batch");
    borrower.gone(at(again + 2), PEER);
    assert_eq!(borrower.done(at(again + 3), &after, Some(&vectors)), None);
    borrower.on_offer(at(again + 4), PEER, &offer(9));
    assert_eq!(asks(&mut borrower, again + 5), Some(PEER), "nothing of it is under way any more");
}
