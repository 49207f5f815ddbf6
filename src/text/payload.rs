//! Payload: what stands in a text file and is no language, such as pictures as data URIs, base64 and hex blocks, keys,
//! minified code, tables of numbers, and lines that repeat.
//!
//! An embedding of payload is near to anything, so that it pushes sentences off an answer, and it costs a thousand model
//! calls for a pasted picture. [`elide`] replaces payload by [`MARK`] before a text is divided, so that the sentences
//! around it come together:
//!
//! 1. Within a line, opaque spans (`span`): data URIs, runs without a space that hold no words, and letters drawn at random
//!    (`token`), as keys, hashes and passwords of programs are. The last short line of a block of them goes with it (`tail`).
//! 2. Lines without words. Opaque ones (hex dumps, uuencode) go unless they are few, as a licence key is. Rows of
//!    numbers keep the beginning and the end of each table, and of wide ones the words (`names`).
//! 3. Lines that repeat, exactly or but for their digits (logs), keep the first few of each.
//!
//! What is language is told by its words (`word`), not by a list of formats, and holds for all scripts. Headings, fences
//! and other lines that give a text its structure always stay.
//!
//! Private keys in blocks ([`key`]) go before that, for another reason: an answer is no place for them, and a file of nothing else
//! is refused as that.

mod bytes;
mod disguised;
pub mod key;
mod literal;
mod mark;
mod named;
mod names;
mod repeats;
mod span;
mod tail;
mod token;
mod view;
pub mod word;

use super::wiki;
use crate::limits::{
    NUMBER_FILE_BYTES, NUMBER_FILE_PART, NUMBER_HEAD_BYTES, NUMBER_TAIL_BYTES, OPAQUE_BYTES_KEPT, OPAQUE_RUN_CHARS,
    TAIL_LINE_BYTES_MAX,
};
use names::Names;
use repeats::{Repeat, Repeats};
use std::borrow::Cow;
use std::ops::Range;
use word::measure;

pub use mark::MARK;

/// The text without its payload; borrowed where it has none. The time is linear in the text's length, and the memory a
/// copy of it.
#[must_use]
pub fn elide(text: &str) -> Cow<'_, str> {
    elide_and_tell(text).0
}

/// The same, and whether rows are left out that somebody may look for by a number: they are alike but for their digits, or have nothing
/// but numbers.
#[must_use]
pub fn elide_and_tell(text: &str) -> (Cow<'_, str>, bool) {
    let mut out = Output { text, copied: 0, built: String::new(), marked: false, lacks_rows: false };
    let mut repeats = Repeats::new();
    let mut table = Table::new(text);
    for line in lines(text, 0..text.len(), None) {
        match line.kind {
            Kind::Numbers | Kind::Opaque => table.push(&line),
            Kind::Blank if !table.range.is_empty() => table.push(&line),
            Kind::Blank => out.keep(&line),
            Kind::Structure | Kind::Language => {
                table.flush(&mut out);
                let is_language = line.kind == Kind::Language;
                let repeat = if is_language { repeats.of(&line.shown) } else { Repeat::Few };
                if repeat != Repeat::Few {
                    out.lacks_rows |= repeat == Repeat::Alike;
                    out.leave_out(&line);
                    continue;
                }
                if is_language {
                    table.file_left += line.shown.len() / NUMBER_FILE_PART;
                }
                out.keep(&line);
            }
        }
    }
    table.flush(&mut out);
    let lacks_rows = out.lacks_rows;
    (out.finish(), lacks_rows)
}

/// A passage without what is secret in it or looks so: private keys, and random letters such as keys of one word. Borrowed where it
/// has none.
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let keys = key::elide(text);
    span::tokens(&keys).map_or(keys, Cow::Owned)
}

/// Whether a private key stands in a text.
#[must_use]
pub fn holds_key(text: &str) -> bool {
    matches!(key::elide(text), Cow::Owned(_))
}

/// One line of the text.
struct Line<'a> {
    /// Its first byte, the end of its text, and the end of its line end.
    start: usize,
    body: usize,
    end: usize,
    /// Its text without opaque spans.
    shown: Cow<'a, str>,
    kind: Kind,
    /// The line before it, blank ones aside, if letters were cut out of that.
    before: Option<&'a str>,
}

/// The lines of a part of the text that begins and ends between lines. `before`: what the first of them has as such.
fn lines<'a>(text: &'a str, part: Range<usize>, mut before: Option<&'a str>) -> impl Iterator<Item = Line<'a>> {
    let mut end = part.start;
    text.get(part).unwrap_or_default().split_inclusive('\n').map(move |line| {
        let start = end;
        end += line.len();
        let body = line.trim_end_matches(['\n', '\r']);
        let mut shown = span::elide(body);
        let (cut, is_short) = (matches!(shown, Cow::Owned(_)), body.len() <= TAIL_LINE_BYTES_MAX);
        if let Some(tail) = before.filter(|_| !cut && is_short).and_then(|before| tail::without_tail(before, body)) {
            shown = Cow::Owned(tail);
        }
        let kind = Kind::of(&shown);
        let line = Line { start, body: start + body.len(), end, shown, kind, before };
        if kind != Kind::Blank {
            before = (cut && is_short).then_some(body);
        }
        line
    })
}

/// What a line is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    /// Words.
    Language,
    /// Figures, dates and amounts, almost without words.
    Numbers,
    /// Letters and figures that make no words.
    Opaque,
    /// A heading, a fence, or a line of punctuation such as a rule.
    Structure,
}

impl Kind {
    fn of(line: &str) -> Self {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Self::Blank;
        }
        let heading = trimmed.trim_start_matches('#');
        let is_heading = heading.len() < trimmed.len() && (heading.is_empty() || heading.starts_with([' ', '\t']));
        if is_heading || wiki::heading(trimmed).is_some() || trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            return Self::Structure;
        }
        let found = measure(trimmed);
        if found.alphanumeric == 0 {
            return if trimmed.starts_with(MARK) { Self::Opaque } else { Self::Structure };
        }
        // Encodings that use punctuation, such as uuencode, look like a few very short words without a space.
        let unbroken =
            trimmed.len() >= OPAQUE_RUN_CHARS && found.unspaced == 0 && !trimmed.contains(char::is_whitespace);
        if unbroken && (found.word_letters < 3 * found.words || found.word_letters * 3 < trimmed.chars().count()) {
            return Self::Opaque;
        }
        // A fifth of the letters and figures in words: a row of a bank statement has that, a row of figures has not.
        if found.word_letters * 5 >= found.alphanumeric {
            return Self::Language;
        }
        let stray = found.letters - found.word_letters;
        if stray * 8 >= found.alphanumeric { Self::Opaque } else { Self::Numbers }
    }
}

/// Lines without words that stand together, with the blank lines between them.
struct Table<'a> {
    text: &'a str,
    range: Range<usize>,
    /// See [`Line::before`], of its first line.
    before: Option<&'a str>,
    /// Bytes of its rows of numbers, and of its opaque lines.
    numbers: usize,
    opaque: usize,
    /// Bytes of numbers that may still stay in this file.
    file_left: usize,
    /// What stays of its wide rows.
    names: Names,
}

impl<'a> Table<'a> {
    fn new(text: &'a str) -> Self {
        let names = Names::new();
        Self { text, range: 0..0, before: None, numbers: 0, opaque: 0, file_left: NUMBER_FILE_BYTES, names }
    }

    fn push(&mut self, line: &Line<'a>) {
        if self.range.is_empty() {
            (self.range.start, self.before) = (line.start, line.before);
        }
        self.range.end = line.end;
        match line.kind {
            Kind::Numbers => self.numbers += line.shown.trim().len(),
            Kind::Opaque => self.opaque += line.shown.trim().len(),
            _ => {}
        }
    }

    /// Writes the lines that stay. They are taken apart once more: a file may be one table of millions of lines.
    fn flush(&mut self, out: &mut Output<'a>) {
        let numbers = std::mem::take(&mut self.numbers);
        let few_opaque = std::mem::take(&mut self.opaque) <= OPAQUE_BYTES_KEPT;
        let whole = numbers <= (NUMBER_HEAD_BYTES + NUMBER_TAIL_BYTES).min(self.file_left);
        let head = if whole { numbers } else { NUMBER_HEAD_BYTES.min(self.file_left) };
        let tail = if whole { 0 } else { NUMBER_TAIL_BYTES.min(self.file_left - head) };
        let mut seen = 0;
        for line in lines(self.text, std::mem::take(&mut self.range), self.before) {
            let length = line.shown.trim().len();
            let stays = match line.kind {
                Kind::Numbers => {
                    seen += length;
                    let stays = seen <= head || numbers - seen + length <= tail;
                    self.file_left = self.file_left.saturating_sub(if stays { length } else { 0 });
                    stays
                }
                Kind::Opaque => few_opaque && !is_mark(&line.shown),
                _ => true,
            };
            if stays {
                out.keep(&line);
                continue;
            }
            out.lacks_rows |= line.kind == Kind::Numbers;
            // All of a wide row is more than stays of a table.
            let is_wide = line.kind == Kind::Numbers && length > NUMBER_TAIL_BYTES;
            match is_wide.then(|| self.names.line(&line.shown)).flatten() {
                Some(names) => out.keep(&Line { shown: Cow::Owned(names), ..line }),
                None => out.leave_out(&line),
            }
        }
    }
}

/// Whether nothing is left of a line but the mark.
fn is_mark(line: &str) -> bool {
    line.trim().chars().all(|c| c == MARK)
}

/// The text that is built. As long as nothing was left out it is the beginning of the original.
struct Output<'a> {
    text: &'a str,
    /// Bytes of `text` that are done.
    copied: usize,
    built: String,
    /// Whether the last line is a mark for lines that were left out.
    marked: bool,
    /// See [`elide_and_tell`].
    lacks_rows: bool,
}

impl<'a> Output<'a> {
    /// Adds a line, without its opaque spans.
    fn keep(&mut self, line: &Line<'_>) {
        let blank = line.start == line.body;
        if let Cow::Owned(shown) = &line.shown {
            self.catch_up(line.start);
            self.built.push_str(shown);
            self.built.push_str(self.text.get(line.body..line.end).unwrap_or_default());
            self.copied = line.end;
        }
        // Blank lines between lines that are left out do not make two marks.
        self.marked &= blank;
    }

    /// Adds a mark in place of a line, or nothing if the line before is one.
    fn leave_out(&mut self, line: &Line<'_>) {
        self.catch_up(line.start);
        if !self.marked {
            self.built.push(MARK);
            self.built.push_str(self.text.get(line.body..line.end).unwrap_or_default());
        }
        self.copied = line.end;
        self.marked = true;
    }

    fn catch_up(&mut self, to: usize) {
        self.built.push_str(self.text.get(self.copied..to).unwrap_or_default());
        self.copied = to;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.catch_up(self.text.len());
        Cow::Owned(self.built)
    }
}

#[cfg(test)]
#[path = "payload/test.rs"]
mod tests;
