//! What frames the text of a page: the ways to other pages, and what stands above, below and beside the text on every page of a site.
//! Such words are on all pages alike and answer nothing, and a passage of them wins by the title above it.
//!
//! Left out are `nav`, wherever it stands; `header` and `footer` that are the page's own; and `aside` of a page that says by `main` or
//! `article` where its text is. Kept is what belongs to a text: a header or footer within an article, a section or a quotation, an aside
//! in an article, and a header that has the page's heading. What is never closed is no frame, and a page with nothing else keeps its frame.

use std::ops::Range;

/// Elements of a frame that are followed within each other; of more the inner ones are text.
const OPEN_MAX: usize = 16;

/// The frame of a page, as far as it is read.
#[derive(Debug, Default)]
pub(super) struct Frame {
    open: Vec<Open>,
    /// Open elements whose headers and footers are part of a text.
    within: usize,
    /// The page says where its text is.
    has_main: bool,
    /// The places in the text, and whether they are left out only where the page says where its text is.
    found: Vec<(Range<usize>, bool)>,
}

#[derive(Debug)]
struct Open {
    name: String,
    start: usize,
    is_text: bool,
}

impl Frame {
    /// A tag was read; the text is so long now. `in_line`: within a heading or preformatted text, of which nothing is taken.
    pub(super) fn tag(&mut self, name: &str, closes: bool, length: usize, in_line: bool) {
        match name {
            "main" | "article" | "section" | "blockquote" => {
                self.within = if closes { self.within.saturating_sub(1) } else { self.within + 1 };
                if matches!(name, "main" | "article") {
                    self.has_main = true;
                    // The text of the page is in no frame: what is open was never closed.
                    self.open.clear();
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                if let Some(header) = self.open.last_mut().filter(|open| open.name == "header") {
                    header.is_text = true;
                }
            }
            "nav" | "header" | "footer" | "aside" if closes => {
                let Some(at) = self.open.iter().rposition(|open| open.name == name) else { return };
                let is_text = self.open[at].is_text;
                if !is_text && self.open[at].start < length {
                    self.found.push((self.open[at].start..length, name == "aside"));
                }
                self.open.truncate(at);
            }
            "nav" | "header" | "footer" | "aside" if self.open.len() < OPEN_MAX && !in_line => {
                let is_text = self.within > 0 && name != "nav";
                self.open.push(Open { name: name.to_owned(), start: length, is_text });
            }
            _ => {}
        }
    }

    /// The text without its frame; `None` if `has_text` finds nothing in what is left.
    pub(super) fn without(mut self, text: &str, has_text: impl Fn(&str) -> bool) -> Option<String> {
        self.found.retain(|(_, needs_main)| self.has_main || !needs_main);
        if self.found.is_empty() {
            return None;
        }
        self.found.sort_by_key(|(place, _)| place.start);
        let (mut left, mut from) = (String::with_capacity(text.len()), 0);
        for (place, _) in self.found {
            let [start, end] = [place.start, place.end].map(|at| text.floor_char_boundary(at));
            left.push_str(text.get(from..start).unwrap_or_default());
            from = from.max(end);
        }
        left.push_str(text.get(from..).unwrap_or_default());
        has_text(&left).then_some(left)
    }
}
