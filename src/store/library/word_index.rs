//! The index of words: what the library writes of it.

use super::Library;
use crate::base::id::DocId;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::record::{Document, Record};
use crate::store::words::{self, StoredSegment};

/// Writes of one batch that clears or fills the index.
const BATCH: usize = 512;

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
        self.write(tx).map(drop)
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
            let old = self.kv.page(Space::Word, &[1], None, BATCH)?;
            if old.is_empty() {
                *next = Some(DocId(0));
            }
            old.into_iter().for_each(|(key, _)| tx.batch.delete(Space::Word, key));
        } else if let Some(from) = *next {
            let page = self.kv.page(Space::Document, &keys::document(from), None, BATCH)?;
            let documents = page.iter().filter_map(|(key, value)| Some((DocId(keys::number(key)?), value)));
            for (id, value) in documents {
                words::put_name(&mut tx.batch, &Document::decode_stored(value)?.path, id);
                *next = Some(DocId(id.0 + 1));
            }
            if page.len() < BATCH {
                tx.batch.put(Space::Word, words::ANALYSIS, analysis.to_be_bytes());
            }
        }
        self.write(tx)?;
        Ok(words::analysis(&self.kv)? == analysis)
    }
}
