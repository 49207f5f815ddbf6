//! OpenDocument: texts, spreadsheets and presentations have one grammar, and one reader.
//!
//! A cell's text is what a person sees, so formats are not looked at. Files of StarOffice and OpenOffice 1 differ in their
//! namespaces alone.

use super::package::Package;
use super::styles::core_title;
use super::xml::{Tag, Visitor, walk};
use crate::limits::{CELL_REPEATS_MAX, TABLE_COLUMNS_MAX};
use crate::text::extract::leaf::Leaf;
use crate::text::extract::left_out::LeftOut;
use crate::text::extract::table::{Cell, Table};
use std::mem;

/// Elements whose text is not shown: what was deleted, marks of notes, numbers of pages, reading aids.
const UNSEEN: [&str; 8] = [
    "tracked-changes",
    "note-citation",
    "footnote-citation",
    "ruby-text",
    "page-number",
    "page-count",
    "script",
    "binary-data",
];

const FRAMES: [&str; 4] = ["header", "footer", "header-left", "footer-left"];
const NOTES: [&str; 4] = ["note", "annotation", "footnote", "endnote"];

/// Whether the content needs a password.
pub(super) fn is_encrypted(package: &mut Package<'_, '_>) -> bool {
    package.text("META-INF/manifest.xml").contains("encryption-data")
}

/// Reads a document.
pub(super) fn read(package: &mut Package<'_, '_>) -> Leaf {
    let mut body = Body::default();
    body.leaf.propose_title(&core_title(&package.text("meta.xml")));
    // The headers and footers of pages, before all other text.
    if let Some((_, masters)) = package.text("styles.xml").split_once("<office:master-styles") {
        body.frame = Some(0);
        walk(&format!("<m{masters}"), &mut body);
        body.frame = None;
    }
    walk(&package.text("content.xml"), &mut body);
    body.leaf
}

#[derive(Default)]
struct Body {
    leaf: Leaf,
    /// Text of the paragraphs that are open, one within the other.
    open: Vec<String>,
    /// The level of the open heading.
    level: Option<usize>,
    unseen: usize,
    /// Slides so far.
    slides: usize,
    in_item: usize,
    note: Option<Note>,
    /// Notes of the open paragraph that are complete.
    notes: Vec<String>,
    grid: Grid,
    is_spreadsheet: bool,
    /// If headers and footers alone are read: how many are open.
    frame: Option<usize>,
}

/// A note or a comment.
struct Note {
    author: String,
    text: String,
    /// Paragraphs around it.
    around: usize,
    in_author: bool,
}

/// The table that is open.
#[derive(Default)]
struct Grid {
    depth: usize,
    table: Table,
    row: Vec<Cell>,
    row_repeats: usize,
    cell: Cell,
    cell_repeats: usize,
}

impl Body {
    fn push(&mut self, text: &str) {
        if self.unseen > 0 {
            return;
        }
        match &mut self.note {
            Some(note) if note.in_author => note.author.push_str(text),
            Some(note) if self.open.len() <= note.around => {}
            _ => self.open.last_mut().into_iter().for_each(|open| open.push_str(text)),
        }
    }

    fn end_paragraph(&mut self) {
        let text = self.open.pop().unwrap_or_default();
        let text = text.trim();
        let level = self.level.take();
        let is_last = self.open.is_empty();
        if let Some(note) = &mut self.note {
            note.text.push_str(if note.text.is_empty() { "" } else { " " });
            note.text.push_str(text);
        } else if self.grid.depth > 0 {
            let notes = if is_last { mem::take(&mut self.notes) } else { Vec::new() };
            for text in std::iter::once(text).chain(notes.iter().map(String::as_str)).filter(|it| !it.is_empty()) {
                let cell = &mut self.grid.cell.text;
                cell.push_str(if cell.is_empty() { "" } else { " " });
                cell.push_str(text);
            }
        } else if let Some(open) = self.frame {
            if open > 0 && text.contains(char::is_alphabetic) && !self.leaf.text.lines().any(|line| line == text) {
                self.leaf.line(text);
            }
        } else {
            match level {
                _ if text.is_empty() => {}
                Some(level) => self.leaf.heading(level, text),
                None if self.in_item > 0 => self.leaf.line(&format!("- {text}")),
                None => self.leaf.paragraph(text),
            }
            let notes = if is_last { mem::take(&mut self.notes) } else { Vec::new() };
            notes.iter().for_each(|note| self.leaf.line(note));
        }
    }

    fn end_note(&mut self) {
        if let Some(note) = self.note.take().filter(|note| !note.text.is_empty()) {
            let who = if note.author.is_empty() { String::new() } else { format!("{}: ", note.author) };
            self.notes.push(format!("[{who}{}]", note.text));
        }
    }

    fn start_table(&mut self, tag: &Tag<'_>) {
        self.grid.depth += 1;
        if self.grid.depth == 1 && self.is_spreadsheet {
            self.leaf.place(1, &tag.get("name").unwrap_or_default());
        }
    }

    fn end_row(&mut self) {
        let row = mem::take(&mut self.grid.row);
        self.grid.cell.column = 0;
        if !self.is_spreadsheet {
            let cells: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
            self.leaf.line(&cells.join(" | "));
            return;
        }
        let times = if row.is_empty() { 1 } else { self.grid.row_repeats.clamp(1, CELL_REPEATS_MAX) };
        for _ in 0..times {
            self.grid.table.row(&mut self.leaf, row.clone());
        }
    }

    fn end_table(&mut self) {
        self.grid.depth = self.grid.depth.saturating_sub(1);
        if self.grid.depth == 0 {
            mem::take(&mut self.grid).table.end(&mut self.leaf);
            for note in mem::take(&mut self.notes) {
                self.leaf.line(&note);
            }
        }
    }
}

impl Grid {
    fn start_cell(&mut self, tag: &Tag<'_>) {
        self.cell_repeats = tag.number("number-columns-repeated").unwrap_or(1);
        let kind = tag.get("value-type").unwrap_or_default();
        self.cell.is_number = !matches!(kind.as_str(), "" | "string");
        self.cell.text.clear();
    }

    fn end_cell(&mut self) {
        // Empty cells are repeated to the last column there is.
        let times = if self.cell.text.is_empty() { 0 } else { self.cell_repeats.min(CELL_REPEATS_MAX) };
        let start = self.cell.column;
        for column in start..start.saturating_add(times) {
            // The table leaves out values behind its last column, and tells it.
            self.row.push(Cell { column: column.min(TABLE_COLUMNS_MAX), ..self.cell.clone() });
        }
        self.cell.column = start.saturating_add(self.cell_repeats);
        self.cell.text.clear();
    }
}

impl Visitor for Body {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        self.unseen += usize::from(UNSEEN.contains(&name));
        let is_cell = self.grid.depth == 1;
        match name {
            "h" => {
                self.level = tag.number("outline-level").or_else(|| tag.number("level")).or(Some(1));
                self.open.push(String::new());
            }
            "p" => self.open.push(String::new()),
            "s" => (0..tag.number("c").unwrap_or(1).min(CELL_REPEATS_MAX)).for_each(|_| self.push(" ")),
            "tab" | "tab-stop" => self.push("\t"),
            "line-break" => self.push("\n"),
            "list-item" => self.in_item += 1,
            "spreadsheet" => self.is_spreadsheet = true,
            "page" if self.frame.is_none() => {
                self.slides += 1;
                let words = tag.get("name").filter(|name| !name.to_lowercase().starts_with("page")).unwrap_or_default();
                let colon = if words.is_empty() { "" } else { ": " };
                self.leaf.place(1, &format!("Slide {}{colon}{words}", self.slides));
            }
            "table" => self.start_table(tag),
            "table-row" if is_cell => self.grid.row_repeats = tag.number("number-rows-repeated").unwrap_or(1),
            "table-cell" | "covered-table-cell" if is_cell => self.grid.start_cell(tag),
            "creator" => self.note.iter_mut().for_each(|note| note.in_author = true),
            // The time of a comment; elsewhere a date is text.
            "date" | "date-string" if self.note.is_some() => self.unseen += 1,
            name if NOTES.contains(&name) && self.note.is_none() => {
                let around = self.open.len();
                self.note = Some(Note { author: String::new(), text: String::new(), around, in_author: false });
            }
            name if FRAMES.contains(&name) => self.frame.iter_mut().for_each(|open| *open += 1),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        let is_cell = self.grid.depth == 1;
        match name {
            "h" | "p" => self.end_paragraph(),
            "list-item" => self.in_item -= 1,
            "table" => self.end_table(),
            "table-row" if is_cell => self.end_row(),
            "table-cell" | "covered-table-cell" if is_cell => self.grid.end_cell(),
            "creator" => self.note.iter_mut().for_each(|note| note.in_author = false),
            "date" | "date-string" if self.note.is_some() => self.unseen -= 1,
            name if NOTES.contains(&name) => self.end_note(),
            name if FRAMES.contains(&name) => self.frame.iter_mut().for_each(|open| *open -= 1),
            _ => {}
        }
        self.unseen -= usize::from(UNSEEN.contains(&name));
    }

    fn text(&mut self, text: &str) {
        // Line ends of the file are spaces; those of the text are elements.
        self.push(&text.replace(['\n', '\r', '\t'], " "));
    }

    fn nested(&mut self) {
        self.leaf.left_out.insert(LeftOut::Nested);
    }

    fn is_done(&self) -> bool {
        self.leaf.is_full()
    }
}

#[cfg(test)]
#[path = "odf_test.rs"]
mod tests;
