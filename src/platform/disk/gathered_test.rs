//! How many tables a store has under steady edits of its documents, and what merging them writes.

use super::*;
use crate::platform::disk::Sync;
use crate::store::kv::{Batch, Kv, KvRead, SPACES, Space};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Passages of each document.
const PASSAGES: u64 = 4;

/// A store of documents that are edited one after the other.
struct Edited {
    disk: Disk,
    _folder: tempfile::TempDir,
    known: u64,
    /// All tables that were there, and their bytes.
    written: BTreeMap<PathBuf, u64>,
    /// Documents that were written.
    documents: u64,
}

/// Bytes that do not compress.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

impl Edited {
    fn new(known: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
        Self { disk, _folder: folder, known, written: BTreeMap::new(), documents: 0 }
    }

    /// Writes the next document with new passages, as the library does: those of before go.
    fn edit(&mut self) {
        let (doc, edition) = (self.documents % self.known, self.documents / self.known);
        let (mut batch, known) = (Batch::new(), self.known);
        let key = |row: u64| [noise(row, 16), row.to_be_bytes().to_vec()].concat();
        let row = |of: u64, at: u64| (of * known + doc) * PASSAGES + at;
        for at in 0..PASSAGES {
            let new = row(edition, at);
            batch.put(Space::Chunk, new.to_be_bytes(), noise(new, 300));
            // Vectors are made by two threads, and come nearly in order.
            let vector = |row: u64| (row ^ PASSAGES).to_be_bytes();
            batch.put(Space::Vector, vector(new), noise(new, 390));
            batch.put(Space::Key, key(new), "");
            if let Some(old) = edition.checked_sub(1).map(|before| row(before, at)) {
                batch.delete(Space::Chunk, old.to_be_bytes());
                batch.delete(Space::Vector, vector(old));
                batch.delete(Space::Key, key(old));
            }
        }
        batch.put(Space::Document, doc.to_be_bytes(), noise(doc ^ edition, 250));
        batch.put(Space::Path, format!("/home/someone/notes/{doc}.md"), doc.to_be_bytes());
        batch.put(Space::Todo, doc.to_be_bytes(), "");
        batch.put(Space::State, "commit", self.documents.to_be_bytes());
        batch.put(Space::Word, [noise(doc, 8), vec![0]].concat(), noise(doc ^ edition, 80));
        self.disk.commit(batch).unwrap();
        self.documents += 1;
    }

    /// Has the memory written out after so many edits.
    fn flush(&mut self, edits: u64) {
        (0..edits).for_each(|_| self.edit());
        self.disk.rotate().unwrap();
        self.look();
    }

    fn merge(&mut self) -> u32 {
        let mut merged = 0;
        while self.disk.merge_gathered().unwrap() {
            merged += 1;
            self.look();
        }
        merged
    }

    fn look(&mut self) {
        for space in &self.disk.inner().unwrap().spaces {
            for table in space.tree.current_version().iter_tables() {
                if let Ok(file) = std::fs::metadata(&*table.path) {
                    self.written.insert(table.path.to_path_buf(), file.len());
                }
            }
        }
    }

    fn tables(&self) -> usize {
        self.disk.inner().unwrap().spaces.iter().map(Keyspace::table_count).sum()
    }

    fn bytes(&self) -> u64 {
        self.written.values().sum()
    }
}

/// The most tables, and the bytes of all, with early merges and without them, and the two stores.
fn edited(documents: u64, edits: u64, flushes: usize) -> [(usize, Edited); 2] {
    let mut stores = [(0, Edited::new(documents)), (0, Edited::new(documents))];
    for edits in std::iter::repeat_n(edits, flushes) {
        for (at, (most, store)) in stores.iter_mut().enumerate() {
            store.flush(edits);
            if at == 0 {
                store.merge();
            }
            *most = store.tables().max(*most);
        }
    }
    let [(most, with), (most_without, without)] = &stores;
    let (bytes, bytes_without) = (with.bytes(), without.bytes());
    println!(
        "{documents} documents, {flushes} times {edits} edits: {most} tables and {bytes} B with, {most_without} and {bytes_without} B without"
    );
    // What has gathered is written once more, and what was merged before for each few tables.
    let at_most = 2 * bytes_without + (flushes * SPACES) as u64 * STORE_MERGED_PER_TABLE;
    assert!(bytes <= at_most, "{bytes}, {bytes_without}");
    stores
}

#[test]
fn under_steady_edits_a_small_store_keeps_few_tables_and_what_they_hold() {
    let [(most, with), (most_without, without)] = edited(200, 30, 40);
    // Besides those that gather a space has what they were merged into; and those of the first texts are in order, and not merged at first.
    assert!(most <= SPACES * (usize::from(STORE_TABLES_MIN) + 3), "{most}");
    assert!(most_without > 2 * most, "{most_without}: fjall merges earlier; then this is needed no more");
    let passages = |store: &Edited| store.disk.page(Space::Chunk, &[], None, 10_000).unwrap();
    assert_eq!(passages(&with), passages(&without));
    assert_eq!(passages(&with).len() as u64, 200 * PASSAGES);
    let live = 200 * PASSAGES * (300 + 390 + 60) + 200 * 800;
    let stored: u64 = with.disk.inner().unwrap().spaces.iter().map(Keyspace::disk_space).sum();
    assert!(stored < 3 * live, "{stored} bytes of tables for {live}: what was written over and deleted stays");
}

/// As an hour's soak is: 1,650 documents, and the memory is written out 21 times.
#[test]
fn in_an_hour_of_edits_the_open_tables_stay_few() {
    let [(most, _), (most_without, _)] = edited(1_650, 700, 24);
    let gather = usize::try_from(STORE_SMALL_SPACE.div_ceil(STORE_MERGED_PER_TABLE)).unwrap();
    assert!(most <= SPACES * (gather + 1) && 2 * most < most_without, "{most}, {most_without}");
}

#[test]
fn to_take_in_many_documents_writes_little_more() {
    const FLUSHES: usize = 55;
    let [(_, with), (_, without)] = edited(1 << 32, 901, FLUSHES);
    let more = with.bytes().saturating_sub(without.bytes()) / (with.documents * PASSAGES);
    println!("{} passages: {more} B more each", with.documents * PASSAGES);
    assert!(more < 250, "{more} B");
}

#[test]
fn what_is_large_is_left_to_the_store() {
    let mut edited = Edited::new(1);
    let mut batch = Batch::new();
    for row in 0..=STORE_SMALL_SPACE / 65_536 {
        batch.put(Space::Vector, (row << 32).to_be_bytes(), noise(row, 65_536));
    }
    edited.disk.commit(batch).unwrap();
    edited.disk.rotate().unwrap();
    // fjall moves a table down at a time of its own; until then it counts as one that gathered.
    edited.disk.inner().unwrap().spaces.iter().for_each(|space| space.major_compact().unwrap());
    for flush in 0..u64::from(STORE_TABLES_MIN) * 2 {
        let mut batch = Batch::new();
        [flush + 1, (4 << 32) + 1].into_iter().for_each(|row| batch.put(Space::Vector, row.to_be_bytes(), "x"));
        edited.disk.commit(batch).unwrap();
        edited.disk.rotate().unwrap();
    }
    assert_eq!(edited.merge(), 0);
}
