//! A bit of the store's tables is another one, in each block of each table: the agent starts, what it then answers is what was
//! written or the damage is told, and the store is made anew.

use super::*;
use crate::base::id::{DocId, EmbedKey};
use crate::base::vector::Quantized;
use crate::limits::DIMENSIONS;
use crate::platform::disk::tests::copy_store;
use crate::store::change::NewChunk;
use crate::store::kv::{KvRead, Space};
use crate::store::record::{FileStamp, Record, Source};
use crate::worker::retrieve::load_indexes;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

const MODEL: Fingerprint = Fingerprint([7; 32]);
const DOCUMENTS: u32 = 60;
/// Half a block of fjall's: each block has a flip.
const BLOCK: u64 = 2048;

/// Bytes that look drawn, so that blocks are as large on the disk as in memory.
fn drawn(seed: u32, many: usize) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(many).collect()
}

fn letters(seed: u32, many: usize) -> String {
    drawn(seed, many)
        .into_iter()
        .map(|byte| char::from(b'!' + byte % 90))
        .map(|letter| if letter == '/' { '_' } else { letter })
        .collect()
}

/// What the agent reads to start.
fn first_reads(library: &Library<Disk>) -> Result<(), KvError> {
    load_indexes(library.kv()).map(drop)
}

fn start(home: &Home) -> (Library<Disk>, Option<Finding>) {
    let (library, (), found) =
        open(home, &MODEL.into(), Sync::Buffer, first_reads).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(read::sources(library.kv()).unwrap().places.len(), 1, "the list of folders is kept");
    (library, found)
}

/// A home whose store has documents, all of them in tables.
fn written() -> (tempfile::TempDir, Home) {
    let (folder, home) = written_to_journal();
    start(&home).0.kv().rotate().unwrap();
    (folder, home)
}

/// Likewise, in the journal.
fn written_to_journal() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let home = Home::open(folder.path()).unwrap();
    let source = Source { path: b"/a".to_vec(), collection: "home".into(), ring: Ring::Private, device: 1 };
    home.write(HomeFile::Sources, &Sources::from(vec![source]).encode()).unwrap();
    let (mut library, _) = start(&home);
    for n in 0..DOCUMENTS {
        let name = letters(n, 80);
        let (path, collection) = (format!("/a/{n}-{name}").into_bytes(), "home".to_owned());
        let stamp = FileStamp::default();
        let seen = Change::Seen { path, stamp, collection, ring: Ring::Private };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let text = letters(n, 1000);
        let key = EmbedKey(drawn(n, 16).try_into().unwrap());
        let chunks = vec![NewChunk { key, heading: String::new(), end: 1000, start: 0, text }];
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        let row = read::document(library.kv(), doc).unwrap().unwrap().chunks[0].row;
        let vector = Quantized::from_parts(1.0, &[u8::try_from(n).unwrap() + 1; DIMENSIONS]).unwrap();
        library.apply(&Change::Embedded { doc, model: MODEL, vectors: vec![(row, key, vector)] }).unwrap();
    }
    (folder, home)
}

/// Space, key and value.
type Stored = (Space, Vec<u8>, Vec<u8>);

/// Every pair of every space, each read twice, as a list and by its key; or the first error.
fn everything(disk: &Disk) -> Result<Vec<Stored>, KvError> {
    let mut all = Vec::new();
    for space in Space::ALL {
        for (key, value) in disk.page(space, &[], None, usize::MAX)? {
            assert_eq!(disk.get(space, &key)?.as_ref(), Some(&value));
            all.push((space, key, value));
        }
    }
    read::document(disk, DocId(u64::from(DOCUMENTS)))?;
    Ok(all)
}

/// How many documents answer with what was written.
fn answering(library: &Library<Disk>) -> u32 {
    let answers = |n: &u32| {
        let path = format!("/a/{n}-{}", letters(*n, 80)).into_bytes();
        let doc = read::document_at(library.kv(), &path).unwrap();
        // One that is to be read again has none.
        let row = doc.and_then(|(_, doc)| Some(doc.chunks.first()?.row));
        let chunk = row.and_then(|row| read::chunk(library.kv(), row).unwrap());
        chunk.is_some_and(|chunk| chunk.text == letters(*n, 1000))
    };
    (0..DOCUMENTS).filter(answers).map(|_| 1).sum()
}

/// The store's tables, from its folder.
fn tables(store: &Path) -> Vec<(PathBuf, u64)> {
    let spaces = fs::read_dir(store.join("keyspaces")).unwrap().map(|space| space.unwrap().path().join("tables"));
    let files = spaces.flat_map(|tables| fs::read_dir(tables).into_iter().flatten()).map(|file| file.unwrap());
    let mut files: Vec<(PathBuf, u64)> = files
        .map(|file| (file.path().strip_prefix(store).unwrap().to_owned(), file.metadata().unwrap().len()))
        .collect();
    files.sort();
    files
}

fn flip(file: &Path, at: u64, bit: u8) {
    let file = fs::File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
}

#[test]
fn a_flipped_bit_in_any_block_of_any_table_is_told_and_the_store_made_anew() {
    let (_kept, original) = written();
    let (library, _) = start(&original);
    let whole = everything(library.kv()).unwrap();
    library.kv().verify().unwrap();
    drop(library);
    let store = original.path().join(LAYOUT);
    let (mut flips, mut at_start, mut running, mut closed) = (0, 0, 0, 0);
    for (table, bytes) in tables(&store) {
        for block in 0..bytes.div_ceil(BLOCK) {
            let chance = drawn(1000 + flips, 3);
            let within = u64::from(u16::from_be_bytes([chance[0], chance[1]])) % BLOCK.min(bytes - block * BLOCK);
            let (at, bit) = (block * BLOCK + within, chance[2] % 8);
            let says = |what: &str| format!("{} at {at}, bit {bit}: {what}", table.display());
            let folder = tempfile::tempdir().unwrap();
            let place = folder.path().join("home");
            copy_store(original.path(), &place);
            flip(&place.join(LAYOUT).join(&table), at, bit);
            let home = Home::open(&place).unwrap();
            let (library, mut found) = start(&home);
            if found.is_some() {
                at_start += 1;
                drop(library);
            } else {
                let (inputs, told) = smol::channel::bounded(1);
                let _told = tell_damage(library.kv(), &place, inputs);
                match everything(library.kv()) {
                    Ok(all) => {
                        assert!(all == whole, "{}", says("something else answers"));
                        mark_suspect(&place);
                    }
                    Err(error) => {
                        assert!(matches!(error, KvError::Damaged(_)), "{}", says(&error.to_string()));
                        let Ok(Input::StoreDamaged(why)) = told.recv_blocking() else { panic!("{}", says("not told")) };
                        assert!(why.contains(MENDED_BY_START), "{why}");
                        running += 1;
                    }
                }
                drop(library);
                found = start(&home).1;
            }
            let found = found.unwrap_or_else(|| panic!("{}", says("not found at the next start")));
            assert!(found.what.contains("made anew from your files"), "{found:?}");
            // That the folder is away is told until it is back.
            let (library, later) = start(&home);
            let carried = answering(&library);
            // Its folder is away: the store that was set aside is deleted only if all of it was carried over.
            assert_eq!(found.command.is_some(), carried == DOCUMENTS, "{}", says(&found.what));
            let holds_text = [Space::Document, Space::Chunk]
                .iter()
                .any(|space| table.starts_with(format!("keyspaces/{}", space.index() + 1)));
            let is_closed = found.what.contains("It cannot be read");
            assert!(carried == DOCUMENTS || holds_text || is_closed, "{}", says(&found.what));
            closed += u32::from(is_closed);
            drop(library);
            assert!(later.is_none_or(|later| later.what.contains("at an earlier start")), "{}", says("told again"));
            flips += 1;
        }
    }
    println!(
        "{flips} bits flipped: {at_start} told at the start, {running} while it ran, {closed} in what opens a store"
    );
    assert!(4 * closed < flips, "{closed} of {flips} stores could not be opened");
    assert!(
        flips >= 40 && at_start > 5 && running > 5,
        "{flips} flips, {at_start} at the start, {running} while running"
    );
}

#[test]
fn a_store_that_is_gone_from_its_place_is_not_marked_as_damaged() {
    let (folder, home) = written();
    let (library, _) = start(&home);
    let (inputs, told) = smol::channel::bounded(1);
    let _told = tell_damage(library.kv(), folder.path(), inputs);
    fs::remove_dir_all(folder.path().join(LAYOUT)).unwrap();
    library.kv().note_damage(&KvError::Damaged("a file is gone".to_owned()));
    assert_eq!((library.kv().damage(), told.len()), (None, 0));
    assert!(!folder.path().join(SUSPECT).exists());
}

#[test]
fn damage_that_was_met_before_anybody_listens_is_told_too_and_once() {
    let (folder, home) = written();
    let (library, _) = start(&home);
    let damage = |what: &str| library.kv().note_damage(&KvError::Damaged(what.to_owned()));
    damage("first");
    let (inputs, told) = smol::channel::bounded(9);
    let _told = tell_damage(library.kv(), folder.path(), inputs);
    damage("second");
    assert!(matches!(told.recv_blocking(), Ok(Input::StoreDamaged(why)) if why.contains("(first)")));
    assert_eq!(told.len(), 0);
    assert!(folder.path().join(SUSPECT).exists());
}

/// The bytes of the journal that were written.
fn journal_end(store: &Path) -> u64 {
    let (mut bytes, zeros) = (fs::read(store.join("0.jnl")).unwrap(), vec![0; 1 << 16]);
    while bytes.ends_with(&zeros) {
        bytes.truncate(bytes.len() - zeros.len());
    }
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1
}

#[test]
fn a_flipped_bit_in_the_journal_costs_one_document_whose_folder_is_away_and_no_more() {
    let (_kept, original) = written_to_journal();
    let length = journal_end(&original.path().join(LAYOUT));
    let mut told = 0;
    for step in 0..12_u64 {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("home");
        copy_store(original.path(), &place);
        let at = length * (2 * step + 1) / 24;
        flip(&place.join(LAYOUT).join("0.jnl"), at, u8::try_from(step % 8).unwrap());
        let home = Home::open(&place).unwrap();
        let (library, found) = start(&home);
        let carried = answering(&library);
        assert!(
            carried + 1 >= DOCUMENTS,
            "{carried} of {DOCUMENTS} answer after a flip at {at} of {length}: {found:?}"
        );
        assert!(audit(library.kv()).unwrap().clean());
        assert!(due(&place.join(LAYOUT)).is_empty() && !place.join("store-1.damaged-1").exists());
        told += u32::from(found.is_some());
        drop(library);
        let (library, _) = start(&home);
        assert_eq!(answering(&library), carried);
    }
    assert!(told > 9, "{told} of 12 are told");
}

#[test]
fn a_damaged_journal_does_not_give_a_folder_back_to_others_that_was_made_private() {
    let (folder, home) = written_to_journal();
    let store = folder.path().join(LAYOUT);
    let (mut library, _) = start(&home);
    let mut sources = home.sources();
    sources.places[0].ring = Ring::Mesh;
    library.apply(&Change::Sources(sources.clone())).unwrap();
    library.kv().sync().unwrap();
    let before = journal_end(&store);
    sources.places[0].ring = Ring::Private;
    home.write(HomeFile::Sources, &sources.encode()).unwrap();
    library.apply(&Change::Sources(sources.clone())).unwrap();
    library.kv().sync().unwrap();
    drop(library);
    flip(&store.join("0.jnl"), before + 40, 3);
    let (library, found) = start(&home);
    assert!(found.unwrap().what.contains("behind it is there"));
    assert_eq!(read::sources(library.kv()).unwrap(), sources);
}
