//! Word of 1997 to 2003: pieces of text in the stream `WordDocument`, in an order that the table stream gives.
//!
//! Headings are not told apart: a style's number says nothing without the sheet of styles. Footnotes, headers, comments and text
//! boxes follow the main text, as they do in the file.

use super::bytes::{size_at, u16_at, u32_at, western, wide};
use super::cfb::Compound;
use crate::text::extract::leaf::Leaf;
use crate::text::extract::refusal::Refusal;

/// Bit of the place of a piece that has one byte a letter.
const NARROW: u32 = 1 << 30;

/// Reads a document.
///
/// # Errors
/// [`Refusal::Encrypted`]; [`Refusal::Damaged`] where there is no table of pieces.
pub(super) fn read(file: &Compound<'_>, main: &[u8]) -> Result<Leaf, Refusal> {
    let damaged = Refusal::Damaged { format: "Word" };
    let (version, flags) = (u16_at(main, 2), u16_at(main, 10));
    let (Some(version), Some(flags)) = (version, flags) else { return Err(damaged) };
    if flags & 0x0100 != 0 {
        return Err(Refusal::Encrypted);
    }
    let mut leaf = Leaf::default();
    // Word 6 and 95: one run of letters.
    if version < 0x00C1 {
        let range = size_at(main, 0x18).zip(size_at(main, 0x1C));
        let text = range.and_then(|(start, end)| main.get(start..end.min(main.len()))).ok_or(damaged)?;
        write(&western(text), &mut leaf);
        return Ok(leaf);
    }
    let name = if flags & 0x0200 == 0 { "0Table" } else { "1Table" };
    let table = file.stream(name).ok_or(damaged.clone())?;
    let range = size_at(main, 0x01A2).zip(size_at(main, 0x01A6));
    let list = range.and_then(|(start, size)| table.get(start..start.checked_add(size)?));
    let pieces = list.and_then(pieces).ok_or(damaged)?;
    write(&joined(main, pieces), &mut leaf);
    Ok(leaf)
}

/// The table of pieces behind changes of their form.
fn pieces(mut list: &[u8]) -> Option<&[u8]> {
    while list.first() == Some(&1) {
        list = list.get(3 + usize::from(u16_at(list, 1)?)..)?;
    }
    (list.first() == Some(&2)).then_some(())?;
    list.get(5..5 + size_at(list, 1)?)
}

/// The text of all pieces. No byte of the file is taken twice: pieces that say so are no real ones.
fn joined(main: &[u8], pieces: &[u8]) -> String {
    // One more place than pieces: 4 bytes each, and 8 bytes a piece.
    let count = pieces.len().saturating_sub(4) / 12;
    let (mut text, mut left) = (String::new(), main.len());
    for at in 0..count {
        let (Some(start), Some(end)) = (size_at(pieces, 4 * at), size_at(pieces, 4 * at + 4)) else { break };
        let Some(place) = u32_at(pieces, 4 * (count + 1) + 8 * at + 2) else { break };
        let length = end.saturating_sub(start);
        let from = usize::try_from(place & !NARROW).unwrap_or(usize::MAX);
        let (from, size) = if place & NARROW == 0 { (from, length.saturating_mul(2)) } else { (from / 2, length) };
        let there = main.get(from..).unwrap_or_default();
        let bytes = there.get(..size.min(left)).unwrap_or(there);
        left -= bytes.len().min(left);
        text.push_str(&if place & NARROW == 0 { wide(bytes) } else { western(bytes) });
    }
    text
}

/// Writes the paragraphs. Instructions of fields are left out, and their results stay.
fn write(text: &str, leaf: &mut Leaf) {
    // The instructions of the fields that are open; `None` once the result begins.
    let (mut line, mut fields) = (String::new(), Vec::<Option<String>>::new());
    for c in text.chars() {
        match c {
            '\u{13}' => fields.push(Some(String::new())),
            '\u{14}' => fields.last_mut().into_iter().for_each(|field| *field = None),
            '\u{15}' => line.push_str(&fields.pop().flatten().map(|field| drawn(&field)).unwrap_or_default()),
            c if fields.iter().any(Option::is_some) => fields.iter_mut().flatten().for_each(|field| field.push(c)),
            '\r' | '\u{c}' => {
                leaf.paragraph(line.trim());
                line.clear();
            }
            // The end of a cell, and two at the end of a row.
            '\u{7}' if line.ends_with(" | ") || line.is_empty() => {
                leaf.line(line.trim_end_matches(" | ").trim());
                line.clear();
            }
            '\u{7}' => line.push_str(" | "),
            '\u{b}' => line.push('\n'),
            '\u{1e}' => line.push('-'),
            '\t' => line.push('\t'),
            c if c.is_control() => {}
            c => line.push(c),
        }
    }
    leaf.paragraph(line.trim());
}

/// What a field without a result shows: one that sets a reading aid above East Asian text ends with that text.
fn drawn(instruction: &str) -> String {
    if !instruction.trim_start().to_ascii_uppercase().starts_with("EQ ") {
        return String::new();
    }
    let last = instruction.rsplit([',', ';']).next().unwrap_or_default();
    last.trim().trim_end_matches(')').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::cfb::{Compound, tests::compound};
    use super::{Refusal, read};

    fn document(flags: u16, pieces: &[(&[u8], bool)]) -> Vec<u8> {
        let mut main = vec![0; 0x200];
        main[..4].copy_from_slice(&[0xEC, 0xA5, 0xC1, 0]);
        main[10..12].copy_from_slice(&flags.to_le_bytes());
        let (mut places, mut forms, mut at) = (vec![0_u8; 4], Vec::new(), 0_u32);
        for (bytes, is_narrow) in pieces {
            at += u32::try_from(if *is_narrow { bytes.len() } else { bytes.len() / 2 }).unwrap();
            places.extend(at.to_le_bytes());
            let from = u32::try_from(main.len()).unwrap();
            forms.extend([0, 0]);
            forms.extend(if *is_narrow { (2 * from) | super::NARROW } else { from }.to_le_bytes());
            forms.extend([0, 0]);
            main.extend(*bytes);
        }
        let list = [places, forms].concat();
        let mut table = vec![1, 2, 0, 9, 9, 2];
        table.extend(u32::try_from(list.len()).unwrap().to_le_bytes());
        table.extend(list);
        main[0x1A6..0x1AA].copy_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
        compound(&[("WordDocument", &main), ("1Table", &table)])
    }

    fn told(file: &[u8]) -> Result<String, Refusal> {
        let opened = Compound::open(file).unwrap();
        let main = opened.stream("WordDocument").unwrap();
        read(&opened, &main).map(|leaf| leaf.text.trim_end().to_owned())
    }

    #[test]
    fn pieces_of_both_widths_are_paragraphs_rows_and_results_of_fields() {
        let wide: Vec<u8> = "B\u{F6}den\r".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let file = document(
            0x0200,
            &[(b"See \x13 HYPERLINK \"a\" \x14the manual\x15.\r", true), (&wide, false), (b"a\x07b\x07\x07end", true)],
        );
        assert_eq!(told(&file).unwrap(), "See the manual.\n\nB\u{F6}den\na | b\n\nend");
    }

    #[test]
    fn a_reading_aid_is_left_out_and_its_text_stays() {
        let field =
            r"the \x13EQ \* jc2 \o\ad(\s\up 11(aid),text)\x15 below".replace("\\x13", "\x13").replace("\\x15", "\x15");
        assert_eq!(told(&document(0x0200, &[(field.as_bytes(), true)])).unwrap(), "the text below");
    }

    #[test]
    fn an_encrypted_or_broken_document_is_told() {
        assert_eq!(told(&document(0x0300, &[])), Err(Refusal::Encrypted));
        assert_eq!(told(&document(0, &[(b"x", true)])), Err(Refusal::Damaged { format: "Word" }), "the other table");
    }
}
