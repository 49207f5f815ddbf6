//! The form of a table's row, as `text::extract` writes it: each value behind the name of its column, `Name: Anna Weber; Phone: 555 1234`.
//! `text::chunk` makes a passage of each, and `search` knows such a passage by its form.

use crate::limits::COLUMN_NAME_CHARS_MAX;

/// What stands between two values, and behind the name of a column.
const BETWEEN: &str = "; ";
const BEHIND_NAME: &str = ": ";

/// Values with a name that a row has at least.
const NAMED_LEAST: usize = 2;

/// Names of two rows that are compared, so that a line of a million of them costs no more.
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
    fn lines_that_have_the_name_of_one_column_share_it() {
        assert!(share_name("Name: Anna; Phone: 5", "Phone: 7") && share_name("Name: Bob", "Name: Cid; Phone: 7"));
        assert!(!share_name("Name: Anna; Phone: 5", "Phone 7") && !share_name("", "Name: Bob"));
    }
}
