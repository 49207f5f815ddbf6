//! Excel, the formats of XML: each sheet a section with its name, its rows as text.
//!
//! A reader of its own, and not `calamine`: that makes a dense range of the corners of a sheet, so that two cells far from each
//! other are an allocation of 500 GB and the end of the process (its issue 693). Values are what is saved, formulas are left out.

use super::number::{Formats, shown};
use super::package::{Package, Relation};
use super::runs::{items, lines};
use super::styles::core_title;
use super::xml::{Tag, Visitor, walk};
use crate::text::extract::leaf::Leaf;
use crate::text::extract::left_out::LeftOut;
use crate::text::extract::table::{Cell, Table};
use std::mem;

/// Reads the workbook whose main part this is.
pub(super) fn read(package: &mut Package<'_, '_>, main: &str) -> Leaf {
    let mut leaf = Leaf::default();
    leaf.propose_title(&core_title(&package.text("docProps/core.xml")));
    let relations = package.relations(main);
    let part = |kind: &str| relations.iter().find(|it| it.kind == kind).map(|it| it.target.clone()).unwrap_or_default();
    let mut book = Book::default();
    walk(&package.text(main), &mut book);
    let mut shared = Strings::default();
    walk(&package.text(&part("sharedStrings")), &mut shared);
    let mut formats = Formats::of(&package.text(&part("styles")));
    formats.since_1904 = book.since_1904;
    for (name, id) in &book.sheets {
        let Some(it) = relations.iter().find(|it| it.id == *id).filter(|_| !leaf.is_full()) else { continue };
        leaf.place(1, name);
        let mut sheet = Sheet {
            leaf: &mut leaf,
            table: Table::default(),
            shared: &shared,
            formats: &formats,
            row: Vec::new(),
            cell: Value::default(),
            last_row: 0,
            in_value: 0,
        };
        walk(&package.text(&it.target), &mut sheet);
        sheet.table.end(sheet.leaf);
        beside(package, &it.target, &mut leaf);
    }
    leaf
}

/// The comments of a sheet and the words on it that stand in no cell.
fn beside(package: &mut Package<'_, '_>, sheet: &str, leaf: &mut Leaf) {
    let relations = package.relations(sheet);
    let of = |kind: &'static str| relations.iter().filter(move |it| it.kind == kind);
    for comment in of("comments").flat_map(|it| items(&package.text(&it.target), "comment")) {
        leaf.line(&format!("Comment at {}: {}", comment.id, comment.text.replace('\n', " ")));
    }
    for comment in of("threadedComment").flat_map(|it| items(&package.text(&it.target), "threadedComment")) {
        leaf.line(&format!("Comment at {}: {}", comment.id, comment.text.replace('\n', " ")));
    }
    let mut drawn: Vec<Relation> = Vec::new();
    for it in of("drawing") {
        leaf.paragraph(&lines(&package.text(&it.target), "txBody"));
        drawn.extend(package.relations(&it.target));
    }
    super::docx::drawings(package, &drawn, leaf);
}

/// The sheets of a workbook: names and relations.
#[derive(Default)]
struct Book {
    sheets: Vec<(String, String)>,
    since_1904: bool,
}

impl Visitor for Book {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        match name {
            "sheet" => self.sheets.push((tag.get("name").unwrap_or_default(), tag.get("r:id").unwrap_or_default())),
            "workbookPr" => self.since_1904 = tag.get("date1904").is_some() && tag.is_on("date1904"),
            _ => {}
        }
    }

    fn close(&mut self, _name: &str) {}

    fn text(&mut self, _text: &str) {}
}

/// The strings that cells share, one behind the other: a workbook may have a million.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<usize>,
    in_text: usize,
    unseen: usize,
}

impl Strings {
    fn get(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before));
        let range = start.zip(self.ends.get(at));
        range.and_then(|(start, end)| self.text.get(*start..*end)).unwrap_or_default()
    }
}

impl Visitor for Strings {
    fn open(&mut self, name: &str, _tag: &Tag<'_>) {
        self.in_text += usize::from(name == "t");
        // A reading aid.
        self.unseen += usize::from(name == "rPh");
    }

    fn close(&mut self, name: &str) {
        self.in_text -= usize::from(name == "t");
        self.unseen -= usize::from(name == "rPh");
        if name == "si" {
            self.ends.push(self.text.len());
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_text > 0 && self.unseen == 0 {
            self.text.push_str(text);
        }
    }
}

/// A cell as it is written.
#[derive(Default)]
struct Value {
    column: usize,
    kind: String,
    style: usize,
    text: String,
}

struct Sheet<'a> {
    leaf: &'a mut Leaf,
    table: Table,
    shared: &'a Strings,
    formats: &'a Formats,
    row: Vec<Cell>,
    cell: Value,
    last_row: usize,
    in_value: usize,
}

impl Sheet<'_> {
    fn end_cell(&mut self) {
        let Value { column, kind, style, text } = mem::take(&mut self.cell);
        let (text, is_number) = match kind.as_str() {
            "s" => (text.trim().parse().map_or("", |at| self.shared.get(at)).to_owned(), false),
            "str" | "inlineStr" => (text, false),
            "b" => (if text.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(), true),
            // What went wrong in a formula.
            "e" => (String::new(), false),
            "d" => (text, true),
            _ => (text.trim().parse().map_or(text, |number: f64| shown(number, self.formats.of_style(style))), true),
        };
        self.row.push(Cell { column, text, is_number });
        self.cell.column = column + 1;
    }
}

impl Visitor for Sheet<'_> {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        match name {
            "row" => {
                let number = tag.number("r").unwrap_or(self.last_row + 1);
                if number > self.last_row + 1 && self.last_row > 0 {
                    self.table.row(self.leaf, Vec::new());
                }
                self.last_row = number;
                self.cell = Value::default();
            }
            "c" => {
                let column = tag.get("r").and_then(|at| column(&at)).unwrap_or(self.cell.column);
                let (kind, style) = (tag.get("t").unwrap_or_default(), tag.number("s").unwrap_or(0));
                self.cell = Value { column, kind, style, text: String::new() };
            }
            "v" | "t" => self.in_value += 1,
            "rPh" => self.in_value = 0,
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "v" | "t" => self.in_value = self.in_value.saturating_sub(1),
            "c" => self.end_cell(),
            "row" => {
                let row = mem::take(&mut self.row);
                self.table.row(self.leaf, row);
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_value > 0 {
            self.cell.text.push_str(text);
        }
    }

    fn nested(&mut self) {
        self.leaf.left_out.insert(LeftOut::Nested);
    }

    fn is_done(&self) -> bool {
        self.leaf.is_full()
    }
}

/// The column of a cell's name: `B7` is 1.
fn column(name: &str) -> Option<usize> {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    let number = letters.fold(0, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{column, read};
    use crate::text::extract::archive::inflate::Budget;
    use crate::text::extract::archive::zip::{Zip, tests::zip};
    use crate::text::extract::html::sections;
    use crate::text::extract::office::package::Package;

    #[test]
    fn sheets_have_their_names_rows_dates_and_comments() {
        assert_eq!(["A1", "Z9", "AA10", "XFD1", "7"].map(column), [Some(0), Some(25), Some(26), Some(16383), None]);
        let main =
            b"<workbook><sheets><sheet name='Stock' r:id='r1'/><sheet name='Empty' r:id='r2'/></sheets></workbook>";
        let rels = b"<Relationships><Relationship Id='r1' Type='x/worksheet' Target='s1.xml'/>\
            <Relationship Id='r2' Type='x/worksheet' Target='s2.xml'/><Relationship Id='r3' Type='x/styles' Target='styles.xml'/>\
            <Relationship Id='r4' Type='x/sharedStrings' Target='strings.xml'/></Relationships>";
        let strings = b"<sst><si><t>Part</t></si><si><t>Seen</t></si><si><r><t>Bolt </t></r><r><t>M6</t></r><rPh><t>x</t></rPh></si></sst>";
        let styles =
            b"<styleSheet><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='9'/></cellXfs></styleSheet>";
        let sheet = b"<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='C1' t='s'><v>1</v></c>\
            <c r='D1' t='inlineStr'><is><t>Share</t></is></c></row><row r='2'><c r='A2' t='s'><v>2</v></c>\
            <c r='C2' s='1'><f>TODAY()</f><v>45000</v></c><c r='D2' s='2'><v>0.25</v></c><c r='E2' t='e'><v>#N/A</v></c></row>\
            <row r='1048576'><c r='XFD1048576'><v>0.30000000000000004</v></c></row></sheetData></worksheet>";
        let sheet_rels = b"<Relationships><Relationship Id='c' Type='x/comments' Target='c1.xml'/></Relationships>";
        let comments = b"<comments><commentList><comment ref='B2'><text><r><t>why </t></r><r><t>so?</t></r></text></comment></commentList></comments>";
        let file = zip(&[
            ("xl/workbook.xml", main),
            ("xl/_rels/workbook.xml.rels", rels),
            ("xl/strings.xml", strings),
            ("xl/styles.xml", styles),
            ("xl/s1.xml", sheet),
            ("xl/_rels/s1.xml.rels", sheet_rels),
            ("xl/c1.xml", comments),
            ("xl/s2.xml", b"<worksheet/>"),
        ]);
        let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
        let leaf = read(&mut Package::new(&opened, &mut budget), "xl/workbook.xml");
        let text = sections(&leaf.text, leaf.title);
        let told: Vec<(&str, &str)> =
            text.sections.iter().map(|at| (at.heading.as_str(), &text.text[at.range.clone()])).collect();
        let stock = "Part; Seen; Share\nPart: Bolt M6; Seen: 2023-03-15; Share: 25%\n\nComment at B2: why so?";
        assert_eq!(told[0], ("Stock", stock), "the cell far away is beyond the columns that are read");
    }
}
