//! Chunks that have the phrases of a question: the index tells which have all of their words, and the texts whether these stand together.

use super::given::given;
use super::{Candidates, Lookup, READ, Search};
use crate::base::file_name;
use crate::base::hit::SearchHit;
use crate::base::id::{EmbedKey, Row};
use crate::limits::{PHRASE_TEXTS_MAX, PLACES_MAX, POSTINGS_READ_LATE};
use crate::search::lexical::phrase::Phrases;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::ChunkHead;
use std::collections::{BTreeMap, BTreeSet};

impl Search<'_> {
    /// What may answer and has all phrases of the question; `None` if it has no phrases, or nothing has them.
    pub(super) fn with_phrases(
        &self,
        kv: &impl Kv,
        lookup: &impl Lookup,
        unread: &mut Option<KvError>,
    ) -> Option<Candidates> {
        let phrases = Phrases::of(&self.query.text);
        if phrases.is_empty() {
            return None;
        }
        let is_late = |read| self.is_late(lookup, read, POSTINGS_READ_LATE);
        let holding = lookup.holding(&phrases, PHRASE_TEXTS_MAX, self.allowed, &is_late);
        let holding = given(holding.map(Some), unread).unwrap_or_default();
        let (mut rows, mut copies) = (BTreeSet::new(), BTreeMap::new());
        // A name has its words in no index of texts.
        for (looked_at, row) in holding.into_iter().chain(self.named.iter().copied()).enumerate() {
            if copies.len() >= READ || self.is_late(lookup, looked_at, READ) {
                break;
            }
            let Some(key) = self.with(kv, row, &phrases, unread) else { continue };
            let places: &mut usize = copies.entry(key).or_default();
            *places += 1;
            if *places <= PLACES_MAX {
                rows.insert(row);
            }
        }
        if rows.is_empty() {
            return None;
        }
        let (mut found, statistics) = self.among(kv, lookup, rows.into_iter().collect(), false, unread);
        // What is left out of a text may be in the phrase.
        found.iter_mut().for_each(|one| {
            one.leave_out_secrets(&self.terms);
        });
        let has = |hit: &SearchHit| phrases.are_in([&file_name::words(&hit.path), &hit.heading, &hit.text]);
        found.retain(|one| one.may_be_told(self.folders.shared) && has(&one.hit));
        (!found.is_empty()).then_some((found, statistics))
    }

    /// The text of the chunk of a row, if it may answer and has the phrases.
    fn with(&self, kv: &impl Kv, row: Row, phrases: &Phrases, unread: &mut Option<KvError>) -> Option<EmbedKey> {
        let chunk = given(read::chunk(kv, row), unread)?;
        if !self.folders.let_see(kv, ChunkHead::from(&chunk)) {
            return None;
        }
        if phrases.are_in(["", &chunk.heading, &chunk.text]) {
            return Some(chunk.key);
        }
        // Of the few whose file's name has words of the question.
        let path = || given(read::document(kv, chunk.doc), unread).map(|doc| doc.path);
        let path = self.named.contains(&row).then(path).flatten()?;
        phrases.are_in([&file_name::words(&path), &chunk.heading, &chunk.text]).then_some(chunk.key)
    }
}
