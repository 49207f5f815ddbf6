//! Passages that have a rare word of a question only by its stem, where others have it as it is asked for.
//!
//! A stemmer makes one of names that differ in their ends alone: `kworda`, `kworde`, `kworded`. Who asks for one of them means that one, and who
//! asks for `0345` means `345` only where nothing has the zero. So between passages that are nearly as good, the question's own form decides.
//! Only where few passages have a word: of a common one each form is as good as the other.

use super::bm25::{is_known, possible, telling};
use super::terms::QueryTerms;
use super::token::{Kind, each, has_digit, is_unspaced};
use crate::base::file_name;
use crate::base::fold::{fold, lower};
use crate::base::hit::{CorpusStatistics, SearchHit};
use std::collections::{BTreeMap, BTreeSet};

/// Passages that have a word, in one form or another, at most for it to be a rare one.
const RARE: u32 = 20;

/// For each hit, the part of what the whole question can score that it has by other forms of rare words, which another hit has as they are
/// asked for; 0 to 1.
#[must_use]
pub fn by_other_forms<'a>(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    hits: impl Iterator<Item = &'a SearchHit>,
) -> Vec<f32> {
    let rare = rare(terms, statistics);
    let has = |hit: &SearchHit, at: usize| hit.frequencies.counts.get(at).is_some_and(|count| *count > 0);
    // For each hit the rare words that it has, and those of them that it has in the question's form.
    let of = |hit: &SearchHit| {
        let its: BTreeSet<usize> = rare.values().copied().filter(|at| has(hit, *at)).collect();
        let own = if its.is_empty() { BTreeSet::new() } else { in_own_form(&rare, hit) };
        (its, own)
    };
    let hits: Vec<(BTreeSet<usize>, BTreeSet<usize>)> = hits.map(of).collect();
    let found: BTreeSet<usize> = hits.iter().flat_map(|(_, own)| own).copied().collect();
    let all = possible(terms, statistics);
    let part = |at: &usize| {
        let chunks = statistics.document_frequencies.get(*at).copied().unwrap_or_default();
        let weight = terms.weight(*at, |at| is_known(statistics, at)) * telling(statistics.chunks, chunks);
        if all > 0.0 { weight / all } else { 0.0 }
    };
    let other = |(its, own): &(BTreeSet<usize>, BTreeSet<usize>)| {
        let others = its.iter().filter(|at| found.contains(*at) && !own.contains(*at));
        others.map(part).sum::<f32>().min(1.0)
    };
    hits.iter().map(other).collect()
}

/// For each hit the numbers of the question that it has without the zeros before them alone, where another hit has them as they are asked for:
/// they count for nothing then. Empty where the question has none with zeros.
#[must_use]
pub fn without_zeros_alone<'a>(terms: &QueryTerms, hits: impl Iterator<Item = &'a SearchHit>) -> Vec<BTreeSet<usize>> {
    let has_other_form = |at: usize, forms: &[String]| forms.len() > 1 && terms.word(at).starts_with('0');
    let asked: BTreeMap<&str, usize> = terms
        .looked_up()
        .filter(|(at, forms)| has_other_form(*at, forms))
        .map(|(at, _)| (terms.word(at), at))
        .collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let has = |hit: &SearchHit, at: usize| hit.frequencies.counts.get(at).is_some_and(|count| *count > 0);
    let of = |hit: &SearchHit| -> (BTreeSet<usize>, BTreeSet<usize>) {
        let its: BTreeSet<usize> = asked.values().copied().filter(|at| has(hit, *at)).collect();
        let own = if its.is_empty() { BTreeSet::new() } else { in_own_form(&asked, hit) };
        (its, own)
    };
    let hits: Vec<_> = hits.map(of).collect();
    let exact: BTreeSet<usize> = hits.iter().flat_map(|(_, own)| own).copied().collect();
    let alone = |(its, own): &(BTreeSet<usize>, BTreeSet<usize>)| -> BTreeSet<usize> {
        its.iter().copied().filter(|at| exact.contains(at) && !own.contains(at)).collect()
    };
    hits.iter().map(alone).collect()
}

/// The words of a question that few passages have, in canonical form, with their terms.
fn rare<'a>(terms: &'a QueryTerms, statistics: &CorpusStatistics) -> BTreeMap<&'a str, usize> {
    let are_few = |at: usize| statistics.document_frequencies.get(at).is_some_and(|n| (2..=RARE).contains(n));
    let has_forms =
        |word: &str| (!has_digit(word) || word.starts_with('0')) && !is_unspaced(word) && !word.contains('\'');
    let looked_up = terms.looked_up().map(|(at, _)| at).filter(|at| are_few(*at));
    looked_up.map(|at| (terms.word(at), at)).filter(|(word, _)| has_forms(word)).collect()
}

/// Those of these words that a hit has as they are, in the name of its file, in its heading or in its text.
fn in_own_form(rare: &BTreeMap<&str, usize>, hit: &SearchHit) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for text in [file_name::words(&hit.path).as_str(), hit.heading.as_str(), hit.text.as_str()] {
        each(&lower(text), |unit, kind| {
            if kind == Kind::Word || has_digit(unit) {
                // Behind an apostrophe the word itself may begin, or end before one.
                found.extend(fold(unit).split('\'').filter_map(|word| rare.get(word)));
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::hits_test::hits;
    use super::*;

    fn others(question: &str, texts: &[&str]) -> Vec<f32> {
        let terms = QueryTerms::new(question);
        let (hits, statistics) = hits(&terms, ["/0.md", ""], texts);
        by_other_forms(&terms, &statistics, hits.iter())
    }

    const QUESTION: &str = "How do I get air out of the heaters?";

    #[test]
    fn a_passage_with_another_form_is_told_where_one_has_the_form_that_is_asked_for() {
        let texts = ["the valve of the old heater is stuck", "the heaters of the house, and their valves", "a lamp"];
        let of = others(QUESTION, &texts);
        assert!(of[0] > 0.1 && of[0] <= 1.0 && of[1] == 0.0 && of[2] == 0.0, "{of:?}");
    }

    #[test]
    fn a_passage_with_a_number_without_its_zeros_is_told_where_one_has_them() {
        let of = others("locker 0345", &["the key 345 hangs here", "the key 0345 hangs here", "a lamp"]);
        assert!(of[0] > 0.1 && of[1] == 0.0 && of[2] == 0.0, "{of:?}");
    }

    #[test]
    fn a_number_without_its_zeros_counts_for_nothing_where_a_passage_has_them() {
        let of = |texts: &[&str]| {
            let terms = QueryTerms::new("locker 0345");
            let (hits, _) = hits(&terms, ["/0.md", ""], texts);
            without_zeros_alone(&terms, hits.iter())
        };
        let (none, number) = (BTreeSet::new(), BTreeSet::from([1]));
        assert_eq!(of(&["the key 345", "the key 0345, not 345", "a lamp"]), [number, none.clone(), none.clone()]);
        assert_eq!(of(&["the key 345", "a lamp"]), [none.clone(), none]);
        assert!(without_zeros_alone(&QueryTerms::new("locker 345"), core::iter::empty()).is_empty());
    }

    #[test]
    fn nothing_is_told_where_no_passage_has_the_form_or_many_have_the_word() {
        let heater = "the valve of the old heater is stuck";
        assert_eq!(others(QUESTION, &[heater, "another old heater of the house is there"]), [0.0, 0.0]);
        let mut many = vec![heater; 20];
        many.push("the heaters of the house, and their valves");
        assert!(others(QUESTION, &many).iter().all(|part| *part == 0.0), "it is no rare word");
        assert!(others(QUESTION, &[]).is_empty() && others("", &["a lamp"]) == [0.0]);
    }
}
