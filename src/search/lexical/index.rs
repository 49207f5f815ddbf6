//! The inverted index: which chunks hold a term.
//!
//! Chunks are numbered by their rows, in the order in which they were stored. The newest are in memory; whenever those are
//! `SEGMENT_CHUNKS`, they become a segment: a range of rows whose postings are in the store and never change. Of a segment
//! only the length and the languages of each chunk stay in memory, two bytes; a chunk that is gone has the length 0, and one that must not
//! answer for now is marked. The caller reads and writes the postings (`worker::words`): search knows no store.

use super::analysis::Analysis;
use super::audience::{Audience, Audiences};
use super::language::{Languages, code, of_code};
use super::postings::{Growing, encode};
use super::row_set::RowSet;
use crate::base::hit::CorpusStatistics;
use crate::base::id::Row;
use crate::base::term_postings::TermPostings;
use crate::limits::SEGMENT_CHUNKS;
use std::collections::{BTreeMap, BTreeSet};

pub mod found;
mod merge;
mod nearly;
mod slots;

pub use merge::{Merge, Stored};

/// A range of rows with the length of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Its number in the store.
    pub number: u32,
    /// Its first row.
    pub first: Row,
    /// Words of each chunk, at most 255; 0 where there is none.
    pub lengths: Vec<u8>,
    /// The code of each chunk's languages; none in segments of before they were kept.
    pub languages: Vec<u8>,
    /// Chunks that are gone and whose postings it still has.
    pub dead: u32,
}

impl Segment {
    /// One past its last row.
    #[must_use]
    pub const fn end(&self) -> Row {
        Row(self.first.0 + self.lengths.len() as u64)
    }

    fn place(&self, row: Row) -> Option<usize> {
        let place = usize::try_from(row.0.checked_sub(self.first.0)?).ok()?;
        (place < self.lengths.len()).then_some(place)
    }
}

/// Chunks of one segment that have a term: the place in the segment, and how often it occurs.
pub type Places = Vec<(u32, u16)>;

/// Reads the store for the index.
pub trait Postings {
    /// Why it could not be read.
    type Error;
    /// The postings of a term in the segment of this number; `None` if it has none.
    ///
    /// # Errors
    /// The store could not be read.
    fn of(&mut self, term: &str, segment: u32) -> Result<Option<Places>, Self::Error>;
    /// Terms of the segments that share a group of letters (`similar::grams`) with one of these words.
    ///
    /// # Errors
    /// The store could not be read.
    fn similar(&mut self, words: &[String]) -> Result<BTreeSet<String>, Self::Error>;

    /// Whether there is no time to read more.
    fn is_late(&self) -> bool {
        false
    }
}

/// Gives looks at the index. Nothing is read from a store during one: whoever changes the index waits for it, and those who look behind him.
pub trait Looks {
    /// One look.
    fn look<T>(&self, at: impl FnOnce(&Index) -> T) -> T;
}

impl Looks for Index {
    fn look<T>(&self, at: impl FnOnce(&Index) -> T) -> T {
        at(self)
    }
}

/// The index.
#[derive(Clone, Debug, Default)]
pub struct Index {
    segments: Vec<Segment>,
    /// The number of the next segment: none is given out twice, as postings of one that was merged may be there for a while.
    next_number: u32,
    /// The chunks that are in no segment yet.
    newest: Segment,
    postings: BTreeMap<String, Growing>,
    /// Rows that must not answer: their documents are being removed.
    hidden: RowSet,
    /// Whom the others answer.
    audiences: Audiences,
}

/// What was found by its words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// Rows with their BM25 score.
    pub rows: Vec<(Row, f32)>,
    /// The languages of those rows of which the index knows them.
    pub languages: BTreeMap<Row, Languages>,
    /// The statistics over all chunks of the index, for the terms of the question.
    pub statistics: CorpusStatistics,
}

/// What becomes a segment: its range, and its postings in the order of terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Full {
    /// The range.
    pub segment: Segment,
    /// The stored form of each term's postings.
    pub postings: TermPostings,
}

impl Index {
    /// The index over these segments of the store, in the order of their rows.
    #[must_use]
    pub fn new(segments: Vec<Segment>) -> Self {
        let end = segments.last().map_or(Row(0), Segment::end);
        let next_number = segments.iter().map(|segment| segment.number + 1).max().unwrap_or_default();
        Self { segments, next_number, newest: Segment { first: end, ..Segment::default() }, ..Self::default() }
    }

    /// The row that is to be added next: all before it are in the index, or gone.
    #[must_use]
    pub const fn next(&self) -> Row {
        self.newest.end()
    }

    /// How many chunks it has that may answer, and their words together; `shared`: without those of this device alone.
    #[must_use]
    pub fn size(&self, shared: bool) -> (u64, u64) {
        let (mut chunks, mut length) = (0, 0);
        let all_answer = self.hidden.is_empty() && self.left_out(shared).is_empty();
        for segment in self.ranges() {
            for (row, words) in (segment.first.0..).zip(&segment.lengths) {
                if *words > 0 && (all_answer || self.answers(Row(row), shared)) {
                    chunks += 1;
                    length += u64::from(*words);
                }
            }
        }
        (chunks, length)
    }

    fn ranges(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().chain([&self.newest])
    }

    /// The rows that do not answer this device, or, if `shared`, others.
    pub(in crate::search) const fn left_out(&self, shared: bool) -> &RowSet {
        self.audiences.left_out(shared)
    }

    fn answers(&self, row: Row, shared: bool) -> bool {
        !(self.left_out(shared).contains(row) || self.hidden.contains(row))
    }

    /// Bytes of memory that it takes, about.
    #[must_use]
    pub fn memory(&self) -> usize {
        let postings = self.postings.iter().map(|(term, rows)| 96 + term.len() + rows.memory()).sum::<usize>();
        self.segments.iter().map(|of| of.lengths.capacity() + of.languages.capacity() + 64).sum::<usize>()
            + postings
            + self.hidden.memory()
            + self.audiences.memory()
    }

    /// Adds the chunk of a row that is not before `next`; rows between have none.
    pub fn add(&mut self, row: Row, analysis: &Analysis) {
        if row < self.next() {
            return;
        }
        // The first row of all decides where the segment begins, and so which place the others have.
        self.skip(row);
        let Ok(place) = u32::try_from(self.newest.lengths.len()) else { return };
        let length = u8::try_from(analysis.length.clamp(1, 255)).unwrap_or(u8::MAX);
        self.newest.lengths.push(length);
        self.newest.languages.push(code(&analysis.languages));
        for (term, count) in &analysis.terms {
            if let Some(rows) = self.postings.get_mut(term) {
                rows.push(place, *count);
            } else {
                self.postings.entry(term.clone()).or_default().push(place, *count);
            }
        }
    }

    /// The rows before this one that are not in the index have no chunk.
    pub fn skip(&mut self, row: Row) {
        if self.newest.lengths.is_empty() && row > self.newest.first {
            self.newest.first = row;
        }
        let missing = row.0.saturating_sub(self.newest.end().0);
        let rows = self.newest.lengths.len() + usize::try_from(missing).unwrap_or_default();
        self.newest.lengths.resize(rows, 0);
        self.newest.languages.resize(rows, 0);
    }

    /// The chunks of these rows are gone.
    pub fn remove(&mut self, rows: &[Row]) {
        for row in rows {
            self.hidden.remove(*row);
            self.audiences.set(*row, Audience::Everybody);
            let mut segments = self.segments.iter_mut().chain([&mut self.newest]);
            let Some((place, segment)) = segments.find_map(|segment| Some((segment.place(*row)?, segment))) else {
                continue;
            };
            if let Some(length) = segment.lengths.get_mut(place) {
                segment.dead += u32::from(std::mem::take(length) > 0);
            }
        }
    }

    /// The chunks of these rows must not answer until they are shown again.
    pub fn hide(&mut self, rows: &[Row]) {
        rows.iter().for_each(|row| self.hidden.insert(*row));
    }

    /// The chunks of these rows answer again.
    pub fn show(&mut self, rows: &[Row]) {
        rows.iter().for_each(|row| self.hidden.remove(*row));
    }

    /// Whom all chunks answer, anew.
    pub fn set_audiences(&mut self, audiences: Audiences) {
        self.audiences = audiences;
    }

    /// Whom the chunk of a row answers.
    pub fn set_audience(&mut self, row: Row, audience: Audience) {
        self.audiences.set(row, audience);
    }

    /// What is to become the next segment, if there is enough of it, or any if `all`.
    #[must_use]
    pub fn full(&self, all: bool) -> Option<Full> {
        let least = if all { 1 } else { SEGMENT_CHUNKS };
        (self.newest.lengths.len() >= least).then(|| {
            let number = self.next_number;
            let is_there = |row: u32| self.newest.lengths.get(row as usize).is_some_and(|length| *length > 0);
            let mut postings = TermPostings::default();
            for (term, rows) in &self.postings {
                let mut rows = rows.places();
                rows.retain(|(row, _)| is_there(*row));
                if !rows.is_empty() {
                    postings.push(term, &encode(&rows));
                }
            }
            Full { segment: Segment { number, dead: 0, ..self.newest.clone() }, postings }
        })
    }

    /// This segment is in the store now.
    pub fn stored(&mut self, segment: Segment) {
        self.newest = Segment { first: segment.end(), ..Segment::default() };
        self.postings.clear();
        self.reserve(segment.number);
        self.segments.push(segment);
    }

    /// The segments in the store.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The languages of a chunk, if they are known.
    fn languages_of(&self, row: Row) -> Option<Languages> {
        let (segment, place) = self.ranges().find_map(|segment| Some((segment, segment.place(row)?)))?;
        segment.languages.get(place).copied().and_then(of_code)
    }
}

impl Index {
    /// Whether the chunk of this row answers nobody, as its document is being removed.
    #[must_use]
    pub fn is_hidden(&self, row: Row) -> bool {
        self.hidden.contains(row)
    }
}

#[cfg(test)]
#[path = "index_test.rs"]
mod tests;
