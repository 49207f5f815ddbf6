//! The rows of an index at one moment, numbered without the gaps between its ranges: a score stands in the place of its slot.

use super::super::postings::Growing;
use super::super::row_set::RowSet;
use super::{Index, Places, Segment};
use crate::base::id::Row;

/// A chunk that has a term.
pub(super) struct Occurrences {
    pub(super) slot: usize,
    /// How often, weighed.
    pub(super) count: f32,
    /// Words of the chunk.
    pub(super) length: u8,
}

/// Each chunk once, in the order of slots, with the most that it counts.
pub(super) fn once(found: &mut Vec<Occurrences>) {
    found.sort_unstable_by(|a, b| a.slot.cmp(&b.slot).then(b.count.total_cmp(&a.count)));
    found.dedup_by_key(|one| one.slot);
}

/// A range of rows.
struct Range {
    first: Row,
    rows: usize,
    /// One past its last slot.
    end: usize,
}

/// The segments of one moment in the order of their rows, and behind them the newest chunks.
pub(super) struct Slots {
    ranges: Vec<Range>,
    /// The numbers of the segments.
    pub(super) segments: Vec<u32>,
}

impl Slots {
    pub(super) fn of(index: &Index) -> Self {
        let mut end = 0;
        let range = |segment: &Segment| {
            end += segment.lengths.len();
            Range { first: segment.first, rows: segment.lengths.len(), end }
        };
        let ranges = index.ranges().map(range).collect();
        Self { ranges, segments: index.segments().iter().map(|segment| segment.number).collect() }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.ranges.last().map_or(0, |range| range.end)
    }

    /// Adds the chunks with a term, which counts `weight`, in the order of their slots: of each segment those in `stored`. `false`: the index
    /// has other segments by now. Chunks that came since are left out.
    pub(super) fn add(
        &self,
        found: &mut Vec<Occurrences>,
        (index, shared): (&Index, bool),
        (term, weight): (&str, f32),
        stored: &[Option<Places>],
    ) -> bool {
        if !index.segments().iter().map(|segment| &segment.number).eq(&self.segments) {
            return false;
        }
        let newest = index.postings.get(term).map(Growing::places);
        let places = stored.iter().map(Option::as_ref).chain([newest.as_ref()]);
        for ((range, segment), places) in self.ranges.iter().zip(index.ranges()).zip(places) {
            for (place, count) in places.into_iter().flatten() {
                let place = *place as usize;
                let length = segment.lengths.get(place).copied().filter(|_| place < range.rows).unwrap_or_default();
                if length > 0 && index.answers(Row(segment.first.0 + place as u64), shared) {
                    let slot = range.end - range.rows + place;
                    found.push(Occurrences { slot, count: weight * f32::from(*count), length });
                }
            }
        }
        true
    }

    /// The slot of a row.
    pub(super) fn slot(&self, row: Row) -> Option<usize> {
        self.ranges.iter().find_map(|range| {
            let place = usize::try_from(row.0.checked_sub(range.first.0)?).ok()?;
            (place < range.rows).then(|| range.end - range.rows + place)
        })
    }

    fn row(&self, slot: usize) -> Option<Row> {
        let range = self.ranges.get(self.ranges.partition_point(|range| range.end <= slot))?;
        Some(Row(range.first.0 + (slot + range.rows - range.end) as u64))
    }

    /// Of rows that are not among these the score is 0.
    pub(super) fn leave_out(&self, scores: &mut [f32], only: Option<&RowSet>) {
        let Some(mut only) = only.map(RowSet::cursor) else { return };
        let rows = self.ranges.iter().flat_map(|range| (range.first.0..range.first.0 + range.rows as u64).map(Row));
        for (score, row) in scores.iter_mut().zip(rows) {
            if *score > 0.0 && !only.contains(row) {
                *score = 0.0;
            }
        }
    }

    /// The rows of the `max` highest scores above 0, best first; of equal ones the older row.
    pub(super) fn best(&self, scores: &[f32], max: usize) -> Vec<(Row, f32)> {
        let mut best: Vec<(usize, f32)> =
            scores.iter().copied().enumerate().filter(|(_, score)| *score > 0.0).collect();
        let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if best.len() > max && max > 0 {
            best.select_nth_unstable_by(max - 1, order);
        }
        best.truncate(max);
        best.sort_unstable_by(order);
        best.into_iter().filter_map(|(slot, score)| Some((self.row(slot)?, score))).collect()
    }
}
