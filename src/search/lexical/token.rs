//! From a text to its words: the units that are counted and looked up.
//!
//! Words end where UAX #29 says, but for three things. Scripts that put no spaces between words are cut into groups of
//! letters: two of Han, Kana and Hangul, three of Thai, Lao, Khmer and Burmese (measured in the project's notes: words
//! by white space find 11 % in Chinese, pairs 97 %). Numbers are divided at their points and strokes, so that a date is
//! found by its parts. And parts of one number or name, such as `AB-1234/C` or `030 123 45 67`, also count as the whole
//! without what stands between them, because the next person writes it in another way. A day is one term in all ways to write it
//! ([`super::date`]), and a long number also has its last figures as a term: with a country's number, without it, with an area's
//! number or none, they are the same.

use super::date::Days;
use crate::limits::{JOINED_PARTS_MAX, TERM_BYTES_MAX};
use unicode_segmentation::UnicodeSegmentation;

/// What a unit of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word of letters, which may have a stem.
    Word,
    /// Something with figures, or a group of letters of a script without spaces: it stands for itself.
    Exact,
    /// The last so many units as one; it adds nothing to the text's length.
    Joined(usize),
    /// The last figures of the number of the last so many units, which they are followed by if they are several; it adds nothing either.
    Tail(usize),
}

/// Figures that a telephone number has without those of a country and an area, about: its last ones stay the same.
pub(super) const TAIL: usize = 7;

/// Figures of a number from which on the last ones tell it: with fewer, those left out are too many.
pub(super) const TAIL_FROM: usize = 9;

/// Figures that are left of a number without the zeros before it, at least: with fewer, too much is the same.
pub(super) const WITHOUT_ZEROS_FROM: usize = 3;

/// Calls `each` for the units of a text that is in small letters, in their order.
pub(super) fn each(text: &str, mut each: impl FnMut(&str, Kind)) {
    let (mut run, mut joined, mut days) = (Run::default(), Joined::default(), Days::default());
    let mut ended = 0;
    for (at, word) in text.unicode_word_indices() {
        let between = text.get(ended..at).unwrap_or_default();
        let class = class(word);
        if run.class != class || !between.is_empty() {
            run.end(&mut each);
        }
        if class == Class::Spaced {
            for (part, between) in parts(word, between) {
                if part.len() > TERM_BYTES_MAX {
                    joined.end(&mut each);
                    days = Days::default();
                    continue;
                }
                joined.add(part, between, &mut each);
                each(part, if has_digit(part) { Kind::Exact } else { Kind::Word });
                if let Some((ends, units)) = days.add(part, between) {
                    ends.iter().for_each(|day| each(day, Kind::Joined(units)));
                    joined.days = ends;
                }
            }
        } else {
            joined.end(&mut each);
            days = Days::default();
            run.class = class;
            run.letters.push_str(word);
        }
        ended = at + word.len();
    }
    run.end(&mut each);
    joined.end(&mut each);
}

/// How a script's letters become units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Class {
    #[default]
    Spaced,
    Pairs,
    Triples,
}

/// Whether a word is of a script that puts no spaces between words.
pub(super) fn is_unspaced(word: &str) -> bool {
    class(word) != Class::Spaced
}

fn class(word: &str) -> Class {
    match word.chars().next().map_or(0, u32::from) {
        0x3040..=0x30FF
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF
        | 0xF900..=0xFAFF
        | 0x20000..=0x3FFFF => Class::Pairs,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF => Class::Triples,
        _ => Class::Spaced,
    }
}

/// Letters of a script without spaces that stand together.
#[derive(Default)]
struct Run {
    class: Class,
    letters: String,
}

impl Run {
    fn end(&mut self, each: &mut impl FnMut(&str, Kind)) {
        let size = if self.class == Class::Triples { 3 } else { 2 };
        let starts: Vec<usize> = self.letters.char_indices().map(|(at, _)| at).collect();
        if !starts.is_empty() && starts.len() <= size {
            each(&self.letters, Kind::Exact);
        } else {
            for (at, start) in starts.iter().enumerate().take((starts.len() + 1).saturating_sub(size)) {
                let end = starts.get(at + size).copied().unwrap_or(self.letters.len());
                each(self.letters.get(*start..end).unwrap_or_default(), Kind::Exact);
            }
        }
        self.letters.clear();
        self.class = Class::Spaced;
    }
}

/// Parts of one number or name.
#[derive(Default)]
struct Joined {
    whole: String,
    parts: usize,
    has_digit: bool,
    has_letter: bool,
    ends_in_digits: bool,
    /// The days that its last parts are.
    days: Vec<String>,
}

impl Joined {
    /// The next unit, with what stands between it and the one before.
    fn add(&mut self, part: &str, between: &str, each: &mut impl FnMut(&str, Kind)) {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let is_one = match between {
            "-" | "/" | "." | "_" | ":" | "," | "'" | "\u{2010}" | "\u{2011}" | "\u{2013}" | " / " | " - " | ")"
            | "(" => true,
            // Groups of one long number.
            " " | "\u{A0}" | "\u{202F}" | ") " | " (" => self.ends_in_digits && digits,
            _ => false,
        };
        if !is_one || self.parts >= JOINED_PARTS_MAX || self.whole.len() + part.len() > TERM_BYTES_MAX {
            self.end(each);
        }
        self.whole.push_str(part);
        self.parts += 1;
        self.has_digit |= has_digit(part);
        self.has_letter |= !digits;
        self.ends_in_digits = digits;
    }

    fn end(&mut self, each: &mut impl FnMut(&str, Kind)) {
        if self.parts > 1 && self.has_digit && !self.days.contains(&self.whole) {
            each(&self.whole, Kind::Joined(self.parts));
        }
        if !self.has_letter && self.whole.len() >= TAIL_FROM {
            each(&self.whole[self.whole.len() - TAIL..], Kind::Tail(self.parts));
        }
        *self = Self::default();
    }
}

/// The parts of a word at the signs in it, if it has figures; each with what stands before it.
pub(super) fn parts<'a>(word: &'a str, before: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_cut = has_digit(word) && word.contains(|c: char| !c.is_alphanumeric());
    let (mut rest, mut before) = (Some(word), before);
    std::iter::from_fn(move || {
        let whole = rest?;
        let end = whole.find(|c: char| is_cut && !c.is_alphanumeric());
        let Some(end) = end else {
            rest = None;
            return Some((whole, before));
        };
        let next = whole[end..].chars().next().map_or(1, char::len_utf8) + end;
        let part = (&whole[..end], before);
        before = &whole[end..next];
        rest = Some(&whole[next..]);
        Some(part)
    })
    .filter(|(part, _)| !part.is_empty())
}

pub(super) fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<String> {
        let mut units = Vec::new();
        each(text, |unit, kind| {
            units.push(match kind {
                Kind::Word => unit.to_owned(),
                Kind::Exact => format!("={unit}"),
                Kind::Joined(parts) => format!("+{parts}{unit}"),
                Kind::Tail(parts) => format!("~{parts}{unit}"),
            });
        });
        units
    }

    #[test]
    fn words_numbers_and_groups_of_letters() {
        assert_eq!(units("the old heater's valve"), ["the", "old", "heater's", "valve"]);
        assert_eq!(units("part ab-1234/c fits"), ["part", "ab", "=1234", "c", "+3ab1234c", "fits"]);
        assert_eq!(units("on 03.04.2021 at"), ["on", "=03", "=04", "=2021", "+320210403", "+303042021", "at"]);
        assert_eq!(units("030 123 45"), ["=030", "=123", "=45", "+303012345"]);
        assert_eq!(units("room 12 and 7"), ["room", "=12", "and", "=7"]);
        assert_eq!(units("x1000b"), ["=x1000b"]);
        assert_eq!(units("2021-04-03"), ["=2021", "=04", "=03", "+320210403"]);
    }

    #[test]
    fn a_telephone_number_has_its_last_figures_in_common_with_its_other_ways() {
        for text in [
            "+49 (0)89 2345678",
            "0049 89 2345678",
            "089/2345678",
            "089 23 45 67 8",
            "(089) 2345678",
            "+49892345678",
            "0892345678",
        ] {
            assert!(units(text).iter().any(|unit| unit.starts_with('~') && unit.ends_with("2345678")), "{text}");
        }
        assert!(units("2345678").contains(&"=2345678".to_owned()), "without the area");
        assert!(!units("12345678 and 2024/12").iter().any(|unit| unit.starts_with('~')), "too short");
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_groups() {
        assert_eq!(
            units("\u{6771}\u{4EAC}\u{5927}\u{5B66}"),
            ["=\u{6771}\u{4EAC}", "=\u{4EAC}\u{5927}", "=\u{5927}\u{5B66}"]
        );
        assert_eq!(units("\u{6771}"), ["=\u{6771}"]);
        assert_eq!(units("a\u{6771}\u{4EAC} b"), ["a", "=\u{6771}\u{4EAC}", "b"]);
        assert_eq!(units("\u{E01}\u{E02}\u{E03}\u{E04}"), ["=\u{E01}\u{E02}\u{E03}", "=\u{E02}\u{E03}\u{E04}"]);
    }

    #[test]
    fn a_run_without_an_end_is_bounded() {
        let long = "a".repeat(5000);
        assert_eq!(units(&format!("x {long} y")), ["x", "y"]);
        assert!(units(&"1-".repeat(200)).iter().all(|unit| unit.len() <= TERM_BYTES_MAX + 1));
    }
}
