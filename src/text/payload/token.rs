//! Letters drawn at random: keys, hashes and passwords of programs in base64, base64url and hex.
//!
//! They are told by what they are and not by what stands around them, because a key is written in as many ways as there are
//! notes: behind a label, in a table cell, in quotes, on a line of its own. 32 bytes, the size of most keys and hashes, are 43
//! letters of base64. At random, two letters side by side are of different classes (small, capital, figure) in 65 of 100 cases
//! for base64 and in 47 for hex; in names of code in some 30, in words hardly ever. Of 40 000 random keys each, 0.5 of 1000
//! stay in base64 and 3 in hex with 40 letters (simulation with these rules, 2026-11-27).

use crate::limits::{RANDOM_RUN_BYTES, RANDOM_RUN_BYTES_LEFT};
use std::ops::Range;

/// Bytes of a group between `-`, `_` and `/` from which on a run is no UUID, whose longest has 12, and no number in groups.
const GROUP_BYTES: usize = 13;

/// Small letters in a row from which on they are part of a word.
const WORD_LETTERS: usize = 3;

/// Small letters in a row at most that are part of a word; see `word`.
const WORD_LETTERS_MAX: usize = 50;

/// The first run of random letters in a line at or after byte `from`. Names in front of it and behind it, as in the path of an
/// address, are no part of it.
pub(super) fn next(line: &str, mut from: usize) -> Option<Range<usize>> {
    loop {
        let rest = line.get(from..)?;
        let start = from + rest.find(is_letter)?;
        let rest = line.get(start..)?;
        let end = start + rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
        if end - start >= RANDOM_RUN_BYTES {
            let run = if is_key(&line[start..end]) { start..end } else { without_names(line, start..end) };
            let text = line.get(run.clone()).unwrap_or_default();
            if text.len() >= RANDOM_RUN_BYTES_LEFT && is_random(text) {
                let padding =
                    if run.end == end { line.bytes().skip(end).take(2).take_while(|b| *b == b'=').count() } else { 0 };
                return Some(run.start..run.end + padding);
            }
        }
        from = end;
    }
}

/// Letters of base64 and base64url, and what is not seen between them: soft hyphens, spaces of no width, byte order marks.
pub(super) const fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_') || is_unseen(c)
}

const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

const fn is_separator(c: char) -> bool {
    matches!(c, '/' | '-' | '_')
}

/// Whether the run is as long as a key of 32 or 64 bytes, and random as a whole: what looks like a name at its ends is a part of it.
fn is_key(run: &str) -> bool {
    matches!(run.chars().filter(|c| !is_unseen(*c)).count(), 43 | 44 | 86..=88) && is_random(run)
}

/// The run without the names at its beginning and its end, each between separators.
fn without_names(line: &str, mut run: Range<usize>) -> Range<usize> {
    let is_name = |part: &str| {
        let rest = part.get(1..).unwrap_or_default();
        part.bytes().all(|byte| byte.is_ascii_alphabetic())
            && (rest.bytes().all(|byte| byte.is_ascii_lowercase())
                || part.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    while let Some((name, _)) = line[run.clone()].split_once(is_separator).filter(|(name, _)| is_name(name)) {
        run.start += name.len() + 1;
    }
    while let Some((_, name)) = line[run.clone()].rsplit_once(is_separator).filter(|(_, name)| is_name(name)) {
        run.end -= name.len() + 1;
    }
    run
}

/// What a character is, for telling how often that changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Small,
    Capital,
    Figure,
    Other,
}

/// Whether a run mixes its letters as chance does, and has hardly a word in it.
fn is_random(run: &str) -> bool {
    let (mut count, mut changes, mut cases, mut in_words, mut small, mut group, mut longest) = (0, 0, 0, 0, 0, 0, 0);
    let mut before = Class::Other;
    for c in run.chars().filter(|c| !is_unseen(*c)).chain(['+']) {
        let class = match c {
            'a'..='z' => Class::Small,
            'A'..='Z' => Class::Capital,
            '0'..='9' => Class::Figure,
            _ => Class::Other,
        };
        if class != Class::Small {
            in_words += if (WORD_LETTERS..=WORD_LETTERS_MAX).contains(&small) { small + 1 } else { 0 };
            small = 0;
        }
        small += usize::from(class == Class::Small);
        group = if is_separator(c) { 0 } else { group + 1 };
        longest = longest.max(group);
        count += usize::from(class != Class::Other);
        let changed = class != before && class != Class::Other && before != Class::Other;
        changes += usize::from(changed);
        cases += usize::from(changed && class != Class::Figure && before != Class::Figure);
        before = class;
    }
    // In groups as short as a UUID's, only capitals and small letters that alternate are random.
    changes * 4 >= count && in_words * 3 < count * 2 && (longest > GROUP_BYTES || cases * 8 >= count)
}

#[cfg(test)]
mod tests {
    use super::next;

    fn found(text: &str) -> Option<&str> {
        next(text, 0).map(|run| &text[run])
    }

    #[test]
    fn a_key_is_found_whatever_is_around_it() {
        const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        for around in ["%", "PrivateKey=%", "**PrivateKey**: %", "| key | % |", "'%'", "\u{a0}%\u{a0}", "a/%", "(%)."] {
            assert_eq!(found(&around.replace('%', KEY)), Some(KEY), "{around}");
        }
        for key in [
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "ghp_x8Kd02LmQpZ7rT5vWb1Yc9NaEf3GhJ6sUi4o",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPLEKEY9",
            "q2Yw-8ZkLr_1TnXc5VbQe7UjMh3Gf0Ds9Ap4Io6Kt_x",
            "yAnz5TF\u{200b}lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk",
        ] {
            assert!(found(key).is_some_and(|found| found.len() + 4 >= key.len()), "{key}");
        }
        // As long as a key: what looks like a name at its ends is a part of it.
        let key = "Ab/z5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3f/Bk=";
        assert_eq!(found(&format!("key: {key}")), Some(key));
    }

    #[test]
    fn words_names_of_code_paths_and_numbers_in_groups_stay() {
        for kept in [
            "getUserAccountConfigurationManagerFactoryBean",
            "Utf8JsonReaderStateMachineFactoryImplementation",
            "/home/ann/IMG_20240105_123456789_HDR_of_the_garden",
            "device-f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "Documents/f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "2024-01-05T12-34-56Z_2024-02-05T12-34-56Z",
            "Donaudampfschifffahrtsgesellschaftskapitaenspatent",
            "Rindfleischetikettierungs-Aufgabenuebertragungsgesetz",
            "WhatsApp-Image-2024-01-05-at-12-WhatsApp-Image-2024-01-06",
            "MAX_NUMBER_OF_V4_ADDRESSES_PER_H2_STREAM",
            "https://doi.org/10.1002/andp.19053221004/abstract-of-the-paper",
            "S1E01-S1E02-S1E03-S1E04-S1E05-S1E06-S1E07",
            "0123456789012345678901234567890123456789",
            "________________________________________",
        ] {
            assert_eq!(found(kept), None, "{kept}");
        }
    }
}
