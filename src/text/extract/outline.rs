//! From headings, as they are read, to sections with the path of headings above them.
//!
//! A part that is nothing but marks for what was left out, such as a picture, answers nothing; its heading does, and stands in its place.

use super::plain;
use super::section::Section;
use crate::limits::{DOCUMENT_CHUNKS_MAX, HEADING_BYTES_MAX, HEADINGS_ALIKE_MAX};
use crate::text::payload;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
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
    /// The last heading line above the open section that is in no section yet.
    above: Option<Range<usize>>,
    /// How often headings stand in place of their parts, exactly and but for their digits, by their hashes.
    in_place: BTreeMap<u64, usize>,
}

impl Outline {
    /// An outline under a title, which stands at these bytes of the text, or nowhere; the text begins at byte `body`.
    pub(super) fn new(title: String, at: Range<usize>, body: usize) -> Self {
        let path = if title.is_empty() { Vec::new() } else { vec![(0, shortened(title))] };
        Self { sections: Vec::new(), path, heading: at, body, above: None, in_place: BTreeMap::new() }
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
        let body = body.map(|section| self.body + section.range.start..self.body + section.range.end);
        let has_marks_only = body.clone().and_then(|body| text.get(body)).is_some_and(is_left_out);
        let is_deeper = self.path.last().is_some_and(|(level, _)| next.is_some_and(|next| next > *level));
        let range = match (body, self.line(text)) {
            (Some(body), _) if !has_marks_only => body,
            // The path of the deeper heading contains this one.
            (_, line) if is_deeper => {
                self.above = line.or_else(|| self.above.take());
                return;
            }
            (body, line) => {
                let Some(range) = line.or_else(|| self.above.take()).or(body) else { return };
                range
            }
        };
        let heading = self.path.iter().map(|(_, words)| words.as_str()).filter(|words| !words.is_empty());
        let heading = heading.collect::<Vec<_>>().join(SEPARATOR);
        if has_marks_only && !self.is_new(&heading) {
            return;
        }
        self.above = None;
        self.sections.push(Section { heading, range });
    }

    /// The line of the open section's heading; `None` if it has no words.
    fn line(&self, text: &str) -> Option<Range<usize>> {
        let (_, words) = self.path.last()?;
        let length = text.get(self.heading.clone())?.trim_end().len();
        let has_words = !words.is_empty() && !is_left_out(words);
        (has_words && length > 0).then(|| self.heading.start..self.heading.start + length)
    }

    /// Whether a heading that stands in place of its part did not before, and few did that are alike but for their digits.
    fn is_new(&mut self, heading: &str) -> bool {
        let alike: String = heading.chars().filter(|c| !c.is_numeric()).collect();
        let (exact, alike) = (hash(&(heading, true)), hash(&(alike.as_str(), false)));
        if self.in_place.contains_key(&exact) {
            return false;
        }
        let count = self.in_place.entry(alike).or_default();
        *count += 1;
        // What is refused is not kept: of a text of nothing but such headings there would be a million.
        if *count > HEADINGS_ALIKE_MAX {
            return false;
        }
        self.in_place.insert(exact, 1);
        true
    }
}

fn hash(words: &(&str, bool)) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// Whether nothing of a part is left but marks for what was left out, with the fences around it.
pub(super) fn is_left_out(part: &str) -> bool {
    let is_fence = |line: &str| line.starts_with("```") || line.starts_with("~~~");
    let is_mark = |line: &str| line.chars().all(|c| c == payload::MARK || c.is_whitespace());
    part.contains(payload::MARK) && part.lines().map(str::trim).all(|line| is_fence(line) || is_mark(line))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_headings_that_are_alike_only_those_that_are_taken_are_kept_and_the_same_again_counts_for_none() {
        let mut outline = Outline::new(String::new(), 0..0, 0);
        assert!(outline.is_new("Page 0"));
        assert!((0..100).all(|_| !outline.is_new("Page 0")));
        let taken = (1..1_000).filter(|n| outline.is_new(&format!("Page {n}"))).count();
        assert_eq!((taken, outline.in_place.len()), (HEADINGS_ALIKE_MAX - 1, HEADINGS_ALIKE_MAX + 1));
        assert!(outline.is_new("Shed 7"));
    }
}
