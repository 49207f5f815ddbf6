//! The chunks that have nearly a term which no chunk has.

use super::super::bm25::NEARLY;
use super::super::terms::most_similar;
use super::found::{Search, Stopped};
use super::slots::{Occurrences, once};
use super::{Index, Looks, Postings};
use crate::limits::{NEWEST_TERMS_AT_ONCE, SIMILAR_TERMS_MAX, SIMILAR_UNSEEN_MAX};
use std::collections::BTreeSet;
use std::ops::Bound;

impl<L: Looks, P: Postings> Search<'_, L, P> {
    /// The chunks that have one of the `SIMILAR_TERMS_MAX` terms that are most like these forms, one of so many `words` of the question. A term
    /// counts only if a chunk that may answer has it: else private words would keep shared ones out, and so tell others which they are. Of
    /// terms that nothing has which may answer only some are looked up, those most like it: else a question would cost the more, the more
    /// private words are like its own.
    pub(super) fn nearly(&mut self, forms: &[String], words: usize) -> Result<Vec<Occurrences>, Stopped<P::Error>> {
        let (mut found, mut seen, mut unseen) = (Vec::new(), 0, 0);
        if self.store.is_late() {
            return Ok(found);
        }
        let mut known = self.store.similar(forms)?;
        self.add_newest(forms, &mut known);
        let unseen_max = (SIMILAR_UNSEEN_MAX / words.max(1)).max(SIMILAR_TERMS_MAX);
        for (term, like) in most_similar(forms, known.iter().map(String::as_str), usize::MAX) {
            if seen == SIMILAR_TERMS_MAX || unseen == unseen_max || self.store.is_late() {
                break;
            }
            let of_term = self.occurrences(&[(term, like * NEARLY)])?;
            *(if of_term.is_empty() { &mut unseen } else { &mut seen }) += 1;
            found.extend(of_term);
        }
        if seen > 1 {
            once(&mut found);
        }
        Ok(found)
    }

    /// Those terms of the newest chunks that are like these forms. They are compared between looks: there are some ten thousand.
    fn add_newest(&self, forms: &[String], known: &mut BTreeSet<String>) {
        let mut from = Bound::Unbounded;
        loop {
            let next = |index: &Index| -> Vec<String> {
                let terms = index.postings.range::<String, _>((from.as_ref(), Bound::Unbounded));
                terms.take(NEWEST_TERMS_AT_ONCE).map(|(term, _)| term.clone()).collect()
            };
            let terms = self.index.look(next);
            let alike = most_similar(forms, terms.iter().map(String::as_str), usize::MAX);
            known.extend(alike.into_iter().map(|(term, _)| term));
            match terms.into_iter().nth(NEWEST_TERMS_AT_ONCE - 1) {
                Some(last) => from = Bound::Excluded(last),
                None => return,
            }
        }
    }
}
