//! From headings, as they are read, to sections with the path of headings above them.

use super::plain;
use super::section::Section;
use crate::limits::{DOCUMENT_CHUNKS_MAX, HEADING_BYTES_MAX};
use std::ops::Range;

/// Between two headings of a path.
const SEPARATOR: &str = " > ";

/// The sections of a text so far.
pub(super) struct Outline {
    sections: Vec<Section>,
    /// The headings above the current line with their levels, 1 to 6, ascending; 0 is the title.
    path: Vec<(usize, String)>,
    /// The heading line of the open section.
    heading: Range<usize>,
    /// The first byte of the open section's body.
    body: usize,
}

impl Outline {
    /// An outline under a title, which stands at these bytes of the text, or nowhere; the text begins at byte `body`.
    pub(super) fn new(title: String, at: Range<usize>, body: usize) -> Self {
        let path = if title.is_empty() { Vec::new() } else { vec![(0, shortened(title))] };
        Self { sections: Vec::new(), path, heading: at, body }
    }

    /// A heading ends the section before it and opens the next; after `limits::DOCUMENT_CHUNKS_MAX` sections it is ordinary
    /// text. `whole`: nothing of its line is missing in its words.
    pub(super) fn open(&mut self, text: &str, level: usize, words: String, whole: bool, line: Range<usize>) {
        if self.sections.len() + 1 >= DOCUMENT_CHUNKS_MAX {
            return;
        }
        self.close(text, line.start, Some(level));
        self.path.retain(|(outer, _)| *outer < level);
        let whole = whole && words.len() <= HEADING_BYTES_MAX;
        let heading = shortened(words);
        // The title once more.
        self.path.retain(|(outer, title)| *outer > 0 || *title != heading);
        self.body = if whole { line.end } else { line.start };
        self.path.push((level, heading));
        self.heading = line;
    }

    /// All sections of the text.
    pub(super) fn finish(mut self, text: &str) -> Vec<Section> {
        self.close(text, text.len(), None);
        self.sections
    }

    /// Ends the open section at byte `end`, before a heading of level `next` or the end of the text.
    fn close(&mut self, text: &str, end: usize, next: Option<usize>) {
        let body = plain::sections(text.get(self.body..end).unwrap_or_default()).pop();
        let range = match (body, self.path.last()) {
            (Some(section), _) => self.body + section.range.start..self.body + section.range.end,
            // The path of the deeper heading contains this one.
            (None, Some((level, _))) if next.is_some_and(|next| next > *level) => return,
            (None, Some((_, words))) if !words.is_empty() && !self.heading.is_empty() => {
                let line = text.get(self.heading.clone()).unwrap_or_default();
                self.heading.start..self.heading.start + line.trim_end().len()
            }
            (None, _) => return,
        };
        let heading = self.path.iter().map(|(_, words)| words.as_str()).filter(|words| !words.is_empty());
        let heading = heading.collect::<Vec<_>>().join(SEPARATOR);
        self.sections.push(Section { heading, range });
    }
}

/// The words up to `limits::HEADING_BYTES_MAX`, cut between two of them if there are several.
fn shortened(mut words: String) -> String {
    if words.len() > HEADING_BYTES_MAX {
        let end = words.floor_char_boundary(HEADING_BYTES_MAX);
        let (head, rest) = words.split_at(end);
        let cut =
            if rest.starts_with(char::is_whitespace) { end } else { head.rfind(char::is_whitespace).unwrap_or(end) };
        words.truncate(cut);
        words.truncate(words.trim_end().len());
    }
    words
}
