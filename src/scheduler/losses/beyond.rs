//! The documents that are gone and do not fit into a question: which they are, in little room.

use crate::base::id::DocId;
use crate::limits::BEYOND_RANGES_MAX;
use std::collections::BTreeMap;

/// Ranges of documents by their first ones, `BEYOND_RANGES_MAX` at most. The documents of a folder are mostly numbered in a row. Where
/// there are too many ranges, one takes in what lies between it and a document: none that is gone is ever missed, and some that are there
/// are taken for gone, which costs them only the answers to other devices.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    ranges: BTreeMap<u64, u64>,
    count: u64,
    /// When these were missed first, in seconds since 1970.
    pub(super) missed_at: i64,
}

impl Beyond {
    /// How many documents were added.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn contains(&self, doc: DocId) -> bool {
        self.ranges.range(..=doc.0).next_back().is_some_and(|(_, last)| doc.0 <= *last)
    }

    /// Adds a document; none is added twice.
    pub(super) fn insert(&mut self, DocId(doc): DocId) {
        self.count += 1;
        let before = self.ranges.range(..=doc).next_back().map(|(first, last)| (*first, *last));
        let after = self.ranges.range(doc..).next().map(|(first, last)| (*first, *last));
        let is_full = self.ranges.len() >= BEYOND_RANGES_MAX;
        let (to_before, to_after) =
            (before.map(|(_, last)| doc.saturating_sub(last)), after.map(|(first, _)| first - doc));
        let joins = |distance: Option<u64>, other: Option<u64>| {
            distance.is_some_and(|distance| distance <= 1 || (is_full && other.is_none_or(|other| distance <= other)))
        };
        let (mut first, mut last) = (doc, doc);
        if let Some((start, end)) = before.filter(|_| joins(to_before, to_after)) {
            (first, last) = (start, end.max(doc));
        }
        if let Some((start, end)) =
            after.filter(|_| joins(to_after, to_before.map(|distance| distance.saturating_sub(1))))
        {
            self.ranges.remove(&start);
            last = last.max(end);
        }
        self.ranges.insert(first, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_in_a_row_are_one_range_in_any_order() {
        let mut beyond = Beyond::default();
        [5, 7, 6, 3, 4, 20].into_iter().for_each(|doc| beyond.insert(DocId(doc)));
        assert_eq!(beyond.ranges.into_iter().collect::<Vec<_>>(), [(3, 7), (20, 20)]);
        assert_eq!(beyond.count, 6);
    }

    #[test]
    fn a_full_table_takes_in_what_lies_between_and_misses_none() {
        let mut beyond = Beyond::default();
        let most = BEYOND_RANGES_MAX as u64;
        let docs: Vec<u64> = (0..most * 2).map(|n| 10 + n * 10).chain([3, 9]).collect();
        docs.iter().for_each(|doc| beyond.insert(DocId(*doc)));
        assert_eq!(beyond.ranges.len(), BEYOND_RANGES_MAX);
        assert!(docs.iter().all(|doc| beyond.contains(DocId(*doc))));
        assert!(!beyond.contains(DocId(15)) && !beyond.contains(DocId(2)), "the first ones are exact");
        assert_eq!(beyond.count(), most * 2 + 2);
    }
}
