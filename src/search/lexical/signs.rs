//! The letters and figures of a passage in a row, in which a number is found in whichever way it is typed.

use super::figures::Gap;
use super::grouped::Grouped;
use super::token::{TAIL, WITHOUT_ZEROS_FROM};
use crate::base::fold::fold;
use crate::base::hit::SearchHit;
use core::cell::OnceCell;

/// Signs that may stand between two parts of one number.
const BETWEEN_MAX: usize = 3;

/// What people add to a number in a sentence: the 1980s, am 12ten.
const ENDINGS: [&str; 6] = ["s", "st", "nd", "rd", "th", "er"];

/// Letters of a word from which on longer ones that begin with it have it.
const WORD_FROM: usize = 3;

/// A hit in whose texts numbers and words of a question are looked for.
pub(super) struct Text<'a> {
    pub(super) hit: &'a SearchHit,
    signs: OnceCell<Signs>,
}

impl<'a> Text<'a> {
    pub(super) const fn of(hit: &'a SearchHit) -> Self {
        Self { hit, signs: OnceCell::new() }
    }

    /// Its letters and figures. They are made once, whatever is looked for: to fold a text costs more than to look through it.
    pub(super) fn signs(&self) -> &Signs {
        self.signs.get_or_init(|| Signs::of(self.hit))
    }
}

/// The letters and figures of a passage, without what stands between them.
pub(super) struct Signs {
    /// A line feed where too much stands between two for them to be of one number.
    signs: Vec<char>,
    /// What stands before each.
    gaps: Vec<Gap>,
}

impl Signs {
    /// Those of the name of its file, of its heading and of its text.
    fn of(hit: &SearchHit) -> Self {
        #[cfg(test)]
        folded::one_more();
        let name = hit.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let mut all = Self { signs: Vec::new(), gaps: Vec::new() };
        for part in [&*String::from_utf8_lossy(name), hit.heading.as_str(), hit.text.as_str()] {
            all.push('\n', Gap::Other);
            let mut between = String::new();
            for sign in fold(part).chars() {
                if !sign.is_alphanumeric() {
                    between.push(sign);
                    continue;
                }
                if between.contains('\n') || between.chars().count() > BETWEEN_MAX {
                    all.push('\n', Gap::Other);
                }
                all.push(sign, Gap::of(&between));
                between.clear();
            }
        }
        all
    }

    fn push(&mut self, sign: char, before: Gap) {
        self.signs.push(sign);
        self.gaps.push(before);
    }

    /// Whether a number stands in them, and not as a part of a longer number or word.
    pub(super) fn have(&self, number: &str) -> bool {
        let without_zeros = number.trim_start_matches('0');
        let is_number_with = |ending: &&str| {
            number.strip_suffix(*ending).is_some_and(|number| number.ends_with(|c: char| c.is_ascii_digit()))
        };
        let without_ending = ENDINGS.iter().copied().find(is_number_with).and_then(|end| number.strip_suffix(end));
        let without_zeros = Some(without_zeros).filter(|rest| rest.len() >= WITHOUT_ZEROS_FROM);
        [Some(number), without_zeros, without_ending].into_iter().flatten().any(|number| {
            let number: Vec<char> = number.chars().collect();
            let mut places = self.signs.windows(number.len().max(1)).enumerate();
            places.any(|(at, signs)| signs == number && self.begins(at, &number) && !self.goes_on(at + number.len()))
        })
    }

    /// Whether a number of groups that signs join stands in them.
    pub(super) fn have_grouped(&self, number: &Grouped) -> bool {
        number.is_in(&self.signs, &self.gaps)
    }

    /// Whether a word stands in them, or begins one: `level` is in `level10`.
    pub(super) fn have_word(&self, word: &str) -> bool {
        let word: Vec<char> = word.chars().filter(|sign| sign.is_alphanumeric()).collect();
        let mut places = self.signs.windows(word.len().max(1)).enumerate();
        let is_one = |at: usize| {
            self.gaps.get(at + 1..at + word.len()).is_some_and(|inner| inner.iter().all(|gap| *gap == Gap::None))
        };
        word.len() >= WORD_FROM && places.any(|(at, signs)| signs == word && !self.goes_on(at) && is_one(at))
    }

    /// Whether a number begins here: zeros may stand before it, and before the last figures of a telephone number others.
    fn begins(&self, at: usize, number: &[char]) -> bool {
        let zeros = self.signs[..at].iter().rev().take_while(|sign| **sign == '0').count();
        let is_tail = number.len() >= TAIL && number.iter().all(char::is_ascii_digit);
        let is_figure = number.first().is_some_and(char::is_ascii_digit);
        is_tail || !self.goes_on(at) || is_figure && zeros > 0 && !self.goes_on(at - zeros)
    }

    /// Whether the sign here goes on with the figures, or the letters, before it.
    fn goes_on(&self, at: usize) -> bool {
        let (Some(before), Some(sign)) = (at.checked_sub(1).and_then(|at| self.signs.get(at)), self.signs.get(at))
        else {
            return false;
        };
        let are_of_one = before.is_alphanumeric() && before.is_ascii_digit() == sign.is_ascii_digit();
        are_of_one && sign.is_alphanumeric() && self.gaps.get(at) == Some(&Gap::None)
    }
}

/// How many hits this thread has folded, for tests.
#[cfg(test)]
pub(super) mod folded {
    use core::cell::Cell;

    thread_local! { static COUNT: Cell<usize> = const { Cell::new(0) } }

    pub(super) fn one_more() {
        COUNT.set(COUNT.get() + 1);
    }

    pub(in crate::search::lexical) fn count() -> usize {
        COUNT.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hit::TermFrequencies;

    #[test]
    fn a_word_is_there_alone_and_at_the_beginning_of_another_one_and_not_within_one() {
        let signs = Signs::of(&SearchHit::of_text(
            "/attic-key.md",
            "Stadtwerkerechnung at level10",
            TermFrequencies::default(),
        ));
        for (word, is_there) in [
            ("stadtwerke", true),
            ("level", true),
            ("attic", true),
            ("rechnung", false),
            ("keystadt", false),
            ("le", false),
            ("", false),
        ] {
            assert_eq!(signs.have_word(word), is_there, "{word}");
        }
        assert!(signs.have("10") && !signs.have("1"));
    }
}
