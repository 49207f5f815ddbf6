//! From a file's name and bytes to its text and sections; one module a format.
//!
//! [`extract`] refuses what is not text with a [`Refusal`]: NUL bytes, an unknown encoding, and formats such as PDF
//! that are told by their first bytes. Everything else is decoded as UTF-8, or as UTF-16 if it begins with a byte order
//! mark. The ending of the name only decides whether the text is Markdown: then its headings divide it into sections,
//! else it is one section.
//!
//! Invariants: the text of a UTF-8 file is its bytes without the byte order mark and without payload (`text::payload`),
//! its line ends LF or CRLF; sections are in order, within the
//! text, and do not overlap. A file has at most `limits::DOCUMENT_BYTES_MAX` bytes.
//!
//! Sections are divided into chunks by `text::chunk`; folders, sizes and dates of files belong to `platform`.

mod front_matter;
mod heading;
mod html_block;
mod markdown;
mod plain;
mod refusal;
pub(super) mod section;

use super::payload;
use crate::limits::DOCUMENT_BYTES_MAX;
use section::Text;
use std::borrow::Cow;

pub use refusal::Refusal;

/// Extracts the text of a file. `path_hint` is its name or path, of which only the ending counts: `.md`, `.markdown`
/// and `.mdown` are Markdown, everything else that decodes is plain text.
///
/// # Errors
/// A [`Refusal`] that says why there is no text in it.
pub fn extract(path_hint: &str, bytes: &[u8]) -> Result<Text, Refusal> {
    if u64::try_from(bytes.len()).is_ok_and(|n| n > DOCUMENT_BYTES_MAX) {
        return Err(Refusal::TooLarge { bytes: bytes.len() });
    }
    if let Some(format) = known_format(path_hint, bytes) {
        return Err(Refusal::Unsupported { format });
    }
    let mut text = plain::decode(bytes)?;
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    if let Cow::Owned(elided) = payload::elide(&text) {
        text = elided;
    }
    if text.chars().all(|c| c.is_whitespace() || c == payload::MARK) {
        return Err(Refusal::NoLanguage);
    }
    let sections = if is_markdown(path_hint) { markdown::sections(&text) } else { plain::sections(&text) };
    Ok(Text { text, sections })
}

/// The part of the name after its last dot, if there is one.
fn ending(path_hint: &str) -> Option<&str> {
    let name = path_hint.rsplit(['/', '\\']).next().unwrap_or(path_hint);
    name.rsplit_once('.').map(|(_, ending)| ending)
}

fn is_markdown(path_hint: &str) -> bool {
    ending(path_hint).is_some_and(|end| ["md", "markdown", "mdown"].iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// Formats that hold text and are not supported, told by their first bytes. A ZIP archive is an office document or a
/// book if its ending says so, else a binary file.
fn known_format(path_hint: &str, bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"%PDF-") {
        return Some("PDF");
    }
    if bytes.starts_with(b"{\\rtf") {
        return Some("RTF");
    }
    let end = ending(path_hint)?.to_ascii_lowercase();
    let zip = bytes.starts_with(b"PK\x03\x04");
    let ole = bytes.starts_with(b"\xD0\xCF\x11\xE0");
    match end.as_str() {
        "docx" | "xlsx" | "pptx" if zip => Some("Office"),
        "odt" | "ods" | "odp" if zip => Some("OpenDocument"),
        "epub" if zip => Some("EPUB"),
        "doc" | "xls" | "ppt" if ole => Some("old Office"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, extract};

    #[test]
    fn a_utf8_file_is_its_own_text_without_the_byte_order_mark() {
        let text = extract("a.txt", b"\xEF\xBB\xBFone\r\ntwo ").unwrap();
        assert_eq!(text.text, "one\r\ntwo ");
        assert_eq!(text.sections.len(), 1);
        assert_eq!(&text.text[text.sections[0].range.clone()], "one\r\ntwo");
        assert_eq!(text.sections[0].heading, "");
    }

    #[test]
    fn text_with_any_ending_or_none_is_plain_text() {
        for name in ["notes", "x.rs", ".profile", "report.pdf", "a.b/c", ""] {
            assert_eq!(extract(name, b"# not a heading here").unwrap().sections.len(), 1, "{name}");
        }
        assert_eq!(extract("dir/README.MD", b"# Heading\nbody").unwrap().sections[0].heading, "Heading");
    }

    #[test]
    fn a_file_that_is_not_text_is_refused_with_a_sentence() {
        let cases: [(&str, &[u8], &str); 8] = [
            ("a.txt", b"", "the file has no text"),
            ("a.md", b" \r\n\t\xC2\xA0", "the file has no text"),
            ("a.bin", b"ab\0cd", "the file is not text"),
            ("a.txt", b"caf\xE9!", "the file is not UTF-8 text: byte 3 does not fit; save it as UTF-8"),
            ("a.txt", b"\xEF\xBB\xBFcaf\xE9!", "the file is not UTF-8 text: byte 6 does not fit; save it as UTF-8"),
            ("a.txt", b"%PDF-1.7\n", "PDF files cannot be read yet"),
            ("a.docx", b"PK\x03\x04..", "Office files cannot be read yet"),
            ("a.zip", b"PK\x03\x04\0\0\x08", "the file is not text"),
        ];
        for (name, bytes, sentence) in cases {
            assert_eq!(extract(name, bytes).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn payload_is_no_part_of_the_text_and_a_file_of_nothing_else_is_refused() {
        let picture = "iVBORw0KGgo4AAAANSUhEUgAA9AUAAAFCAYAAACNbyblAAA".repeat(40);
        let note = format!("# Ann\n\n![photo](data:image/png;base64,{picture})\n\nTaken in Mill Street.\n");
        let text = extract("a.md", note.as_bytes()).unwrap();
        assert_eq!(text.text, "# Ann\n\n![photo](data:\u{2026})\n\nTaken in Mill Street.\n");
        assert_eq!(&text.text[text.sections[0].range.clone()], "![photo](data:\u{2026})\n\nTaken in Mill Street.");
        assert_eq!(extract("a.b64", picture.as_bytes()), Err(Refusal::NoLanguage));
    }

    #[test]
    fn a_file_one_byte_too_large_is_refused_before_it_is_decoded() {
        let max = usize::try_from(crate::limits::DOCUMENT_BYTES_MAX).unwrap();
        assert_eq!(extract("a", &vec![0; max + 1]), Err(Refusal::TooLarge { bytes: max + 1 }));
        assert_eq!(extract("a", &vec![0; max]), Err(Refusal::Empty));
    }
}
