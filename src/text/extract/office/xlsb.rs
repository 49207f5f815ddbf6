//! Excel's binary workbooks: the parts of a workbook, in which records stand for elements.

use super::bytes::{f64_at, short_number, size_at, u16_at, u32_at, wide};
use super::number::{Formats, shown};
use super::package::Package;
use super::styles::core_title;
use crate::text::extract::leaf::Leaf;
use crate::text::extract::table::{Cell, Table};
use std::mem;

/// Reads the workbook whose main part this is.
pub(super) fn read(package: &mut Package<'_, '_>, main: &str) -> Leaf {
    let mut leaf = Leaf::default();
    leaf.propose_title(&core_title(&package.text("docProps/core.xml")));
    let relations = package.relations(main);
    let part = |kind: &str| relations.iter().find(|it| it.kind == kind).map(|it| it.target.clone()).unwrap_or_default();
    let bytes = |package: &mut Package<'_, '_>, part: &str| package.bytes(part).unwrap_or_default();
    let formats = formats(&bytes(package, &part("styles")));
    let strings = bytes(package, &part("sharedStrings"));
    // A string: flags, then its letters.
    let shared: Vec<String> =
        records(&strings).filter(|(kind, _)| *kind == 19).map(|(_, body)| text_at(body, 1)).collect();
    let book = bytes(package, main);
    for (_, body) in records(&book).filter(|(kind, _)| *kind == 156) {
        let id = text_at(body, 8);
        let name = text_at(body, 12 + 2 * size_at(body, 8).unwrap_or(0));
        let Some(it) = relations.iter().find(|it| it.id == id).filter(|_| !leaf.is_full()) else { continue };
        leaf.place(1, &name);
        let sheet = bytes(package, &it.target);
        rows(&sheet, &shared, &formats, &mut leaf);
        let relations = package.relations(&it.target);
        for it in relations.iter().filter(|it| it.kind == "comments") {
            let comments = bytes(package, &it.target);
            for (_, body) in records(&comments).filter(|(kind, _)| *kind == 637) {
                leaf.line(&format!("Comment: {}", text_at(body, 1).replace('\n', " ")));
            }
        }
        for it in relations.iter().filter(|it| it.kind == "drawing") {
            let drawn = package.relations(&it.target);
            super::docx::drawings(package, &drawn, &mut leaf);
        }
    }
    leaf
}

fn formats(styles: &[u8]) -> Formats {
    let (mut formats, mut in_cells) = (Formats::default(), false);
    for (kind, body) in records(styles) {
        match kind {
            44 => formats.add_code(u16_at(body, 0).map_or(0, usize::from), text_at(body, 2)),
            617 => in_cells = true,
            618 => in_cells = false,
            47 if in_cells => formats.add_style(u16_at(body, 2).map_or(0, usize::from)),
            _ => {}
        }
    }
    formats
}

fn rows(sheet: &[u8], shared: &[String], formats: &Formats, leaf: &mut Leaf) {
    let (mut table, mut row, mut last) = (Table::default(), Vec::new(), 0);
    for (kind, body) in records(sheet) {
        if leaf.is_full() {
            return;
        }
        // The head of a row.
        if kind == 0 {
            let number = size_at(body, 0).unwrap_or(0);
            if !row.is_empty() {
                table.row(leaf, mem::take(&mut row));
            }
            if number > last + 1 && last > 0 {
                table.row(leaf, Vec::new());
            }
            last = number;
        }
        let style = u32_at(body, 4).and_then(|it| usize::try_from(it & 0x00FF_FFFF).ok()).unwrap_or(0);
        let number = |it: f64| shown(it, formats.of_style(style));
        let truth = |byte: Option<&u8>| if byte == Some(&0) { "FALSE" } else { "TRUE" }.to_owned();
        let (text, is_number) = match kind {
            2 => (u32_at(body, 8).map(|it| number(short_number(it))), true),
            4 | 10 => (Some(truth(body.get(8))), true),
            5 | 9 => (f64_at(body, 8).map(number), true),
            6 | 8 => (Some(text_at(body, 8)), false),
            7 => (size_at(body, 8).and_then(|at| shared.get(at)).cloned(), false),
            _ => (None, false),
        };
        if let (Some(text), Some(column)) = (text, size_at(body, 0)) {
            row.push(Cell { column, text, is_number });
        }
    }
    table.row(leaf, row);
    table.end(leaf);
}

/// The records of a part: type and length are numbers of seven bits a byte.
fn records(part: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = part;
    std::iter::from_fn(move || {
        let (first, after) = rest.split_first()?;
        let mut kind = u16::from(*first & 0x7F);
        rest = after;
        if first & 0x80 != 0 {
            let (second, after) = rest.split_first()?;
            kind |= u16::from(*second & 0x7F) << 7;
            rest = after;
        }
        let mut length = 0_usize;
        for shift in [0, 7, 14, 21] {
            let (byte, after) = rest.split_first()?;
            length |= usize::from(*byte & 0x7F) << shift;
            rest = after;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let body = rest.get(..length).unwrap_or(rest);
        rest = rest.get(length..).unwrap_or_default();
        Some((kind, body))
    })
}

/// A string with its length in four bytes.
fn text_at(body: &[u8], at: usize) -> String {
    let length = size_at(body, at).unwrap_or(0);
    let letters = body.get(at.saturating_add(4)..).unwrap_or_default();
    wide(letters.get(..length.saturating_mul(2)).unwrap_or(letters))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::text::extract::archive::inflate::Budget;
    use crate::text::extract::archive::zip::{Zip, tests::zip};
    use crate::text::extract::html::sections;
    use crate::text::extract::office::package::Package;

    fn record(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut record: Vec<u8> = if kind < 128 {
            vec![u8::try_from(kind).unwrap()]
        } else {
            vec![u8::try_from(kind & 0x7F).unwrap() | 0x80, u8::try_from(kind >> 7).unwrap()]
        };
        record.push(u8::try_from(body.len()).unwrap());
        record.extend(body);
        record
    }

    fn text(text: &str) -> Vec<u8> {
        let mut bytes = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    }

    #[test]
    fn sheets_have_their_names_and_rows() {
        let cell = |column: u32, style: u32, value: &[u8]| {
            [&column.to_le_bytes()[..], &style.to_le_bytes()[..], value].concat()
        };
        let row = |number: u32| record(0, &number.to_le_bytes());
        let rels = b"<Relationships><Relationship Id='r1' Type='x/worksheet' Target='s1.bin'/>\
            <Relationship Id='r2' Type='x/sharedStrings' Target='strings.bin'/>\
            <Relationship Id='r3' Type='x/styles' Target='styles.bin'/></Relationships>";
        let main = record(156, &[&[0; 8][..], &text("r1"), &text("Stock")].concat());
        let strings = record(19, &[&[0][..], &text("Part")].concat());
        let styles = [record(617, &[2, 0, 0, 0]), record(47, &[0; 4]), record(47, &[0, 0, 14, 0]), record(618, &[])];
        let sheet = [
            row(0),
            record(7, &cell(0, 0, &0_u32.to_le_bytes())),
            record(6, &cell(1, 0, &text("Seen"))),
            row(1),
            record(6, &cell(0, 0, &text("Bolt"))),
            record(5, &cell(1, 1, &45_000_f64.to_le_bytes())),
            row(9),
            record(2, &cell(0, 0, &(7_u32 << 2 | 2).to_le_bytes())),
            record(4, &cell(1, 0, &[1])),
        ];
        let file = zip(&[
            ("xl/workbook.bin", &main),
            ("xl/_rels/workbook.bin.rels", rels),
            ("xl/strings.bin", &strings),
            ("xl/styles.bin", &styles.concat()),
            ("xl/s1.bin", &sheet.concat()),
        ]);
        let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
        let leaf = read(&mut Package::new(&opened, &mut budget), "xl/workbook.bin");
        let text = sections(&leaf.text, leaf.title);
        let at = &text.sections[0];
        assert_eq!(at.heading, "Stock");
        assert_eq!(&text.text[at.range.clone()], "Part; Seen\nPart: Bolt; Seen: 2023-03-15\n\n7; TRUE");
    }
}
