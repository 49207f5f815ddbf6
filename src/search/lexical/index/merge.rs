//! Which segments become one, and what that one holds.
//!
//! `MERGE_AT_ONCE` small neighbours are merged, and what comes of that is not merged again: each posting is written anew once, as that is what
//! costs, and a question looks into some dozens of segments at most. A segment whose chunks are mostly gone is written anew alone.
//! What is gone is left out of the new one.

use super::{Index, Places, Segment};
use crate::base::id::Row;
use crate::limits::{MERGE_AT_ONCE, MERGED_FROM_MAX, SEGMENT_CHUNKS};
use std::ops::Range;

/// How many chunks of a segment are there, and how many are gone whose postings it still has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    live: usize,
    dead: usize,
}

impl Size {
    /// Whether more of it is gone than there, and enough for the work.
    const fn is_mostly_dead(self) -> bool {
        self.dead > self.live && self.dead >= SEGMENT_CHUNKS / 4
    }
}

/// The segments that are to be merged next, of those in the order of their rows.
fn choose(sizes: &[Size]) -> Option<Range<usize>> {
    if let Some(at) = sizes.iter().position(|size| size.is_mostly_dead()) {
        return Some(at..at + 1);
    }
    let mut start = 0;
    for part in sizes.split(|size| size.live > MERGED_FROM_MAX) {
        if part.len() >= MERGE_AT_ONCE {
            return Some(start..start + MERGE_AT_ONCE);
        }
        start += part.len() + 1;
    }
    None
}

/// The postings of one term in the store: those of each segment, with its number.
pub type Stored = Vec<(u32, Places)>;

/// Segments that become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The new one, with the chunks that were there when the merge began.
    pub output: Segment,
    /// The number and the first row of each old one, in the order of rows.
    inputs: Vec<(u32, Row)>,
}

impl Merge {
    fn of(number: u32, inputs: &[Segment]) -> Option<Self> {
        let first = inputs.first()?.first;
        let (lengths, languages) =
            (of_rows(first, inputs, Segment::lengths), of_rows(first, inputs, Segment::languages));
        let output = Segment { number, first, lengths, languages, dead: 0 };
        Some(Self { output, inputs: inputs.iter().map(|segment| (segment.number, segment.first)).collect() })
    }

    /// The numbers of the old ones.
    #[must_use]
    pub fn inputs(&self) -> Vec<u32> {
        self.inputs.iter().map(|(number, _)| *number).collect()
    }

    /// What the new segment has of a term, from what the old ones have.
    #[must_use]
    pub fn join(&self, stored: &Stored) -> Places {
        let mut joined = Places::new();
        for (number, first) in &self.inputs {
            let Some((_, places)) = stored.iter().find(|(of, _)| of == number) else { continue };
            let offset = first.0 - self.output.first.0;
            let moved = places.iter().filter_map(|(place, count)| {
                let place = u32::try_from(offset + u64::from(*place)).ok()?;
                let is_there = self.output.lengths.get(place as usize).is_some_and(|length| *length > 0);
                is_there.then_some((place, *count))
            });
            joined.extend(moved);
        }
        joined
    }
}

impl Segment {
    fn lengths(&self) -> &[u8] {
        &self.lengths
    }

    fn languages(&self) -> &[u8] {
        &self.languages
    }
}

/// What these segments, which are in the order of rows, have of all rows from this one on.
fn of_rows(first: Row, segments: &[Segment], of: fn(&Segment) -> &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for segment in segments {
        all.resize(usize::try_from(segment.first.0 - first.0).unwrap_or(all.len()), 0);
        all.extend_from_slice(of(segment));
    }
    // A segment of before languages were kept has none.
    all.resize(segments.last().map_or(0, |last| usize::try_from(last.end().0 - first.0).unwrap_or_default()), 0);
    all
}

impl Index {
    /// The merge that is due, if any is.
    #[must_use]
    pub fn to_merge(&self) -> Option<Merge> {
        let size = |segment: &Segment| {
            let live = segment.lengths.iter().filter(|length| **length > 0).count();
            Size { live, dead: segment.dead as usize }
        };
        let chosen = choose(&self.segments.iter().map(size).collect::<Vec<_>>())?;
        Merge::of(self.next_number, self.segments.get(chosen)?)
    }

    /// A merge of these segments that was begun before; `None` if they are not there.
    #[must_use]
    pub fn begun_merge(&self, number: u32, inputs: &[u32]) -> Option<Merge> {
        let at = self.place_of(inputs)?;
        Merge::of(number, self.segments.get(at)?)
    }

    /// Where these segments are, if they are neighbours in this order.
    fn place_of(&self, inputs: &[u32]) -> Option<Range<usize>> {
        let start = self.segments.iter().position(|segment| inputs.first() == Some(&segment.number))?;
        let found = self.segments.get(start..start + inputs.len())?;
        let are_they = found.iter().map(|segment| segment.number).eq(inputs.iter().copied());
        are_they.then_some(start..start + inputs.len())
    }

    /// Numbers up to this one are taken.
    pub fn reserve(&mut self, number: u32) {
        self.next_number = self.next_number.max(number.saturating_add(1));
    }

    /// A merge is in the store now: its new segment has the place of the old ones.
    pub fn merged(&mut self, merge: &Merge) {
        self.reserve(merge.output.number);
        let Some(at) = self.place_of(&merge.inputs()) else { return };
        let inputs = self.segments.get(at.clone()).unwrap_or_default();
        let lengths = of_rows(merge.output.first, inputs, Segment::lengths);
        let died = |(before, now): &(&u8, &u8)| **before > 0 && **now == 0;
        let dead = merge.output.lengths.iter().zip(&lengths).filter(died).count();
        let dead = u32::try_from(dead).unwrap_or(u32::MAX);
        let is_empty = merge.output.lengths.iter().all(|length| *length == 0);
        let output = (!is_empty).then(|| Segment { lengths, dead, ..merge.output.clone() });
        self.segments.splice(at, output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(live: &[usize]) -> Vec<Size> {
        live.iter().map(|live| Size { live: *live, dead: 0 }).collect()
    }

    #[test]
    fn small_neighbours_are_merged_the_oldest_first_and_large_ones_stay_as_they_are() {
        let full = SEGMENT_CHUNKS;
        assert_eq!(choose(&sizes(&[full; MERGE_AT_ONCE - 1])), None);
        assert_eq!(choose(&sizes(&[full; MERGE_AT_ONCE + 3])), Some(0..MERGE_AT_ONCE));
        let large = full * MERGE_AT_ONCE;
        let mut many = vec![large; MERGE_AT_ONCE + 1];
        many.extend([full; MERGE_AT_ONCE - 1]);
        assert_eq!(choose(&sizes(&many)), None);
        many.push(full / 4);
        assert_eq!(choose(&sizes(&many)), Some(MERGE_AT_ONCE + 1..2 * MERGE_AT_ONCE + 1));
    }

    #[test]
    fn what_is_mostly_gone_is_written_anew_alone() {
        let full = Size { live: SEGMENT_CHUNKS, dead: 0 };
        let half = Size { live: SEGMENT_CHUNKS / 2, dead: SEGMENT_CHUNKS / 2 };
        let most = Size { live: SEGMENT_CHUNKS / 2 - 1, dead: SEGMENT_CHUNKS / 2 + 1 };
        assert_eq!((choose(&[full, half, full]), choose(&[full, most, full])), (None, Some(1..2)));
        assert_eq!(choose(&[Size { live: 0, dead: 9 }]), None, "too little for the work");
    }

    /// All that is ever written when a library grows, and how many segments are left.
    #[test]
    fn a_library_that_grows_writes_each_chunk_anew_once_at_most() {
        let mut segments: Vec<Size> = Vec::new();
        let mut written = 0;
        for _ in 0..250 {
            segments.push(Size { live: SEGMENT_CHUNKS, dead: 0 });
            while let Some(range) = choose(&segments) {
                let live = segments[range.clone()].iter().map(|size| size.live).sum();
                written += live;
                segments.splice(range, [Size { live, dead: 0 }]);
            }
        }
        assert!(segments.len() < MERGE_AT_ONCE + 5, "{}", segments.len());
        assert!(written <= 250 * SEGMENT_CHUNKS, "{written} for a million chunks");
    }
}
