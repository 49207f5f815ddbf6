//! Saves under way, and what follows each of them.

use super::attempt::Decided;
use super::pace::{Pace, Reads};
use super::sources::UnsavedSources;
use crate::base::id::{DocId, EmbedKey, PeerKey, ReplyId, Row, SaveId};
use crate::base::time::Instant;
use crate::limits::SAVES_MAX;
use crate::store::change::{Applied, Change};
use crate::store::counts::StoreCounts;
use crate::store::record::Mark;
use heapless::LinearMap;

/// A save that is on the disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The effect of each change, in order.
    pub applied: Vec<Applied>,
    /// The counts now.
    pub counts: StoreCounts,
    /// The number of the store's last commit.
    pub number: u64,
    /// Free bytes of the home's disk now.
    pub disk_free: u64,
}

/// Why a save is not on the disk. Every later save fails as well, until one that mends (`Output::Mend`) succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSaved {
    /// A sentence for people: what happened.
    pub why: String,
    /// Whether only the next start can write the store again.
    pub lasts: bool,
}

impl NotSaved {
    /// It may succeed later: the disk is full, or away.
    pub fn for_now(why: impl Into<String>) -> Self {
        Self { why: why.into(), lasts: false }
    }

    /// A sentence for whoever asked for something that is not done.
    pub(super) fn refusal(&self) -> String {
        let then = if self.lasts { "" } else { " Ask again when that is mended." };
        format!("{} Nothing was changed.{then}", self.why)
    }
}

/// A vector of a chunk that was lent, in a save.
#[derive(Clone, Copy, Debug)]
pub(super) struct SavedResult {
    pub(super) doc: DocId,
    pub(super) row: Row,
    pub(super) key: EmbedKey,
    /// The device that made it; `None`: this one.
    pub(super) by: Option<PeerKey>,
    /// Whether only texts with known vectors have vouched for it.
    pub(super) is_owed: bool,
}

/// What a save deletes of devices that were found false.
#[derive(Debug, Default)]
pub(super) struct Disproof {
    /// The devices.
    pub(super) liars: Vec<PeerKey>,
    /// Vectors of them that are false besides what is owed a check.
    pub(super) accused: Vec<(PeerKey, Row)>,
}

/// What follows a save.
#[derive(Debug)]
pub(super) enum AfterSave {
    /// The next step of the scan begins after this path; with `None` the scan is over.
    Scan(Option<Vec<u8>>),
    /// The next step of the purge begins at this key; with `None` the purge is over.
    Purge(Option<Vec<u8>>),
    /// These documents are not busy any more.
    Release(Vec<DocId>),
    /// Likewise this one, whose file is not there: it waits for it, if it still waits.
    Absent(DocId),
    /// Vectors of chunks that were lent, and the devices that were found false.
    Lent(Vec<SavedResult>, Disproof),
    /// Nothing: what failed is known here, and the store keeps it for the next start.
    Noted,
    /// The next part of the owner's decisions is due.
    Decision,
    /// The owner's decision is on the disk: this reply is due, once what these marks of it are on is deleted.
    Reply(ReplyId, String, Vec<Mark>),
    /// What the owner decided about parked documents, all of them or one, is on the disk.
    Parked(ReplyId, Option<DocId>, Decided),
    /// Documents of a sweep are deleted, and the next step is due.
    Swept,
    /// This list of sources takes effect.
    Watch(Box<UnsavedSources>),
    /// The store can be written again: the work goes on, with this list of sources if a request was tried.
    Mended(Option<Box<UnsavedSources>>),
}

/// A save under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) then: AfterSave,
    /// The marks in it, if it has any.
    pub(super) marks: Option<Vec<Mark>>,
    /// How many vectors are in it.
    pub(super) vectors: u64,
    /// How many files it says of that they were read.
    pub(super) reads: u64,
}

/// The saves under way.
#[derive(Debug, Default)]
pub(super) struct Saves {
    under_way: LinearMap<SaveId, UnderWay, SAVES_MAX>,
    last: SaveId,
    /// How fast vectors are saved.
    pub(super) pace: Pace,
    /// How fast files are read.
    pub(super) reads: Reads,
}

impl Saves {
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Adds a save. The caller has left room for it.
    pub(super) fn begin(&mut self, then: AfterSave) -> SaveId {
        self.begin_with(then, &[])
    }

    /// Adds a save of these changes, which may have marks among them.
    pub(super) fn begin_with(&mut self, then: AfterSave, changes: &[Change]) -> SaveId {
        self.last.0 += 1;
        let marks = changes.iter().rev().find_map(|change| match change {
            Change::Marks(marks) => Some(marks.0.clone()),
            _ => None,
        });
        let of = |change: &Change| match change {
            Change::Embedded { vectors, .. } => vectors.len() as u64,
            Change::Proven { rows, .. } | Change::Vouched { rows, .. } | Change::Copied { rows, .. } => {
                rows.len() as u64
            }
            Change::Remade { rows, .. } => rows.len() as u64,
            _ => 0,
        };
        let vectors = changes.iter().map(of).sum();
        let is_read = |change: &&Change| matches!(change, Change::Chunked { .. } | Change::Refused { .. });
        let reads = changes.iter().filter(is_read).count() as u64;
        let inserted = self.under_way.insert(self.last, UnderWay { then, marks, vectors, reads });
        debug_assert!(inserted.is_ok(), "room is left for every save");
        self.last
    }

    /// So many vectors and read files were saved.
    pub(super) fn count(&mut self, now: Instant, vectors: u64, reads: u64) {
        self.pace.add(now, vectors);
        self.reads.add(now, reads);
    }

    /// Removes a save that has ended; `None` if it is unknown.
    pub(super) fn end(&mut self, save: SaveId) -> Option<UnderWay> {
        self.under_way.remove(&save)
    }

    /// The list of sources that this save writes.
    pub(super) fn unsaved_sources(&mut self, save: SaveId) -> Option<&mut UnsavedSources> {
        match self.under_way.get_mut(&save) {
            Some(UnderWay { then: AfterSave::Watch(unsaved), .. }) => Some(unsaved),
            _ => None,
        }
    }
}
