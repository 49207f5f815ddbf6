//! What a question asks of the values of a table's row beside its words: the month or the year of a date (`period`), and that something is not so
//! (`negation`).

use super::negation::Negation;
use super::period::{Asked, Fit};
use super::terms::QueryTerms;
use crate::base::table_row::is_row;
use std::collections::BTreeSet;

/// What a text says of what is asked of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is asked of it, it is no row, or it has no date.
    Untold,
    /// All of it is so.
    Met,
    /// Something is denied, and nothing in the row tells whether it is so.
    Open,
    /// Something is not so.
    Broken,
}

/// What a question asks of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    period: Option<Asked>,
    negation: Option<Negation>,
    terms: BTreeSet<usize>,
}

impl Conditions {
    /// Those of the question that these terms are of; `None` if it has none.
    #[must_use]
    pub fn of(terms: &QueryTerms) -> Option<Self> {
        let question = terms.question();
        let period = Asked::of(question);
        let is_of_date = |word: &str| period.as_ref().is_some_and(|period| period.is_typed_by(word));
        let negation = Negation::of(question, terms).map(|negation| negation.without(is_of_date));
        let its: BTreeSet<usize> =
            terms.looked_up().map(|(at, _)| at).filter(|at| is_of_date(terms.word(*at))).collect();
        (period.is_some() || negation.is_some()).then_some(Self { period, negation, terms: its })
    }

    /// What a text says of them.
    #[must_use]
    pub fn verdict(&self, text: &str) -> Verdict {
        if !is_row(text) {
            return Verdict::Untold;
        }
        let of_date = self.period.as_ref().map(|period| match period.fit(text) {
            Fit::Inside => Verdict::Met,
            Fit::Outside => Verdict::Broken,
            Fit::Untold => Verdict::Untold,
        });
        let of_denied = self.negation.as_ref().map(|negation| match negation.is_met_by(text) {
            Some(true) => Verdict::Met,
            Some(false) => Verdict::Broken,
            None if negation.is_certain() => Verdict::Open,
            None => Verdict::Untold,
        });
        let verdicts = [of_date, of_denied];
        let one_is = |wanted: Verdict| verdicts.contains(&Some(wanted));
        if one_is(Verdict::Broken) {
            Verdict::Broken
        } else if one_is(Verdict::Open) {
            Verdict::Open
        } else if one_is(Verdict::Untold) {
            Verdict::Untold
        } else {
            Verdict::Met
        }
    }

    /// The terms of the question by which the month or the year is typed: a row that has a date in it has them, in another form.
    #[must_use]
    pub const fn terms_of_date(&self) -> &BTreeSet<usize> {
        &self.terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_meets_what_is_asked_if_all_of_it_is_so_and_breaks_it_if_one_thing_is_not() {
        let of = |question: &str, text: &str| Conditions::of(&QueryTerms::new(question)).map(|all| all.verdict(text));
        let question = "Which invoices were not paid in July 2024?";
        for (row, verdict) in [
            ("Invoice: 17; Date: 2024-07-03; Paid: no", Verdict::Met),
            ("Invoice: 17; Date: 2024-05-11; Paid: no", Verdict::Broken),
            ("Invoice: 17; Date: 2024-07-03; Paid: yes", Verdict::Broken),
            ("Invoice: 17; Date: 2024-07-03; Note: late", Verdict::Open),
            ("Invoice: 17; Paid: no", Verdict::Untold),
            ("Invoice 17 was paid on 2024-05-11", Verdict::Untold),
        ] {
            assert_eq!(of(question, row), Some(verdict), "{row}");
        }
        assert_eq!(of("the unknown stairs", "Room: stairs; Lamp: yes"), Some(Verdict::Untold), "it may deny nothing");
        assert_eq!(of("Which invoices were paid?", "Invoice: 17; Paid: no"), None);
    }

    #[test]
    fn the_terms_of_a_month_are_those_by_which_it_is_typed() {
        for (question, count) in [("invoices of July 2024", 2), ("invoices 07/2024", 3), ("unpaid invoices", 0)] {
            let terms = QueryTerms::new(question);
            assert_eq!(Conditions::of(&terms).unwrap().terms_of_date().len(), count, "{question}");
        }
    }
}
