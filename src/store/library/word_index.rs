//! The index of words: what the library writes of it.

use super::Library;
use crate::base::id::DocId;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::record::{Document, Record};
use crate::store::words::{self, Merging, StoredSegment};
use std::collections::BTreeSet;

/// Writes of one batch that clears or fills the index.
const BATCH: usize = 512;

/// Blocks of it, each of some kilobytes.
const BLOCKS: usize = 64;

impl<K: Kv> Library<K> {
    /// Stores a segment of the index of words; `grams` gives the groups of letters of a word. Not synced.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn add_segment<G: IntoIterator<Item = String>>(
        &mut self,
        segment: &StoredSegment,
        grams: impl Fn(&str) -> G,
    ) -> Result<(), KvError> {
        let mut tx = self.begin();
        words::put_segment(&self.kv, &mut tx.batch, segment, grams)?;
        self.write(tx)
    }

    /// Has the index of words made anew: what is there is deleted by the steps of [`Self::renew_words`]. Not synced.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn forget_words(&mut self) -> Result<(), KvError> {
        let mut tx = self.begin();
        tx.batch.delete(Space::Word, words::ANALYSIS);
        self.write(tx)
    }

    /// One step towards an index of words by this version of the analysis: what another version made is deleted, and then the names of
    /// all files are entered. True once there is nothing left to do. Not synced.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn renew_words(&mut self, analysis: u32, next: &mut Option<DocId>) -> Result<bool, KvError> {
        if words::analysis(&self.kv)? == analysis {
            return Ok(true);
        }
        let mut tx = self.begin();
        if next.is_none() {
            let old = self.kv.page(Space::Word, &[1], None, BLOCKS)?;
            let names = words::all_names(&self.kv, BATCH)?;
            if old.is_empty() && names.is_empty() {
                *next = Some(DocId(0));
            }
            old.into_iter().for_each(|(key, _)| tx.batch.delete(Space::Word, key));
            names.into_iter().for_each(|key| tx.batch.delete(Space::State, key));
        } else if let Some(from) = *next {
            let page = self.kv.page(Space::Document, &keys::document(from), None, BATCH)?;
            let documents = page.iter().filter_map(|(key, value)| Some((DocId(keys::number(key)?), value)));
            for (id, value) in documents {
                words::put_name(&mut tx.batch, &Document::decode_stored(value)?.path, id);
                *next = Some(DocId(id.0 + 1));
            }
            if page.len() < BATCH {
                words::put_analysis(&mut tx.batch, analysis);
            }
        }
        self.write(tx)?;
        Ok(words::analysis(&self.kv)? == analysis)
    }
    /// Writes down that a merge of segments begins. No step of a merge is synced.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn begin_merge(&mut self, merging: &Merging) -> Result<(), KvError> {
        let mut tx = self.begin();
        merging.put(&mut tx.batch);
        self.write(tx)
    }

    /// Joins some terms' postings: `join` makes those of the new segment of those that the old ones have, each with its segment's number. True once all
    /// are joined.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn join_words(
        &mut self,
        merging: &mut Merging,
        join: impl FnMut(Vec<(u32, &[u8])>) -> Result<Option<Vec<u8>>, KvError>,
    ) -> Result<bool, KvError> {
        let mut tx = self.begin();
        let is_last = words::join_step(&self.kv, &mut tx.batch, merging, join)?;
        self.write(tx).map(|()| is_last)
    }

    /// Puts the new segment in the place of the old ones; `None`: nothing is left of them.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn commit_merge(&mut self, merging: &mut Merging, segment: Option<&StoredSegment>) -> Result<(), KvError> {
        let mut tx = self.begin();
        words::commit_merge(&mut tx.batch, merging, segment);
        self.write(tx)
    }

    /// Joins some groups of letters. `unused` is kept between the steps: words that no chunk has any more.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn regroup_words(
        &mut self,
        merging: &mut Merging,
        unused: &mut Option<BTreeSet<String>>,
    ) -> Result<(), KvError> {
        let known = unused.take().map_or_else(|| words::unused(&self.kv), Ok)?;
        let mut tx = self.begin();
        let needs_others = words::groups_step(&self.kv, &mut tx.batch, merging, &known)?;
        *unused = (!needs_others).then_some(known);
        self.write(tx)
    }

    /// Deletes some postings of the old segments. True once the merge is over.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn sweep_words(&mut self, merging: &mut Merging) -> Result<bool, KvError> {
        let mut tx = self.begin();
        let is_over = words::sweep_step(&self.kv, &mut tx.batch, merging)?;
        self.write(tx).map(|()| is_over)
    }
}
