//! Rows of tables (`base::table_row`).
//!
//! A row says all that it says by itself. In a passage of several the words of a question are found in different rows (the Anna of one, the
//! Weber of another), and the meaning of one row is lost among that of the others: rows are chunks of their own.

use crate::base::table_row::{is_row, share_name};

/// Whether the lines of a paragraph are rows of a table: most are rows by their form, and most of these have the name of a column that the
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
        assert_eq!(count("A: 1; B: 2\nA; B\n\nA: 3; C: 4"), 2);
    }
}
