//! Finds the headings of a Markdown text.
//!
//! A line scanner and no parser: it recognises ATX and setext headings, fenced and indented code of CommonMark, and
//! YAML front matter. Everything else stays in the text as it is.

use super::plain;
use super::section::Section;
use crate::limits::{DOCUMENT_CHUNKS_MAX, HEADING_BYTES_MAX, HEADING_RAW_MAX};
use crate::text::list_item::is_item;
use std::ops::Range;

/// Between two headings of a path.
const SEPARATOR: &str = " > ";

/// The sections of a Markdown text. After `limits::DOCUMENT_CHUNKS_MAX` sections, headings are ordinary text.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut scan = Scan::new(text);
    let mut start = front_matter(text);
    if start > 0 {
        scan.close(start, None);
        scan.body = start;
    }
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let end = start + line.len();
        scan.line(start..end, line.trim_end_matches(['\n', '\r']));
        start = end;
    }
    scan.close(text.len(), None);
    scan.sections
}

/// Where the text begins after YAML front matter; 0 if there is none.
fn front_matter(text: &str) -> usize {
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        at += line.len();
        match (number, line.trim_end()) {
            (0, "---") => {}
            (0, _) => return 0,
            // Without `key: value` on the next line, `---` is a thematic break.
            (1, line) if !line.contains(':') => return 0,
            (_, "---" | "...") => return at,
            _ => {}
        }
    }
    0
}

/// The scanner's state after some lines.
struct Scan<'a> {
    text: &'a str,
    sections: Vec<Section>,
    /// The headings above the current line with their levels, 1 to 6, ascending.
    path: Vec<(usize, String)>,
    /// The heading line of the open section.
    heading: Range<usize>,
    /// The first byte of the open section's body.
    body: usize,
    /// Mark and length of the fence of an open code block.
    fence: Option<(char, usize)>,
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
            alone: None,
            paragraph: false,
        }
    }

    /// Reads one line: `range` includes its line end, `line` does not.
    fn line(&mut self, range: Range<usize>, line: &str) {
        let content = line.trim_start_matches(' ');
        let mark = fence(content);
        if let Some((open, length)) = self.fence {
            if mark.is_some_and(|(m, n, info)| m == open && n >= length && info.is_empty()) {
                self.fence = None;
            }
            return;
        }
        let indented = line.len() - content.len() > 3 || content.starts_with('\t');
        let before = self.alone.take();
        let in_paragraph = std::mem::take(&mut self.paragraph);
        if content.trim().is_empty() {
        } else if indented {
            self.paragraph = in_paragraph;
        } else if let Some((m, n, _)) = mark {
            self.fence = Some((m, n));
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
            (None, Some((_, words))) if !words.is_empty() => {
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

/// The mark, its length and the info string of a line that opens or closes fenced code.
fn fence(content: &str) -> Option<(char, usize, &str)> {
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = content.trim_start_matches(mark);
    let length = content.len() - info.len();
    let inline = mark == '`' && info.contains('`');
    (length >= 3 && !inline).then_some((mark, length, info.trim()))
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

/// Whether a line can be a heading if it is underlined: not a list item, quote, table row or tag.
fn is_prose(content: &str) -> bool {
    !is_item(content) && !content.starts_with(['>', '<', '|', ':'])
}

/// A heading's text without inline markup: `*` and `` ` `` are removed, `[text](url)` and `![text](url)` become `text`,
/// `\*` becomes `*`, and white space a single space.
fn plain_words(raw: &str) -> String {
    let mut words = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        match c {
            '\\' if rest.starts_with(|c: char| c.is_ascii_punctuation()) => words.extend(chars.next()),
            '*' | '`' => {}
            '!' if rest.starts_with('[') && after_link(rest).is_some() => {}
            '[' if after_link(rest).is_some() => {}
            ']' if link_end(rest).is_some() => chars = link_end(rest).unwrap_or(rest).chars(),
            c if c.is_whitespace() && (words.is_empty() || words.ends_with(' ')) => {}
            c if c.is_whitespace() => words.push(' '),
            c => words.push(c),
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// The text after the link of which `rest` is the part behind `[`; `None` if it is no link.
fn after_link(rest: &str) -> Option<&str> {
    link_end(rest.split_once(']')?.1)
}

/// The text after the `(url)` or `[reference]` that `rest` begins with.
fn link_end(rest: &str) -> Option<&str> {
    let close = match rest.as_bytes().first()? {
        b'(' => ')',
        b'[' => ']',
        _ => return None,
    };
    rest.split_once(close).map(|(_, after)| after)
}

#[cfg(test)]
#[path = "markdown_test.rs"]
mod tests;
