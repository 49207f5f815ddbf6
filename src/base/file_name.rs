//! Names of files as people ask for them: without folder, separators and case, with or without the ending.

use super::fold::fold;
use crate::limits::ASKED_NAMES_MAX;

/// Letters that an ending has at most, as in `markdown`.
const ENDING_LETTERS_MAX: usize = 8;

/// Endings of files that hold no plain text, which people say as a word: "the invoice 2024 pdf".
const SAID_ENDINGS: [&str; 20] = [
    "pdf", "rtf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "epub", "jpg", "jpeg", "png",
    "gif", "heic", "mp3", "mp4", "zip",
];

/// Words before a name that are none of it.
const BEFORE_NAMES: [&str; 6] = ["the", "a", "an", "my", "our", "this"];

/// Words of a question that are taken together for one name, at most.
const NAME_WORDS_MAX: usize = 6;

/// The words of a file's name without its ending, separated by spaces: `heating-notes_2024.md` is `heating notes 2024`,
/// `HeatingNotes.md` is `Heating Notes`.
#[must_use]
pub fn words(path: &[u8]) -> String {
    let name = String::from_utf8_lossy(base(path)).into_owned();
    let (stem, _) = parts(&name);
    let mut words = String::with_capacity(stem.len());
    let mut before = ' ';
    for c in stem.chars() {
        if !c.is_alphanumeric() && !is_mark(c) {
            words.push(' ');
        } else {
            if c.is_uppercase() && before.is_lowercase() {
                words.push(' ');
            }
            words.push(c);
        }
        before = c;
    }
    words
}

/// A hash of the name without its ending, under which the store lists the document: the same for all names that read
/// alike. Other names may have it as well: check with [`AskedNames::has`].
#[must_use]
pub fn key(path: &[u8]) -> u64 {
    let name = String::from_utf8_lossy(base(path)).into_owned();
    hash(&joined(parts(&name).0))
}

/// The names of files that a question may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedNames {
    asked: Vec<Asked>,
}

/// One name: all of it, and the part before its ending if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    whole: String,
    stem: Option<String>,
}

impl AskedNames {
    /// The question as a whole, each word of it that looks like a file's name because it has an ending, and those words before such an
    /// ending that may be of the name; at most `ASKED_NAMES_MAX`.
    #[must_use]
    pub fn new(question: &str) -> Self {
        let mut asked: Vec<Asked> = Vec::new();
        let named = question.split_whitespace().filter(|word| parts(trimmed(word)).1.is_some());
        for name in std::iter::once(question).chain(named).take(ASKED_NAMES_MAX) {
            let name = trimmed(name);
            let (stem, ending) = parts(name);
            let one = Asked { whole: joined(name), stem: ending.map(|_| joined(stem)) };
            if !one.whole.is_empty() && !asked.contains(&one) {
                asked.push(one);
            }
        }
        for one in phrases(question) {
            if asked.len() < ASKED_NAMES_MAX && !asked.contains(&one) {
                asked.push(one);
            }
        }
        Self { asked }
    }

    /// The keys of all files that may have one of the names, see [`key`].
    #[must_use]
    pub fn keys(&self) -> Vec<u64> {
        let names = self.asked.iter().flat_map(|one| one.stem.iter().chain([&one.whole]));
        let mut keys: Vec<u64> = names.filter(|name| !name.is_empty()).map(|name| hash(name)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether this file has one of the names.
    #[must_use]
    pub fn has(&self, path: &[u8]) -> bool {
        if self.asked.is_empty() {
            return false;
        }
        let name = String::from_utf8_lossy(base(path)).into_owned();
        let (whole, stem) = (joined(&name), joined(parts(&name).0));
        self.asked.iter().any(|one| one.whole == whole || (one.whole == stem && one.stem.is_none()))
    }
}

/// The names of several words that end with an ending, which stands behind a point or is a word of its own: of "the invoice 2024 pdf"
/// `invoice 2024` with the ending `pdf`. A name of figures alone is one only where no other word of the name stands before it.
fn phrases(question: &str) -> Vec<Asked> {
    let words: Vec<&str> = question.split_whitespace().map(trimmed).filter(|word| !word.is_empty()).collect();
    let is_before = |word: &&str| BEFORE_NAMES.contains(&fold(word).as_ref());
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (stem, ending) = match parts(word) {
            (stem, Some(ending)) => (stem, ending),
            _ if SAID_ENDINGS.contains(&fold(word).as_ref()) => ("", *word),
            _ => continue,
        };
        let name = words[at.saturating_sub(NAME_WORDS_MAX)..at].rsplit(is_before).next().unwrap_or_default();
        for first in (0..name.len()).rev() {
            let stem = joined(&format!("{}{stem}", name[first..].concat()));
            let is_part = first > 0 && !stem.contains(char::is_alphabetic);
            if !stem.is_empty() && !is_part {
                found.push(Asked { whole: format!("{stem}{}", joined(ending)), stem: Some(stem) });
            }
        }
    }
    found
}

/// The part behind the last slash.
fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The name without its ending, and the ending if it has one.
fn parts(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty()
                && (1..=ENDING_LETTERS_MAX).contains(&ending.len())
                && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && ending.bytes().any(|byte| byte.is_ascii_alphabetic()) =>
        {
            (stem, Some(ending))
        }
        _ => (name, None),
    }
}

/// The question without the marks around it: `"notes.md"?` asks for `notes.md`.
fn trimmed(name: &str) -> &str {
    name.trim_matches(|c: char| !c.is_alphanumeric() && !is_mark(c))
}

/// Letters and figures in canonical form, without what is between them.
fn joined(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric() || is_mark(*c)).collect()
}

/// Marks that belong to a letter, as a decomposed accent or an Indic vowel does.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

/// FNV-1a with 64 bits.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::{AskedNames, key, words};

    #[test]
    fn a_question_is_a_name_in_any_way_of_writing_it() {
        for (question, path) in [
            ("heating", "/home/ann/house/heating.md"),
            ("heating.md", "/heating.md"),
            ("Heating notes", "/a/heating-notes.md"),
            ("heating_notes", "/a/HeatingNotes.txt"),
            ("\"heating notes.md\"?", "/a/heating notes.md"),
            ("Where is heating-notes.md?", "/a/heating-notes.md"),
            ("R\u{FC}ckgabe", "/a/Ru\u{308}ckgabe.txt"),
            ("release 2.0", "/a/Release 2.0.md"),
            ("2024-01-05", "/diary/2024-01-05.md"),
            ("Makefile", "/src/Makefile"),
            ("the invoice 2024 pdf", "/a/invoice-2024.pdf"),
            ("invoice 2024 PDF", "/a/Invoice_2024.pdf"),
            ("Where is my invoice 2024 pdf?", "/a/invoice 2024.pdf"),
            ("show me invoice 2024 pdf", "/a/Invoice 2024.pdf"),
            ("where is the tax return.docx", "/a/tax-return.docx"),
            ("the 2024 pdf", "/a/2024.pdf"),
        ] {
            let asked = AskedNames::new(question);
            assert!(asked.has(path.as_bytes()), "{question} {path}");
            assert!(asked.keys().contains(&key(path.as_bytes())), "{question} {path}");
        }
    }

    #[test]
    fn a_question_with_a_name_in_it_is_no_name() {
        for (question, path) in [
            ("Where are my heating notes?", "/heating.md"),
            ("heating.txt", "/heating.md"),
            ("the invoice 2024 pdf", "/a/2024.pdf"),
            ("the invoice 2024 pdf", "/a/invoice 2024.md"),
            ("how do I open a pdf", "/open.pdf"),
            ("is the pdf here", "/the.pdf"),
            ("heating", "/heating/notes.md"),
            ("???", "/x.md"),
            ("", "/.md"),
        ] {
            assert!(!AskedNames::new(question).has(path.as_bytes()), "{question} {path}");
        }
    }

    #[test]
    fn the_words_of_a_name_are_told_apart() {
        assert_eq!(words(b"/a/heating-notes_2024.md"), "heating notes 2024");
        assert_eq!(words(b"/a/HeatingNotes.md"), "Heating Notes");
        assert_eq!(words("/a/Ru\u{308}ckgabe.txt".as_bytes()), "Ru\u{308}ckgabe");
        assert_eq!(words(b"/a/\xFF.md"), " ");
    }
}
