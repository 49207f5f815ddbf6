//! What this device embeds of what others have: whose vector is stored, and what is counted.

use super::*;
use crate::limits::{ASK_ANSWER_MS, LATER_MS, RESULTS_MAX, WORD_MS};
use crate::scheduler::offload::lender::again::Again;
use crate::scheduler::offload::recipient::Recipient;
use crate::wire::work::{Kept, KeptResult};
use std::collections::BTreeSet;

/// A side whose chunks a device has for too long, so that this device embeds them too.
fn late(chunks: u64) -> (Lender, Grant, Vec<Lendable>) {
    let mut lender = lender(chunks);
    let grant = granted(&mut lender, at(0), PEER);
    let rest = lender.take_here(64, |_| true);
    let vectors = rest.iter().map(|chunk| embedding(chunk.row.0).quantize()).collect();
    lender.embedded_here(rest, vectors);
    good(&mut lender);
    lender.on_renew(at(4_500), PEER, grant.batch);
    lender.wake(at(4_500));
    let late = lender.take_here(64, |_| true);
    assert_eq!(late.len(), numbers(&grant).len());
    (lender, grant, late)
}

fn embedded(lender: &mut Lender, chunks: Vec<Lendable>) -> Vec<u64> {
    let vectors = chunks.iter().map(|chunk| embedding(chunk.row.0).quantize()).collect();
    lender.embedded_here(chunks, vectors);
    let mut good = good(lender);
    good.sort_unstable();
    good
}

#[test]
fn a_local_result_whose_lease_ended_meanwhile_is_stored() {
    // Its chunks wait for another device by then, or that one has them.
    for is_lent in [false, true] {
        let (mut lender, grant, late) = late(4);
        lender.down(PEER);
        if is_lent {
            granted(&mut lender, at(4_600), OTHER);
        }
        assert_eq!(embedded(&mut lender, late), numbers(&grant), "{is_lent}");
        assert_eq!((lender.again_counts().hedged, lender.again_counts().late), (0, 0));
        assert_eq!(lender.take_here(64, |_| true), [], "and nobody does it once more");
    }
    // They are embedded here only by then, or all leases ended.
    let (mut lender, grant, late) = late(4);
    lender.down(PEER);
    granted(&mut lender, at(4_600), OTHER);
    lender.down(OTHER);
    assert_eq!(embedded(&mut lender, late), numbers(&grant));
    let (mut lender, grant, late) = self::late(4);
    lender.end_all();
    assert_eq!(embedded(&mut lender, late), numbers(&grant));
    assert_eq!(lender.again_counts().hedged, 0);
}

#[test]
fn what_came_first_and_what_nobody_wants_any_more_are_counted_apart() {
    let (mut lender, grant, late) = late(4);
    let first = Results { vectors: vec![vector(0)], ..results(&grant) };
    lender.on_results(at(4_600), PEER, &first, true);
    lender.forget_document(DocId(1));
    let own = embedded(&mut lender, late);
    assert!(!own.contains(&0) && !own.contains(&1), "{own:?}");
    assert_eq!((lender.again_counts().hedged, lender.again_counts().late), (1, 1));
}

#[test]
fn what_could_not_be_embedded_here_is_lent_once_its_document_is_to_be_tried_elsewhere() {
    let mut lender = lender(1);
    let here = lender.take_here(8, |doc| doc != DocId(0));
    assert_eq!(here, [], "it rests");
    let here = lender.take_here(8, |_| true);
    lender.not_embedded_here(&here);
    assert_eq!(lender.freed(), [DocId(0)]);
    list(&mut lender, [0]);
    assert!(!lender.has(DocId(0)), "it is tried here first");
    lender.hold(DocId(0));
    lender.listed(here, Vec::new(), Vec::new(), &BTreeSet::from([DocId(0)]));
    lender.let_go(DocId(0));
    assert_eq!(numbers(&granted(&mut lender, at(1), PEER)), [0]);
}

#[test]
fn results_of_batches_that_a_device_never_had_are_in_no_count_and_late_ones_are_counted_once() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    let made_up = Results { batch: BatchId([9; 16]), ..results(&grant) };
    lender.on_results(at(1), PEER, &made_up, true);
    assert_eq!(lender.again_counts().late, 0);
    lender.wake(at(u64::from(grant.lease_ms)));
    (0..3).for_each(|n| _ = lender.on_results(at(60_000 + n), PEER, &results(&grant), true));
    lender.on_results(at(70_000), OTHER, &results(&grant), true);
    assert_eq!(
        lender.again_counts(),
        Again { late: grant.texts.len() as u64, ..Again::default() },
        "none of them is lost as well"
    );
}

#[test]
fn each_further_embedding_is_counted_once_whenever_what_a_device_made_comes() {
    // It has made so many texts of its lease when that ends by its time or its link; then another device gets them, or not yet; and what it made comes.
    for (made, broke, lent_first) in
        (0..=4).flat_map(|made| [(made, false, false), (made, true, false), (made, true, true)])
    {
        let mut lender = lender(4);
        let grant = granted(&mut lender, at(0), PEER);
        if broke {
            lender.unlinked(at(900), PEER);
        }
        let until = u64::from(grant.lease_ms);
        lender.wake(at(until));
        let mut embedded = made;
        let mut other = |lender: &mut Lender, now| {
            lender.wake(at(now + 20_000));
            let grant = granted(lender, at(now + 20_000), OTHER);
            embedded += grant.texts.len();
            lender.on_results(at(now + 20_001), OTHER, &results(&grant), true);
        };
        if !broke || lent_first {
            other(&mut lender, until);
        }
        lender.linked(PEER);
        let texts = numbers(&grant)[..made].to_vec();
        if broke {
            let results = texts.iter().map(|n| KeptResult { text: chunk(*n).key, vector: vector(*n) }).collect();
            lender.on_kept(at(until + 30_000), PEER, &Kept { results });
        } else {
            let vectors = texts.iter().map(|n| vector(*n)).collect();
            lender.on_results(at(until + 30_000), PEER, &Results { vectors, ..results(&grant) }, true);
        }
        lender.on_ask(at(until + 30_001), PEER, 64);
        lender.keep_asks(&[]);
        if broke && !lent_first && made < 4 {
            other(&mut lender, until + 30_000);
        }
        let further = (embedded - 4) as u64;
        assert_eq!(lender.again_counts().sum(), further, "{made} {broke} {lent_first}: {:?}", lender.again_counts());
    }
}

#[test]
fn what_a_device_made_that_was_down_stays_lost_though_it_asks_for_more() {
    let mut lender = lender(4);
    granted(&mut lender, at(0), PEER);
    lender.down(PEER);
    lender.on_ask(at(1), PEER, 64);
    assert_eq!(lender.again_counts().lost, 4);
}

#[test]
fn a_device_whose_results_are_overdue_is_silent_until_a_word_of_it_comes() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    let silent = |lender: &Lender, ms: u64| lender.lent(at(ms)).find_map(|lent| lent.silent);
    assert_eq!(silent(&lender, 100), Some((Duration::from_millis(100), false)));
    // Before the third of the lease it would renew it.
    let due = u64::from(grant.lease_ms) / 3 + WORD_MS + 1;
    assert_eq!(silent(&lender, due), Some((Duration::from_millis(due), true)));
    lender.heard(at(due), PEER);
    assert_eq!(silent(&lender, due + 1), Some((Duration::from_millis(1), false)));
    lender.on_results(at(due + 1), PEER, &results(&grant), true);
    assert_eq!(silent(&lender, 60_000), None, "it has nothing, and owes no word");
}

#[test]
fn results_that_a_device_repeats_while_it_has_the_lease_are_counted_as_often_as_there_are_texts() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    let first = Results { vectors: vec![vector(numbers(&grant)[0])], ..results(&grant) };
    (0..100).for_each(|n| _ = lender.on_results(at(1 + n), PEER, &first, true));
    assert_eq!(lender.again_counts().late, grant.texts.len() as u64);
}

#[test]
fn what_a_device_may_have_embedded_and_not_sent_is_counted_as_lost_and_what_it_had_not_begun_is_not() {
    let lost = |ends: fn(&mut Lender, &Grant)| {
        let mut lender = lender(80);
        let grant = granted(&mut lender, at(0), PEER);
        ends(&mut lender, &grant);
        (lender.again_counts().lost, grant.texts.len() as u64)
    };
    let (broken, all) = lost(|lender, _| {
        lender.unlinked(at(1), PEER);
        lender.linked(PEER);
    });
    assert_eq!(broken, all);
    assert_eq!(lost(|lender, grant| lender.on_return(at(9), PEER, grant.batch)).0, 0, "sooner than a text takes");
    assert_eq!(lost(|lender, grant| lender.on_return(at(900), PEER, grant.batch)).0, all.min(RESULTS_MAX as u64));
    let (of_two, first) = lost(|lender, grant| {
        let sent = Results { vectors: vec![vector(numbers(grant)[0])], ..results(grant) };
        lender.on_results(at(100), PEER, &sent, true);
        let behind = granted(lender, at(101), PEER);
        assert!(!behind.texts.is_empty());
        lender.down(PEER);
    });
    assert_eq!(of_two, first - 1, "the second batch waited behind the first");
}

#[test]
fn who_gets_nothing_is_told_so_before_it_gives_up_and_no_batch_that_it_would_send_back() {
    let recipient = |gets| [Recipient { peer: PEER, surplus: false, gets }];
    let later = [(PEER, Work::Later(LATER_MS))];
    for (since, gets, told) in
        [(ASK_ANSWER_MS, true, true), (ASK_ANSWER_MS - 1, true, false), (ASK_ANSWER_MS - 1, false, true)]
    {
        let mut lender = lender(8);
        lender.on_ask(at(0), PEER, 64);
        assert!(lender.deadline(false).is_some_and(|until| until <= at(ASK_ANSWER_MS)), "it wakes for that");
        lender.wake(at(since));
        assert_eq!(lender.keep_asks(&recipient(gets)) == later, told, "{since} {gets}");
        assert_eq!(lender.grant(at(since), 1_000, true).is_empty(), told, "{since} {gets}");
    }
    let mut lender = lender(8);
    lender.on_ask(at(0), PEER, 64);
    assert_eq!(lender.keep_asks(&[]), [], "whoever has no link or no rights is told nothing");
}

#[test]
fn results_of_before_this_start_are_nothing_that_a_device_has_done_since() {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    let results = (0..2).map(|n| (chunk(n), embedding(n).quantize())).collect();
    lender.restore(
        at(0),
        0,
        crate::scheduler::offload::lendable::UnprovenResults {
            by: PEER,
            checks: 10,
            results,
            owed: 0,
            banned_until: 0,
        },
    );
    [0, 1, 7].into_iter().for_each(|row| lender.stored(PEER, Row(row), false));
    assert_eq!(lender.lent(at(1)).map(|lent| lent.done).sum::<u64>(), 1);
}

#[test]
fn results_for_a_text_that_is_another_one_by_now_are_none_that_wait_for_a_check() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_results(at(1), PEER, &results(&grant), true);
    let unchecked = |lender: &Lender| lender.lent(at(2)).map(|lent| lent.unchecked).sum::<usize>();
    assert_eq!(unchecked(&lender), grant.texts.len());
    lender.forget_document(DocId(numbers(&grant)[0]));
    assert_eq!(unchecked(&lender), grant.texts.len() - 1);
    assert!(lender.any_held());
}

#[test]
fn of_several_chunks_that_a_task_of_this_device_could_not_embed_each_is_tried_alone() {
    let mut lender = lender(4);
    let here = lender.take_here(8, |_| true);
    assert_eq!(here.len(), 4);
    lender.not_embedded_here(&here);
    assert_eq!(lender.freed(), [], "it is not known which of them it was");
    lender.forget_document(DocId(3));
    for _ in 0..3 {
        let alone = lender.take_here(8, |_| true);
        assert_eq!(alone.len(), 1, "{alone:?}");
        if alone[0].row == Row(1) {
            lender.not_embedded_here(&alone);
        } else {
            embedded(&mut lender, alone);
        }
    }
    assert_eq!(lender.freed(), [DocId(1)], "only that one is at fault");
    assert_eq!(lender.take_here(8, |_| true), []);
}

#[test]
fn a_chunk_whose_device_is_banned_twice_has_brought_nobody_down() {
    let mut lender = lender(4);
    for peer in [PEER, OTHER] {
        let texts = numbers(&granted(&mut lender, at(0), peer));
        assert_eq!(texts, [0, 1, 2, 3]);
        lender.ban(at(0), peer);
    }
    assert_eq!(lender.freed(), [], "others may embed it");
}
