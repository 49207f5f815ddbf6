//! Bytes that a text has with escapes: of strings of code and of JSON, and of addresses and forms; and characters that are bytes.
//!
//! One pass each, linear in the text, into a copy that is no longer than it.

/// Bytes between two strings of code that are put together, at most: a line end and an indentation.
const SEAM_MAX: usize = 64;

/// The text with what escapes of strings stand for, strings that are put together as one, and characters of Latin-1 as the bytes that they
/// may be; `None` if it has no escape.
pub(super) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    if !text.contains(&b'\\') {
        return None;
    }
    let (mut built, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((&first, behind)) = rest.split_first() {
        let (byte, used) = match first {
            b'\\' => escape(behind),
            b'"' | b'\'' => seam(first, behind).map_or((Some(first), 0), |used| (None, used)),
            _ => latin(first, behind).map_or((Some(first), 0), |byte| (Some(byte), 1)),
        };
        built.extend(byte);
        rest = behind.get(used..).unwrap_or_default();
    }
    Some(built)
}

/// The text with characters of Latin-1 as the bytes that they may be, and all else as it is; `None` if it has none.
pub(super) fn narrowed(text: &[u8]) -> Option<Vec<u8>> {
    if !text.iter().any(|byte| matches!(byte, 0xC2 | 0xC3)) {
        return None;
    }
    let (mut built, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((&first, behind)) = rest.split_first() {
        let second = latin(first, behind);
        built.push(second.unwrap_or(first));
        rest = behind.get(usize::from(second.is_some())..).unwrap_or_default();
    }
    Some(built)
}

/// The byte that a character of Latin-1 of two bytes stands for.
fn latin(first: u8, behind: &[u8]) -> Option<u8> {
    let second = behind.first().copied().filter(|second| matches!(second, 0x80..=0xBF))?;
    matches!(first, 0xC2 | 0xC3).then_some(((first & 3) << 6) | (second & 0x3F))
}

/// The byte that an escape stands for, if it is one, and how many bytes it has behind its backslash.
fn escape(behind: &[u8]) -> (Option<u8>, usize) {
    let hex = |from: usize, many: usize| {
        let digits = behind.get(from..from + many)?;
        digits.iter().try_fold(0_u32, |number, digit| Some(number * 16 + u32::from(nibble(*digit)?)))
    };
    let Some(first) = behind.first().copied() else { return (Some(b'\\'), 0) };
    let octal = behind.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
    let value = match first {
        b'x' | b'X' => hex(1, 2).map(|number| (number, 3)),
        b'u' => hex(1, 4).map(|number| (number, 5)),
        b'0'..=b'7' => {
            let digits = behind.iter().take(octal);
            Some((digits.fold(0_u32, |number, digit| number * 8 + u32::from(digit - b'0')), octal))
        }
        _ => None,
    };
    if let Some((number, used)) = value {
        // A character that is no byte holds the place of one.
        return (Some(u8::try_from(number).unwrap_or(b'?')), used);
    }
    let byte = match first {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 7,
        b'b' => 8,
        b'v' => 11,
        b'f' => 12,
        b'e' => 27,
        // A line that goes on.
        b'\n' => return (None, 1),
        other => other,
    };
    (Some(byte), 1)
}

/// How many bytes stand between a quotation mark and the text of the next string, if the two are put together.
fn seam(mark: u8, behind: &[u8]) -> Option<usize> {
    let is_between = |byte: &&u8| byte.is_ascii_whitespace() || matches!(byte, b'+' | b'.' | b'\\' | b'b');
    let gap = behind.iter().take(SEAM_MAX).take_while(is_between).count();
    (gap > 0 && behind.get(gap) == Some(&mark)).then_some(gap + 1)
}

/// The text with what the escapes of addresses and forms stand for (`%30`, and `+` for a blank); `None` if it has none.
pub(super) fn unpercented(text: &[u8]) -> Option<Vec<u8>> {
    if !text.contains(&b'%') {
        return None;
    }
    let (mut built, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((&first, behind)) = rest.split_first() {
        let digit = |at: usize| behind.get(at).and_then(|digit| nibble(*digit));
        let (byte, used) = match (first, digit(0).zip(digit(1))) {
            (b'%', Some((high, low))) => (high * 16 + low, 2),
            (b'+', _) => (b' ', 0),
            _ => (first, 0),
        };
        built.push(byte);
        rest = behind.get(used..).unwrap_or_default();
    }
    Some(built)
}

/// What a hex digit stands for.
pub(super) const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_give_their_bytes_and_what_is_none_stays() {
        let undone = |text: &str| unescaped(text.as_bytes()).unwrap();
        assert_eq!(undone("0\\x82\\u0030\\060\\n\\t\\\\ \\'"), b"0\x8200\n\t\\ '");
        assert_eq!(undone("a\\/b\\\nc\\u20AC"), b"a/bc?");
        assert_eq!(undone("\"\\x30\"\n  + \"\\x31\", \"2\""), b"\"01\", \"2\"");
        assert_eq!(undone("\u{e4}\\"), b"\xE4\\");
        assert_eq!(undone("\\x3 \\xg\\777\\u12"), b"x3 xg?u12");
        assert_eq!(unescaped(b"no escape"), None);
    }

    #[test]
    fn percents_and_characters_give_their_bytes() {
        assert_eq!(unpercented(b"%30%82+a%2Bb% %3 %zz%").unwrap(), b"0\x82 a+b% %3 %zz%");
        assert_eq!((unpercented(b"a+b"), narrowed(b"a\\x30")), (None, None));
        assert_eq!(narrowed("0\u{82}\u{ff}\u{100}".as_bytes()).unwrap(), b"0\x82\xFF\xC4\x80");
    }
}
