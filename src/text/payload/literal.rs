//! Keys in string literals of code, in which a byte that can be printed stands as it is and each other one as an escape: `b'\x8fG\x02…'` as Python
//! shows bytes, `"\217G\002"` in C, `"\u008fG"` in JavaScript.
//!
//! As other bytes (`bytes`), they are a secret only where a name says so. One pass over the text.

use super::named::{What, is_named};
use std::ops::Range;

/// Bytes of a key at least.
const BYTES_MIN: usize = 16;

/// One in so many of them is an escape at least. Of bytes drawn at random, five in eight are.
const ESCAPES: usize = 4;

/// What may stand before the quotation mark that begins a literal.
const PREFIXES: [&str; 12] = ["", "b", "B", "br", "bR", "Br", "BR", "rb", "u", "c", "L", "u8"];

/// Where in the text such keys are.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let (mut spans, mut start): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    if !text.contains('\\') {
        return spans;
    }
    let mut floor = 0;
    for line in text.split_inclusive('\n') {
        for literal in literals(line) {
            let whole = start + literal.start..start + literal.end;
            let inner = &text[whole.clone()];
            if !is_bytes(inner) {
                continue;
            }
            // A long key goes on in the next literal.
            let goes_on =
                spans.last().is_some_and(|last| last.end <= whole.start && is_joint(&text[last.end..whole.start]));
            if goes_on || is_named(text, whole.start, floor, What::Letters) {
                spans.push(whole.clone());
            }
            floor = whole.end;
        }
        start += line.len();
    }
    spans
}

/// What stands between the quotation marks of the literals of a line. A mark without another one, such as an apostrophe, begins none.
fn literals(line: &str) -> Vec<Range<usize>> {
    let (bytes, mut found, mut at) = (line.as_bytes(), Vec::new(), 0);
    let mut lone = Vec::new();
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\'' | b'`') && !lone.contains(byte) && begins(line, at) {
            match end(bytes, at) {
                Some(end) => {
                    found.push(at + 1..end);
                    at = end;
                }
                // Nor does any later one of its kind.
                None => lone.push(*byte),
            }
        }
        at += 1;
    }
    found
}

/// Whether the quotation mark at this byte begins a literal, by the word before it.
fn begins(line: &str, at: usize) -> bool {
    let letters = line[..at].chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_');
    PREFIXES.contains(&&line[at - letters.map(char::len_utf8).sum::<usize>()..at])
}

/// Where the literal ends that begins with this quotation mark.
fn end(line: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    while let Some(byte) = line.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' => return None,
            byte if *byte == line[begin] => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether a literal has the bytes of a key in it, some as escapes.
fn is_bytes(literal: &str) -> bool {
    let (mut count, mut escapes, mut rest) = (0, 0, literal);
    while let Some(c) = rest.chars().next() {
        let length = escape(rest);
        escapes += usize::from(length > 0);
        count += 1;
        // Of another escape the sign behind the backslash is meant.
        let other = if c == '\\' { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { c.len_utf8() };
        rest = &rest[if length > 0 { length } else { other }..];
    }
    count >= BYTES_MIN && escapes * ESCAPES >= count
}

/// The length of the escape of one byte by its number, at the beginning; 0 if there is none.
fn escape(text: &str) -> usize {
    let Some(behind) = text.strip_prefix('\\') else { return 0 };
    let digits = |text: &str, most: usize, is: fn(&u8) -> bool| text.bytes().take(most).take_while(is).count();
    let hex = |text: &str, most| digits(text, most, u8::is_ascii_hexdigit);
    for (sign, least, end) in [("x", 1, ""), ("u00", 2, ""), ("u{", 1, "}")] {
        let Some(rest) = behind.strip_prefix(sign) else { continue };
        let count = hex(rest, 2);
        if count >= least && rest[count..].starts_with(end) {
            return 1 + sign.len() + count + end.len();
        }
    }
    match digits(behind, 3, |byte| (b'0'..=b'7').contains(byte)) {
        0 => 0,
        count => 1 + count,
    }
}

/// Whether only what puts two literals together stands between them.
fn is_joint(between: &str) -> bool {
    let is_sign = |c: char| c.is_whitespace() || "\"'`+.,\\()bBurRcL8".contains(c);
    between.len() <= 64 && between.chars().all(is_sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn left(text: &str) -> String {
        let (mut left, mut copied) = (String::new(), 0);
        for span in spans(text) {
            left.push_str(&text[copied..span.start]);
            left.push('\u{2026}');
            copied = span.end;
        }
        left + &text[copied..]
    }

    /// Bytes drawn at random, the same each time: as a literal in which those that can be printed stand as they are.
    fn literal(count: usize, seed: u64, escaped: impl Fn(u8) -> String) -> String {
        let mut rng = Rng::new(seed);
        let byte = |_| match u8::try_from(rng.below(256)).unwrap() {
            byte @ (b'\\' | b'\'' | b'"' | b'`') => format!("\\{}", char::from(byte)),
            byte if byte.is_ascii_graphic() || byte == b' ' => char::from(byte).to_string(),
            b'\n' => "\\n".to_owned(),
            byte => escaped(byte),
        };
        (0..count).map(byte).collect()
    }

    #[test]
    fn bytes_as_a_literal_of_code_shows_them_are_left_out_behind_the_name_of_a_secret() {
        let forms: [fn(u8) -> String; 4] = [
            |byte| format!("\\x{byte:02x}"),
            |byte| format!("\\{byte:03o}"),
            |byte| format!("\\u00{byte:02X}"),
            |byte| format!("\\u{{{byte:x}}}"),
        ];
        for seed in 0..50 {
            for form in forms {
                let key = literal(32, seed, form);
                for text in [
                    "private_key = b'%'\n",
                    "secret: \"%\",\n",
                    "Ann's secret key is b'%', I think.\n",
                    "keys = {'id': 7, 'secret_key': '%'}\n",
                    "my_secret =\n  `%`\n",
                    "public_key = 'abc'; private_key = b\"%\";\n",
                ] {
                    let whole = text.replace('%', &key);
                    assert_eq!(left(&whole), text.replace('%', "\u{2026}"), "{whole}");
                }
                let (one, two) = (literal(24, seed, form), literal(24, seed + 99, form));
                let parts = format!("SECRET = (b'{one}'\n          b'{two}')\n");
                assert_eq!(left(&parts), "SECRET = (b'\u{2026}'\n          b'\u{2026}')\n");
            }
        }
    }

    #[test]
    fn literals_that_are_text_or_have_no_name_stay() {
        let key = literal(32, 3, |byte| format!("\\x{byte:02x}"));
        for kept in [
            format!("magic = b'{key}'\n"),
            format!("public_key = b'{key}'\n"),
            "secret = 'caf\\xe9 and cr\\xe8me, the words of the second door'\n".to_owned(),
            "The secret isn't '\\x8f\\x02\\x11', it's longer.\n".to_owned(),
            "password = \"C:\\\\Users\\\\ann\\\\notes\\\\first\\\\old\"\n".to_owned(),
            "secret: '\\x8f".to_owned(),
        ] {
            assert_eq!(left(&kept), kept);
        }
    }

    #[test]
    fn the_time_is_linear_in_the_text() {
        for part in ["'", "\"'`", "\\x", "'\\", "b'\\x8f", "secret '\\x01\\x02", "secret = '\\x01'\n"] {
            // Were it quadratic, this would take hours.
            spans(&part.repeat((1 << 18) / part.len()));
        }
    }
}
