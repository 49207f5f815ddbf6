//! Rows of tables as `text::extract` writes them: each value behind the name of its column, `Name: Anna Weber; Phone: 555 1234`.
//!
//! A row says all that it says by itself. In a passage of several the words of a question are found in different rows (the Anna of one, the
//! Weber of another), and the meaning of one row is lost among that of the others: rows are chunks of their own.

use crate::limits::COLUMN_NAME_CHARS_MAX;

/// What stands between two values, and behind the name of a column.
const BETWEEN: &str = "; ";
const BEHIND_NAME: &str = ": ";

/// Values with a name that a row has at least.
const NAMED_LEAST: usize = 2;

/// Names of two rows that are compared, so that a line of a million of them costs no more.
const COMPARED: usize = 16;

/// Whether the lines of a paragraph are rows of a table: most have several values with names, and most of these have a name that the
/// one before has too.
pub(super) fn are_rows(paragraph: &str) -> bool {
    let (mut lines, mut rows, mut alike) = (0_usize, 0_usize, 0_usize);
    let mut before = "";
    for line in paragraph.lines() {
        lines += 1;
        if is_row(line) {
            alike += usize::from(share_name(before, line));
            rows += 1;
            before = line;
        }
    }
    rows > 1 && rows * 2 >= lines && alike * 2 >= rows
}

/// How many lines of a text have the form of a row.
pub(super) fn count(text: &str) -> usize {
    text.lines().filter(|line| is_row(line)).count()
}

/// Whether a line is a row by itself: several values, half of them or more with a name. A value may have a semicolon in it.
pub(super) fn is_row(line: &str) -> bool {
    let (mut values, mut named) = (0_usize, 0_usize);
    for value in line.split(BETWEEN) {
        values += 1;
        named += usize::from(name(value).is_some());
    }
    named >= NAMED_LEAST && named * 2 >= values
}

/// Whether two lines have the name of a column in common.
pub(super) fn share_name(one: &str, other: &str) -> bool {
    let others: Vec<&str> = names(other).collect();
    names(one).any(|name| others.contains(&name))
}

/// The names of columns in a line, of its first values.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split(BETWEEN).take(COMPARED).filter_map(name)
}

/// The name of a column before a value.
fn name(value: &str) -> Option<&str> {
    let (name, _) = value.split_once(BEHIND_NAME)?;
    let name = name.trim();
    let is_short = name.chars().take(COLUMN_NAME_CHARS_MAX + 1).count() <= COLUMN_NAME_CHARS_MAX;
    (is_short && name.contains(char::is_alphabetic)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_behind_names_that_come_again_are_rows_and_prose_is_none() {
        for table in [
            "Name: Anna Weber; Phone: 555 1234\nName: Bob; Phone: 555 9",
            "Name; Phone\nName: Anna Weber; Phone: 555 1234\nName: Bob; Phone: 555 9; Note: late; loud",
            "Stock of May\nPart: Bolt; Left: 40\nPart: Nut\nPart: Pin; Left: 3\nLeft: 7; Seen: May",
        ] {
            assert!(are_rows(table), "{table}");
        }
        for prose in [
            "",
            "Name: Anna Weber; Phone: 555 1234",
            "The boiler hums; the lamp: red.\nIt is old; the pump: new.",
            "Shop: bread; milk; flour\nHome: the tap; the door; the lamp",
            "Open: at ten; closed: at four\nRed: the lamp; green: the door",
            "The boiler hums.\nName: Anna; Phone: 1\nIt is old.\nIt is red.\nName: Bob; Phone: 2",
        ] {
            assert!(!are_rows(prose), "{prose}");
        }
        let long = format!("{}: 1; B: 2", "A".repeat(COLUMN_NAME_CHARS_MAX + 1));
        assert!(!is_row(&long) && is_row("A: 1; B: 2"));
        assert_eq!(count("A: 1; B: 2\nA; B\n\nA: 3; C: 4"), 2);
    }
}
