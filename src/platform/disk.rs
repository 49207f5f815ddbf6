//! The `Kv` port on fjall (an LSM-tree store), with settings for small boards (`options`).
//!
//! Properties of fjall 3.1.13 that this file works around:
//! - Options are frozen when a keyspace is made, so that they have a number in the folder's name (`LAYOUT`).
//! - A small memtable can hang the only worker on its own queue (fjall#323): memtables never fill by themselves here
//!   (1 GiB), the writer rotates them explicitly every `STORE_MEMORY_BYTES`, and there are two workers.
//! - A flipped journal byte loses everything after it without an error, or the whole store: `journal` takes the one batch out before. Without any
//!   journal it opens, and loses what is written then: `journal` puts one in its place.
//! - It makes a store step by step in its place; one whose making was ended does not open, or looks as if a note were lost: `making` has it made anew.
//! - Iterators end early after an error: every item is checked.
//! - It panics on some damage (a folder where a table should be, a lock that another thread's panic poisoned): a panic is
//!   caught here and is damage like any other.
//! - A flush that fails ends its worker, and fjall's own wait for it never returns: `rotate` waits by itself.
//! - After a write, a sync or a flush that failed, a database writes nothing any more (`Error::Poisoned`): `reopen` closes it
//!   and opens it anew in the same process, which replays its journal as after a crash.
//! - It does not check whole tables: a block is checked when it is read. `Disk::verify` holds each table against the checksum
//!   that was written down with it.
//! - Whatever overlaps is merged: four small tables with any key in common have all of a space rewritten. Where keys come in order nothing may be
//!   written to each table (`store::commit`); else more tables are let gather (`options`), but few in a small space (`gathered`).
//! - Of a space's note of its newest tables it checks nothing, and deletes a space that has none: `newest` looks at all of them.
//! - A memtable takes far more memory than its bytes (`ENTRY_BYTES`).

mod damage;
mod error;
mod gathered;
pub(super) mod journal;
mod making;
mod newest;
mod options;
mod range;
mod reopen;
mod whole;

use super::panics::guard_library;
use super::store_place::StorePlace;
use crate::limits::{STORE_CACHE_BYTES, STORE_FLUSH_MS, STORE_MEMORY_BYTES};
use crate::store::kv::{Batch, Kv, KvError, KvRead, Pair, SPACES, Space};
use damage::{Damage, check_tables};
use error::failed;
use fjall::{AbstractTree, Database, Keyspace, PersistMode, Readable};
use options::options;
use range::{bounds, pairs};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

pub(super) use making::clear as clear_unfinished;
pub use making::is_unfinished;
pub(super) use newest::{Fault, faults as note_faults, mend as mend_notes};
#[cfg(test)]
pub(super) use whole::misplaced;
pub use whole::{open_sound, open_whole};

/// The folder's name with the number of the settings. A folder has its settings for ever: change it with those on which it depends
/// what can be read.
pub const LAYOUT: &str = "store-1";

/// Bytes of memory that an entry of a memtable takes besides its key and value, estimated: a node of the skip list (56), the
/// heads of key and value (64), and what the allocator adds to them. Without it, small records filled some 40 MiB of memory
/// before they were written out (docs/evidence.md).
const ENTRY_BYTES: usize = 160;

/// Between two looks at a flush.
const FLUSH_LOOK: Duration = Duration::from_millis(5);

/// How far a sync goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// To the disk: `fdatasync` of the journal.
    Disk,
    /// Only to the system's buffers. An injected bug for tests of power cuts; no release does it.
    Buffer,
}

/// An open store. Clones are handles to the same one, also after it was opened anew.
#[derive(Clone)]
pub struct Disk {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    sync: Sync,
    /// `None` after it was closed and could not be opened anew.
    open: RwLock<Option<Arc<Inner>>>,
    /// Whether the disk once did not confirm what was written.
    unconfirmed: AtomicBool,
    damage: Damage,
}

struct Inner {
    db: Database,
    spaces: [Keyspace; SPACES],
    unrotated: AtomicU64,
    place: StorePlace,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk")
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
    /// `Io` if the folder cannot be used, `Damaged` if what is in it cannot be read, or a note of the newest tables or the journal is to be
    /// mended before.
    pub fn open(folder: &Path, sync: Sync) -> Result<Self, KvError> {
        let open = RwLock::new(Some(Arc::new(guarded(|| Inner::open(folder))?)));
        let (folder, unconfirmed) = (folder.to_owned(), AtomicBool::new(false));
        Ok(Self { shared: Arc::new(Shared { folder, sync, open, unconfirmed, damage: Damage::default() }) })
    }

    fn inner(&self) -> Result<Arc<Inner>, KvError> {
        let open = self.shared.open.read().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| KvError::Io("it could not be opened again after a failure".to_owned()))
    }

    /// Where the open store lies; `None` if it could not be opened anew.
    #[must_use]
    pub fn place(&self) -> Option<StorePlace> {
        self.inner().ok().map(|inner| inner.place.clone())
    }

    /// Whether the disk once did not confirm what was written.
    #[must_use]
    pub fn is_unconfirmed(&self) -> bool {
        self.shared.unconfirmed.load(Ordering::Relaxed)
    }

    /// The first damage that was met in this store, if any was.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.shared.damage.first()
    }

    /// Has damage told, also what was met before: once, by whichever thread meets it.
    pub fn on_damage(&self, tell: impl Fn(&str) + Send + std::marker::Sync + 'static) {
        self.shared.damage.listen(tell);
    }

    /// Passes a result on, and notes damage in it.
    fn noted<T>(&self, result: Result<T, KvError>) -> Result<T, KvError> {
        result.inspect_err(|error| self.note_damage(error))
    }

    /// Reads every table, and every list of them, as a whole and holds it against its checksum: damage is found also where no key is looked up.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn verify(&self) -> Result<(), KvError> {
        self.verify_unless(|| false)
    }

    /// The same, until `ends` says that nobody waits for it any more.
    ///
    /// # Errors
    /// Any `KvError`; `Io` if it was ended.
    pub fn verify_unless(&self, ends: impl Fn() -> bool) -> Result<(), KvError> {
        let inner = self.inner()?;
        newest::check(&self.shared.folder)?;
        guarded(|| check_tables(&inner.spaces, ends))
    }

    /// Makes what was committed survive a power cut, as `sync` does, and writes out no memtable: on a disk without room for one.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn sync_journal(&self) -> Result<(), KvError> {
        let inner = self.inner()?;
        let persist = |mode| guarded(|| inner.db.persist(mode).map_err(|error| failed(&error)));
        // Apart, because after a write that failed the store can be opened anew, and after a sync that failed it cannot.
        persist(PersistMode::Buffer)?;
        if self.shared.sync == Sync::Disk
            && let Err(error) = persist(PersistMode::SyncData)
        {
            self.shared.unconfirmed.store(true, Ordering::Relaxed);
            return Err(error);
        }
        Ok(())
    }

    /// Flushes the memtables to disk and waits for it. Only the writer thread calls this.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn rotate(&self) -> Result<(), KvError> {
        let inner = self.inner()?;
        guarded(|| inner.rotate())
    }
}

impl Disk {
    /// Whether the memtables are full, so that the next sync writes them out.
    ///
    /// # Errors
    /// `Io` if the store is not open.
    pub fn is_full(&self) -> Result<bool, KvError> {
        self.inner().map(|inner| inner.is_full())
    }

    /// Syncs if the memtables are full, and only then: for long work of which nothing is acknowledged.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn sync_if_full(&self) -> Result<(), KvError> {
        if self.is_full()? { self.sync() } else { Ok(()) }
    }
}

impl Inner {
    fn open(folder: &Path) -> Result<Self, KvError> {
        newest::is_to_be_mended(folder)?;
        if journal::is_gone(folder) {
            return Err(KvError::Damaged("its journal is gone".to_owned()));
        }
        let db = Database::builder(folder)
            .cache_size(STORE_CACHE_BYTES)
            .worker_threads(2)
            .max_journaling_size(128 * 1024 * 1024)
            .open()
            .map_err(|error| failed(&error))?;
        let space = |space: Space| db.keyspace(space.name(), || options(space)).map_err(|error| failed(&error));
        let [a, b, c, d, e, f, g, h] = Space::ALL;
        let spaces = [space(a)?, space(b)?, space(c)?, space(d)?, space(e)?, space(f)?, space(g)?, space(h)?];
        Ok(Self { db, spaces, unrotated: AtomicU64::new(0), place: StorePlace::of(folder) })
    }

    fn is_full(&self) -> bool {
        self.unrotated.load(Ordering::Relaxed) > STORE_MEMORY_BYTES
    }

    fn space(&self, space: Space) -> &Keyspace {
        &self.spaces[space.index()]
    }

    fn rotate(&self) -> Result<(), KvError> {
        self.unrotated.store(0, Ordering::Relaxed);
        self.spaces.iter().try_for_each(|space| self.rotate_space(space))
    }

    #[expect(clippy::disallowed_methods, reason = "only the writer's thread waits here, for a flush of another thread")]
    fn rotate_space(&self, space: &Keyspace) -> Result<(), KvError> {
        space.rotate_memtable().map_err(|error| failed(&error))?;
        let mut waited = Duration::ZERO;
        while space.tree.sealed_memtable_count() > 0 {
            // Fails once a flush has failed: then nobody will ever write this memtable out.
            self.db.persist(PersistMode::Buffer).map_err(|error| failed(&error))?;
            if waited > Duration::from_millis(STORE_FLUSH_MS) {
                return Err(KvError::Io("its memory could not be written out in time".to_owned()));
            }
            std::thread::sleep(FLUSH_LOOK);
            waited += FLUSH_LOOK;
        }
        Ok(())
    }
}

impl KvRead for Disk {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        let inner = self.inner()?;
        self.noted(guarded(|| {
            let value = inner.space(space).get(key).map_err(|error| failed(&error))?;
            Ok(value.map(|value| value.to_vec()))
        }))
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        let Some(bounds) = bounds(from, to) else { return Ok(Vec::new()) };
        let inner = self.inner()?;
        self.noted(guarded(|| pairs(inner.space(space).range::<&[u8], _>(bounds), max)))
    }

    /// A store that is gone from its place is not damaged: it may be on a disk that comes back.
    fn note_damage(&self, error: &KvError) {
        if let KvError::Damaged(what) = error
            && self.damage().is_none()
            && self.place().is_some_and(|place| place.look().is_ok())
        {
            self.shared.damage.met(what);
        }
    }
}

/// All spaces as they were at one moment.
pub struct DiskSnapshot {
    /// Or why there is none.
    view: Result<(fjall::Snapshot, Arc<Inner>), KvError>,
    disk: Disk,
}

impl std::fmt::Debug for DiskSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DiskSnapshot")
    }
}

impl KvRead for DiskSnapshot {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        let (view, inner) = self.view.as_ref().map_err(Clone::clone)?;
        self.disk.noted(guarded(|| {
            let value = view.get(inner.space(space), key).map_err(|error| failed(&error))?;
            Ok(value.map(|value| value.to_vec()))
        }))
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        let Some(bounds) = bounds(from, to) else { return Ok(Vec::new()) };
        let (view, inner) = self.view.as_ref().map_err(Clone::clone)?;
        self.disk.noted(guarded(|| pairs(view.range::<&[u8], _>(inner.space(space), bounds), max)))
    }

    fn note_damage(&self, error: &KvError) {
        self.disk.note_damage(error);
    }
}

impl Kv for Disk {
    type Snapshot = DiskSnapshot;

    fn snapshot(&self) -> DiskSnapshot {
        let view = self.inner().map(|inner| (inner.db.snapshot(), inner));
        DiskSnapshot { view, disk: self.clone() }
    }

    fn commit(&self, batch: Batch) -> Result<(), KvError> {
        let inner = self.inner()?;
        let mut bytes = 0;
        let mut writes = inner.db.batch();
        for (space, key, value) in batch.into_ops() {
            bytes += ENTRY_BYTES + key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => writes.insert(inner.space(space), key, value),
                None => writes.remove(inner.space(space), key),
            }
        }
        inner.unrotated.fetch_add(bytes as u64, Ordering::Relaxed);
        self.noted(guarded(|| writes.commit().map_err(|error| failed(&error))))
    }

    fn sync(&self) -> Result<(), KvError> {
        self.sync_journal()?;
        let inner = self.inner()?;
        if inner.is_full() { guarded(|| inner.rotate()) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
