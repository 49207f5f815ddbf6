//! Blocks of public documents by their CIDs, for the gateway, bitswap and exports.
//!
//! A file's CID is the one that `ipfs add --cid-version=1` gives it, over its bytes as they lie on the disk; a passage's is
//! the raw block of its text. Nothing is copied: `table` knows where each block lies, `walk` follows a file's blocks, and
//! `folder` puts files into folders for an export. The table is in memory, is made when a block is asked for that it does not
//! have, and again when the store has changed since; a document that did not change is not read again.
//!
//! Invariants: a block is read from the file, or from the store, when it is given out, and is given out only if its hash is
//! what its CID says and its document is public at that moment. So a file that changed meanwhile has no blocks, never wrong
//! ones, and a collection that is private again is so at once. What anybody asks for reads the disk at most every
//! `PUBLIC_LOOK_MS` for changes, by one thread.
//!
//! All of this blocks: callers are on threads of their own.

mod folder;
mod table;
mod walk;

use crate::base::time::{Duration, Instant};
use crate::limits::PUBLIC_LOOK_MS;
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::store::kv::{Kv, KvError, KvRead};
use crate::store::read;
use crate::store::record::{Marks, Sources};
use crate::wire::cid::Cid;
use crate::wire::unixfs::Tree;
use crate::worker::retrieve::published;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use table::Table;

pub use folder::{PublicFile, in_folders};
pub use walk::Walk;

/// Gives blocks of public documents; clones give those of the same agent.
#[derive(Clone, Debug)]
pub struct PublicBlocks {
    disk: Disk,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Arc<Table>>,
    /// Held while the table is made anew.
    last: Mutex<Option<Look>>,
}

/// One look for changes.
#[derive(Debug)]
struct Look {
    at: Instant,
    seen: Seen,
}

/// What decides which documents are public, and how they are.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    commit: u64,
    sources: Sources,
    marks: Marks,
}

impl Seen {
    fn of(kv: &impl KvRead) -> Result<Self, KvError> {
        Ok(Self { commit: read::commit(kv)?.number, sources: read::sources(kv)?, marks: read::marks(kv)? })
    }
}

/// What is to be told of a public document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicDocument {
    /// Its file; `None` if it has none of its own, as in an archive.
    pub file: Option<Tree>,
    /// The CIDs of its passages, in the order of the text.
    pub passages: Vec<Cid>,
    /// Whether a private key stands in it: then none of it is given out.
    pub is_withheld: bool,
}

impl PublicBlocks {
    /// Blocks of what this store knows.
    #[must_use]
    pub fn new(disk: Disk) -> Self {
        Self { disk, shared: Arc::default() }
    }

    /// The block with this CID, verified; `None` if no public document has it now, or that is being found out.
    #[must_use]
    pub fn block(&self, cid: &Cid) -> Option<Vec<u8>> {
        self.held(cid).or_else(|| if self.look(false) { self.held(cid) } else { None })
    }

    /// The public document at this path, as it is now.
    #[must_use]
    pub fn document(&self, path: &[u8]) -> Option<PublicDocument> {
        self.look(true);
        let table = self.table();
        let held = table.documents.iter().find(|held| held.found.path == path)?;
        Some(PublicDocument {
            file: held.file.as_ref().map(|file| file.top),
            passages: held.passages.iter().map(|(cid, _)| *cid).collect(),
            is_withheld: held.is_withheld,
        })
    }

    /// All public files now, of this collection or of all.
    #[must_use]
    pub fn files(&self, collection: Option<&str>) -> Vec<PublicFile> {
        self.look(true);
        self.table().files(collection)
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&locked(&self.shared.table))
    }

    fn held(&self, cid: &Cid) -> Option<Vec<u8>> {
        let (table, kv) = (self.table(), self.disk.snapshot());
        let Some((held, place)) = table.find(cid) else {
            // Which folders and files have names in it is what the sources said then.
            let folder = table.folder(cid)?;
            return (read::sources(&kv).ok()? == table.sources).then_some(folder);
        };
        if !published::is_still(&kv, &held.found.path, &held.found.version).unwrap_or(false) {
            return None;
        }
        held.block(&kv, place).filter(|block| cid.verifies(block))
    }

    /// Looks for changes, and whether there were some; where an owner asks, also while another look is under way or was
    /// just done.
    fn look(&self, is_owners: bool) -> bool {
        let mut last = if is_owners {
            locked(&self.shared.last)
        } else {
            match self.shared.last.try_lock() {
                Ok(last) => last,
                Err(TryLockError::Poisoned(last)) => last.into_inner(),
                Err(TryLockError::WouldBlock) => return false,
            }
        };
        let (now, pause) = (clock::now(), Duration::from_millis(PUBLIC_LOOK_MS));
        if !is_owners && last.as_ref().is_some_and(|last| now.since(last.at) < pause) {
            return false;
        }
        let kv = self.disk.snapshot();
        let Ok(seen) = Seen::of(&kv) else { return false };
        let is_new = last.as_ref().is_none_or(|last| last.seen != seen);
        if is_new {
            let made = Table::made(&kv, &self.table());
            *locked(&self.shared.table) = Arc::new(made);
        }
        // The pause begins when the look ends: a long one is not followed by the next at once.
        *last = Some(Look { at: clock::now(), seen });
        is_new
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
