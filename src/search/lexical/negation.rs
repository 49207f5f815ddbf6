//! What a question says is not so, and whether a row of a table says that it is.
//!
//! `not` is a small word and counts for nothing, and the name of a column is in each row, so that of `Which invoices were not paid?` a row with
//! `Paid: yes` has as much as one with `Paid: no`. So the value of the column that has what is denied is looked at, or else a short value that has it
//! itself, as `Status: paid`.

use super::inflection::are_forms_of_one;
use super::language::Language;
use super::period::{has_date, is_among};
use super::stop_word::is_stop_word;
use super::terms::QueryTerms;
use crate::base::fold::{fold, words};
use crate::base::table_row::values;

/// Words that deny what stands beside them, in the languages that small words are known of.
const DENY: &str = "not cannot never without nicht kein keine keinen keinem keiner keines nie niemals ohne non jamais \
    sans nunca nao niet geen nooit zonder ikke ingen intet inte inget inga aldrig aldri не нет без \
    никогда";

/// What has a number: behind it, `no` is short for that.
const NUMBERED: &str = "account article case contract customer file house invoice item license member meter model order part \
    passport phone policy ref room serial tel telephone ticket";

/// Beginnings of words that deny the rest.
const PREFIXES: [&str; 3] = ["un", "nicht", "non"];

/// Letters that are left of such a word at least: of `under` too few are.
const REST_FROM: usize = 4;

/// Words of the value of a column of states at most. With more it is a note, which may have a word for another reason.
const STATE_WORDS: usize = 4;

const YES: &str = "yes y true ja j wahr si s oui vrai sim да x 1 ✓ ✔ ☑ ✅";
const NO: &str = "no n false nein falsch non faux nao nee nej nei нет 0 - – — ✗ ✘ ☐ ❌ open offen outstanding pending \
    ausstehend";

/// What is so on a day that may be still to come: a date in its column is no yes.
const TO_COME: [&str; 6] = ["due", "fallig", "valid", "gultig", "expired", "abgelaufen"];

/// What a question denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Negation {
    /// Words that may be what is denied, the likeliest first.
    words: Vec<String>,
    /// Whether a word of its own denies it; else the beginning of one may.
    is_certain: bool,
}

impl Negation {
    /// What this question denies; `None` if it denies nothing.
    pub(super) fn of(question: &str, terms: &QueryTerms) -> Option<Self> {
        let all: Vec<String> = words(question).collect();
        // A number is of a date or an amount: nobody denies it, and many values have it.
        let tells = |word: &&String| {
            !is_stop_word(word, terms.languages())
                && !is_denial(word)
                && !word.bytes().any(|byte| byte.is_ascii_digit())
        };
        let rests = all.iter().filter(tells).flat_map(|word| rests(word)).map(str::to_owned);
        let mut denied: Vec<String> = rests.collect();
        let at = (0..all.len()).find(|at| is_denial(&all[*at]) || is_no(&all, *at, terms));
        if let Some(at) = at {
            let mut beside: Vec<&String> = all[at + 1..].iter().filter(tells).collect();
            if beside.is_empty() {
                beside = all[..at].iter().rev().filter(tells).collect();
            }
            denied.extend(beside.into_iter().cloned());
        }
        (at.is_some() || !denied.is_empty()).then_some(Self { words: denied, is_certain: at.is_some() })
    }

    /// The same without the words by which a date is typed.
    pub(super) fn without(mut self, is_of_date: impl Fn(&str) -> bool) -> Self {
        self.words.retain(|word| !is_of_date(word));
        self
    }

    /// Whether a row says that what is denied is not so, or that it is; `None` if it says nothing of it.
    pub(super) fn is_met_by(&self, row: &str) -> Option<bool> {
        let values: Vec<(Vec<String>, String)> = values(row)
            .map(|(name, value)| (words(name.unwrap_or_default()).collect(), fold(value).into_owned()))
            .collect();
        let by_column = |word: &String| {
            let mut its = values.iter().filter(|(name, _)| name.iter().any(|one| are_forms_of_one(one, word)));
            its.find_map(|(_, value)| is_no_value(value, word))
        };
        let by_value = |word: &String| values.iter().find_map(|(_, value)| is_denied_in(value, word));
        self.words.iter().find_map(by_column).or_else(|| self.words.iter().find_map(by_value))
    }

    /// Whether it is certain that something is denied.
    pub(super) const fn is_certain(&self) -> bool {
        self.is_certain
    }
}

fn is_denial(word: &str) -> bool {
    is_among(DENY, word) || word.ends_with("n't")
}

/// Whether the word here is a `no` that denies: not that of `invoice no 17`, nor the `no` of Portuguese, which is `in the`.
fn is_no(all: &[String], at: usize, terms: &QueryTerms) -> bool {
    let is_number = at.checked_sub(1).is_some_and(|before| is_among(NUMBERED, &all[before]));
    let is_before_word = all.get(at + 1).is_some_and(|next| next.chars().all(char::is_alphabetic));
    let is_other = is_number || terms.languages() == [Language::Portuguese];
    all[at] == "no" && is_before_word && !is_other
}

/// What is left of a word without a beginning that denies.
fn rests(word: &str) -> impl Iterator<Item = &str> {
    let rests = PREFIXES.iter().filter_map(move |prefix| word.strip_prefix(*prefix));
    rests.filter(|rest| rest.chars().count() >= REST_FROM)
}

/// Whether the value of the column of a word says no; `None` if it says neither yes nor no.
fn is_no_value(value: &str, word: &str) -> Option<bool> {
    if is_among(NO, value) {
        return Some(true);
    }
    let is_yes = is_among(YES, value) || has_date(value) && !TO_COME.contains(&word);
    is_yes.then_some(false)
}

/// Whether a short value denies this word; `None` if it does not have it.
fn is_denied_in(value: &str, word: &str) -> Option<bool> {
    let its: Vec<String> = words(value).collect();
    if its.len() > STATE_WORDS {
        return None;
    }
    let is_denied = its.iter().any(|one| rests(one).any(|rest| are_forms_of_one(rest, word)));
    let has = its.iter().any(|one| are_forms_of_one(one, word));
    (is_denied || has).then(|| is_denied || its.iter().any(|one| is_denial(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(question: &str, row: &str) -> Option<Option<bool>> {
        Negation::of(question, &QueryTerms::new(question)).map(|negation| negation.is_met_by(row))
    }

    #[test]
    fn what_is_denied_is_met_by_a_no_and_broken_by_a_yes_a_date_or_the_word_itself() {
        for (question, no, yes) in [
            ("Which invoices were not paid in July 2024?", "Invoice: 17; Paid: no", "Invoice: 17; Paid: yes"),
            ("Which invoices weren't paid?", "Invoice: 17; Paid: no", "Invoice: 17; Paid on: 2024-07-03"),
            ("unpaid invoices", "Invoice: 17; Status: unpaid", "Invoice: 17; Status: paid"),
            ("Which invoices are unpaid?", "Invoice: 17; Paid: no", "Invoice: 17; Paid: yes"),
            ("Welche Rechnungen sind nicht bezahlt?", "Rechnung: 17; Bezahlt: nein", "Rechnung: 17; Bezahlt: ja"),
            ("unbezahlte Rechnungen", "Rechnung: 17; Bezahlt: nein", "Rechnung: 17; Bezahlt am: 03.07.2024"),
            ("Which tools were not returned?", "Tool: saw; Returned: -", "Tool: saw; Returned: x"),
            ("Which members have no key?", "Member: Anna; Key: no", "Member: Anna; Key: yes"),
            ("Who has not paid the fee?", "Member: Anna; Fee paid: no", "Member: Anna; Fee paid: yes"),
            ("facturas no pagadas", "Factura: 17; Pagada: no", "Factura: 17; Pagada: s\u{ED}"),
            ("What is not done?", "Task: roof; State: not done", "Task: roof; State: done"),
        ] {
            assert_eq!(met(question, no), Some(Some(true)), "{question}: {no}");
            assert_eq!(met(question, yes), Some(Some(false)), "{question}: {yes}");
        }
        for (question, row) in [
            ("Which invoices were not paid?", "Invoice: 17; Date: 2024-07-03"),
            ("Which invoices are not due?", "Invoice: 17; Due: 2024-07-03"),
            ("Which books were not returned?", "Book: Salt; Lent to: Anna"),
        ] {
            assert_eq!(met(question, row), Some(None), "{question}: {row}");
        }
    }

    #[test]
    fn a_question_that_denies_nothing_has_no_negation() {
        for question in [
            "Which invoices were paid?",
            "Is invoice no 17 paid?",
            "phone no of Anna",
            "What is under the stairs?",
            "Wo ist der Schl\u{FC}ssel?",
            "",
        ] {
            assert_eq!(met(question, "Invoice: 17; Paid: yes"), None, "{question}");
        }
    }
}
