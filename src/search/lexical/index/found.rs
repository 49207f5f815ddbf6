//! The chunks that have a term of a question.

use super::super::bm25::{NEARLY, mean, saturation};
use super::super::compound::Parts;
use super::super::row_set::Allowed;
use super::super::terms::{QueryTerms, most_similar};
use super::occurrences::{Occurrences, once};
use super::{Index, Postings, Segment, best, leave_out};
use crate::base::hit::CorpusStatistics;
use crate::base::id::Row;
use crate::limits::SIMILAR_TERMS_MAX;

impl Index {
    /// The chunks that have a term of a question, in whichever way it is written, and how many there are. Those that have it as two words
    /// count only where none has it as one: they may stand far from each other, which only the text tells.
    pub(super) fn exact<P: Postings>(
        &self,
        terms: &QueryTerms,
        at: usize,
        (slots, shared): (&[(usize, &Segment)], bool),
        store: &mut P,
    ) -> Result<(Vec<Occurrences>, usize), P::Error> {
        let (wholes, apart) = terms.written_differently(at);
        let forms = terms.looked_up().filter(|(one, _)| *one == at).flat_map(|(_, forms)| forms);
        let forms: Vec<(String, f32)> = forms.chain(wholes).map(|form| (form.clone(), 1.0)).collect();
        let mut found = self.occurrences(&forms, (slots, shared), store)?;
        let as_one = found.len();
        let of = |form: &String| [(form.clone(), 1.0)];
        for Parts { first, second } in apart {
            let first = self.occurrences(&of(first), (slots, shared), store)?;
            if !first.is_empty() {
                let second = self.occurrences(&of(second), (slots, shared), store)?;
                // Those of one term are in the order of their slots.
                let is_in_first = |one: &Occurrences| first.binary_search_by_key(&one.slot, |of| of.slot).is_ok();
                found.extend(second.into_iter().filter(is_in_first));
            }
        }
        if !apart.is_empty() {
            once(&mut found);
        }
        let holders = if as_one > 0 { as_one } else { found.len() };
        Ok((found, holders))
    }

    /// The chunks that have one of these terms, each once, in the order of their slots. Of two terms the heavier counts.
    pub(super) fn occurrences<P: Postings>(
        &self,
        terms: &[(String, f32)],
        (slots, shared): (&[(usize, &Segment)], bool),
        store: &mut P,
    ) -> Result<Vec<Occurrences>, P::Error> {
        let mut found = Vec::new();
        for (term, weight) in terms {
            for (end, segment) in slots {
                // A segment that is not known was written by a merge that was cut off, or is being written now.
                let is_newest = core::ptr::eq(*segment, &raw const self.newest);
                let stored = if is_newest { None } else { store.of(term, segment.number)? };
                let places = if is_newest { self.postings.get(term) } else { stored.as_ref() };
                for (place, count) in places.into_iter().flatten() {
                    let length = segment.lengths.get(*place as usize).copied().unwrap_or_default();
                    if length > 0 && self.answers(Row(segment.first.0 + u64::from(*place)), shared) {
                        let slot = end - segment.lengths.len() + *place as usize;
                        found.push(Occurrences { slot, count: weight * f32::from(*count), length });
                    }
                }
            }
        }
        if terms.len() > 1 {
            once(&mut found);
        }
        Ok(found)
    }

    /// The chunks that have one of the `SIMILAR_TERMS_MAX` terms that are most like these forms. A term counts only if a chunk that may answer
    /// has it: else private words would keep shared ones out, and so tell others which they are.
    pub(super) fn nearly<P: Postings>(
        &self,
        forms: &[String],
        (slots, shared): (&[(usize, &Segment)], bool),
        store: &mut P,
    ) -> Result<Vec<Occurrences>, P::Error> {
        let known = store.similar(forms)?;
        let known = known.iter().map(String::as_str).chain(self.postings.keys().map(String::as_str));
        let (mut found, mut terms) = (Vec::new(), 0);
        for (term, like) in most_similar(forms, known, usize::MAX) {
            let of_term = self.occurrences(&[(term, like * NEARLY)], (slots, shared), store)?;
            terms += usize::from(!of_term.is_empty());
            found.extend(of_term);
            if terms == SIMILAR_TERMS_MAX {
                break;
            }
        }
        if terms > 1 {
            once(&mut found);
        }
        Ok(found)
    }

    /// Up to `max` rows of chunks that have all of these words, each by any of its terms, those first that have them most often for their
    /// length. Whether the words stand together only the text tells.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn holding<P: Postings>(
        &self,
        words: &[Vec<String>],
        store: &mut P,
        max: usize,
        allowed: Allowed<'_>,
    ) -> Result<Vec<Row>, P::Error> {
        let slots = self.slots();
        let (chunks, length) = self.size(allowed.shared);
        let chunks = u32::try_from(chunks).unwrap_or(u32::MAX);
        let mean = mean(&CorpusStatistics { chunks, length, ..CorpusStatistics::default() });
        let mut scores = vec![0.0_f32; slots.last().map_or(0, |(end, _)| *end)];
        for (number, terms) in words.iter().enumerate() {
            let terms: Vec<(String, f32)> = terms.iter().map(|term| (term.clone(), 1.0)).collect();
            let found = self.occurrences(&terms, (&slots, allowed.shared), store)?;
            let mut both = vec![0.0_f32; scores.len()];
            for Occurrences { slot, count, length } in found {
                let before = scores.get(slot).copied().unwrap_or_default();
                if let Some(score) = both.get_mut(slot).filter(|_| number == 0 || before > 0.0) {
                    *score = before + saturation(count, f32::from(length), mean);
                }
            }
            scores = both;
        }
        leave_out(&mut scores, &slots, allowed.only);
        Ok(best(&scores, &slots, max).into_iter().map(|(row, _)| row).collect())
    }
}
