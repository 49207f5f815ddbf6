//! Which of the candidates are told: those with the best score, so many different texts with their copies.

use super::candidate::Candidate;
use crate::base::file_name::AskedNames;
use crate::base::hit::{CorpusStatistics, Found};
use crate::base::vector::Quantized;
use crate::limits::HITS_MAX;
use crate::search::fusion::{fused, lift};
use crate::search::lexical::near::{Compared, Likeness};
use crate::search::lexical::terms::QueryTerms;
use std::collections::BTreeSet;

/// The best candidates with their vectors, `count` different texts, of which those that are nearly the same are one: first the best of each
/// file with the asked name, then by score.
pub(super) fn best(
    mut candidates: Vec<Candidate>,
    (question, terms, statistics): (&str, &QueryTerms, &CorpusStatistics),
    asked: &AskedNames,
    count: usize,
) -> (Found, Vec<Quantized>) {
    let by_score = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score).then(a.hit.row.cmp(&b.hit.row));
    let scores = fused(terms, statistics, candidates.iter().map(|candidate| &candidate.hit));
    candidates.iter_mut().zip(scores).for_each(|(candidate, score)| candidate.score = score);
    candidates.sort_by(by_score);
    let mut files = BTreeSet::new();
    lift(candidates.iter_mut().map(|candidate| {
        let is_named = asked.has(&candidate.hit.path) && files.insert(candidate.hit.path.clone());
        (&mut candidate.score, is_named)
    }));
    candidates.sort_by(by_score);
    let likeness = Likeness::of(question);
    let (mut hits, mut vectors) = (Vec::new(), Vec::new());
    let (mut keys, mut different) = (BTreeSet::new(), Vec::new());
    for Candidate { hit, key, vector, .. } in candidates {
        let is_known = keys.contains(&key);
        let text = (!is_known).then(|| Compared::new(&hit.text, hit.frequencies.clone()));
        let is_like = |text: &Compared| different.iter().any(|other| likeness.are_one(other, text));
        let is_near = text.as_ref().is_some_and(is_like);
        if hits.len() < HITS_MAX && (is_known || is_near || different.len() < count) {
            keys.insert(key);
            different.extend(text.filter(|_| !is_near));
            hits.push(hit);
            vectors.push(vector);
        }
    }
    (Found { statistics: CorpusStatistics::default(), hits, ..Found::default() }, vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hit::SearchHit;
    use crate::base::id::{EmbedKey, Row};

    #[test]
    fn copies_of_a_note_with_other_date_lines_take_no_place_of_another_text() {
        let terms = QueryTerms::new("stove");
        let note = |day: u64| {
            format!("2024-03-{day:02}. The stove was cleaned, and its door needs a part before the next winter comes.")
        };
        let texts: Vec<String> = (1..=30).map(note).chain(["A stove in the shop costs much.".to_owned()]).collect();
        let candidate = |(row, text): (u64, &String)| {
            let hit = SearchHit {
                row: Row(row),
                path: format!("/{row}.md").into_bytes(),
                heading: String::new(),
                text: text.clone(),
                cosine: if row < 30 { 0.9 } else { 0.5 },
                frequencies: terms.count(["", "", text]),
                absence: None,
                doc: None,
            };
            Candidate { hit, key: EmbedKey(u128::from(row).to_be_bytes()), vector: Quantized::none(), score: 0.0 }
        };
        let rows = |question: &str| {
            let candidates: Vec<Candidate> = (0..).zip(&texts).map(candidate).collect();
            let statistics = CorpusStatistics::of(terms.len(), candidates.iter().map(|one| &one.hit.frequencies));
            let (found, vectors) = best(candidates, (question, &terms, &statistics), &AskedNames::new(question), 2);
            assert_eq!(found.hits.len(), vectors.len());
            found.hits.iter().map(|hit| hit.row.0).collect::<BTreeSet<_>>()
        };
        assert_eq!(rows("stove"), (0..=30).collect(), "all copies, and the other text");
        assert_eq!(rows("when was the stove cleaned").len(), 2, "there each is a text of its own");
    }
}
