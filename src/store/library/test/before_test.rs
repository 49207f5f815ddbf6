//! Stores of before.

use super::*;

#[test]
fn a_store_of_before_counts_the_chunks_that_nobody_embeds_when_it_is_opened() {
    let mut shelf = Shelf::new();
    let doc = shelf.seen("/a");
    shelf.read(doc, &["one", "two"]);
    let stamp = read::document(shelf.library.kv(), doc).unwrap().unwrap().stamp;
    shelf.apply(&Change::Refused { doc, stamp, reason: "It could not be read just now.".to_owned(), keep: true });
    let counts = shelf.library.commit().counts;
    assert_eq!((counts.set_aside, counts.to_embed()), (2, 0));
    // The record of before: another version, one state fewer, and no such count.
    let commit = shelf.library.commit();
    let [a, b, c, d, e, f, g, _] = commit.stamps;
    let states =
        [Kind::Waiting, Kind::Chunked, Kind::Ready, Kind::Refused, Kind::Tombstoned].map(|kind| counts.count(kind));
    let rest = [counts.chunks, counts.vectors, counts.tombstoned_chunks, counts.tombstoned_vectors];
    let before = (commit.number, commit.next_doc, commit.next_row, [a, b, c, d, e, f, g], states, rest);
    let mut batch = Batch::new();
    batch.put(Space::State, keys::COMMIT, postcard::to_extend(&before, vec![1]).unwrap());
    shelf.library.kv().commit(batch).unwrap();
    assert!(audit(shelf.library.kv()).unwrap().clean());
    let again = Library::open(shelf.library.kv).unwrap();
    assert_eq!(again.commit().counts, counts);
}
