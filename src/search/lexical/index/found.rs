//! The chunks that have the terms of a question.
//!
//! Of each term the postings are read from the store first; then the index is looked at, for as long as it takes to say where they are and
//! whether they may answer. So nobody who changes the index, nor who looks at it behind him, waits for the disk. Where its segments were
//! replaced by others meanwhile, which happens once in thousands of chunks, the search begins anew.

use super::super::bm25::{idf, is_known, mean, saturation};
use super::super::compound::Parts;
use super::super::row_set::Allowed;
use super::super::terms::QueryTerms;
use super::slots::{Occurrences, Slots, once};
use super::{Index, Looks, Matches, Postings};
use crate::base::hit::CorpusStatistics;
use crate::base::id::Row;
use std::collections::BTreeSet;

/// Times that a search begins anew because of other segments; the last one goes through in one look.
const BEGINNINGS: usize = 3;

/// What an occurrence of a word counts that may be the question's with other letters.
const SPELT: f32 = 0.3;

/// Why a search did not go through.
pub(super) enum Stopped<E> {
    /// The index has other segments by now.
    Changed,
    /// The store could not be read.
    Unread(E),
}

impl<E> From<E> for Stopped<E> {
    fn from(error: E) -> Self {
        Self::Unread(error)
    }
}

/// One search.
pub(super) struct Search<'a, L, P> {
    pub(super) index: &'a L,
    pub(super) store: &'a mut P,
    pub(super) shared: bool,
    slots: Slots,
    statistics: CorpusStatistics,
}

/// The `max` chunks with the best BM25 score, best first, then those of the rows `also`, and the statistics over all
/// chunks. A term that no chunk has is looked for among those that are nearly it. If `shared` is allowed, chunks that answer this device
/// alone are in none of it: how often a word is in them would tell what they are about. Of the others those that are not allowed are
/// in the statistics, so that a word is as rare with a filter as without. Once the store says that it is late, what was found by then counts.
///
/// # Errors
/// The store could not be read.
pub fn search<P: Postings>(
    index: &impl Looks,
    terms: &QueryTerms,
    store: &mut P,
    (max, also): (usize, &[Row]),
    allowed: Allowed<'_>,
) -> Result<Matches, P::Error> {
    for _ in 0..BEGINNINGS {
        match Search::begin(index, store, terms.len(), allowed).matches(terms, (max, also), allowed) {
            Ok(matches) => return Ok(matches),
            Err(Stopped::Unread(error)) => return Err(error),
            Err(Stopped::Changed) => {}
        }
    }
    index.look(|index| match Search::begin(index, store, terms.len(), allowed).matches(terms, (max, also), allowed) {
        Ok(matches) => Ok(matches),
        Err(Stopped::Unread(error)) => Err(error),
        Err(Stopped::Changed) => Ok(Matches::default()),
    })
}

/// Up to `max` rows of chunks that have all of these words, each by any of its terms, those first that have them most often for their
/// length. Whether the words stand together only the text tells. Once the store says that it is late, chunks count that have those words
/// which were looked up by then.
///
/// # Errors
/// The store could not be read.
pub fn holding<P: Postings>(
    index: &impl Looks,
    words: &[Vec<String>],
    store: &mut P,
    max: usize,
    allowed: Allowed<'_>,
) -> Result<Vec<Row>, P::Error> {
    for _ in 0..BEGINNINGS {
        match Search::begin(index, store, 0, allowed).holding(words, max, allowed) {
            Ok(rows) => return Ok(rows),
            Err(Stopped::Unread(error)) => return Err(error),
            Err(Stopped::Changed) => {}
        }
    }
    index.look(|index| match Search::begin(index, store, 0, allowed).holding(words, max, allowed) {
        Ok(rows) => Ok(rows),
        Err(Stopped::Unread(error)) => Err(error),
        Err(Stopped::Changed) => Ok(Vec::new()),
    })
}

impl<'a, L: Looks, P: Postings> Search<'a, L, P> {
    fn begin(index: &'a L, store: &'a mut P, terms: usize, allowed: Allowed<'_>) -> Self {
        let shared = allowed.shared;
        let ((chunks, length), slots) = index.look(|index| (index.size(shared), Slots::of(index)));
        let mut statistics = CorpusStatistics::of(terms, [].iter());
        (statistics.chunks, statistics.length) = (u32::try_from(chunks).unwrap_or(u32::MAX), length);
        Self { index, store, shared, slots, statistics }
    }

    fn matches(
        mut self,
        terms: &QueryTerms,
        (max, also): (usize, &[Row]),
        allowed: Allowed<'_>,
    ) -> Result<Matches, Stopped<P::Error>> {
        let (total, mean) = (self.statistics.chunks as f32, mean(&self.statistics));
        let mut scores = vec![0.0_f32; self.slots.len()];
        // The parts of a number stand before the whole, which decides what they weigh.
        let looked_up: Vec<(usize, &[String])> = terms.looked_up().collect();
        let words = looked_up.len();
        for (at, forms) in looked_up.into_iter().rev() {
            let (mut found, holders) = self.exact(terms, at)?;
            if let Some(chunks) = self.statistics.document_frequencies.get_mut(at) {
                *chunks = u32::try_from(holders).unwrap_or(u32::MAX);
            }
            if found.is_empty() && !terms.is_told(at, |at| is_known(&self.statistics, at)) {
                found = self.nearly(forms, words)?;
            }
            let weight = terms.weight(at, |at| is_known(&self.statistics, at))
                * idf(total, if holders > 0 { holders } else { found.len() } as f32);
            for Occurrences { slot, count, length } in found {
                if let Some(score) = scores.get_mut(slot) {
                    *score += weight * saturation(count, f32::from(length), mean);
                }
            }
        }
        self.slots.leave_out(&mut scores, allowed.only);
        let mut rows = self.slots.best(&scores, max);
        let known: BTreeSet<Row> = rows.iter().map(|(row, _)| *row).collect();
        let score = |row| self.slots.slot(row).and_then(|slot| scores.get(slot).copied()).unwrap_or_default();
        rows.extend(also.iter().filter(|row| !known.contains(row)).map(|row| (*row, score(*row))));
        let languages =
            |index: &Index| rows.iter().filter_map(|(row, _)| Some((*row, index.languages_of(*row)?))).collect();
        let languages = self.index.look(languages);
        Ok(Matches { rows, languages, statistics: self.statistics })
    }

    fn holding(
        mut self,
        words: &[Vec<String>],
        max: usize,
        allowed: Allowed<'_>,
    ) -> Result<Vec<Row>, Stopped<P::Error>> {
        let mean = mean(&self.statistics);
        let mut scores = vec![0.0_f32; self.slots.len()];
        for (number, terms) in words.iter().enumerate() {
            if number > 0 && self.store.is_late() {
                break;
            }
            let terms: Vec<(String, f32)> = terms.iter().map(|term| (term.clone(), 1.0)).collect();
            let mut both = vec![0.0_f32; scores.len()];
            for Occurrences { slot, count, length } in self.occurrences(&terms)? {
                let before = scores.get(slot).copied().unwrap_or_default();
                if let Some(score) = both.get_mut(slot).filter(|_| number == 0 || before > 0.0) {
                    *score = before + saturation(count, f32::from(length), mean);
                }
            }
            scores = both;
        }
        self.slots.leave_out(&mut scores, allowed.only);
        Ok(self.slots.best(&scores, max).into_iter().map(|(row, _)| row).collect())
    }

    /// The chunks that have a term of a question, in whichever way it is written, and how many there are. Those that have it as two words, or with other
    /// letters, count only where none has it as it is: the words may stand far from each other, and the letters be others, which only the text tells.
    fn exact(&mut self, terms: &QueryTerms, at: usize) -> Result<(Vec<Occurrences>, usize), Stopped<P::Error>> {
        let (wholes, apart) = terms.written_differently(at);
        let forms = terms.looked_up().filter(|(one, _)| *one == at).flat_map(|(_, forms)| forms);
        let forms: Vec<(String, f32)> = forms.chain(wholes).map(|form| (form.clone(), 1.0)).collect();
        let mut found = self.occurrences(&forms)?;
        let as_one = found.len();
        // Whether a chunk has the letter that two of the question stand for, or another word, only its text tells: beside chunks that have the word as
        // it is asked for such ones count little here, so that they take nobody's place.
        let weight = if as_one > 0 { SPELT } else { 1.0 };
        let spelt: Vec<(String, f32)> = terms.spelt(at).map(|form| (form.clone(), weight)).collect();
        found.extend(self.occurrences(&spelt)?);
        let of = |form: &String| [(form.clone(), 1.0)];
        for Parts { first, second } in apart {
            let first = self.occurrences(&of(first))?;
            if !first.is_empty() {
                let second = self.occurrences(&of(second))?;
                // Those of one term are in the order of their slots.
                let is_in_first = |one: &Occurrences| first.binary_search_by_key(&one.slot, |of| of.slot).is_ok();
                found.extend(second.into_iter().filter(is_in_first));
            }
        }
        if !(apart.is_empty() && spelt.is_empty()) {
            once(&mut found);
        }
        let holders = if as_one > 0 { as_one } else { found.len() };
        Ok((found, holders))
    }

    /// The chunks that have one of these terms, each once, in the order of their slots. Of two terms the heavier counts.
    pub(super) fn occurrences(&mut self, terms: &[(String, f32)]) -> Result<Vec<Occurrences>, Stopped<P::Error>> {
        let mut found = Vec::new();
        for (term, weight) in terms {
            let mut stored = Vec::with_capacity(self.slots.segments.len());
            for number in &self.slots.segments {
                // A segment that is not known was written by a merge that was cut off, or is being written now.
                stored.push(if self.store.is_late() { None } else { self.store.of(term, *number)? });
            }
            let add = |index: &Index| self.slots.add(&mut found, (index, self.shared), (term, *weight), &stored);
            if !self.index.look(add) {
                return Err(Stopped::Changed);
            }
        }
        if terms.len() > 1 {
            once(&mut found);
        }
        Ok(found)
    }
}

impl Index {
    /// [`search`] in an index that nobody changes meanwhile.
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
        search(self, terms, store, (max, also), allowed.into())
    }
}

#[cfg(test)]
#[path = "found_test.rs"]
mod tests;
