//! The indexes that the writer changes while questions are looked up in them.

use crate::base::filter::Filter;
use crate::base::id::{ModelMark, Row};
use crate::base::time::{Duration, Instant};
use crate::base::vector::Embedding;
use crate::limits::{PEER_SEARCH_MS_MAX, SEARCH_MS_MAX};
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::search::files::Seen;
use crate::search::indexes::Indexes;
use crate::search::lexical::index::{Index, Looks, Matches, found};
use crate::search::lexical::phrase::Phrases;
use crate::search::lexical::row_set::{Allowed, RowSet};
use crate::search::lexical::terms::QueryTerms;
use crate::store::kv::KvError;
use crate::worker::retrieve::{IsLate, Lookup};
use crate::worker::words::Until;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The indexes, locked only while they are looked at, and the store that postings are read from.
pub(super) struct SharedIndexes {
    pub(super) index: Arc<RwLock<Indexes>>,
    pub(super) disk: Disk,
    /// When the search began.
    pub(super) began: Instant,
}

impl SharedIndexes {
    fn read(&self) -> RwLockReadGuard<'_, Indexes> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Looks for SharedIndexes {
    fn look<T>(&self, at: impl FnOnce(&Index) -> T) -> T {
        at(&self.read().words)
    }
}

impl Lookup for SharedIndexes {
    fn is_late(&self, shared: bool) -> bool {
        let most = if shared { PEER_SEARCH_MS_MAX } else { SEARCH_MS_MAX };
        clock::now().since(self.began) >= Duration::from_millis(most)
    }

    fn models(&self) -> Vec<ModelMark> {
        self.read().vectors.models().into_iter().map(|(model, _)| model).collect()
    }

    fn nearest(&self, question: &Embedding, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        self.read().nearest(question, max, allowed)
    }

    fn words(
        &self,
        terms: &QueryTerms,
        of: (usize, &[Row]),
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Matches, KvError> {
        found::search(self, terms, &mut Until::new(&self.disk, is_late), of, allowed)
    }

    fn holding(
        &self,
        phrases: &Phrases,
        max: usize,
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Vec<Row>, KvError> {
        found::holding(self, phrases.looked_up(), &mut Until::new(&self.disk, is_late), max, allowed)
    }

    fn fitting(&self, filter: &Filter, seen: Seen<'_>) -> Option<Arc<RowSet>> {
        self.read().files.fitting(filter, seen)
    }

    fn words_end(&self) -> Row {
        self.read().words.next()
    }
}
