//! The text of bytes, in whatever encoding they are: as UTF-8 first, then as what they declare or look like (`charset`).

use super::charset;
use super::ending::has_ending;
use super::plain;
use super::refusal::Refusal;
use crate::limits::DOCUMENT_BYTES_MAX;

/// The text of a file in the encoding that it is in.
pub(super) fn decode(path_hint: &str, bytes: &[u8]) -> Result<String, Refusal> {
    let decoded = plain::decode(bytes);
    let other = match &decoded {
        Ok(_) => charset::iso_2022_jp(bytes),
        Err(Refusal::Encoding { .. }) => charset::decode(bytes, is_markup(path_hint, bytes)),
        Err(Refusal::Binary) => charset::utf32(bytes)
            .or_else(|| charset::utf16_without_mark(bytes))
            .or_else(|| charset::without_nuls(bytes)),
        Err(_) => None,
    };
    if let Some(text) = other {
        // Cyrillic letters have twice as many bytes in UTF-8 as before.
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes > 2 * DOCUMENT_BYTES_MAX) {
            return Err(Refusal::TooMuch);
        }
        // Line ends, as of UTF-8.
        return plain::decode(text.as_bytes()).map(|text| unfolded(path_hint, text));
    }
    decoded.map(|text| unfolded(path_hint, text))
}

/// A calendar or a card without the breaks in its lines: a blank that begins one goes on with the line before (RFC 5545, 3.1; RFC 6350, 3.2).
fn unfolded(path_hint: &str, text: String) -> String {
    if !has_ending(path_hint, &["ics", "ical", "ifb", "vcs", "vcf", "vcard"]) {
        return text;
    }
    ["\r\n ", "\r\n\t", "\n ", "\n\t"].iter().fold(text, |text, fold| text.replace(fold, ""))
}

/// Whether a file may declare its encoding as HTML and XML do.
fn is_markup(path_hint: &str, bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    has_ending(path_hint, &["html", "htm", "xhtml", "xml"]) || start.starts_with(b"<?xml") || start.starts_with(b"<!")
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_folded_lines_of_a_calendar_are_whole_and_those_of_other_texts_stay() {
        let folded = b"SUMMARY:The orchest\r\n ra plays\r\n\tloud\r\nLOCATION:Hall\r\n";
        assert_eq!(decode("a.ICS", folded).unwrap(), "SUMMARY:The orchestra playsloud\r\nLOCATION:Hall\r\n");
        assert_eq!(decode("a.txt", folded).unwrap().as_bytes(), folded);
        assert_eq!(decode("a.vcf", b"NOTE:one\n  two\n").unwrap(), "NOTE:one two\n");
    }
}
