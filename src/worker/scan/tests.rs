//! Listings against what the store knows.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint, Ring};
use crate::base::vector::Quantized;
use crate::limits::DIMENSIONS;
use crate::scheduler::task::Away;
use crate::store::change::NewChunk;
use crate::store::kv::{Batch, Pair, Space};
use crate::store::library::Library;
use crate::store::memory::{MemoryKv, MemorySnapshot};
use crate::store::record::Source;
use crate::worker::sweep;

mod ignored_test;
mod unusable_test;

fn step(after: Option<&str>) -> Scan {
    let source = Source { path: b"/home".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    Scan { source, scope: b"/home".into(), after: after.map(|path| path.as_bytes().to_vec()) }
}

fn entry(path: &str, size: u64) -> Entry {
    let stamp = FileStamp { size, ..FileStamp::default() };
    Entry { path: path.as_bytes().to_vec(), stamp, has_other_names: false }
}

/// The file on the file system with this tag.
fn on(volume: u16, path: &str) -> Entry {
    let plain = entry(path, 1);
    Entry { stamp: plain.stamp.on_volume(volume), ..plain }
}

fn volumes(list: &[(&str, u16)]) -> Vec<(Vec<u8>, u16)> {
    list.iter().map(|(path, tag)| (path.as_bytes().to_vec(), *tag)).collect()
}

fn described(outcome: &Outcome) -> Vec<String> {
    let Outcome::Scanned { changes, gone, .. } = outcome else { panic!("{outcome:?}") };
    let describe = |change: &Change| match change {
        Change::Seen { path, .. } => format!("seen {}", String::from_utf8_lossy(path)),
        Change::Restamped { doc, .. } => format!("restamped {doc}"),
        Change::Gone(found) => format!("gone {}", found.doc),
        other => panic!("{other:?}"),
    };
    changes.iter().map(describe).chain(gone.iter().map(|found| format!("gone {}", found.doc))).collect()
}

fn tally(outcome: Outcome) -> Tally {
    let Outcome::Scanned { tally, .. } = outcome else { panic!("{outcome:?}") };
    *tally
}

fn apply(library: &mut Library<MemoryKv>, listing: Listing) -> Vec<String> {
    let outcome = compare(library.kv(), &step(None), listing).unwrap();
    let told = described(&outcome);
    let Outcome::Scanned { changes, gone, .. } = outcome else { panic!() };
    changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
    gone.into_iter().for_each(|found| drop(library.apply(&Change::Gone(found)).unwrap()));
    told
}

fn found(library: &Library<MemoryKv>, doc: u64) -> FoundDocument {
    FoundDocument::new(DocId(doc), &read::document(library.kv(), DocId(doc)).unwrap().unwrap())
}

fn library_with(entries: Vec<Entry>) -> Library<MemoryKv> {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    apply(&mut library, Listing { entries, ..Listing::default() });
    library
}

fn library_of(paths: &[&str]) -> Library<MemoryKv> {
    library_with(paths.iter().map(|path| entry(path, 1)).collect())
}

#[test]
fn new_changed_and_gone_files_are_told_apart_and_counted() {
    let library = library_of(&["/home/a", "/home/b", "/home/c"]);
    let mut key_files = KeyFiles::default();
    key_files.add(b"/home/server.pem".to_vec());
    let linked = Entry { has_other_names: true, ..entry("/home/d", 1) };
    let listing = Listing {
        entries: vec![entry("/home/a", 1), entry("/home/b", 2), linked],
        at: 7,
        key_files: key_files.clone(),
        ..Listing::default()
    };
    let outcome = compare(library.kv(), &step(None), listing).unwrap();
    assert_eq!(described(&outcome), ["seen /home/b", "seen /home/d", "gone 2"]);
    let expected = Tally {
        known: 2,
        empty: 1,
        remaining: 3,
        listed: 3,
        has_other_names: true,
        omitted: Omitted { key_files, ignored: Vec::new() },
        at: 7,
        ..Tally::default()
    };
    assert_eq!(tally(outcome), expected);
}

#[test]
fn nothing_below_an_unreadable_folder_is_gone_and_that_is_told() {
    let library = library_of(&["/home/locked/a", "/home/z"]);
    let listing = Listing { holes: vec![b"/home/locked".into(), b"/home/other".into()], ..Listing::default() };
    let outcome = compare(library.kv(), &step(None), listing).unwrap();
    assert_eq!(described(&outcome), ["gone 1"]);
    let away = |path: &[u8], documents| Away {
        path: path.to_vec(),
        volume: 0,
        documents,
        ready: 0,
        partly: 0,
        read: 0,
        unread: documents,
    };
    assert_eq!(tally(outcome).away, [away(b"/home/locked", 1), away(b"/home/other", 0)]);
}

#[test]
fn of_a_listing_with_more_holes_than_it_names_no_document_is_gone_and_they_are_away_where_they_lie() {
    let library = library_of(&["/home/a", "/home/b/c/d", "/home/b/e", "/home/locked/f"]);
    let holes = vec![b"/home/locked".into()];
    let listing = Listing { entries: vec![entry("/home/a", 1)], holes, has_more_holes: true, ..Listing::default() };
    let outcome = compare(library.kv(), &step(None), listing).unwrap();
    assert_eq!(described(&outcome), Vec::<String>::new());
    let away = tally(outcome).away.into_iter().map(|place| (place.path, place.volume, place.documents));
    assert_eq!(away.collect::<Vec<_>>(), [(b"/home/locked".to_vec(), 0, 1), (b"/home/b".to_vec(), 0, 2)]);
}

#[test]
fn of_what_is_away_only_what_was_indexed_counts_as_answering() {
    let mut library = library_of(&["/home/locked/a", "/home/locked/b"]);
    let new = |name: &str| Change::Seen {
        path: format!("/home/locked/{name}").into_bytes(),
        stamp: entry("/home/new", 1).stamp,
        collection: "home".to_owned(),
        ring: Ring::Mesh,
    };
    for doc in [0, 1].map(DocId) {
        let stamp = entry("/home/new", 1).stamp;
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks: Vec::new() }).unwrap();
    }
    ["c", "d", "e"].iter().for_each(|name| drop(library.apply(&new(name)).unwrap()));
    // Two of which all passages wait to be embedded, and then one of them only half.
    for name in [5, 6_u8] {
        let doc = library.apply(&new(&name.to_string())).unwrap().doc.unwrap();
        let chunk =
            |key| NewChunk { key: EmbedKey([key; 16]), heading: String::new(), text: "t".to_owned(), start: 0, end: 1 };
        let (stamp, chunks) = (entry("/home/new", 1).stamp, vec![chunk(name), chunk(10 + name)]);
        library.apply(&Change::Chunked { doc, stamp, content: [name; 16], chunks }).unwrap();
    }
    let row = read::document(library.kv(), DocId(6)).unwrap().unwrap().chunks[0].row;
    let vector = Quantized::from_parts(1.0, &[1; DIMENSIONS]).unwrap();
    let vectors = vec![(row, EmbedKey([6; 16]), vector)];
    library.apply(&Change::Embedded { doc: DocId(6), model: Fingerprint([7; 32]), vectors }).unwrap();
    let listing = Listing { holes: vec![b"/home/locked".into()], ..Listing::default() };
    let away = tally(compare(library.kv(), &step(None), listing).unwrap()).away;
    assert_eq!(
        away,
        [Away { path: b"/home/locked".into(), volume: 0, documents: 7, ready: 2, partly: 1, read: 1, unread: 3 }]
    );
}

#[test]
fn documents_of_another_file_system_than_the_one_that_is_there_are_away() {
    let files = || vec![on(5, "/home/a"), on(9, "/home/stick/deep/x"), on(9, "/home/stick/y")];
    let mut library = library_with(files());
    // Unplugged: the mount point is there, with a stray file in it; or it is not there at all.
    for (stray, place) in [(Some("/home/stick/stray"), Some(("/home/stick", 5))), (None, None)] {
        let entries = [Some("/home/a"), stray].into_iter().flatten().map(|path| on(5, path)).collect();
        let volumes = volumes(&[Some(("/home", 5)), place].into_iter().flatten().collect::<Vec<_>>());
        let outcome = compare(library.kv(), &step(None), Listing { entries, volumes, ..Listing::default() }).unwrap();
        assert_eq!(described(&outcome), stray.map(|path| format!("seen {path}")).into_iter().collect::<Vec<_>>());
        let tally = tally(outcome);
        assert_eq!(
            tally.away,
            [Away { path: b"/home/stick".into(), volume: 9, documents: 2, ready: 0, partly: 0, read: 0, unread: 2 }]
        );
        assert_eq!(tally.remaining, 3 + u64::from(stray.is_some()));
    }
    // Plugged in again, and one file was deleted elsewhere meanwhile.
    let entries = files().into_iter().take(2).collect();
    let listing = Listing { entries, volumes: volumes(&[("/home", 5), ("/home/stick", 9)]), ..Listing::default() };
    assert_eq!(apply(&mut library, listing), ["gone 2"]);
}

#[test]
fn a_disk_mounted_over_known_files_hides_them_and_takes_none() {
    let mut library = library_with(vec![on(5, "/home/sub/old")]);
    let over = volumes(&[("/home", 5), ("/home/sub", 9)]);
    let listing = |entries| Listing { entries, volumes: over.clone(), ..Listing::default() };
    assert_eq!(apply(&mut library, listing(vec![on(9, "/home/sub/new")])), ["seen /home/sub/new"]);
    assert_eq!(apply(&mut library, listing(Vec::new())), ["gone 1"], "what was on the new disk is deleted there");
    let entries = vec![on(5, "/home/sub/old")];
    let listing = Listing { entries, volumes: volumes(&[("/home", 5)]), ..Listing::default() };
    assert_eq!(apply(&mut library, listing), Vec::<String>::new());
}

#[test]
fn a_disk_that_came_back_under_another_number_is_the_same_disk() {
    let mut library = library_with(vec![on(5, "/home/a"), on(5, "/home/b"), on(5, "/home/c")]);
    let listing = |entries| Listing { entries, volumes: volumes(&[("/home", 6)]), ..Listing::default() };
    let told = apply(&mut library, listing(vec![on(6, "/home/a"), on(6, "/home/b")]));
    assert_eq!(told, ["restamped 0", "restamped 1", "gone 2"]);
    assert_eq!(apply(&mut library, listing(vec![on(6, "/home/a")])), ["gone 1"]);
}

#[test]
fn a_document_without_a_known_file_system_takes_the_one_that_it_is_found_on() {
    let mut library = library_of(&["/home/a", "/home/b"]);
    let listing = |entries| Listing { entries, volumes: volumes(&[("/home", 5)]), ..Listing::default() };
    assert_eq!(apply(&mut library, listing(vec![on(5, "/home/a")])), ["restamped 0", "gone 1"]);
    assert_eq!(
        apply(&mut library, Listing { volumes: volumes(&[("/home", 8)]), ..Listing::default() }),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_that_is_a_source_of_its_own_is_gone_when_its_folder_says_so() {
    let library = library_with(vec![on(5, "/home")]);
    let deleted = |volumes| Listing { holes: vec![b"/home".into()], volumes, ..Listing::default() };
    assert_eq!(described(&compare(library.kv(), &step(None), deleted(volumes(&[("/", 5)]))).unwrap()), ["gone 0"]);
    for away in [volumes(&[("/", 6)]), Vec::new()] {
        let outcome = compare(library.kv(), &step(None), deleted(away)).unwrap();
        assert_eq!(described(&outcome), Vec::<String>::new());
        let place = Away { path: b"/home".into(), volume: 0, documents: 1, ready: 0, partly: 0, read: 0, unread: 1 };
        assert_eq!(tally(outcome).away, [place], "once, and where the next scan looks");
    }
}

#[test]
fn a_document_that_its_owner_keeps_stays_without_its_file_and_is_read_again_when_that_is_back() {
    let mut library = library_of(&["/home/a"]);
    library.apply(&Change::Kept { found: found(&library, 0), since: 77 }).unwrap();
    assert_eq!(apply(&mut library, Listing::default()), Vec::<String>::new());
    let known = read::document(library.kv(), DocId(0)).unwrap().unwrap();
    assert_eq!(known.stamp.kept_since(), Some(77));
    let Outcome::Scanned { tally, .. } = compare(library.kv(), &step(None), Listing::default()).unwrap() else {
        panic!()
    };
    assert_eq!((tally.kept, tally.remaining), (1, 1), "it is counted");
    assert_eq!(sweep::kept(library.kv(), b"/home", None), Ok(Outcome::Kept(vec![found(&library, 0)], None)));
    assert_eq!(sweep::kept(library.kv(), b"/home/b", None), Ok(Outcome::Kept(Vec::new(), None)));
    let listing = Listing { entries: vec![entry("/home/a", 1)], ..Listing::default() };
    assert_eq!(apply(&mut library, listing), ["seen /home/a"]);
    assert_eq!(apply(&mut library, Listing::default()), ["gone 0"]);
}

#[test]
fn a_missing_file_that_was_never_read_goes_at_once_and_one_that_answers_is_for_the_judge_of_losses() {
    let mut library = library_of(&["/home/a", "/home/b", "/home/c", "/home/d"]);
    let (reason, stamp) = ("It is empty.".to_owned(), entry("/home/d", 1).stamp);
    library.apply(&Change::Refused { doc: DocId(3), stamp, reason, keep: false }).unwrap();
    let chunk = NewChunk { key: EmbedKey([1; 16]), heading: String::new(), text: "text".into(), start: 0, end: 4 };
    let (stamp, content, chunks) = (entry("/home/b", 1).stamp, [1; 16], vec![chunk]);
    library.apply(&Change::Chunked { doc: DocId(1), stamp, content, chunks }).unwrap();
    let listing = Listing { entries: vec![entry("/home/c", 1)], ..Listing::default() };
    let Outcome::Scanned { changes, gone, tally, .. } = compare(library.kv(), &step(None), listing).unwrap() else {
        panic!()
    };
    let empty = [0, 3].map(|doc| Change::Gone(found(&library, doc)));
    assert_eq!((changes, gone), (empty.to_vec(), vec![found(&library, 1)]));
    assert_eq!((tally.known, tally.remaining, tally.unusable), (2, 1, 0), "the others are no loss");
}

#[test]
fn a_step_that_ends_early_changes_nothing_behind_its_end() {
    let library = library_of(&["/home/a", "/home/m", "/home/z"]);
    let listing = Listing { upto: Some(b"/home/m".into()), ..Listing::default() };
    let outcome = compare(library.kv(), &step(Some("/home/a")), listing).unwrap();
    assert_eq!(described(&outcome), ["gone 1"]);
    assert!(matches!(outcome, Outcome::Scanned { next: Some(end), .. } if end == b"/home/m"));
}

#[test]
fn a_vanished_folder_of_many_files_is_gone_in_bounded_steps() {
    let names: Vec<String> = (0..SCAN_BATCH + 10).map(|n| format!("/home/{n:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let library = library_of(&names);
    let (mut after, mut missing, mut steps) = (None, 0, 0);
    loop {
        let step = Scan { after, ..step(None) };
        let Outcome::Scanned { changes, next, .. } = compare(library.kv(), &step, Listing::default()).unwrap() else {
            panic!()
        };
        missing += changes.len();
        steps += 1;
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((missing, steps), (SCAN_BATCH + 10, 2));
}

/// The store as a worker reads it, while the writer writes something after the first page of paths.
struct Written<'a> {
    kv: &'a MemoryKv,
    write: &'a dyn Fn(),
}

impl KvRead for Written<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.kv.get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        let page = self.kv.page(space, from, to, max);
        if space == Space::Path {
            (self.write)();
        }
        page
    }
}

impl Kv for Written<'_> {
    type Snapshot = MemorySnapshot;

    fn snapshot(&self) -> MemorySnapshot {
        self.kv.snapshot()
    }

    fn commit(&self, _: Batch) -> Result<(), KvError> {
        unreachable!("a worker writes nothing")
    }

    fn sync(&self) -> Result<(), KvError> {
        Ok(())
    }
}

#[test]
fn a_document_that_goes_on_under_another_path_while_a_scan_reads_the_store_makes_no_other_one_look_gone() {
    let kv = std::rc::Rc::new(MemoryKv::new());
    let mut library = Library::open(std::rc::Rc::clone(&kv)).unwrap();
    let entries = ["/home/d/a", "/home/d/b", "/home/d/c", "/home/e/a"].map(|path| entry(path, 1));
    let stamp = entries[0].stamp;
    let mut docs = Vec::new();
    for path in ["/home/d/0", "/home/d/a", "/home/d/b", "/home/d/c", "/home/e/a"] {
        let (path, collection) = (path.as_bytes().to_vec(), "home".to_owned());
        docs.extend(library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc);
    }
    let read = |doc| {
        let chunk = NewChunk { key: EmbedKey([1; 16]), heading: String::new(), text: "text".into(), start: 0, end: 4 };
        Change::Chunked { doc, stamp, content: [1; 16], chunks: vec![chunk] }
    };
    docs[..4].iter().for_each(|doc| drop(library.apply(&read(*doc)).unwrap()));
    library.apply(&Change::gone(&kv, docs[0])).unwrap();
    let library = std::cell::RefCell::new(library);
    let write = || drop(library.borrow_mut().apply(&read(docs[4])).unwrap());
    let listing = Listing { entries: entries.to_vec(), ..Listing::default() };
    let outcome = compare(&Written { kv: &kv, write: &write }, &step(None), listing).unwrap();
    assert_eq!(described(&outcome), Vec::<String>::new(), "all files are there and known");
}

#[test]
fn a_folder_whose_place_a_file_or_a_pipe_took_is_away_and_no_document_of_it_is_gone() {
    let mut library = library_of(&["/home/a", "/home/b/c"]);
    for (instead, file) in [("a file", Some(entry("/home", 5))), ("a pipe", None)] {
        for scope in ["/home", "/home/b"] {
            let step = Scan { scope: scope.into(), ..step(None) };
            let entries = file.iter().cloned().collect();
            let listing = Listing { entries, instead: Some(instead), ..Listing::default() };
            let outcome = compare(library.kv(), &step, listing).unwrap();
            assert_eq!(described(&outcome), Vec::<String>::new(), "{instead}");
            let Outcome::Scanned { ref remarks, .. } = outcome else { panic!() };
            assert_eq!(
                remarks,
                &[format!("/home is away, because there is {instead} in its place: what is known of it is kept.")]
            );
            let tally = tally(outcome);
            assert_eq!(tally.why, Some(format!("there is {instead} in its place")));
            assert_eq!((&*tally.away[0].path, tally.known), (&b"/home"[..], tally.remaining));
        }
    }
    // Where no document is left of a folder, the file is what its owner named.
    for doc in [DocId(0), DocId(1)] {
        let gone = Change::gone(library.kv(), doc);
        library.apply(&gone).unwrap();
    }
    let listing = Listing { entries: vec![entry("/home", 5)], instead: Some("a file"), ..Listing::default() };
    assert_eq!(described(&compare(library.kv(), &step(None), listing).unwrap()), ["seen /home"]);
}

#[test]
fn whether_a_folder_had_documents_is_seen_behind_any_number_of_deleted_ones() {
    let paths: Vec<String> = (0..3 * BELOW).map(|number| format!("/home/{number:03}")).collect();
    let mut library = library_of(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let has = |library: &Library<MemoryKv>| has_documents_below(library.kv(), b"/home").unwrap();
    for doc in 0..3 * BELOW as u64 {
        assert!(has(&library));
        let gone = Change::gone(library.kv(), DocId(doc));
        library.apply(&gone).unwrap();
    }
    assert!(!has(&library));
}
