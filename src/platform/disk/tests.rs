//! The store on a disk that works, and on one that fails.

use super::*;
use fjall::KeyspaceCreateOptions;

/// Tables can be written no more: each of their folders is a file.
pub(crate) fn break_tables(store: &Path) {
    for space in std::fs::read_dir(store.join("keyspaces")).unwrap() {
        let tables = space.unwrap().path().join("tables");
        rename(&tables, &tables.with_extension("away"));
        std::fs::write(&tables, "x").unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "in a test")]
fn rename(from: &Path, to: &Path) {
    std::fs::rename(from, to).unwrap();
}

/// A copy of a home, with its store.
pub(crate) fn copy_store(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let new = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_store(&entry.path(), &new);
        } else {
            std::fs::copy(entry.path(), new).unwrap();
        }
    }
}

/// They can be written again.
pub(crate) fn mend_tables(store: &Path) {
    for space in std::fs::read_dir(store.join("keyspaces")).unwrap() {
        let tables = space.unwrap().path().join("tables");
        std::fs::remove_file(&tables).unwrap();
        rename(&tables.with_extension("away"), &tables);
    }
}

#[test]
fn the_disk_store_passes_the_suite_of_every_kv() {
    let folder = tempfile::tempdir().unwrap();
    crate::store::kv::suite(&Disk::open(folder.path(), Sync::Disk).unwrap());
}

#[test]
fn what_was_synced_is_there_when_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut batch = Batch::new();
    batch.put(Space::State, "a", "1");
    let disk = Disk::open(folder.path(), Sync::Disk).unwrap();
    disk.commit(batch).unwrap();
    disk.sync().unwrap();
    drop(disk);
    let disk = Disk::open(folder.path(), Sync::Disk).unwrap();
    assert_eq!(disk.get(Space::State, b"a").unwrap().as_deref(), Some(&b"1"[..]));
}

/// Why `LAYOUT` has a number: fjall ignores the options for a keyspace that exists.
#[test]
fn options_are_frozen_when_a_keyspace_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let open = |times: &std::cell::Cell<u32>| {
        let db = Database::builder(folder.path()).worker_threads(2).open().unwrap();
        db.keyspace("a", || {
            times.set(times.get() + 1);
            KeyspaceCreateOptions::default()
        })
        .unwrap();
    };
    let times = std::cell::Cell::new(0);
    open(&times);
    assert_eq!(times.get(), 1);
    open(&times);
    assert_eq!(times.get(), 1, "fjall takes the options again: then a change of options needs no new LAYOUT any more");
}

/// fjall#323: with memtables of 4 MiB and one worker, such a run hung for good. With these settings it must end; a
/// hang shows as a test that never ends.
#[test]
fn many_rotations_under_constant_writing_come_to_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
    let value = vec![7_u8; 4096];
    for round in 0..300_u32 {
        let mut batch = Batch::new();
        for n in 0..64_u32 {
            let key = [round.to_be_bytes(), n.to_be_bytes()].concat();
            batch.put(if n % 2 == 0 { Space::Chunk } else { Space::Vector }, key, value.clone());
        }
        disk.commit(batch).unwrap();
        disk.sync().unwrap();
    }
    assert_eq!(disk.page(Space::Chunk, &[], None, 20_000).unwrap().len(), 300 * 32);
}

#[test]
fn a_flush_that_fails_is_an_error_and_what_is_stored_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
    let put = |key: &str| {
        let mut batch = Batch::new();
        Space::ALL.into_iter().for_each(|space| batch.put(space, key, "x"));
        disk.commit(batch)
    };
    put("before").unwrap();
    break_tables(folder.path());
    assert!(matches!(disk.rotate(), Err(KvError::Io(_))), "a failed flush must not be waited for");
    assert!(put("after").is_err() && disk.sync().is_err(), "nothing is acknowledged after it");
    assert_eq!(disk.get(Space::Chunk, b"before").unwrap().as_deref(), Some(&b"x"[..]));
    let reader = disk.clone();
    assert!(disk.reopen().is_err(), "the disk fails still");
    mend_tables(folder.path());
    let view = reader.snapshot();
    disk.reopen().unwrap();
    drop(view);
    put("again").and_then(|()| disk.sync()).and_then(|()| disk.rotate()).unwrap();
    for key in ["before", "again"] {
        assert_eq!(reader.get(Space::Chunk, key.as_bytes()).unwrap().as_deref(), Some(&b"x"[..]), "{key}");
    }
}

#[test]
fn a_store_is_not_opened_anew_under_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
    let view = disk.snapshot();
    disk.reopen().unwrap();
    let mut batch = Batch::new();
    Space::ALL.into_iter().for_each(|space| batch.put(space, "a", "x"));
    disk.commit(batch).unwrap();
    break_tables(folder.path());
    assert!(disk.rotate().is_err());
    mend_tables(folder.path());
    assert!(matches!(disk.reopen(), Err(KvError::Io(why)) if why.contains("read just now")));
    drop(view);
    disk.reopen().unwrap();
}

#[test]
fn readers_do_not_wait_while_it_is_tried_whether_the_disk_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
    disk.reopen_with(|_| panic!("it writes still: nothing is tried")).unwrap();
    let mut batch = Batch::new();
    Space::ALL.into_iter().for_each(|space| batch.put(space, "a", "x"));
    disk.commit(batch).unwrap();
    break_tables(folder.path());
    assert!(disk.rotate().is_err());
    mend_tables(folder.path());
    let failed = disk.reopen_with(|_| {
        assert!(disk.shared.open.try_read().is_ok(), "a reader would wait for a sync of a failing card");
        Err(std::io::Error::other("it is read-only"))
    });
    assert!(matches!(failed, Err(KvError::Io(why)) if why == "it is read-only"));
    assert_eq!(disk.get(Space::Chunk, b"a").unwrap().as_deref(), Some(&b"x"[..]), "what is open is read");
    disk.reopen().unwrap();
    assert_eq!(disk.get(Space::Chunk, b"a").unwrap().as_deref(), Some(&b"x"[..]));
}
