//! Vectors of other devices in the store, before and after a check vouches for them.

use super::*;
use crate::base::id::Ring;
use crate::base::vector::Embedding;
use crate::limits::{DIMENSIONS, OWED_PORTION};
use crate::store::audit::{Audit, audit, repair};
use crate::store::change::{Change, NewChunk};
use crate::store::makers::Makers;
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Maker, Record};
use std::rc::Rc;

const MODEL: Fingerprint = Fingerprint([1; 32]);
const STAMP: FileStamp = FileStamp { size: 1, modified_ns: 1, changed_ns: 1, inode: 1 };
const ATTIC: PeerKey = PeerKey([2; 32]);

type Rows = Vec<(Row, EmbedKey)>;

fn add(library: &mut Library<Rc<MemoryKv>>, path: &str, texts: &[u8]) -> (DocId, Rows) {
    let (path, collection) = (path.as_bytes().to_vec(), "home".to_owned());
    let doc = library.apply(&Change::Seen { path, stamp: STAMP, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
    (doc, chunked(library, doc, texts))
}

fn chunked(library: &mut Library<Rc<MemoryKv>>, doc: DocId, texts: &[u8]) -> Rows {
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
    chunks.iter().zip(texts).map(|(place, n)| (place.row, EmbedKey([*n; 16]))).collect()
}

fn vector(n: u8) -> Quantized {
    let mut raw = [0.1; DIMENSIONS];
    raw[usize::from(n)] = 1.0;
    Embedding::new(MODEL, &raw).unwrap().quantize()
}

fn made(rows: &[(Row, EmbedKey)], by: PeerKey) -> Change {
    Change::Unproven {
        by,
        model: MODEL,
        vectors: rows.iter().map(|(row, key)| (*row, *key, vector(key.0[0]))).collect(),
    }
}

fn clean(library: &Library<Rc<MemoryKv>>) -> Audit {
    let audit = audit(library.kv()).unwrap();
    assert!(audit.clean(), "{:?}", audit.faults);
    audit
}

#[test]
fn a_vector_of_another_device_counts_as_none_until_a_check_vouches_for_it_over_a_restart() {
    let disk = Rc::new(MemoryKv::new());
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    let (doc, rows) = add(&mut library, "/a.md", &[1, 2, 3]);
    library.apply(&made(&rows[..2], ATTIC)).unwrap();
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    assert_eq!((clean(&library).unproven, library.commit().counts.vectors), (2, 0));
    assert!(read::vector(&disk, rows[0].0).unwrap().is_none() && read::vector_of(&disk, &rows[0].1).unwrap().is_none());
    let document = read::document(&disk, doc).unwrap().unwrap();
    assert_eq!(read::missing(&disk, &document, 9).unwrap().len(), 3, "its chunk waits");

    let proven = Change::Proven { doc, by: ATTIC, checks: 7, rows: vec![rows[0]] };
    let applied = library.apply(&proven).unwrap();
    assert_eq!((applied.now, applied.added.len()), (Some(Kind::Chunked), 1));
    assert_eq!(library.apply(&proven).unwrap().added.len(), 0, "one effect");
    let stored = read::vector(&disk, rows[0].0).unwrap().unwrap();
    let makers = Makers::read(&disk).unwrap();
    assert_eq!((makers.named(stored.by), stored.values), (Some(ATTIC), vector(1)), "it says who made it");
    assert_eq!(makers.iter().next().map(|(_, maker)| (maker.checks, &maker.unproven[..])), Some((7, &[rows[1].0][..])));
    let own = Change::Embedded { doc, model: MODEL, vectors: vec![(rows[2].0, rows[2].1, vector(3))] };
    library.apply(&own).unwrap();
    library.apply(&Change::Proven { doc, by: ATTIC, checks: 7, rows: vec![rows[1]] }).unwrap();
    assert_eq!((clean(&library).made_elsewhere, library.commit().counts.count(Kind::Ready)), (2, 1));
}

#[test]
fn what_a_device_made_since_its_last_good_check_is_deleted_and_nothing_else() {
    let mut library = Library::open(Rc::new(MemoryKv::new())).unwrap();
    let (doc, rows) = add(&mut library, "/a.md", &[1, 2, 3, 4]);
    let cellar = PeerKey([3; 32]);
    library.apply(&made(&rows[..3], ATTIC)).unwrap();
    library.apply(&made(&rows[3..], cellar)).unwrap();
    library.apply(&Change::Proven { doc, by: ATTIC, checks: 3, rows: vec![rows[0]] }).unwrap();
    // What this device embedded itself meanwhile takes the place of an unproven one.
    let own = Change::Embedded { doc, model: MODEL, vectors: vec![(rows[1].0, rows[1].1, vector(9))] };
    library.apply(&own).unwrap();
    library.apply(&Change::Disproven { by: ATTIC, until: 9 }).unwrap();
    let has = |n: usize| read::made(library.kv(), rows[n].0).unwrap().is_some();
    assert_eq!([0, 1, 2, 3].map(has), [true, true, false, true]);
    assert_eq!(read::vector(library.kv(), rows[1].0).unwrap().unwrap().values, vector(9));
    assert_eq!((clean(&library).unproven, library.commit().counts.vectors), (1, 2));
}

#[test]
fn an_unproven_vector_goes_with_its_chunk_stays_with_a_tombstone_and_is_copied_nowhere() {
    let mut library = Library::open(Rc::new(MemoryKv::new())).unwrap();
    let (doc, rows) = add(&mut library, "/a.md", &[1, 2]);
    library.apply(&made(&rows, ATTIC)).unwrap();
    let (other, same) = add(&mut library, "/b.md", &[1]);
    assert!(read::made(library.kv(), same[0].0).unwrap().is_none(), "no other row gets it");
    clean(&library);
    library.apply(&Change::gone(library.kv(), doc)).unwrap();
    clean(&library);
    library.apply(&Change::Proven { doc, by: ATTIC, checks: 1, rows: vec![rows[0]] }).unwrap();
    assert_eq!((clean(&library).unproven, library.commit().counts.tombstoned_vectors), (1, 1));
    library.apply(&Change::Purge { doc }).unwrap();
    assert_eq!(clean(&library).unproven, 0);
    library.apply(&made(&same, ATTIC)).unwrap();
    let changed = FileStamp { size: 2, ..STAMP };
    let (path, collection) = (b"/b.md".to_vec(), "home".to_owned());
    library.apply(&Change::Seen { path, stamp: changed, collection, ring: Ring::Mesh }).unwrap();
    let new = NewChunk { key: EmbedKey([8; 16]), heading: String::new(), text: "x".into(), start: 0, end: 1 };
    library.apply(&Change::Chunked { doc: other, stamp: changed, content: [8; 16], chunks: vec![new] }).unwrap();
    assert_eq!((clean(&library).unproven, library.commit().counts.vectors), (0, 0));
    assert!(read::made(library.kv(), same[0].0).unwrap().is_none());
}

#[test]
fn a_repair_keeps_what_is_proven_and_no_other_vector_of_others() {
    let disk = Rc::new(MemoryKv::new());
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    let (doc, rows) = add(&mut library, "/a.md", &[1, 2, 3]);
    library.apply(&made(&rows, ATTIC)).unwrap();
    library.apply(&Change::Proven { doc, by: ATTIC, checks: 3, rows: vec![rows[0]] }).unwrap();
    // The list of those that are not proven is one of the records that a damaged journal may have lost.
    let mut batch = crate::store::kv::Batch::new();
    batch.delete(Space::State, keys::maker(&ATTIC));
    disk.commit(batch).unwrap();
    repair(&disk).unwrap();
    let library = Library::open(Rc::clone(&disk)).unwrap();
    assert_eq!((clean(&library).unproven, library.commit().counts.vectors), (0, 1));
    assert!(read::vector(&disk, rows[0].0).unwrap().is_some() && read::made(&disk, rows[1].0).unwrap().is_none());
}

#[test]
fn what_only_known_texts_vouched_for_answers_and_goes_with_its_copies_once_its_maker_is_found_false() {
    let disk = Rc::new(MemoryKv::new());
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    let (doc, rows) = add(&mut library, "/a.md", &[1, 2, 3, 4]);
    library.apply(&made(&rows[..3], ATTIC)).unwrap();
    library.apply(&Change::Proven { doc, by: ATTIC, checks: 10, rows: vec![rows[0]] }).unwrap();
    library.apply(&Change::Vouched { doc, by: ATTIC, checks: 10, rows: rows[1..3].to_vec() }).unwrap();
    let own = Change::Embedded { doc, model: MODEL, vectors: vec![(rows[3].0, rows[3].1, vector(4))] };
    assert_eq!(library.apply(&own).unwrap().now, Some(Kind::Ready), "they answer");
    // Copies: of a new document at once, and of one that waited for its text.
    let (copy, copies) = add(&mut library, "/b.md", &[2, 4]);
    assert_eq!(read::document(&disk, copy).unwrap().unwrap().state, DocState::Ready);
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    let owed = |library: &Library<Rc<MemoryKv>>| Makers::read(library.kv()).unwrap().owed(ATTIC);
    assert_eq!(owed(&library), 3, "over a restart");
    let settled = Change::Settled { by: ATTIC, rows: vec![rows[2].0] };
    library.apply(&settled).unwrap();
    let before = library.commit().counts.vectors;
    let applied = library.apply(&Change::Disproven { by: ATTIC, until: 9 }).unwrap();
    let mut removed = applied.unmade;
    removed.sort_unstable();
    assert_eq!(removed, [rows[1].0, copies[0].0], "they answer no more");
    let has = |row: Row| read::vector(&disk, row).unwrap().is_some();
    assert_eq!(
        [0, 1, 2, 3].map(|n: usize| has(rows[n].0)),
        [true, false, true, true],
        "a check vouched for the others"
    );
    assert_eq!((has(copies[0].0), has(copies[1].0)), (false, true));
    assert_eq!((before - library.commit().counts.vectors, owed(&library), applied.left), (2, 0, 0));
    clean(&library);
    for doc in [doc, copy] {
        assert_eq!(read::document(&disk, doc).unwrap().unwrap().state, DocState::Chunked { missing: 1 });
    }
}

#[test]
fn many_vectors_of_a_false_device_are_deleted_part_by_part() {
    let mut library = Library::open(Rc::new(MemoryKv::new())).unwrap();
    let (doc, _) = add(&mut library, "/a.md", &[1]);
    let count = OWED_PORTION as u64 + 9;
    (0..count).for_each(|row| library.apply(&Change::Accused { by: ATTIC, row: Row(1000 + row) }).map(drop).unwrap());
    assert_eq!(Makers::read(library.kv()).unwrap().owed(ATTIC), 0, "of a device that made nothing there is nothing");
    let rows = read::document(library.kv(), doc).unwrap().unwrap().chunks;
    library.apply(&made(&[(rows[0].row, EmbedKey([1; 16]))], ATTIC)).unwrap();
    (0..count).for_each(|row| library.apply(&Change::Accused { by: ATTIC, row: Row(1000 + row) }).map(drop).unwrap());
    assert_eq!(library.apply(&Change::Disproven { by: ATTIC, until: 9 }).unwrap().left, 9);
    assert_eq!(library.apply(&Change::Disproven { by: ATTIC, until: 9 }).unwrap().left, 0);
}

#[test]
fn until_when_a_device_gets_no_work_is_kept_until_one_of_its_vectors_is_proven_also_of_one_that_made_none() {
    let mut library = Library::open(Rc::new(MemoryKv::new())).unwrap();
    let until = |library: &Library<Rc<MemoryKv>>| {
        let makers = Makers::read(library.kv()).unwrap();
        makers.iter().find(|(by, _)| *by == ATTIC).map(|(_, maker)| maker.banned_until)
    };
    library.apply(&Change::Disproven { by: ATTIC, until: 70 }).unwrap();
    assert_eq!(until(&library), Some(70));
    let (doc, rows) = add(&mut library, "/a.md", &[1]);
    library.apply(&made(&rows, ATTIC)).unwrap();
    assert_eq!(until(&library), Some(70));
    library.apply(&Change::Proven { doc, by: ATTIC, checks: 1, rows }).unwrap();
    assert_eq!(until(&library), Some(0));
    let owed = crate::store::rows::Rows::default();
    let maker = Maker { number: 3, checks: 2, unproven: vec![Row(7)], owed, banned_until: 9 };
    assert_eq!(Maker::decode(&maker.encode()), Some(maker));
    clean(&library);
}

#[test]
fn a_false_vector_that_a_check_exposed_goes_with_its_maker_whatever_vouched_for_it() {
    let mut library = Library::open(Rc::new(MemoryKv::new())).unwrap();
    let (doc, rows) = add(&mut library, "/a.md", &[1, 2]);
    library.apply(&made(&rows, ATTIC)).unwrap();
    library.apply(&Change::Proven { doc, by: ATTIC, checks: 10, rows: rows.clone() }).unwrap();
    library.apply(&Change::Accused { by: ATTIC, row: rows[1].0 }).unwrap();
    library.apply(&Change::Disproven { by: ATTIC, until: 9 }).unwrap();
    let has = |n: usize| read::vector(library.kv(), rows[n].0).unwrap().is_some();
    assert_eq!([has(0), has(1)], [true, false]);
    clean(&library);
}

#[test]
fn a_copied_vector_keeps_its_maker_and_what_it_is_owed() {
    let mut library = Library::open(Rc::new(MemoryKv::new())).unwrap();
    let (doc, rows) = add(&mut library, "/a.md", &[1]);
    let (other, same) = add(&mut library, "/b.md", &[1]);
    library.apply(&made(&rows, ATTIC)).unwrap();
    let copied = Change::Copied { doc: other, rows: same.clone() };
    library.apply(&copied).unwrap();
    assert!(read::made(library.kv(), same[0].0).unwrap().is_none(), "there is none that answers");
    library.apply(&Change::Vouched { doc, by: ATTIC, checks: 1, rows }).unwrap();
    assert_eq!(library.apply(&copied).unwrap().now, Some(Kind::Ready));
    let makers = Makers::read(library.kv()).unwrap();
    let by = read::vector(library.kv(), same[0].0).unwrap().unwrap().by;
    assert_eq!((makers.named(by), makers.owed(ATTIC)), (Some(ATTIC), 2), "it is not this device's own");
    clean(&library);
}
