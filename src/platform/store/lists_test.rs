//! Notes of the store's newest tables, and the lists of tables that they name, that are damaged, gone, or cannot be written.

use super::*;
use crate::platform::disk::open_sound;
use crate::platform::home::durable::cut;
use crate::store::kv::{Batch, KvRead, Space};
use crate::store::record::{FileStamp, Source};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const MODEL: Fingerprint = Fingerprint([7; 32]);
const DOCUMENTS: usize = 20;
/// One that no audit reads.
const WORD: &[u8] = b"a word";

fn start(home: &Home) -> Result<(Library<Disk>, Option<Finding>), String> {
    open(home, &MODEL.into(), Sync::Buffer, |_| Ok(())).map(|(library, (), found)| (library, found))
}

fn put_word(disk: &Disk, word: &[u8]) {
    let mut batch = Batch::new();
    batch.put(Space::Word, word, "x");
    disk.commit(batch).unwrap();
    disk.rotate().unwrap();
}

/// A home with documents of a folder that is away, and words, all of them in tables.
fn written() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let home = Home::open(folder.path()).unwrap();
    let source = Source { path: b"/a".to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    home.write(HomeFile::Sources, &Sources::from(vec![source]).encode()).unwrap();
    let (mut library, _) = start(&home).unwrap();
    for n in 0..DOCUMENTS {
        let (path, stamp) = (format!("/a/{n}.md").into_bytes(), FileStamp::default());
        library.apply(&Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh }).unwrap();
    }
    put_word(library.kv(), b"the first word");
    drop(library);
    assert_eq!(start(&home).unwrap().1, None);
    (folder, home)
}

/// The folders of the spaces with tables, and the newest list of each.
fn lists(home: &Home) -> Vec<(PathBuf, PathBuf)> {
    let spaces = fs::read_dir(home.path().join(LAYOUT).join("keyspaces")).unwrap().map(|space| space.unwrap().path());
    let has_tables = |space: &PathBuf| fs::read_dir(space.join("tables")).unwrap().count() > 0;
    let list = |space: PathBuf| {
        let note = fs::read(space.join("current")).unwrap();
        let list = space.join(format!("v{}", u64::from_le_bytes(*note.first_chunk().unwrap())));
        (space, list)
    };
    spaces.filter(has_tables).map(list).collect()
}

fn documents(library: &Library<Disk>) -> usize {
    read::documents_under(library.kv(), b"/a", None, 100).unwrap().len()
}

#[test]
fn a_list_that_leaves_out_a_table_of_words_is_repaired_and_the_words_are_made_anew() {
    let (_folder, home) = written();
    let (library, _) = start(&home).unwrap();
    let known = |library: &Library<Disk>, word: &[u8]| library.kv().get(Space::Word, word).unwrap().is_some();
    let before: Vec<(PathBuf, Vec<u8>)> =
        lists(&home).into_iter().map(|(space, list)| (space, fs::read(list).unwrap())).collect();
    put_word(library.kv(), WORD);
    assert!(known(&library, WORD) && known(&library, b"the first word"));
    drop(library);
    let mut shorter = 0_u64;
    for (space, list) in lists(&home) {
        let Some((_, old)) = before.iter().find(|(known, _)| *known == space) else { continue };
        if *old != fs::read(&list).unwrap() {
            fs::write(list, old).unwrap();
            shorter += 1;
        }
    }
    assert!(shorter >= 1, "the list of the words, and one that a start wrote meanwhile");
    let (library, found) = start(&home).unwrap();
    assert!(!known(&library, WORD) && !known(&library, b"the first word"), "the rest of them would answer as all");
    assert_eq!(found, of_notes(shorter, Some(DOCUMENTS as u64)));
    assert!(audit(library.kv()).unwrap().clean());
    assert_eq!(documents(&library), DOCUMENTS);
    drop(library);
    assert_eq!(start(&home).unwrap().1, None, "once");
}

#[test]
fn a_flipped_bit_of_a_list_is_turned_back_and_one_that_is_cut_is_told() {
    let (_folder, home) = written();
    for number in 0..lists(&home).len() {
        // A start may write newer ones.
        let (space, list) = lists(&home).remove(number);
        let whole = fs::read(&list).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 4) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x80;
            fs::write(&list, bytes).unwrap();
            let faults = note_faults(&home.path().join(LAYOUT)).unwrap();
            assert!(faults.len() == 1 && faults[0].is_proven, "{} at {at}: {faults:?}", list.display());
            mend_notes(&faults).unwrap();
            assert_eq!(fs::read(&list).unwrap(), whole);
        }
        let mut bytes = whole.clone();
        bytes[whole.len() / 2] ^= 1;
        fs::write(&list, bytes).unwrap();
        let (library, found) = start(&home).unwrap();
        assert_eq!((found, documents(&library)), (of_notes(1, None), DOCUMENTS), "{}", space.display());
    }
    for cut in [0, 1, 2] {
        let (_folder, home) = written();
        let (_, list) = lists(&home).into_iter().nth(cut * 2).unwrap();
        let bytes = fs::read(&list).unwrap();
        fs::write(&list, &bytes[..bytes.len() * cut / 3]).unwrap();
        let (library, found) = start(&home).unwrap();
        assert!(found.is_some() && audit(library.kv()).unwrap().clean(), "cut to {cut} thirds");
        assert!(library.kv().get(Space::Word, WORD).unwrap().is_none());
    }
}

#[test]
fn a_store_whose_note_cannot_be_written_is_not_opened_and_keeps_all() {
    for writes in [0, 1] {
        let (folder, home) = written();
        for (space, _) in lists(&home) {
            fs::remove_file(space.join("current")).unwrap();
        }
        cut::after(Some(writes));
        let ended = start(&home).map(drop);
        cut::after(None);
        let why = ended.unwrap_err();
        assert!(why.contains("cannot be written") && why.contains("Start the agent again once the disk"), "{why}");
        assert_eq!(folder.path().join(SUSPECT).exists(), writes > 0, "the mark comes before the first note");
        assert!(matches!(Disk::open(&home.path().join(LAYOUT), Sync::Buffer), Err(KvError::Damaged(_))));
        let (library, found) = start(&home).unwrap();
        assert!(found.unwrap().what.contains("20 files are read again"));
        assert_eq!(documents(&library), DOCUMENTS);
    }
}

#[test]
fn who_does_not_repair_a_store_does_not_open_one_that_is_to_be_repaired() {
    let (folder, home) = written();
    let store = folder.path().join(LAYOUT);
    drop(open_sound(&store, Sync::Buffer).unwrap());
    let (space, _) = lists(&home).remove(0);
    fs::write(space.join("current"), "cut").unwrap();
    let before = fs::read_dir(&space).unwrap().count();
    assert!(matches!(open_sound(&store, Sync::Buffer), Err(KvError::Damaged(what)) if what.contains("current")));
    assert_eq!(fs::read(space.join("current")).unwrap(), b"cut");
    assert_eq!(fs::read_dir(&space).unwrap().count(), before);
    // The start that mended the note ends before the repair.
    open(&home, &MODEL.into(), Sync::Buffer, |_| Err::<(), _>(KvError::Io("it is killed".into())))
        .map(drop)
        .unwrap_err();
    assert!(awaits_repair(folder.path()));
    assert!(start(&home).unwrap().1.is_some() && !awaits_repair(folder.path()));
    drop(open_sound(&store, Sync::Buffer).unwrap());
}
