//! The inverted index: which chunks hold a term.
//!
//! Chunks are numbered by their rows, in the order in which they were stored. The newest are in memory; whenever those are
//! `SEGMENT_CHUNKS`, they become a segment: a range of rows whose postings are in the store and never change. Of a segment
//! only the length and the languages of each chunk stay in memory, two bytes; a chunk that is gone has the length 0, and one that must not
//! answer for now is marked. The caller reads and writes the postings (`worker::words`): search knows no store.

use super::analysis::Analysis;
use super::audience::{Audience, Audiences};
use super::bm25::{idf, is_known, mean, saturation};
use super::language::{Languages, code, of_code};
use super::postings::encode;
use super::row_set::{Allowed, RowSet};
use super::terms::QueryTerms;
use crate::base::hit::CorpusStatistics;
use crate::base::id::Row;
use crate::limits::SEGMENT_CHUNKS;
use occurrences::Occurrences;
use std::collections::{BTreeMap, BTreeSet};

mod found;
mod merge;
mod occurrences;

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
}

/// The index.
#[derive(Clone, Debug, Default)]
pub struct Index {
    segments: Vec<Segment>,
    /// The number of the next segment: none is given out twice, as postings of one that was merged may be there for a while.
    next_number: u32,
    /// The chunks that are in no segment yet.
    newest: Segment,
    postings: BTreeMap<String, Places>,
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
    pub postings: Vec<(String, Vec<u8>)>,
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
        let postings = self.postings.iter().map(|(term, rows)| 96 + term.len() + rows.capacity() * 8).sum::<usize>();
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
            match self.postings.get_mut(term) {
                Some(rows) => rows.push((place, *count)),
                None => drop(self.postings.insert(term.clone(), vec![(place, *count)])),
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
            let live = |rows: &[(u32, u16)]| rows.iter().copied().filter(|(row, _)| is_there(*row)).collect::<Vec<_>>();
            let postings =
                self.postings.iter().map(|(term, rows)| (term, live(rows))).filter(|(_, rows)| !rows.is_empty());
            let postings = postings.map(|(term, rows)| (term.clone(), encode(&rows))).collect();
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

    /// The `max` chunks with the best BM25 score, best first, then those of the rows `also`, and the statistics over all
    /// chunks. A term that no chunk has is looked for among those that are nearly it. If `shared` is allowed, chunks that answer this device
    /// alone are in none of it: how often a word is in them would tell what they are about. Of the others those that are not allowed are
    /// in the statistics, so that a word is as rare with a filter as without.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn search<'a, P: Postings>(
        &self,
        terms: &QueryTerms,
        store: &mut P,
        max: usize,
        also: &[Row],
        allowed: impl Into<Allowed<'a>>,
    ) -> Result<Matches, P::Error> {
        let Allowed { shared, only } = allowed.into();
        let mut statistics = CorpusStatistics::of(terms.len(), [].iter());
        let (chunks, length) = self.size(shared);
        (statistics.chunks, statistics.length) = (u32::try_from(chunks).unwrap_or(u32::MAX), length);
        let (total, mean) = (chunks as f32, mean(&statistics));
        let slots = self.slots();
        let mut scores = vec![0.0_f32; slots.last().map_or(0, |(end, _)| *end)];
        // The parts of a number stand before the whole, which decides what they weigh.
        let looked_up: Vec<(usize, &[String])> = terms.looked_up().collect();
        for (at, forms) in looked_up.into_iter().rev() {
            let (mut found, holders) = self.exact(terms, at, (&slots, shared), store)?;
            if let Some(chunks) = statistics.document_frequencies.get_mut(at) {
                *chunks = u32::try_from(holders).unwrap_or(u32::MAX);
            }
            let is_known = |at| is_known(&statistics, at);
            if found.is_empty() && !terms.is_told(at, is_known) {
                found = self.nearly(forms, (&slots, shared), store)?;
            }
            let weight =
                terms.weight(at, is_known) * idf(total, if holders > 0 { holders } else { found.len() } as f32);
            for Occurrences { slot, count, length } in found {
                if let Some(score) = scores.get_mut(slot) {
                    *score += weight * saturation(count, f32::from(length), mean);
                }
            }
        }
        leave_out(&mut scores, &slots, only);
        let mut rows = best(&scores, &slots, max);
        let known: BTreeSet<Row> = rows.iter().map(|(row, _)| *row).collect();
        let score = |row: Row| {
            let of = |(end, segment): &(usize, &Segment)| Some(end - segment.lengths.len() + segment.place(row)?);
            slots.iter().find_map(of).and_then(|slot| scores.get(slot).copied()).unwrap_or_default()
        };
        rows.extend(also.iter().filter(|row| !known.contains(row)).map(|row| (*row, score(*row))));
        let languages = rows.iter().filter_map(|(row, _)| Some((*row, self.languages_of(*row)?))).collect();
        Ok(Matches { rows, languages, statistics })
    }

    /// The languages of a chunk, if they are known.
    fn languages_of(&self, row: Row) -> Option<Languages> {
        let (segment, place) = self.ranges().find_map(|segment| Some((segment, segment.place(row)?)))?;
        segment.languages.get(place).copied().and_then(of_code)
    }

    /// For each range of rows one past its last slot, and the range: slots number the rows of all ranges without the gaps between.
    fn slots(&self) -> Vec<(usize, &Segment)> {
        let mut end = 0;
        self.ranges()
            .map(|segment| {
                end += segment.lengths.len();
                (end, segment)
            })
            .collect()
    }
}

/// Of rows that are not among these the score is 0.
fn leave_out(scores: &mut [f32], slots: &[(usize, &Segment)], only: Option<&RowSet>) {
    let Some(mut only) = only.map(RowSet::cursor) else { return };
    let rows = slots.iter().flat_map(|(_, segment)| (segment.first.0..segment.end().0).map(Row));
    for (score, row) in scores.iter_mut().zip(rows) {
        if *score > 0.0 && !only.contains(row) {
            *score = 0.0;
        }
    }
}

/// The rows of the `max` highest scores above 0, best first; of equal ones the older row.
fn best(scores: &[f32], slots: &[(usize, &Segment)], max: usize) -> Vec<(Row, f32)> {
    let mut best: Vec<(usize, f32)> = scores.iter().copied().enumerate().filter(|(_, score)| *score > 0.0).collect();
    let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if best.len() > max && max > 0 {
        best.select_nth_unstable_by(max - 1, order);
    }
    best.truncate(max);
    best.sort_unstable_by(order);
    let row = |slot: usize| {
        let (end, segment) = slots.get(slots.partition_point(|(end, _)| *end <= slot))?;
        Some(Row(segment.first.0 + (slot + segment.lengths.len() - end) as u64))
    };
    best.into_iter().filter_map(|(slot, score)| Some((row(slot)?, score))).collect()
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
