//! Private keys whose bytes a text spells out: as numbers in base 16, 10 or 8, in base64 or base32 that stands in groups, or behind the escapes of
//! JSON, URLs and programs.
//!
//! Words of people make bytes in these ways too, so that of those only what has a key's strict form counts (`der`), or OpenSSH's first word; of
//! numbers and escapes a key with a label, too. Each way is a pass over the text, and letters of base64 and base32 are read from each place at
//! which a group of them may begin: all is linear in the text.

use super::der;
use crate::text::payload::key;

/// Numbers, or letters, of a run that is looked at, at least: the shortest key has 48 bytes.
const RUN_MIN: usize = 32;

/// Characters between two numbers, or two groups of letters, at most.
const GAP_MAX: usize = 8;

/// With what a key of OpenSSH begins as bytes.
const OPENSSH: &[u8] = b"openssh-key-v1\0";

/// Letters of a group, and bits of a letter.
const BASE64: (usize, u32) = (4, 6);
const BASE32: (usize, u32) = (8, 5);

/// Whether a text spells out a private key.
pub(super) fn holds_key(text: &str) -> bool {
    let plain = unescaped(text.as_bytes());
    let is_escaped = plain.as_deref().is_some_and(|bytes| is_labelled(bytes) || in_letters(bytes));
    is_escaped || in_letters(text.as_bytes()) || [16, 10, 8].iter().any(|base| in_numbers(text.as_bytes(), *base))
}

/// Whether bytes hold a key in its strict form.
fn is_raw(bytes: &[u8]) -> bool {
    der::holds_key(bytes) || bytes.windows(OPENSSH.len()).any(|window| window == OPENSSH)
}

/// The same, or one with a label, as PEM has it.
fn is_labelled(bytes: &[u8]) -> bool {
    is_raw(bytes) || key::stands_in(&String::from_utf8_lossy(bytes))
}

/// Whether it stands in base64 or base32, whose groups may have other characters between them.
fn in_letters(text: &[u8]) -> bool {
    in_groups(text, is_sextet, BASE64, value_of_64) || in_groups(text, is_letter_of_32, BASE32, value_of_32)
}

fn in_groups(text: &[u8], is_letter: fn(u8) -> bool, (group, bits): (usize, u32), value: fn(u8) -> u8) -> bool {
    let is_in = |run: &[u8]| {
        (0..group).filter_map(|begin| run.get(begin..)).any(|letters| is_raw(&unpacked(letters, bits, value)))
    };
    let mut run = Vec::new();
    let mut rest = text;
    loop {
        let gap = rest.iter().take_while(|byte| is_between(**byte) && !is_letter(**byte)).count();
        let behind = rest.get(gap..).unwrap_or_default();
        let length = behind.iter().take_while(|byte| is_letter(**byte)).count();
        if length == 0 || gap > GAP_MAX {
            if run.len() >= RUN_MIN && is_in(&run) {
                return true;
            }
            run.clear();
        }
        if behind.is_empty() {
            return false;
        }
        run.extend_from_slice(behind.get(..length).unwrap_or_default());
        rest = behind.get(length.max(1)..).unwrap_or_default();
    }
}

/// Whether it stands in numbers of this base.
fn in_numbers(text: &[u8], base: u32) -> bool {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(base);
    let mut run = Vec::new();
    let mut rest = text;
    loop {
        let gap = rest.iter().take_while(|byte| is_between(**byte)).count();
        let behind = rest.get(gap..).unwrap_or_default();
        let length = behind.iter().take_while(|byte| is_digit(byte)).count();
        let (digits, after) = behind.split_at_checked(length).unwrap_or_default();
        let is_prefix = digits == b"0" && matches!(after.first(), Some(b'x' | b'X'));
        let bytes = if is_prefix { Some(Vec::new()) } else { bytes_of(digits, base) };
        if gap > GAP_MAX || bytes.is_none() {
            if run.len() >= RUN_MIN && is_labelled(&run) {
                return true;
            }
            run.clear();
        }
        if behind.is_empty() {
            return false;
        }
        run.extend(bytes.unwrap_or_default());
        rest = if length == 0 { behind.get(1..).unwrap_or_default() } else { after };
    }
}

/// The bytes of a number: one of at most 255, or in base 16 several beside each other. `None`: it is none, so that a run ends here.
fn bytes_of(digits: &[u8], base: u32) -> Option<Vec<u8>> {
    let number = |digits: &[u8]| u8::from_str_radix(str::from_utf8(digits).ok()?, base).ok();
    match digits.len() {
        0 => None,
        1..=3 if base < 16 => number(digits).map(|byte| vec![byte]),
        1 if base == 16 => number(digits).map(|byte| vec![byte]),
        length if base == 16 && length % 2 == 0 => digits.chunks(2).map(number).collect(),
        _ => None,
    }
}

/// Whether a character may stand between two numbers or groups of letters.
const fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(
            byte,
            b',' | b';'
                | b':'
                | b'-'
                | b'"'
                | b'\''
                | b'\\'
                | b'|'
                | b'>'
                | b'='
                | b'('
                | b')'
                | b'['
                | b']'
                | b'%'
                | b'x'
                | b'X'
        )
}

/// The bytes without the escapes of JSON, of URLs and of programs; `None` if there are none.
fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    if !text.iter().any(|byte| matches!(byte, b'\\' | b'%')) {
        return None;
    }
    let mut built = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = |from: usize, digits: usize| {
            let digits = str::from_utf8(after.get(from..from + digits)?).ok()?;
            u32::from_str_radix(digits, 16).ok().and_then(|number| u8::try_from(number).ok())
        };
        let (byte, length) = match (*first, after.first()) {
            (b'%', _) => (hex(0, 2), 2),
            (b'\\', Some(b'x')) => (hex(1, 2), 3),
            (b'\\', Some(b'u')) => (hex(1, 4), 5),
            (b'\\', Some(b'n' | b'r' | b't')) => (Some(b'\n'), 1),
            (b'\\', Some(other @ (b'/' | b'\\' | b'"'))) => (Some(*other), 1),
            _ => (None, 0),
        };
        built.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(length..).unwrap_or_default() } else { after };
    }
    Some(built)
}

/// Whether it is a letter of base64, or of base64url.
pub(super) const fn is_sextet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

const fn is_letter_of_32(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'2'..=b'7')
}

const fn value_of_64(letter: u8) -> u8 {
    match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    }
}

/// RFC 4648, 6.
const fn value_of_32(letter: u8) -> u8 {
    match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a',
        b'2'..=b'7' => letter - b'2' + 26,
        _ => 0,
    }
}

/// What letters of base64 stand for: all of them are some, as `is_sextet` says.
pub(super) fn of_base64(letters: &[u8]) -> Vec<u8> {
    unpacked(letters, BASE64.1, value_of_64)
}

fn unpacked(letters: &[u8], bits_of_letter: u32, value: fn(u8) -> u8) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(letters.len() / 4 * 3), 0_u32, 0_u32);
    for letter in letters {
        bits = ((bits << bits_of_letter) | u32::from(value(*letter))) & 0xFFFF;
        count += bits_of_letter;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS_64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const LETTERS_32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    fn letters(bytes: &[u8], of: &[u8], bits: usize) -> String {
        let all: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1)).collect();
        let value =
            |bits_of: &[bool]| (0..bits).fold(0, |sum, at| sum * 2 + usize::from(bits_of.get(at) == Some(&true)));
        all.chunks(bits).map(|bits_of| char::from(of[value(bits_of)])).collect()
    }

    fn grouped(text: &str, length: usize, between: &str) -> String {
        let groups: Vec<&str> = text.as_bytes().chunks(length).map(|group| str::from_utf8(group).unwrap()).collect();
        groups.join(between)
    }

    fn spelled(bytes: &[u8], one: impl Fn(&u8) -> String, between: &str) -> String {
        bytes.iter().map(one).collect::<Vec<_>>().join(between)
    }

    #[test]
    fn a_key_is_found_however_its_bytes_are_spelled() {
        let key = crate::text::extract::der::tests::ed25519();
        let (in_64, in_32) = (letters(&key, LETTERS_64, 6), letters(&key, LETTERS_32, 5));
        let hex = |byte: &u8| format!("{byte:02x}");
        for text in [
            format!("priv:\n    {}\n", grouped(&spelled(&key, hex, ":"), 45, "\n    ")),
            format!("The key is {}.", spelled(&key, hex, " ")),
            format!("key = [{}]", spelled(&key, |byte| format!("0x{byte:02X}"), ", ")),
            format!("key = {key:?}"),
            format!("printf '{}'", spelled(&key, |byte| format!("\\{byte:03o}"), "")),
            format!("b'{}'", spelled(&key, |byte| format!("\\x{byte:02x}"), "")),
            format!("https://example.org/?key={}", spelled(&key, |byte| format!("%{byte:02X}"), "")),
            format!("key {}", grouped(&in_64, 4, " ")),
            format!("\"{}\"", grouped(&in_64, 16, "\",\"")),
            format!("{{\"key\": \"{}\"}}", in_64.replace('/', "\\/")),
            format!("{{\"key\": \"{}\"}}", grouped(&in_64, 20, "\\n")),
            format!("key: {}", grouped(&in_32, 4, " ")),
            format!("key: {}", grouped(&in_32.to_lowercase(), 8, "-")),
        ] {
            assert!(holds_key(&text), "{text}");
        }
    }

    #[test]
    fn words_sums_and_public_keys_are_no_private_key() {
        let public = [&b"\x30\x2A\x30\x05\x06\x03\x2B\x65\x70\x03\x21\x00"[..], &[7; 32]].concat();
        let sum: Vec<u8> = (0..64_u8).map(|at| at.wrapping_mul(37) ^ 0x30).collect();
        for text in [
            "The boiler in the cellar hums, and its red lamp blinks twice a minute since Monday. ".repeat(50),
            spelled(&public, |byte| format!("{byte:02x}"), ":"),
            grouped(&letters(&public, LETTERS_64, 6), 4, " "),
            spelled(&sum, |byte| format!("{byte:02x}"), " "),
            (0..2000).map(|number| format!("{}, ", number % 256)).collect(),
            "100 % \\ \\u12 %zz \\x".to_owned(),
            String::new(),
        ] {
            assert!(!holds_key(&text), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_bytes_end_a_run() {
        assert_eq!(bytes_of(b"256", 10), None);
        assert_eq!(
            (bytes_of(b"7", 16), bytes_of(b"3082", 16), bytes_of(b"308", 16)),
            (Some(vec![7]), Some(vec![0x30, 0x82]), None)
        );
        assert_eq!((bytes_of(b"060", 8), bytes_of(b"0600", 8), bytes_of(b"", 8)), (Some(vec![48]), None, None));
    }
}
