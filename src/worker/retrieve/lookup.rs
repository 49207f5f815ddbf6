//! The two indexes that a question is looked up in.

use super::super::words::{self, Until};
use super::files::file_of;
use crate::base::filter::Filter;
use crate::base::id::{ModelMark, Row};
use crate::base::vector::Embedding;
use crate::search::files::{Files, Seen};
use crate::search::indexes::{Indexes, VectorIndexes};
use crate::search::lexical::index::{Matches, found};
use crate::search::lexical::phrase::Phrases;
use crate::search::lexical::row_set::{Allowed, RowSet};
use crate::search::lexical::terms::QueryTerms;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{Record, Vector};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Both indexes of the device.
pub trait Lookup {
    /// The models that have vectors.
    fn models(&self) -> Vec<ModelMark>;

    /// The nearest rows by their sketches, at most so many different ones; of those that are `allowed`, and have vectors of the question's model.
    fn nearest(&self, question: &Embedding, max: usize, allowed: Allowed<'_>) -> Vec<Row>;

    /// The rows with the best BM25 score, at most so many, and those of `also`; see `lexical::index::found::search`.
    ///
    /// # Errors
    /// Any `KvError`.
    fn words(
        &self,
        terms: &QueryTerms,
        of: (usize, &[Row]),
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Matches, KvError>;

    /// At most so many rows with all words of these phrases, in whichever places of the text; see `lexical::index::found::holding`.
    ///
    /// # Errors
    /// Any `KvError`.
    fn holding(
        &self,
        phrases: &Phrases,
        max: usize,
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Vec<Row>, KvError>;

    /// Whether the deadline has passed of a search for a person here or, if `shared`, for another device.
    fn is_late(&self, _shared: bool) -> bool {
        false
    }

    /// The rows of the files that fit a filter; `None` where the files are not in memory; see `search::files`.
    fn fitting(&self, filter: &Filter, seen: Seen<'_>) -> Option<Arc<RowSet>>;

    /// The row from which on the words of chunks are not in the index yet.
    fn words_end(&self) -> Row;
}

/// Whether there is no time for more postings than so many.
pub type IsLate<'a> = &'a dyn Fn(usize) -> bool;

/// The indexes of a store that nobody changes meanwhile.
pub struct InStore<'a, K> {
    /// Both indexes.
    pub index: &'a Indexes,
    /// The store.
    pub kv: &'a K,
}

impl<K: Kv> Lookup for InStore<'_, K> {
    fn models(&self) -> Vec<ModelMark> {
        self.index.vectors.models().into_iter().map(|(model, _)| model).collect()
    }

    fn nearest(&self, question: &Embedding, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        self.index.nearest(question, max, allowed)
    }

    fn words(
        &self,
        terms: &QueryTerms,
        of: (usize, &[Row]),
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Matches, KvError> {
        found::search(&self.index.words, terms, &mut Until::new(self.kv, is_late), of, allowed)
    }

    fn holding(
        &self,
        phrases: &Phrases,
        max: usize,
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Vec<Row>, KvError> {
        found::holding(&self.index.words, phrases.looked_up(), &mut Until::new(self.kv, is_late), max, allowed)
    }

    fn fitting(&self, filter: &Filter, seen: Seen<'_>) -> Option<Arc<RowSet>> {
        self.index.files.fitting(filter, seen)
    }

    fn words_end(&self) -> Row {
        self.index.words.next()
    }
}

/// Indexes that say so of each search whether its deadline has passed: for the simulator and tests, whose searches take no time.
pub struct Late<'a, K>(pub InStore<'a, K>, pub bool);

impl<K: Kv> Lookup for Late<'_, K> {
    fn is_late(&self, _: bool) -> bool {
        self.1
    }

    fn models(&self) -> Vec<ModelMark> {
        self.0.models()
    }

    fn nearest(&self, question: &Embedding, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        self.0.nearest(question, max, allowed)
    }

    fn words(
        &self,
        terms: &QueryTerms,
        of: (usize, &[Row]),
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Matches, KvError> {
        self.0.words(terms, of, allowed, is_late)
    }

    fn holding(
        &self,
        phrases: &Phrases,
        max: usize,
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Vec<Row>, KvError> {
        self.0.holding(phrases, max, allowed, is_late)
    }

    fn fitting(&self, filter: &Filter, seen: Seen<'_>) -> Option<Arc<RowSet>> {
        self.0.fitting(filter, seen)
    }

    fn words_end(&self) -> Row {
        self.0.words_end()
    }
}

/// Both indexes of a store.
///
/// # Errors
/// Any `KvError`.
pub fn load_indexes(kv: &impl Kv) -> Result<Indexes, KvError> {
    let mut files = Vec::new();
    let words = words::load_with(kv, |id, doc| files.push((id, file_of(doc))))?;
    Ok(Indexes { vectors: load_index(kv)?, words, files: Files::all(files.into_iter()) })
}

/// The vector indexes of a store: the sketches of all vectors but those of tombstoned documents and of retired rows.
///
/// # Errors
/// Any `KvError`.
pub(super) fn load_index(kv: &impl Kv) -> Result<VectorIndexes, KvError> {
    let mut tombstoned: BTreeSet<Row> = read::retired(kv)?.into_iter().collect();
    for doc in read::todo(kv, Stage::Purge, None, usize::MAX)? {
        tombstoned.extend(read::document(kv, doc)?.into_iter().flat_map(|doc| doc.chunks).map(|place| place.row));
    }
    let mut index = VectorIndexes::default();
    // Vectors that nobody has vouched for answer no question either.
    tombstoned.extend(Makers::read(kv)?.unproven());
    read::walk(kv, Space::Vector, |key, value| {
        if let Some(row) = keys::number(key).map(Row).filter(|row| !tombstoned.contains(row)) {
            let vector = Vector::decode_stored(value)?;
            index.push(row, vector.model, vector.values.sketch());
        }
        Ok(())
    })?;
    Ok(index)
}
