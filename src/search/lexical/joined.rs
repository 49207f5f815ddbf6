//! Numbers whose groups of figures are joined by one sign each, such as `1482.8`, `246/5-6` and `10:30`: each is one number.
//!
//! Another last figure makes another number of it, as short as its groups may be: `1.5 bar` is not `1.4 bar`. A passage has it if it has the
//! same groups in the same order, joined by any one such sign, by none where the figures are many enough for that to be no other number, or by
//! blanks where people write some. In an amount the signs of thousands are as good as none (`2.189,61`, `2189.61`, `2 189,61`), and zeros at the
//! end of decimals too.
//!
//! Days and months of a year are none of these, as people write them in many ways: `numbers` looks for their parts. A span such as `2019-2020` is
//! also there where both of its ends are.

use super::date::Days;
use super::typed::units;
use core::ops::Range;

/// Figures of a group of thousands.
const THOUSAND: usize = 3;

/// Figures from which on a number is the same without its signs: of an amount, whose figures may else be a year, and of others.
const WITHOUT_SIGNS_FROM: (usize, usize) = (5, 4);

/// Figures from which on a number that is no amount may have blanks in place of its signs, as telephone numbers have.
const WITH_BLANKS_FROM: usize = 5;

/// Years that a month is told of.
const YEARS: core::ops::RangeInclusive<u16> = 1900..=2099;

/// What stands between two letters or figures of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    None,
    /// One sign that decimals and thousands have.
    Point,
    /// Another sign that joins the parts of one number.
    Stroke,
    /// Such a sign between blanks.
    Padded,
    Blank,
    Other,
}

impl Gap {
    pub(super) fn of(between: &str) -> Self {
        match between {
            "" => Self::None,
            "." | "," | "'" | "\u{2019}" => Self::Point,
            "/" | "-" | ":" | "_" | "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}" | "\u{2044}" | "\u{2212}" => {
                Self::Stroke
            }
            " / " | " - " | " \u{2013} " => Self::Padded,
            " " | "\u{A0}" | "\u{2009}" | "\u{202F}" => Self::Blank,
            _ => Self::Other,
        }
    }
}

/// A number of a question that is one, whatever joins its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// As it is typed.
    pub(super) typed: String,
    /// Its groups of figures.
    pub(super) groups: Vec<String>,
    figures: Figures,
    /// What is as good as it, where a passage has all of these.
    instead: Vec<Figures>,
}

impl Joined {
    /// Its figures.
    pub(super) fn figures(&self) -> String {
        self.groups.concat()
    }

    /// Whether a text has it, whose letters and figures these are, each with what stands before it.
    pub(super) fn is_in(&self, signs: &[char], gaps: &[Gap]) -> bool {
        let are_in = || !self.instead.is_empty() && self.instead.iter().all(|one| one.are_in(signs, gaps));
        self.figures.are_in(signs, gaps) || are_in()
    }
}

/// The numbers of a question that are joined, each once.
pub(super) fn joined(question: &str) -> Vec<Joined> {
    let mut chains: Vec<Chain<'_>> = Vec::new();
    let mut ended = 0;
    for unit in units(question) {
        let between = question.get(ended..unit.start).unwrap_or_default();
        let group = question.get(unit.clone()).unwrap_or_default();
        ended = unit.end;
        let is_joined = matches!(Gap::of(between), Gap::Point | Gap::Stroke);
        match chains.last_mut().filter(|_| is_joined) {
            Some(chain) => {
                chain.groups.push((between, group));
                chain.place.end = unit.end;
            }
            None => chains.push(Chain { place: unit, groups: vec![(between, group)] }),
        }
    }
    let mut found: Vec<Joined> = Vec::new();
    for (at, chain) in chains.iter().enumerate() {
        let rest = question.get(chain.place.end..).unwrap_or_default();
        let before = chains.get(..at).unwrap_or_default();
        let one = if chain.is_day(rest) { None } else { chain.joined(before, question) };
        found.extend(one.filter(|one| !found.contains(one)));
    }
    found
}

/// What stands before a group, and the group.
type Group<'a> = (&'a str, &'a str);

/// Groups of letters and figures that are joined by one sign each.
#[derive(Clone)]
struct Chain<'a> {
    place: Range<usize>,
    groups: Vec<Group<'a>>,
}

impl<'a> Chain<'a> {
    /// The number that it is, if it is one of figures alone. `before` has what stands before it in the question.
    fn joined(&self, before: &[Self], question: &str) -> Option<Joined> {
        if self.groups.len() < 2 || !self.groups.iter().all(|(_, group)| is_number(group)) {
            return None;
        }
        let thousands = self.with_thousands(before);
        let instead = if thousands.is_some() {
            vec![Figures::of(&self.groups)]
        } else if let Some((from, to)) = self.ends() {
            // Two figures are a count, as in `3-4 weeks`.
            if self.groups.iter().all(|(_, group)| group.len() < 2) && self.groups.len() == 2 {
                return None;
            }
            vec![Figures::of(from), Figures::of(to)]
        } else {
            self.as_iso_has_it().into_iter().collect()
        };
        let whole = thousands.as_ref().unwrap_or(self);
        Some(Joined {
            typed: question.get(whole.place.clone()).unwrap_or_default().to_owned(),
            groups: whole.groups.iter().map(|(_, group)| (*group).to_owned()).collect(),
            figures: Figures::of(&whole.groups),
            instead,
        })
    }

    /// Whether it is a day or the month of a year; of a day without a year, as `12.3.`, where a point and more follow it.
    fn is_day(&self, rest: &str) -> bool {
        let mut days = Days::default();
        if self.groups.iter().any(|(between, group)| days.add(group, between).is_some()) {
            return true;
        }
        let [(_, first), (sign, second)] = self.groups.as_slice() else { return false };
        let is_year = |group: &str| group.len() == 4 && value(group).is_some_and(|year| YEARS.contains(&year));
        let is_after_year = second.len() == 2 || Gap::of(sign) == Gap::Stroke;
        let is_of_year = is_year(second) && is_month(first) || is_year(first) && is_month(second) && is_after_year;
        let goes_on = || rest.strip_prefix('.').is_some_and(|rest| rest.contains(char::is_alphanumeric));
        is_of_year || *sign == "." && is_day_of_month(first) && is_month(second) && goes_on()
    }

    /// It with the thousands that stand before it with blanks between, as in `2 189,61`.
    fn with_thousands(&self, before: &[Self]) -> Option<Self> {
        let [(_, first), (sign, _)] = self.groups.as_slice() else { return None };
        if first.len() != THOUSAND || Gap::of(sign) != Gap::Point {
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
        let is_dash =
            |(between, _): &Group<'_>| matches!(*between, "-" | "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}");
        let at = 1 + self.groups.iter().skip(1).position(is_dash)?;
        let (from, to) = self.groups.split_at(at);
        let values = |groups: &[Group<'_>]| -> Vec<u64> {
            groups.iter().map(|(_, group)| group.parse().unwrap_or(u64::MAX)).collect()
        };
        let is_span = !to.iter().skip(1).any(is_dash) && from.len() == to.len() && values(from) < values(to);
        is_span.then_some((from, to))
    }

    /// The day and the month that it may be, as they stand in `2024-03-12`.
    fn as_iso_has_it(&self) -> Option<Figures> {
        let [(_, day), (_, month)] = self.groups.as_slice() else { return None };
        if !is_day_of_month(day) || !is_month(month) {
            return None;
        }
        let [day, month] = [day, month].map(|group| format!("{group:0>2}"));
        Some(Figures::of(&[("", month.as_str()), ("-", day.as_str())]))
    }
}

fn is_number(group: &str) -> bool {
    group.bytes().all(|byte| byte.is_ascii_digit())
}

fn value(group: &str) -> Option<u16> {
    group.parse().ok()
}

fn is_month(group: &str) -> bool {
    group.len() <= 2 && value(group).is_some_and(|month| (1..=12).contains(&month))
}

fn is_day_of_month(group: &str) -> bool {
    group.len() <= 2 && value(group).is_some_and(|day| (1..=31).contains(&day))
}

/// Groups of figures in a row, as they are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Figures {
    figures: Vec<char>,
    /// What stands before each.
    gaps: Vec<Gap>,
    /// Of an amount, how many of them stand before its decimals.
    whole: Option<usize>,
    has_decimals: bool,
}

impl Figures {
    /// Those of these groups, each with what stands before it. Zeros at the end of decimals are left out, unless a single figure would be left.
    fn of(groups: &[Group<'_>]) -> Self {
        let (mut figures, mut gaps): (Vec<char>, Vec<Gap>) = (Vec::new(), Vec::new());
        for (at, (between, group)) in groups.iter().enumerate() {
            let before = if at == 0 { Gap::None } else { Gap::of(between) };
            gaps.extend(group.char_indices().map(|(at, _)| if at == 0 { before } else { Gap::None }));
            figures.extend(group.chars());
        }
        let whole = whole_part(groups);
        let has_decimals = whole.is_some_and(|whole| whole < figures.len());
        if let Some(whole) = whole.filter(|_| has_decimals) {
            let least = if whole < 2 { whole + 1 } else { whole };
            while figures.len() > least && figures.last() == Some(&'0') {
                figures.pop();
            }
            gaps.truncate(figures.len());
        }
        Self { figures, gaps, whole, has_decimals }
    }

    fn are_in(&self, signs: &[char], gaps: &[Gap]) -> bool {
        let size = self.figures.len();
        let mut places = signs.windows(size.max(1)).enumerate();
        places.any(|(at, some)| {
            some == self.figures
                && self.begin(at, signs, gaps)
                && self.end(at + size, signs, gaps)
                && gaps.get(at..at + size).is_some_and(|gaps| self.are_joined_by(gaps))
        })
    }

    /// Whether these begin a number here: zeros may stand before, and no thousands.
    fn begin(&self, at: usize, signs: &[char], gaps: &[Gap]) -> bool {
        let mut from = at;
        while gaps.get(from) == Some(&Gap::None) && from.checked_sub(1).and_then(|at| signs.get(at)) == Some(&'0') {
            from -= 1;
        }
        let is_behind_figure = from.checked_sub(1).and_then(|at| signs.get(at)).is_some_and(char::is_ascii_digit);
        let may_have_thousands = from == at && self.whole.is_some_and(|whole| whole.is_multiple_of(THOUSAND));
        let goes_on = match gaps.get(from) {
            Some(Gap::None) => true,
            Some(Gap::Point) => may_have_thousands,
            _ => false,
        };
        !(is_behind_figure && goes_on)
    }

    /// Whether the number ends here: with zeros, where they are decimals.
    fn end(&self, at: usize, signs: &[char], gaps: &[Gap]) -> bool {
        let is_figure = |at: usize| signs.get(at).is_some_and(char::is_ascii_digit);
        let mut to = at;
        if self.has_decimals {
            let left_out = self.whole.is_some_and(|whole| self.figures.len() <= whole);
            if left_out && gaps.get(at) == Some(&Gap::Point) && is_figure(at) {
                if signs.get(at) != Some(&'0') {
                    return false;
                }
                to += 1;
            }
            let goes_on = !left_out || to > at;
            while goes_on && signs.get(to) == Some(&'0') && gaps.get(to) == Some(&Gap::None) {
                to += 1;
            }
        }
        !(is_figure(to) && gaps.get(to) == Some(&Gap::None))
    }

    /// Whether figures with these gaps before them are the same number.
    fn are_joined_by(&self, gaps: &[Gap]) -> bool {
        let (mut apart, mut together) = (0_usize, 0_usize);
        for (at, (asked, there)) in self.gaps.iter().zip(gaps).enumerate().skip(1) {
            let is_thousand = self.is_thousand(at);
            match (asked, there) {
                (Gap::None, Gap::None) => {}
                (Gap::None, Gap::Point | Gap::Blank) if is_thousand => {}
                (Gap::Point | Gap::Stroke | Gap::Blank, Gap::None) if is_thousand => {}
                (Gap::Point | Gap::Stroke | Gap::Blank, Gap::None) => together += 1,
                (Gap::Point | Gap::Stroke | Gap::Blank, Gap::Point | Gap::Stroke) => apart += 1,
                (Gap::Stroke, Gap::Padded) => apart += 1,
                (Gap::Point | Gap::Stroke | Gap::Blank, Gap::Blank) if is_thousand || self.may_have_blanks() => {
                    apart += 1;
                }
                _ => return false,
            }
        }
        let (of_amount, of_others) = WITHOUT_SIGNS_FROM;
        let from = if self.whole.is_some() { of_amount } else { of_others };
        together == 0 || apart == 0 && self.figures.len() >= from
    }

    /// Whether a sign of thousands may stand before this figure.
    fn is_thousand(&self, at: usize) -> bool {
        self.whole.is_some_and(|whole| at < whole && (whole - at).is_multiple_of(THOUSAND))
    }

    fn may_have_blanks(&self) -> bool {
        self.whole.is_none() && self.figures.len() >= WITH_BLANKS_FROM
    }
}

/// How many figures of an amount stand before its decimals: it has points and commas alone, and behind each but the last one thousands. What
/// stands behind the last one are decimals, unless they may be thousands too. `None` for other numbers.
fn whole_part(groups: &[Group<'_>]) -> Option<usize> {
    let [(_, first), middle @ .., (sign, last)] = groups else { return None };
    let are_points = groups.iter().skip(1).all(|(between, _)| matches!(Gap::of(between), Gap::Point | Gap::Blank));
    let are_thousands = middle.is_empty() || first.len() <= THOUSAND;
    if !are_points || !are_thousands || middle.iter().any(|(_, group)| group.len() != THOUSAND) {
        return None;
    }
    let is_one_sign = middle.iter().all(|(between, _)| between == sign);
    let is_thousand = last.len() == THOUSAND && first.len() <= THOUSAND && !first.starts_with('0') && is_one_sign;
    let before: usize = first.len() + middle.iter().map(|(_, group)| group.len()).sum::<usize>();
    Some(if is_thousand { before + last.len() } else { before })
}

#[cfg(test)]
#[path = "joined_test.rs"]
mod tests;
