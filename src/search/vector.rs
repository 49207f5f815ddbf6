//! An exhaustive scan over sign bits: 3 ns a vector, no graph to rebuild (shared/reference/retrieval.md 3).

use crate::base::id::Row;
use crate::base::vector::Signs;
use crate::limits::DIMENSIONS;
use std::collections::BTreeSet;

/// The sign bits of every vector that may answer.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<(Row, Signs)>,
}

impl Index {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many vectors answer.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none does.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Lets these answer. A row must not be there already.
    pub fn add(&mut self, entries: &[(Row, Signs)]) {
        self.entries.extend_from_slice(entries);
    }

    /// Lets these answer no more; unknown rows are no error. One pass, however many they are.
    pub fn remove(&mut self, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let rows: BTreeSet<_> = rows.iter().copied().collect();
        self.entries.retain(|(row, _)| !rows.contains(row));
    }

    /// The up to `max` rows whose signs differ least from the question's, nearest first.
    /// Two linear passes with a histogram of distances, no heap.
    #[must_use]
    pub fn nearest(&self, question: &Signs, max: usize) -> Vec<Row> {
        let mut histogram = [0_usize; DIMENSIONS + 1];
        for (_, signs) in &self.entries {
            histogram[signs.distance(question) as usize] += 1;
        }
        let mut within = 0;
        let radius = histogram.iter().position(|count| {
            within += count;
            within >= max
        });
        let radius = radius.unwrap_or(DIMENSIONS);
        let mut near: Vec<(u32, Row)> = Vec::with_capacity(within.min(self.entries.len()));
        for (row, signs) in &self.entries {
            let distance = signs.distance(question);
            if distance as usize <= radius {
                near.push((distance, *row));
            }
        }
        near.sort_unstable();
        near.truncate(max);
        near.into_iter().map(|(_, row)| row).collect()
    }
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
    fn the_nearest_rows_come_first_whatever_order_they_were_added_in() {
        let entries: Vec<_> = (0..500).map(|row| (Row(row), signs(row))).collect();
        let (mut there, mut back) = (Index::new(), Index::new());
        there.add(&entries);
        entries.iter().rev().for_each(|entry| back.add(&[*entry]));
        let question = signs(77);
        let mut brute: Vec<_> = entries.iter().map(|(row, s)| (s.distance(&question), *row)).collect();
        brute.sort_unstable();
        let brute: Vec<_> = brute.into_iter().take(10).map(|(_, row)| row).collect();
        assert_eq!(there.nearest(&question, 10), brute);
        assert_eq!(back.nearest(&question, 10), brute);
        assert_eq!(brute[0], Row(77));
    }

    #[test]
    fn a_removed_row_never_answers() {
        let mut index = Index::new();
        index.add(&[(Row(1), signs(1)), (Row(2), signs(2))]);
        index.remove(&[Row(1), Row(99)]);
        assert_eq!(index.nearest(&signs(1), 5), [Row(2)]);
        assert_eq!(index.len(), 1);
    }
}
