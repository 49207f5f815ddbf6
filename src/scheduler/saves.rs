//! Saves under way, and what follows each of them.

use super::sources::UnsavedSources;
use crate::base::id::{DocId, ReplyId, SaveId};
use crate::limits::SAVES_MAX;
use crate::store::change::Applied;
use crate::store::counts::StoreCounts;
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

/// What follows a save.
#[derive(Debug)]
pub(super) enum AfterSave {
    /// The next step of the scan begins after this path; with `None` the scan is over.
    Scan(Option<Vec<u8>>),
    /// The next step of the purge begins at this key; with `None` the purge is over.
    Purge(Option<Vec<u8>>),
    /// These documents are not busy any more.
    Release(Vec<DocId>),
    /// The next part of the owner's decisions is due.
    Decision,
    /// The owner's decision is on the disk: this reply is due.
    Reply(ReplyId, String),
    /// Documents of a sweep are deleted, and the next step is due.
    Swept,
    /// This list of sources takes effect.
    Watch(Box<UnsavedSources>),
}

/// The saves under way.
#[derive(Debug, Default)]
pub(super) struct Saves {
    under_way: LinearMap<SaveId, AfterSave, SAVES_MAX>,
    last: SaveId,
}

impl Saves {
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Adds a save. The caller has left room for it.
    pub(super) fn begin(&mut self, then: AfterSave) -> SaveId {
        self.last.0 += 1;
        let inserted = self.under_way.insert(self.last, then);
        debug_assert!(inserted.is_ok(), "room is left for every save");
        self.last
    }

    /// Removes a save that has ended; `None` if it is unknown.
    pub(super) fn end(&mut self, save: SaveId) -> Option<AfterSave> {
        self.under_way.remove(&save)
    }

    /// The list of sources that this save writes.
    pub(super) fn unsaved_sources(&mut self, save: SaveId) -> Option<&mut UnsavedSources> {
        match self.under_way.get_mut(&save) {
            Some(AfterSave::Watch(unsaved)) => Some(unsaved),
            _ => None,
        }
    }
}
