//! Words that are nearly another one: with a letter wrong, in a compound, or written in another way.
//!
//! A question's word that no chunk holds is compared with those that chunks do hold. What is compared are groups of four
//! letters (character n-grams: `McNamee` and Mayfield, "Character n-gram tokenization for European language text
//! retrieval", 2004), and for words of nearly the same letters the number of letters that are wrong (Damerau and
//! Levenshtein's distance, with neighbours that are exchanged counted once).

use super::token::has_digit;
use std::collections::BTreeSet;

/// Letters of a group.
pub const GRAM: usize = 4;

/// The least similarity that counts.
pub const SIMILAR_FROM: f32 = 0.5;

/// Letters of a word from which on others may be like it.
const COMPARED_FROM: usize = 4;

/// Letters of a word from which on two of them may be wrong.
const TWO_WRONG_FROM: usize = 8;

/// What a word within a longer one is worth at most.
const WITHIN: f32 = 0.8;

/// The groups of four letters of a word, with a mark at its beginning and its end; none for one that is too short.
#[must_use]
pub fn grams(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    if letters.len() < COMPARED_FROM + 2 {
        return BTreeSet::new();
    }
    letters.windows(GRAM).map(|gram| gram.iter().collect()).collect()
}

/// A word that is asked for, to be compared with thousands of others.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    word: &'a str,
    letters: Vec<char>,
    grams: Vec<[char; GRAM]>,
    has_digit: bool,
    /// Room for what it is compared with.
    other: (Vec<char>, Vec<[char; GRAM]>),
}

impl<'a> Asked<'a> {
    /// `None` for one that is too short to be compared.
    pub(super) fn new(word: &'a str) -> Option<Self> {
        let (mut letters, mut grams) = (Vec::new(), Vec::new());
        divide(word, &mut letters, &mut grams);
        let has_digit = has_digit(word);
        (!grams.is_empty()).then(|| Self { word, letters, grams, has_digit, other: Default::default() })
    }

    /// How like a word is to it, 0 to 1; 0 for what does not count.
    pub(super) fn similarity(&mut self, word: &str) -> f32 {
        if self.word == word {
            return 1.0;
        }
        let Self { letters, grams, other: (its_letters, its_grams), .. } = self;
        divide(word, its_letters, its_grams);
        if its_grams.is_empty() {
            return 0.0;
        }
        let shared = in_both(grams, its_grams) as f32;
        let dice = 2.0 * shared / (grams.len() + its_grams.len()) as f32;
        let within = WITHIN * shared / grams.len().min(its_grams.len()) as f32;
        // Another figure is another number, not a mistake.
        let nearly = if self.has_digit || has_digit(word) { 0.0 } else { nearly(letters, its_letters) };
        let best = dice.max(within).max(nearly);
        if best >= SIMILAR_FROM { best } else { 0.0 }
    }
}

/// The letters of a word, and its groups of four with a mark at its beginning and its end, sorted, each once; none for one that is too short.
fn divide(word: &str, letters: &mut Vec<char>, grams: &mut Vec<[char; GRAM]>) {
    letters.clear();
    grams.clear();
    letters.push('^');
    letters.extend(word.chars());
    letters.push('$');
    if letters.len() >= COMPARED_FROM + 2 {
        grams.extend(letters.array_windows::<GRAM>());
        grams.sort_unstable();
        grams.dedup();
    }
    letters.pop();
    letters.remove(0);
}

/// How many groups both words have.
fn in_both(one: &[[char; GRAM]], other: &[[char; GRAM]]) -> usize {
    let (mut rest, mut both) = (other.iter().peekable(), 0);
    for gram in one {
        while rest.next_if(|other| *other < gram).is_some() {}
        both += usize::from(rest.next_if(|other| *other == gram).is_some());
    }
    both
}

/// The similarity of words that differ in few letters.
fn nearly(a: &[char], b: &[char]) -> f32 {
    let most = if a.len() >= TWO_WRONG_FROM { 2 } else { 1 };
    if a.len().abs_diff(b.len()) > most || a.len() > 32 {
        return 0.0;
    }
    let wrong = distance(a, b);
    if wrong > most { 0.0 } else { 1.0 - wrong as f32 / a.len() as f32 }
}

/// Letters that are wrong, missing or too many, and neighbours that are exchanged ("optimal string alignment").
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, of_a) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, of_b) in b.iter().enumerate() {
            let changed = last[j] + usize::from(of_a != of_b);
            row[j + 1] = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *of_a == b[j - 1] && a[i - 1] == *of_b {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(asked: &str, word: &str) -> f32 {
        Asked::new(asked).map_or(if asked == word { 1.0 } else { 0.0 }, |mut asked| asked.similarity(word))
    }

    #[test]
    fn typos_compounds_and_other_ways_to_write_are_similar_and_other_words_are_not() {
        for (asked, word) in [
            ("heizugn", "heizung"),
            ("boiller", "boiler"),
            ("thermostat", "termostat"),
            ("warranty", "waranty"),
            ("heizung", "heizungskeller"),
            ("heizungskeller", "heizung"),
            ("0301234567", "49301234567"),
            ("ab1234c", "ab1234"),
        ] {
            assert!(similarity(asked, word) >= SIMILAR_FROM, "{asked} {word} {}", similarity(asked, word));
        }
        for (asked, word) in [("boiler", "toiled"), ("house", "mouses"), ("gas", "gap"), ("winter", "minster")] {
            assert!(similarity(asked, word) < 0.85, "{asked} {word} {}", similarity(asked, word));
        }
        assert!(similarity("2021", "2022") == 0.0, "another year");
        assert!(similarity("radiator", "invoice") == 0.0 && similarity("a", "a") == 1.0);
    }

    #[test]
    fn neighbours_that_are_exchanged_are_one_mistake() {
        let of = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!((of("heizugn", "heizung"), of("abc", "abc"), of("abc", "axc"), of("", "ab")), (1, 0, 1, 2));
    }

    #[test]
    fn short_words_have_no_groups() {
        assert!(grams("abc").is_empty());
        assert_eq!(grams("abcd").into_iter().collect::<Vec<_>>(), ["^abc", "abcd", "bcd$"]);
        let (mut letters, mut groups) = (Vec::new(), Vec::new());
        for word in ["abc", "abcd", "\u{E4}pfelb\u{E4}ume", "aaaaaaaa", ""] {
            divide(word, &mut letters, &mut groups);
            let texts: BTreeSet<String> = groups.iter().map(|group| group.iter().collect()).collect();
            assert_eq!((texts.len(), texts), (groups.len(), grams(word)), "the same groups as the index has");
            assert_eq!(letters.iter().collect::<String>(), word);
        }
    }
}
