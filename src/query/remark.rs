//! Which remarks of what no passage has are left out, as the best answer has it all the same, or is sure.

use super::merge::Merged;
use crate::base::table_row::is_row;
use crate::search::lexical::absent::has_other_forms;
use crate::search::lexical::numbers::Missing;
use crate::search::lexical::terms::QueryTerms;

/// The score from which on an answer is a strong one, as the page calls it (`http/page/hits.js`).
const STRONG: f32 = 0.7;

/// Whether the best of these hits is a strong answer: then nothing is said of what else a search cannot find.
#[must_use]
pub fn is_strong(hits: &[Merged]) -> bool {
    hits.first().is_some_and(|first| first.score >= STRONG)
}

/// Those of the missing numbers that are told beside these hits, the best first: none beside a strong answer, nor one that the row of a table has which
/// is the best hit, as its other words are names of columns in whichever language.
#[must_use]
pub fn still_missing(missing: &[Missing], hits: &[Merged]) -> Vec<Missing> {
    if is_strong(hits) {
        return Vec::new();
    }
    let has = |number: &&Missing| hits.first().is_some_and(|first| is_row(&first.hit.text) && number.is_in(&first.hit));
    missing.iter().filter(|number| !has(number)).cloned().collect()
}

/// Whether it is still told beside these hits, the best first, that no passage has the words of a short question.
#[must_use]
pub fn are_still_absent(terms: &QueryTerms, hits: &[Merged]) -> bool {
    hits.first().is_some_and(|first| first.score < STRONG && !has_other_forms(terms, &first.hit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hit::{CorpusStatistics, Found, SearchHit};
    use crate::query::merge::{lacking, merge};
    use crate::query::question::Question;

    /// What is told of the missing numbers of a question beside its answer, how strong that is, and whether its words are still absent.
    fn told(question: &str, texts: &[(&str, f32)]) -> (Vec<String>, f32, bool) {
        let question = Question::from(question);
        let terms = question.terms();
        let hit = |(text, cosine): &(&str, f32)| {
            let hit = SearchHit::of_text("/0.csv", text, terms.count(["", "", text]));
            SearchHit { cosine: *cosine, ..hit }
        };
        let hits: Vec<SearchHit> = texts.iter().map(hit).collect();
        let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
        let lists = vec![(None, Found { hits, statistics, ..Found::default() })];
        let lacking = lacking(&question, &lists);
        let hits = merge(&question, lists, &lacking, 3);
        let numbers = still_missing(&lacking.missing, &hits).into_iter().map(|one| one.number).collect();
        (numbers, hits[0].score, are_still_absent(&terms, &hits))
    }

    #[test]
    fn a_number_that_the_best_row_has_is_not_told_as_missing_and_one_that_nobody_has_is() {
        let row = ("Vertrag: Hausrat; Policennummer: 815.4711; Firma: Nordstern", 0.6);
        let other = ("The policy of the car is in the blue folder", 0.1);
        assert_eq!(told("Which policy is 815.4711?", &[row, other]).0, Vec::<String>::new());
        assert_eq!(told("Which policy is 815.4712?", &[row, other]).0, ["815.4712"]);
    }

    #[test]
    fn words_are_not_told_as_absent_where_the_best_hit_has_them_in_another_form_or_within_a_longer_word() {
        let row = |item: &str| format!("Sache: {item}; Raum: Keller");
        let other = ("Das Fahrrad steht im Hof", 0.0);
        for (question, item, is_absent) in [
            ("Waschmaschinen", "Waschmaschine", false),
            ("Maschinen", "Waschmaschine", false),
            ("Heckenscherz", "Waschmaschine", true),
        ] {
            let row = row(item);
            let (_, score, is) = told(question, &[(row.as_str(), 0.3), other]);
            assert_eq!(is, is_absent, "{question}: {score}");
        }
        assert!(include_str!("../http/page/hits.js").contains("STRONG = 0.7,"), "the page calls the same strong");
    }

    #[test]
    fn beside_a_strong_answer_nothing_is_told() {
        let merged = |score: f32| {
            let hit = SearchHit::of_text("/0.md", "The lamp", QueryTerms::new("hedgerow").count(["", "", "The lamp"]));
            vec![Merged { device: None, score, hit, places: Vec::new() }]
        };
        let terms = QueryTerms::new("hedgerow");
        assert!(is_strong(&merged(0.8)) && !is_strong(&merged(0.5)) && !is_strong(&[]));
        assert!(!are_still_absent(&terms, &merged(0.8)) && are_still_absent(&terms, &merged(0.5)));
        assert!(!are_still_absent(&terms, &[]), "nothing is shown that could be like it");
    }
}
