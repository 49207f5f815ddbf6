//! The words of a question in all passages: what an index of words would give.

use crate::base::hit::CorpusStatistics;
use crate::base::id::Row;
use crate::search::lexical::{QueryTerms, bm25};

/// The words of one question, and how many passages have each.
#[derive(Clone, Debug)]
pub(super) struct Words {
    terms: QueryTerms,
    /// Over all passages that were counted.
    pub(super) statistics: CorpusStatistics,
}

impl Words {
    /// Before any passage was counted.
    pub(super) fn new(question: &str) -> Self {
        let terms = QueryTerms::new(question);
        let statistics = CorpusStatistics::of(terms.len(), [].iter());
        Self { terms, statistics }
    }

    /// Counts these passages: the row, the heading and the text of each.
    pub(super) fn count<'a>(&mut self, passages: impl Iterator<Item = &'a (Row, String, String)>) {
        for (_, heading, text) in passages {
            let one = self.terms.count(["", heading, text]);
            self.statistics.join(&CorpusStatistics::of(self.terms.len(), [one].iter()));
        }
    }

    /// The BM25 score of a passage: the name of its file, its heading and its text.
    pub(super) fn score(&self, parts: [&str; 3]) -> f32 {
        bm25(&self.terms, &self.statistics, &self.terms.count(parts))
    }

    /// The rows of the `max` passages with the highest scores above 0.
    pub(super) fn best<'a>(&self, passages: impl Iterator<Item = &'a (Row, String, String)>, max: usize) -> Vec<Row> {
        let scored = passages.map(|(row, heading, text)| (self.score(["", heading, text]), *row));
        let mut scored: Vec<(f32, Row)> = scored.filter(|(score, _)| *score > 0.0).collect();
        scored.sort_by(|(a, row_a), (b, row_b)| b.total_cmp(a).then(row_a.cmp(row_b)));
        scored.into_iter().take(max).map(|(_, row)| row).collect()
    }
}
