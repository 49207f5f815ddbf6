//! One answer of several devices' raw lists: weighed together, the same passage once.

use crate::base::id::PeerKey;
use crate::search::hit::{Found, Hit, score};
use crate::search::lexical::Pool;

/// A passage of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The device that holds it; `None` is this one.
    pub device: Option<PeerKey>,
    /// Its score, see `search::hit::score`.
    pub score: f32,
    /// The passage.
    pub hit: Hit,
}

/// The best `count` passages of all lists. Words are as rare as they are in all lists together: each device's
/// own count would flatter a device where they are rare (shared/reference/retrieval.md 4e).
#[must_use]
pub fn merge(lists: Vec<(Option<PeerKey>, Found)>, count: usize) -> Vec<Merged> {
    let mut pool: Option<Pool> = None;
    for (_, found) in &lists {
        match &mut pool {
            Some(pool) => pool.join(&found.pool),
            None => pool = Some(found.pool.clone()),
        }
    }
    let pool = pool.unwrap_or_default();
    let mut merged: Vec<Merged> = Vec::new();
    for (device, found) in lists {
        for hit in found.hits {
            merged.push(Merged { device, score: score(&pool, hit.cosine, &hit.tally), hit });
        }
    }
    merged.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| (a.device, a.hit.row).cmp(&(b.device, b.hit.row))));
    // The same text on two devices answers once, from the device that sorts first: this one, if it has it.
    let mut kept: Vec<Merged> = Vec::new();
    for hit in merged {
        if kept.len() == count {
            break;
        }
        let twin = |other: &Merged| other.device != hit.device && other.hit.text == hit.hit.text;
        if !kept.iter().any(twin) {
            kept.push(hit);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Row;
    use crate::search::lexical::Question;

    fn found(question: &Question, texts: &[(&str, f32)]) -> Found {
        let hits: Vec<Hit> = (0..)
            .zip(texts)
            .map(|(row, (text, cosine))| Hit {
                row: Row(row),
                path: Vec::new(),
                heading: String::new(),
                text: (*text).to_owned(),
                cosine: *cosine,
                tally: question.tally(["", text]),
            })
            .collect();
        let pool = Pool::of(question.len(), hits.iter().map(|hit| &hit.tally));
        Found { hits, pool }
    }

    #[test]
    fn the_best_of_all_devices_come_first_and_twins_once() {
        let question = Question::new("violin");
        let here = found(&question, &[("the violin", 0.5), ("a lamp", 0.4)]);
        let there = found(&question, &[("my violin is old", 0.6), ("the violin", 0.5)]);
        let peer = PeerKey([1; 32]);
        let merged = merge(vec![(Some(peer), there), (None, here)], 3);
        let texts: Vec<_> = merged.iter().map(|m| (m.device, m.hit.text.as_str())).collect();
        assert_eq!(texts, [(Some(peer), "my violin is old"), (None, "the violin"), (None, "a lamp")]);
        assert!(merged.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }

    #[test]
    fn no_lists_are_no_answer() {
        assert!(merge(Vec::new(), 3).is_empty());
    }
}
