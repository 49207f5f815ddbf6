//! Workbooks of records, written here and read.

use super::{Refusal, read};
use crate::text::extract::html::sections;

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut record = kind.to_le_bytes().to_vec();
    record.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
    record.extend(body);
    record
}

fn cell(row: u16, column: u16, style: u16, value: &[u8]) -> Vec<u8> {
    [&row.to_le_bytes(), &column.to_le_bytes(), &style.to_le_bytes(), value].concat()
}

/// A workbook of one sheet, in the form of 1997.
pub(crate) fn workbook(extra: &[u8]) -> Vec<u8> {
    let bof = |kind: u16| record(0x0809, &[&[0, 6], &kind.to_le_bytes()[..], &[0; 4]].concat());
    let mut strings = vec![4, 0, 0, 0, 4, 0, 0, 0];
    strings.extend([&[4, 0, 0], &b"Part"[..], &[4, 0, 8, 1, 0], b"Seen", &[0; 4], &[7, 0, 1], b"B\0o\0l\0"].concat());
    // The rest of it in letters of one byte.
    let rest = [&[0], &b"t M6"[..], &[5, 0, 4, 2, 0, 0, 0], b"Share", &[1, 2]].concat();
    let mut globals = [bof(5), extra.to_vec(), record(0x00E0, &[0; 4]), record(0x00E0, &[0, 0, 14, 0])].concat();
    globals.extend([record(0x00FC, &strings), record(0x003C, &rest)].concat());
    let sheet_name = [&[5, 0], &b"Stock"[..]].concat();
    let end = record(0x000A, &[]);
    let start = globals.len() + 4 + 6 + sheet_name.len() + end.len();
    let bound = [&u32::try_from(start).unwrap().to_le_bytes()[..], &[0, 0], &sheet_name].concat();
    let label = |row, column, at: u32| record(0x00FD, &cell(row, column, 0, &at.to_le_bytes()));
    let formula = [&[0, 0, 0, 0, 0, 0, 0xFF, 0xFF][..], &[0; 6]].concat();
    let sheet = [
        bof(0x10),
        label(0, 0, 0),
        label(0, 1, 1),
        label(0, 2, 3),
        label(1, 0, 2),
        record(0x0203, &cell(1, 1, 1, &45_000_f64.to_le_bytes())),
        record(
            0x00BD,
            &[&[1, 0, 2, 0][..], &[0, 0, 42 << 2 | 2, 0, 0, 0], &[0, 0, 43 << 2 | 2, 0, 0, 0], &[3, 0]].concat(),
        ),
        record(0x0006, &cell(2, 0, 0, &formula)),
        record(0x0207, &[&[3, 0, 0][..], b"Nut"].concat()),
        record(0x0205, &cell(2, 2, 0, &[1, 0])),
        record(0x01B6, &[&[0; 10][..], &[4, 0], &[0; 6]].concat()),
        record(0x003C, &[&[0][..], b"why?"].concat()),
        end.clone(),
    ];
    [globals, record(0x0085, &bound), end, sheet.concat()].concat()
}

#[test]
fn sheets_have_rows_of_shared_strings_numbers_dates_formulas_and_comments() {
    let leaf = read(&workbook(&[])).unwrap();
    let text = sections(&leaf.text, leaf.title);
    let told: Vec<(&str, &str)> =
        text.sections.iter().map(|at| (at.heading.as_str(), &text.text[at.range.clone()])).collect();
    let rows = "Part; Seen; Share\nPart: Bolt M6; Seen: 2023-03-15; Share: 42; 43\nPart: Nut; Share: TRUE\n\nwhy?";
    assert_eq!(told, [("Stock", rows)]);
}

#[test]
fn an_encrypted_workbook_is_told_and_a_cut_one_ends() {
    assert_eq!(read(&workbook(&record(0x002F, &[0; 6]))).unwrap_err(), Refusal::Encrypted);
    let whole = workbook(&[]);
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_ok());
    }
}
