//! What may be the password of the page: signs that are seen when they are typed, and not too few or too many of them.

use super::fold::controls_terminal;
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use std::fmt;

/// Why this is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPassword {
    /// It has fewer than `PASSWORD_CHARS_MIN` characters, or more than `PASSWORD_BYTES_MAX` bytes.
    Length,
    /// It has a control character, or a mark of direction: no keyboard types it again, and fields of browsers drop it without a word.
    Unseen,
    /// It is nothing but blanks.
    Blank,
}

impl fmt::Display for BadPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => {
                write!(f, "has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes")
            }
            Self::Unseen => {
                f.write_str("has no control characters and no marks of direction, which nobody can see or type again")
            }
            Self::Blank => f.write_str("has more in it than blanks"),
        }
    }
}

impl std::error::Error for BadPassword {}

/// Whether it may be set. One that was set before this rule stays good.
///
/// # Errors
/// Why not: the end of a sentence that begins with "A password".
pub fn check(password: &str) -> Result<(), BadPassword> {
    if password.chars().any(controls_terminal) {
        return Err(BadPassword::Unseen);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        return Err(BadPassword::Length);
    }
    if password.trim().is_empty() { Err(BadPassword::Blank) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_of_signs_that_can_be_typed_again() {
        for good in ["quince and plum", " 8 signs", "Pf\u{e4}nder & Pflaumen", "\u{4e16}\u{754c}\u{4e16}\u{754c}12!?"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for wrong in [
            "\0\0\0\0\0\0\0\0",
            "quince\0and plum",
            "quince\tand plum",
            "quince and plum\n",
            "quince\u{1b}[31mand",
            "quince\u{7f}and plum",
            "quince\u{9b}and plum",
            "quince\u{202e}and plum",
        ] {
            assert_eq!(check(wrong), Err(BadPassword::Unseen), "{wrong:?}");
        }
        let longest = "x".repeat(PASSWORD_BYTES_MAX);
        assert_eq!([check(&longest), check(&(longest + "x"))], [Ok(()), Err(BadPassword::Length)]);
        assert_eq!(
            [check(""), check("seven77"), check("eight888")],
            [Err(BadPassword::Length), Err(BadPassword::Length), Ok(())]
        );
        assert_eq!(check("         "), Err(BadPassword::Blank));
    }
}
