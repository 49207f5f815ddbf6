//! Who joins where all places for guests are taken.

use super::joining_test::{Seeker, place};
use super::*;
use crate::limits::{JOIN_CANDIDATES_MAX, JOIN_MS, JOIN_TURNED_AWAY_MS};

#[test]
fn a_device_without_a_place_for_a_guest_is_dialled_again_until_the_time_is_over_and_another_one_meanwhile() {
    let mut seeker = Seeker::new(false, &[]);
    seeker.does(|join, now, out| join.found(now, place(1, None), out));
    let turned_away = |seeker: &mut Seeker| seeker.does(|join, now, out| join.lost(now, Lost::TurnedAway, out));
    let mut dials = 1;
    let end = loop {
        assert_eq!(turned_away(&mut seeker), [JoinEffect::HangUp]);
        assert!(seeker.join.waits(seeker.now).is_some(), "its owner is told that it waits");
        let effects = seeker.after(JOIN_TURNED_AWAY_MS);
        match &effects[..] {
            [JoinEffect::Dial(again)] if *again == place(1, None) => dials += 1,
            other => break other.to_vec(),
        }
        assert!(dials < 100);
    };
    assert_eq!(end, [JoinEffect::Failed(Failure::Busy)]);
    assert!(seeker.now <= Instant::from_millis(JOIN_MS) && dials > 10, "{dials}");

    let mut seeker = Seeker::new(false, &[]);
    seeker.does(|join, now, out| join.found(now, place(1, None), out));
    seeker.does(|join, now, out| join.found(now, place(2, None), out));
    let dial = |n| JoinEffect::Dial(place(n, None));
    assert_eq!(turned_away(&mut seeker), [JoinEffect::HangUp, dial(2)], "one that was never tried waits for nothing");
    for n in [1, 2, 1] {
        assert_eq!(turned_away(&mut seeker), [JoinEffect::HangUp]);
        assert_eq!(seeker.after(JOIN_TURNED_AWAY_MS / 2), [dial(n)], "each as often as if it were alone");
    }
}

/// When it dials what, with so many places that answer as `answer` says, until it gives up.
fn dials_of(places: u8, answer: impl Fn(&mut Seeker) -> Vec<JoinEffect>) -> Vec<(u64, Candidate)> {
    let (mut seeker, mut dialled) = (Seeker::new(false, &[]), Vec::new());
    let found = |n| seeker.does(|join, now, out| join.found(now, place(n, None), out));
    let mut effects: Vec<JoinEffect> = (1..=places).flat_map(found).collect();
    while !effects.contains(&JoinEffect::Failed(Failure::Busy)) {
        let dial = effects.iter().find_map(|effect| match effect {
            JoinEffect::Dial(candidate) => Some(*candidate),
            _ => None,
        });
        if let Some(candidate) = dial {
            dialled.push((seeker.now.millis(), candidate));
            effects = answer(&mut seeker);
        } else {
            let due = seeker.join.deadline().unwrap();
            effects = seeker.after(due.millis() - seeker.now.millis());
        }
        assert!(dialled.len() < 100);
    }
    assert_eq!(seeker.now, Instant::from_millis(JOIN_MS), "{dialled:?}");
    dialled
}

#[test]
fn a_device_that_is_turned_away_comes_again_for_the_whole_minute_however_many_places_it_knows() {
    let turned_away = |seeker: &mut Seeker| seeker.does(|join, now, out| join.lost(now, Lost::TurnedAway, out));
    let busy = |seeker: &mut Seeker| {
        seeker.does(|join, now, out| join.linked(now, ADMIN, Encoding::Postcard, out));
        seeker.refused(Refusal::Busy)
    };
    let last = |dialled: &[(u64, Candidate)]| dialled.last().map_or(0, |(at, _)| *at);
    for places in [1, 2, 3, u8::try_from(JOIN_CANDIDATES_MAX).unwrap()] {
        let dialled = dials_of(places, turned_away);
        assert!(last(&dialled) + 2 * JOIN_TURNED_AWAY_MS > JOIN_MS, "{places}: {dialled:?}");
        let of = |n| dialled.iter().filter(move |(_, at)| *at == place(n, None)).count();
        assert!((1..=places).all(|n| of(n) >= 2 && of(n).abs_diff(of(1)) <= 1), "{places}: {dialled:?}");
    }
    let dialled = dials_of(1, busy);
    assert!(last(&dialled) + 2 * JOIN_TURNED_AWAY_MS > JOIN_MS, "one that lets another in, too: {dialled:?}");
}
