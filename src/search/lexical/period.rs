//! The month or the year that a question asks for, and whether a row of a table has a date in it.
//!
//! To the index `July` is a word and `2024-07-03` a number, so that a row of another month of the year has as much of `paid in July 2024` as the right
//! one. Dates are read in the ways in which tables have them; where nobody can tell the day from the month, as in `05/07/2024`, it is both months.
//! What begins or ends with the month (`since July`, `May to July`) asks for other months too: then nothing is told.

use super::date::month;
use crate::base::fold::fold;
use crate::base::table_row::{is_row, values};
use core::mem::take;
use core::ops::RangeInclusive;

/// Years that are told of.
const YEARS: RangeInclusive<u16> = 1900..=2099;

/// A year of two figures from this one on is of the last century.
const LAST_CENTURY_FROM: u16 = 70;

/// Words between a month and its year: July of 2024, julio de 2024.
const BETWEEN: [&str; 4] = ["of", "de", "do", "del"];

/// Words before a month, or a year, that is meant as such and alone.
const WITHIN: &str = "in im en em i в for fur pour para per during year jahr ano annee anno";

/// Words before a month with its year, or behind it, that make it the end of a time: since, between, from.
const ENDS: &str = "before after since until till between from to by onward onwards or later than vor nach seit bis ab \
    zwischen von avant apres depuis jusqu entre desde hasta antes despues prima dopo dal fino voor na \
    sinds tot tussen før efter siden mellem fra fran innan sedan mellan до после с";

/// Words before the month that are looked at.
const LOOKED_BACK: usize = 4;

/// Letters of the name of a month from which on it is one without a year: `mar` and `set` are other words too.
const NAME_FROM: usize = 4;

/// Names with fewer letters that are no other word behind `in`.
const SHORT_NAMES: [&str; 4] = ["may", "mai", "mei", "maj"];

/// Names that days do not have: those of Russian in other cases, and one of Norwegian.
const OTHER_NAMES: [&str; 12] = [
    "январь январе",
    "февраль феврале",
    "март марте",
    "апрель апреле",
    "маи мае",
    "июнь июне",
    "июль июле",
    "август августе",
    "сентябрь сентябре",
    "октябрь октябре",
    "ноябрь ноябре",
    "desember декабрь декабре",
];

/// Whether a word is one of these.
pub(super) fn is_among(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

/// A year, a month of some year, or the month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    year: Option<u16>,
    month: Option<u16>,
}

impl Period {
    const fn of(year: u16, month: u16) -> Self {
        Self { year: Some(year), month: Some(month) }
    }

    /// Whether a date of a row is in it.
    fn has(self, date: Self) -> Fit {
        let same = |asked: Option<u16>, its: Option<u16>| asked.map_or(Some(true), |asked| its.map(|its| its == asked));
        match (same(self.year, date.year), same(self.month, date.month)) {
            (Some(true), Some(true)) => Fit::Inside,
            // Four figures alone may be an amount as well as a year.
            (Some(false), _) | (_, Some(false)) if date.month.is_some() => Fit::Outside,
            _ => Fit::Untold,
        }
    }

    /// Its figures without a sign between them, as the index has them.
    fn joined(self) -> Vec<String> {
        let (Some(year), Some(month)) = (self.year, self.month) else { return Vec::new() };
        vec![
            format!("{month}{year}"),
            format!("{month:02}{year}"),
            format!("{year}{month}"),
            format!("{year}{month:02}"),
        ]
    }
}

/// Whether a row has a date in the period that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// One of its dates is.
    Inside,
    /// It has dates, and none of them is.
    Outside,
    /// It has no date, or one of which that cannot be told.
    Untold,
}

/// What a question asks for: one period, or two where its day and its month cannot be told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked(Vec<Period>);

impl Asked {
    /// What this question asks for; `None` where it has no month or year, several, or one that is an end of the time that is asked for.
    pub(super) fn of(question: &str) -> Option<Self> {
        let pieces = pieces(question);
        let (mut at, mut found) = (0, Vec::new());
        while at < pieces.len() {
            let (periods, count) = periods(&pieces[at..]).or_else(|| alone(&pieces, at)).unwrap_or_default();
            if count > 0 {
                found.push((at, count, periods));
            }
            at += count.max(1);
        }
        let (at, count, periods) = found.pop().filter(|_| found.is_empty())?;
        let has = |words: &str, piece: &Piece| is_among(words, &piece.word);
        let before = &pieces[at.saturating_sub(LOOKED_BACK)..at];
        let is_within = before.last().is_some_and(|piece| has(WITHIN, piece));
        let is_end = !is_within && before.iter().any(|piece| has(ENDS, piece));
        let goes_on = pieces.get(at + count).is_some_and(|piece| has(ENDS, piece) && !has(WITHIN, piece));
        (!is_end && !goes_on).then_some(Self(periods))
    }

    /// Whether a text, if it is a row, has a date in it.
    pub(super) fn fit(&self, text: &str) -> Fit {
        if !is_row(text) {
            return Fit::Untold;
        }
        let dates: Vec<Period> = values(text).flat_map(|(_, value)| dates(value)).collect();
        let fits = || dates.iter().filter(|date| date.month.is_some()).map(move |date| self.has(*date));
        if dates.iter().any(|date| self.has(*date) == Fit::Inside) {
            Fit::Inside
        } else if fits().next().is_some() && fits().all(|fit| fit == Fit::Outside) {
            Fit::Outside
        } else {
            Fit::Untold
        }
    }

    fn has(&self, date: Period) -> Fit {
        let fits = || self.0.iter().map(move |period| period.has(date));
        let all_are = |wanted: Fit| fits().all(|fit| fit == wanted);
        if fits().any(|fit| fit == Fit::Inside) {
            Fit::Inside
        } else if all_are(Fit::Outside) {
            Fit::Outside
        } else {
            Fit::Untold
        }
    }

    /// Whether it is typed by this word or number of the question, in its canonical form, or by a part of it.
    pub(super) fn is_typed_by(&self, word: &str) -> bool {
        let is_of = |period: &Period, piece: &Piece| match part(&piece.word) {
            Part::Month(month) => period.month == Some(month),
            Part::Number(number, _) => [period.year, period.month].contains(&Some(number)),
            Part::Other => period.joined().contains(&piece.word),
        };
        let pieces = pieces(word);
        !pieces.is_empty() && self.0.iter().any(|period| pieces.iter().all(|piece| is_of(period, piece)))
    }
}

/// Whether the value of a row has a date in it.
pub(super) fn has_date(value: &str) -> bool {
    dates(value).iter().any(|date| date.month.is_some())
}

/// The dates of a value, and the month or the year that it is.
fn dates(value: &str) -> Vec<Period> {
    let pieces = pieces(value);
    if let [one] = pieces.as_slice() {
        return match part(&one.word) {
            Part::Month(month) => vec![Period { year: None, month: Some(month) }],
            Part::Number(year, 4) if YEARS.contains(&year) => vec![Period { year: Some(year), month: None }],
            _ => Vec::new(),
        };
    }
    let (mut at, mut found) = (0, Vec::new());
    while at < pieces.len() {
        let (dates, count) = periods(&pieces[at..]).unwrap_or_default();
        found.extend(dates);
        at += count.max(1);
    }
    found
}

/// Letters and figures in a row, and what stands before them, without white space.
struct Piece {
    before: String,
    word: String,
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut before, mut word) = (String::new(), String::new());
    for sign in fold(text).chars().chain([' ']) {
        if sign.is_alphanumeric() {
            word.push(sign);
            continue;
        }
        if BETWEEN.contains(&word.as_str()) {
            word.clear();
        } else if !word.is_empty() {
            pieces.push(Piece { before: take(&mut before), word: take(&mut word) });
        }
        if !sign.is_whitespace() {
            before.push(sign);
        }
    }
    pieces
}

/// What a piece may be of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Other,
    /// A number with so many figures.
    Number(u16, usize),
    Month(u16),
}

fn part(word: &str) -> Part {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = word.split_at(digits);
    if digits == 0 {
        let other = (1..).zip(OTHER_NAMES).find(|(_, names)| is_among(names, word)).map(|(month, _)| month);
        return month(word).or(other).map_or(Part::Other, Part::Month);
    }
    // Ordinals of English, and the time of a day as ISO 8601 has it: 3rd, 2024-07-03T09:30.
    let is_time = rest.strip_prefix('t').is_some_and(|time| time.starts_with(|sign: char| sign.is_ascii_digit()));
    let is_number = rest.is_empty() || is_time || ["st", "nd", "rd", "th"].contains(&rest);
    match number.parse() {
        Ok(value) if is_number && matches!(digits, 1 | 2 | 4) => Part::Number(value, digits),
        _ => Part::Other,
    }
}

/// The months that the first of these pieces may be, and how many pieces those are.
fn periods(pieces: &[Piece]) -> Option<(Vec<Period>, usize)> {
    use Part::{Month, Number};
    let part = |at: usize| pieces.get(at).map_or(Part::Other, |piece| part(&piece.word));
    let sign = |at: usize| pieces.get(at).map_or("", |piece| piece.before.as_str());
    let is_joined = |at: usize| matches!(sign(at), "-" | "/" | ".");
    let is_near = |at: usize| matches!(sign(at), "" | "." | "," | "-" | "/" | ".,");
    let are_alike = is_joined(1) && sign(1) == sign(2);
    let one = |year: u16, month: u16, count: usize| {
        let is_one = YEARS.contains(&year) && (1..=12).contains(&month);
        is_one.then(|| (vec![Period::of(year, month)], count))
    };
    match [part(0), part(1), part(2)] {
        [Number(year, 4), Number(month, 1 | 2), Number(_, 1 | 2)] if are_alike => one(year, month, 3),
        [Number(first, 1 | 2), Number(second, 1 | 2), Number(year, figures)]
            if are_alike && (figures == 4 || figures == 2 && sign(1) != "-") =>
        {
            let year = if figures == 2 { full(year) } else { year };
            let (day_first, month_first) = (one(year, second, 3), one(year, first, 3));
            match (day_first, month_first.filter(|_| sign(1) != "." && first != second)) {
                (Some((mut dates, count)), Some((others, _))) => {
                    dates.extend(others);
                    Some((dates, count))
                }
                (day_first, month_first) => day_first.or(month_first),
            }
        }
        [Number(_, 1 | 2), Month(month), Number(year, 4)] | [Month(month), Number(_, 1 | 2), Number(year, 4)]
            if is_near(1) && is_near(2) =>
        {
            one(year, month, 3)
        }
        [Month(month), Number(year, 4), _] if is_near(1) => one(year, month, 2),
        [Number(year, 4), Number(month, 2), _] | [Number(month, 1 | 2), Number(year, 4), _] if is_joined(1) => {
            one(year, month, 2)
        }
        _ => None,
    }
}

/// A month without a year, or a year, behind a word that tells that it is meant so.
fn alone(pieces: &[Piece], at: usize) -> Option<(Vec<Period>, usize)> {
    let before = pieces.get(at.checked_sub(1)?)?;
    let piece = pieces.get(at).filter(|_| is_among(WITHIN, &before.word))?;
    let is_name = piece.word.chars().count() >= NAME_FROM || SHORT_NAMES.contains(&piece.word.as_str());
    let period = match part(&piece.word) {
        Part::Month(month) if is_name => Period { year: None, month: Some(month) },
        Part::Number(year, 4) if YEARS.contains(&year) => Period { year: Some(year), month: None },
        _ => return None,
    };
    Some((vec![period], 1))
}

const fn full(year: u16) -> u16 {
    if year < LAST_CENTURY_FROM { 2000 + year } else { 1900 + year }
}

#[cfg(test)]
#[path = "period_test.rs"]
mod tests;
