//! What was read to be lent: what became of it since, and for how long it may wait.

use super::*;
use crate::limits::{ENDED_MAX, LENDABLE_MS};

#[test]
fn what_was_saved_while_its_document_was_read_once_more_is_not_lent_again() {
    for many in [false, true] {
        let mut lender = lender(4);
        let grant = granted(&mut lender, at(0), PEER);
        assert_eq!(numbers(&grant), [0, 1, 2, 3]);
        // Each is the text of one long document, of which a task reads more.
        lender.reads(at(1));
        let doc = DocId(0);
        assert_eq!(lender.hold(doc), 1);
        lender.on_results(at(2), PEER, &results(&grant), true);
        assert_eq!(check_all(&mut lender, at(2)), []);
        assert_eq!(good(&mut lender), [0, 1, 2, 3]);
        (0..4).for_each(|n| lender.end_chunk(doc, chunk(n).key));
        if many {
            (10..10 + ENDED_MAX as u64).for_each(|n| lender.end_chunk(doc, chunk(n).key));
        }
        let read = [0, 9_999].map(|n| Lendable { doc, ..chunk(n) });
        lender.listed(read.to_vec(), Vec::new(), Vec::new(), &BTreeSet::new());
        lender.let_go(doc);
        assert_eq!(lender.has(doc), !many, "where many ended, it is read once more");
        if !many {
            assert_eq!(numbers(&granted(&mut lender, at(3), OTHER)), [9_999]);
        }
    }
}

#[test]
fn what_was_read_long_ago_is_read_anew_before_it_is_lent_and_so_is_what_a_false_device_had() {
    let mut lender = lender(8);
    let grant = granted(&mut lender, at(0), PEER);
    lender.on_results(at(1), PEER, &results(&grant), true);
    assert_eq!(lender.drop_old(at(LENDABLE_MS)), [], "nobody asks");
    lender.on_ask(at(LENDABLE_MS - 1), OTHER, 64);
    assert_eq!(lender.drop_old(at(LENDABLE_MS - 1)), []);
    lender.ban(at(LENDABLE_MS - 1), PEER);
    let old: BTreeSet<DocId> = lender.drop_old(at(LENDABLE_MS)).into_iter().collect();
    assert_eq!(old, (0..8).map(DocId).collect());
    assert_eq!(lender.grant(at(LENDABLE_MS), 1_000, true), []);
    assert!(lender.wants_chunks() && !lender.has(DocId(5)));
    lender.reads(at(LENDABLE_MS));
    list(&mut lender, 4..6);
    assert_eq!(lender.drop_old(at(LENDABLE_MS + 1)), []);
    let Some((OTHER, Work::Grant(grant))) = lender.grant(at(LENDABLE_MS + 1), 1_000, true).pop() else { panic!() };
    assert_eq!(numbers(&grant), [4, 5]);
}

#[test]
fn the_rest_of_a_document_of_which_a_part_is_lent_is_read_anew_too() {
    let mut lender = Lender::new(MODEL, 0.98, 1);
    lender.offer(at(0), PEER, 9);
    let doc = DocId(3);
    lender.hold(doc);
    lender.listed((0..8).map(|n| Lendable { doc, ..chunk(n) }).collect(), vec![], vec![], &BTreeSet::new());
    lender.let_go(doc);
    granted(&mut lender, at(0), PEER);
    lender.on_ask(at(LENDABLE_MS), OTHER, 64);
    assert_eq!(lender.drop_old(at(LENDABLE_MS)), []);
    assert_eq!(lender.grant(at(LENDABLE_MS), 1_000, true), []);
    assert_eq!(lender.take_longer(9), [doc]);
}

#[test]
fn a_text_with_a_known_vector_that_was_read_long_ago_is_sent_to_nobody() {
    let mut lender = lender(4);
    let known = (200..216).map(|n| Known { chunk: chunk(n), vector: embedding(n).quantize(), by: None }).collect();
    lender.listed(Vec::new(), known, Vec::new(), &BTreeSet::new());
    lender.on_ask(at(LENDABLE_MS), PEER, 64);
    assert!(!lender.has_no_known());
    lender.drop_old(at(LENDABLE_MS));
    assert!(lender.has_no_known());
}
