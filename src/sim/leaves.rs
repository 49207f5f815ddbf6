//! What must not leave a simulated device, and what must not be stored twice: checked with each message and each save.

use super::world::World;
use crate::base::id::Row;
use crate::store::change::Change;
use crate::store::read;
use crate::store::record::Record;

/// A word of each text that no other device may get, whatever it is asked.
pub(super) const PRIVATE_WORD: &str = "qzprivate";

/// The vector of a row, before a save that has another one for it.
pub(super) type StoredRow = (Row, Vec<u8>);

impl World {
    /// Checks that no text of a private folder is in what a device sends.
    pub(super) fn check_leaves(&self, at: usize, bytes: &[u8]) {
        if self.devices[at].run.work.keeps_private {
            let word = PRIVATE_WORD.as_bytes();
            let leaves = bytes.windows(word.len()).any(|part| part == word);
            assert!(!leaves, "a text of a private folder leaves device {at}");
        }
    }

    /// The vectors that are stored for the rows of which a save brings some.
    pub(super) fn stored_before(&self, at: usize, changes: &[Change]) -> Vec<StoredRow> {
        let rows = changes.iter().filter_map(|change| match change {
            Change::Embedded { vectors, .. } | Change::Unproven { vectors, .. } => {
                Some(vectors.iter().map(|(row, ..)| *row).collect::<Vec<_>>())
            }
            Change::Proven { rows, .. } => Some(rows.iter().map(|(row, _)| *row).collect()),
            _ => None,
        });
        rows.flatten().filter_map(|row| Some((row, self.stored(at, row)?))).collect()
    }

    /// Checks that a save replaced no vector that was stored before: whoever embeds a text a second time has no effect.
    pub(super) fn check_stored(&self, at: usize, before: &[StoredRow]) {
        for (row, vector) in before {
            let now = self.stored(at, *row);
            assert!(now.is_none_or(|now| now == *vector), "row {} of device {at} has a second vector", row.0);
        }
    }

    fn stored(&self, at: usize, row: Row) -> Option<Vec<u8>> {
        // One that no check has vouched for may be replaced.
        read::vector(&self.devices[at].disk, row).ok().flatten().map(|vector| vector.encode())
    }
}
