//! Plain text: decoding, and one section without a heading.

use super::refusal::Refusal;
use super::section::Section;

/// Decodes UTF-8, with or without a byte order mark, and UTF-16 with one.
///
/// # Errors
/// [`Refusal::Binary`] for NUL characters, [`Refusal::Encoding`] for bytes that do not decode.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, 3),
        _ => utf8(bytes, 0),
    }
}

/// The whole text as one section; none if it is blank.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    if start < end { vec![Section { heading: String::new(), range: start..end }] } else { Vec::new() }
}

/// Decodes UTF-8. `skipped` is the number of bytes of the file before `bytes`.
fn utf8(bytes: &[u8], skipped: usize) -> Result<String, Refusal> {
    if bytes.contains(&0) {
        return Err(Refusal::Binary);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(Refusal::Encoding { at: skipped + error.valid_up_to() }),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Refusal> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut at = 2;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok('\0') => return Err(Refusal::Binary),
            Ok(c) => {
                text.push(c);
                at += 2 * c.len_utf16();
            }
            Err(_) => return Err(Refusal::Encoding { at }),
        }
    }
    if odd.is_empty() { Ok(text) } else { Err(Refusal::Encoding { at }) }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, decode};

    #[test]
    fn utf16_with_a_byte_order_mark_is_decoded_in_both_byte_orders() {
        assert_eq!(decode(b"\xFF\xFEa\0\xAC\x20").unwrap(), "a\u{20AC}");
        assert_eq!(decode(b"\xFE\xFF\0a\x20\xAC").unwrap(), "a\u{20AC}");
        assert_eq!(decode(b"\xFF\xFE\x3D\xD8\x00\xDE").unwrap(), "\u{1F600}");
    }

    #[test]
    fn the_refusal_of_broken_utf16_names_the_byte() {
        assert_eq!(decode(b"\xFF\xFEa\0\x3D\xD8"), Err(Refusal::Encoding { at: 4 }));
        assert_eq!(decode(b"\xFF\xFEa\0b"), Err(Refusal::Encoding { at: 4 }));
        assert_eq!(decode(b"\xFF\xFE\0\0"), Err(Refusal::Binary));
    }
}
