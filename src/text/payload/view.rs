//! A text as its reader, or a program, puts it together: in the plain forms of its letters where they have another one that a search
//! takes for the same (`base::fold`), with strings of code joined that are put together, and with letters joined that go on in the next
//! line, behind a backslash as in a shell, or behind the name of a secret.
//!
//! What is told in it is found in the text itself by the places where the two differ.

use super::named::{What, is_named};
use super::token;
use super::word::measure;
use crate::limits::RANDOM_RUN_BYTES;
use std::borrow::Cow;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;

/// Bytes between two strings that are put together, at most: a line end and an indentation.
const JOINT_BYTES_MAX: usize = 64;

/// Letters that go on in the next line, at least.
const BROKEN_LETTERS_MIN: usize = 8;

/// Letters of any part of a key over several lines, at least.
const PART_LETTERS_MIN: usize = 4;

/// The text in the plain forms of its letters; borrowed where they are plain.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| plain_form(c).is_none()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| plain_form(c).unwrap_or(c)).collect())
}

/// The ASCII character of which this is another form (NFKC).
fn plain_form(c: char) -> Option<char> {
    // A superscript is no digit of a key: it stands behind a word or a number.
    if c.is_ascii() || matches!(c, '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{a0}') {
        return None;
    }
    let mut folded = std::iter::once(c).nfkc();
    folded.next().filter(|plain| plain.is_ascii_graphic() && folded.next().is_none())
}

/// A place of the view where it differs from the text.
struct Change {
    at: usize,
    /// The bytes of the text up to there, without and with what is left out of the view.
    before: usize,
    after: usize,
}

/// The text as it is put together.
pub(super) struct View<'a> {
    pub(super) text: Cow<'a, str>,
    changes: Vec<Change>,
}

impl<'a> View<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (mut built, mut copied, mut changes) = (String::new(), 0, Vec::new());
        let (mut at, mut line, mut goes_on) = (0, 0, false);
        while let Some(c) = text[at..].chars().next() {
            let end = at + c.len_utf8();
            if let Some(plain) = plain_form(c) {
                built.push_str(&text[copied..at]);
                built.push(plain);
                changes.push(Change { at: built.len(), before: end, after: end });
                copied = end;
            } else if let Some(length) = joint(text, at, c).or_else(|| broken(text, at, line, goes_on)) {
                built.push_str(&text[copied..at]);
                copied = at + length;
                changes.push(Change { at: built.len(), before: at, after: copied });
                // What goes on once more has its name in a line before.
                (line, goes_on) = if text[at..copied].contains('\n') { (copied, true) } else { (line, goes_on) };
            } else if c == '\n' {
                (line, goes_on) = (end, false);
            }
            at = copied.max(end);
        }
        if changes.is_empty() {
            return Self { text: Cow::Borrowed(text), changes };
        }
        built.push_str(&text[copied..]);
        Self { text: Cow::Owned(built), changes }
    }

    /// Whether it is the text itself.
    pub(super) const fn is_text(&self) -> bool {
        self.changes.is_empty()
    }

    /// Where in the text what begins there in the view begins.
    pub(super) fn start_of(&self, at: usize) -> usize {
        self.last(at).map_or(at, |change| change.after + at - change.at)
    }

    /// Where in the text what ends there in the view ends.
    pub(super) fn end_of(&self, at: usize) -> usize {
        self.last(at).map_or(at, |change| if change.at == at { change.before } else { change.after + at - change.at })
    }

    fn last(&self, at: usize) -> Option<&Change> {
        self.changes[..self.changes.partition_point(|change| change.at <= at)].last()
    }

    pub(super) fn is_changed_in(&self, run: &Range<usize>) -> bool {
        self.last(run.end).is_some_and(|change| change.at > run.start)
    }
}

/// The bytes of what puts two strings together, `" + "` say, at the quotation mark that ends the first, or of the backslash that ends
/// a line, with that end; `None` if nothing does.
fn joint(text: &str, at: usize, c: char) -> Option<usize> {
    let is_letter = |c: char| token::is_letter(plain_form(c).unwrap_or(c));
    if !matches!(c, '"' | '\'' | '`' | '\\') || !text[..at].ends_with(is_letter) {
        return None;
    }
    let rest = &text[at + 1..];
    if c == '\\' {
        return Some(1 + line_end(rest)?).filter(|length| text[at + length..].starts_with(is_letter));
    }
    let length = rest[..rest.floor_char_boundary(JOINT_BYTES_MAX)].find(c)?;
    let between = rest[..length].trim();
    let joins = length > 0 && matches!(between, "" | "+" | "." | ".." | "&" | "<>" | "++" | "\\" | "||");
    (joins && rest[length + 1..].starts_with(is_letter)).then_some(length + 2)
}

/// The bytes of a line end with the indentation and the signs of a quotation or comment behind it.
fn line_end(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\r').unwrap_or(text).strip_prefix('\n')?;
    let window = &rest[..rest.floor_char_boundary(JOINT_BYTES_MAX)];
    let length = window
        .find(|c: char| !(c.is_whitespace() || ">#*|\"'`".contains(c)))
        .filter(|length| !window[..*length].contains('\n'))?;
    Some(text.len() - rest.len() + length)
}

/// The bytes between letters of a key that end a line and those that go on in the next: the key has a name, and neither part is a word.
/// `line`: where the line begins; `goes_on`: with letters that go on from the one before.
fn broken(text: &str, at: usize, line: usize, goes_on: bool) -> Option<usize> {
    let length = line_end(&text[at..])?;
    let before = text[line..at].trim_end_matches(token::is_letter);
    let (start, letters) = (line + before.len(), &text[line + before.len()..at]);
    let rest = &text[at + length..];
    let next = &rest[..rest.find(|c| !token::is_letter(c)).unwrap_or(rest.len())];
    let ends = rest[next.len()..].starts_with(['=', '\r', '\n', '"', '\'', '`', ',', ';', '|', ' ', ')', ']'])
        || next.len() == rest.len();
    let is_letter = |c: char| c.is_ascii_alphabetic();
    let is_part = |part: &str| {
        let has_figures = part.contains(|c: char| c.is_ascii_digit());
        part.len() >= PART_LETTERS_MIN && part.contains(is_letter) && (has_figures || measure(part).words == 0)
    };
    // One that is whole is told by itself.
    let is_whole = letters.len() >= RANDOM_RUN_BYTES && !goes_on;
    let is_broken = letters.len() >= BROKEN_LETTERS_MIN && !is_whole && ends && is_part(letters) && is_part(next);
    let named = || (goes_on && before.is_empty()) || is_named(text, start, 0, What::Letters);
    (is_broken && named()).then_some(length)
}
