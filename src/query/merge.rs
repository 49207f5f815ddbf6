//! Merges the results of several devices: all chunks scored alike, each text once.

use crate::base::hit::{CorpusStatistics, Found, SearchHit};
use crate::base::id::PeerKey;
use crate::search::hit::score;

/// A chunk of the merged answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The device that holds it; `None` is this one.
    pub device: Option<PeerKey>,
    /// Its score, see `search::hit::score`.
    pub score: f32,
    /// The chunk.
    pub hit: SearchHit,
}

/// The best `count` chunks of all lists. Document frequencies are those of all lists together: with its own, a device
/// where a term is rare would score too high.
#[must_use]
pub fn merge(lists: Vec<(Option<PeerKey>, Found)>, count: usize) -> Vec<Merged> {
    let mut statistics: Option<CorpusStatistics> = None;
    for (_, found) in &lists {
        match &mut statistics {
            Some(statistics) => statistics.join(&found.statistics),
            None => statistics = Some(found.statistics.clone()),
        }
    }
    let statistics = statistics.unwrap_or_default();
    let mut merged: Vec<Merged> = Vec::new();
    for (device, found) in lists {
        for hit in found.hits {
            merged.push(Merged { device, score: score(&statistics, hit.cosine, &hit.frequencies), hit });
        }
    }
    merged.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| (a.device, a.hit.row).cmp(&(b.device, b.hit.row))));
    // A text that several devices have is listed once, for the device that sorts first: this one, if it has it.
    let mut best: Vec<Merged> = Vec::new();
    for hit in merged {
        if best.len() == count {
            break;
        }
        let duplicate = |other: &Merged| other.device != hit.device && other.hit.text == hit.hit.text;
        if !best.iter().any(duplicate) {
            best.push(hit);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Row;
    use crate::search::lexical::QueryTerms;

    fn found(terms: &QueryTerms, texts: &[(&str, f32)]) -> Found {
        let hits: Vec<SearchHit> = (0..)
            .zip(texts)
            .map(|(row, (text, cosine))| SearchHit {
                row: Row(row),
                path: Vec::new(),
                heading: String::new(),
                text: (*text).to_owned(),
                cosine: *cosine,
                frequencies: terms.count(["", text]),
                away_since: None,
            })
            .collect();
        let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
        Found { statistics, hits }
    }

    #[test]
    fn the_best_of_all_devices_come_first_and_duplicates_once() {
        let terms = QueryTerms::new("violin");
        let here = found(&terms, &[("the violin", 0.5), ("a lamp", 0.4)]);
        let there = found(&terms, &[("my violin is old", 0.6), ("the violin", 0.5)]);
        let peer = PeerKey([1; 32]);
        let merged = merge(vec![(Some(peer), there), (None, here)], 3);
        let texts: Vec<_> = merged.iter().map(|m| (m.device, m.hit.text.as_str())).collect();
        assert_eq!(texts, [(Some(peer), "my violin is old"), (None, "the violin"), (None, "a lamp")]);
        assert!(merged.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }

    #[test]
    fn without_lists_the_answer_is_empty() {
        assert!(merge(Vec::new(), 3).is_empty());
    }
}
