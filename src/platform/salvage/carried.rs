//! What a salvage has brought.

use crate::store::kv::KvError;
use crate::store::record::Mark;

/// What was carried over, and what was not.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Documents that were.
    pub(super) count: u64,
    /// How many at which places were not, or only in part.
    pub(super) left: Vec<Mark>,
    /// Likewise, at places that are not known or not watched.
    pub(super) unplaced: u64,
    /// Whether there are so many damaged places that reading was given up.
    pub(super) is_cut: bool,
}

impl Carried {
    pub(super) fn left_count(&self) -> u64 {
        let left: u64 = self.left.iter().map(|place| place.documents).sum();
        left + self.unplaced + u64::from(self.is_cut && left + self.unplaced == 0)
    }
}

/// Why it ends early.
pub(super) enum Stop {
    /// The disk is full, for example.
    Later(String),
    /// The store in use failed.
    Failed(KvError),
}

impl From<KvError> for Stop {
    fn from(error: KvError) -> Self {
        Self::Failed(error)
    }
}
