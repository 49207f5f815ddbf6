//! What the index of words follows.

use super::*;
use crate::base::id::{DocId, EmbedKey, Fingerprint, PeerKey};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::DIMENSIONS;
use crate::store::change::{Change, NewChunk};
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Source};

const MODEL: Fingerprint = Fingerprint([1; 32]);
const LIAR: PeerKey = PeerKey([2; 32]);

fn vector() -> Quantized {
    Embedding::new(MODEL, &[0.5; DIMENSIONS]).unwrap().quantize()
}

/// A document with a passage for each text, all of them in the index.
fn document(library: &mut Library<MemoryKv>, index: &mut Index, texts: &[&str]) -> (DocId, Vec<(Row, EmbedKey)>) {
    let (path, collection, stamp) = (b"/a.md".to_vec(), "home".to_owned(), FileStamp::default());
    let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
    let chunk = |(n, text): (u8, &&str)| NewChunk {
        key: EmbedKey([n; 16]),
        heading: String::new(),
        text: (*text).to_owned(),
        start: 0,
        end: 1,
    };
    let chunks = (1..).zip(texts).map(chunk).collect();
    library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
    catch_up(library, index).unwrap();
    let places = read::document(library.kv(), doc).unwrap().unwrap().chunks;
    (doc, places.iter().zip(1..).map(|(place, n)| (place.row, EmbedKey([n; 16]))).collect())
}

fn found(library: &Library<MemoryKv>, index: &Index, word: &str) -> usize {
    let mut reader = Reader(library.kv());
    let found = index.search(&QueryTerms::new(word), &mut reader, 30, &[], false).unwrap();
    found.rows.iter().filter(|(_, score)| *score > 0.0).count()
}

#[test]
fn passages_whose_vectors_were_false_are_found_by_their_words_before_and_after_they_are_embedded_again() {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let all = Source { path: b"/".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(vec![all].into())).unwrap();
    let mut index = load(library.kv()).unwrap();
    let (doc, rows) = document(&mut library, &mut index, &["the hedge", "the fence"]);
    let mut apply = |library: &mut Library<MemoryKv>, change: &Change| {
        let applied = library.apply(change).unwrap();
        follow(library.kv(), &mut index, &applied);
        (found(library, &index, "hedge"), found(library, &index, "fence"))
    };
    let vectors: Vec<_> = rows.iter().map(|(row, key)| (*row, *key, vector())).collect();
    apply(&mut library, &Change::Unproven { by: LIAR, model: MODEL, vectors: vectors.clone() });
    apply(&mut library, &Change::Vouched { doc, by: LIAR, checks: 1, rows: rows.clone() });
    assert_eq!(library.commit().counts.vectors, 2);
    let disproven = apply(&mut library, &Change::Disproven { by: LIAR, until: 9 });
    assert_eq!((library.commit().counts.vectors, disproven), (0, (1, 1)), "the vectors go, and the words stay");
    let again = apply(&mut library, &Change::Embedded { doc, model: MODEL, vectors });
    assert_eq!((library.commit().counts.vectors, again), (2, (1, 1)));
    let gone = Change::gone(library.kv(), doc);
    assert_eq!(apply(&mut library, &gone), (0, 0), "what is being removed is found by nothing");
}

#[test]
fn more_files_than_are_looked_at_count_as_not_in_the_index_too() {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let all = Source { path: b"/".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(vec![all].into())).unwrap();
    let count = WORDS_DUE_MAX as u64 + 300;
    for n in 0..count {
        let (path, collection, stamp) = (format!("/{n}.md").into_bytes(), "home".to_owned(), FileStamp::default());
        let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
        let (key, mut content) = (EmbedKey(u128::from(n).to_be_bytes()), [1; 16]);
        content[..8].copy_from_slice(&n.to_be_bytes());
        let chunk = |text: &str| NewChunk { key, heading: String::new(), text: text.to_owned(), start: 0, end: 1 };
        library.apply(&Change::Chunked { doc, stamp, content, chunks: vec![chunk("one"), chunk("two")] }).unwrap();
    }
    let kv = library.kv();
    assert_eq!(due(kv, Row(0), false, |_| false).unwrap(), WordsDue { searchable: 0, read: count });
    assert_eq!(due(kv, Row(2 * 300), true, |_| false).unwrap().read, WORDS_DUE_MAX as u64);
    assert_eq!(due(kv, Row(0), false, |read| read >= 7).unwrap().read, 7, "the deadline is told apart");
}

#[test]
fn where_all_that_was_looked_at_is_private_nothing_of_the_rest_counts_as_searched() {
    let due = |searchable, read| WordsDue { searchable, read };
    assert_eq!(with_rest(due(0, 0), 10, (20, 30)), due(15, 15));
    assert_eq!(with_rest(due(6, 2), 10, (20, 30)), due(6 + 12, 2 + 4));
    assert_eq!(with_rest(due(6, 0), 10, (20, 0)), due(6, 0));
}
