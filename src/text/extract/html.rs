//! HTML files: nobody asks for tags, and they are no words of a passage.
//!
//! A file is read in two steps, with payload taken out in between ([`crate::text::payload`]), when the tags with their
//! addresses and pictures are gone already. [`read`] makes a page of lines: what is not shown is left out, and each heading
//! is one line with a mark that no text of a file can hold. [`sections`] takes the marks out and divides the page there. No
//! text of a file acts as Markdown: a line of `<pre>` that begins with `#` or a fence is text.
//!
//! What frames the text, as the ways to other pages do, is left out ([`Frame`]).
//!
//! The text is never longer than the file: each tag has more bytes than the line ends, or the mark of a list item, that
//! stand for it.

use super::heading::title_words;
use super::html_block::BLOCKS;
use super::html_frame::Frame;
use super::html_scan::{INLINE, Part, Scan};
use super::outline::Outline;
use super::section::Text;
use crate::limits::{DOCUMENT_CHUNKS_MAX, HEADING_RAW_MAX};
use std::iter;

/// Stands behind the `#` of a heading; control characters of the file are left out.
pub(super) const HEADING: &str = " \u{1}";

/// Stands before the text of a list item.
const ITEM: &str = "- ";

/// A file without its tags.
pub(super) struct Page<'a> {
    scan: Scan<'a>,
    pub(super) text: String,
    /// The title; empty if there is none.
    pub(super) title: String,
    /// Headings so far.
    headings: usize,
    /// Where the open heading begins, which is one line.
    heading: Option<usize>,
    /// Within preformatted text.
    pre: bool,
}

/// Reads a file. `xml`: it is XHTML, in which every element can be closed by its own tag, `<script/>`.
pub(super) fn read(file: &str, xml: bool) -> Page<'_> {
    let xml = xml || file.trim_start().starts_with("<?xml");
    let mut page = Page {
        scan: Scan::new(file, xml),
        text: String::with_capacity(file.len() / 2),
        title: String::new(),
        headings: 0,
        heading: None,
        pre: false,
    };
    let (mut titles, mut frame) = (0, Frame::default());
    while let Some(part) = page.scan.next(false) {
        match part {
            Part::Text(c) => page.text(c),
            Part::Tag { name, closes } => {
                page.tag(&name, closes);
                frame.tag(&name, closes, page.text.len(), page.pre || page.heading.is_some());
                // Of further titles, and of one that is as long as a text, the words are text.
                if name == "title" && !closes && titles == 0 {
                    titles += 1;
                    let words = page.scan.until_closed("title", HEADING_RAW_MAX);
                    page.title = words.map(title_words).unwrap_or_default();
                }
            }
        }
    }
    let is_text = |line: &str| heading(line).is_none() && line.contains(char::is_alphanumeric);
    if let Some(text) = frame.without(&page.text, |text| text.split_inclusive('\n').any(is_text)) {
        page.text = text;
    }
    page
}

/// The text of a page, divided at its headings. A page with nothing but a title has that as its text.
pub(super) fn sections(page: &str, title: String) -> Text {
    let mut text = String::with_capacity(page.len());
    let mut outline = Outline::new(title.clone(), 0..0, 0);
    for line in page.split_inclusive('\n') {
        let Some((level, words)) = heading(line) else {
            text.push_str(line);
            continue;
        };
        let start = text.len();
        text.push_str(words);
        text.push('\n');
        if !words.is_empty() {
            outline.open(&text, level, words.to_owned(), true, start..text.len());
        }
    }
    let mut sections = outline.finish(&text);
    if sections.is_empty() && !title.is_empty() {
        let heading = Outline::new(title.clone(), 0..title.len(), title.len()).finish(&title);
        sections = heading;
        text = title;
    }
    Text { text, sections }
}

/// The level and the words of a heading's line.
fn heading(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('#');
    Some((line.len() - rest.len(), rest.strip_prefix(HEADING)?.trim()))
}

impl Page<'_> {
    fn text(&mut self, c: char) {
        // A soft hyphen stands within a word.
        let unseen = c == '\u{ad}' || (c.is_control() && !c.is_whitespace());
        if unseen {
        } else if self.pre || !c.is_whitespace() {
            self.text.push(c);
        } else if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn tag(&mut self, name: &str, closes: bool) {
        let is_block = name == "br" || name == "pre" || BLOCKS.contains(&name);
        // A heading that is as long as a text was never closed.
        if is_block && self.heading.is_some_and(|start| self.text.len() - start > HEADING_RAW_MAX) {
            self.heading = None;
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if !self.pre => {
                self.lines(2);
                self.heading = None;
                if !closes && self.headings < DOCUMENT_CHUNKS_MAX {
                    self.headings += 1;
                    self.heading = Some(self.text.len());
                    self.text.extend(iter::repeat_n('#', usize::from(name.as_bytes()[1] - b'0')));
                    self.text.push_str(HEADING);
                }
            }
            name if INLINE.contains(&name) && name != "br" => {}
            _ if self.heading.is_some() => self.text(' '),
            "pre" => {
                self.lines(2);
                self.pre = !closes;
            }
            _ if self.pre => self.text.push_str(if is_block && !self.text.ends_with('\n') { "\n" } else { "" }),
            "li" => {
                self.lines(1);
                self.text.push_str(if closes { "" } else { ITEM });
            }
            "td" | "th" => self.text(' '),
            _ if self.in_item() => {}
            "br" | "tr" => self.lines(1),
            _ if is_block => self.lines(2),
            _ => {}
        }
    }

    /// Whether nothing stands behind the mark of a list item yet.
    fn in_item(&self) -> bool {
        self.text.strip_suffix(ITEM).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
    }

    /// At least so many line ends. An item without a text is none.
    fn lines(&mut self, count: usize) {
        if self.in_item() {
            self.text.truncate(self.text.len() - ITEM.len());
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
        if !self.text.is_empty() {
            let there = self.text.bytes().rev().take(count).take_while(|byte| *byte == b'\n').count();
            self.text.extend(iter::repeat_n('\n', count - there));
        }
    }
}

#[cfg(test)]
#[path = "html_test.rs"]
mod tests;
