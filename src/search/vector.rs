//! The vector index: an exhaustive scan over sign bits.
//!
//! It costs 3 ns a vector (`cargo bench --bench indexing`), and unlike a graph index it needs no rebuilding when rows
//! come and go.

use crate::base::id::Row;
use crate::base::vector::Signs;
use crate::limits::{DIMENSIONS, PLACES_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// The sign bits of every vector that may answer.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<(Row, Signs)>,
}

impl Index {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many vectors it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds these rows, none of which may be in the index already.
    pub fn add(&mut self, entries: &[(Row, Signs)]) {
        self.entries.extend_from_slice(entries);
    }

    /// Removes these rows in one pass; unknown rows are no error.
    pub fn remove(&mut self, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let rows: BTreeSet<_> = rows.iter().copied().collect();
        self.entries.retain(|(row, _)| !rows.contains(row));
    }

    /// The rows whose signs differ least from the query's, nearest first, with up to `max` different signs. Rows of one
    /// text have equal signs: of those the oldest `PLACES_MAX` are given, so that a text of which there are hundreds of
    /// copies leaves room for others.
    #[must_use]
    pub fn nearest(&self, query: &Signs, max: usize) -> Vec<Row> {
        let mut wanted = max;
        loop {
            let near = self.within(query, wanted);
            let complete = near.len() < wanted || wanted >= self.entries.len();
            let (rows, different) = without_copies(near, max);
            if complete || different >= max {
                return rows;
            }
            wanted = wanted.saturating_mul(4);
        }
    }

    /// Up to `max` entries, nearest first. Two linear passes: a histogram of distances gives the radius that holds `max`
    /// rows, then those rows are collected.
    fn within(&self, query: &Signs, max: usize) -> Vec<(u32, Row, Signs)> {
        let mut histogram = [0_usize; DIMENSIONS + 1];
        for (_, signs) in &self.entries {
            histogram[signs.distance(query) as usize] += 1;
        }
        let mut within = 0;
        let radius = histogram.iter().position(|count| {
            within += count;
            within >= max
        });
        let radius = radius.unwrap_or(DIMENSIONS);
        let mut near = Vec::with_capacity(within.min(self.entries.len()));
        for (row, signs) in &self.entries {
            let distance = signs.distance(query);
            if distance as usize <= radius {
                near.push((distance, *row, *signs));
            }
        }
        near.sort_unstable_by_key(|(distance, row, _)| (*distance, *row));
        near.truncate(max);
        near
    }
}

/// The rows of up to `max` different signs, at most `PLACES_MAX` of each, and how many different ones there are.
fn without_copies(near: Vec<(u32, Row, Signs)>, max: usize) -> (Vec<Row>, usize) {
    let mut copies: BTreeMap<Signs, usize> = BTreeMap::new();
    let mut rows = Vec::with_capacity(near.len());
    for (_, row, signs) in near {
        let full = copies.len() >= max;
        match copies.get_mut(&signs) {
            Some(count) => {
                *count += 1;
                if *count <= PLACES_MAX {
                    rows.push(row);
                }
            }
            None if full => {}
            None => {
                copies.insert(signs, 1);
                rows.push(row);
            }
        }
    }
    (rows, copies.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::base::vector::Embedding;

    fn signs(seed: u64) -> Signs {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let raw: Vec<f32> = (0..DIMENSIONS)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                if state & 1 == 0 { 1.0 } else { -1.0 }
            })
            .collect();
        Embedding::new(Fingerprint([0; 32]), &raw).unwrap().signs()
    }

    #[test]
    fn the_nearest_rows_come_first_in_whatever_order_they_were_added() {
        let entries: Vec<_> = (0..500).map(|row| (Row(row), signs(row))).collect();
        let (mut forward, mut reversed) = (Index::new(), Index::new());
        forward.add(&entries);
        entries.iter().rev().for_each(|entry| reversed.add(&[*entry]));
        let query = signs(77);
        let mut brute: Vec<_> = entries.iter().map(|(row, s)| (s.distance(&query), *row)).collect();
        brute.sort_unstable();
        let brute: Vec<_> = brute.into_iter().take(10).map(|(_, row)| row).collect();
        assert_eq!(forward.nearest(&query, 10), brute);
        assert_eq!(reversed.nearest(&query, 10), brute);
        assert_eq!(brute[0], Row(77));
    }

    #[test]
    fn copies_of_one_text_leave_room_for_others() {
        let mut index = Index::new();
        index.add(&(0..1000).map(|row| (Row(row), signs(7))).collect::<Vec<_>>());
        index.add(&(1000..1050).map(|row| (Row(row), signs(row))).collect::<Vec<_>>());
        let near = index.nearest(&signs(7), 10);
        let copies = near.iter().filter(|row| row.0 < 1000).count();
        assert_eq!((copies, near.len()), (PLACES_MAX, PLACES_MAX + 9));
    }

    #[test]
    fn a_removed_row_is_not_found() {
        let mut index = Index::new();
        index.add(&[(Row(1), signs(1)), (Row(2), signs(2))]);
        index.remove(&[Row(1), Row(99)]);
        assert_eq!(index.nearest(&signs(1), 5), [Row(2)]);
        assert_eq!(index.len(), 1);
    }
}
