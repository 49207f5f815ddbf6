//! The scores of hits: those of their fusion, less for what a hit has in another form only, and limited where the hits lack what was asked for.

use super::fusion::{Fusion, SURE_LEAST, sure, weight_of_meaning};
use super::lexical::bm25::{bm25, nearly, possible, possible_by, rarest, telling, unknown};
use super::lexical::lacking::{Lacking, Limited};
use super::lexical::own_form::{by_other_forms, without_zeros_alone};
use super::lexical::terms::QueryTerms;
use super::rows::sure_of_row;
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
/// enough to stand behind.
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
    raise_by_row(&mut scores, terms, statistics, hits.clone().zip(words.iter().copied()));
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
    scores
}

/// Where the best hit is the row of a table that is surer as one than it is as prose, all scores become as much more: their order stays, and where prose
/// is the best one nothing changes.
fn raise_by_row<'a>(
    scores: &mut [f32],
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    mut hits: impl Iterator<Item = (&'a SearchHit, f32)>,
) {
    let best = scores.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    let Some((at, best)) = best.filter(|(_, best)| *best > 0.0) else { return };
    let by_row = hits.nth(at).and_then(|(hit, words)| sure_of_row(terms, statistics, hit, words));
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
mod tests {
    use super::super::lexical::hits_test::hits;
    use super::*;

    /// The scores of texts with their cosines, in their order.
    fn scores(question: &str, texts: &[(&str, f32)]) -> Vec<f32> {
        let terms = QueryTerms::new(question);
        let (mut hits, statistics) =
            hits(&terms, ["/0.md", ""], &texts.iter().map(|(text, _)| *text).collect::<Vec<_>>());
        hits.iter_mut().zip(texts).for_each(|(hit, (_, cosine))| hit.cosine = *cosine);
        let lacking = Lacking::of(&terms, &statistics, hits.iter());
        fused(&terms, &statistics, &lacking, hits.iter())
    }

    const TEXTS: [(&str, f32); 9] = [
        ("Invoice 2024-0077 of the Stadtwerke over 450 euros was paid.", 0.6),
        ("Photo 2024-0078 shows grandmother at the lake", 0.2),
        ("The PIN of the alarm is 4711", 0.6),
        ("Bus line 4712", 0.1),
        ("The lock code is 0042", 0.5),
        ("Mail number 43", 0.1),
        ("The rent is 950 euros", 0.5),
        ("Room 201 has a leak", 0.1),
        ("an old chair", 0.0),
    ];

    #[test]
    fn what_lacks_a_number_is_no_sure_answer_although_a_passage_about_something_else_has_the_number() {
        for (question, lacks, has) in [
            ("Was the invoice 2024-0078 of the Stadtwerke paid?", 0, Some(1)),
            ("Is the PIN of the alarm 4712?", 2, Some(3)),
            ("What is the lock code 0043?", 4, None),
            ("Is the rent 201 euros?", 6, Some(7)),
        ] {
            let scores = scores(question, &TEXTS);
            assert!(scores[lacks] <= SURE_WITHOUT, "{question}: {scores:?}");
            let others = (0..TEXTS.len()).filter(|at| *at != lacks && Some(*at) != has);
            assert!(others.map(|at| scores[at]).all(|score| score <= scores[lacks]), "{question}: {scores:?}");
        }
        for (question, first) in [("Was the invoice 2024-0077 of the Stadtwerke paid?", 0), ("bus line 4712", 3)] {
            let scores = scores(question, &TEXTS);
            assert!(
                scores[first] > 0.7 && scores.iter().all(|score| *score <= scores[first]),
                "{question}: {scores:?}"
            );
        }
    }

    #[test]
    fn what_has_another_figure_at_the_end_of_a_number_with_a_sign_in_it_is_no_sure_answer() {
        let texts = [
            ("The water meter shows 1482.7", 0.6),
            ("boiler pressure 1.4 bar", 0.6),
            ("Vaillant VUW 246/5-5", 0.5),
            ("a key and 15 lamps since 2025-04-15", 0.1),
            ("an old chair", 0.0),
            ("a lamp", 0.0),
        ];
        for (question, at) in
            [("water meter 1482.8", 0), ("1482.8", 0), ("boiler pressure 1.5 bar", 1), ("Vaillant VUW 246/5-6", 2)]
        {
            let scores = scores(question, &texts);
            assert!(
                scores[at] <= SURE_WITHOUT && scores.iter().all(|one| *one <= scores[at]),
                "{question}: {scores:?}"
            );
        }
        for (question, at) in [("water meter 1482,7", 0), ("boiler pressure 1,4 bar", 1), ("Vaillant VUW 246-5/5", 2)] {
            let scores = scores(question, &texts);
            assert!(scores[at] > 0.5, "{question}: {scores:?}");
        }
    }

    #[test]
    fn a_number_with_its_zeros_comes_before_the_same_without_them_which_counts_where_nothing_else_is_there() {
        for question in ["0345", "part 0345"] {
            let both =
                scores(question, &[("Mail number 345", 0.4), ("Order part 0345 for the pump", 0.2), ("a lamp", 0.0)]);
            assert!(both[1] > 0.5 && both[0] < both[1] / 2.0, "{question}: {both:?}");
        }
        let alone = scores("0345", &[("Mail number 345", 0.4), ("a part of the pump", 0.2), ("a lamp", 0.0)]);
        assert!(alone[0] > 0.5, "{alone:?}");
    }

    #[test]
    fn what_is_only_like_the_words_of_a_short_question_is_no_sure_answer() {
        let mut texts = vec![("the lamp of the long hall is broken", 0.1); 200];
        texts.push(("A hedgehog", 0.2));
        let best = |question: &str| {
            let scores = scores(question, &texts);
            assert!(scores.iter().all(|score| *score <= scores[200]), "{question}: it is found");
            scores[200]
        };
        let like = best("hedgerow");
        assert!((0.5..SURE_BY_LIKENESS + 0.001).contains(&like), "{like}");
        assert!(best("hedgehog") > 0.8 && best("the hedgehogs") > 0.8);
    }

    #[test]
    fn what_has_a_word_of_a_short_question_at_the_beginning_of_a_longer_one_is_not_only_like_it() {
        let mut texts = vec![("the lamp of the long hall is broken", 0.1); 200];
        texts.push(("A Stadtwerkerechnung", 0.2));
        let sure = |question: &str| scores(question, &texts)[200];
        assert!(sure("Stadtwerke") > SURE_BY_LIKENESS + 0.05, "{}", sure("Stadtwerke"));
        assert!(sure("Stadtwerkx") < SURE_BY_LIKENESS + 0.001, "{}", sure("Stadtwerkx"));
    }

    #[test]
    fn one_word_that_many_passages_have_makes_no_strong_answer_to_a_question_of_several() {
        let question = "Where is the key of the pump in the garden?";
        let mut texts = vec![("the garden of the neighbours is large and green", 0.1); 11];
        texts.extend([("the key of the pump hangs in the cellar", 0.1); 30]);
        texts.extend([("the lamp of the long hall is broken", 0.1); 38]);
        let best = |text: &str| {
            let mut texts = texts.clone();
            texts.push((text, 0.2));
            let scores = scores(question, &texts);
            assert!(scores.iter().all(|score| *score <= scores[79]), "{text}: {scores:?}");
            scores[79]
        };
        let one = best("Garden, garden, garden");
        assert!((0.1..0.5).contains(&one), "{one}");
        assert!(best("The garden pump and its key") > 0.7);
        let mut rare = vec![("the key of the pump hangs in the cellar", 0.1); 30];
        rare.extend([("the lamp of the long hall is broken", 0.1); 48]);
        rare.push(("Garden, garden, garden", 0.2));
        assert!(scores(question, &rare)[78] > 0.7, "a word that no other passage has tells what is meant");
        let page = include_str!("../http/page/hits.js");
        assert!(page.contains("STRONG = 0.7,") && NOT_STRONG < 0.7, "the page calls no such hit strong");
    }

    #[test]
    fn the_row_of_a_table_that_has_what_is_named_is_surer_than_prose_and_the_order_stays() {
        let note = "the lamp of the long hall is broken, and nobody knows where the ladder stands by now, as it was lent to the \
            people of the second floor in spring and never came back to us";
        let of = |first: &str| {
            let mut texts = vec![(first, 0.1); 1];
            texts.extend([(note, 0.2); 4]);
            texts.extend([(note, 0.1); 40]);
            scores("Was hat der Tierarzt gekostet?", &texts)
        };
        let row = of("Date: 2024-03-02; Payee: Tierarzt Falk; Purpose: vaccination of the tomcat; Amount: -48.20");
        let prose = of(&format!("The Tierarzt was here, and {note}"));
        assert!(prose[0] < 0.3 && (0.3..0.7).contains(&row[0]), "{} {}", prose[0], row[0]);
        for scores in [&row, &prose] {
            assert!(scores[0] > scores[1] && scores[1] > scores[5], "{scores:?}");
        }
    }

    #[test]
    fn what_has_the_code_of_the_question_comes_before_what_has_another_one() {
        let texts = [
            ("Error codes. F.28 means that the burner did not light; what an error means is told here.", 0.7),
            ("Error E18: the drain pump is blocked.", 0.3),
            ("If it shows E15, water is in the base.", 0.2),
            ("an old chair", 0.0),
        ];
        for (question, right) in
            [("what does error E18 mean", 1), ("error code E18", 1), ("what is error E15", 2), ("error E15", 2)]
        {
            let scores = scores(question, &texts);
            assert!((0..4).all(|at| at == right || scores[at] < scores[right]), "{question}: {scores:?}");
        }
    }

    #[test]
    fn only_what_is_limited_is_made_less_and_in_its_order() {
        let mut scores = [0.9, 0.8, 0.4];
        limit(&mut scores, &[true, false, true], 0.45);
        assert_eq!(scores, [0.45, 0.8, 0.2]);
        limit(&mut scores, &[true, true, true], 0.9);
        assert_eq!(scores, [0.45, 0.8, 0.2]);
    }
}
