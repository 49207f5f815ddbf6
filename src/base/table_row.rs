//! The form of a table's row, as `text::extract` writes it: each value behind the name of its column, `Name: Anna Weber; Phone: 555 1234`.
//! `text::chunk` makes a passage of each, and `search` knows such a passage by its form.

use crate::limits::COLUMN_NAME_CHARS_MAX;
use std::collections::BTreeSet;

/// What stands between two values, and behind the name of a column.
const BETWEEN: &str = "; ";
const BEHIND_NAME: &str = ": ";

/// Values with a name that a row has at least.
const NAMED_LEAST: usize = 2;

/// Values of a row that are looked at, and names of two that are compared, so that a line of a million of them costs no more.
const COMPARED: usize = 16;

/// Whether a text is a row by itself: several values, half of them or more with a name. A value may have a semicolon in it.
#[must_use]
pub fn is_row(text: &str) -> bool {
    let (mut values, mut named) = (0_usize, 0_usize);
    for value in text.split(BETWEEN) {
        values += 1;
        named += usize::from(name(value).is_some());
    }
    named >= NAMED_LEAST && named * 2 >= values
}

/// Whether two lines have the name of a column in common.
#[must_use]
pub fn share_name(one: &str, other: &str) -> bool {
    let others: Vec<&str> = names(other).collect();
    names(one).any(|name| others.contains(&name))
}

/// Whether a line has nothing but the names of the columns of the row below it, which says them again before its values: it tells nothing by itself.
/// A longer name than a row has stays, as the row has only its beginning.
#[must_use]
pub fn are_names_of(line: &str, row: &str) -> bool {
    let is_short = |value: &str| value.chars().take(COLUMN_NAME_CHARS_MAX + 1).count() <= COLUMN_NAME_CHARS_MAX;
    if !is_row(row) || is_row(line) || !line.contains(BETWEEN) || !line.split(BETWEEN).all(is_short) {
        return false;
    }
    let known: BTreeSet<&str> = line.split(BETWEEN).map(str::trim).collect();
    // A value may have what looks like a name in it.
    let (named, all) =
        names(row).fold((0, 0), |(named, all), name| (named + usize::from(known.contains(name)), all + 1));
    named >= NAMED_LEAST && named * 2 >= all
}

/// The first values of a row, each with the name of its column where it has one.
pub fn values(row: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    row.split(BETWEEN).take(COMPARED).map(|value| match name(value) {
        Some(name) => (Some(name), value.split_once(BEHIND_NAME).map_or(value, |(_, value)| value).trim()),
        None => (None, value.trim()),
    })
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
    fn several_values_with_names_are_a_row_and_long_words_before_a_colon_are_no_name() {
        for row in ["A: 1; B: 2", "Name: Anna; Note: late; loud; Phone: 5", "Name: Anna; Note: late; loud"] {
            assert!(is_row(row), "{row}");
        }
        let long = format!("{}: 1; B: 2", "A".repeat(COLUMN_NAME_CHARS_MAX + 1));
        for other in ["", "A: 1", "A; B", "Shop: bread; milk; flour", "1: 2; 3: 4", long.as_str()] {
            assert!(!is_row(other), "{other}");
        }
    }

    #[test]
    fn each_value_of_a_row_has_the_name_of_its_column_if_it_has_one() {
        let of = |row| values(row).collect::<Vec<_>>();
        assert_eq!(
            of("Name: Anna; Note: ask: Bob; loud"),
            [(Some("Name"), "Anna"), (Some("Note"), "ask: Bob"), (None, "loud")]
        );
        assert_eq!(of(""), [(None, "")]);
    }

    #[test]
    fn lines_that_have_the_name_of_one_column_share_it() {
        assert!(share_name("Name: Anna; Phone: 5", "Phone: 7") && share_name("Name: Bob", "Name: Cid; Phone: 7"));
        assert!(!share_name("Name: Anna; Phone: 5", "Phone 7") && !share_name("", "Name: Bob"));
    }

    #[test]
    fn a_line_of_the_names_of_the_row_below_it_is_told_from_titles_rows_and_names_that_are_cut() {
        let row = "Name: Anna; Phone: 5";
        for names in ["Name; Phone", "Name; Phone; Note", "No; Name; Phone"] {
            assert!(are_names_of(names, row), "{names}");
        }
        assert!(are_names_of("Name; Phone", "Name: Anna; Phone: 5; ask for: Bob"), "a value has a colon in it");
        let long = format!("Name; Phone; {}", "why ".repeat(COLUMN_NAME_CHARS_MAX));
        for other in ["Stock of May", "", "Part; Left", "Name", "Name: Bob; Phone: 7", "Bob; 7", long.as_str()] {
            assert!(!are_names_of(other, row), "{other}");
        }
        assert!(!are_names_of("Name; Phone", "Anna; 5"));
    }
}
