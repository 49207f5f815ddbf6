//! Numbers whose groups of figures are joined by one sign each, such as `1482.8`, `246/5-6` and `10:30`: each is one number.
//!
//! Another last figure makes another number of it, as short as its groups may be: `1.5 bar` is not `1.4 bar`. A passage has it if it has the
//! same groups in the same order, joined by any one such sign, by none where the figures are many enough for that to be no other number, or by
//! blanks where people write some. In an amount the signs of thousands are as good as none (`2.189,61`, `2189.61`, `2 189,61`), and zeros at the
//! end of decimals too. Zeros before another number may be left out, and the number of a country may stand in their place.
//!
//! Days and months of a year are none of these, as people write them in many ways: `numbers` looks for their parts. A span such as `2019-2020` is
//! also there where both of its ends are.

use super::date::Days;
use super::figures::{Day, Figures, Gap, Group, THOUSAND, is_day_of_month, is_month, is_year, value};
use super::typed::units;
use crate::limits::GROUPED_NUMBERS_MAX;
use core::ops::Range;

/// Groups of a day.
const DAY_GROUPS: usize = 3;

/// Words behind which two groups that may be a day and a month are taken for these (`on 12.3`), in some languages. Chosen: words that often stand
/// before an amount, as `bis` and `to`, are left out.
const BEFORE_DAY: [&str; 10] = ["on", "am", "vom", "since", "seit", "le", "el", "il", "op", "den"];

/// A number of a question that is one, whatever joins its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grouped {
    /// As it is typed.
    pub(super) typed: String,
    /// Its groups of figures.
    pub(super) groups: Vec<String>,
    /// The ways to write it, of which a passage has one.
    ways: Vec<Figures>,
    /// The ends of the span that it may be: a passage that has both is as good.
    ends: Vec<Figures>,
}

impl Grouped {
    /// Its figures.
    pub(super) fn figures(&self) -> String {
        self.groups.concat()
    }

    /// Whether a text has it, whose letters and figures these are, each with what stands before it.
    pub(super) fn is_in(&self, signs: &[char], gaps: &[Gap]) -> bool {
        let are_in = |figures: &Figures| figures.are_in(signs, gaps);
        self.ways.iter().any(are_in) || !self.ends.is_empty() && self.ends.iter().all(are_in)
    }
}

/// The numbers of a question that are joined, each once; of a pasted table the first `limits::GROUPED_NUMBERS_MAX`.
pub(super) fn grouped(question: &str) -> Vec<Grouped> {
    let mut chains: Vec<Chain<'_>> = Vec::new();
    let mut ended = 0;
    for unit in units(question) {
        let between = question.get(ended..unit.start).unwrap_or_default();
        let group = question.get(unit.clone()).unwrap_or_default();
        ended = unit.end;
        let is_joined = matches!(Gap::of(between), Gap::Point(_) | Gap::Stroke);
        match chains.last_mut().filter(|_| is_joined) {
            Some(chain) => {
                chain.groups.push((between, group));
                chain.place.end = unit.end;
            }
            None => chains.push(Chain { place: unit, groups: vec![(between, group)] }),
        }
    }
    let mut found: Vec<Grouped> = Vec::new();
    for (at, chain) in chains.iter().enumerate() {
        if found.len() >= GROUPED_NUMBERS_MAX {
            break;
        }
        let before = chains.get(..at).unwrap_or_default();
        let one = if chain.is_day(question) { None } else { chain.grouped(before, question) };
        found.extend(one.filter(|one| !found.contains(one)));
    }
    found
}

/// Groups of letters and figures that are joined by one sign each.
#[derive(Clone)]
struct Chain<'a> {
    place: Range<usize>,
    groups: Vec<Group<'a>>,
}

impl<'a> Chain<'a> {
    /// The number that it is, if it is one of figures alone. `before` has what stands before it in the question.
    fn grouped(&self, before: &[Self], question: &str) -> Option<Grouped> {
        if self.groups.len() < 2 || !self.groups.iter().all(|(_, group)| is_number(group)) {
            return None;
        }
        let thousands = self.with_thousands(before);
        let whole = thousands.as_ref().unwrap_or(self);
        let (mut ways, mut ends) = (vec![Figures::of(&whole.groups)], Vec::new());
        if thousands.is_some() {
            ways.push(Figures::of(&self.groups));
        } else {
            if let Some((from, to)) = self.ends() {
                // Two figures are a count, as in `3-4 weeks`.
                if self.groups.iter().all(|(_, group)| group.len() < 2) && self.groups.len() == 2 {
                    return None;
                }
                ends = vec![Figures::of(from), Figures::of(to)];
            }
            let (decimals, without_zeros) = (Figures::of_decimals(&self.groups), Figures::without_zeros(&self.groups));
            let others = [decimals, without_zeros, self.as_iso_has_it(), self.as_other_season()];
            ways.extend(others.into_iter().flatten());
        }
        Some(Grouped {
            typed: question.get(whole.place.clone()).unwrap_or_default().to_owned(),
            groups: whole.groups.iter().map(|(_, group)| (*group).to_owned()).collect(),
            ways,
            ends,
        })
    }

    /// Whether all of it is a day, the month of a year, or from one day to another; of a day without a year, as `12.3.`, where a point follows it, or
    /// such a word as `on` stands before it.
    fn is_day(&self, question: &str) -> bool {
        if are_day(&self.groups) || self.is_from_day_to_day() {
            return true;
        }
        let [(_, first), (sign, second)] = self.groups.as_slice() else { return false };
        let is_after_year = second.len() == 2 || Gap::of(sign) == Gap::Stroke;
        let is_of_year = is_year(second) && is_month(first) || is_year(first) && is_month(second) && is_after_year;
        let has_point = || question.get(self.place.end..).is_some_and(|rest| rest.starts_with('.'));
        is_of_year || Day::of(&self.groups) != Day::No && (has_point() || self.is_behind_word_of_day(question))
    }

    /// Whether two days are joined by a dash, or a day and the day of its month from which on it is.
    fn is_from_day_to_day(&self) -> bool {
        let dashes = self.groups.iter().enumerate().skip(1).filter(|(_, group)| is_dash(group));
        dashes
            .map(|(at, _)| self.groups.split_at(at))
            .any(|(from, to)| are_day(to) && (are_day(from) || matches!(from, [(_, day)] if is_day_of_month(day))))
    }

    fn is_behind_word_of_day(&self, question: &str) -> bool {
        let before = question.get(..self.place.start).and_then(|before| before.strip_suffix(' ')).unwrap_or_default();
        let word = before.rsplit(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
        BEFORE_DAY.contains(&word.to_lowercase().as_str())
    }

    /// It with the thousands that stand before it with blanks between, as in `2 189,61`.
    fn with_thousands(&self, before: &[Self]) -> Option<Self> {
        let [(_, first), (sign, _)] = self.groups.as_slice() else { return None };
        if first.len() != THOUSAND || !matches!(Gap::of(sign), Gap::Point(_)) {
            return None;
        }
        let mut whole = self.clone();
        for one in before.iter().rev() {
            let [(_, group)] = one.groups.as_slice() else { break };
            let is_apart = whole.groups.first().is_some_and(|(between, _)| Gap::of(between) == Gap::Blank);
            if !is_apart || !is_number(group) || group.len() > THOUSAND {
                break;
            }
            whole.place.start = one.place.start;
            whole.groups = one.groups.iter().chain(&whole.groups).copied().collect();
            if group.len() < THOUSAND {
                break;
            }
        }
        (whole.groups.len() > self.groups.len()).then_some(whole)
    }

    /// The ends of the span that it may be: a lesser and a greater number of as many groups, with a dash between.
    fn ends(&self) -> Option<(&[Group<'a>], &[Group<'a>])> {
        let at = 1 + self.groups.iter().skip(1).position(is_dash)?;
        let (from, to) = self.groups.split_at(at);
        let values = |groups: &[Group<'_>]| -> Vec<u64> {
            groups.iter().map(|(_, group)| group.parse().unwrap_or(u64::MAX)).collect()
        };
        let is_span = !to.iter().skip(1).any(is_dash) && from.len() == to.len() && values(from) < values(to);
        is_span.then_some((from, to))
    }

    /// The day and the month that it is with two figures each, as they stand in `2024-03-12`. Of `1.5` another day would be as good as the amount.
    fn as_iso_has_it(&self) -> Option<Figures> {
        let [(_, day), (_, month)] = self.groups.as_slice() else { return None };
        (Day::of(&self.groups) == Day::Padded).then(|| Figures::of(&[("", *month), ("-", *day)]))
    }

    /// The season that it may be as others write it: `2024/25` as `2024/2025`, and the other way round.
    fn as_other_season(&self) -> Option<Figures> {
        let [(_, first), (sign, second)] = self.groups.as_slice() else { return None };
        if Gap::of(sign) != Gap::Stroke || !is_year(first) {
            return None;
        }
        let next = (value(first)? + 1).to_string();
        let short = next.get(2..)?;
        let other = match *second {
            second if second == next => short,
            second if second == short => next.as_str(),
            _ => return None,
        };
        Some(Figures::of(&[("", *first), ("/", other)]))
    }
}

/// Whether these groups are a day of a year, and nothing more.
fn are_day(groups: &[Group<'_>]) -> bool {
    let mut days = Days::default();
    groups.len() == DAY_GROUPS && groups.iter().any(|(between, group)| days.add(group, between).is_some())
}

fn is_dash((between, _): &Group<'_>) -> bool {
    matches!(*between, "-" | "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}")
}

fn is_number(group: &str) -> bool {
    group.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[path = "grouped_test.rs"]
mod tests;
