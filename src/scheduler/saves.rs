//! Saves on their way to the disk, and what follows each of them.

use super::sources::Promised;
use crate::base::id::{DocId, SaveId};
use crate::limits::SAVES_MAX;
use crate::store::change::{Applied, Ledger};
use heapless::LinearMap;

/// A save that is on the disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// What each change did, in order.
    pub applied: Vec<Applied>,
    /// The counts now.
    pub ledger: Ledger,
    /// Bytes free on the home's disk now.
    pub disk_free: u64,
}

/// What follows a save.
#[derive(Debug)]
pub(super) enum Then {
    /// The next step of the scan, if there is one.
    Scan(Option<Vec<u8>>),
    /// These documents are free again.
    Release(Vec<DocId>),
    /// This is watched from now on.
    Watch(Box<Promised>),
}

/// The saves under way.
#[derive(Debug, Default)]
pub(super) struct Saves {
    under_way: LinearMap<SaveId, Then, SAVES_MAX>,
    last: SaveId,
}

impl Saves {
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// One more is under way. The caller left room for it.
    pub(super) fn begin(&mut self, then: Then) -> SaveId {
        self.last.0 += 1;
        let kept = self.under_way.insert(self.last, then);
        debug_assert!(kept.is_ok(), "room is left for every save");
        self.last
    }

    /// It has ended; `None` if it was never begun here.
    pub(super) fn end(&mut self, save: SaveId) -> Option<Then> {
        self.under_way.remove(&save)
    }

    /// The promises that rest on a save.
    pub(super) fn promised(&mut self, save: SaveId) -> Option<&mut Promised> {
        match self.under_way.get_mut(&save) {
            Some(Then::Watch(promised)) => Some(promised),
            _ => None,
        }
    }
}
