//! The `Kv` port on fjall (an LSM-tree store), with settings for small boards.
//!
//! Properties of fjall 3.1.13 that this file works around:
//! - Options are frozen when a keyspace is made, so that they have a number in the folder's name (`LAYOUT`).
//! - A small memtable can hang the only worker on its own queue (fjall#323): memtables never fill by themselves here
//!   (1 GiB), the writer rotates them explicitly every `STORE_MEMORY_BYTES`, and there are two workers.
//! - A flipped journal byte loses everything after it without an error: `store::audit` compares stamps.
//! - Iterators end early after an error: every item is checked.
//! - It panics on some damage (a folder where a table should be, a lock that another thread's panic poisoned): a panic is
//!   caught here and is damage like any other.
//! - A flush that fails ends its worker, and fjall's own wait for it never returns: `rotate` waits by itself.
//! - An entry of a memtable takes far more memory than its bytes, so that `ENTRY_BYTES` are counted for each.

use super::panics::guard_library;
use crate::limits::{STORE_CACHE_BYTES, STORE_FLUSH_MS, STORE_MEMORY_BYTES};
use crate::store::kv::{Batch, Kv, KvError, KvRead, Pair, SPACES, Space};
use fjall::config::CompressionPolicy;
use fjall::{
    AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode, Readable,
};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The folder's name with the number of the settings below. Change it with them: a folder has its settings for ever.
pub const LAYOUT: &str = "store-1";

/// Bytes of memory that an entry of a memtable takes besides its key and value, estimated: a node of the skip list (56), the
/// heads of key and value (64), and what the allocator adds to them. Without it, small records filled some 40 MiB of memory
/// before they were written out (docs/evidence.md).
const ENTRY_BYTES: usize = 160;

/// Between two looks at a flush.
const FLUSH_LOOK: Duration = Duration::from_millis(5);

/// Far above use, so that fjall never rotates by itself.
const MEMTABLE_NEVER_FULL: u64 = 1 << 30;

/// How far a sync goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// To the disk: `fdatasync` of the journal.
    Disk,
    /// Only to the system's buffers. An injected bug for tests of power cuts; no release does it.
    Buffer,
}

/// An open store. Clones are handles to the same one.
#[derive(Clone)]
pub struct Disk {
    inner: Arc<Inner>,
}

struct Inner {
    db: Database,
    spaces: [Keyspace; SPACES],
    unrotated: AtomicU64,
    sync: Sync,
}

impl std::fmt::Debug for DiskSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DiskSnapshot")
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk")
    }
}

fn failed(error: &fjall::Error) -> KvError {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => failed_io(error),
        fjall::Error::Poisoned => KvError::Io("an earlier write failed".to_owned()),
        fjall::Error::Locked => KvError::Io("another program has it open".to_owned()),
        other => KvError::Damaged(format!("{other:?}")),
    }
}

/// A file that is missing, cut short or of another kind is damage, which a rebuild mends; what the disk refuses is not.
fn failed_io(error: &io::Error) -> KvError {
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::UnexpectedEof
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidData => KvError::Damaged(error.to_string()),
        _ => KvError::Io(error.to_string()),
    }
}

/// Does the work; a panic of fjall in it is damage.
fn guarded<T>(work: impl FnOnce() -> Result<T, KvError>) -> Result<T, KvError> {
    guard_library(work).unwrap_or_else(|why| Err(KvError::Damaged(format!("its code panicked at {why}"))))
}

impl Disk {
    /// Opens or makes the store in `folder`.
    ///
    /// # Errors
    /// `Io` if the folder cannot be used, `Damaged` if what is in it cannot be read.
    pub fn open(folder: &Path, sync: Sync) -> Result<Self, KvError> {
        guarded(|| Self::open_unguarded(folder, sync))
    }

    fn open_unguarded(folder: &Path, sync: Sync) -> Result<Self, KvError> {
        let db = Database::builder(folder)
            .cache_size(STORE_CACHE_BYTES)
            .worker_threads(2)
            .max_journaling_size(128 * 1024 * 1024)
            .open()
            .map_err(|error| failed(&error))?;
        let space = |space: Space| db.keyspace(space.name(), || options(space)).map_err(|error| failed(&error));
        let [a, b, c, d, e, f, g] = Space::ALL;
        let spaces = [space(a)?, space(b)?, space(c)?, space(d)?, space(e)?, space(f)?, space(g)?];
        Ok(Self { inner: Arc::new(Inner { db, spaces, unrotated: AtomicU64::new(0), sync }) })
    }

    fn space(&self, space: Space) -> &Keyspace {
        &self.inner.spaces[space.index()]
    }

    /// Flushes the memtables to disk and waits for it. Only the writer thread calls this.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn rotate(&self) -> Result<(), KvError> {
        guarded(|| {
            self.inner.unrotated.store(0, Ordering::Relaxed);
            self.inner.spaces.iter().try_for_each(|space| self.rotate_space(space))
        })
    }

    #[expect(clippy::disallowed_methods, reason = "only the writer's thread waits here, for a flush of another thread")]
    fn rotate_space(&self, space: &Keyspace) -> Result<(), KvError> {
        space.rotate_memtable().map_err(|error| failed(&error))?;
        let mut waited = Duration::ZERO;
        while space.tree.sealed_memtable_count() > 0 {
            // Fails once a flush has failed: then nobody will ever write this memtable out.
            self.inner.db.persist(PersistMode::Buffer).map_err(|error| failed(&error))?;
            if waited > Duration::from_millis(STORE_FLUSH_MS) {
                return Err(KvError::Io("its memory could not be written out in time".to_owned()));
            }
            std::thread::sleep(FLUSH_LOOK);
            waited += FLUSH_LOOK;
        }
        Ok(())
    }
}

fn options(space: Space) -> KeyspaceCreateOptions {
    let compression = match space {
        // int8 vectors do not compress.
        Space::Vector => CompressionType::None,
        _ => CompressionType::Lz4,
    };
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_NEVER_FULL)
        .data_block_compression_policy(CompressionPolicy::all(compression))
}

impl KvRead for Disk {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        guarded(|| {
            let value = self.space(space).get(key).map_err(|error| failed(&error))?;
            Ok(value.map(|value| value.to_vec()))
        })
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        let Some(bounds) = bounds(from, to) else { return Ok(Vec::new()) };
        guarded(|| pairs(self.space(space).range::<&[u8], _>(bounds), max))
    }
}

/// Where a range of keys begins and ends.
type Keys<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The range of a page; `None` if nothing can be in it.
fn bounds<'a>(from: &'a [u8], to: Option<&'a [u8]>) -> Option<Keys<'a>> {
    if to.is_some_and(|to| to <= from) {
        return None;
    }
    Some((Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded)))
}

fn pairs(items: fjall::Iter, max: usize) -> Result<Vec<Pair>, KvError> {
    let pair = |item: fjall::Guard| item.into_inner().map(|(k, v)| (k.to_vec(), v.to_vec()));
    items.take(max).map(|item| pair(item).map_err(|error| failed(&error))).collect()
}

/// All spaces as they were at one moment.
pub struct DiskSnapshot {
    inner: Arc<Inner>,
    view: fjall::Snapshot,
}

impl KvRead for DiskSnapshot {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        guarded(|| {
            let value = self.view.get(&self.inner.spaces[space.index()], key).map_err(|error| failed(&error))?;
            Ok(value.map(|value| value.to_vec()))
        })
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        let Some(bounds) = bounds(from, to) else { return Ok(Vec::new()) };
        guarded(|| pairs(self.view.range::<&[u8], _>(&self.inner.spaces[space.index()], bounds), max))
    }
}

impl Kv for Disk {
    type Snapshot = DiskSnapshot;

    fn snapshot(&self) -> DiskSnapshot {
        DiskSnapshot { inner: Arc::clone(&self.inner), view: self.inner.db.snapshot() }
    }

    fn commit(&self, batch: Batch) -> Result<(), KvError> {
        let mut bytes = 0;
        let mut writes = self.inner.db.batch();
        for (space, key, value) in batch.ops() {
            bytes += ENTRY_BYTES + key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => writes.insert(self.space(*space), key.as_slice(), value.as_slice()),
                None => writes.remove(self.space(*space), key.as_slice()),
            }
        }
        self.inner.unrotated.fetch_add(bytes as u64, Ordering::Relaxed);
        guarded(|| writes.commit().map_err(|error| failed(&error)))
    }

    fn sync(&self) -> Result<(), KvError> {
        let mode = match self.inner.sync {
            Sync::Disk => PersistMode::SyncData,
            Sync::Buffer => PersistMode::Buffer,
        };
        guarded(|| self.inner.db.persist(mode).map_err(|error| failed(&error)))?;
        if self.inner.unrotated.load(Ordering::Relaxed) > STORE_MEMORY_BYTES { self.rotate() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            times.get(),
            1,
            "fjall takes the options again: then a change of options needs no new LAYOUT any more"
        );
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
        // No table can be made where its folder is a file.
        for space in std::fs::read_dir(folder.path().join("keyspaces")).unwrap() {
            let tables = space.unwrap().path().join("tables");
            std::fs::remove_dir_all(&tables).unwrap();
            std::fs::write(&tables, "x").unwrap();
        }
        assert!(matches!(disk.rotate(), Err(KvError::Io(_))), "a failed flush must not be waited for");
        assert!(put("after").is_err() && disk.sync().is_err(), "nothing is acknowledged after it");
        assert_eq!(disk.get(Space::Chunk, b"before").unwrap().as_deref(), Some(&b"x"[..]));
    }
}
