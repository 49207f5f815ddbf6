//! Journals that fjall wrote, whole and damaged.

use super::*;
use crate::platform::disk::{Disk, Sync, open_whole};
use crate::store::kv::{Batch, Kv, KvRead, Space};
use std::os::unix::fs::FileExt;

const BATCHES: u8 = 20;

/// A store whose journal has so many batches, of three pairs each, the last of some length.
fn written(store: &Path) -> PathBuf {
    let disk = Disk::open(store, Sync::Buffer).unwrap();
    for n in 0..BATCHES {
        let mut batch = Batch::new();
        batch.put(Space::Document, [n], vec![n; 40]);
        batch.put(Space::Chunk, [n], vec![n; 9000 * usize::from(n % 3)]);
        batch.delete(Space::Path, [n]);
        disk.commit(batch).unwrap();
    }
    disk.sync().unwrap();
    drop(disk);
    store.join("0.jnl")
}

fn there(store: &Path) -> Vec<u8> {
    let disk = open_whole(store, Sync::Buffer).unwrap();
    let has = |n: &u8| [Space::Document, Space::Chunk].iter().all(|space| disk.get(*space, &[*n]).unwrap().is_some());
    (0..BATCHES).filter(has).collect()
}

/// One past the last byte that was written.
fn end(journal: &Path) -> u64 {
    let mut bytes = fs::read(journal).unwrap();
    while bytes.ends_with(&ZEROS) {
        bytes.truncate(bytes.len() - ZEROS.len());
    }
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1
}

#[test]
fn of_a_journal_with_a_flipped_bit_one_batch_is_taken_out_and_the_others_stay() {
    let kept = tempfile::tempdir().unwrap();
    let whole = kept.path().join("whole");
    let journal = written(&whole);
    assert!(damaged(&whole).unwrap().is_empty());
    let (bytes, length) = (fs::read(&journal).unwrap(), end(&journal));
    for step in 0..24 {
        let at = length * step / 24 + step % 13;
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        written(&store);
        let path = store.join("0.jnl");
        let flipped = [bytes[usize::try_from(at).unwrap()] ^ (1 << (step % 8))];
        File::options().write(true).open(&path).unwrap().write_all_at(&flipped, at).unwrap();
        let found = damaged(&store).unwrap();
        // The number of a batch is in no checksum.
        let Some(one) = found.first() else {
            assert_eq!(there(&store).len(), usize::from(BATCHES), "at {at}");
            continue;
        };
        assert!(one.lost > 0 && one.lost < 20_000, "{} of {length} at {at}", one.lost);
        mend(&found).unwrap();
        assert_eq!(end(&path.with_extension("damaged")), length, "it is kept as it was");
        assert!(damaged(&store).unwrap().is_empty());
        let left = there(&store).len();
        assert!(left + 1 >= usize::from(BATCHES), "{left} batches are left at {at}");
    }
}

#[test]
fn what_a_power_cut_left_of_the_last_batch_is_left_to_fjall() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let journal = written(&store);
    let length = end(&journal);
    let file = File::options().write(true).open(&journal).unwrap();
    file.write_all_at(&[0; 3], length - 3).unwrap();
    assert!(damaged(&store).unwrap().is_empty());
    file.set_len(length - 40).unwrap();
    assert!(damaged(&store).unwrap().is_empty());
    assert_eq!(there(&store).len(), usize::from(BATCHES) - 1);
    assert!(damaged(&folder.path().join("none")).unwrap().is_empty());
}

#[test]
fn a_last_batch_whose_checksum_is_wrong_is_dropped_and_the_store_opens() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let journal = written(&store);
    let length = end(&journal);
    File::options().write(true).open(&journal).unwrap().write_all_at(b"?", length - 8).unwrap();
    assert!(open_whole(&store, Sync::Buffer).is_err(), "fjall does not open it");
    mend(&damaged(&store).unwrap()).unwrap();
    assert_eq!(there(&store).len(), usize::from(BATCHES) - 1);
}
