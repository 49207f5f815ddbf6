//! A set of rows, kept as ranges: rows that lie together cost as much as one.

use crate::base::id::Row;
use serde::{Deserialize, Serialize};

/// The first row of each range and how many it has, in their order, with gaps between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows(Vec<(Row, u64)>);

impl Rows {
    /// Whether the ranges are in order, do not touch, and end somewhere.
    pub(super) fn is_sound(&self) -> bool {
        let end = |(first, count): &(Row, u64)| first.0.checked_add(*count).filter(|_| *count > 0);
        self.0.iter().all(|range| end(range).is_some())
            && self.0.windows(2).all(|two| end(&two[0]).is_some_and(|end| end < two[1].0.0))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Row> {
        self.0.iter().flat_map(|(first, count)| (first.0..first.0 + count).map(Row))
    }

    /// The range that holds this row, or else the first one behind it: its first row, and the one behind its last.
    #[must_use]
    pub fn range_from(&self, row: Row) -> Option<(Row, Row)> {
        let at = self.0.partition_point(|(first, count)| first.0 + count <= row.0);
        self.0.get(at).map(|(first, count)| (*first, Row(first.0 + count)))
    }

    /// Whether it is among them.
    #[must_use]
    pub fn contains(&self, row: Row) -> bool {
        self.range_from(row).is_some_and(|(first, _)| first <= row)
    }

    /// Adds one.
    pub fn insert(&mut self, row: Row) {
        if self.contains(row) {
            return;
        }
        let at = self.0.partition_point(|(first, _)| *first < row);
        let ends_before = |(first, count): &(Row, u64)| first.0 + count == row.0;
        let follows = at.checked_sub(1).filter(|before| ends_before(&self.0[*before]));
        let leads = self.0.get(at).is_some_and(|(first, _)| first.0 == row.0 + 1);
        match (follows, leads) {
            (Some(before), true) => {
                let (_, count) = self.0.remove(at);
                self.0[before].1 += 1 + count;
            }
            (Some(before), false) => self.0[before].1 += 1,
            (None, true) => self.0[at] = (row, self.0[at].1 + 1),
            (None, false) => self.0.insert(at, (row, 1)),
        }
    }

    /// Removes one.
    pub fn remove(&mut self, row: Row) {
        if !self.contains(row) {
            return;
        }
        let at = self.0.partition_point(|(first, count)| first.0 + count <= row.0);
        let (first, count) = self.0.remove(at);
        let parts = [(first, row.0 - first.0), (Row(row.0 + 1), first.0 + count - row.0 - 1)];
        let parts = parts.into_iter().filter(|(_, count)| *count > 0);
        self.0.splice(at..at, parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::BTreeSet;

    #[test]
    fn ranges_hold_what_a_plain_set_holds() {
        let (mut rng, mut rows, mut plain) = (Rng::new(1), Rows::default(), BTreeSet::new());
        for _ in 0..4_000 {
            let row = Row(rng.below(60));
            if rng.one_in(2) {
                rows.insert(row);
                plain.insert(row);
            } else {
                rows.remove(row);
                plain.remove(&row);
            }
            assert!(rows.is_sound(), "{rows:?}");
            assert_eq!(rows.iter().collect::<BTreeSet<_>>(), plain);
            assert_eq!((rows.len(), rows.is_empty()), (plain.len() as u64, plain.is_empty()));
            let row = Row(rng.below(60));
            assert_eq!(rows.contains(row), plain.contains(&row));
            let next = plain.range(row..).next();
            assert_eq!(rows.range_from(row).map(|(first, _)| first.max(row)), next.copied());
        }
        assert!(!Rows(vec![(Row(3), u64::MAX)]).is_sound() && !Rows(vec![(Row(3), 2), (Row(5), 1)]).is_sound());
        assert!(!Rows(vec![(Row(3), 0)]).is_sound());
    }
}
