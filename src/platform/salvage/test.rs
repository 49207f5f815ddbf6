//! Damaged stores with documents whose files are not there.

use crate::base::finding::Finding;
use crate::base::id::{DocId, Fingerprint, PeerKey, Ring};
use crate::base::rng::Rng;
use crate::base::vector::Quantized;
use crate::embed::model::key;
use crate::limits::{DIMENSIONS, STORE_UNENDED_MAX, STORES_ASIDE_MAX};
use crate::platform::counted;
use crate::platform::disk::{Disk, LAYOUT, Sync};
use crate::platform::home::{Home, HomeFile};
use crate::platform::store::{self, OPENING, mark_suspect};
use crate::platform::store_aside::{aside, note, set_aside};
use crate::store::audit::audit;
use crate::store::change::{Change, FoundDocument, NewChunk};
use crate::store::counts::Kind;
use crate::store::kv::Space;
use crate::store::library::Library;
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{Asked, DocState, FileStamp, Mark, MarkKind, Marks, Record, Source, Sources};
use crate::worker::retrieve::load_indexes;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

mod later_test;

/// A device that is believed.
const PROVEN: PeerKey = PeerKey([8; 32]);

const MODEL: Fingerprint = Fingerprint([7; 32]);
/// Of each kind: kept without their files, gone, away, there.
const EACH: usize = 20;
const KINDS: [&str; 4] = ["docs/kept", "docs/gone", "usb/away", "docs/there"];
const SINCE: i64 = 1_700_000_000;

struct Place {
    _folder: tempfile::TempDir,
    root: PathBuf,
    home: Home,
}

impl Place {
    /// A home whose store has documents of all kinds, all of them in tables.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(root.join("home")).unwrap();
        fs::set_permissions(root.join("home"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(root.join("docs")).unwrap();
        let home = Home::open(&root.join("home")).unwrap();
        let place = Self { _folder: folder, root, home };
        let source =
            |name: &str| Source { path: place.path(name), collection: name.into(), ring: Ring::Mesh, device: 1 };
        let sources = Sources::from(vec![source("docs"), source("usb")]);
        place.home.write(HomeFile::Sources, &sources.encode()).unwrap();
        let (mut library, found) = place.start();
        assert_eq!(found, None);
        for kind in KINDS {
            (0..EACH).for_each(|n| place.add(&mut library, kind, n));
        }
        let away = Mark {
            path: place.path("usb"),
            volume: 0,
            since: SINCE,
            documents: EACH as u64,
            partly: 0,
            read: 0,
            unread: 0,
            kind: MarkKind::Away,
        };
        library.apply(&Change::Marks(Marks(vec![away]))).unwrap();
        library.apply(&Change::Asked(Asked(vec![place.path("docs")]))).unwrap();
        library.kv().rotate().unwrap();
        counted::note(&place.home, library.kv()).unwrap();
        let kept: Vec<DocId> = (0..EACH as u64).map(DocId).collect();
        counted::add_kept(&place.home, library.kv(), &kept).unwrap();
        place
    }

    fn path(&self, name: &str) -> Vec<u8> {
        self.root.join(name).as_os_str().as_bytes().to_vec()
    }

    /// A long name, so that the list of documents has several blocks.
    fn document(&self, kind: &str, n: usize) -> Vec<u8> {
        self.path(&format!("{kind}-{n}-{}", letters(n, 150)))
    }

    fn add(&self, library: &mut Library<Disk>, kind: &str, n: usize) {
        let path = self.document(kind, n);
        if kind == "docs/there" {
            fs::write(std::ffi::OsStr::from_bytes(&path), "x").unwrap();
        }
        let stamp = FileStamp { size: n as u64, modified_ns: 5, changed_ns: 6, inode: 7 };
        let seen = Change::Seen { path, stamp, collection: "old".into(), ring: Ring::Private };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let chunk = |part: usize| {
            let (heading, text) = (format!("{kind} > {part}"), letters(n * 10 + part, 1000));
            NewChunk { key: key(&MODEL, &heading, &text), heading, text, start: 0, end: 1000 }
        };
        let chunks = vec![chunk(0), chunk(1), chunk(2)];
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        let rows = read::document(library.kv(), doc).unwrap().unwrap().chunks;
        let vector = |row| {
            let key = read::chunk(library.kv(), row).unwrap().unwrap().key;
            (row, key, Quantized::from_parts(1.0, &[1 + u8::try_from(n).unwrap(); DIMENSIONS]).unwrap())
        };
        let vectors: Vec<_> = rows.iter().map(|place| vector(place.row)).collect();
        // The last one of each kind another device embedded, and a check has vouched for it.
        let is_proven = n == EACH - 1;
        let proof = || vectors.iter().map(|(row, key, _)| (*row, *key)).collect();
        let proven = is_proven.then(|| Change::Proven { doc, by: PROVEN, checks: 7, rows: proof() });
        // One more than there are of each kind: another device made its vectors, and no check has vouched for them.
        let embedded = if is_proven {
            Change::Unproven { by: PROVEN, model: MODEL, vectors }
        } else if n < EACH {
            Change::Embedded { doc, model: MODEL, vectors }
        } else {
            Change::Unproven { by: PeerKey([9; 32]), model: MODEL, vectors }
        };
        library.apply(&embedded).unwrap();
        if let Some(proven) = proven {
            library.apply(&proven).unwrap();
        }
        if kind == "docs/kept" {
            let found = FoundDocument::new(doc, &read::document(library.kv(), doc).unwrap().unwrap());
            library.apply(&Change::Kept { found, since: SINCE }).unwrap();
        }
    }

    fn start(&self) -> (Library<Disk>, Option<Finding>) {
        let first_reads = |library: &Library<Disk>| load_indexes(library.kv()).map(drop);
        let (library, (), found) =
            store::open(&self.home, &MODEL.into(), Sync::Buffer, first_reads).unwrap_or_else(|why| panic!("{why}"));
        assert!(audit(library.kv()).unwrap().clean(), "{:?}", audit(library.kv()).unwrap().faults);
        (library, found)
    }

    fn store(&self) -> PathBuf {
        self.home.path().join(LAYOUT)
    }

    fn set_aside(&self) -> Vec<PathBuf> {
        aside(&self.store()).into_iter().map(|(_, store)| store).collect()
    }

    /// Another bit in the first block of the space's table, which the next start looks for.
    fn damage(&self, space: Space) {
        let tables = self.store().join(format!("keyspaces/{}/tables", space.index() + 1));
        for table in fs::read_dir(tables).unwrap().map(|table| table.unwrap().path()) {
            let file = fs::File::options().read(true).write(true).open(table).unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, 300).unwrap();
            file.write_all_at(&[byte[0] ^ 4], 300).unwrap();
        }
        mark_suspect(self.home.path());
    }

    /// How many documents of a kind answer with all their text, and how many of them by their meaning too.
    fn answer(&self, library: &Library<Disk>, kind: &str) -> (usize, usize) {
        let (mut found, mut meant) = (0, 0);
        for n in 0..EACH {
            let Some((_, doc)) = read::document_at(library.kv(), &self.document(kind, n)).unwrap() else { continue };
            let texts = doc.chunks.iter().map(|place| read::chunk(library.kv(), place.row).unwrap().unwrap());
            let texts: Vec<(String, String)> = texts.map(|chunk| (chunk.heading, chunk.text)).collect();
            let told = |part: usize| (format!("{kind} > {part}"), letters(n * 10 + part, 1000));
            found += usize::from(texts == [told(0), told(1), told(2)]);
            meant += usize::from(doc.state == DocState::Ready);
            if doc.state == DocState::Ready {
                let makers = Makers::read(library.kv()).unwrap();
                let by = read::vector(library.kv(), doc.chunks[0].row).unwrap().unwrap().by;
                assert_eq!(makers.named(by), (n == EACH - 1).then_some(PROVEN), "who made it stays with it");
            }
            assert_eq!(doc.stamp.kept_since(), (kind == "docs/kept").then_some(SINCE));
            assert!(doc.collection == kind[..doc.collection.len()] && doc.ring == Ring::Mesh, "as the folder's now");
        }
        (found, meant)
    }

    /// All documents whose files are not there answer, once; those that are there are read from their files.
    fn all_answer(&self, library: &Library<Disk>) {
        let found = KINDS.map(|kind| self.answer(library, kind).0);
        assert_eq!(found, [EACH, EACH, EACH, 0]);
        assert_eq!(library.commit().counts.total(), 3 * EACH as u64);
        assert_eq!(read::marks(library.kv()).unwrap().0[0].since, SINCE, "away since then");
        assert_eq!(read::asked(library.kv()).unwrap().0, [self.path("docs")], "what is gone is not removed unasked");
    }
}

fn letters(seed: usize, many: usize) -> String {
    let mut rng = Rng::new(seed as u64);
    (0..many).map(|_| char::from(b'a' + u8::try_from(rng.below(26)).unwrap())).collect()
}

#[test]
fn documents_without_files_answer_after_a_bit_flipped_in_the_vectors_and_are_carried_over_once() {
    let place = Place::new();
    place.damage(Space::Vector);
    let (library, found) = place.start();
    let Finding { what, command, .. } = found.unwrap();
    assert!(what.contains("60 documents whose files are not there were carried over from it. "), "{what}");
    let old = place.set_aside().pop().unwrap();
    assert_eq!(command, Some(format!("rm -r {}", old.display())), "nothing is lost with it");
    place.all_answer(&library);
    let meant: usize = KINDS.map(|kind| place.answer(&library, kind).1).iter().sum();
    assert!((1..3 * EACH).contains(&meant), "{meant}: vectors that can be read are carried over too");
    assert_eq!(library.commit().counts.count(Kind::Chunked), (3 * EACH - meant) as u64, "the others are made again");
    drop(library);

    let (library, found) = place.start();
    assert_eq!(found, None);
    place.all_answer(&library);
    drop(library);
    // The agent ended before that was written down.
    note::write(&old, &note::Due::new("a checksum is wrong")).unwrap();
    let (library, found) = place.start();
    assert!(found.unwrap().what.contains(" 60 documents whose files are not there were carried over"));
    place.all_answer(&library);
}

#[test]
fn documents_whose_records_are_damaged_are_counted_and_their_only_copy_is_kept() {
    let place = Place::new();
    place.damage(Space::Document);
    let (library, found) = place.start();
    let Finding { what, command, .. } = found.unwrap();
    let carried: usize = KINDS.map(|kind| place.answer(&library, kind).0).iter().sum();
    assert!((20..60).contains(&carried), "{carried}");
    let left = 60 - carried;
    let says =
        format!("{carried} documents whose files are not there were carried over from it; {left} could not be, or");
    assert!(what.contains(&says) && what.contains("the only copy"), "{what}");
    assert_eq!(command, None);
    drop(library);
    let only = place.set_aside();
    for _ in 0..STORES_ASIDE_MAX + 1 {
        place.start().0.kv().rotate().unwrap();
        place.damage(Space::State);
        let (library, found) = place.start();
        let what = found.unwrap().what;
        assert!(what.contains(&format!("{carried} documents whose files are not there were carried")), "{what}");
        drop(library);
    }
    let kept = place.set_aside();
    assert!(kept.starts_with(&only) && kept.len() == 1 + STORES_ASIDE_MAX, "{kept:?}");
}

#[test]
fn a_document_of_which_a_passage_is_damaged_answers_with_the_others() {
    let place = Place::new();
    place.damage(Space::Chunk);
    let (library, found) = place.start();
    let what = found.unwrap().what;
    let whole: usize = KINDS.map(|kind| place.answer(&library, kind).0).iter().sum();
    let carried = library.commit().counts.total();
    assert!(whole >= 50 && carried > whole as u64, "{whole} of {carried} are whole");
    let says =
        format!(" {carried} documents whose files are not there were carried over from it; {} could", 60 - whole);
    assert!(what.contains(&says), "{what}");
}

#[test]
fn an_agent_that_ends_between_the_two_stores_or_while_it_carries_over_goes_on_at_its_next_start() {
    let place = Place::new();
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let old = place.set_aside().pop().unwrap();
    // It came as far as the first record of a document.
    let disk = Disk::open(&place.store(), Sync::Buffer).unwrap();
    let mut library = Library::open(disk).unwrap();
    library.apply(&Change::Sources(place.home.sources())).unwrap();
    let stamp = FileStamp { size: 3, modified_ns: 5, changed_ns: 6, inode: 7 }.kept(SINCE);
    let path = place.document(KINDS[0], 3);
    library.apply(&Change::Seen { path, stamp, collection: "docs".into(), ring: Ring::Mesh }).unwrap();
    for ended in [Some(library), None] {
        drop(ended);
        let (library, found) = place.start();
        let Some(found) = found else {
            place.all_answer(&library);
            continue;
        };
        assert!(
            found.what.contains("(a checksum is wrong)") && found.what.contains(&old.display().to_string()),
            "{found:?}"
        );
        assert!(found.what.contains(" 60 documents whose files"), "{found:?}");
        place.all_answer(&library);
    }
}

#[test]
fn a_whole_store_whose_opening_was_killed_very_often_loses_nothing() {
    let place = Place::new();
    fs::write(place.home.path().join(OPENING), "x".repeat(STORE_UNENDED_MAX)).unwrap();
    let (library, found) = place.start();
    assert!(found.unwrap().what.contains("60 documents whose files are not there were carried over from it. "));
    place.all_answer(&library);
    assert_eq!(KINDS.map(|kind| place.answer(&library, kind).1), [EACH, EACH, EACH, 0], "nothing is embedded again");
}

#[test]
fn vectors_of_other_devices_for_which_no_check_has_vouched_are_made_again() {
    let place = Place::new();
    let (mut library, _) = place.start();
    place.add(&mut library, "usb/away", EACH);
    drop(library);
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let (library, _) = place.start();
    let (_, doc) = read::document_at(library.kv(), &place.document("usb/away", EACH)).unwrap().unwrap();
    assert_eq!(doc.state, DocState::Chunked { missing: 3 });
    assert_eq!(library.commit().counts.count(Kind::Ready), 3 * EACH as u64);
}

#[test]
fn a_store_that_ends_the_agent_whenever_it_is_read_is_given_up_and_kept() {
    let place = Place::new();
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let old = place.set_aside().pop().unwrap();
    note::write(&old, &note::Due { tries: STORE_UNENDED_MAX, ..note::Due::new("a checksum is wrong") }).unwrap();
    let (library, found) = place.start();
    let Finding { what, command, .. } = found.unwrap();
    assert_eq!((library.commit().counts.total(), command), (0, None));
    assert!(
        what.contains(
            "It cannot be read, so that nothing was carried over from it. 20 documents that were kept without"
        ),
        "{what}"
    );
    let asked = format!("about which you were asked, went with it: {}.", place.root.join("docs").display());
    assert!(what.contains(&asked), "{what}");
    assert!(what.contains("went with it") && what.contains(" 20 documents of folders that are away"), "{what}");
    assert!(what.contains("the only copy") && note::holds(&old) && note::due(&old).is_none(), "{what}");
}

#[test]
fn documents_of_folders_that_are_watched_no_more_or_being_forgotten_are_not_carried_over() {
    let place = Place::new();
    let (mut library, _) = place.start();
    let marks = read::marks(library.kv()).unwrap().0;
    let forgotten = Mark { path: place.path("usb"), kind: MarkKind::Forgotten, ..marks[0].clone() };
    library.apply(&Change::Marks(Marks(vec![forgotten]))).unwrap();
    let mut sources = place.home.sources();
    sources.places.retain(|source| source.path != place.path("docs"));
    library.apply(&Change::Sources(sources.clone())).unwrap();
    place.home.write(HomeFile::Sources, &sources.encode()).unwrap();
    drop(library);
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let (library, found) = place.start();
    let Finding { what, command, .. } = found.unwrap();
    assert_eq!((library.commit().counts.total(), read::marks(library.kv()).unwrap().0), (0, Vec::new()));
    assert!(!what.contains("carried over") && command.is_some(), "{what}");
}
