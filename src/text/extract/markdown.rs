//! Finds the headings of a Markdown text.
//!
//! A line scanner and no parser: it recognises ATX and setext headings, fenced and indented code and HTML blocks of
//! CommonMark 0.31.2, and front matter, which is no part of any section. Everything else stays in the text as it is.
//!
//! Two deviations are intended. A paragraph of several lines or of more than `limits::HEADING_BYTES_MAX` bytes is no
//! heading although a line of `---` follows: in notes that is a thematic break. And headings inside quotations and list
//! items do not divide the text.

use super::heading::plain_words;
use super::section::Section;
use super::{front_matter, html_block, plain};
use crate::limits::{DOCUMENT_CHUNKS_MAX, HEADING_BYTES_MAX, HEADING_RAW_MAX};
use crate::text::list_item::is_item;
use std::ops::Range;

/// Between two headings of a path.
const SEPARATOR: &str = " > ";

/// The sections of a Markdown text, under the title that it has elsewhere, if any. After `limits::DOCUMENT_CHUNKS_MAX`
/// sections, headings are ordinary text. Of front matter only the title counts: it stands above all headings.
pub(super) fn sections(text: &str, title: Option<&str>) -> Vec<Section> {
    let mut scan = Scan::new(text);
    let mut start = front_matter::end(text);
    scan.body = start;
    let own = front_matter::title(text.get(..start).unwrap_or_default());
    scan.heading = own.clone().unwrap_or(0..0);
    let words = title.or_else(|| text.get(own?)).map(plain_words).unwrap_or_default();
    if !words.is_empty() && words.len() <= HEADING_BYTES_MAX {
        scan.path.push((0, words));
    }
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let end = start + line.len();
        scan.line(start..end, line.trim_end_matches(['\n', '\r']));
        start = end;
    }
    scan.close(text.len(), None);
    scan.sections
}

/// The scanner's state after some lines.
struct Scan<'a> {
    text: &'a str,
    sections: Vec<Section>,
    /// The headings above the current line with their levels, 1 to 6, ascending; 0 is the title.
    path: Vec<(usize, String)>,
    /// The heading line of the open section.
    heading: Range<usize>,
    /// The first byte of the open section's body.
    body: usize,
    /// The fence of an open code block.
    fence: Option<Fence>,
    /// The end of an open HTML block.
    html: Option<html_block::End>,
    /// The previous line, if it is a paragraph of one line so far: a setext underline makes it a heading.
    alone: Option<Range<usize>>,
    /// Whether the previous line belongs to a paragraph.
    paragraph: bool,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            sections: Vec::new(),
            path: Vec::new(),
            heading: 0..0,
            body: 0,
            fence: None,
            html: None,
            alone: None,
            paragraph: false,
        }
    }

    /// Reads one line: `range` includes its line end, `line` does not.
    fn line(&mut self, range: Range<usize>, line: &str) {
        // A byte order mark within a file that was joined of several.
        let line = line.trim_start_matches('\u{feff}');
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if self.in_code(content, indent) || self.in_html(line) {
            return;
        }
        let indented = indent > 3 || content.starts_with('\t');
        let before = self.alone.take();
        let in_paragraph = std::mem::take(&mut self.paragraph);
        if content.trim().is_empty() {
        } else if let Some(fence) = Fence::open(content, indent).filter(|fence| !indented || fence.column > indent) {
            self.fence = Some(fence);
        } else if indented {
            self.paragraph = in_paragraph;
        } else if let Some(end) = html_block::begins(content) {
            self.html = (!end.is_on(line)).then_some(end);
        } else if let Some((level, words)) = atx(content) {
            self.open(level, words, range);
        } else if let (Some(level), Some(above)) = (underline(content), before) {
            let words = self.text.get(above.clone()).unwrap_or_default();
            self.open(level, words, above.start..range.end);
        } else if !is_rule(content) {
            self.paragraph = true;
            self.alone = (!in_paragraph && is_prose(content)).then_some(range);
        }
    }

    /// Whether the line is part of the open code block, or its end.
    fn in_code(&mut self, content: &str, indent: usize) -> bool {
        let Some(open) = self.fence else { return false };
        if open.column > 0 && indent < open.column && !content.trim().is_empty() {
            // The list item that the block belongs to has ended, and the block with it; unless its closing fence was
            // written without the indent.
            self.fence = None;
            return open.is_closed_by(content);
        }
        if open.is_closed_by(content) && indent < open.column + 4 {
            self.fence = None;
        }
        true
    }

    /// Whether the line is part of the open HTML block, or its end.
    fn in_html(&mut self, line: &str) -> bool {
        let Some(open) = self.html else { return false };
        if open.is_on(line) {
            self.html = None;
        }
        true
    }

    /// A heading ends the section before it and opens the next.
    fn open(&mut self, level: usize, words: &str, line: Range<usize>) {
        if self.sections.len() + 1 >= DOCUMENT_CHUNKS_MAX {
            return;
        }
        self.close(line.start, Some(level));
        self.path.retain(|(outer, _)| *outer < level);
        let raw = words.get(..words.floor_char_boundary(HEADING_RAW_MAX)).unwrap_or_default();
        let mut heading = plain_words(raw);
        let whole = raw.len() == words.len() && heading.len() <= HEADING_BYTES_MAX;
        heading.truncate(heading.floor_char_boundary(HEADING_BYTES_MAX));
        // The title once more.
        self.path.retain(|(outer, title)| *outer > 0 || *title != heading);
        self.body = if whole { line.end } else { line.start };
        self.path.push((level, heading));
        self.heading = line;
    }

    /// Ends the open section at byte `end`, before a heading of level `next` or the end of the text.
    fn close(&mut self, end: usize, next: Option<usize>) {
        let body = plain::sections(self.text.get(self.body..end).unwrap_or_default()).pop();
        let range = match (body, self.path.last()) {
            (Some(section), _) => self.body + section.range.start..self.body + section.range.end,
            // The path of the deeper heading contains this one.
            (None, Some((level, _))) if next.is_some_and(|next| next > *level) => return,
            (None, Some((_, words))) if !words.is_empty() && !self.heading.is_empty() => {
                let line = self.text.get(self.heading.clone()).unwrap_or_default();
                self.heading.start..self.heading.start + line.trim_end().len()
            }
            (None, _) => return,
        };
        let heading = self.path.iter().map(|(_, words)| words.as_str()).filter(|words| !words.is_empty());
        let heading = heading.collect::<Vec<_>>().join(SEPARATOR);
        self.sections.push(Section { heading, range });
    }
}

/// The line that opened a block of fenced code.
#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: char,
    length: usize,
    /// The column at which the content of its list item begins; 0 outside a list.
    column: usize,
}

impl Fence {
    /// The fence that a line opens, which may stand behind the mark of a list item. `content` is the line without its
    /// indent.
    fn open(content: &str, indent: usize) -> Option<Self> {
        let (mut rest, mut column) = (content, 0);
        while is_item(rest) && fence(rest).is_none() {
            let (_, after) = rest.split_once(char::is_whitespace)?;
            rest = after.trim_start();
            column = indent + content.len() - rest.len();
        }
        let (mark, length, info) = fence(rest)?;
        let inline = mark == '`' && info.contains('`');
        (!inline).then_some(Self { mark, length, column })
    }

    fn is_closed_by(self, content: &str) -> bool {
        fence(content).is_some_and(|(mark, length, info)| mark == self.mark && length >= self.length && info.is_empty())
    }
}

/// The mark, its length and the info string of a line of three or more marks.
pub(super) fn fence(content: &str) -> Option<(char, usize, &str)> {
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = content.trim_start_matches(mark);
    let length = content.len() - info.len();
    (length >= 3).then_some((mark, length, info.trim()))
}

/// The level and text of an ATX heading like `## Text ##`.
fn atx(content: &str) -> Option<(usize, &str)> {
    let rest = content.trim_start_matches('#');
    let level = content.len() - rest.len();
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let words = rest.trim();
    let open = words.trim_end_matches('#');
    let closed = open.is_empty() || open.ends_with([' ', '\t']);
    Some((level, if closed { open.trim_end() } else { words }))
}

/// The level of a setext heading's underline, `===` or `---`.
fn underline(content: &str) -> Option<usize> {
    let line = content.trim_end();
    match line.as_bytes() {
        [b'=', b'=', ..] if line.trim_start_matches('=').is_empty() => Some(1),
        [b'-', b'-', ..] if line.trim_start_matches('-').is_empty() => Some(2),
        _ => None,
    }
}

/// Whether a line is a thematic break, like `* * *` or `---`.
fn is_rule(content: &str) -> bool {
    let marks = || content.chars().filter(|c| !c.is_whitespace());
    let first = marks().next().filter(|c| matches!(c, '-' | '*' | '_'));
    first.is_some_and(|first| marks().all(|c| c == first) && marks().count() >= 3)
}

/// Whether a line can be a heading if it is underlined: not a list item, quote, table row, tag or definition of a link,
/// and no whole paragraph.
fn is_prose(content: &str) -> bool {
    let definition = content.starts_with('[') && content.contains("]:");
    !is_item(content)
        && !definition
        && !content.starts_with(['>', '<', '|', ':'])
        && content.trim_end().len() <= HEADING_BYTES_MAX
}

#[cfg(test)]
#[path = "markdown_test.rs"]
mod tests;
