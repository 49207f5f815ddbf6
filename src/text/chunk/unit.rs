//! Divides a section into units: paragraphs; large ones into lines and sentences (UAX #29); overlong sentences at
//! spaces, word boundaries or anywhere. Rows of a table are chunks of their own.

use super::pack::{Edge, Packer, Unit};
use super::record;
use crate::base::table_row::{are_names_of, is_row, share_name};
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_TOKENS_TARGET, SENTENCE_MARKS_MAX};
use crate::text::list_item::is_item;
use std::ops::Range;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

/// A paragraph or line of at most this many tokens is not broken.
const WHOLE_TOKENS: usize = CHUNK_TOKENS_TARGET;

/// The most tokens of a part of an overlong sentence.
const PART_TOKENS: usize = 48;

/// The most bytes of a part of an overlong sentence: a run without spaces may count as a single token.
const PART_BYTES: usize = 1024;

/// From this many characters on a line is not wrapped by hand, and its end is the end of a paragraph.
const LONG_LINE: usize = 160;

/// Pushes a section's units to the packer. A range outside the text has none. `rows_alone`: a row of a table is a chunk of its own.
pub(super) fn section(packer: &mut Packer<'_>, range: Range<usize>, rows_alone: bool) {
    let text = packer.text;
    let mut start = range.start;
    let mut paragraph = start..start;
    for line in text.get(range).unwrap_or_default().split_inclusive('\n') {
        let end = start + line.len();
        if line.trim().is_empty() {
            push_paragraph(packer, paragraph, rows_alone);
            paragraph = end..end;
        } else {
            paragraph.end = end;
        }
        start = end;
        if packer.is_full() {
            return;
        }
    }
    push_paragraph(packer, paragraph, rows_alone);
}

fn push_paragraph(packer: &mut Packer<'_>, range: Range<usize>, rows_alone: bool) {
    if rows_alone && record::are_rows(packer.text.get(range.clone()).unwrap_or_default()) {
        push_rows(packer, range);
    } else if !push_whole(packer, &range, WHOLE_TOKENS, Edge::Paragraph) {
        Lines::new(packer, range).push();
    }
}

/// Pushes the rows of a table, each as a chunk, the first one like the others: its title is a chunk of its own, and so are the names of its columns
/// (which `split` leaves out). Lines between rows stand with the row below them.
fn push_rows(packer: &mut Packer<'_>, range: Range<usize>) {
    packer.cut();
    let (mut at, mut before) = (range.start, "");
    let text = packer.text.get(range).unwrap_or_default();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let are_names = are_names_of(line.trim_end(), next.trim_end());
        if are_names {
            packer.cut();
        }
        logical_line(packer, at..at + line.len(), Edge::Line);
        at += line.len();
        // A row may have one value only.
        let is_one = is_row(line) || share_name(before, line);
        let is_above = before.is_empty() && is_row(next);
        if is_one || are_names || is_above {
            packer.cut();
        }
        if is_one {
            before = line;
        }
        if packer.is_full() {
            return;
        }
    }
    packer.cut();
}

/// Pushes the range as one unit if it has at most `most` tokens and is not too long. Returns whether it did.
fn push_whole(packer: &mut Packer<'_>, range: &Range<usize>, most: usize, edge: Edge) -> bool {
    let text = packer.text.get(range.clone()).unwrap_or_default();
    let start = range.start + text.len() - text.trim_start().len();
    let body = text.trim();
    if body.is_empty() {
        return true;
    }
    if body.len() > CHUNK_BYTES_MAX {
        return false;
    }
    let tokens = (packer.tokens)(body);
    if tokens > most.min(packer.room) {
        return false;
    }
    packer.push(Unit { range: start..start + body.len(), tokens, edge });
    true
}

/// The lines of one large paragraph.
struct Lines<'p, 'a> {
    packer: &'p mut Packer<'a>,
    range: Range<usize>,
    /// Characters of the longest line but one: a single longer line is an edit that was not wrapped again.
    width: usize,
}

impl<'p, 'a> Lines<'p, 'a> {
    fn new(packer: &'p mut Packer<'a>, range: Range<usize>) -> Self {
        let text = packer.text.get(range.clone()).unwrap_or_default();
        let (_, width) = text
            .lines()
            .map(|line| line.chars().count())
            .fold((0, 0), |(first, second), n| if n > first { (n, first) } else { (first, second.max(n)) });
        Self { packer, range, width }
    }

    /// Pushes the logical lines, each of which may be wrapped over several lines.
    fn push(self) {
        let text = self.packer.text.get(self.range.clone()).unwrap_or_default();
        let mut edge = Edge::Paragraph;
        let (mut from, mut at) = (self.range.start, self.range.start);
        let mut lines = text.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            at += line.len();
            let after = lines.peek().and_then(|next| self.boundary(line, next));
            if after.is_some() || lines.peek().is_none() {
                logical_line(self.packer, from..at, edge);
                edge = after.unwrap_or(Edge::Line);
                from = at;
            }
            if self.packer.is_full() {
                return;
            }
        }
    }

    /// The boundary between two lines; `None` if the line end is mere wrapping.
    fn boundary(&self, line: &str, next: &str) -> Option<Edge> {
        if are_cells(line, next) || is_item(next.trim_start()) {
            return Some(Edge::Line);
        }
        let used = line.trim_end().chars().count();
        if used >= LONG_LINE || next.chars().nth(LONG_LINE).is_some() {
            return Some(Edge::Paragraph);
        }
        let word = next.split_whitespace().next().map_or(0, |word| word.chars().count());
        (used + 1 + word <= self.width).then_some(Edge::Line)
    }
}

/// Pushes a logical line, by sentences if it is too large.
fn logical_line(packer: &mut Packer<'_>, range: Range<usize>, edge: Edge) {
    if push_whole(packer, &range, WHOLE_TOKENS, edge) {
        return;
    }
    let copy = unwrapped(packer.text.get(range.clone()).unwrap_or_default());
    let mut edge = edge;
    let mut start = range.start;
    for sentence in copy.split_sentence_bounds() {
        let end = start + sentence.len();
        if !push_whole(packer, &(start..end), packer.room, edge) {
            parts(packer, start..end, edge);
        }
        edge = if is_abbreviation(sentence) { Edge::Tight } else { Edge::Sentence };
        start = end;
        if packer.is_full() {
            return;
        }
    }
}

/// Pushes an overlong sentence in parts: broken at spaces if there are any, else between words of any script, else
/// anywhere.
fn parts(packer: &mut Packer<'_>, range: Range<usize>, edge: Edge) {
    let text = packer.text.get(range.clone()).unwrap_or_default();
    let mut rest = text;
    let (mut edge, mut size) = (edge, PART_BYTES);
    while !rest.is_empty() && !packer.is_full() {
        let length = fitting(rest, size);
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let start = range.start + text.len() - rest.len();
        let one = part.chars().nth(1).is_none();
        if push_whole(packer, &(start..start + length), if one { usize::MAX } else { PART_TOKENS }, edge) || one {
            rest = after;
            edge = Edge::Tight;
            size = (length * 2).min(PART_BYTES);
        } else {
            size = length / 2;
        }
    }
}

/// The length of the first part of `text` in bytes: about `size`, and at least one character.
fn fitting(text: &str, size: usize) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let most = text.floor_char_boundary(size).max(first);
    let window = text.get(..most).unwrap_or(text);
    if most == text.len() {
        return most;
    }
    let late = |at: usize| (at > most / 2).then_some(at);
    let space = window.rfind(char::is_whitespace).and_then(late);
    let word = || late(window.split_word_bound_indices().fold(0, |_, (at, _)| at));
    let grapheme = || late(window.grapheme_indices(true).fold(0, |_, (at, _)| at));
    space.or_else(word).or_else(grapheme).unwrap_or(most)
}

/// A copy of the same length in which line ends are spaces, so that a sentence may span several lines. A long run of
/// marks gets a line end, see [`SENTENCE_MARKS_MAX`].
fn unwrapped(text: &str) -> String {
    let mut copy = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        marks = if ends_marks(c) { 0 } else { marks + 1 };
        if marks >= SENTENCE_MARKS_MAX {
            copy.extend(std::iter::repeat_n(' ', c.len_utf8() - 1));
            copy.push('\n');
            marks = 0;
        } else {
            copy.push(if matches!(c, '\n' | '\r') { ' ' } else { c });
        }
    }
    copy
}

/// Characters that certainly end the marks and spaces after a full stop: in UAX #29 they are neither Close, Sp, Extend
/// nor Format.
fn ends_marks(c: char) -> bool {
    use GeneralCategory::{DecimalNumber, LowercaseLetter, OtherLetter, TitlecaseLetter, UppercaseLetter};
    c.is_ascii_alphanumeric()
        || (!c.is_ascii()
            && matches!(
                c.general_category(),
                DecimalNumber | LowercaseLetter | OtherLetter | TitlecaseLetter | UppercaseLetter
            ))
}

/// Whether the full stop may be that of "Dr.", "J." or "3.": the last word is a number or short and begins with a
/// capital letter.
fn is_abbreviation(sentence: &str) -> bool {
    let Some(before) = sentence.trim_end().strip_suffix('.') else { return false };
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let number = word.bytes().all(|b| b.is_ascii_digit()) && before.trim_start() == word;
    let short = word.len() <= 3 && word.starts_with(char::is_uppercase);
    number || short
}

/// Whether a line end is one between rows of a table: of Markdown, or of values without names as `text::extract` writes them.
fn are_cells(line: &str, next: &str) -> bool {
    let has_bar = |line: &str| line.contains('|');
    let has_values = |line: &str| line.matches("; ").nth(1).is_some();
    has_bar(line) || has_bar(next) || has_values(line) && has_values(next)
}
