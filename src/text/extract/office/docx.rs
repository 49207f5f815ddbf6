//! Word: paragraphs with the levels of their styles, tables row by row, notes and comments where they are referred to.
//!
//! The headers and footers of pages come first, once each: a letter's sender stands there. What was deleted while changes are
//! tracked is left out, what was inserted stays.

use super::package::{Package, Relation};
use super::runs::{UNSEEN, items, lines};
use super::styles::{Styles, core_title};
use super::xml::{Tag, Visitor, walk};
use crate::text::extract::leaf::{Leaf, one_line};
use crate::text::extract::left_out::LeftOut;
use std::collections::BTreeMap;
use std::mem;

/// Reads the document whose main part this is.
pub(super) fn read(package: &mut Package<'_, '_>, main: &str) -> Leaf {
    let relations = package.relations(main);
    let mut of = |kind: &str| {
        let found: Vec<String> = relations.iter().filter(|it| it.kind == kind).map(|it| it.target.clone()).collect();
        found.iter().map(|part| package.text(part)).collect::<Vec<_>>()
    };
    let styles = Styles::of(&of("styles").concat());
    let mut notes = BTreeMap::new();
    for (kind, element) in [("footnotes", "footnote"), ("endnotes", "endnote"), ("comments", "comment")] {
        for item in of(kind).iter().flat_map(|xml| items(xml, element)).filter(|item| item.kind.is_empty()) {
            let who = if item.author.is_empty() { String::new() } else { format!("{}: ", item.author) };
            notes.insert((element, item.id), format!("[{who}{}]", one_line(&item.text)));
        }
    }
    let mut leaf = Leaf::default();
    let mut seen = Vec::new();
    for (kind, element) in [("header", "hdr"), ("footer", "ftr")] {
        for text in of(kind).iter().map(|xml| lines(xml, element)) {
            // A page number alone is no text.
            if text.contains(char::is_alphabetic) && !seen.contains(&text) {
                leaf.line(&text);
                seen.push(text);
            }
        }
    }
    let mut body =
        Body { leaf, styles, notes, open: Vec::new(), tables: Vec::new(), unseen: 0, in_text: 0, chunks: Vec::new() };
    walk(&package.text(main), &mut body);
    let Body { mut leaf, chunks, .. } = body;
    drawings(package, &relations, &mut leaf);
    for part in chunks.iter().filter_map(|id| relations.iter().find(|it| it.id == *id)) {
        if part.target.to_ascii_lowercase().ends_with("htm") || part.target.to_ascii_lowercase().ends_with("html") {
            let page = package.text(&part.target);
            leaf.insert(0, "", &crate::text::extract::html::read(&page, false).text);
        }
    }
    if leaf.title.is_empty() {
        leaf.propose_title(&core_title(&package.text("docProps/core.xml")));
    }
    leaf
}

/// The words of diagrams and charts.
pub(super) fn drawings(package: &mut Package<'_, '_>, relations: &[Relation], leaf: &mut Leaf) {
    for (kind, element) in [("diagramData", "dataModel"), ("chart", "chart")] {
        for part in relations.iter().filter(|it| it.kind == kind) {
            let mut words: Vec<String> = Vec::new();
            for line in
                lines(&package.text(&part.target), element).lines().filter(|line| line.contains(char::is_alphabetic))
            {
                if words.iter().all(|word| word != line) {
                    words.push(line.to_owned());
                }
            }
            leaf.paragraph(&words.join("\n"));
        }
    }
}

/// A paragraph that is being read.
#[derive(Default)]
struct Paragraph {
    text: String,
    /// The level of a heading.
    level: Option<usize>,
    is_title: bool,
    is_item: bool,
    notes: Vec<String>,
}

struct Body {
    leaf: Leaf,
    styles: Styles,
    notes: BTreeMap<(&'static str, String), String>,
    /// Paragraphs within each other: a text box lies in one.
    open: Vec<Paragraph>,
    /// The cells of the open row of each table, within each other.
    tables: Vec<Vec<String>>,
    unseen: usize,
    in_text: usize,
    /// Parts of other formats, by their relations.
    chunks: Vec<String>,
}

impl Body {
    fn push(&mut self, text: &str) {
        if self.unseen == 0
            && let Some(paragraph) = self.open.last_mut()
        {
            paragraph.text.push_str(text);
        }
    }

    fn note(&mut self, element: &'static str, tag: &Tag<'_>) {
        let note = self.notes.get(&(element, tag.get("id").unwrap_or_default())).cloned();
        if let (0, Some(paragraph)) = (self.unseen, self.open.last_mut()) {
            paragraph.notes.extend(note);
        }
    }

    fn end(&mut self, paragraph: &Paragraph) {
        let text = paragraph.text.trim();
        if let Some(cell) = self.tables.last_mut().and_then(|row| row.last_mut()) {
            for text in
                std::iter::once(text).chain(paragraph.notes.iter().map(String::as_str)).filter(|it| !it.is_empty())
            {
                cell.push_str(if cell.is_empty() { "" } else { " " });
                cell.push_str(text);
            }
            return;
        }
        match paragraph.level {
            _ if text.is_empty() => {}
            _ if paragraph.is_title && self.leaf.title.is_empty() => self.leaf.set_title(text),
            _ if paragraph.is_title => self.leaf.heading(1, text),
            Some(level) => self.leaf.heading(level, text),
            None if paragraph.is_item => self.leaf.line(&format!("- {text}")),
            None => self.leaf.paragraph(text),
        }
        for note in &paragraph.notes {
            self.leaf.line(note);
        }
    }

    fn property(&mut self, name: &str, tag: &Tag<'_>) {
        let styles = &self.styles;
        let Some(paragraph) = self.open.last_mut() else { return };
        match name {
            "pStyle" => {
                let style = tag.get("val").unwrap_or_default();
                paragraph.level = styles.level(&style);
                paragraph.is_title = styles.is_title(&style);
                paragraph.is_item |= styles.is_item(&style);
            }
            "outlineLvl" => paragraph.level = tag.number("val").filter(|level| *level < 9).map(|level| level + 1),
            "numId" => paragraph.is_item = tag.get("val").is_none_or(|id| id != "0"),
            _ => {}
        }
    }
}

impl Visitor for Body {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        self.unseen += usize::from(UNSEEN.contains(&name));
        match name {
            "p" => self.open.push(Paragraph::default()),
            "t" => self.in_text += 1,
            "tab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.tables.push(Vec::new()),
            "tc" => self.tables.last_mut().into_iter().for_each(|row| row.push(String::new())),
            "footnoteReference" => self.note("footnote", tag),
            "endnoteReference" => self.note("endnote", tag),
            "commentReference" => self.note("comment", tag),
            "altChunk" => self.chunks.extend(tag.get("r:id")),
            "pStyle" | "outlineLvl" | "numId" => self.property(name, tag),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        self.unseen -= usize::from(UNSEEN.contains(&name));
        match name {
            "p" => {
                if let Some(paragraph) = self.open.pop() {
                    self.end(&paragraph);
                }
            }
            "t" => self.in_text -= 1,
            "tr" => {
                let row = self.tables.last_mut().map(mem::take).unwrap_or_default();
                let cells: Vec<&str> = row.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
                let outer = self.tables.len().checked_sub(2).and_then(|outer| self.tables.get_mut(outer));
                match outer.and_then(|row| row.last_mut()) {
                    Some(cell) => cell.push_str(&format!(" {}", cells.join(" | "))),
                    None => self.leaf.line(&cells.join(" | ")),
                }
            }
            "tbl" => {
                self.tables.pop();
                if self.tables.is_empty() {
                    self.leaf.paragraph("");
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_text > 0 {
            self.push(text);
        }
    }

    fn nested(&mut self) {
        self.leaf.left_out.insert(LeftOut::Nested);
    }

    fn is_done(&self) -> bool {
        self.leaf.is_full()
    }
}

#[cfg(test)]
#[path = "docx_test.rs"]
mod tests;
