//! What a repair keeps, and what it leaves removed.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint};
use crate::base::vector::Embedding;
use crate::limits::DIMENSIONS;
use crate::store::audit::audit;
use crate::store::change::{Change, NewChunk};
use crate::store::kv::Write;
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use std::rc::Rc;

const MODEL: Fingerprint = Fingerprint([1; 32]);

/// A file with so many passages, all of them embedded.
fn add(library: &mut Library<Rc<MemoryKv>>, n: u8, passages: u8) -> DocId {
    let (path, collection, stamp) = (vec![b'/', n], "home".to_owned(), FileStamp::default());
    let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
    let key = |at: u8| EmbedKey([n, at, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    let chunk = |at| NewChunk { key: key(at), heading: String::new(), text: format!("{n} {at}"), start: 0, end: 1 };
    let chunks = (0..passages).map(chunk).collect();
    library.apply(&Change::Chunked { doc, stamp, content: [n; 16], chunks }).unwrap();
    let vector = Embedding::new(MODEL, &[0.5; DIMENSIONS]).unwrap().quantize();
    let places = read::document(library.kv(), doc).unwrap().unwrap().chunks;
    let vectors = places.iter().zip(0..).map(|(place, at)| (place.row, key(at), vector.clone())).collect();
    library.apply(&Change::Embedded { doc, model: MODEL, vectors }).unwrap();
    doc
}

#[test]
fn a_removed_document_stays_removed_until_it_is_purged() {
    let disk = Rc::new(MemoryKv::new());
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    let (kept, removed) = (add(&mut library, 1, 2), add(&mut library, 2, 3));
    library.apply(&Change::gone(library.kv(), removed)).unwrap();
    repair(library.kv()).unwrap();
    let found = audit(library.kv()).unwrap();
    assert!(found.clean(), "{:?}", found.faults);
    let state = |doc| read::document(library.kv(), doc).unwrap().unwrap().state;
    assert_eq!((state(kept), state(removed)), (DocState::Waiting, DocState::Tombstoned));
    assert_eq!((found.counted.tombstoned_chunks, found.counted.tombstoned_vectors), (3, 3));
    let mut library = Library::open(disk).unwrap();
    library.apply(&Change::Purge { doc: removed }).unwrap();
    let found = audit(library.kv()).unwrap();
    assert!(found.clean(), "{:?}", found.faults);
    assert_eq!(read::document(library.kv(), removed).unwrap(), None);
}

#[test]
fn whatever_the_audit_names_adds_up_after_a_repair() {
    let plants: [fn(&Document, DocId) -> Write; 8] = [
        |doc, _| (Space::Path, doc.path.clone(), None),
        |_, id| (Space::Document, keys::document(id), None),
        |doc, _| (Space::Chunk, keys::row(doc.chunks[0].row), None),
        |doc, _| (Space::Vector, keys::row(doc.chunks[0].row), None),
        |doc, _| (Space::Vector, keys::row(doc.chunks[2].row), None),
        |_, id| (Space::Todo, keys::todo(Stage::Read, id), Some(Vec::new())),
        |_, id| (Space::Todo, keys::parked(id), Some(Vec::new())),
        |doc, _| (Space::Todo, keys::retired(doc.chunks[0].row), Some(Vec::new())),
    ];
    for (at, plant) in plants.iter().enumerate() {
        let disk = Rc::new(MemoryKv::new());
        let mut library = Library::open(Rc::clone(&disk)).unwrap();
        let (kept, other) = (add(&mut library, 1, 2), add(&mut library, 2, 3));
        let doc = read::document(&disk, other).unwrap().unwrap();
        let (space, key, value) = plant(&doc, other);
        let mut batch = Batch::new();
        match value {
            Some(value) => batch.put(space, key, value),
            None => batch.delete(space, key),
        }
        disk.commit(batch).unwrap();
        assert!(!audit(&disk).unwrap().clean(), "{at}");
        repair(&disk).unwrap();
        let found = audit(&disk).unwrap();
        assert!(found.clean(), "{at}: {:?}", found.faults);
        let kept = read::document(&disk, kept).unwrap().unwrap();
        assert_eq!((kept.state, kept.chunks.len()), (DocState::Waiting, 2), "{at}");
    }
}

#[test]
fn all_chunks_with_a_vector_whose_documents_were_lost_are_kept_however_many_they_are() {
    let disk = Rc::new(MemoryKv::new());
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    let (one, _, other) = (add(&mut library, 1, 3), add(&mut library, 2, 1), add(&mut library, 3, 4));
    let mut batch = Batch::new();
    [one, other].into_iter().for_each(|doc| batch.delete(Space::Document, keys::document(doc)));
    let kv = &disk;
    kv.commit(batch).unwrap();
    for space in [Space::Todo, Space::Key, Space::Path] {
        clear(kv, space).unwrap();
    }
    let old = read::commit(kv).unwrap();
    let mut commit = Commit { next_doc: old.next_doc, next_row: old.next_row, ..Commit::default() };
    repair_documents(kv, &mut commit).unwrap();
    repair_rows(kv, &mut commit, 3).unwrap();
    assert_eq!(commit.counts.count(Kind::Tombstoned), 3, "seven chunks, three in each");
    assert_eq!((commit.counts.chunks, commit.counts.vectors, commit.counts.tombstoned_vectors), (8, 8, 7));
}
