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

fn key(n: u8, at: u8) -> EmbedKey {
    EmbedKey([n, at, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
}

/// What is read of a file with so many passages.
fn read_again(doc: DocId, n: u8, passages: u8) -> Change {
    let chunk = |at| NewChunk { key: key(n, at), heading: String::new(), text: format!("{n} {at}"), start: 0, end: 1 };
    let chunks = (0..passages).map(chunk).collect();
    Change::Chunked { doc, stamp: FileStamp::default(), content: [n; 16], chunks }
}

/// A file with so many passages, all of them embedded.
fn add(library: &mut Library<Rc<MemoryKv>>, n: u8, passages: u8) -> DocId {
    let (path, collection, stamp) = (vec![b'/', n], "home".to_owned(), FileStamp::default());
    let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
    library.apply(&read_again(doc, n, passages)).unwrap();
    let vector = Embedding::new(MODEL, &[0.5; DIMENSIONS]).unwrap().quantize();
    let places = read::document(library.kv(), doc).unwrap().unwrap().chunks;
    let vectors = places.iter().zip(0..).map(|(place, at)| (place.row, key(n, at), vector.clone())).collect();
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

/// A chunk's record whose head can be decoded, and whose text cannot.
fn undecodable(doc: DocId) -> Vec<u8> {
    let (collection, heading, text) = ("home".to_owned(), String::new(), "2 1".to_owned());
    let chunk = Chunk { doc, key: key(2, 1), collection, ring: Ring::Mesh, heading, text };
    [&chunk.encode()[..], &[0]].concat()
}

#[test]
fn a_text_that_cannot_be_decoded_is_named_by_the_audit_and_lost_in_the_repair_until_its_file_is_read() {
    let disk = Rc::new(MemoryKv::new());
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    let (kept, removed, other) = (add(&mut library, 1, 2), add(&mut library, 3, 2), add(&mut library, 2, 3));
    library.apply(&Change::gone(&disk, removed)).unwrap();
    let rows = |doc| -> Vec<Row> {
        read::document(&disk, doc).unwrap().unwrap().chunks.iter().map(|place| place.row).collect()
    };
    let (lost, of_removed) = (rows(other)[1], rows(removed)[0]);
    let mut batch = Batch::new();
    batch.put(Space::Chunk, keys::row(lost), undecodable(other));
    batch.put(Space::Chunk, keys::row(of_removed), undecodable(removed));
    disk.commit(batch).unwrap();
    assert!(read::chunk_head(&disk, lost).is_ok() && read::chunk(&disk, lost).is_err(), "its head alone tells nothing");
    let found = audit(&disk).unwrap();
    assert_eq!(found.faults, ["a chunk of /\u{3} cannot be read", "a chunk of /\u{2} cannot be read"]);
    repair(&disk).unwrap();
    let found = audit(&disk).unwrap();
    assert!(found.clean(), "{:?}", found.faults);
    assert_eq!((rows(kept).len(), rows(removed).len(), rows(other).len()), (2, 1, 2));
    assert_eq!((found.counted.chunks, found.counted.vectors), (5, 5), "the vector goes with its text");
    assert_eq!((read::chunk(&disk, lost).unwrap(), read::made(&disk, lost).unwrap()), (None, None));
    let mut library = Library::open(Rc::clone(&disk)).unwrap();
    library.apply(&read_again(other, 2, 3)).unwrap();
    let texts: Vec<String> =
        rows(other).into_iter().map(|row| read::chunk(&disk, row).unwrap().unwrap().text).collect();
    assert_eq!(texts, ["2 0", "2 1", "2 2"]);
    assert!(audit(&disk).unwrap().clean());
}

#[test]
fn whatever_the_audit_names_adds_up_after_a_repair() {
    let plants: [fn(&Document, DocId) -> Write; 10] = [
        |doc, id| (Space::Chunk, keys::row(doc.chunks[1].row), Some(undecodable(id))),
        |doc, _| (Space::Chunk, keys::row(doc.chunks[1].row), Some(vec![2])),
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
