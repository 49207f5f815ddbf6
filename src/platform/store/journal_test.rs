//! A journal that is gone, and stores that were found not to add up though their stamps agree.

use super::*;
use crate::base::id::EmbedKey;
use crate::platform::disk::open_sound;
use crate::store::change::NewChunk;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Batch, KvRead, Space};
use crate::store::record::{DocState, FileStamp, Source};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;

const MODEL: Fingerprint = Fingerprint([7; 32]);

fn start(home: &Home) -> (Library<Disk>, Option<Finding>) {
    let (library, (), found) = open(home, &MODEL.into(), Sync::Buffer, |_| Ok(())).unwrap();
    (library, found)
}

fn see(library: &mut Library<Disk>, numbers: Range<u32>) {
    for n in numbers {
        let (path, stamp) = (format!("/a/{n}.md").into_bytes(), FileStamp::default());
        library.apply(&Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh }).unwrap();
    }
}

/// A home with twenty documents in tables, and ten more in the journal alone.
fn written() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let home = Home::open(folder.path()).unwrap();
    let source = Source { path: b"/a".to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    home.write(HomeFile::Sources, &Sources::from(vec![source]).encode()).unwrap();
    let (mut library, _) = start(&home);
    see(&mut library, 0..20);
    library.kv().rotate().unwrap();
    see(&mut library, 20..30);
    drop(library);
    (folder, home)
}

fn documents(library: &Library<Disk>) -> usize {
    read::documents_under(library.kv(), b"/a", None, 100).unwrap().len()
}

#[test]
fn a_journal_that_is_gone_is_told_and_what_is_written_then_is_there_at_the_next_start() {
    let (_folder, home) = written();
    let store = home.path().join(LAYOUT);
    for entry in fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|extension| extension == "jnl") {
            fs::remove_file(entry).unwrap();
        }
    }
    let unsound = open_sound(&store, Sync::Buffer);
    assert!(
        matches!(unsound, Err(KvError::Damaged(what)) if what.contains("journal")),
        "who repairs nothing leaves it"
    );
    // A start that ends while it reads the store leaves to the next one what was so.
    let ended = open(&home, &MODEL.into(), Sync::Buffer, |_| Err::<(), _>(KvError::Io("it is killed".into())));
    assert!(ended.is_err() && awaits_repair(home.path()));
    let (mut library, found) = start(&home);
    let told = found.unwrap().what;
    assert!(told.contains("journal was gone") && told.contains("20 files are read again"), "{told}");
    assert_eq!(documents(&library), 20);
    see(&mut library, 15..35);
    assert_eq!(documents(&library), 35);
    drop(library);
    let (library, found) = start(&home);
    assert_eq!(found, None, "once");
    assert_eq!(documents(&library), 35, "none is hidden by what the tables have");
    assert!(audit(library.kv()).unwrap().clean(), "{:?}", audit(library.kv()).unwrap().faults);
}

#[test]
fn a_store_that_was_found_not_to_add_up_is_repaired_by_the_next_start_though_its_stamps_agree() {
    let (_folder, home) = written();
    let (library, _) = start(&home);
    let (doc, _) = read::document_at(library.kv(), b"/a/3.md").unwrap().unwrap();
    let mut batch = Batch::new();
    batch.delete(Space::Todo, keys::todo(Stage::Read, doc));
    library.kv().commit(batch).unwrap();
    assert!(is_consistent(library.kv()).unwrap() && !audit(library.kv()).unwrap().clean());
    drop(library);
    mark_suspect(home.path());
    let (library, found) = start(&home);
    let told = found.unwrap().what;
    assert!(told.contains("the store was repaired, and 30 files are read again"), "{told}");
    assert!(audit(library.kv()).unwrap().clean() && !is_suspect(home.path()));
    assert_eq!(documents(&library), 30);
}

#[test]
fn a_store_with_a_text_that_cannot_be_decoded_is_repaired_by_the_next_start_and_its_file_is_read_again() {
    let (_folder, home) = written();
    let (mut library, _) = start(&home);
    let (doc, _) = read::document_at(library.kv(), b"/a/3.md").unwrap().unwrap();
    let key = EmbedKey([3; 16]);
    let chunks = vec![NewChunk { key, heading: String::new(), text: "The boiler.".to_owned(), start: 0, end: 1 }];
    library.apply(&Change::Chunked { doc, stamp: FileStamp::default(), content: [3; 16], chunks }).unwrap();
    let row = read::document(library.kv(), doc).unwrap().unwrap().chunks[0].row;
    // Damaged before it was written: the checksum of its table is right.
    let mut record = library.kv().get(Space::Chunk, &keys::row(row)).unwrap().unwrap();
    record.push(0);
    let mut batch = Batch::new();
    batch.put(Space::Chunk, keys::row(row), record);
    library.kv().commit(batch).unwrap();
    assert!(
        matches!(read::chunk(library.kv(), row), Err(KvError::Damaged(_))),
        "what enters its words marks the store"
    );
    drop(library);
    mark_suspect(home.path());
    let (library, found) = start(&home);
    let told = found.unwrap().what;
    assert!(told.contains("the store was repaired, and 30 files are read again"), "{told}");
    let doc = read::document(library.kv(), doc).unwrap().unwrap();
    assert_eq!((doc.state, doc.chunks.len(), documents(&library)), (DocState::Waiting, 0, 30));
    assert!(audit(library.kv()).unwrap().clean() && !is_suspect(home.path()));
}
