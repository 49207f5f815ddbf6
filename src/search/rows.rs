//! How sure the row of a table is that stands first.
//!
//! A row has names and values and no sentence: of `What did the vet cost?` it can have the vet, and `cost` at most by the name of a column. So it is
//! measured by less than a passage of prose is. That holds only where nothing speaks against it: it has each word of the question that any passage
//! has, but for common ones, and one of them names it, as few passages have that word. Nor may it have another month than the question, or say that what
//! the question denies is so ([`Verdicts`]).

use super::fusion::sure;
use super::lexical::bm25::{is_known, possible_by, rarest, telling};
use super::lexical::conditions::{Conditions, Verdict};
use super::lexical::terms::QueryTerms;
use crate::base::hit::{CorpusStatistics, SearchHit};
use crate::base::table_row::is_row;
use std::collections::BTreeSet;

/// Passages that have a word at most for it to name a row: a person has several rows, in lists of members, loans and payments. Chosen.
const NAMING: u32 = 5;

/// The part of what the rarest of words tells from which on a word is not common: the same as `scores` asks of a question's only word.
const UNCOMMON: f32 = 0.5;

/// What a word that no passage has counts of the question, beside what it counts for prose: it may be what is asked of the row, which no row says, or
/// another name than the row's. Chosen between the two: a row with one of two such words is a possible answer, and no sure one (docs/evidence.md,
/// "Rows of tables").
const UNKNOWN_PART: f32 = 0.5;

/// What hits say of what a question asks of a row beside its words, in their order.
pub(super) struct Verdicts {
    conditions: Option<Conditions>,
    each: Vec<Verdict>,
}

impl Verdicts {
    /// Those of these hits. Of hits that are no rows nothing is told.
    pub(super) fn of<'a>(terms: &QueryTerms, hits: impl Iterator<Item = &'a SearchHit>) -> Self {
        let conditions = Conditions::of(terms);
        let each = conditions.as_ref().map_or_else(Vec::new, |all| hits.map(|hit| all.verdict(&hit.text)).collect());
        Self { conditions, each }
    }

    /// Whether this is what a hit says.
    pub(super) fn is(&self, at: usize, verdict: Verdict) -> bool {
        self.each.get(at) == Some(&verdict)
    }

    /// For each hit whether this is what it says; `None` if none says it.
    pub(super) fn that_are(&self, verdict: Verdict) -> Option<Vec<bool>> {
        self.each.contains(&verdict).then(|| self.each.iter().map(|one| *one == verdict).collect())
    }

    /// Terms of the question that a hit has in another form: a row with a date in July has `July`.
    pub(super) fn told(&self, at: usize) -> BTreeSet<usize> {
        let conditions = self.conditions.as_ref().filter(|_| self.is(at, Verdict::Met));
        conditions.map(|all| all.terms_of_date().clone()).unwrap_or_default()
    }
}

/// How sure a hit with this BM25 score is as the row of a table, 0 to 1; `None` where it is none, or lacks what the question asks for. Terms that it is
/// `told` to have in another form are left out of the question.
pub(super) fn sure_of_row(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    told: &BTreeSet<usize>,
    (hit, words): (&SearchHit, f32),
) -> Option<f32> {
    if !is_row(&hit.text) {
        return None;
    }
    let chunks = |at: usize| statistics.document_frequencies.get(at).copied().unwrap_or_default();
    let has = |at: usize| hit.frequencies.counts.get(at).is_some_and(|count| *count > 0);
    let is_number = |forms: &[String]| forms.iter().any(|form| form.bytes().any(|byte| byte.is_ascii_digit()));
    let least = UNCOMMON * rarest(statistics);
    let mut is_named = false;
    for (at, forms) in terms.looked_up().filter(|(at, _)| !terms.is_told(*at, |_| true) && !told.contains(at)) {
        let is_known = is_known(statistics, at);
        let lacks = is_known && !has(at) && telling(statistics.chunks, chunks(at)) >= least;
        if lacks || !is_known && is_number(forms) {
            return None;
        }
        is_named |= has(at) && chunks(at) <= NAMING;
    }
    let known = possible_by(terms, statistics, |at| is_known(statistics, at) && !told.contains(&at));
    let unknown = possible_by(terms, statistics, |at| !is_known(statistics, at) && !told.contains(&at));
    let possible = UNKNOWN_PART.mul_add(unknown, known);
    is_named.then(|| sure(0.0, (possible, rarest(statistics)), &[(0.0, words)]))
}

#[cfg(test)]
mod tests {
    use super::super::lexical::bm25::bm25;
    use super::super::lexical::hits_test::hits;
    use super::*;

    /// As long as a row counts at least.
    const NOTE: &str = "The lamp of the long hall is broken, and nobody knows where the ladder stands by now, as it was lent to the people of the \
        second floor in spring and never came back to us";
    const ROW: &str = "Date: 2024-03-02; Payee: Tierarzt Falk; Purpose: vaccination of the tomcat; Amount: -48.20";

    /// How sure the first of these texts is as a row, among forty notes.
    fn sure_of(question: &str, texts: &[&str]) -> Option<f32> {
        let texts: Vec<&str> = texts.iter().copied().chain([NOTE; 40]).collect();
        let terms = QueryTerms::new(question);
        let (hits, statistics) = hits(&terms, ["/0.csv", ""], &texts);
        let told = Verdicts::of(&terms, hits.iter()).told(0);
        sure_of_row(&terms, &statistics, &told, (&hits[0], bm25(&terms, &statistics, &hits[0].frequencies)))
    }

    #[test]
    fn a_row_that_has_what_is_named_is_a_possible_answer_though_no_passage_says_what_is_asked_of_it() {
        let vet = sure_of("Was hat der Tierarzt gekostet?", &[ROW]).unwrap();
        assert!((0.3..0.7).contains(&vet), "{vet}");
        let all = sure_of("What was the purpose of Tierarzt Falk?", &[ROW]).unwrap();
        assert!(all > 0.8, "{all}");
        let common = "Where does the lamp of the payee Tierarzt stand?";
        assert!(sure_of(common, &[ROW]).is_some(), "what most passages have tells nothing");
    }

    #[test]
    fn a_row_with_a_date_in_the_month_that_is_asked_for_has_the_month_though_a_note_has_its_name() {
        let note =
            "In March the tomcat was ill, and we called everybody whom we knew in the whole town before somebody came";
        let of = |month: &str| sure_of(&format!("payment to Tierarzt Falk in {month} 2024"), &[ROW, note, note]);
        assert!(of("March").is_some_and(|sure| sure > 0.3), "{:?}", of("March"));
        assert_eq!(sure_of("payment to Tierarzt Falk about March", &[ROW, note, note]), None, "no month is asked for");
    }

    #[test]
    fn prose_and_rows_that_lack_a_word_of_some_passage_or_a_number_or_that_nothing_names_are_measured_as_before() {
        let question = "Was hat der Tierarzt gekostet?";
        assert_eq!(sure_of(question, &["We paid the Tierarzt in cash, and he vaccinated the tomcat"]), None);
        let heaters = "The heaters are bled in autumn, before the rooms are cold";
        let purifier = "Item: air purifier; Brand: Norda; Room: study; Price: 89.00";
        assert_eq!(sure_of("How do I get air out of the heaters?", &[purifier, heaters]), None);
        assert_eq!(sure_of("Tierarzt 4711", &[ROW]), None);
        assert_eq!(sure_of(question, &[ROW; 6]), None);
        assert_eq!(sure_of("vaccination of the hamster and the tomcat", &[ROW; 6]), None);
    }
}
