//! Which of the rows that were found are read: those with the best score of this device alone.

use super::given::given;
use super::models::Asked;
use crate::base::id::Row;
use crate::base::vector::Quantized;
use crate::search::fusion::Fusion;
use crate::search::lexical::index::Matches;
use crate::search::lexical::terms::QueryTerms;
use crate::store::kv::{KvError, KvRead};
use crate::store::makers::Makers;
use crate::store::read;
use std::collections::BTreeMap;

/// Rows by their score, which is that of this device alone: it decides which texts are read.
pub(super) fn in_order(mut scored: Vec<Scored>, terms: &QueryTerms, found: &Matches) -> Vec<Scored> {
    let of_words: BTreeMap<Row, f32> = found.rows.iter().copied().collect();
    let words = |row| of_words.get(&row).copied().unwrap_or_default();
    let fusion = Fusion::of(terms, &found.statistics, scored.iter().map(|one| (one.cosine, words(one.row))));
    scored.iter_mut().for_each(|one| one.score = fusion.score(one.cosine, words(one.row)));
    scored.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
    scored
}

/// A row with its vector, or what stands for none.
pub(super) struct Scored {
    pub(super) row: Row,
    pub(super) cosine: f32,
    pub(super) vector: Quantized,
    pub(super) score: f32,
}

/// Rows with the cosine of their vector and the question, in their order; 0 for those without a vector that answers, or with one of a model that
/// is not loaded: they are found by their words. `kv` is of one moment: else a vector could come between the list of those that no check has
/// vouched for and its own reading. Once `is_late` says so after so many rows the others are left out.
pub(super) fn scored(
    kv: &impl KvRead,
    rows: &[Row],
    (asked, is_late): (Asked<'_>, impl Fn(usize) -> bool),
    unread: &mut Option<KvError>,
) -> Vec<Scored> {
    let unproven = given(Makers::read(kv).map(Some), unread).map(|makers| makers.unproven());
    // Where it cannot be read who made what and what was checked, only what this device made answers.
    let counts = |row: &Row, by: u8| by == 0 || unproven.as_ref().is_some_and(|unproven| !unproven.contains(row));
    let mut scored = Vec::with_capacity(rows.len());
    for row in rows.iter().copied() {
        if is_late(scored.len()) {
            break;
        }
        let stored = given(read::made(kv, row), unread).filter(|vector| counts(&row, vector.by));
        let (cosine, vector) =
            stored.and_then(|vector| asked.cosine(vector)).unwrap_or_else(|| (0.0, Quantized::none()));
        scored.push(Scored { row, cosine, vector, score: 0.0 });
    }
    scored
}
