//! What changes write, and what they keep for later.

mod before_test;
mod model_test;

use super::Library;
use crate::base::id::{DocId, EmbedKey, Fingerprint, PeerKey, Ring, Row};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{ATTEMPT_TEXT_MAX, ATTEMPTS_MAX, DIMENSIONS, EMBED_BATCH};
use crate::store::audit::{audit, is_consistent, repair};
use crate::store::change::{Applied, Change, NewChunk};
use crate::store::counts::Kind;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Batch, Kv, KvError, KvRead, Pair, Space};
use crate::store::memory::{MemoryKv, MemorySnapshot};
use crate::store::read;
use crate::store::record::{Attempt, DocState, Document, FileStamp, Parked, Record};
use std::cell::Cell;

/// A store that counts the bytes that it is given to write.
#[derive(Debug, Default)]
struct Counting {
    kv: MemoryKv,
    bytes: Cell<usize>,
}

impl KvRead for Counting {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.kv.get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        self.kv.page(space, from, to, max)
    }
}

impl Kv for Counting {
    type Snapshot = MemorySnapshot;

    fn snapshot(&self) -> MemorySnapshot {
        self.kv.snapshot()
    }

    fn commit(&self, batch: Batch) -> Result<(), KvError> {
        let written = batch.ops().iter().map(|(_, key, value)| key.len() + value.as_ref().map_or(0, Vec::len));
        self.bytes.set(self.bytes.get() + written.sum::<usize>());
        self.kv.commit(batch)
    }

    fn sync(&self) -> Result<(), KvError> {
        self.kv.sync()
    }
}

/// A library, the stamp of the next version of a file, and how many texts were embedded.
struct Shelf {
    library: Library<Counting>,
    version: i64,
    embedded: usize,
}

impl Shelf {
    fn new() -> Self {
        Self { library: Library::open(Counting::default()).unwrap(), version: 0, embedded: 0 }
    }

    fn apply(&mut self, change: &Change) -> Applied {
        let applied = self.library.apply(change).unwrap();
        let found = audit(self.library.kv()).unwrap();
        assert!(found.clean(), "after {change:?}: {:?}", found.faults);
        applied
    }

    fn gone(&mut self, doc: DocId) -> Applied {
        let gone = Change::gone(self.library.kv(), doc);
        self.apply(&gone)
    }

    /// The file has another stamp: its document waits.
    fn seen(&mut self, path: &str) -> DocId {
        self.version += 1;
        let stamp = FileStamp { modified_ns: self.version, ..FileStamp::default() };
        let (path, collection) = (path.as_bytes().to_vec(), "home".to_owned());
        self.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).doc.unwrap()
    }

    /// The file is read, and consists of these texts.
    fn read(&mut self, doc: DocId, texts: &[&str]) -> Option<Kind> {
        let stamp = read::document(self.library.kv(), doc).unwrap().unwrap().stamp;
        let chunk = |text: &&str| NewChunk {
            key: key(text),
            heading: String::new(),
            text: (*text).to_owned(),
            start: 0,
            end: 1,
        };
        let mut content = [0; 16];
        texts.concat().bytes().zip(&mut content).for_each(|(byte, place)| *place = byte);
        self.apply(&Change::Chunked { doc, stamp, content, chunks: texts.iter().map(chunk).collect() }).now
    }

    /// Embeds what is missing, as `worker::embed` does.
    fn embed(&mut self, doc: DocId) {
        loop {
            let document = read::document(self.library.kv(), doc).unwrap().unwrap();
            let missing = read::missing(self.library.kv(), &document, EMBED_BATCH).unwrap();
            if missing.is_empty() {
                return assert_eq!(document.state, DocState::Ready);
            }
            self.embedded += missing.len();
            let vectors = missing.into_iter().map(|(row, chunk)| (row, chunk.key, vector())).collect();
            self.library.apply(&Change::Embedded { doc, model: Fingerprint([7; 32]), vectors }).unwrap();
        }
    }

    fn retired(&self) -> Vec<Row> {
        read::retired(self.library.kv()).unwrap()
    }

    /// Purges everything that was tombstoned or retired by the commit `upto`.
    fn purge(&mut self, upto: u64) {
        let mut from = Vec::new();
        loop {
            let found = read::purgeable(self.library.kv(), upto, 0, &from).unwrap();
            found.documents.iter().for_each(|doc| drop(self.apply(&Change::Purge { doc: *doc })));
            self.apply(&Change::Expire { rows: found.rows });
            let Some(next) = found.next else { return };
            from = next;
        }
    }

    fn now(&self) -> u64 {
        self.library.commit().number
    }
}

fn key(text: &str) -> EmbedKey {
    let mut key = [0; 16];
    text.bytes().zip(&mut key).for_each(|(byte, place)| *place = byte);
    EmbedKey(key)
}

fn vector() -> Quantized {
    Embedding::new(Fingerprint([7; 32]), &[1.0; DIMENSIONS]).unwrap().quantize()
}

/// Bytes written for each chunk of a file of so many, from its first listing to its last vector.
fn bytes_a_chunk(chunks: usize) -> f64 {
    let mut shelf = Shelf::new();
    let stamp = FileStamp::default();
    let seen = Change::Seen { path: b"/log.txt".to_vec(), stamp, collection: "home".to_owned(), ring: Ring::Mesh };
    let doc = shelf.library.apply(&seen).unwrap().doc.unwrap();
    let chunk = |n: usize| NewChunk {
        key: EmbedKey((n as u128).to_be_bytes()),
        heading: "Log".to_owned(),
        text: "a line of the log\n".repeat(45),
        start: 0,
        end: 1,
    };
    let chunks = (0..chunks).map(chunk).collect::<Vec<_>>();
    let count = chunks.len();
    shelf.library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
    shelf.embed(doc);
    assert_eq!(shelf.embedded, count);
    assert!(audit(shelf.library.kv()).unwrap().clean());
    shelf.library.kv().bytes.get() as f64 / count as f64
}

#[test]
fn a_chunk_of_a_long_file_costs_as_many_bytes_as_one_of_a_short_file() {
    let (short, long) = (bytes_a_chunk(250), bytes_a_chunk(4000));
    println!("{short:.0} bytes a chunk in a file of 250 chunks, {long:.0} in one of 4,000");
    assert!(long <= short * 1.02, "{short:.0} and {long:.0} bytes a chunk");
}

#[test]
fn an_edit_that_is_taken_back_embeds_nothing() {
    let mut shelf = Shelf::new();
    let doc = shelf.seen("/a");
    assert_eq!(shelf.read(doc, &["one", "two", "two"]), Some(Kind::Chunked));
    shelf.embed(doc);
    let before = shelf.embedded;
    shelf.seen("/a");
    assert_eq!(shelf.read(doc, &["one", "three"]), Some(Kind::Chunked));
    shelf.embed(doc);
    assert_eq!((shelf.embedded - before, shelf.retired().len()), (1, 1), "of two equal texts one vector is kept");
    shelf.seen("/a");
    assert_eq!(shelf.read(doc, &["one", "two", "two"]), Some(Kind::Ready), "nothing is missing");
    let rows: Vec<Row> =
        read::document(shelf.library.kv(), doc).unwrap().unwrap().chunks.iter().map(|c| c.row).collect();
    assert!(rows.iter().all(|row| !shelf.retired().contains(row)));
}

#[test]
fn a_file_that_was_empty_for_a_moment_embeds_nothing() {
    let mut shelf = Shelf::new();
    let doc = shelf.seen("/a");
    shelf.read(doc, &["one", "two"]);
    shelf.embed(doc);
    shelf.seen("/a");
    let stamp = read::document(shelf.library.kv(), doc).unwrap().unwrap().stamp;
    let applied = shelf.apply(&Change::Refused { doc, stamp, reason: "It is empty.".to_owned(), keep: false });
    assert!(applied.to_purge && applied.removed.len() == 2, "{applied:?}");
    assert_eq!(shelf.library.commit().counts.live_vectors(), 0);
    shelf.seen("/a");
    assert_eq!(shelf.read(doc, &["one", "two"]), Some(Kind::Ready));
}

#[test]
fn what_edits_leave_behind_does_not_grow_with_their_number_and_goes_with_the_purge() {
    let mut shelf = Shelf::new();
    let doc = shelf.seen("/a");
    for n in 0..20 {
        shelf.read(doc, if n % 2 == 0 { &["one"] } else { &["two"] });
        shelf.embed(doc);
        shelf.seen("/a");
    }
    assert_eq!(shelf.embedded, 2);
    assert!(shelf.retired().len() <= 2, "{:?}", shelf.retired());
    let before_the_last = shelf.now();
    shelf.read(doc, &["three"]);
    shelf.embed(doc);
    shelf.purge(before_the_last);
    assert_eq!(shelf.retired().len(), 1, "only what was retired last is left");
    shelf.purge(shelf.now());
    let counts = shelf.library.commit().counts;
    assert_eq!((shelf.retired().len(), counts.vectors, counts.tombstoned_vectors), (0, 1, 0));
}

#[test]
fn a_vector_is_kept_for_its_own_time_though_the_file_that_shared_its_text_was_removed_before() {
    let mut shelf = Shelf::new();
    let (a, b) = (shelf.seen("/a"), shelf.seen("/b"));
    shelf.read(a, &["shared"]);
    shelf.embed(a);
    assert_eq!((shelf.read(b, &["shared"]), shelf.embedded), (Some(Kind::Ready), 1));
    shelf.gone(a);
    let removed = shelf.now();
    shelf.seen("/b");
    shelf.read(b, &["other"]);
    shelf.embed(b);
    shelf.purge(removed);
    let before = shelf.embedded;
    shelf.seen("/b");
    assert_eq!(shelf.read(b, &["shared"]), Some(Kind::Ready));
    assert_eq!(shelf.embedded, before);
}

#[test]
fn each_tombstone_is_purged_by_the_commit_that_made_it() {
    let mut shelf = Shelf::new();
    let docs = ["/a", "/b", "/c"].map(|path| shelf.seen(path));
    for (doc, text) in docs.into_iter().zip(["one", "two", "three"]) {
        shelf.read(doc, &[text]);
        shelf.embed(doc);
    }
    shelf.gone(docs[1]);
    let first = shelf.now();
    shelf.gone(docs[0]);
    shelf.purge(first);
    let found = docs.map(|doc| read::document(shelf.library.kv(), doc).unwrap().is_some());
    assert_eq!(found, [true, false, true]);
    // It came back, and went again: its time begins anew.
    shelf.seen("/a");
    let back = shelf.now();
    shelf.gone(docs[0]);
    shelf.purge(back);
    assert!(read::document(shelf.library.kv(), docs[0]).unwrap().is_some());
    shelf.purge(shelf.now());
    assert_eq!(shelf.library.commit().counts.count(Kind::Tombstoned), 0);
}

#[test]
fn the_todo_list_of_an_older_version_is_read() {
    let mut shelf = Shelf::new();
    let (doc, gone) = (shelf.seen("/a"), shelf.seen("/b"));
    let texts: Vec<String> = (0..20).map(|n| format!("text {n}")).collect();
    shelf.read(doc, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    shelf.gone(gone);
    let mut batch = Batch::new();
    batch.put(Space::Todo, keys::todo(Stage::Embed, doc), []);
    batch.put(Space::Todo, keys::todo(Stage::Purge, gone), []);
    shelf.library.kv().commit(batch).unwrap();
    assert!(audit(shelf.library.kv()).unwrap().clean());
    shelf.embed(doc);
    shelf.purge(0);
    assert!(audit(shelf.library.kv()).unwrap().clean());
    assert_eq!(shelf.library.commit().counts.count(Kind::Tombstoned), 0);
}

#[test]
fn a_repair_leaves_no_retired_row_behind() {
    let mut shelf = Shelf::new();
    let doc = shelf.seen("/a");
    shelf.read(doc, &["one"]);
    shelf.embed(doc);
    shelf.seen("/a");
    shelf.read(doc, &["two"]);
    shelf.embed(doc);
    assert_eq!(shelf.retired().len(), 1);
    repair(shelf.library.kv()).unwrap();
    let found = audit(shelf.library.kv()).unwrap();
    assert!(found.clean() && is_consistent(shelf.library.kv()).unwrap(), "{:?}", found.faults);
    assert_eq!((found.counted.vectors, shelf.retired().len()), (1, 0));
}

#[test]
fn a_parked_document_waits_for_its_owner_and_its_chunks_are_counted_as_nobodys_work() {
    let mut shelf = Shelf::new();
    let (doc, other) = (shelf.seen("/a"), shelf.seen("/b"));
    shelf.read(doc, &["one", "two"]);
    shelf.read(other, &["three"]);
    let to_embed = |shelf: &Shelf| shelf.library.commit().counts.to_embed();
    assert_eq!(to_embed(&shelf), 3);
    let stamp = read::document(shelf.library.kv(), doc).unwrap().unwrap().stamp;
    let attempt = |n: i64| Attempt { by: Some(PeerKey([7; 32])), why: "\u{e9}".repeat(400), at: n };
    let parked = Parked::new((0..7).map(attempt).collect());
    assert_eq!((parked.attempts.len(), parked.attempts[0].at, parked.why().len()), (ATTEMPTS_MAX, 2, ATTEMPT_TEXT_MAX));
    let park = Change::Parked { doc, stamp, parked: parked.clone() };
    assert_eq!(shelf.apply(&park).now, Some(Kind::Parked));
    assert_eq!(shelf.apply(&park).now, None, "once");
    assert_eq!(to_embed(&shelf), 1, "only that of the other document waits");
    let listed = || read::parked(shelf.library.kv(), 9).unwrap();
    assert_eq!(listed(), [(doc, b"/a".to_vec(), parked.clone())]);
    assert_eq!(audit(shelf.library.kv()).unwrap().parked, listed());
    // A vector of it that comes late is stored all the same.
    let row = read::document(shelf.library.kv(), doc).unwrap().unwrap().chunks[0].row;
    let vectors = vec![(row, key("one"), vector())];
    shelf.apply(&Change::Embedded { doc, model: Fingerprint([7; 32]), vectors });
    assert_eq!(shelf.library.commit().counts.set_aside, 1);

    assert_eq!(shelf.apply(&Change::Retried { doc }).now, Some(Kind::Waiting));
    assert_eq!(shelf.apply(&Change::Retried { doc }).now, None, "it is not parked any more");
    assert_eq!((to_embed(&shelf), shelf.library.commit().counts.set_aside), (2, 0));
    shelf.apply(&park);
    assert_eq!(shelf.apply(&Change::Dropped { doc }).now, Some(Kind::Refused));
    assert_eq!(to_embed(&shelf), 1);
    let Some(Document { state: DocState::Refused(why), .. }) = read::document(shelf.library.kv(), doc).unwrap() else {
        panic!("it is refused")
    };
    assert!(why.contains("its owner dropped them") && why.contains('\u{e9}'), "{why}");
    shelf.seen("/a");
    assert_eq!((to_embed(&shelf), shelf.library.commit().counts.set_aside), (2, 0), "its file is another one");
    shelf.apply(&Change::Parked { doc, stamp: FileStamp { modified_ns: 3, ..stamp }, parked });
    shelf.gone(doc);
    assert_eq!((to_embed(&shelf), shelf.library.commit().counts.set_aside), (1, 0));
}

#[test]
fn a_difference_that_is_planted_in_the_counts_or_in_the_records_is_named() {
    let mut shelf = Shelf::new();
    let (done, waits) = (shelf.seen("/a"), shelf.seen("/b"));
    shelf.read(done, &["one"]);
    shelf.embed(done);
    shelf.read(waits, &["two", "three"]);
    let faults = |library: &Library<Counting>| audit(library.kv()).unwrap().faults;
    assert_eq!(audit(shelf.library.kv()).unwrap().to_embed, 2);
    let mut commit = shelf.library.commit().clone();
    commit.counts.enter(Kind::Parked);
    commit.counts.set_aside = 1;
    let mut batch = Batch::new();
    batch.put(Space::State, keys::COMMIT, commit.encode());
    shelf.library.kv().commit(batch).unwrap();
    let names = [
        "files parked: 0 counted, 1 recorded",
        "passages without a vector of files that are not usable or parked: 0 counted, 1 recorded",
    ];
    assert_eq!(faults(&shelf.library), names);
    // A vector is lost of a document that is done: nobody would embed it again.
    let mut batch = Batch::new();
    batch.put(Space::State, keys::COMMIT, shelf.library.commit().encode());
    let row = read::document(shelf.library.kv(), done).unwrap().unwrap().chunks[0].row;
    batch.delete(Space::Vector, keys::row(row));
    shelf.library.kv().commit(batch).unwrap();
    let found = faults(&shelf.library);
    let named = |what: &str| assert!(found.iter().any(|fault| fault.contains(what)), "{what}: {found:?}");
    named("vectors: 0 counted, 1 recorded");
    named("2 passages of files that are not done lack a vector, 3 should");
    named("/a lacks 1 vectors where it should lack 0");
}
