//! Backups of a home with documents, restored, cut, flipped and refused.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint, Ring};
use crate::base::vector::Quantized;
use crate::limits::DIMENSIONS;
use crate::platform::disk::{LAYOUT, Sync};
use crate::platform::home::durable::cut;
use crate::platform::home::{FirstVisit, RESTORED, unfinished_restore};
use crate::platform::store::is_suspect;
use crate::store::change::{Change, NewChunk};
use crate::store::kv::Batch;
use crate::store::library::Library;
use crate::store::record::{FileStamp, Source, Sources};
use crate::worker::words;
use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

#[path = "names_test.rs"]
mod names;

const MODEL: Fingerprint = Fingerprint([7; 32]);
const DOCUMENTS_MADE: u64 = 40;

fn text(n: u64) -> String {
    format!("Passage {n} of the boiler, whose part is number {}.", n * 7919)
}

/// A home with documents, settings and a key, and its open store.
fn made(folder: &Path) -> (Home, Disk) {
    fs::create_dir(folder).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let home = Home::open(folder).unwrap();
    home.identity().unwrap();
    home.write(HomeFile::Records, b"the mesh's list").unwrap();
    fs::write(home.file(HomeFile::Settings), "[node]\nname = \"attic\"\n").unwrap();
    let disk = Disk::open(&home.path().join(LAYOUT), Sync::Buffer).unwrap();
    let mut library = Library::open(disk.clone()).unwrap();
    library.bind(MODEL, &[]).unwrap();
    let source = Source { path: b"/a".to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
    for n in 0..DOCUMENTS_MADE {
        let stamp = FileStamp::default();
        let (path, collection) = (format!("/a/{n}").into_bytes(), "home".to_owned());
        let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
        let key = EmbedKey(u128::from(n).to_be_bytes());
        let chunks = vec![NewChunk { key, heading: String::new(), text: text(n), start: 0, end: 1 }];
        library.apply(&Change::Chunked { doc, stamp, content: u128::from(n).to_be_bytes(), chunks }).unwrap();
        let row = read::document(library.kv(), doc).unwrap().unwrap().chunks[0].row;
        let vector = Quantized::from_parts(1.0, &[u8::try_from(n).unwrap() + 1; DIMENSIONS]).unwrap();
        library.apply(&Change::Embedded { doc, model: MODEL, vectors: vec![(row, key, vector)] }).unwrap();
    }
    let mut index = words::load(library.kv()).unwrap();
    words::catch_up(&mut library, &mut index).unwrap();
    (home, disk)
}

struct Case {
    folder: tempfile::TempDir,
    backup: PathBuf,
}

impl Case {
    /// A home, and a backup of it.
    fn new(with_keys: bool) -> (Self, Made) {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("backup");
        let (home, disk) = made(&folder.path().join("home"));
        let made = back_up(&home, &disk, &backup, with_keys, |_| true).unwrap();
        (Self { folder, backup }, made)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// All files below a home with what they hold.
    fn files(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { walk(&entry, found) } else { found.push((entry.clone(), fs::read(entry).unwrap())) }
            }
        }
        let mut found = Vec::new();
        walk(&self.at(name), &mut found);
        found.retain(|(path, _)| !path.ends_with("lock"));
        found.sort();
        found
    }
}

/// Every document of a home answers with its text, and the store is whole.
fn assert_restored(home: &Path) {
    let disk = Disk::open(&home.join(LAYOUT), Sync::Buffer).unwrap();
    assert!(audit(&disk).unwrap().clean());
    for n in 0..DOCUMENTS_MADE {
        let (_, doc) = read::document_at(&disk, format!("/a/{n}").as_bytes()).unwrap().unwrap();
        assert_eq!(read::chunk(&disk, doc.chunks[0].row).unwrap().unwrap().text, text(n));
        assert!(read::vector(&disk, doc.chunks[0].row).unwrap().is_some());
    }
    assert_eq!(read::sources(&disk).unwrap(), Home::at(home).sources());
    let mut library = Library::open(disk).unwrap();
    let mut index = words::load(library.kv()).unwrap();
    assert_eq!(index.size(false).0, 0, "the index of words is made anew");
    words::catch_up(&mut library, &mut index).unwrap();
    assert_eq!(index.size(false).0, DOCUMENTS_MADE);
}

#[test]
fn a_backup_is_private_and_restored_into_an_empty_home() {
    let (case, made) = Case::new(false);
    assert_eq!((made.documents, made.chunks, made.has_keys), (DOCUMENTS_MADE, DOCUMENTS_MADE, false));
    assert_eq!(fs::metadata(&case.backup).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = fs::read(case.at("home").join(HomeFile::Identity.name())).unwrap();
    let bytes = fs::read(&case.backup).unwrap();
    assert_eq!(made.bytes, bytes.len() as u64);
    assert!(!bytes.windows(secret.len()).any(|part| part == secret), "no key");
    let restored = restore(&case.at("new"), &case.backup, false).unwrap();
    assert_eq!((restored.head.documents, restored.settings, restored.keys), (DOCUMENTS_MADE, Some(true), None));
    assert_restored(&case.at("new"));
    let settings = fs::read_to_string(case.at("new").join("config.toml")).unwrap();
    assert!(settings.contains("attic"));
    assert!(!case.at("new").join("store-1.restored").exists());
}

#[test]
fn after_a_restore_whole_or_killed_no_first_visitor_chooses_the_password() {
    let (case, _) = Case::new(false);
    let start = |name: &str| {
        let home = Home::open(&case.at(name)).unwrap();
        let visit = FirstVisit::at_start(home.path(), home.is_new());
        home.identity().unwrap();
        home.token().unwrap();
        home.count_boot().unwrap();
        visit
    };
    for (name, replace, begun) in [("first", false, false), ("second", true, false), ("third", true, true)] {
        assert_eq!(start(name), FirstVisit::New);
        if begun {
            FirstVisit::Begun.note(&case.at(name)).unwrap();
        }
        let before = FirstVisit::of(&case.at(name));
        let damaged = case.at("damaged");
        fs::write(&damaged, "no backup").unwrap();
        restore(&case.at(name), &damaged, replace).unwrap_err();
        assert_eq!(FirstVisit::of(&case.at(name)), before, "a restore that is refused changes nothing");
        restore(&case.at(name), &case.backup, replace).unwrap();
        assert_eq!((start(name), unfinished_restore(&case.at(name))), (FirstVisit::Shut, None), "{name}");
    }
    // Killed: the folder of the new store is there, and no start was before.
    assert_eq!(Path::new(LAYOUT).with_extension(RESTORED), Path::new("store-1.restored"));
    fs::create_dir_all(case.at("killed").join("store-1.restored")).unwrap();
    assert_eq!((start("killed"), start("killed")), (FirstVisit::Shut, FirstVisit::Shut));
    let told = unfinished_restore(&case.at("killed")).unwrap();
    assert!(told.what.contains("--replace") && told.what.contains("store-1.restored"), "{told:?}");
    restore(&case.at("killed"), &case.backup, false).unwrap();
    assert_eq!((start("killed"), unfinished_restore(&case.at("killed"))), (FirstVisit::Shut, None));
    assert_restored(&case.at("killed"));
}

#[test]
fn a_restore_that_ends_after_its_documents_are_in_their_place_is_told_also_in_a_home_that_was_empty() {
    let (case, _) = Case::new(true);
    let mut told = 0;
    for writes in 0.. {
        let home = case.at(&format!("cut-{writes}"));
        cut::after(Some(writes));
        let done = restore(&home, &case.backup, false);
        cut::after(None);
        let Err(why) = done else { break };
        let is_untouched = why.contains("Nothing was changed");
        assert_eq!(unfinished_restore(&home).is_none(), is_untouched, "after {writes} writes: {why}");
        assert_eq!(home.join(LAYOUT).exists(), !is_untouched, "after {writes} writes: {why}");
        told += usize::from(!is_untouched);
    }
    assert!(told >= 3, "the folders, the settings and the keys are cut: {told}");
    restore(&case.at("cut-2"), &case.backup, true).unwrap();
    assert_eq!(unfinished_restore(&case.at("cut-2")), None);
    assert_restored(&case.at("cut-2"));
}

#[test]
fn settings_that_were_deleted_or_are_replaced_are_those_of_the_backup_and_so_is_their_copy() {
    let (case, _) = Case::new(false);
    for (name, replace) in [("deleted", false), ("replaced", true), ("kept", false)] {
        let file = case.at(name).join("config.toml");
        let settings = || fs::read_to_string(&file).unwrap();
        drop(Home::open(&case.at(name)).unwrap());
        fs::write(&file, "[node]\nname = \"cellar\"\n").unwrap();
        drop(Home::open(&case.at(name)).unwrap());
        assert!(file.with_extension("copy").exists());
        if name == "deleted" {
            fs::remove_file(&file).unwrap();
        }
        let (takes, now) = if name == "kept" { (false, "cellar") } else { (true, "attic") };
        assert_eq!(restore(&case.at(name), &case.backup, replace).unwrap().settings, Some(takes), "{name}");
        assert!(settings().contains(now), "{name}: {}", settings());
        // A start whose file is lost then has the same ones.
        fs::remove_file(&file).unwrap();
        drop(Home::open(&case.at(name)).unwrap());
        assert!(settings().contains(now), "the copy of {name}: {}", settings());
    }
}

#[test]
fn keys_are_in_it_if_that_is_asked_for_and_go_into_a_home_without_one_only() {
    let (case, made) = Case::new(true);
    assert!(made.has_keys);
    let key = |name: &str| fs::read(case.at(name).join(HomeFile::Identity.name())).unwrap();
    assert_eq!(restore(&case.at("new"), &case.backup, false).unwrap().keys, Some(true));
    assert_eq!(key("new"), key("home"));
    assert!(has_records_of_backup(&Home::at(&case.at("new"))) && !has_records_of_backup(&Home::at(&case.at("home"))));
    let other = Home::open(&case.at("other")).unwrap();
    other.identity().unwrap();
    drop(other);
    let before = key("other");
    assert_eq!(restore(&case.at("other"), &case.backup, true).unwrap().keys, Some(false));
    assert_eq!(key("other"), before);
    assert!(!has_records_of_backup(&Home::at(&case.at("other"))), "its own list stays");
}

#[test]
fn a_home_with_documents_is_replaced_only_if_that_is_meant() {
    let (case, _) = Case::new(false);
    let (home, disk) = made(&case.at("second"));
    let mut library = Library::open(disk).unwrap();
    let (doc, _) = read::document_at(library.kv(), b"/a/3").unwrap().unwrap();
    let gone = Change::gone(library.kv(), doc);
    library.apply(&gone).unwrap();
    library.apply(&Change::Purge { doc }).unwrap();
    library.kv().rotate().unwrap();
    let why = restore(&case.at("second"), &case.backup, true).unwrap_err();
    assert!(why.contains("Another agent lives"), "{why}");
    drop((library, home));
    let why = restore(&case.at("second"), &case.backup, false).unwrap_err();
    assert!(why.contains("has documents") && why.contains("--replace"), "{why}");
    let disk = Disk::open(&case.at("second").join(LAYOUT), Sync::Buffer).unwrap();
    assert!(read::document_at(&disk, b"/a/3").unwrap().is_none() && audit(&disk).unwrap().clean(), "it is as it was");
    drop(disk);
    restore(&case.at("second"), &case.backup, true).unwrap();
    assert_restored(&case.at("second"));
}

#[test]
fn what_is_cut_flipped_foreign_or_a_folder_changes_nothing() {
    let (case, _) = Case::new(false);
    let bytes = fs::read(&case.backup).unwrap();
    let other = case.at("other");
    made(&other);
    let before = case.files("other");
    let bad = case.at("bad");
    let refused = |what: &str, expected: &str| {
        let why = restore(&other, &bad, true).unwrap_err();
        assert!(why.contains(expected) && why.contains("Nothing was changed"), "{what}: {why}");
        assert_eq!(case.files("other"), before, "{what}");
    };
    for cut in [1, 20, bytes.len() / 3, bytes.len() - 1] {
        fs::write(&bad, &bytes[..cut]).unwrap();
        refused("cut", "not complete");
    }
    for place in (0..200).map(|n| n * bytes.len() / 200) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 4;
        fs::write(&bad, &flipped).unwrap();
        refused(&format!("a flip at {place}"), "cannot be restored");
    }
    fs::write(&bad, b"PK\x03\x04 something else altogether").unwrap();
    refused("foreign", "no backup");
    fs::write(&bad, b"").unwrap();
    refused("empty", "no backup");
    fs::remove_file(&bad).unwrap();
    refused("none", "No such file");
    fs::create_dir(&bad).unwrap();
    refused("a folder", "not a regular file");
}

/// Puts something else into the place of the record of a document, or of its chunk.
fn spoil(disk: &Disk, space: Space) {
    let (id, doc) = read::document_at(disk, b"/a/3").unwrap().unwrap();
    let key = if space == Space::Document { keys::document(id) } else { keys::row(doc.chunks[0].row) };
    let mut record = disk.get(space, &key).unwrap().unwrap();
    record.push(0);
    let mut batch = Batch::new();
    batch.put(space, key, record);
    disk.commit(batch).unwrap();
}

#[test]
fn a_store_with_a_record_that_cannot_be_decoded_has_no_backup_and_is_checked_by_the_next_start() {
    for (space, told) in [(Space::Chunk, "a chunk of /a/3 cannot be read"), (Space::Document, "the store is damaged")] {
        let folder = tempfile::tempdir().unwrap();
        let (home, disk) = made(&folder.path().join("home"));
        spoil(&disk, space);
        let path = folder.path().join("backup");
        let why = back_up(&home, &disk, &path, false, |_| true).unwrap_err();
        assert!(why.contains(told) && !path.exists() && is_suspect(home.path()), "{why}");
    }
}

#[test]
fn a_crafted_backup_with_a_text_that_cannot_be_decoded_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (_home, disk) = made(&folder.path().join("home"));
    spoil(&disk, Space::Chunk);
    let counts = read::commit(&disk).unwrap().counts;
    let (documents, chunks, vectors) = (counts.total(), counts.chunks, counts.vectors);
    let path = folder.path().join("crafted");
    let head = Head { made_s: 0, model: MODEL.0, documents, chunks, vectors };
    let mut writer = Writer::new(File::create(&path).unwrap(), &head).unwrap();
    for space in Space::ALL {
        writer.pairs(space, &disk.page(space, &[], None, 1000).unwrap()).unwrap();
    }
    writer.end().unwrap();
    let why = restore(&folder.path().join("new"), &path, false).unwrap_err();
    assert!(why.contains("what it holds does not add up") && why.contains("Nothing was changed"), "{why}");
}

#[test]
fn a_store_that_does_not_add_up_has_no_backup_and_is_repaired_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (home, disk) = made(&folder.path().join("home"));
    let (doc, _) = read::document_at(&disk, b"/a/3").unwrap().unwrap();
    let mut batch = Batch::new();
    batch.delete(Space::Document, keys::document(doc));
    disk.commit(batch).unwrap();
    let path = folder.path().join("backup");
    let why = back_up(&home, &disk, &path, false, |_| true).unwrap_err();
    assert!(why.contains("does not add up") && why.contains("nothing of it is left"), "{why}");
    assert!(!path.exists() && is_suspect(home.path()));
}

#[test]
fn a_backup_is_of_one_moment_whatever_is_written_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (home, disk) = made(&folder.path().join("home"));
    let library = RefCell::new(Library::open(disk.clone()).unwrap());
    let path = folder.path().join("backup");
    let tell = |progress: Progress| {
        let mut library = library.borrow_mut();
        let path = format!("/a/new-{}", progress.done).into_bytes();
        let (stamp, collection) = (FileStamp::default(), "home".to_owned());
        library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap();
        true
    };
    back_up(&home, &disk, &path, false, tell).unwrap();
    restore(&folder.path().join("new"), &path, false).unwrap();
    assert_restored(&folder.path().join("new"));
}
