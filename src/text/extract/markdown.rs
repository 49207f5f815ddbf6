//! Finds the headings of a Markdown text.
//!
//! A line scanner and no parser: it recognises ATX and setext headings, fenced and indented code and HTML blocks of
//! CommonMark 0.31.2, and front matter, which is no part of any section. Everything else stays in the text as it is.
//!
//! Three deviations are intended. Headings of wikis, such as `== Text ==`, divide the text too. A paragraph of several lines or of more than `limits::HEADING_BYTES_MAX` bytes is no
//! heading although a line of `---` follows: in notes that is a thematic break. And headings inside quotations and list
//! items do not divide the text.

use super::fence::{Fence, is_indented};
use super::heading::plain_words;
use super::outline::Outline;
use super::section::Section;
use super::{front_matter, html_block};
use crate::limits::{HEADING_BYTES_MAX, HEADING_RAW_MAX};
use crate::text::list_item::is_item;
use crate::text::wiki;
use std::ops::Range;

/// The sections of a Markdown text, without front matter.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut start = front_matter::end(text);
    let outline = Outline::new(String::new(), 0..0, start);
    let mut scan = Scan { text, outline, fence: None, html: None, alone: None, paragraph: false };
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let end = start + line.len();
        scan.line(start..end, line.trim_end_matches(['\n', '\r']));
        start = end;
    }
    scan.outline.finish(text)
}

/// The scanner's state after some lines.
struct Scan<'a> {
    text: &'a str,
    outline: Outline,
    /// The fence of an open code block.
    fence: Option<Fence>,
    /// The end of an open HTML block.
    html: Option<html_block::End>,
    /// The previous line, if it is a paragraph of one line so far: a setext underline makes it a heading.
    alone: Option<Range<usize>>,
    /// Whether the previous line belongs to a paragraph.
    paragraph: bool,
}

impl Scan<'_> {
    /// Reads one line: `range` includes its line end, `line` does not.
    fn line(&mut self, range: Range<usize>, line: &str) {
        // A byte order mark within a file that was joined of several.
        let line = line.trim_start_matches('\u{feff}');
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if Fence::goes_on(&mut self.fence, content, indent) || self.in_html(line) {
            return;
        }
        let indented = is_indented(content, indent);
        let before = self.alone.take();
        let in_paragraph = std::mem::take(&mut self.paragraph);
        if content.trim().is_empty() {
        } else if let Some(fence) = Fence::open(content, indent) {
            self.fence = Some(fence);
        } else if indented {
            self.paragraph = in_paragraph;
        } else if let Some(end) = html_block::begins(content) {
            self.html = (!end.is_on(line)).then_some(end);
        } else if let Some((level, words)) = atx(content).or_else(|| wiki::heading(content)) {
            self.open(level, words, range);
        } else if let (Some(level), Some(above)) = (underline(content), before) {
            let words = self.text.get(above.clone()).unwrap_or_default();
            self.open(level, words, above.start..range.end);
        } else if !is_rule(content) {
            self.paragraph = true;
            self.alone = (!in_paragraph && is_prose(content)).then_some(range);
        }
    }

    /// Whether the line is part of the open HTML block, or its end.
    fn in_html(&mut self, line: &str) -> bool {
        let Some(open) = self.html else { return false };
        if open.is_on(line) {
            self.html = None;
        }
        true
    }

    fn open(&mut self, level: usize, words: &str, line: Range<usize>) {
        let raw = words.get(..words.floor_char_boundary(HEADING_RAW_MAX)).unwrap_or_default();
        self.outline.open(self.text, level, plain_words(raw), raw.len() == words.len(), line);
    }
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
