//! The text of a document as its reader writes it: lines, with a mark on those that are headings.
//!
//! It has the form that `html::read` gives its pages, so that `html::sections` divides both. No text of a file can hold the mark:
//! control characters are left out here.

use super::html::HEADING;
use super::left_out::{LeftOut, noted, sentences};
use super::refusal::Refusal;
use super::section::Text;
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_CHUNKS_MAX, HEADING_RAW_MAX};
use std::collections::BTreeSet;

/// How file names end, and how titles begin that programs write.
const NAME_ENDS: [&str; 16] = [
    ".doc", ".docx", ".dot", ".dotx", ".htm", ".html", ".indd", ".odt", ".pdf", ".ppt", ".pptx", ".qxd", ".rtf",
    ".txt", ".xls", ".xlsx",
];
const PROGRAMS: [&str; 6] =
    ["microsoft word", "microsoft powerpoint", "powerpoint pr", "slide 1", "untitled", "(anonymous"];

/// A document without its markup.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    /// Lines and headings.
    pub(super) text: String,
    /// The title; empty if there is none.
    pub(super) title: String,
    /// What is not in the text.
    pub(super) left_out: BTreeSet<LeftOut>,
    headings: usize,
    /// The heading of a place where nothing stands yet.
    place: Option<(usize, String)>,
}

impl Leaf {
    /// Whether words came after `limits::DOCUMENT_BYTES_MAX` bytes were written: they are left out, and no more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.left_out.contains(&LeftOut::Text)
    }

    /// Whether `limits::DOCUMENT_BYTES_MAX` bytes are written.
    fn is_at_cap(&self) -> bool {
        u64::try_from(self.text.len()).is_ok_and(|bytes| bytes >= DOCUMENT_BYTES_MAX)
    }

    /// Whether there is room for words. If there is none, they are left out, and that is told.
    fn has_room(&mut self) -> bool {
        let is_at_cap = self.is_at_cap();
        if is_at_cap {
            self.left_out.insert(LeftOut::Text);
        }
        !is_at_cap
    }

    /// The text that a reader of such lines makes of it, which tells at its end what is not in it.
    ///
    /// # Errors
    /// That of the reader.
    pub(super) fn read_by(self, page: impl Fn(String, &str) -> Result<Text, Refusal>) -> Result<Text, Refusal> {
        Ok(noted(page(self.text, &self.title)?, &sentences(&self.left_out)))
    }

    /// Whether nothing but headings is written.
    pub(super) fn is_blank(&self) -> bool {
        self.text.lines().all(|line| line.trim_start_matches('#').starts_with(HEADING) || line.trim().is_empty())
    }

    /// Takes the title, unless there is one.
    pub(super) fn set_title(&mut self, title: &str) {
        if self.title.is_empty() {
            self.title = one_line(title);
        }
    }

    /// Takes the title that the properties of a file state, if it says something: programs write file names and their own name there.
    pub(super) fn propose_title(&mut self, title: &str) {
        let title = title.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        let lower = title.to_lowercase();
        let is_name = NAME_ENDS.iter().any(|end| lower.ends_with(end));
        let says_nothing = PROGRAMS.iter().any(|start| lower.starts_with(start));
        if !is_name && !says_nothing {
            self.set_title(title);
        }
    }

    /// A heading of level 1 to 6. Without words it is none; a long one, and one after very many, is a paragraph.
    pub(super) fn heading(&mut self, level: usize, words: &str) {
        let words = one_line(words);
        if words.is_empty() || !self.has_room() {
            return;
        }
        self.reach();
        if words.len() > HEADING_RAW_MAX || self.headings >= DOCUMENT_CHUNKS_MAX {
            self.paragraph(&words);
            return;
        }
        self.headings += 1;
        self.blank_line();
        self.text.extend(std::iter::repeat_n('#', level.clamp(1, 6)));
        self.text.push_str(HEADING);
        self.text.push_str(&words);
        self.text.push_str("\n\n");
    }

    /// A heading that says where what follows stands: a page, a sheet. Where nothing follows, it is left out.
    pub(super) fn place(&mut self, level: usize, words: &str) {
        self.place = Some((level, words.to_owned()));
    }

    /// Writes the heading of the place, since something stands there.
    fn reach(&mut self) {
        if let Some((level, words)) = self.place.take() {
            self.heading(level, &words);
        }
    }

    /// Lines that belong together, apart from what is before and behind them.
    pub(super) fn paragraph(&mut self, words: &str) {
        self.blank_line();
        self.line(words);
    }

    /// A line, or several, right below the one before. Blank ones are left out.
    pub(super) fn line(&mut self, words: &str) {
        for line in words.lines().map(str::trim_end).filter(|line| !line.trim_start().is_empty()) {
            if !self.has_room() {
                return;
            }
            self.reach();
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push('\n');
            }
            self.push(line);
        }
    }

    /// What another reader made, with its headings so many levels deeper; its title is a heading above them.
    pub(super) fn insert(&mut self, level: usize, title: &str, page: &str) {
        self.heading(level, title);
        self.blank_line();
        for line in page.split_inclusive('\n') {
            let words = line.trim_start_matches('#');
            match words.strip_prefix(HEADING) {
                Some(words_of_it) => self.heading(level + line.len() - words.len(), words_of_it),
                None if line.trim().is_empty() => {
                    if !self.is_at_cap() {
                        self.push(line);
                    }
                }
                None if !self.has_room() => return,
                None => {
                    self.reach();
                    self.push(line);
                }
            }
        }
        self.blank_line();
    }

    fn push(&mut self, text: &str) {
        // A soft hyphen stands within a word.
        let seen = |c: &char| *c != '\u{ad}' && (!c.is_control() || matches!(c, '\t' | '\n'));
        self.text.extend(text.chars().filter(seen));
    }

    fn blank_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches([' ', '\t']).len());
        while !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

/// The words with one space in between.
pub(super) fn one_line(words: &str) -> String {
    let mut line = String::with_capacity(words.len());
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| *c != '\u{ad}'));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::Leaf;
    use crate::text::extract::html::sections;

    #[test]
    fn headings_lines_and_paragraphs_become_sections() {
        let mut leaf = Leaf::default();
        leaf.set_title(" The\n house ");
        leaf.set_title("another");
        leaf.paragraph("Before all");
        leaf.heading(1, "Boiler \u{1} room");
        leaf.paragraph("one\n\n  two\u{ad}fold \u{1}");
        leaf.line("three");
        leaf.heading(2, " ");
        leaf.insert(2, "Part", "a\n\n# \u{1}Deep\n\nb\n");
        let text = sections(&leaf.text, leaf.title.clone());
        let parts: Vec<(&str, &str)> =
            text.sections.iter().map(|at| (at.heading.as_str(), &text.text[at.range.clone()])).collect();
        assert_eq!(
            parts,
            [
                ("The house", "Before all"),
                ("The house > Boiler room", "one\n  twofold \nthree"),
                ("The house > Boiler room > Part", "a"),
                ("The house > Boiler room > Part > Deep", "b")
            ]
        );
        assert!(!leaf.is_blank());
        let mut leaf = Leaf::default();
        leaf.heading(1, "Plan");
        assert!(leaf.is_blank());
        leaf.place(1, "Sheet1");
        leaf.paragraph(" ");
        leaf.place(1, "Sheet2");
        leaf.line("words");
        leaf.place(1, "Sheet3");
        assert_eq!(leaf.text, "# \u{1}Plan\n\n# \u{1}Sheet2\n\nwords");
    }

    #[test]
    fn a_title_that_a_program_wrote_is_none() {
        let of = |title: &str| {
            let mut leaf = Leaf::default();
            leaf.propose_title(title);
            leaf.title
        };
        assert_eq!(
            [of(" The boiler\0"), of("Microsoft Word - Dok1"), of("a.DOCX"), of("")],
            ["The boiler", "", "", ""]
        );
    }

    #[test]
    fn no_more_than_the_cap_is_written() {
        let mut leaf = Leaf::default();
        let line = "x".repeat(1 << 20);
        for _ in 0..40 {
            leaf.line(&line);
        }
        assert!(leaf.is_full() && leaf.text.len() < 18 << 20);
    }

    #[test]
    fn what_ends_at_the_cap_is_whole_and_what_goes_on_tells_that_words_are_left_out() {
        let mut leaf = Leaf::default();
        let line = "The boiler hums. ".repeat(1 << 16);
        while !leaf.is_at_cap() {
            leaf.line(&line);
        }
        leaf.paragraph(" \n");
        leaf.heading(1, "");
        assert!(!leaf.is_full() && leaf.left_out.is_empty());
        let told = |leaf: Leaf| {
            let text = leaf.read_by(|text, title| Ok(sections(&text, title.to_owned()))).unwrap();
            let last = text.sections.last().unwrap();
            assert!(text.is_sound());
            (last.heading.clone(), text.text[last.range.clone()].ends_with("Split it into several files."))
        };
        let more: [fn(&mut Leaf); 3] =
            [|leaf| leaf.line("more"), |leaf| leaf.heading(1, "More"), |leaf| leaf.insert(0, "", "\nmore\n")];
        for more in more {
            let mut full = Leaf { text: leaf.text.clone(), ..Leaf::default() };
            more(&mut full);
            assert!(full.is_full());
            assert_eq!(told(full), ("Read in part".to_owned(), true));
        }
        assert_eq!(told(leaf), (String::new(), false));
    }
}
