//! The serial number of a board in one form, whichever way the firmware of the day writes it.
//!
//! The device tree holds it as a text that firmware fills in (Devicetree Specification, `serial-number` of the root node): with or
//! without leading zeros, in capitals or not, grouped by blanks or hyphens, ended by NULs. All that is left out here. A number that
//! many boards share, because nobody gave them one, is none.

use crate::limits::{SERIAL_BYTES_MAX, SERIAL_BYTES_MIN};

/// What vendors leave in the place of a serial number, in the form of this module.
const PLACEHOLDERS: [&str; 16] = [
    "tobefilledbyoem",
    "filledbyoem",
    "defaultstring",
    "systemserialnumber",
    "boardserialnumber",
    "baseboardserialnumber",
    "chassisserialnumber",
    "serialnumber",
    "notspecified",
    "notapplicable",
    "notavailable",
    "unspecified",
    "unknown",
    "invalid",
    "empty",
    "none",
];

/// Digits in their order, of which boards that were never given a number have a piece.
const IN_ORDER: [&str; 2] = ["0123456789abcdef", "01234567890123456789"];

/// The serial number of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serial {
    /// In the form of this module.
    pub(super) number: String,
    /// As version 1 of the home's note had it: that is read as well.
    pub(super) of_version_1: String,
}

impl Serial {
    /// The serial number in what a board says; `None` if it has none of its own.
    #[must_use]
    pub fn read(said: &str) -> Option<Self> {
        let said = said.trim_matches(|end: char| end.is_whitespace() || end == '\0').to_lowercase();
        if !said.chars().all(|c| c.is_ascii_graphic() || c.is_ascii_whitespace()) {
            return None;
        }
        let plain: String = said.chars().filter(char::is_ascii_alphanumeric).collect();
        // 0x stands before hexadecimal digits.
        let is_hex = |rest: &&str| rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let plain = plain.strip_prefix("0x").filter(is_hex).unwrap_or(&plain);
        let number = plain.trim_start_matches('0').to_owned();
        let fits = (SERIAL_BYTES_MIN..=SERIAL_BYTES_MAX).contains(&number.len());
        let is_in_order = IN_ORDER.iter().any(|row| row.contains(&number));
        let is_shared = PLACEHOLDERS.contains(&number.as_str()) || is_in_order || is_bare(&number);
        (fits && !is_shared).then_some(Self { number, of_version_1: said })
    }
}

/// Whether it is one character again and again, zeros aside: no number tells boards apart by so little.
fn is_bare(number: &str) -> bool {
    let mut said = number.bytes().filter(|byte| *byte != b'0');
    let first = said.next();
    said.all(|byte| Some(byte) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(said: &str) -> Option<String> {
        Serial::read(said).map(|serial| serial.number)
    }

    #[test]
    fn the_forms_in_which_firmware_writes_one_number_are_one_number() {
        for said in [
            "00000000abcd1234",
            "abcd1234",
            "ABCD1234",
            "abcd1234\0",
            "abcd1234\0\0\0\n",
            "  ABCD1234 ",
            "abcd 1234",
            "ab-cd:12_34",
            "0xABCD1234",
            "0x00000000abcd1234",
        ] {
            assert_eq!(number(said).as_deref(), Some("abcd1234"), "{said:?}");
        }
        assert_eq!(number("C07XG0 12\n").as_deref(), Some("c07xg012"));
        assert_ne!(number("10000000abcd1234"), number("abcd1234"), "a digit more may be another board");
        assert_eq!(Serial::read("C07XG0 12\n").unwrap().of_version_1, "c07xg0 12", "what it was before");
    }

    #[test]
    fn a_number_that_many_boards_share_is_none() {
        for said in [
            "",
            "\0",
            "0000000000000000\0",
            "ffffffffffffffff",
            "00000000ffffffff",
            "1000000000000000",
            "0000000000000001",
            "To be filled by O.E.M.",
            "TO BE FILLED BY O.E.M",
            "To Be Filled By O.E.M.\0",
            "Default string",
            "System Serial Number",
            "Not Specified",
            "N/A",
            "None",
            "UNKNOWN",
            "0123456789",
            "123456789",
            "1234567890",
            "0123456789ABCDEF",
            "0x0123456789abcdef",
            "xxxxxxxxxxxx",
            "................",
            "abc",
            "\u{1}\u{2}\u{3}\u{4}",
            "\u{fffd}abcd1234",
            &"1a".repeat(40),
        ] {
            assert_eq!(number(said), None, "{said:?}");
        }
    }
}
