//! Who made the vectors: the devices that embedded for this one, and which of their vectors no check has vouched for yet.
//!
//! A vector that another device made names it by a number of one byte; `Space::State` has a record of each such device, with its number
//! and the rows of its *unproven* vectors, in the order in which they came: a check vouches for the one that is checked and for those before
//! it. An unproven vector lies in its place, so that it is written once, and counts as if it were not there: it answers no question, is
//! copied to no other row, and its chunk waits to be embedded. Once it is proven its row leaves the list; if its maker is found false it is deleted.
//! One for which only texts with known vectors have vouched answers, and is *owed* a check: its row, and those of its copies, stand in another
//! list until that is done.

mod owed;

use super::keys;
use super::kv::{KvError, KvRead, Space};
use super::maker::Maker;
use super::record::{Record, Vector};
use crate::base::id::{PeerKey, Row};
use crate::limits::MAKERS_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// The number of all devices that came when the table was full.
const OTHERS: u8 = u8::MAX;

const _: () = assert!(MAKERS_MAX < OTHERS as usize, "each device of the table has a number of its own");

/// All of them, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Makers(BTreeMap<PeerKey, Maker>);

impl Makers {
    /// Those of a store.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn read(kv: &impl KvRead) -> Result<Self, KvError> {
        let end = keys::after_prefix(keys::MAKER);
        let page = kv.page(Space::State, keys::MAKER, end.as_deref(), MAKERS_MAX)?;
        let mut makers = BTreeMap::new();
        for (key, value) in page {
            if let Some(peer) = keys::maker_peer(&key) {
                makers.insert(peer, Maker::decode_stored(&value)?);
            }
        }
        Ok(Self(makers))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (PeerKey, &Maker)> {
        self.0.iter().map(|(peer, maker)| (*peer, maker))
    }

    /// The rows of all unproven vectors.
    #[must_use]
    pub fn unproven(&self) -> BTreeSet<Row> {
        self.0.values().flat_map(|maker| &maker.unproven).copied().collect()
    }

    /// Whether the vector of a row is not proven.
    #[must_use]
    pub fn holds(&self, row: Row) -> bool {
        self.0.values().any(|maker| maker.unproven.contains(&row))
    }

    /// The device of a number, if it is known.
    #[must_use]
    pub fn named(&self, number: u8) -> Option<PeerKey> {
        self.iter().find(|(_, maker)| maker.number == number && number != OTHERS).map(|(peer, _)| peer)
    }

    /// Good checks of a device, as far as they count.
    #[must_use]
    pub fn checks(&self, by: PeerKey) -> u8 {
        self.0.get(&by).map_or(0, |maker| maker.checks)
    }

    /// A vector of a device was put into this row. Gives the number of the device, and rows whose vectors are to be deleted: a full
    /// table has no room for their maker any more.
    pub(super) fn add(&mut self, by: PeerKey, row: Row) -> (u8, Vec<Row>) {
        self.remove(row);
        let dropped = self.know(by);
        let maker = self.0.entry(by).or_default();
        maker.unproven.push(row);
        (maker.number, dropped)
    }

    /// A device is in the table. Gives the rows of the one that had to leave it.
    fn know(&mut self, by: PeerKey) -> Vec<Row> {
        let mut dropped = Vec::new();
        if !self.0.contains_key(&by) {
            let known = self.0.len();
            let number = if known < MAKERS_MAX { self.free_number() } else { OTHERS };
            if known >= MAKERS_MAX {
                let rank = |maker: &Maker| {
                    let (owed, unproven) = (maker.owed.len(), maker.unproven.len());
                    (maker.number != OTHERS, owed, unproven, maker.banned_until, maker.checks)
                };
                let least = self.0.iter().min_by_key(|(_, maker)| rank(maker)).map(|(peer, _)| *peer);
                dropped.extend(least.and_then(|least| self.0.remove(&least)).into_iter().flat_map(|of| of.unproven));
            }
            self.0.insert(by, Maker { number, ..Maker::default() });
        }
        dropped
    }

    /// One more than the highest number of all, so that none is given twice: a device leaves only a full table, and from then on new ones get
    /// `OTHERS`.
    fn free_number(&self) -> u8 {
        let highest = self.0.values().map(|maker| maker.number).max().unwrap_or(0);
        highest.saturating_add(1)
    }

    /// The row has another vector now, or none. Gives whether it was unproven.
    pub(super) fn remove(&mut self, row: Row) -> bool {
        let maker = self.0.values_mut().find(|maker| maker.unproven.contains(&row));
        maker.map(|maker| maker.unproven.retain(|known| *known != row)).is_some()
    }

    /// A check vouches for the vector of a row. Gives whether it is one of this device that was unproven.
    pub(super) fn prove(&mut self, by: PeerKey, row: Row, checks: u8) -> bool {
        let Some(maker) = self.0.get_mut(&by).filter(|maker| maker.unproven.contains(&row)) else { return false };
        maker.unproven.retain(|known| *known != row);
        (maker.checks, maker.banned_until) = (checks, 0);
        true
    }

    /// A device is believed nothing any more, and gets no work until then. Gives the rows whose vectors are to be deleted: those of it that
    /// were unproven, and those of the device that had to leave the table.
    pub(super) fn disprove(&mut self, by: PeerKey, until: i64) -> Vec<Row> {
        let mut rows = self.know(by);
        let maker = self.0.entry(by).or_default();
        (maker.checks, maker.banned_until) = (0, until);
        rows.append(&mut maker.unproven);
        rows
    }

    /// The records that differ from those of before; `None`: the device is no more in the table.
    pub(super) fn changes<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (PeerKey, Option<&'a Maker>)> {
        let gone = before.0.keys().filter(|peer| !self.0.contains_key(peer)).map(|peer| (*peer, None));
        let other = self.iter().filter(|(peer, maker)| before.0.get(peer) != Some(maker));
        gone.chain(other.map(|(peer, maker)| (peer, Some(maker))))
    }
}

/// Which rows have a vector that counts. The lists of the makers are read once, and only where another device made any.
#[derive(Debug)]
pub(super) struct Proven<'a, K> {
    kv: &'a K,
    unproven: Option<BTreeSet<Row>>,
}

impl<'a, K: KvRead> Proven<'a, K> {
    pub(super) const fn of(kv: &'a K) -> Self {
        Self { kv, unproven: None }
    }

    /// Whether the row has one.
    ///
    /// # Errors
    /// Any `KvError`.
    pub(super) fn has(&mut self, row: Row) -> Result<bool, KvError> {
        let Some(bytes) = self.kv.get(Space::Vector, &keys::row(row))? else { return Ok(false) };
        if Vector::is_stale(&bytes) {
            return Ok(false);
        }
        if !Vector::is_made_elsewhere(&bytes) {
            return Ok(true);
        }
        let unproven = match self.unproven.take() {
            Some(unproven) => unproven,
            None => Makers::read(self.kv)?.unproven(),
        };
        Ok(!self.unproven.insert(unproven).contains(&row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u8) -> PeerKey {
        PeerKey([n; 32])
    }

    #[test]
    fn a_row_is_of_one_maker_and_a_full_table_forgets_whoever_has_least_and_gives_no_number_twice() {
        let mut makers = Makers::default();
        let all: Vec<u8> = (0..).take(MAKERS_MAX).collect();
        for n in &all {
            assert_eq!(makers.add(peer(*n), Row(u64::from(*n))), (n + 1, Vec::new()));
        }
        makers.add(peer(2), Row(1));
        assert!(makers.holds(Row(1)) && makers.0[&peer(1)].unproven.is_empty());
        assert!(makers.prove(peer(2), Row(2), 4) && !makers.prove(peer(2), Row(2), 4), "once");
        let (late, later) = (PeerKey([254; 32]), PeerKey([255; 32]));
        assert_eq!(makers.add(late, Row(1000)), (OTHERS, Vec::new()), "one without unproven vectors makes room");
        assert!(!makers.0.contains_key(&peer(1)));
        assert_eq!(makers.add(later, Row(1001)), (OTHERS, vec![Row(1000)]), "and then the others");
        assert_eq!((makers.named(3), makers.named(2), makers.named(OTHERS)), (Some(peer(2)), None, None));
        assert_eq!((makers.disprove(peer(2), 9), makers.0[&peer(2)].checks), (vec![Row(1)], 0));
    }
}
