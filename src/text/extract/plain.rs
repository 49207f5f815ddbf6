//! Plain text: decoding, and one section without a heading.

use super::refusal::Refusal;
use super::section::Section;

/// Decodes UTF-8, with or without a byte order mark, and UTF-16 with one. What a crash or a cut copy leaves at the end of
/// a file costs no more than itself: NULs behind the text and the parts of a cut character, there or at the start (the
/// end of a longer file), are left out. Line ends of a lone CR become LF.
///
/// # Errors
/// [`Refusal::Binary`] for other NUL characters, [`Refusal::Encoding`] for bytes that do not decode.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    let mut text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes),
    }?;
    // A file joined of several has several marks.
    text.drain(..text.len() - text.trim_start_matches('\u{feff}').len());
    Ok(with_line_feeds(text))
}

/// The same text of the same length in which every CR that ends a line by itself is an LF. CRs right before an LF stay:
/// CRLF, and the CRCRLF of a file that was converted twice.
fn with_line_feeds(text: String) -> String {
    if !text.contains('\r') {
        return text;
    }
    let mut bytes = text.into_bytes();
    let mut before_line_feed = false;
    for byte in bytes.iter_mut().rev() {
        if *byte == b'\r' && !before_line_feed {
            *byte = b'\n';
        } else {
            before_line_feed = matches!(*byte, b'\n' | b'\r');
        }
    }
    // Only ASCII was replaced, by ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The whole text as one section; none if it is blank.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    if start < end { vec![Section { heading: String::new(), range: start..end }] } else { Vec::new() }
}

fn utf8(bytes: &[u8]) -> Result<String, Refusal> {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let bytes = bytes.get(..end).unwrap_or_default();
    let cut = bytes.iter().take(4).take_while(|byte| matches!(byte, 0x80..=0xBF)).count();
    // A cut character has three such bytes at most.
    let start = if cut <= 3 { cut } else { 0 };
    let body = bytes.get(start..).unwrap_or_default();
    if body.contains(&0) {
        return Err(Refusal::Binary);
    }
    match std::str::from_utf8(body) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let valid = body.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
            match (error.error_len(), valid) {
                // Incomplete: the character that the file ends with.
                (None, Some(valid)) => Ok(valid.to_owned()),
                _ => Err(Refusal::Encoding { at: start + error.valid_up_to() }),
            }
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Refusal> {
    // An odd byte at the end is half of a unit.
    let (pairs, _) = bytes.as_chunks::<2>();
    let end = pairs.iter().rposition(|pair| *pair != [0, 0]).map_or(0, |last| last + 1);
    let units = pairs.get(..end).unwrap_or_default();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut at = 2;
    for decoded in char::decode_utf16(units.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok('\0') => return Err(Refusal::Binary),
            Ok(c) => {
                text.push(c);
                at += 2 * c.len_utf16();
            }
            // The first half of a cut pair.
            Err(_) if at == 2 * units.len() => break,
            Err(_) => return Err(Refusal::Encoding { at }),
        }
    }
    Ok(text)
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
        assert_eq!(decode(b"\xFF\xFEa\0\x3D\xD8b\0"), Err(Refusal::Encoding { at: 4 }));
        assert_eq!(decode(b"\xFF\xFEa\0\x00\xDEb\0"), Err(Refusal::Encoding { at: 4 }));
        assert_eq!(decode(b"\xFF\xFEa\0\0\0b\0"), Err(Refusal::Binary));
    }

    #[test]
    fn a_cut_character_is_lost_and_not_the_file() {
        let whole = "Der Schl\u{FC}ssel h\u{E4}ngt am Haken \u{1F511}".as_bytes();
        for cut in 1..4 {
            let text = decode(&whole[..whole.len() - cut]).unwrap();
            assert_eq!(text, "Der Schl\u{FC}ssel h\u{E4}ngt am Haken ");
        }
        let tail = &"\u{1F511} is in the shed".as_bytes()[1..];
        assert_eq!(decode(tail).unwrap(), " is in the shed");
        assert_eq!(decode(b"\xFF\xFEa\0b").unwrap(), "a");
        assert_eq!(decode(b"\xFF\xFEa\0\x3D\xD8").unwrap(), "a");
        assert_eq!(decode(b"\xFF\xFEa\0\x3D\xD8\0\0").unwrap(), "a");
        assert_eq!(decode(b"a\x80b"), Err(Refusal::Encoding { at: 1 }), "a damaged middle is another encoding");
        assert_eq!(decode(b"\x80\x80\x80\x80"), Err(Refusal::Encoding { at: 0 }));
    }

    #[test]
    fn nuls_behind_the_text_are_left_out_and_others_are_no_text() {
        assert_eq!(decode(b"the boiler\n\0\0\0\0").unwrap(), "the boiler\n");
        assert_eq!(decode(b"caf\xC3\0\0").unwrap(), "caf", "a cut character before them");
        assert_eq!(decode(b"\xFF\xFEa\0\0\0\0\0").unwrap(), "a");
        assert_eq!(decode(b"the \0 boiler"), Err(Refusal::Binary));
        assert_eq!(decode(&[0; 99]).unwrap(), "");
    }

    #[test]
    fn every_kind_of_line_end_ends_a_line() {
        let lines = |text: &[u8]| decode(text).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        for text in [&b"a\rb\rc"[..], b"a\nb\nc", b"a\r\nb\r\nc", b"a\rb\nc\r", b"a\r\nb\rc\n"] {
            assert_eq!(lines(text), ["a", "b", "c"], "{text:?}");
        }
        assert_eq!(decode(b"a\r\r\nb").unwrap(), "a\r\r\nb", "one line end, converted twice");
        assert_eq!(decode(b"a\r\rb").unwrap(), "a\n\nb");
    }

    #[test]
    fn all_byte_order_marks_at_the_start_are_left_out() {
        assert_eq!(decode(b"\xEF\xBB\xBF\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(decode(b"\xFF\xFE\xFF\xFEa\0").unwrap(), "a");
    }
}
