//! The figures of a number whose groups one sign each joins (`grouped`), and whether a passage has them as the same number.

use super::token::WITHOUT_ZEROS_FROM;
use core::ops::RangeInclusive;

/// Figures of a group of thousands.
pub(super) const THOUSAND: usize = 3;

/// Figures from which on a number is the same without its signs: of an amount, whose figures may else be a year, and of others. Chosen: of fewer
/// figures too many are others' too.
const WITHOUT_SIGNS_FROM: (usize, usize) = (5, 4);

/// Figures from which on a number that is no amount may have blanks in place of its signs, as telephone numbers have. Chosen: with fewer it may be
/// some short numbers in a row.
const WITH_BLANKS_FROM: usize = 5;

/// Figures of the number of a country at most, as the plan of telephone numbers (E.164) has them.
const COUNTRY: usize = 3;

/// Years that a month is told of, and that a time is not.
const YEARS: RangeInclusive<u16> = 1900..=2099;

/// What stands between two letters or figures of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    None,
    /// One sign that decimals and thousands have: this one.
    Point(char),
    /// Another sign that joins the parts of one number.
    Stroke,
    /// Such a sign between blanks.
    Padded,
    Blank,
    /// A plus sign: what follows is the number of a country.
    Plus,
    Other,
}

impl Gap {
    pub(super) fn of(between: &str) -> Self {
        match between {
            "" => Self::None,
            "." => Self::Point('.'),
            "," => Self::Point(','),
            "'" | "\u{2019}" => Self::Point('\''),
            "/" | "-" | ":" | "_" | "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}" | "\u{2044}" | "\u{2212}" => {
                Self::Stroke
            }
            " / " | " - " | " \u{2013} " => Self::Padded,
            " " | "\u{A0}" | "\u{2009}" | "\u{202F}" => Self::Blank,
            _ if between.ends_with('+') => Self::Plus,
            _ => Self::Other,
        }
    }
}

/// What stands before a group, and the group.
pub(super) type Group<'a> = (&'a str, &'a str);

/// Whether two groups may be the day and the month of a year that is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    No,
    /// As in `1.5`, which is an amount as well.
    Maybe,
    /// As in `12.03`, with two figures each.
    Padded,
}

impl Day {
    pub(super) fn of(groups: &[Group<'_>]) -> Self {
        match groups {
            [(_, day), (".", month)] if is_day_of_month(day) && is_month(month) => {
                if day.len() + month.len() == 4 {
                    Self::Padded
                } else {
                    Self::Maybe
                }
            }
            _ => Self::No,
        }
    }
}

pub(super) fn value(group: &str) -> Option<u16> {
    group.parse().ok()
}

pub(super) fn is_year(group: &str) -> bool {
    group.len() == 4 && value(group).is_some_and(|year| YEARS.contains(&year))
}

pub(super) fn is_month(group: &str) -> bool {
    group.len() <= 2 && value(group).is_some_and(|month| (1..=12).contains(&month))
}

pub(super) fn is_day_of_month(group: &str) -> bool {
    group.len() <= 2 && value(group).is_some_and(|day| (1..=31).contains(&day))
}

/// Groups of figures in a row, as they are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    figures: Vec<char>,
    /// What stands before each.
    gaps: Vec<Gap>,
    /// Of an amount, how many of them stand before its decimals.
    whole: Option<usize>,
    has_decimals: bool,
    /// Zeros at the end of its decimals that are left out.
    zeros: usize,
    /// Whether zeros before them are left out, in whose place the number of a country may stand.
    may_have_country: bool,
    day: Day,
}

impl Figures {
    /// Those of these groups, each with what stands before it. Zeros at the end of decimals are left out, unless a single figure would be left.
    pub(super) fn of(groups: &[Group<'_>]) -> Self {
        Self::with_whole(groups, whole_part(groups))
    }

    /// What `1.500` is if its last group are decimals and no thousands. Of `500.000` nobody means that, nor does it make a difference where no zero
    /// is at the end.
    pub(super) fn of_decimals(groups: &[Group<'_>]) -> Option<Self> {
        let [(_, first), (_, last)] = groups else { return None };
        let are_thousands = whole_part(groups) == Some(first.len() + last.len());
        let may_be_decimals = last.ends_with('0') && last.bytes().any(|byte| byte != b'0');
        (are_thousands && may_be_decimals).then(|| Self::with_whole(groups, Some(first.len())))
    }

    /// What `089/12345` is without the zeros before it, as others leave them out: `+49 89 12345` has the number of a country in their place. An
    /// amount keeps them, and a number of which little would be left.
    pub(super) fn without_zeros(groups: &[Group<'_>]) -> Option<Self> {
        let ((between, first), rest) = groups.split_first()?;
        let left = first.trim_start_matches('0');
        let figures = left.len() + rest.iter().map(|(_, group)| group.len()).sum::<usize>();
        let is_other = !left.is_empty() && left.len() < first.len() && figures >= WITHOUT_ZEROS_FROM;
        if !is_other || whole_part(groups).is_some() {
            return None;
        }
        let groups: Vec<Group<'_>> = [(*between, left)].into_iter().chain(rest.iter().copied()).collect();
        Some(Self { may_have_country: true, ..Self::with_whole(&groups, None) })
    }

    fn with_whole(groups: &[Group<'_>], whole: Option<usize>) -> Self {
        let (mut figures, mut gaps): (Vec<char>, Vec<Gap>) = (Vec::new(), Vec::new());
        for (at, (between, group)) in groups.iter().enumerate() {
            let before = if at == 0 { Gap::None } else { Gap::of(between) };
            gaps.extend(group.char_indices().map(|(at, _)| if at == 0 { before } else { Gap::None }));
            figures.extend(group.chars());
        }
        let all = figures.len();
        let has_decimals = whole.is_some_and(|whole| whole < all);
        if let Some(whole) = whole.filter(|_| has_decimals) {
            let least = if whole < 2 { whole + 1 } else { whole };
            while figures.len() > least && figures.last() == Some(&'0') {
                figures.pop();
            }
            gaps.truncate(figures.len());
        }
        let zeros = all - figures.len();
        Self { figures, gaps, whole, has_decimals, zeros, may_have_country: false, day: Day::of(groups) }
    }

    /// Whether a text has them, whose letters and figures these are, each with what stands before it.
    pub(super) fn are_in(&self, signs: &[char], gaps: &[Gap]) -> bool {
        let Some(first) = self.figures.first() else { return false };
        let size = self.figures.len();
        let mut places = signs.iter().enumerate().filter(|(_, sign)| *sign == first).map(|(at, _)| at);
        places.any(|at| {
            signs.get(at..at + size).is_some_and(|some| some == self.figures)
                && self.begin(at, signs, gaps)
                && self.end(at + size, signs, gaps)
                && gaps.get(at..at + size).is_some_and(|gaps| self.are_joined_by(gaps))
        })
    }

    /// Whether these begin a number here: zeros may stand before, and neither thousands nor another group with the sign that is before the
    /// decimals, as in `1.5.2`. Another sign divides two numbers of a table.
    fn begin(&self, at: usize, signs: &[char], gaps: &[Gap]) -> bool {
        let mut from = at;
        while gaps.get(from) == Some(&Gap::None) && from.checked_sub(1).and_then(|at| signs.get(at)) == Some(&'0') {
            from -= 1;
        }
        let is_behind_figure = from.checked_sub(1).and_then(|at| signs.get(at)).is_some_and(char::is_ascii_digit);
        let may_have_thousands = from == at && self.whole.is_some_and(|whole| whole.is_multiple_of(THOUSAND));
        let is_decimal_sign = |sign| self.has_decimals && self.decimal_sign(at, gaps) == Some(sign);
        let goes_on = match gaps.get(from) {
            Some(Gap::None) => !self.may_have_country || !is_behind_country(from, signs, gaps),
            Some(Gap::Point(sign)) => may_have_thousands || is_decimal_sign(*sign),
            _ => false,
        };
        !(is_behind_figure && goes_on)
    }

    /// The sign before the decimals in a text that has these figures from here on.
    fn decimal_sign(&self, at: usize, gaps: &[Gap]) -> Option<char> {
        match gaps.get(at + self.whole?) {
            Some(Gap::Point(sign)) => Some(*sign),
            _ => None,
        }
    }

    /// Whether the number ends here: with zeros, where they are decimals.
    fn end(&self, at: usize, signs: &[char], gaps: &[Gap]) -> bool {
        let is_figure = |at: usize| signs.get(at).is_some_and(char::is_ascii_digit);
        let mut to = at;
        if self.has_decimals {
            let left_out = self.whole.is_some_and(|whole| self.figures.len() <= whole);
            if left_out && matches!(gaps.get(at), Some(Gap::Point(_))) && is_figure(at) {
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
        let ends_within = is_figure(to) && gaps.get(to) == Some(&Gap::None);
        !ends_within && !self.goes_on(at, to, signs, gaps)
    }

    /// Whether a point and figures behind these, which end at `at`, and behind zeros up to `to` make another number of them: `1.5` is neither in
    /// `1.500,25` nor the day `1.5.2024`, and `12.03` may be that of `12.03.2024`.
    fn goes_on(&self, at: usize, to: usize, signs: &[char], gaps: &[Gap]) -> bool {
        let (Some(whole), Some(Gap::Point(sign))) = (self.whole.filter(|_| self.has_decimals), gaps.get(to)) else {
            return false;
        };
        let figures = signs.iter().skip(to).take_while(|sign| sign.is_ascii_digit());
        let inner = gaps.iter().skip(to + 1).take_while(|gap| **gap == Gap::None);
        let figures = figures.count().min(1 + inner.count());
        let is_same = self.decimal_sign(at.saturating_sub(self.figures.len()), gaps) == Some(*sign);
        let zeros = to - at;
        if figures == 0 {
            false
        } else if zeros == 0 {
            is_same && self.day == Day::Maybe && matches!(figures, 2 | 4)
        } else {
            let is_year = self.day == Day::Padded && zeros == self.zeros;
            let are_thousands = (self.figures.len() + zeros).saturating_sub(whole) == THOUSAND;
            !is_year && (is_same || are_thousands)
        }
    }

    /// Whether figures with these gaps before them are the same number.
    fn are_joined_by(&self, gaps: &[Gap]) -> bool {
        let (mut apart, mut together) = (0_usize, 0_usize);
        for (at, (asked, there)) in self.gaps.iter().zip(gaps).enumerate().skip(1) {
            let is_thousand = self.is_thousand(at);
            match (asked, there) {
                (Gap::None, Gap::None) => {}
                (Gap::None, Gap::Point(_) | Gap::Blank) if is_thousand => {}
                (Gap::Point(_) | Gap::Stroke | Gap::Blank, Gap::None) if is_thousand => {}
                (Gap::Point(_) | Gap::Stroke | Gap::Blank, Gap::None) => together += 1,
                (Gap::Point(_) | Gap::Stroke | Gap::Blank, Gap::Point(_) | Gap::Stroke) => apart += 1,
                (Gap::Stroke, Gap::Padded) => apart += 1,
                (Gap::Point(_) | Gap::Stroke | Gap::Blank, Gap::Blank) if is_thousand || self.may_have_blanks() => {
                    apart += 1;
                }
                _ => return false,
            }
        }
        let (of_amount, of_others) = WITHOUT_SIGNS_FROM;
        let from = if self.whole.is_some() { of_amount } else { of_others };
        // A time or a fraction of four figures is not each year of these figures.
        together == 0 || apart == 0 && self.figures.len() >= from && !is_year(&self.figures.iter().collect::<String>())
    }

    /// Whether a sign of thousands may stand before this figure.
    fn is_thousand(&self, at: usize) -> bool {
        self.whole.is_some_and(|whole| at < whole && (whole - at).is_multiple_of(THOUSAND))
    }

    fn may_have_blanks(&self) -> bool {
        self.whole.is_none() && self.figures.len() >= WITH_BLANKS_FROM
    }
}

/// Whether the number of a country stands right before this place.
fn is_behind_country(at: usize, signs: &[char], gaps: &[Gap]) -> bool {
    let begins = |from: usize| {
        let mut inner = gaps.iter().take(at).skip(from + 1);
        gaps.get(from) == Some(&Gap::Plus)
            && inner.all(|gap| *gap == Gap::None)
            && signs.iter().take(at).skip(from).all(char::is_ascii_digit)
    };
    (1..=COUNTRY).filter_map(|figures| at.checked_sub(figures)).any(begins)
}

/// How many figures of an amount stand before its decimals: it has points and commas alone, and behind each but the last one thousands. What
/// stands behind the last one are decimals, unless they may be thousands too. `None` for other numbers.
fn whole_part(groups: &[Group<'_>]) -> Option<usize> {
    let [(_, first), middle @ .., (sign, last)] = groups else { return None };
    let are_points = groups.iter().skip(1).all(|(between, _)| matches!(Gap::of(between), Gap::Point(_) | Gap::Blank));
    let are_thousands = middle.is_empty() || first.len() <= THOUSAND;
    if !are_points || !are_thousands || middle.iter().any(|(_, group)| group.len() != THOUSAND) {
        return None;
    }
    let is_one_sign = middle.iter().all(|(between, _)| between == sign);
    let is_thousand = last.len() == THOUSAND && first.len() <= THOUSAND && !first.starts_with('0') && is_one_sign;
    let before: usize = first.len() + middle.iter().map(|(_, group)| group.len()).sum::<usize>();
    Some(if is_thousand { before + last.len() } else { before })
}
