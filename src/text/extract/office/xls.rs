//! Excel of 1993 to 2003: records of the stream `Workbook` in a compound file.
//!
//! A reader of its own, and not `calamine`, which reserves memory by numbers that the file states, and ends the process with that
//! (its issues 693 and 714). Letters of one byte are taken as Western ones; files since 1997 have Unicode.

use super::bytes::{f64_at, short_number, size_at, u16_at, u32_at, western, wide};
use super::number::{Formats, shown};
use crate::limits::SHEETS_MAX;
use crate::text::extract::leaf::Leaf;
use crate::text::extract::left_out::LeftOut;
use crate::text::extract::refusal::Refusal;
use crate::text::extract::table::{Cell, Table};

/// A record: its type and its bytes.
type Record<'a> = (u16, &'a [u8]);

const BOF: u16 = 0x0809;
const CONTINUE: u16 = 0x003C;

/// Cells that wait before they are written.
const CELLS_WAITING: usize = 8192;

/// Reads a workbook.
///
/// # Errors
/// [`Refusal::Encrypted`].
pub(super) fn read(stream: &[u8]) -> Result<Leaf, Refusal> {
    let records = Records { stream, at: 0 };
    let version = records.clone().next().and_then(|(_, body)| u16_at(body, 0));
    let is_wide = version.is_some_and(|version| version >= 0x0600);
    let mut book = Book { is_wide, formats: Formats::default(), shared: Vec::new(), sheets: Vec::new() };
    let (mut next, mut has_more) = (records, false);
    while let Some((kind, body)) = next.next() {
        match kind {
            0x002F => return Err(Refusal::Encrypted),
            0x000A => break,
            0x0022 => book.formats.since_1904 = u16_at(body, 0) == Some(1),
            0x0085 if book.sheets.len() >= SHEETS_MAX => has_more = true,
            0x0085 => {
                let name = body.get(6..).map(|text| book.short_text(text)).unwrap_or_default();
                book.sheets.push((size_at(body, 0).unwrap_or(usize::MAX), name));
            }
            0x041E => {
                let code = body.get(2..).map(|text| if is_wide { book.long_text(text) } else { book.short_text(text) });
                book.formats.add_code(usize::from(u16_at(body, 0).unwrap_or(0)), code.unwrap_or_default());
            }
            0x00E0 => book.formats.add_style(usize::from(u16_at(body, 2).unwrap_or(0))),
            0x00FC => {
                let more = next.clone().map_while(|(kind, body)| (kind == CONTINUE).then_some(body));
                book.shared = shared(body, more);
            }
            _ => {}
        }
    }
    let mut leaf = Leaf::default();
    for (start, name) in &book.sheets {
        if leaf.is_full() {
            break;
        }
        leaf.place(1, name);
        book.sheet(Records { stream, at: *start }, &mut leaf);
    }
    if has_more {
        leaf.left_out.insert(LeftOut::Sheets);
    }
    Ok(leaf)
}

/// The records from a place on.
#[derive(Clone)]
struct Records<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let rest = self.stream.get(self.at..)?;
        let (kind, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let body = rest.get(4..)?;
        self.at += 4 + length;
        Some((kind, body.get(..length).unwrap_or(body)))
    }
}

struct Book {
    /// Whether strings say how many bytes a letter has.
    is_wide: bool,
    formats: Formats,
    shared: Vec<String>,
    /// Where their records begin, and their names.
    sheets: Vec<(usize, String)>,
}

impl Book {
    /// A string with its length in one byte.
    fn short_text(&self, bytes: &[u8]) -> String {
        let length = bytes.first().copied().map_or(0, usize::from);
        self.letters(length, bytes.get(1..).unwrap_or_default())
    }

    /// A string with its length in two bytes.
    fn long_text(&self, bytes: &[u8]) -> String {
        let length = u16_at(bytes, 0).map_or(0, usize::from);
        self.letters(length, bytes.get(2..).unwrap_or_default())
    }

    fn letters(&self, length: usize, bytes: &[u8]) -> String {
        if !self.is_wide {
            return western(bytes.get(..length).unwrap_or(bytes));
        }
        let Some((flags, bytes)) = bytes.split_first() else { return String::new() };
        letters(length, flags & 1 == 1, bytes)
    }

    /// Writes the rows of a sheet, and then its comments and text boxes.
    fn sheet(&self, mut records: Records<'_>, leaf: &mut Leaf) {
        let (mut rows, mut beside, mut depth) = (Rows::default(), Leaf::default(), 0_usize);
        while let Some((kind, body)) = records.next() {
            let following = || records.clone().next();
            match kind {
                BOF => depth += 1,
                0x000A => depth = depth.saturating_sub(1),
                // The text of a box or a comment lies in the record behind it.
                0x01B6 => {
                    let length = u16_at(body, 10).map_or(0, usize::from);
                    let text = following().filter(|(kind, _)| *kind == CONTINUE);
                    beside.line(&text.map(|(_, text)| self.letters(length, text)).unwrap_or_default());
                }
                // Titles in a chart.
                0x100D => beside.line(&body.get(2..).map(|text| self.short_text(text)).unwrap_or_default()),
                _ if depth == 1 => self.cells(kind, body, following, &mut rows, leaf),
                _ => {}
            }
            if depth == 0 || leaf.is_full() {
                break;
            }
        }
        rows.write(leaf);
        rows.table.end(leaf);
        leaf.paragraph(&beside.text);
        leaf.left_out.append(&mut beside.left_out);
    }

    /// The cells that a record holds.
    fn cells<'a>(
        &self,
        kind: u16,
        body: &[u8],
        following: impl Fn() -> Option<Record<'a>>,
        rows: &mut Rows,
        leaf: &mut Leaf,
    ) {
        let (Some(row), Some(column), Some(style)) = (u16_at(body, 0), u16_at(body, 2), u16_at(body, 4)) else {
            return;
        };
        let number = |number: f64, style: u16| shown(number, self.formats.of_style(usize::from(style)));
        let rest = body.get(6..).unwrap_or_default();
        let truth = |byte: Option<&u8>| if byte == Some(&0) { "FALSE" } else { "TRUE" }.to_owned();
        let (text, is_number) = match kind {
            0x00FD => (size_at(rest, 0).and_then(|at| self.shared.get(at)).cloned(), false),
            0x0204 | 0x00D6 => (Some(self.long_text(rest)), false),
            0x0203 => (f64_at(rest, 0).map(|it| number(it, style)), true),
            0x027E => (u32_at(rest, 0).map(|it| number(short_number(it), style)), true),
            0x0205 => ((rest.get(1) == Some(&0)).then(|| truth(rest.first())), true),
            // What a formula gave: a string follows, unless another program left it out.
            0x0006 if u16_at(rest, 6) == Some(0xFFFF) => match rest.first() {
                Some(0) => {
                    (following().filter(|(kind, _)| *kind == 0x0207).map(|(_, text)| self.long_text(text)), false)
                }
                Some(1) => (Some(truth(rest.get(2))), true),
                _ => (None, false),
            },
            0x0006 => (f64_at(rest, 0).map(|it| number(it, style)), true),
            0x00BD => {
                let (all, _) = body.get(4..).unwrap_or_default().as_chunks::<6>();
                for (at, one) in (usize::from(column)..).zip(all) {
                    let (Some(style), Some(it)) = (u16_at(one, 0), u32_at(one, 2)) else { continue };
                    let text = number(short_number(it), style);
                    rows.push(leaf, row, Cell { column: at, text, is_number: true });
                }
                (None, true)
            }
            _ => (None, false),
        };
        if let Some(text) = text {
            rows.push(leaf, row, Cell { column: usize::from(column), text, is_number });
        }
    }
}

/// Cells that are not written yet. They come in blocks of 32 rows, and in a block perhaps not in order.
#[derive(Default)]
struct Rows {
    cells: Vec<(u16, Cell)>,
    table: Table,
    last: u16,
}

impl Rows {
    fn push(&mut self, leaf: &mut Leaf, row: u16, cell: Cell) {
        if self.cells.len() >= CELLS_WAITING && self.cells.last().is_some_and(|(other, _)| *other < row) {
            self.write(leaf);
        }
        self.cells.push((row, cell));
    }

    fn write(&mut self, leaf: &mut Leaf) {
        let mut cells = std::mem::take(&mut self.cells);
        cells.sort_by_key(|(row, cell)| (*row, cell.column));
        for row in cells.chunk_by(|one, two| one.0 == two.0) {
            let number = row.first().map_or(0, |(row, _)| *row);
            if number > self.last.saturating_add(1) && self.last > 0 {
                self.table.row(leaf, Vec::new());
            }
            self.last = number;
            self.table.row(leaf, row.iter().map(|(_, cell)| cell.clone()).collect());
        }
    }
}

fn letters(length: usize, is_wide: bool, bytes: &[u8]) -> String {
    if is_wide {
        wide(bytes.get(..2 * length).unwrap_or(bytes))
    } else {
        // The lower half of Unicode.
        bytes.iter().take(length).map(|byte| char::from(*byte)).collect()
    }
}

/// The strings that cells share. They go on in further records, where letters that are cut begin with their width anew.
fn shared<'a>(first: &'a [u8], more: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let parts: Vec<&[u8]> = std::iter::once(first.get(8..).unwrap_or_default()).chain(more).collect();
    let mut from =
        Parts { rest: parts.first().copied().unwrap_or_default(), parts: parts.get(1..).unwrap_or_default() };
    let mut strings = Vec::new();
    while let Some(string) = from.string() {
        strings.push(string);
    }
    strings
}

/// What is left of records that belong together.
struct Parts<'a> {
    rest: &'a [u8],
    parts: &'a [&'a [u8]],
}

impl Parts<'_> {
    fn next_part(&mut self) -> Option<()> {
        let (first, others) = self.parts.split_first()?;
        (self.rest, self.parts) = (first, others);
        Some(())
    }

    /// So many bytes, over the ends of records.
    fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > self.rest.len() {
            count -= self.rest.len();
            self.next_part()?;
        }
        self.rest = self.rest.get(count..)?;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            self.next_part()?;
        }
        let (length, flags) = (usize::from(u16_at(self.rest, 0)?), *self.rest.get(2)?);
        self.skip(3)?;
        let (mut after, mut head) = (0, 0);
        if flags & 8 != 0 {
            after += 4 * usize::from(u16_at(self.rest, 0)?);
            head += 2;
        }
        if flags & 4 != 0 {
            after += size_at(self.rest, head)?;
            head += 4;
        }
        self.skip(head)?;
        let (mut text, mut left, mut is_wide) = (String::new(), length, flags & 1 == 1);
        loop {
            let there = (self.rest.len() / if is_wide { 2 } else { 1 }).min(left);
            text.push_str(&letters(there, is_wide, self.rest));
            self.skip(there * if is_wide { 2 } else { 1 })?;
            left -= there;
            if left == 0 {
                break;
            }
            if self.next_part().is_none() {
                return Some(text);
            }
            is_wide = self.rest.first()? & 1 == 1;
            self.skip(1)?;
        }
        // The marks of the last string may be missing.
        if self.skip(after).is_none() {
            (self.rest, self.parts) = (&[], &[]);
        }
        Some(text)
    }
}

#[cfg(test)]
#[path = "xls_test.rs"]
mod tests;
