//! Hits of texts, for tests of what is read from the texts that a question found.

use super::terms::QueryTerms;
use crate::base::hit::{CorpusStatistics, SearchHit};

/// Hits of these texts in files with this path, whose name has these words, and the statistics over them.
pub(in crate::search) fn hits(
    terms: &QueryTerms,
    [path, name]: [&str; 2],
    texts: &[&str],
) -> (Vec<SearchHit>, CorpusStatistics) {
    let hit = |text: &&str| SearchHit::of_text(path, text, terms.count([name, "", text]));
    let hits: Vec<SearchHit> = texts.iter().map(hit).collect();
    let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
    (hits, statistics)
}
