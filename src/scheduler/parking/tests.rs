//! When a document that fails is parked, and when it is tried again.

use super::*;

const DOC: DocId = DocId(7);

const fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn peer(n: u8) -> PeerKey {
    PeerKey([n; 32])
}

fn key(n: u8) -> EmbedKey {
    EmbedKey([n; 16])
}

/// Other devices that could not embed texts of the document: each with the text's number.
fn there(parking: &mut Parking, failures: &[(u8, u8)]) {
    for (by, text) in failures {
        parking.failed_there(at(1), DOC, &OtherFailure { by: peer(*by), key: key(*text), why: "no" });
    }
}

/// How many attempts here it takes until the document is parked, at most so many.
fn attempts_here(parking: &mut Parking, others: bool, most: usize) -> Option<usize> {
    (1..=most).find(|n| parking.failed(at(*n as u64), DOC, "no", others) == Then::Park)
}

/// Who failed, of the document that is parked next.
fn failed_by(parking: &mut Parking) -> Vec<Option<PeerKey>> {
    let Some(Task::Park { attempts, .. }) = parking.next() else { panic!("it is not parked") };
    attempts.into_iter().map(|attempt| attempt.by).collect()
}

#[test]
fn five_attempts_park_a_document_after_pauses_that_grow() {
    let mut parking = Parking::default();
    let pauses: Vec<Then> = (1..5).map(|n| parking.failed(at(n), DOC, "no", false)).collect();
    let rest = |seconds| Then::Rest(Duration::from_secs(seconds));
    assert_eq!(pauses, [rest(10), rest(40), rest(160), rest(480)]);
    assert_eq!(parking.failed(at(5), DOC, "no", false), Then::Park);
    assert_eq!(failed_by(&mut parking), [None; ATTEMPTS_MAX]);
    assert_eq!(pause(1_000), Duration::from_millis(ATTEMPT_PAUSE_MS_MAX));
}

#[test]
fn where_another_device_is_to_be_had_one_document_is_parked_by_two_unless_nobody_takes_it() {
    let mut parking = Parking::default();
    assert_eq!(attempts_here(&mut parking, true, 7), None);
    assert_eq!(parking.wanting_another().collect::<Vec<_>>(), [DOC]);
    there(&mut parking, &[(1, 1)]);
    assert_eq!(parking.wanting_another().count(), 0);
    assert_eq!(attempts_here(&mut parking, true, 1), Some(1));
    assert_eq!(failed_by(&mut parking).iter().flatten().count(), 1, "the other one is named");
    let mut parking = Parking::default();
    assert_eq!(attempts_here(&mut parking, true, 20), Some(ATTEMPTS_ALONE_MAX), "it is to be had by its word only");
    let mut parking = Parking::default();
    parking.failed(at(0), DOC, "no", true);
    parking.is_only_here(DOC);
    assert_eq!(attempts_here(&mut parking, true, 20), Some(ATTEMPTS_MAX - 1), "others may not have it");
}

#[test]
fn no_device_has_a_document_parked_at_will() {
    let mut parking = Parking::default();
    there(&mut parking, &[(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6)]);
    assert_eq!(attempts_here(&mut parking, true, 20), Some(ATTEMPTS_MAX - 1), "a device counts once");
    assert_eq!(failed_by(&mut parking), [Some(peer(1)), None, None, None, None]);
    let mut parking = Parking::default();
    there(&mut parking, &[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)]);
    assert_eq!(attempts_here(&mut parking, true, 20), Some(3), "and beside one of this device's only");
    assert_eq!(failed_by(&mut parking), [Some(peer(6)), Some(peer(7)), None, None, None]);
}

#[test]
fn a_success_clears_the_failures_of_its_text() {
    let mut parking = Parking::default();
    there(&mut parking, &[(1, 1), (2, 2)]);
    parking.failed(at(2), DOC, "no", false);
    parking.succeeded(DOC);
    parking.embedded(DOC, key(1));
    assert_eq!(attempts_here(&mut parking, false, 20), Some(ATTEMPTS_MAX - 1));
    assert_eq!(failed_by(&mut parking)[0], Some(peer(2)), "whose text was not embedded");
    there(&mut parking, &[(1, 1)]);
    parking.embedded(DOC, key(1));
    assert!(parking.failing.is_empty());
}

#[test]
fn where_more_fail_than_there_is_room_for_the_eldest_attempts_make_room_and_none_is_parked_after_one() {
    let mut parking = Parking::default();
    for doc in 0..FAILING_MAX as u64 {
        assert!(matches!(parking.failed(at(doc), DocId(1_000 + doc), "no", false), Then::Rest(_)));
    }
    let failure = OtherFailure { by: peer(1), key: key(1), why: "no" };
    parking.failed_there(at(5_000), DOC, &failure);
    assert_eq!((parking.take_forgotten(), parking.pause()), (vec![], None), "others push nothing out");
    assert_eq!(parking.failed(at(5_000), DOC, "no", false), Then::Rest(pause(1)));
    assert_eq!((parking.take_forgotten(), parking.failing.len()), (vec![DocId(1_000)], FAILING_MAX));
    assert!(parking.next().is_none());
    // All fail on and on, and more than fit: this device pauses in between.
    assert_eq!(parking.pause(), Some(at(5_000 + ATTEMPT_PAUSE_MS)));
    parking.wake(at(5_000 + ATTEMPT_PAUSE_MS));
    assert_eq!(parking.pause(), None);
}

#[test]
fn no_more_are_parked_than_there_is_room_for_and_the_rest_is_tried_seldom_and_counted() {
    let mut parking = Parking::default();
    let park = |parking: &mut Parking, doc: u64| {
        (0..ATTEMPTS_MAX).map(|_| parking.failed(at(1), DocId(doc), "no", false)).last() == Some(Then::Park)
    };
    // Those that a task parks count, and those that a save does.
    let parked = (0..PARKED_MAX as u64 + 9).filter(|doc| park(&mut parking, *doc)).count();
    assert_eq!((parked, parking.without_room()), (PARKED_MAX, 9));
    while parking.next().is_some() {}
    assert!(!park(&mut parking, 5_000));
    parking.begin(DocId(0), ParkedTask::default());
    assert!(!park(&mut parking, 5_001));
    parking.is_now(DocId(0), Some(Kind::Parked));
    parking.ended(DocId(0));
    assert!(!park(&mut parking, 5_002));
    for _ in 0..20 {
        parking.failed(at(2), DocId(5_000), "no", false);
    }
    let seldom = Then::Rest(Duration::from_millis(ATTEMPT_PAUSE_MS_MAX));
    assert_eq!(parking.failed(at(2), DocId(5_000), "no", false), seldom);
    parking.is_now(DocId(0), Some(Kind::Waiting));
    assert_eq!(parking.failed(at(3), DocId(5_000), "no", false), Then::Park, "there is room again");
}

#[test]
fn attempts_of_before_a_restart_count_and_are_told_with_their_time() {
    let mut before = Parking::default();
    (1..4).for_each(|n| _ = before.failed(at(n * 1_000), DOC, "no", false));
    there(&mut before, &[(1, 1)]);
    let stored =
        before.keep(DOC, |at| Some(1_000 + i64::try_from(at.since(Instant::ZERO).as_secs()).unwrap())).unwrap();
    assert_eq!((stored.here, stored.attempts.len()), (3, 4));
    let mut parking = Parking::new(at(0), Vec::new(), vec![(DOC, stored)]);
    let again = parking.keep(DOC, |_| Some(9_999)).unwrap();
    assert_eq!(again.attempts[0].attempt.at, 1_001, "a second restart changes no time");
    assert_eq!(parking.failed(at(5_000), DOC, "no", false), Then::Park, "four here and one there");
    let Some(Task::Park { attempts, .. }) = parking.next() else { panic!("it is not parked") };
    let times: Vec<Option<i64>> = attempts.iter().map(|attempt| attempt.at).collect();
    assert_eq!(times, [Some(1_001), Some(1_002), Some(1_003), Some(1_000), None]);
    assert!(parking.keep(DOC, |_| Some(0)).is_none(), "its parking is stored instead");
}

#[test]
fn what_succeeded_has_no_record_any_more_and_what_failed_at_others_only_never_had_one() {
    let mut parking = Parking::default();
    there(&mut parking, &[(1, 1)]);
    assert!(parking.keep(DOC, |_| Some(0)).is_none(), "no other device has this one write");
    parking.failed(at(1), DOC, "no", false);
    assert!(parking.keep(DOC, |_| Some(0)).is_some());
    assert!(parking.succeeded(DOC) && !parking.succeeded(DOC), "the record is deleted once");
}

#[test]
fn an_attempt_of_an_unknown_time_is_told_after_a_restart_with_that_of_the_start() {
    let mut before = Parking::default();
    _ = before.failed(at(1_000), DOC, "no", false);
    let stored = before.keep(DOC, |_| None).unwrap();
    let restored = Failing::restored(at(50), stored.clone());
    assert_eq!(restored.failures.iter().map(|failure| failure.before).collect::<Vec<_>>(), [None], "not that of 1970");
    assert_eq!(stored.attempts.len(), 1);
}
