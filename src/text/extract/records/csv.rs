//! Values between commas, semicolons, tabs or bars (RFC 4180 and its relatives): each row a line, each value behind the name of its
//! column.

use crate::text::extract::leaf::Leaf;
use crate::text::extract::table::{Cell, Table, is_name, is_number};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Bytes and rows at the start by which the separator is told.
const SNIFFED_BYTES: usize = 64 * 1024;
const SNIFFED_ROWS: usize = 50;

/// Of so many of those rows one may have another number of values.
const ROWS_PER_ODD: usize = 5;

/// Bytes of a value in quotes. A quote that does not end is a sign like others.
const QUOTED_BYTES_MAX: usize = 32 * 1024;

const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Reads a table; `None` if it is none. `is_tabbed`: its name says that tabs separate the values.
pub(super) fn read(text: &str, is_tabbed: bool) -> Option<Leaf> {
    let (stated, body) = stated(text);
    let preferred = stated.or(is_tabbed.then_some('\t'));
    let separator = preferred.filter(|at| score(body, *at).is_some()).or_else(|| {
        let scored = SEPARATORS.iter().filter_map(|at| Some((score(body, *at)?, *at)));
        scored.max_by_key(|(score, _)| *score).map(|(_, at)| at)
    })?;
    let mut rows = Rows { rest: body, separator }.map(cells).filter(|row| !row.is_empty()).peekable();
    let (mut leaf, mut table) = (Leaf::default(), Table::default());
    if let Some(first) = rows.next() {
        if rows.peek().is_some() && has_names(&first) {
            table.name(&mut leaf, &first);
        } else {
            table.row(&mut leaf, first);
        }
    }
    for row in rows {
        if leaf.is_full() {
            break;
        }
        table.row(&mut leaf, row);
    }
    table.end(&mut leaf);
    Some(leaf)
}

/// The separator that the first line states, as Excel writes it (`sep=;`), and the text behind that.
fn stated(text: &str) -> (Option<char>, &str) {
    let Some((first, rest)) = text.split_once('\n') else { return (None, text) };
    let stated = first.trim_end_matches('\r').strip_prefix("sep=").and_then(|stated| stated.chars().next());
    if stated.is_some() { (stated, rest) } else { (None, text) }
}

/// How well a separator divides the first rows: by how many of them have the same number of values, then by that. `None` if it
/// does not.
fn score(text: &str, separator: char) -> Option<(usize, usize)> {
    let head = text.get(..text.floor_char_boundary(SNIFFED_BYTES))?;
    let mut counts: Vec<usize> = Rows { rest: head, separator }.take(SNIFFED_ROWS).map(|row| row.len()).collect();
    if head.len() < text.len() {
        // It is cut.
        counts.pop();
    }
    // Blank lines.
    counts.retain(|count| *count > 0);
    counts.sort_unstable();
    let widest = counts.chunk_by(|a, b| a == b).filter(|same| same[0] > 1).max_by_key(|same| same.len())?;
    let is_table = (counts.len() - widest.len()) * ROWS_PER_ODD <= counts.len();
    is_table.then(|| (widest.len() * 100 / counts.len(), widest[0]))
}

/// Whether a row has the names of the columns: short words, each once.
fn has_names(row: &[Cell]) -> bool {
    let distinct: BTreeSet<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
    row.len() > 1
        && distinct.len() == row.len()
        && row.iter().all(|cell| !cell.is_number && is_name(&cell.text) && !cell.text.contains(['@', '\n']))
}

fn cells(row: Vec<Cow<'_, str>>) -> Vec<Cell> {
    let cell = |(column, text): (usize, Cow<'_, str>)| Cell {
        column,
        is_number: is_number(&text),
        text: text.trim().to_owned(),
    };
    row.into_iter().enumerate().map(cell).filter(|cell| !cell.text.is_empty()).collect()
}

/// The rows of a text, each as its values.
struct Rows<'a> {
    rest: &'a str,
    separator: char,
}

impl<'a> Iterator for Rows<'a> {
    type Item = Vec<Cow<'a, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (value, end) = self.value();
            row.push(value);
            if end != Some(self.separator) {
                break;
            }
        }
        // A blank line.
        if row.len() == 1 && row[0].trim().is_empty() {
            row.clear();
        }
        Some(row)
    }
}

impl<'a> Rows<'a> {
    /// Takes a value, and what ends it: the separator, a line end, or nothing more.
    fn value(&mut self) -> (Cow<'a, str>, Option<char>) {
        let quoted = self.quoted();
        let end = self.rest.find([self.separator, '\n']).unwrap_or(self.rest.len());
        let (plain, behind) = self.rest.split_at(end);
        let mut behind_end = behind.chars();
        let ended_by = behind_end.next();
        self.rest = behind_end.as_str();
        let plain = plain.strip_suffix('\r').unwrap_or(plain);
        let value = match quoted {
            Some(quoted) if plain.trim().is_empty() => quoted,
            Some(quoted) => Cow::Owned(format!("{quoted}{plain}")),
            None => Cow::Borrowed(plain),
        };
        (value, ended_by)
    }

    /// Takes a value in quotes, in which two quotes are one.
    fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let inner = self.rest.trim_start_matches(' ').strip_prefix('"')?;
        let mut at = 0;
        loop {
            at += inner.get(at..)?.find('"')?;
            if at > QUOTED_BYTES_MAX {
                return None;
            }
            let behind = inner.get(at + 1..)?;
            if !behind.starts_with('"') {
                let value = inner.get(..at)?;
                self.rest = behind;
                return Some(if value.contains('"') {
                    Cow::Owned(value.replace("\"\"", "\""))
                } else {
                    Cow::Borrowed(value)
                });
            }
            at += 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn told(text: &str) -> Option<String> {
        read(text, false).map(|leaf| leaf.text.trim_end().to_owned())
    }

    #[test]
    fn each_value_stands_behind_the_name_of_its_column() {
        let table = "name,city,phone\r\n\"Miller, Ann\",Bern,555 1234\r\nBob,\"the \"\"big\"\" one\",\r\n";
        assert_eq!(
            told(table).unwrap(),
            "name; city; phone\nname: Miller, Ann; city: Bern; phone: 555 1234\nname: Bob; city: the \"big\" one"
        );
        let lines = "Part;Price;Note\nBolt;0,12;\"two\nlines\"\nNut;0,07;\n";
        assert_eq!(
            told(lines).unwrap(),
            "Part; Price; Note\nPart: Bolt; Price: 0,12; Note: two lines\nPart: Nut; Price: 0,07"
        );
        assert_eq!(told("sep=|\na|b\n1|2\n").unwrap(), "a; b\na: 1; b: 2");
        let tabbed = read("a, b\tc\n1, 2\t3\n", true).unwrap().text;
        assert!(tabbed.starts_with("a, b; c\na, b: 1, 2; c: 3"), "{tabbed}");
    }

    #[test]
    fn rows_without_names_are_values() {
        assert_eq!(told("1,2\n3,4\n").unwrap(), "1; 2\n3; 4");
        assert_eq!(
            told("Stock of May,,\n,Part,Left\n,Bolt,40\n").unwrap(),
            "Stock of May\nPart; Left\nPart: Bolt; Left: 40"
        );
        assert_eq!(told("ann@x.org,Bern\nbob@x.org,Basel\n").unwrap(), "ann@x.org; Bern\nbob@x.org; Basel");
    }

    #[test]
    fn prose_is_no_table_and_a_quote_that_does_not_end_is_a_sign() {
        assert_eq!(told("Dear Ann,\n\nthe boiler hums, and blinks.\nIt is red, loud, and old.\n"), None);
        assert_eq!(told("one\ntwo\n"), None);
        assert_eq!(told(""), None);
        assert_eq!(
            told("size,name\n3\" x 4,Bolt\n\"5,Nut\n").unwrap(),
            "size; name\nsize: 3\" x 4; name: Bolt\nsize: \"5; name: Nut"
        );
    }
}
