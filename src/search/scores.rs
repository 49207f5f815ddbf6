//! The scores of hits: those of their fusion, less for what a hit has in another form only, and limited where the hits lack what was asked for.

use super::fusion::{Fusion, SURE_LEAST, sure, weight_of_meaning};
use super::lexical::bm25::{bm25, nearly, possible, possible_by, rarest, telling, unknown};
use super::lexical::conditions::Verdict;
use super::lexical::lacking::{Lacking, Limited};
use super::lexical::own_form::{by_other_forms, without_zeros_alone};
use super::lexical::terms::QueryTerms;
use super::rows::{Verdicts, sure_of_row};
use crate::base::file_name;
use crate::base::hit::{CorpusStatistics, SearchHit};
use std::collections::BTreeSet;

/// How sure a hit is at most in a question with a number that no passage found has, or with words in quotes that none has as they stand, where the
/// other words of the question and its meaning leave no doubt: what was asked for by these is not there. Chosen: of first answers with such a score
/// less than half are right (docs/evidence.md, "What a score means", which was measured with these limits too).
const SURE_WITHOUT: f32 = 0.4;

/// How sure a hit is at most that has nothing but what is like the words of a short question, unless its meaning makes it surer: it may be another
/// word as well as one that is typed wrongly. Chosen: of first answers with such a score three of five are right (docs/evidence.md,
/// "What a score means").
const SURE_BY_LIKENESS: f32 = 0.6;

/// What part of the best score of those that have the codes of the question the best of all others has at most: another error's is no answer. Chosen:
/// enough to stand behind. The same holds for rows of which something that is asked of them is not so.
const WITHOUT_CODE: f32 = 0.95;

/// Words of a question, its numbers and codes each as one, from which on one of them alone is little of it. Chosen.
const SEVERAL_WORDS: usize = 3;

/// The part of what the rarest of words tells that a word tells less than which many passages have: the same as `fusion` asks of a whole question.
const COMMON_PART: f32 = 0.5;

/// The part of such a question that a hit has at most by the words of it, which has but one that many passages have, however often it has it and however
/// little the others tell. Chosen: half of a question is a possible answer by its words alone, and no sure one.
const ONE_WORD_PART: f32 = 0.5;

/// The score that such a hit has at most which is not the best one: the page calls it possible and not strong (`http/page/hits.js`, from .7 on).
const NOT_STRONG: f32 = 0.69;

/// What a hit loses of its score that has all of the question by other forms of rare words: it decides only between what is nearly as good. Chosen;
/// what the sets score with it and the limit for numbers is in docs/evidence.md, "Issue 14: search, as `wattle eval` measures it", e62d8435.
const OTHER_FORMS: f32 = 0.05;

/// The scores of hits for a question, 0 to 1, by the statistics of all devices that they are of. Terms that no chunk of any device has count
/// by what is nearly them; `lacking` is what these hits lack of the question, which limits those that lack it.
#[must_use]
pub fn fused<'a>(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    lacking: &Lacking,
    hits: impl Iterator<Item = &'a SearchHit> + Clone,
) -> Vec<f32> {
    let unknown = unknown(terms, statistics);
    let likes = |hit: &SearchHit| terms.nearly(&unknown, [&file_name::words(&hit.path), &hit.heading, &hit.text]);
    let likes: Vec<Vec<f32>> = if unknown.is_empty() { Vec::new() } else { hits.clone().map(likes).collect() };
    let lengths = hits.clone().map(|hit| hit.frequencies.length as f32);
    let other_numbers = without_zeros_alone(terms, hits.clone());
    let by_words = |left_out: &BTreeSet<usize>, likes: &[Vec<f32>]| -> Vec<f32> {
        let exact = hits.clone().enumerate().map(|(place, hit)| {
            let mut frequencies = hit.frequencies.clone();
            for at in left_out.iter().chain(other_numbers.get(place).into_iter().flatten()) {
                frequencies.counts.get_mut(*at).into_iter().for_each(|count| *count = 0);
            }
            bm25(terms, statistics, &frequencies)
        });
        exact.zip(nearly(statistics, likes, lengths.clone())).map(|(exact, nearly)| exact + nearly).collect()
    };
    // What is counted as nearly the term is not counted twice.
    let mut left_out: BTreeSet<usize> = unknown.iter().copied().collect();
    let words = by_words(&left_out, &likes);
    let fusion = Fusion::of(terms, statistics, hits.clone().zip(&words).map(|(hit, words)| (hit.cosine, *words)));
    let mut scores: Vec<f32> = hits.clone().zip(&words).map(|(hit, words)| fusion.score(hit.cosine, *words)).collect();
    let others = by_other_forms(terms, statistics, hits.clone());
    scores.iter_mut().zip(others).for_each(|(score, other)| *score *= 1.0 - OTHER_FORMS * other);
    let verdicts = Verdicts::of(terms, hits.clone());
    raise_by_row(&mut scores, terms, statistics, &verdicts, hits.clone().zip(words.iter().copied()));
    let nearness = hits.clone().map(|hit| terms.fluency().nearness(hit.cosine));
    let mut all: Vec<(f32, f32)> = nearness.zip(words.iter().copied()).collect();
    if lacking.is_only_like {
        let by_meaning: Vec<(f32, f32)> = all.iter().map(|(nearness, _)| (*nearness, 0.0)).collect();
        let by_meaning = sure(weight_of_meaning(terms), (possible(terms, statistics), rarest(statistics)), &by_meaning);
        limit(&mut scores, &vec![true; all.len()], SURE_BY_LIKENESS.max(by_meaning));
    }
    if lacking.no_phrase {
        let most = sure_without(&BTreeSet::new(), terms, statistics, &all);
        limit(&mut scores, &vec![true; all.len()], most.max(SURE_LEAST));
    }
    let once = by_one_word(terms, statistics, &likes, hits.clone());
    if once.iter().any(Option::is_some) {
        all.iter_mut().zip(&once).for_each(|((_, words), once)| *words = words.min(once.unwrap_or(f32::INFINITY)));
        let most = sure(weight_of_meaning(terms), (possible(terms, statistics), rarest(statistics)), &all);
        limit(&mut scores, &vec![true; all.len()], most.max(SURE_LEAST));
        limit(&mut scores, &once.iter().map(Option::is_some).collect::<Vec<bool>>(), NOT_STRONG);
    }
    match &lacking.limited {
        Limited::None => {}
        Limited::ByNumber(lack) => {
            let numbers: BTreeSet<usize> = lacking.missing.iter().flat_map(|number| &number.terms).copied().collect();
            left_out.extend(&numbers);
            let is_number: Vec<bool> = unknown.iter().map(|at| numbers.contains(at)).collect();
            let without = |likes: &Vec<f32>| -> Vec<f32> {
                likes.iter().zip(&is_number).map(|(like, is)| if *is { 0.0 } else { *like }).collect()
            };
            let likes: Vec<Vec<f32>> = likes.iter().map(without).collect();
            let words = by_words(&left_out, &likes);
            let nearness = hits.map(|hit| terms.fluency().nearness(hit.cosine));
            let others: Vec<(f32, f32)> = nearness.zip(words).collect();
            limit(&mut scores, lack, sure_without(&numbers, terms, statistics, &others).max(SURE_LEAST));
        }
        Limited::ByCode(lack) => {
            let with = scores.iter().zip(lack).filter(|(_, lacks)| !**lacks).map(|(score, _)| *score);
            let most = WITHOUT_CODE * with.fold(0.0, f32::max);
            limit(&mut scores, lack, most);
        }
    }
    limit_rows(&mut scores, &verdicts);
    scores
}

/// Makes rows less sure of which something that is asked of a row is not so, as that they are of a month, or of which that cannot be told. The first
/// stand behind all of which it is so.
fn limit_rows(scores: &mut [f32], verdicts: &Verdicts) {
    if let Some(broken) = verdicts.that_are(Verdict::Broken) {
        let met = scores.iter().enumerate().filter(|(at, _)| verdicts.is(*at, Verdict::Met)).map(|(_, score)| *score);
        let best = met.fold(0.0, f32::max);
        let most = if best > 0.0 { SURE_WITHOUT.min(WITHOUT_CODE * best) } else { SURE_WITHOUT };
        limit(scores, &broken, most);
    }
    if let Some(open) = verdicts.that_are(Verdict::Open) {
        limit(scores, &open, NOT_STRONG);
    }
}

/// Where the best hit is the row of a table that is surer as one than it is as prose, all scores become as much more: their order stays, and where prose
/// is the best one nothing changes. A row of which something that is asked of it is not so is no best one.
fn raise_by_row<'a>(
    scores: &mut [f32],
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    verdicts: &Verdicts,
    mut hits: impl Iterator<Item = (&'a SearchHit, f32)>,
) {
    let may_be = scores.iter().copied().enumerate().filter(|(at, _)| !verdicts.is(*at, Verdict::Broken));
    let best = may_be.max_by(|(_, a), (_, b)| a.total_cmp(b));
    let Some((at, best)) = best.filter(|(_, best)| *best > 0.0) else { return };
    let by_row = hits.nth(at).and_then(|hit| sure_of_row(terms, statistics, &verdicts.told(at), hit));
    if let Some(by_row) = by_row.filter(|sure| *sure > best) {
        scores.iter_mut().for_each(|score| *score *= by_row / best);
    }
}

/// For each hit that has but one word of a question of several, no number, and one that many passages have, what it scores by that at most: said again and again in
/// a short text it tells no more of the question than said once. `None` for other hits; `likes` is how nearly they have words that no passage has.
fn by_one_word<'a>(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    likes: &[Vec<f32>],
    hits: impl Iterator<Item = &'a SearchHit>,
) -> Vec<Option<f32>> {
    let is_number = |forms: &[String]| forms.iter().any(|form| form.bytes().any(|byte| byte.is_ascii_digit()));
    let words = terms.looked_up().filter(|(at, _)| !terms.is_told(*at, |_| true));
    let words: Vec<(usize, bool)> = words.map(|(at, forms)| (at, is_number(forms))).collect();
    let is_common = |at: usize| {
        let chunks = statistics.document_frequencies.get(at).copied().unwrap_or_default();
        telling(statistics.chunks, chunks) < COMMON_PART * rarest(statistics)
    };
    let most = ONE_WORD_PART * possible(terms, statistics);
    let of = |(place, hit): (usize, &SearchHit)| {
        let has = |(at, _): &(usize, bool)| hit.frequencies.counts.get(*at).is_some_and(|count| *count > 0);
        let mut held = words.iter().copied().filter(has);
        let is_like = likes.get(place).is_some_and(|likes| likes.iter().any(|like| *like > 0.0));
        let (one, is_number) = held.next().filter(|_| words.len() >= SEVERAL_WORDS && !is_like)?;
        let is_alone = held.next().is_none() && !is_number && is_common(one);
        is_alone.then(|| possible_by(terms, statistics, |at| at == one).min(most))
    };
    hits.enumerate().map(of).collect()
}

/// How sure the surest of these hits is by all of the question but numbers that no passage found has: each has a cosine, and what it scores without
/// them. To the model one number is like any other, so that meaning tells no more than the other words are of the question.
fn sure_without(
    numbers: &BTreeSet<usize>,
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    hits: &[(f32, f32)],
) -> f32 {
    let all = possible(terms, statistics);
    let others = possible_by(terms, statistics, |at| !numbers.contains(&at));
    let part = if all > 0.0 { (others / all).min(1.0) } else { 0.0 };
    SURE_WITHOUT * part * sure(weight_of_meaning(terms), (all, rarest(statistics)), hits)
}

/// Makes the best of the scores that are `limited` this one if it is more, and the others of them the same part of it as before: their order
/// stays.
fn limit(scores: &mut [f32], limited: &[bool], most: f32) {
    let its = scores.iter().zip(limited).filter(|(_, is)| **is).map(|(score, _)| *score);
    let best = its.fold(0.0, f32::max);
    if best > most {
        let its = scores.iter_mut().zip(limited).filter(|(_, is)| **is);
        its.for_each(|(score, _)| *score *= most / best);
    }
}

#[cfg(test)]
#[path = "scores_test.rs"]
mod tests;
