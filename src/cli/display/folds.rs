//! Which hits of an answer are shown at once, and which only where all are asked for: one rule for a terminal and the page (`http/page/hits.js`).

use crate::http::dto::SearchResults;

/// The scores from which on a hit is a strong answer, and may be one: docs/evidence.md, "What a score means".
pub(super) const STRONG: f32 = 0.7;
/// See `STRONG`.
pub(super) const POSSIBLE: f32 = 0.2;

/// Where the best hit is no strong answer, others that have half of its score are as likely the one that is meant. They are shown if they are
/// among so many first: as many as a person looks through.
pub(super) const NEAR_MAX: usize = 5;

/// Hits that are shown where none fits: more of them would push the sentence that says so off the screen.
pub(super) const NEAREST: usize = 3;

/// Of each hit, which are best first, whether it is shown at once.
pub(super) fn shown(found: &SearchResults) -> Vec<bool> {
    let best = found.hits.iter().map(|hit| hit.score).fold(0.0, f32::max);
    let is_near = |at: usize, score: f32| best < STRONG && at < NEAR_MAX && score * 2.0 >= best;
    let is_shown = |at: usize, score: f32| {
        if found.nothing_fits { at < NEAREST } else { score >= POSSIBLE || is_near(at, score) }
    };
    found.hits.iter().enumerate().map(|(at, hit)| is_shown(at, hit.score)).collect()
}
