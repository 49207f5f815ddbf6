//! What is lent no more, because other folders may be shared, or nothing can be saved.

use super::*;
use crate::scheduler::offload::lendable::Good;

#[test]
fn when_what_may_be_lent_changes_everybody_is_told_and_what_was_made_is_checked_and_stored_all_the_same() {
    let mut lender = lender(12);
    let grant = granted(&mut lender, at(0), PEER);
    let other = granted(&mut lender, at(0), OTHER);
    lender.on_results(at(10), OTHER, &results(&other), true);
    lender.unlinked(at(20), PEER);
    lender.wake(at(20 + LEASE_UNLINKED_MS));
    let known = vec![Known { chunk: chunk(200), vector: embedding(200).quantize(), by: None }];
    lender.listed(Vec::new(), known, Vec::new(), &BTreeSet::new());
    let more = granted(&mut lender, at(3_000), OTHER);
    assert_eq!(lender.end_lending(), [(OTHER, Work::End(more.batch))]);
    assert!(lender.has_no_known(), "texts with known vectors are lent no more either");
    let made = numbers(&other);
    let free: Vec<DocId> = (0..12).filter(|n| !made.contains(n)).map(DocId).collect();
    let mut freed = lender.freed();
    freed.sort_unstable();
    assert_eq!(freed, free, "and those are read anew: {grant:?}");
    assert_eq!(lender.again_counts().unproven, 0);
    assert_eq!(check_all(&mut lender, at(3_000)), []);
    assert_eq!(good(&mut lender), made);
    made.iter().for_each(|n| lender.end_chunk(DocId(*n), chunk(*n).key));
    assert_eq!(lender.freed(), made.iter().map(|n| DocId(*n)).collect::<Vec<_>>());
}

#[test]
fn what_a_device_made_before_other_folders_were_shared_is_lent_to_nobody_as_it_was_read_once_that_device_is_found_false()
 {
    let mut lender = lender(4);
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_results(at(10), PEER, &results(&grant), true);
    lender.end_lending();
    lender.ban(at(20), PEER);
    assert_eq!(lender.freed(), (0..4).map(DocId).collect::<Vec<_>>());
    assert_eq!(lender.on_ask(at(30), OTHER, 64), None);
    assert_eq!(lender.grant(at(30), 1_000, true), [], "nothing is here");
}

#[test]
fn when_nothing_can_be_saved_everybody_is_told_and_every_document_is_free() {
    let mut lender = lender(12);
    let grant = granted(&mut lender, at(0), PEER);
    let other = granted(&mut lender, at(0), OTHER);
    lender.on_results(at(10), OTHER, &results(&other), true);
    lender.listed(
        Vec::new(),
        vec![Known { chunk: chunk(200), vector: embedding(200).quantize(), by: None }],
        Vec::new(),
        &BTreeSet::new(),
    );
    let told = lender.end_all();
    assert_eq!(told, [(PEER, Work::End(grant.batch))]);
    assert!(lender.has_no_known(), "texts with known vectors are lent no more either");
    assert_eq!(lender.freed(), (0..12).map(DocId).collect::<Vec<_>>());
    assert_eq!(check_all(&mut lender, at(9_000)), []);
    assert_eq!(good(&mut lender), [0; 0]);
    assert_eq!(lender.deadline(true), None);
}

#[test]
fn of_what_is_dropped_when_nothing_can_be_saved_the_own_results_are_not_counted_as_unproven() {
    let mut lender = lender(6);
    granted(&mut lender, at(0), PEER);
    let here = lender.take_here(8, |_| true);
    let vectors = here.iter().map(|chunk| embedding(chunk.row.0).quantize()).collect();
    lender.embedded_here(here, vectors);
    lender.end_all();
    assert_eq!(lender.again_counts().unproven, 0);
}

#[test]
fn a_result_of_before_all_leases_ended_lets_go_of_no_other_document_with_its_text() {
    let mut lender = lender(1);
    let here = lender.take_here(8, |_| true);
    lender.end_all();
    lender.freed();
    // Another document with this text is lent by then.
    let other = Lendable { doc: DocId(7), row: Row(7), ..chunk(0) };
    lender.hold(DocId(7));
    lender.listed(vec![other], Vec::new(), Vec::new(), &BTreeSet::new());
    lender.let_go(DocId(7));
    lender.embedded_here(here, vec![embedding(0).quantize()]);
    for Good { chunk, .. } in lender.take_good(8) {
        lender.end_chunk(chunk.doc, chunk.key);
    }
    assert!(lender.has(DocId(7)));
    let grant = granted(&mut lender, at(1), PEER);
    lender.on_results(at(2), PEER, &results(&grant), true);
    assert_eq!(check_all(&mut lender, at(2)), []);
    lender.take_good(8).into_iter().for_each(|good| lender.end_chunk(good.chunk.doc, good.chunk.key));
    assert_eq!(lender.freed(), [DocId(7)], "it is busy no more");
}
