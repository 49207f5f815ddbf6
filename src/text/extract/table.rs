//! Tables as text that can be read row by row: each value behind the name of its column.
//!
//! A row is found by one of its words, and what stands in it says nothing without the names of the columns. The first row
//! counts as their names if it has none but words, and numbers or dates stand below them, as such or as text.

use super::leaf::{Leaf, one_line};
use super::left_out::LeftOut;
use crate::limits::{COLUMN_NAME_CHARS_MAX, TABLE_COLUMNS_MAX};
use std::collections::VecDeque;
use std::mem;

/// Rows below a possible row of names that are looked at.
const ROWS_LOOKED_AT: usize = 10;

/// Rows of nothing but numbers that have the names of their columns, so that a small table can be read; further ones are numbers,
/// of which `text::payload` keeps the first and the last.
const NUMBER_ROWS_NAMED: usize = 40;

/// A value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Counted from 0.
    pub(super) column: usize,
    pub(super) text: String,
    /// A number, a date, a truth value.
    pub(super) is_number: bool,
}

/// The table that is being written.
#[derive(Default)]
pub(super) struct Table {
    /// Rows that wait until the names of the columns are known.
    waiting: VecDeque<Vec<Cell>>,
    names: Vec<Option<String>>,
    /// Whether the names are known, or known not to be there.
    is_known: bool,
    numbers: usize,
}

impl Table {
    /// Takes a row of names of columns.
    pub(super) fn name(&mut self, leaf: &mut Leaf, names: &[Cell]) {
        let words: Vec<&str> = names.iter().map(|cell| cell.text.as_str()).collect();
        leaf.line(&words.join("; "));
        for cell in names.iter().filter(|cell| cell.column < TABLE_COLUMNS_MAX) {
            self.names.resize(self.names.len().max(cell.column + 1), None);
            self.names[cell.column] = Some(cell.text.chars().take(COLUMN_NAME_CHARS_MAX).collect());
        }
        self.is_known = true;
    }

    /// Takes a row, in the order of its columns. One without values ends what belongs together.
    pub(super) fn row(&mut self, leaf: &mut Leaf, mut cells: Vec<Cell>) {
        for cell in &mut cells {
            cell.text = one_line(&cell.text);
        }
        cells.retain(|cell| !cell.text.is_empty());
        let filled = cells.len();
        cells.retain(|cell| cell.column < TABLE_COLUMNS_MAX);
        if cells.len() < filled {
            leaf.left_out.insert(LeftOut::Columns);
        }
        if cells.is_empty() {
            // Names may stand apart from what they name.
            if self.is_known || self.waiting.len() != 1 {
                self.end(leaf);
            }
            return;
        }
        if self.is_known {
            self.write(leaf, &cells);
            return;
        }
        self.waiting.push_back(cells);
        self.decide(leaf, false);
    }

    /// Writes what waits, and forgets the names of the columns.
    pub(super) fn end(&mut self, leaf: &mut Leaf) {
        self.decide(leaf, true);
        leaf.paragraph("");
        self.names.clear();
        self.is_known = false;
    }

    /// Looks whether the first row that waits has the names of columns.
    fn decide(&mut self, leaf: &mut Leaf, is_end: bool) {
        while let Some(first) = self.waiting.front() {
            let may_be = first.len() > 1 && first.iter().all(|cell| !cell.is_number && is_name(&cell.text));
            let below = self.waiting.iter().skip(1);
            // Programs write years, dates and telephone numbers as text, too.
            let has_number = |row: &Vec<Cell>| row.iter().any(|cell| cell.is_number || is_number(&cell.text));
            let is_named = may_be && below.clone().any(|row| row.len() > 1 && has_number(row));
            if may_be && !is_named && !is_end && self.waiting.len() <= ROWS_LOOKED_AT {
                return;
            }
            let first = self.waiting.pop_front().unwrap_or_default();
            if is_named {
                self.name(leaf, &first);
            } else {
                let words: Vec<&str> = first.iter().map(|cell| cell.text.as_str()).collect();
                leaf.line(&words.join("; "));
                self.is_known |= may_be;
            }
            if self.is_known {
                for row in mem::take(&mut self.waiting) {
                    self.write(leaf, &row);
                }
            }
        }
    }

    fn write(&mut self, leaf: &mut Leaf, row: &[Cell]) {
        let is_numbers = row.iter().all(|cell| cell.is_number);
        self.numbers += usize::from(is_numbers);
        let is_named = !is_numbers || self.numbers <= NUMBER_ROWS_NAMED;
        let mut line = String::new();
        for cell in row {
            line.push_str(if line.is_empty() { "" } else { "; " });
            if let Some(Some(name)) = self.names.get(cell.column).filter(|_| is_named) {
                line.push_str(name);
                line.push_str(": ");
            }
            line.push_str(&cell.text);
        }
        leaf.line(&line);
    }
}

/// Whether a text may be the name of a column: short, and no sentence.
pub(super) fn is_name(text: &str) -> bool {
    text.chars().count() <= COLUMN_NAME_CHARS_MAX && text.contains(char::is_alphabetic)
}

/// Whether a value is a number, an amount, a date or a time: digits, and hardly a letter.
pub(super) fn is_number(text: &str) -> bool {
    let (mut digits, mut letters) = (0_usize, 0_usize);
    for c in text.chars() {
        digits += usize::from(c.is_numeric());
        letters += usize::from(c.is_alphabetic());
    }
    digits > 0 && letters * 4 <= digits || matches!(text.trim(), "true" | "false" | "TRUE" | "FALSE")
}

#[cfg(test)]
mod tests {
    use super::{Cell, LeftOut, TABLE_COLUMNS_MAX, Table};
    use crate::text::extract::leaf::Leaf;

    fn told(rows: &[&[&str]]) -> String {
        let mut leaf = Leaf::default();
        let mut table = Table::default();
        for row in rows {
            let cell = |(column, text): (usize, &&str)| Cell {
                column,
                text: (*text).to_owned(),
                is_number: text.starts_with(|c: char| c.is_ascii_digit()),
            };
            table.row(&mut leaf, row.iter().enumerate().map(cell).collect());
        }
        table.end(&mut leaf);
        leaf.text.trim_end().to_owned()
    }

    #[test]
    fn values_stand_behind_the_names_of_their_columns() {
        assert_eq!(
            told(&[&["Stock of May"], &["Part", "Price", "Left"], &["Bolt M6", "0.12", "40"], &["Nut", "", "7"]]),
            "Stock of May\nPart; Price; Left\nPart: Bolt M6; Price: 0.12; Left: 40\nPart: Nut; Left: 7"
        );
        assert_eq!(
            told(&[&["Boiler", "heats"], &["Pump", "moves"]]),
            "Boiler; heats\nPump; moves",
            "words have no names"
        );
        assert_eq!(told(&[&["A", "B"], &[], &["1", "2"]]), "A; B\nA: 1; B: 2");
        assert_eq!(
            told(&[&["A", "B"], &["1", "2"], &[], &["C", "D"], &["3", "4"]]),
            "A; B\nA: 1; B: 2\n\nC; D\nC: 3; D: 4"
        );
    }

    #[test]
    fn numbers_and_dates_that_are_text_tell_the_names_above_them_too() {
        let (mut leaf, mut table) = (Leaf::default(), Table::default());
        for row in [["Title", "Year"], ["Low Tide", "1984"], ["The Quarry", ""]] {
            let cell = |(column, text): (usize, &str)| Cell { column, text: text.to_owned(), is_number: false };
            table.row(&mut leaf, row.into_iter().enumerate().map(cell).collect());
        }
        table.end(&mut leaf);
        assert_eq!(leaf.text.trim_end(), "Title; Year\nTitle: Low Tide; Year: 1984\nTitle: The Quarry");
    }

    #[test]
    fn values_in_columns_that_are_not_read_are_told() {
        let told = |column: usize| {
            let (mut leaf, mut table) = (Leaf::default(), Table::default());
            let cell = |column| Cell { column, text: "Bolt".to_owned(), is_number: false };
            table.row(&mut leaf, vec![cell(0), cell(column)]);
            table.end(&mut leaf);
            (leaf.text.matches("Bolt").count(), leaf.left_out.contains(&LeftOut::Columns))
        };
        assert_eq!([told(TABLE_COLUMNS_MAX - 1), told(TABLE_COLUMNS_MAX)], [(2, false), (1, true)]);
    }

    #[test]
    fn many_rows_of_numbers_are_numbers() {
        let rows: Vec<[&str; 2]> = (0..99).map(|_| ["1", "2"]).collect();
        let mut all: Vec<&[&str]> = vec![&["A", "B"]];
        all.extend(rows.iter().map(|row| &row[..]));
        let text = told(&all);
        assert!(text.ends_with("\n1; 2\n1; 2") && text.starts_with("A; B\nA: 1; B: 2\n"));
        let long: Vec<Vec<String>> = (0..30).map(|n| vec![format!("word {n}"), "x".to_owned()]).collect();
        let long: Vec<Vec<&str>> = long.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let long: Vec<&[&str]> = long.iter().map(Vec::as_slice).collect();
        assert_eq!(told(&long).lines().count(), 30, "no row is lost while names are looked for");
    }
}
