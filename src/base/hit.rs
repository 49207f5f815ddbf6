//! What a device found for a query: the values that search makes, query merges and messages carry.
//!
//! In postcard a value is its fields in the order of declaration (docs/messages.md), so that order is frozen.
//! `wire::json` declares the field names in JSON.

use super::bounded;
use super::id::Row;
use crate::limits::{HITS_MAX, QUESTION_WORDS_MAX};
use core::iter::repeat_n;
use heapless::Vec as Bounded;
use serde::{Deserialize, Serialize};

/// The hits of one device. Only the asking agent scores them against the hits of others and merges them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The statistics over all chunks that were scored, which BM25 needs to score one of them.
    pub statistics: CorpusStatistics,
    /// The best chunks by this device's own score, best first; at most `HITS_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, HITS_MAX>")]
    pub hits: Vec<SearchHit>,
}

/// One chunk that was found, with the figures of the device that holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The chunk's row on its device.
    pub row: Row,
    /// The document's path on its device.
    pub path: Vec<u8>,
    /// The headings above the chunk.
    pub heading: String,
    /// The chunk's exact text.
    pub text: String,
    /// The cosine with the query, -1 to 1; comparable between devices with the same model.
    pub cosine: f32,
    /// How often it contains each term of the query.
    pub frequencies: TermFrequencies,
}

/// How often each term of the query occurs in one chunk, and how many words the chunk has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermFrequencies {
    /// One count a term, in the order of the query's terms.
    pub counts: Bounded<u16, QUESTION_WORDS_MAX>,
    /// Words of the chunk.
    pub length: u32,
}

impl TermFrequencies {
    /// The frequencies of an empty chunk, for a query of so many terms.
    #[must_use]
    pub fn zero(terms: usize) -> Self {
        Self { counts: repeat_n(0, terms.min(QUESTION_WORDS_MAX)).collect(), length: 0 }
    }
}

/// The statistics over all chunks that BM25 needs to score one of them; they add up over devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusStatistics {
    /// Chunks counted.
    pub chunks: u32,
    /// For each term of the query, how many of these chunks contain it.
    pub document_frequencies: Bounded<u32, QUESTION_WORDS_MAX>,
    /// Words of all these chunks.
    pub length: u64,
}

impl CorpusStatistics {
    /// The statistics of these chunks, for a query of so many terms.
    #[must_use]
    pub fn of<'a>(terms: usize, chunks: impl Iterator<Item = &'a TermFrequencies>) -> Self {
        let document_frequencies = repeat_n(0, terms.min(QUESTION_WORDS_MAX)).collect();
        let mut statistics = Self { document_frequencies, ..Self::default() };
        for chunk in chunks {
            statistics.chunks += 1;
            statistics.length += u64::from(chunk.length);
            for (chunks, count) in statistics.document_frequencies.iter_mut().zip(&chunk.counts) {
                *chunks += u32::from(*count > 0);
            }
        }
        statistics
    }

    /// Adds another device's for the same query. Those with another number of terms are invalid and left out.
    pub fn join(&mut self, other: &Self) {
        if self.document_frequencies.len() != other.document_frequencies.len() {
            return;
        }
        self.chunks = self.chunks.saturating_add(other.chunks);
        self.length = self.length.saturating_add(other.length);
        for (own, its) in self.document_frequencies.iter_mut().zip(&other.document_frequencies) {
            *own = own.saturating_add(*its);
        }
    }
}
