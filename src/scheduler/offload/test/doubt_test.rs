//! What escapes no check: results that come while nothing is computed here, and texts whose vectors other devices made.

use super::*;
use crate::scheduler::offload::lendable::UnprovenResults;

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
        lender.restore(at(0), UnprovenResults { by: PEER, checks: 10, results: (0..50).map(result).collect() });
        lender.next_check(at(0)).is_some()
    };
    let seeds = (0..100).filter(|seed| drawn(*seed)).count();
    assert!((40..90).contains(&seeds), "in some 63 of a hundred: {seeds}");
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
        lender.on_ask(at(150), PEER, 64);
        let more = lender.grant(at(150), 1_000, false);
        assert!(!more.iter().any(|(_, work)| matches!(work, Work::Grant(_))) || lender.any_held(), "{more:?}");
        let mut found = Vec::new();
        for task in 0.. {
            let Some((peer, place, text)) = lender.next_check(at(200)) else { break };
            lender.begin_check(peer, place, TaskId(task));
            let n: u64 = text.text.strip_prefix("text ").unwrap().parse().unwrap();
            // Where this device computes what it sent, it is the other one that has lied.
            let own = if n >= 200 && !lies { 300 } else { n };
            found.extend(lender.end_check(TaskId(task), Some(&embedding(own))).flatten());
            if !found.is_empty() {
                break;
            }
        }
        assert_eq!(found, if lies { vec![PEER] } else { Vec::new() });
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
    let here = lender.restore(at(0), UnprovenResults { by: PEER, checks: 10, results });
    assert_eq!(here, (0..8).map(DocId).collect(), "the second of one text is done again, and its document is free");
    lender.seen(PEER);
    lender.down(PEER);
    assert_eq!((lender.freed(), lender.again_counts().unproven), (Vec::new(), 0));
    while lender.any_held() {
        assert_eq!(check_all(&mut lender, at(60_000)), []);
    }
    assert_eq!(good(&mut lender), (0..8).collect::<Vec<_>>());
    lender.restore(at(0), UnprovenResults { by: OTHER, checks: 10, results: (20..28).map(result).collect() });
    lender.expelled(OTHER);
    assert_eq!((lender.freed(), lender.again_counts().unproven), ((20..28).map(DocId).collect(), 8));
}
