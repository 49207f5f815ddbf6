//! Vectors that answer and are owed a check, because only texts with known vectors have vouched for them.

use super::Makers;
use crate::base::id::{PeerKey, Row};
use crate::limits::OWED_MAX;

impl Makers {
    /// The device whose vector in this row is owed a check.
    #[must_use]
    pub fn owed_by(&self, row: Row) -> Option<PeerKey> {
        self.0.iter().find(|(_, maker)| maker.owed.contains(row)).map(|(peer, _)| *peer)
    }

    /// How many vectors of a device are owed one.
    #[must_use]
    pub fn owed(&self, by: PeerKey) -> u64 {
        self.0.get(&by).map_or(0, |maker| maker.owed.len())
    }

    /// The first of them, so many at most, with the number of the device.
    #[must_use]
    pub fn owed_rows(&self, by: PeerKey, most: usize) -> (u8, Vec<Row>) {
        self.0.get(&by).map_or_else(Default::default, |maker| (maker.number, maker.owed.iter().take(most).collect()))
    }

    /// The range of such rows, of whichever device, that holds this row, or else the first one behind it.
    #[must_use]
    pub fn owed_from(&self, row: Row) -> Option<(Row, Row)> {
        self.0.values().filter_map(|maker| maker.owed.range_from(row)).min()
    }

    /// Whether more vectors of a device may be owed one.
    #[must_use]
    pub fn may_owe(&self, by: PeerKey) -> bool {
        self.owed(by) < OWED_MAX
    }

    /// The vector of a device in this row is owed one.
    pub(in crate::store) fn owe(&mut self, by: PeerKey, row: Row) {
        if let Some(maker) = self.0.get_mut(&by) {
            maker.owed.insert(row);
        }
    }

    /// These rows of a device are not owed one any more.
    pub(in crate::store) fn settle(&mut self, by: PeerKey, rows: &[Row]) {
        if let Some(maker) = self.0.get_mut(&by) {
            rows.iter().for_each(|row| maker.owed.remove(*row));
        }
    }
}
