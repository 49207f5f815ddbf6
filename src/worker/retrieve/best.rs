//! Which of the candidates are told: those with the best score, so many different texts with their copies.

use super::candidate::Candidate;
use crate::base::file_name::AskedNames;
use crate::base::hit::{CorpusStatistics, Found};
use crate::base::vector::Quantized;
use crate::limits::HITS_MAX;
use crate::search::fusion::lift;
use crate::search::lexical::lacking::Lacking;
use crate::search::lexical::near::{Compared, Likeness};
use crate::search::lexical::terms::QueryTerms;
use crate::search::scores::fused;
use std::collections::BTreeSet;

/// How many texts are told, whether another device is, whether some of the index could not be read, and whether all was searched by its words: what
/// was not looked at may have what all candidates lack.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) count: usize,
    pub(super) shared: bool,
    pub(super) unread: bool,
    pub(super) by_all_words: bool,
}

/// The best candidates with their vectors, `count` different texts, of which those that are nearly the same are one: first the best of each
/// file with the asked name, then by score. What is told was looked for secrets, and what is not told is not looked at, unless some were found.
pub(super) fn best(
    mut candidates: Vec<Candidate>,
    question: (&str, &QueryTerms, &CorpusStatistics),
    asked: &AskedNames,
    told: Told,
) -> (Found, Vec<Quantized>) {
    let (_, terms, _) = question;
    let mut places = in_order(&mut candidates, question, asked, told);
    let mut is_cut = false;
    for at in &places {
        is_cut |= candidates.get_mut(*at).is_some_and(|one| one.leave_out_secrets(terms));
    }
    if is_cut {
        // The words of a secret, and what may not be told, have no say in the order.
        candidates.iter_mut().for_each(|one| {
            one.leave_out_secrets(terms);
        });
        candidates.retain(|one| one.may_be_told(told.shared));
        places = in_order(&mut candidates, question, asked, told);
    }
    let (mut hits, mut vectors) = (Vec::new(), Vec::new());
    let places: BTreeSet<usize> = places.into_iter().collect();
    for (_, one) in candidates.into_iter().enumerate().filter(|(at, _)| places.contains(at)) {
        debug_assert!(one.may_be_told(told.shared), "all that is told was looked for secrets");
        hits.push(one.hit);
        vectors.push(one.vector);
    }
    (Found { statistics: CorpusStatistics::default(), hits, ..Found::default() }, vectors)
}

/// Puts the candidates in order, and gives the places of those that are told, the best first.
fn in_order(
    candidates: &mut [Candidate],
    (question, terms, statistics): (&str, &QueryTerms, &CorpusStatistics),
    asked: &AskedNames,
    told: Told,
) -> Vec<usize> {
    let by_score = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score).then(a.hit.row.cmp(&b.hit.row));
    let mut lacking = if told.unread {
        Lacking::default()
    } else {
        Lacking::of(terms, statistics, candidates.iter().map(|candidate| &candidate.hit))
    };
    // A word that was not looked up everywhere counts as one that no chunk has.
    lacking.is_only_like &= told.by_all_words;
    let scores = fused(terms, statistics, &lacking, candidates.iter().map(|candidate| &candidate.hit));
    candidates.iter_mut().zip(scores).for_each(|(candidate, score)| candidate.score = score);
    candidates.sort_by(by_score);
    let mut files = BTreeSet::new();
    lift(candidates.iter_mut().map(|candidate| {
        let is_named = asked.has(&candidate.hit.path) && files.insert(candidate.hit.path.clone());
        (&mut candidate.score, is_named)
    }));
    candidates.sort_by(by_score);
    let likeness = Likeness::of(question);
    let (mut places, mut keys, mut different) = (Vec::new(), BTreeSet::new(), Vec::<Compared>::new());
    for (at, Candidate { hit, key, .. }) in candidates.iter().enumerate() {
        let is_known = keys.contains(key);
        let text = (!is_known).then(|| Compared::new(&hit.heading, &hit.text, &hit.frequencies));
        let is_like = |text: &Compared| different.iter().any(|other| likeness.are_one(other, text));
        let is_near = text.as_ref().is_some_and(is_like);
        if places.len() < HITS_MAX && (is_known || is_near || different.len() < told.count) {
            keys.insert(key);
            different.extend(text.filter(|_| !is_near));
            places.push(at);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::candidate::Secrets;
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
            let key = EmbedKey(u128::from(row).to_be_bytes());
            let vector = Quantized::none();
            Candidate { hit, key, vector, score: 0.0, languages: None, secrets: Secrets::Unknown }
        };
        let rows = |question: &str| {
            let candidates: Vec<Candidate> = (0..).zip(&texts).map(candidate).collect();
            let statistics = CorpusStatistics::of(terms.len(), candidates.iter().map(|one| &one.hit.frequencies));
            let told = Told { count: 2, shared: false, unread: false, by_all_words: true };
            let (found, vectors) = best(candidates, (question, &terms, &statistics), &AskedNames::new(question), told);
            assert_eq!(found.hits.len(), vectors.len());
            found.hits.iter().map(|hit| hit.row.0).collect::<BTreeSet<_>>()
        };
        assert_eq!(rows("stove"), (0..=30).collect(), "all copies, and the other text");
        assert_eq!(rows("when was the stove cleaned").len(), 2, "there each is a text of its own");
    }

    #[test]
    fn what_is_like_a_word_that_was_not_looked_up_everywhere_is_not_limited() {
        let question = "hedgerow";
        let terms = QueryTerms::new(question);
        let candidate = |row: u64| {
            let (text, cosine) =
                if row == 200 { ("A hedgehog", 0.2) } else { ("the lamp of the long hall is broken", 0.1) };
            let frequencies = terms.count(["", "", text]);
            let hit = SearchHit { row: Row(row), cosine, ..SearchHit::of_text("/a.md", text, frequencies) };
            let (key, vector) = (EmbedKey(u128::from(row).to_be_bytes()), Quantized::none());
            Candidate { hit, key, vector, score: 0.0, languages: None, secrets: Secrets::Unknown }
        };
        let best = |by_all_words| {
            let mut candidates: Vec<Candidate> = (0..=200).map(candidate).collect();
            let statistics = CorpusStatistics::of(terms.len(), candidates.iter().map(|one| &one.hit.frequencies));
            let told = Told { count: 2, shared: false, unread: false, by_all_words };
            in_order(&mut candidates, (question, &terms, &statistics), &AskedNames::new(question), told);
            (candidates[0].hit.text.clone(), candidates[0].score)
        };
        let (all, part) = (best(true), best(false));
        assert_eq!((all.0.as_str(), part.0.as_str()), ("A hedgehog", "A hedgehog"));
        assert!(all.1 < 0.601 && part.1 > 0.65, "{} {}", all.1, part.1);
    }
}
