//! The two indexes that a question is looked up in.

use super::super::words;
use crate::base::id::Row;
use crate::base::vector::Signs;
use crate::search::indexes::Indexes;
use crate::search::lexical::index::Matches;
use crate::search::lexical::phrase::Phrases;
use crate::search::lexical::row_set::Allowed;
use crate::search::lexical::terms::QueryTerms;
use crate::search::vector::Index;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{Record, Vector};
use std::collections::BTreeSet;

/// Both indexes of the device.
pub trait Lookup {
    /// How many of the nearest are to be scored exactly.
    fn rescored(&self) -> usize;

    /// The rows nearest by sign bits, at most so many different ones; of those that are `allowed`.
    fn nearest(&self, signs: &Signs, max: usize, allowed: Allowed<'_>) -> Vec<Row>;

    /// The rows with the best BM25 score, at most so many, and those of `also`; see `lexical::index::Index::search`.
    ///
    /// # Errors
    /// Any `KvError`.
    fn words(&self, terms: &QueryTerms, max: usize, also: &[Row], allowed: Allowed<'_>) -> Result<Matches, KvError>;

    /// At most so many rows with all words of these phrases, in whichever places of the text; see `lexical::index::Index::holding`.
    ///
    /// # Errors
    /// Any `KvError`.
    fn holding(&self, phrases: &Phrases, max: usize, allowed: Allowed<'_>) -> Result<Vec<Row>, KvError>;

    /// The row from which on the words of chunks are not in the index yet.
    fn words_end(&self) -> Row;
}

/// The indexes of a store that nobody changes meanwhile.
pub struct InStore<'a, K> {
    /// Both indexes.
    pub index: &'a Indexes,
    /// The store.
    pub kv: &'a K,
}

impl<K: Kv> Lookup for InStore<'_, K> {
    fn rescored(&self) -> usize {
        self.index.vectors.rescored()
    }

    fn nearest(&self, signs: &Signs, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        self.index.nearest(signs, max, allowed)
    }

    fn words(&self, terms: &QueryTerms, max: usize, also: &[Row], allowed: Allowed<'_>) -> Result<Matches, KvError> {
        self.index.words.search(terms, &mut words::Reader(self.kv), max, also, allowed)
    }

    fn holding(&self, phrases: &Phrases, max: usize, allowed: Allowed<'_>) -> Result<Vec<Row>, KvError> {
        self.index.words.holding(phrases.looked_up(), &mut words::Reader(self.kv), max, allowed)
    }

    fn words_end(&self) -> Row {
        self.index.words.next()
    }
}

/// Both indexes of a store.
///
/// # Errors
/// Any `KvError`.
pub fn load_indexes(kv: &impl Kv) -> Result<Indexes, KvError> {
    Ok(Indexes { vectors: load_index(kv)?, words: words::load(kv)? })
}

/// The vector index of a store: the sign bits of all vectors but those of tombstoned documents and of retired rows.
///
/// # Errors
/// Any `KvError`.
pub(super) fn load_index(kv: &impl Kv) -> Result<Index, KvError> {
    let mut tombstoned: BTreeSet<Row> = read::retired(kv)?.into_iter().collect();
    for doc in read::todo(kv, Stage::Purge, None, usize::MAX)? {
        tombstoned.extend(read::document(kv, doc)?.into_iter().flat_map(|doc| doc.chunks).map(|place| place.row));
    }
    let mut index = Index::new();
    // Vectors that nobody has vouched for answer no question either.
    tombstoned.extend(Makers::read(kv)?.unproven());
    read::walk(kv, Space::Vector, |key, value| {
        if let Some(row) = keys::number(key).map(Row).filter(|row| !tombstoned.contains(row)) {
            index.add(&[(row, Vector::decode_stored(value)?.values.signs())]);
        }
        Ok(())
    })?;
    Ok(index)
}
