//! Changes that are one batch together, held against the same changes one by one.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint, PeerKey, Ring, Row};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::DIMENSIONS;
use crate::store::audit::audit;
use crate::store::change::NewChunk;
use crate::store::memory::MemoryKv;
use crate::store::read;
use crate::store::record::FileStamp;

const MODEL: Fingerprint = Fingerprint([1; 32]);
const STAMP: FileStamp = FileStamp { size: 1, modified_ns: 1, changed_ns: 1, inode: 1 };
const ATTIC: PeerKey = PeerKey([2; 32]);

fn vector(n: u8) -> Quantized {
    let mut raw = [0.1; DIMENSIONS];
    raw[usize::from(n)] = 1.0;
    Embedding::new(MODEL, &raw).unwrap().quantize()
}

/// A document with the rows and keys of its texts.
type Rows = (DocId, Vec<(Row, EmbedKey)>);

/// A library with documents of these texts.
fn library(documents: &[&[u8]]) -> (Library<MemoryKv>, Vec<Rows>) {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let mut all = Vec::new();
    for (number, texts) in documents.iter().enumerate() {
        let (path, collection) = (format!("/{number}.md").into_bytes(), "home".to_owned());
        let seen = Change::Seen { path, stamp: STAMP, collection, ring: Ring::Mesh };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let chunk = |n: &u8| NewChunk {
            key: EmbedKey([*n; 16]),
            heading: String::new(),
            text: format!("text {n}"),
            start: 0,
            end: 6,
        };
        let chunks = texts.iter().map(chunk).collect();
        library.apply(&Change::Chunked { doc, stamp: STAMP, content: [texts[0]; 16], chunks }).unwrap();
        let chunks = read::document(library.kv(), doc).unwrap().unwrap().chunks;
        all.push((doc, chunks.iter().zip(*texts).map(|(place, n)| (place.row, EmbedKey([*n; 16]))).collect()));
    }
    (library, all)
}

#[test]
fn vectors_of_many_documents_are_one_batch_and_have_the_same_effect_as_one_by_one() {
    let documents: [&[u8]; 5] = [&[1, 2, 3], &[4], &[5, 6], &[7], &[8, 9]];
    let (mut one_by_one, of) = library(&documents);
    let (mut at_once, _) = library(&documents);
    let made = |(row, key): &(Row, EmbedKey)| (*row, *key, vector(key.0[0]));
    let by_attic: Vec<_> = of[..3].iter().flat_map(|(_, rows)| rows.iter().map(made)).collect();
    let unproven = Change::Unproven { by: ATTIC, model: MODEL, vectors: by_attic };
    let proven = |at: usize, rows: std::ops::Range<usize>| Change::Proven {
        doc: of[at].0,
        by: ATTIC,
        checks: 10,
        rows: of[at].1[rows].to_vec(),
    };
    let embedded =
        |at: usize| Change::Embedded { doc: of[at].0, model: MODEL, vectors: of[at].1.iter().map(made).collect() };
    let vouched = Change::Vouched { doc: of[2].0, by: ATTIC, checks: 10, rows: of[2].1.clone() };
    // Of the first document twice, and one that has its vectors already.
    let changes =
        [unproven, embedded(3), proven(0, 0..1), proven(1, 0..1), vouched, proven(0, 1..3), embedded(4), embedded(3)];
    let (first, second) = (one_by_one.commit().number, at_once.commit().number);
    let apart: Vec<Applied> = changes.iter().map(|change| one_by_one.apply(change).unwrap()).collect();
    let together = at_once.apply_all(&changes).unwrap();
    assert_eq!(together, apart);
    assert_eq!((one_by_one.commit().number - first, at_once.commit().number - second), (7, 3));
    for library in [&one_by_one, &at_once] {
        let audit = audit(library.kv()).unwrap();
        assert!(audit.clean(), "{:?}", audit.faults);
    }
    assert_eq!(one_by_one.commit().counts, at_once.commit().counts);
    for (doc, rows) in &of {
        let document = |of: &Library<MemoryKv>| read::document(of.kv(), *doc).unwrap();
        assert_eq!(document(&one_by_one), document(&at_once));
        for (row, _) in rows {
            let vector = |of: &Library<MemoryKv>| read::vector(of.kv(), *row).unwrap();
            assert!(vector(&at_once).is_some() && vector(&one_by_one) == vector(&at_once), "{row:?}");
        }
    }
}
