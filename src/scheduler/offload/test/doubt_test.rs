//! What escapes no check: results that come while nothing is computed here, and texts whose vectors other devices made.

use super::*;
use crate::limits::{ATTEMPT_PAUSE_MS, ATTEMPT_PAUSE_MS_MAX, DOUBTS_MAX};
use crate::scheduler::offload::lendable::{OwedPart, UnprovenResults};

/// Results of a lease, all of them false but the last one.
fn lies_but_the_last(grant: &Grant) -> Results {
    let mut sent = results(grant);
    let last = sent.vectors.len() - 1;
    sent.vectors[..last].iter_mut().for_each(|sent| *sent = vector(300));
    sent
}

#[test]
fn what_comes_while_nothing_may_be_computed_here_is_drawn_for_a_check_all_the_same() {
    let mut lender = lender(40);
    let grant = granted(&mut lender, at(0), PEER);
    // It has asked a question, and this device answers that just now.
    assert!(!lender.on_results(at(100), PEER, &lies_but_the_last(&grant), false));
    assert_eq!(check_all(&mut lender, at(60_000)), [PEER], "the last one vouches for none of the others");
    assert_eq!(good(&mut lender), [0; 0]);
}

#[test]
fn one_in_fifty_of_what_waits_since_before_a_start_is_drawn_too() {
    let drawn = |seed| {
        let mut lender = Lender::new(MODEL, 0.98, seed);
        let result = |n: u64| (chunk(n), embedding(n).quantize());
        lender.restore(
            at(0),
            0,
            UnprovenResults { by: PEER, checks: 10, owed: 0, results: (0..50).map(result).collect(), banned_until: 0 },
        );
        // One of the last quarter is checked in any case.
        lender.next_check(at(0)).is_some_and(|(_, place, _)| place < 37)
    };
    let seeds = (0..100).filter(|seed| drawn(*seed)).count();
    assert!((30..80).contains(&seeds), "in some 53 of a hundred: {seeds}");
}

/// What a device is asked that may embed chunks of this one, which may embed nothing: the texts with known vectors are by these.
fn asked(by: Option<PeerKey>) -> (Lender, Grant) {
    let mut lender = lender(4);
    let known = (200..204).map(|n| Known { chunk: chunk(n), vector: embedding(n).quantize(), by });
    lender.listed(Vec::new(), known.collect(), Vec::new(), &BTreeSet::new());
    lender.on_ask(at(0), PEER, 64);
    let Some((PEER, Work::Grant(grant))) = lender.grant(at(0), 1_000, false).pop() else { panic!("no grant") };
    (lender, *grant)
}

#[test]
fn a_text_whose_vector_a_device_made_itself_vouches_for_it_only_where_there_is_no_other() {
    for (made_by, wanted) in [(OTHER, 204), (PEER, 200)] {
        let mut lender = lender(4);
        let own = |n: u64| Known { chunk: chunk(n), vector: embedding(n).quantize(), by: Some(PEER) };
        let last = Known { by: Some(made_by), ..own(204) };
        lender.listed(Vec::new(), (200..204).map(own).chain([last]).collect(), Vec::new(), &BTreeSet::new());
        lender.on_ask(at(0), PEER, 64);
        let Some((PEER, Work::Grant(grant))) = lender.grant(at(0), 1_000, false).pop() else { panic!("no grant") };
        assert!(numbers(&grant).contains(&wanted), "{grant:?}");
    }
}

#[test]
fn of_two_devices_that_made_different_vectors_of_one_text_the_one_that_is_false_is_found_by_computing_it_here() {
    for lies in [false, true] {
        // The vector of another device differs: one of the two lies.
        let (mut lender, grant) = asked(Some(OTHER));
        let mut sent = results(&grant);
        let places: Vec<usize> = (0..sent.vectors.len()).filter(|at| numbers(&grant)[*at] >= 200).collect();
        assert!(!places.is_empty());
        places.iter().for_each(|place| sent.vectors[*place] = vector(300));
        assert!(!lender.on_results(at(100), PEER, &sent, false), "which of them is not known yet");
        assert!(
            lender.any_held() && good(&mut lender).is_empty(),
            "another text with a known vector vouches for nothing"
        );
        let mut found = Vec::new();
        for task in 0.. {
            let Some((peer, place, text)) = lender.next_check(at(200)) else { break };
            lender.begin_check(peer, place, TaskId(task));
            let n: u64 = text.text.strip_prefix("text ").unwrap().parse().unwrap();
            // Where this device computes what it sent, it is the other one that has lied.
            let own = if n >= 200 && !lies { 300 } else { n };
            found.extend(lender.end_check(TaskId(task), Some(&embedding(own)), |_| false).flatten());
            if found.contains(&PEER) {
                break;
            }
        }
        found.dedup();
        assert_eq!(found, [if lies { PEER } else { OTHER }], "one of the two is named");
        let accused = lender.take_accused(&[PEER, OTHER]);
        assert_eq!(accused.is_empty(), lies, "the stored vector goes with its maker: {accused:?}");
        assert!(accused.iter().all(|(by, row)| *by == OTHER && row.0 >= 200));
        let good = good(&mut lender);
        assert!(good.iter().all(|row| *row < 200), "what is known is not stored again: {good:?}");
        assert_eq!(good.len() == LEASE_FIRST, !lies, "{good:?}");
    }
}

#[test]
fn what_a_device_made_before_a_start_waits_for_its_check_though_it_is_seen_or_down_and_not_once_it_may_work_no_more() {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    let result = |n: u64| (chunk(n), embedding(n).quantize());
    let twice = (Lendable { doc: DocId(9), row: Row(9), ..chunk(0) }, embedding(0).quantize());
    let results = (0..8).map(result).chain([twice]).collect();
    let here = lender.restore(at(0), 0, UnprovenResults { by: PEER, checks: 10, owed: 0, results, banned_until: 0 });
    assert_eq!(here, (0..8).map(DocId).collect(), "the second of one text is done again, and its document is free");
    lender.seen(PEER);
    lender.down(PEER);
    assert_eq!((lender.freed(), lender.again_counts().unproven), (Vec::new(), 0));
    while lender.any_held() {
        assert_eq!(check_all(&mut lender, at(60_000)), []);
    }
    assert_eq!(good(&mut lender), (0..8).collect::<Vec<_>>());
    lender.restore(
        at(0),
        0,
        UnprovenResults { by: OTHER, checks: 10, owed: 0, results: (20..28).map(result).collect(), banned_until: 0 },
    );
    lender.expelled(at(0), OTHER);
    assert_eq!((lender.freed(), lender.again_counts().unproven), ((20..28).map(DocId).collect(), 8));
}

#[test]
fn what_comes_after_a_doubt_is_vouched_for_in_a_pause_and_all_of_it_is_owed_a_check() {
    let (mut lender, grant) = asked(Some(OTHER));
    let mut sent = results(&grant);
    let numbers = numbers(&grant);
    let places = (0..sent.vectors.len()).filter(|at| numbers[*at] >= 200);
    places.for_each(|place| sent.vectors[place] = vector(300));
    assert!(!lender.on_results(at(100), PEER, &sent, false));
    assert!(lender.any_wait_for_known(false));
    let known = Known { chunk: chunk(210), vector: embedding(210).quantize(), by: None };
    lender.listed(Vec::new(), vec![known], Vec::new(), &BTreeSet::new());
    lender.on_ask(at(200), PEER, 64);
    let Some((PEER, Work::Grant(alone))) = lender.grant(at(200), 0, false).pop() else { panic!("no grant") };
    assert_eq!(self::numbers(&alone), [210], "one that this device made itself comes first");
    assert!(!lender.on_results(at(300), PEER, &results(&alone), false));
    let good = lender.take_good(usize::MAX);
    assert_eq!(good.len(), LEASE_FIRST);
    assert!(good.iter().all(|good| good.is_owed));
    assert!(lender.any_held() && !lender.any_wait_for_known(false), "the doubt waits");
}

#[test]
fn of_a_device_that_contradicts_another_each_time_few_vectors_wait_and_it_is_asked_no_more() {
    let (mut lender, grant) = asked(Some(OTHER));
    let mut sent = results(&grant);
    let numbers = numbers(&grant);
    let places = (0..sent.vectors.len()).filter(|at| numbers[*at] >= 200);
    places.for_each(|place| sent.vectors[place] = vector(300));
    assert!(!lender.on_results(at(100), PEER, &sent, false));
    let mut alone = 0;
    for n in 210..310 {
        let known = Known { chunk: chunk(n), vector: embedding(n).quantize(), by: Some(OTHER) };
        lender.listed(Vec::new(), vec![known], Vec::new(), &BTreeSet::new());
        lender.on_ask(at(n), PEER, 64);
        let Some((PEER, Work::Grant(grant))) = lender.grant(at(n), 0, false).pop() else { continue };
        alone += 1;
        let garbage = Results { vectors: vec![vector(300); grant.texts.len()], ..results(&grant) };
        assert!(!lender.on_results(at(n), PEER, &garbage, false));
    }
    assert!((1..DOUBTS_MAX).contains(&alone), "{alone}");
    assert!(lender.any_held() && !lender.any_wait_for_known(false));
    lender.ban(at(400), OTHER);
    assert!(lender.any_wait_for_known(false), "whom it contradicted is false, so it may be honest");
    let third = PeerKey([7; 32]);
    let mut again = 0;
    for n in 410..510 {
        let known = Known { chunk: chunk(n), vector: embedding(n).quantize(), by: Some(third) };
        lender.listed(Vec::new(), vec![known], Vec::new(), &BTreeSet::new());
        lender.on_ask(at(n), PEER, 64);
        let Some((PEER, Work::Grant(grant))) = lender.grant(at(n), 0, false).pop() else { continue };
        again += 1;
        let garbage = Results { vectors: vec![vector(300); grant.texts.len()], ..results(&grant) };
        assert!(!lender.on_results(at(n), PEER, &garbage, false));
    }
    assert!((1..=DOUBTS_MAX).contains(&again), "it contradicts the next one too: {again}");
    assert!(!lender.any_wait_for_known(false));
    assert_eq!(check_all(&mut lender, at(60_000)), [PEER], "those tell enough");
}

#[test]
fn a_text_whose_vector_is_known_vouches_for_nothing_where_results_are_computed_here() {
    let mut seen = 0;
    for seed in 0..400 {
        let mut lender = Lender::new(MODEL, 0.98, seed);
        let proven = UnprovenResults { by: PEER, checks: 10, owed: 0, results: Vec::new(), banned_until: 0 };
        lender.restore(at(0), 0, proven);
        lender.linked(PEER);
        list(&mut lender, 0..40);
        let known = (200..216).map(|n| Known { chunk: chunk(n), vector: embedding(n).quantize(), by: None });
        lender.listed(Vec::new(), known.collect(), Vec::new(), &BTreeSet::new());
        let grant = granted(&mut lender, at(0), PEER);
        // It knows which text it is, and lies about all others.
        let lie = |n: u64| vector(if n < 200 { 300 } else { n });
        let sent = Results { vectors: numbers(&grant).into_iter().map(lie).collect(), ..results(&grant) };
        assert!(!lender.on_results(at(100), PEER, &sent, true));
        assert_eq!(good(&mut lender), [0; 0], "seed {seed}");
        seen += u64::from(numbers(&grant).iter().any(|n| *n >= 200));
        assert_eq!(check_all(&mut lender, at(60_000)), [PEER], "seed {seed}");
    }
    assert!(seen > 4, "{seen}");
}

#[test]
fn devices_whose_results_are_owed_a_check_take_turns() {
    let mut lender = lender(4);
    for by in [OTHER, PEER] {
        lender.stored(by, Row(0), true);
    }
    for by in [PEER, OTHER, PEER] {
        assert_eq!(lender.next_owed().map(|(by, _)| by), Some(by));
        lender.on_owed(at(1), by, Some(OwedPart { by, ..part(&[(1, 1)]) }));
        assert_eq!(computed(&mut lender), None);
    }
}

/// A part of what is owed a check of a device: the texts of these numbers, with the vectors of those.
fn part(texts: &[(u64, u64)]) -> OwedPart {
    let texts: Vec<_> = texts.iter().map(|(n, made)| (chunk(*n), embedding(*made).quantize())).collect();
    OwedPart { by: PEER, rows: (0..40).map(Row).collect(), has_texts: !texts.is_empty(), texts }
}

/// Computes all texts of the part here; gives who is found false.
fn computed(lender: &mut Lender) -> Option<PeerKey> {
    for task in 1_000.. {
        let text = lender.next_owed_check(at(1))?;
        lender.begin_owed_check(TaskId(task));
        let n = text.text.strip_prefix("text ").and_then(|n| n.parse().ok()).unwrap();
        let found =
            lender.end_check(TaskId(task), Some(&embedding(n)), |_| false).unwrap_or_else(|| panic!("no check"));
        if found.is_some() {
            return found;
        }
    }
    None
}

#[test]
fn what_is_owed_a_check_is_settled_by_good_ones_and_deleted_by_a_false_one() {
    for lies in [false, true] {
        let mut lender = lender(4);
        (0..40).for_each(|_| lender.stored(PEER, Row(0), true));
        assert_eq!(lender.next_owed().map(|(by, _)| by), Some(PEER));
        assert_eq!(lender.next_owed(), None, "once at a time");
        lender.on_owed(at(1), PEER, Some(part(&[(1, 1), (2, if lies { 300 } else { 2 }), (3, 3)])));
        assert_eq!(computed(&mut lender), lies.then_some(PEER));
        if lies {
            lender.ban(at(1), PEER);
            assert_eq!((lender.take_settled(), lender.next_owed()), (vec![], None));
            assert_eq!(lender.take_disproven(), [PEER]);
            continue;
        }
        assert_eq!(lender.take_settled(), [(PEER, (0..40).map(Row).collect())]);
        // More came while that was read.
        assert!(lender.next_owed().is_some());
        lender.stored(PEER, Row(0), true);
        lender.on_owed(at(1), PEER, Some(part(&[]).without_rows()));
        assert!(lender.next_owed().is_some());
        lender.on_owed(at(1), PEER, Some(part(&[]).without_rows()));
        assert_eq!(lender.next_owed(), None, "the store has no more");
    }
}

/// No text of the next part can be computed here.
fn none_computed(lender: &mut Lender, now: u64) {
    assert_eq!(lender.next_owed().map(|(by, _)| by), Some(PEER));
    lender.on_owed(at(now), PEER, Some(part(&[(1, 1), (2, 2)])));
    for task in 0..2 {
        assert!(lender.next_owed_check(at(now)).is_some());
        lender.begin_owed_check(TaskId(task));
        lender.note_why(TaskId(task), "A passage could not be embedded: it is too hot.");
        lender.note_why(TaskId(9), "Another task.");
        assert_eq!(lender.end_check(TaskId(task), None, |_| false), Some(None));
    }
    assert_eq!(lender.next_owed_check(at(now)), None);
}

#[test]
fn a_part_of_which_nothing_can_be_computed_here_is_not_settled_and_tried_ever_more_seldom() {
    let mut lender = lender(4);
    lender.stored(PEER, Row(0), true);
    let (mut now, mut pauses) = (1, Vec::new());
    for attempt in 1..=6 {
        none_computed(&mut lender, now);
        assert_eq!((lender.take_settled(), lender.next_owed()), (vec![], None));
        let owed = lender.lent(at(now)).find(|lent| lent.peer == PEER).map_or(0, |lent| lent.owed);
        assert_eq!(owed, 40, "its copies too, as they were read");
        let rest = lender.owed_rest(PEER).unwrap_or_else(|| panic!("it rests"));
        assert_eq!((rest.attempts, &*rest.why), (attempt, "A passage could not be embedded: it is too hot."));
        let until = rest.until;
        assert_eq!(lender.deadline(true), Some(until));
        pauses.push(until.since(at(now)).as_millis());
        now = u64::try_from(until.since(Instant::ZERO).as_millis()).unwrap_or(0);
        lender.wake(at(now - 1));
        assert_eq!(lender.next_owed(), None);
        lender.wake(at(now));
    }
    let (first, last) = (u128::from(ATTEMPT_PAUSE_MS), u128::from(ATTEMPT_PAUSE_MS_MAX));
    assert!(pauses[0] == first && pauses[5] == last && pauses.is_sorted(), "{pauses:?}");
    // What one device owes holds up no other.
    none_computed(&mut lender, now);
    lender.stored(OTHER, Row(1), true);
    assert_eq!(lender.next_owed().map(|(by, _)| by), Some(OTHER));
    lender.on_owed(at(now), OTHER, None);
    assert!(lender.owed_rest(OTHER).is_some_and(|rest| rest.attempts == 1), "it cannot be read");
    now += ATTEMPT_PAUSE_MS_MAX;
    lender.wake(at(now));
    assert_eq!(lender.next_owed().map(|(by, _)| by), Some(PEER));
    lender.on_owed(at(now), PEER, Some(part(&[(1, 1)])));
    assert_eq!((computed(&mut lender), lender.owed_rest(PEER)), (None, None), "that is over");
}

#[test]
fn what_a_device_made_and_cannot_be_computed_here_may_be_anothers_once_its_document_has_failed_here() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_results(at(1), PEER, &results(&grant), true);
    let (peer, place, text) = lender.next_check(at(1)).unwrap_or_else(|| panic!("the first are checked"));
    lender.begin_check(peer, place, TaskId(1));
    assert_eq!(lender.end_check(TaskId(1), None, |_| false), Some(None));
    let n: u64 = text.text.strip_prefix("text ").and_then(|n| n.parse().ok()).unwrap_or(0);
    assert_eq!(lender.freed(), [DocId(n)], "its document is this device's own work");
    let (always, failed) = lender.home();
    assert!(always.is_empty() && failed.contains(&chunk(n).key), "{always:?} {failed:?}");
}

#[test]
fn what_came_to_the_disk_after_its_maker_was_found_false_is_deleted_and_counts_no_more() {
    let mut lender = lender(4);
    let owed = |lender: &Lender| lender.lent(at(2)).find(|lent| lent.peer == PEER).map_or(0, |lent| lent.owed);
    lender.stored(PEER, Row(0), true);
    lender.ban(at(1), PEER);
    lender.stored(PEER, Row(1), true);
    assert_eq!(owed(&lender), 1, "it is deleted next");
    lender.owes_nothing(PEER);
    assert_eq!(owed(&lender), 0);
}

impl OwedPart {
    fn without_rows(self) -> Self {
        Self { rows: Vec::new(), ..self }
    }
}
