//! Blocks of public documents by their CIDs, for the gateway, bitswap and exports.
//!
//! A file's CID is the one that `ipfs add --cid-version=1` gives it, over its bytes as they lie on the disk; a passage's is
//! the raw block of its text. Nothing is copied: `table` knows where each block lies, `walk` follows a file's blocks, and
//! `folder` puts files into folders for an export. The table is in memory, is made when a block is asked for that it does not
//! have, and again when the documents have changed since; a document that did not change is not read again. A file is given out only if
//! its bytes are those that the agent read into the store, and no secret stands in it (`text::extract::holds_secret`), nor in what a parser process reads of it
//! (`platform::child`). That takes as long as the file took when it was read, so that nobody waits for it: plain files are there at once, and packed ones, once
//! after each start, as soon as a thread beside has looked at them one after the other (`verdicts`). An owner's question has all looked at, a stranger's
//! `PUBLIC_LOOKED_AT_MAX` of them.
//!
//! Invariants: a block is read from the file, or from the store, when it is given out, and is given out only if its hash is
//! what its CID says and its document is public at that moment. So a file that changed meanwhile has no blocks, never wrong
//! ones, and a collection that is private again is so at once. What anybody asks for reads the disk at most every
//! `PUBLIC_LOOK_MS` for changes, by one thread; who comes meanwhile is told so and does not wait, and owners wait `PUBLIC_WAIT_MS`
//! at most.
//!
//! All of this blocks: callers are on threads of their own.

mod folder;
mod table;
mod verdicts;
mod walk;

use crate::base::id::{DocId, Row};
use crate::base::time::{Duration, Instant};
use crate::energy::rank::Rank;
use crate::limits::{PUBLIC_LOOK_MS, PUBLIC_LOOKED_AT_MAX, PUBLIC_LOOKS_FAILED_MAX, PUBLIC_RETRY_MS, PUBLIC_WAIT_MS};
use crate::platform::child::Parsers;
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::platform::panics::guard;
use crate::platform::sched::stand;
use crate::store::kv::{Kv, KvError, KvRead};
use crate::store::read;
use crate::store::record::{Marks, Sources};
use crate::text::extract::needs_parser;
use crate::wire::cid::Cid;
use crate::wire::unixfs::Tree;
use crate::worker::retrieve::published;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use table::{Held, NeedsParser, Table};
use verdicts::Verdicts;

pub use folder::{PublicFile, in_folders};
pub use table::{LeftOut, State};
pub use walk::Walk;

/// Whether a secret stands in a file of this path and these bytes that needs a parser, or why nobody can look just now.
type FindsSecret = fn(&Parsers, &[u8], &[u8]) -> Result<bool, String>;

/// How packed files are looked at for secrets.
#[derive(Clone, Copy, Debug)]
struct Readers {
    needs: NeedsParser,
    finds: FindsSecret,
    /// Has at most so many looked at meanwhile.
    begin: fn(&PublicBlocks, usize),
}

/// Gives blocks of public documents; clones give those of the same agent.
#[derive(Clone, Debug)]
pub struct PublicBlocks {
    disk: Disk,
    parsers: Parsers,
    readers: Readers,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Arc<Table>>,
    looks: Mutex<Looks>,
    ended: Condvar,
    verdicts: Verdicts,
    /// Whether packed files are being looked at.
    is_looking: AtomicBool,
    /// How often that was begun: each time with another file, as one may never be looked at.
    begun: AtomicUsize,
}

/// The looks for changes.
#[derive(Debug, Default)]
struct Looks {
    last: Option<Look>,
    is_under_way: bool,
}

/// One look for changes.
#[derive(Debug)]
struct Look {
    /// When it ended.
    at: Instant,
    /// When the table was made that is there now, and what was seen then.
    made: Instant,
    commit: u64,
    seen: Seen,
}

/// What decides which documents are public, and how they are. Most commits store vectors, and change nothing of it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// The next new document, the next new passage, and how many documents and passages there are.
    documents: (DocId, Row, [u64; 4]),
    sources: Sources,
    marks: Marks,
}

impl Seen {
    /// With the number of the commit.
    fn of(kv: &impl KvRead) -> Result<(Self, u64), KvError> {
        let commit = read::commit(kv)?;
        let counts = &commit.counts;
        let numbers = [counts.total(), counts.unusable(), counts.chunks, counts.tombstoned_chunks];
        let documents = (commit.next_doc, commit.next_row, numbers);
        Ok((Self { documents, sources: read::sources(kv)?, marks: read::marks(kv)? }, commit.number))
    }
}

/// What is to be told of a public document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicDocument {
    /// Its file, if that is given out.
    pub file: Option<Tree>,
    /// The CIDs of its passages, in the order of the text; none if there is no room for them.
    pub passages: Vec<Cid>,
    /// What is given out of it.
    pub state: State,
}

/// The public files, for an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicFiles {
    /// Those that are given out.
    pub files: Vec<PublicFile>,
    /// How many are not.
    pub left_out: LeftOut,
}

/// What became of the search for a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The block, verified.
    Block(Vec<u8>),
    /// No public document has it now.
    Missing,
    /// Which blocks there are is being found out.
    Busy,
}

/// Why nothing can be said of the public documents now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// Which there are is being found out.
    Busy,
    /// The store could not tell all of them.
    Broken,
}

/// What a look for changes found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    New,
    Same,
    Busy,
}

/// A look under way; the end of it is told, also after a defect.
struct UnderWay<'a> {
    shared: &'a Shared,
    look: Option<Look>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut looks = locked(&self.shared.looks);
        looks.is_under_way = false;
        looks.last = self.look.take();
        self.shared.ended.notify_all();
    }
}

impl PublicBlocks {
    /// Blocks of what this store knows.
    #[must_use]
    pub fn new(disk: Disk) -> Self {
        let needs: NeedsParser = |path, bytes| {
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            needs_parser(&String::from_utf8_lossy(name), bytes)
        };
        let readers = Readers { needs, finds: Parsers::finds_secret, begin: begin_to_look };
        Self { disk, parsers: Parsers::default(), readers, shared: Arc::default() }
    }

    /// The parsers that it has look at files. Clones take turns with it, and their stop is its own.
    #[must_use]
    pub const fn parsers(&self) -> &Parsers {
        &self.parsers
    }

    /// The block with this CID, verified; `None` if no public document has it now. Also where that is being found out: bitswap has no
    /// word for that, and its peers ask again.
    #[must_use]
    pub fn block(&self, cid: &Cid) -> Option<Vec<u8>> {
        match self.find(cid) {
            Found::Block(block) => Some(block),
            Found::Missing | Found::Busy => None,
        }
    }

    /// The block with this CID.
    #[must_use]
    pub fn find(&self, cid: &Cid) -> Found {
        if let Some(block) = self.held(cid) {
            return Found::Block(block);
        }
        match self.look(false) {
            Looked::New => self.held(cid).map_or(Found::Missing, Found::Block),
            Looked::Same => Found::Missing,
            Looked::Busy => Found::Busy,
        }
    }

    /// The public document at this path, as it is now.
    ///
    /// # Errors
    /// It cannot be said now.
    pub fn document(&self, path: &[u8]) -> Result<Option<PublicDocument>, Unready> {
        let table = self.owners_table()?;
        let Some(held) = table.documents.iter().find(|held| held.found.path == path) else {
            return if table.is_broken { Err(Unready::Broken) } else { Ok(None) };
        };
        let passages = if table.has_passages(held) { &held.passages[..] } else { &[] };
        Ok(Some(PublicDocument {
            file: held.file.as_ref().map(|file| file.top),
            passages: passages.iter().map(|(cid, _)| *cid).collect(),
            state: held.state,
        }))
    }

    /// All public files now, of this collection or of all.
    ///
    /// # Errors
    /// They cannot be told now.
    pub fn files(&self, collection: Option<&str>) -> Result<PublicFiles, Unready> {
        let table = self.owners_table()?;
        if table.is_broken {
            return Err(Unready::Broken);
        }
        Ok(PublicFiles { files: table.files(collection), left_out: table.left_out(collection) })
    }

    /// The table as it is now, for an owner.
    fn owners_table(&self) -> Result<Arc<Table>, Unready> {
        if self.look(true) == Looked::Busy { Err(Unready::Busy) } else { Ok(self.table()) }
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

    /// Looks for changes, and whether there were some; where an owner asks, also after another look, and also if one was
    /// just done.
    fn look(&self, is_owners: bool) -> Looked {
        let Some(mut under_way) = self.begin(is_owners) else { return Looked::Busy };
        let now = clock::now();
        let is_older = |at: Instant, ms| now.since(at) >= Duration::from_millis(ms);
        if !is_owners && under_way.look.as_ref().is_some_and(|last| !is_older(last.at, PUBLIC_LOOK_MS)) {
            return Looked::Same;
        }
        let kv = self.disk.snapshot();
        let Ok((seen, commit)) = Seen::of(&kv) else { return Looked::Same };
        let is_same = under_way.look.as_ref().is_some_and(|last| {
            // A file may be another one with the same text, and one that could not be read may be there again.
            let is_due = is_owners || is_older(last.made, PUBLIC_RETRY_MS);
            last.seen == seen && !(is_due && (last.commit != commit || !self.table().is_settled()))
        });
        if !is_same {
            let made = Table::made(&kv, &self.table(), self.readers.needs, &self.shared.verdicts);
            *locked(&self.shared.table) = Arc::new(made);
        }
        if !self.shared.is_looking.load(Ordering::Acquire) && !self.not_looked_at(&self.table()).is_empty() {
            (self.readers.begin)(self, if is_owners { usize::MAX } else { PUBLIC_LOOKED_AT_MAX });
        }
        // The pause begins when the look ends: a long one is not followed by the next at once.
        let at = clock::now();
        under_way.look = match under_way.look.take().filter(|_| is_same) {
            Some(last) => Some(Look { at, ..last }),
            None => Some(Look { at, made: at, commit, seen }),
        };
        if is_same { Looked::Same } else { Looked::New }
    }

    /// The documents whose files a parser is to look at, and none did.
    fn not_looked_at(&self, table: &Table) -> Vec<Arc<Held>> {
        table.due().filter(|held| self.shared.verdicts.of(&held.found).is_none()).cloned().collect()
    }

    /// Looks for secrets in packed files, one after the other, and at most so many.
    fn look_at_packed(&self, most: usize) {
        if self.shared.is_looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let _looking = Looking(&self.shared);
        let table = self.table();
        let due = self.not_looked_at(&table);
        let first = self.shared.begun.fetch_add(1, Ordering::Relaxed).checked_rem(due.len()).unwrap_or(0);
        let mut failed = 0;
        for held in due.iter().cycle().skip(first).take(most.min(due.len())) {
            let Some(bytes) = held.bytes(&table.sources) else { continue };
            match (self.readers.finds)(&self.parsers, &held.found.path, &bytes) {
                Ok(has_secret) => self.shared.verdicts.keep(&held.found, has_secret),
                Err(why) => {
                    log::debug!("A public document is not given out yet, as nobody can look for secrets in it: {why}.");
                    failed += 1;
                }
            }
            if failed >= PUBLIC_LOOKS_FAILED_MAX {
                return;
            }
        }
    }

    /// Begins a look; `None` if another is under way, for an owner if it goes on for too long.
    fn begin(&self, is_owners: bool) -> Option<UnderWay<'_>> {
        let mut looks = locked(&self.shared.looks);
        if looks.is_under_way && is_owners {
            let most = Duration::from_millis(PUBLIC_WAIT_MS);
            let waited = self.shared.ended.wait_timeout_while(looks, most, |looks| looks.is_under_way);
            looks = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if looks.is_under_way {
            return None;
        }
        looks.is_under_way = true;
        Some(UnderWay { shared: &self.shared, look: looks.last.take() })
    }
}

/// Packed files are being looked at; the end of it is told, also after a defect.
struct Looking<'a>(&'a Shared);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.is_looking.store(false, Ordering::Release);
    }
}

/// Has packed files looked at by a thread of its own, which ends with the parsers.
fn begin_to_look(blocks: &PublicBlocks, most: usize) {
    let blocks = blocks.clone();
    let begun = Builder::new().name("public files".to_owned()).spawn(move || {
        stand(Rank::Last);
        // A panic was logged when it happened.
        let _ = guard(|| blocks.look_at_packed(most));
    });
    if let Err(error) = begun {
        log::debug!("Packed public files are not looked at now, as the system gives no more threads: {error}.");
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
