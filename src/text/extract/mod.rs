//! From a file's name and bytes to its text and sections; one module a format.
//!
//! [`extract`] refuses what is not text with a [`Refusal`]: what begins as a picture or a program (`signature`), NUL bytes, an unknown encoding, and formats such as PDF
//! that are told by their first bytes. Everything else is decoded as UTF-8, as UTF-16 if it begins with a byte order mark or
//! has its form, or as the encoding that it declares or looks like (`charset`). The ending of the name only decides whether the
//! text is Markdown or HTML: then its headings divide it into sections, without tags and front matter, and with the words of links
//! and pictures alone; else it is one section. Of text that holds records each value stands behind its name (`records`), of XML the
//! text of its elements is read (`elements`), of mails who wrote what (`mail`). Words that a limit leaves out are told at the end of
//! the text (`left_out`).
//!
//! Invariants: the text of a UTF-8 file is its bytes without the byte order mark and without payload (`text::payload`), of
//! Markdown and HTML also without tags, with the title of front matter in place of that, its line ends LF or CRLF; sections are in order, within the text, and do not
//! overlap. A file has at most `limits::DOCUMENT_BYTES_MAX` bytes, and its text at most twice as many.
//!
//! Sections are divided into chunks by `text::chunk`; folders, sizes and dates of files belong to `platform`.

#[cfg(feature = "documents")]
mod archive;
#[cfg(feature = "documents")]
mod binary;
#[cfg(feature = "documents")]
mod charset;
#[cfg(feature = "documents")]
mod elements;
#[cfg(feature = "documents")]
mod encoding;
mod ending;
mod entity;
mod fence;
mod front_matter;
mod heading;
mod html;
mod html_block;
mod html_frame;
mod html_inline;
mod html_scan;
#[cfg(feature = "documents")]
mod leaf;
#[cfg(feature = "documents")]
mod left_out;
mod link;
#[cfg(feature = "documents")]
mod mail;
mod markdown;
#[cfg(feature = "documents")]
mod office;
#[cfg(feature = "documents")]
mod others;
mod outline;
#[cfg(feature = "documents")]
mod pdf;
mod plain;
#[cfg(feature = "documents")]
mod records;
mod refusal;
mod secret;
pub mod section;
mod signature;
#[cfg(feature = "documents")]
mod table;
mod words;

use super::payload;
use super::payload::word::measure;
use crate::limits::DOCUMENT_BYTES_MAX;
#[cfg(feature = "documents")]
use encoding::decode;
use ending::{ending, has_ending};
use outline::is_left_out;
use section::{Section, Text};
use std::borrow::Cow;
use words::has_words;

#[cfg(feature = "documents")]
pub use mail::{NEWEST_BYTES, is_mailbox, newest};
pub use refusal::Refusal;
pub use secret::holds_secret;

/// Words beside a private key from which on a file is a note that holds one, and no file of a key: age writes three above its
/// key, and who made it when.
const KEY_FILE_WORDS: usize = 4;

/// Extracts the text of a file. `path_hint` is its name or path, of which only the ending counts: `.md`, `.markdown`
/// and `.mdown` are Markdown, `.html`, `.htm` and `.xhtml` are HTML, everything else that decodes is plain text.
///
/// # Errors
/// A [`Refusal`] that says why there is no text in it.
pub fn extract(path_hint: &str, bytes: &[u8]) -> Result<Text, Refusal> {
    if u64::try_from(bytes.len()).is_ok_and(|n| n > DOCUMENT_BYTES_MAX) {
        return Err(Refusal::TooLarge { bytes: bytes.len() });
    }
    #[cfg(feature = "documents")]
    if let Some(found) = binary::extract(path_hint, bytes, &others::Others { page, file }) {
        return found;
    }
    file(path_hint, bytes)
}

/// Whether a file needs a reader of other formats than text, Markdown and HTML. Those are many, some of other people's making, and a file
/// may be made to harm them: `platform::child` runs them in a process of their own.
#[must_use]
pub fn needs_parser(path_hint: &str, bytes: &[u8]) -> bool {
    #[cfg(feature = "documents")]
    let takes = binary::takes(path_hint, bytes);
    #[cfg(not(feature = "documents"))]
    let takes = !path_hint.is_empty() && bytes.starts_with(b"%PDF-");
    takes
}

/// Extracts the text of a file that is text.
fn file(path_hint: &str, bytes: &[u8]) -> Result<Text, Refusal> {
    if signature::is_unread(bytes) {
        return Err(Refusal::Binary);
    }
    if let Some(format) = known_format(path_hint, bytes) {
        return Err(Refusal::Unsupported { format });
    }
    let text = decode(path_hint, bytes)?;
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    if has_ending(path_hint, &["html", "htm", "xhtml"]) {
        // Before payload is told: a page is often one line, and pictures go with their tags.
        let html::Page { text, title, .. } = html::read(&text, has_ending(path_hint, &["xhtml"]));
        return page(text, &title);
    }
    #[cfg(feature = "documents")]
    if let Some(leaf) = records::read(&ending::small_ending(path_hint), &text) {
        return leaf.read_by(page);
    }
    let (text, lacks_rows) = without_keys(text)?;
    let text = language(Text { text, sections: Vec::new() })?.text;
    Ok(told(sectioned(path_hint, text), lacks_rows))
}

/// A text that is Markdown by its name, or else plain, with its sections.
fn sectioned(path_hint: &str, mut text: String) -> Text {
    if !has_ending(path_hint, &["md", "markdown", "mdown"]) {
        let sections = plain::sections(&text);
        return Text { text, sections };
    }
    if let Some(titled) = front_matter::with_title(&text) {
        text = titled;
    }
    let sections = markdown::sections(&text);
    without_tags(text, sections)
}

/// The text of a file, which is UTF-8.
#[cfg(not(feature = "documents"))]
fn decode(_: &str, bytes: &[u8]) -> Result<String, Refusal> {
    plain::decode(bytes)
}

/// The sections of lines with marks on the headings, as `html::read` makes them.
fn page(text: String, title: &str) -> Result<Text, Refusal> {
    let (text, lacks_rows) = without_keys(text)?;
    let page = html::sections(&text, without_payload(title));
    if page.sections.is_empty() { Err(Refusal::Empty) } else { Ok(told(language(page)?, lacks_rows)) }
}

/// The text, which tells at its end if rows are left out of it that a number may be looked for in.
#[cfg(feature = "documents")]
fn told(text: Text, lacks_rows: bool) -> Text {
    if lacks_rows { left_out::noted(text, &left_out::LeftOut::Alike.to_string()) } else { text }
}

/// The text: only documents tell what is left out.
#[cfg(not(feature = "documents"))]
fn told(text: Text, _: bool) -> Text {
    text
}

/// The text without private keys and payload, and whether it lacks rows (`payload::elide_and_tell`).
fn without_keys(mut text: String) -> Result<(String, bool), Refusal> {
    let mut has_key = false;
    if let Cow::Owned(without) = payload::key::elide(&text) {
        (text, has_key) = (without, true);
    }
    let (elided, lacks_rows) = payload::elide_and_tell(&text);
    if let Cow::Owned(elided) = elided {
        text = elided;
    }
    if has_key && measure(&text).words < KEY_FILE_WORDS {
        return Err(Refusal::PrivateKey);
    }
    Ok((text, lacks_rows))
}

/// A title without private keys and payload; empty if no words are left.
fn without_payload(title: &str) -> String {
    let mut left = payload::key::elide(title).into_owned();
    if let Cow::Owned(elided) = payload::elide(&left) {
        left = elided;
    }
    if left.chars().any(char::is_alphanumeric) || left == title { left } else { String::new() }
}

/// The text, if words are left of it without payload.
fn language(text: Text) -> Result<Text, Refusal> {
    let is_payload = text.text.chars().all(|c| c.is_whitespace() || c == payload::MARK);
    if is_payload || !has_words(&text.text) && text.text.contains(payload::MARK) {
        return Err(Refusal::NoLanguage);
    }
    let says = has_words(&text.text) || text.sections.iter().any(|at| has_words(&at.heading));
    if says { Ok(text) } else { Err(Refusal::ReadEmpty { what: "there are no words in it" }) }
}

/// The text with sections that have no HTML tags in them. Where nothing else is left, the text stays as it is: a file of
/// front matter alone is found by that.
fn without_tags(text: String, sections: Vec<Section>) -> Text {
    // With the indent of the first line, which tells code.
    let lines = |at: &Section| text[..at.range.start].trim_end_matches([' ', '\t']).len()..at.range.end;
    let bodies: Vec<Option<String>> = sections.iter().map(|at| html_inline::without_tags(&text[lines(at)])).collect();
    if !sections.is_empty() && bodies.iter().all(Option::is_none) {
        return Text { text, sections };
    }
    let (mut plain, mut left) = (String::with_capacity(text.len()), Vec::new());
    for (Section { heading, range }, body) in sections.into_iter().zip(&bodies) {
        let body = body.as_deref().unwrap_or(&text[range]).trim();
        // A heading with pictures only.
        let body =
            if body.is_empty() || is_left_out(body) { heading.rsplit(" > ").next().unwrap_or_default() } else { body };
        if !body.is_empty() {
            let start = plain.len();
            plain.push_str(body);
            left.push(Section { range: start..plain.len(), heading });
            plain.push('\n');
        }
    }
    if left.is_empty() {
        let sections = plain::sections(&text);
        return Text { text, sections };
    }
    Text { text: plain, sections: left }
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
    use super::{Refusal, Section, extract};

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
        let encoding = "the file is in no encoding that is known: byte 6 is no UTF-8, and what is around it no other; save it as UTF-8";
        let cases: [(&str, &[u8], &str); 4] = [
            ("a.txt", b"", "the file has no text"),
            ("a.md", b" \r\n\t\xC2\xA0", "the file has no text"),
            ("a.bin", b"ab\0cd", "the file is not text"),
            ("a.txt", b"\xEF\xBB\xBFcaf\xE9!", encoding),
        ];
        for (name, bytes, sentence) in cases {
            assert_eq!(extract(name, bytes).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    #[cfg(feature = "documents")]
    fn a_few_nuls_in_a_text_are_blanks_and_data_is_no_text() {
        let note = b"text before\0 the boiler \0after text here and there\0\0\0";
        assert_eq!(extract("a.txt", note).unwrap().text, "text before  the boiler  after text here and there");
        assert_eq!(extract("a.txt", b"PK\x03"), Err(Refusal::Truncated), "the beginning of an archive");
        for data in [
            &b"one\0two\0three\0four\0five"[..],
            b"name of the table\0\x01\x02 and its rows",
            b"0123456789\x00123456789 012345",
        ] {
            assert_eq!(extract("a.txt", data), Err(Refusal::Binary), "{data:?}");
        }
    }

    #[test]
    #[cfg(feature = "documents")]
    fn text_in_other_encodings_is_text_without_private_keys() {
        let page = b"<html><head><meta charset=windows-1251></head><body><p>\xCA\xEB\xFE\xF7 \xE4\xEE\xEC\xE0</p></body></html>";
        assert_eq!(
            extract("a.html", page).unwrap().text.trim(),
            "\u{41A}\u{43B}\u{44E}\u{447} \u{434}\u{43E}\u{43C}\u{430}"
        );
        assert_eq!(extract("a.txt", b"caf\xE9!").unwrap().text, "caf\u{e9}!");
        assert!(matches!(extract("a.txt", b"\x01\x02\xFE\xFD"), Err(Refusal::Encoding { at: 2 })));
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(extract("a.txt", &wide("The boiler hums.\rTwice.")).unwrap().text, "The boiler hums.\nTwice.");
        let key = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        let note =
            extract("a.txt", &wide(&format!("The key of the cellar server is this: {key} and it is old."))).unwrap();
        assert!(note.text.contains("cellar") && !note.text.contains("GFPYY"), "{}", note.text);
    }

    #[test]
    fn payload_is_no_part_of_the_text_and_a_file_of_nothing_else_is_refused() {
        let picture = "iVBORw0KGgo4AAAANSUhEUgAA9AUAAAFCAYAAACNbyblAAA".repeat(40);
        let note = format!("# Ann\n\n![photo](data:image/png;base64,{picture})\n\nTaken in Mill Street.\n");
        let text = extract("a.md", note.as_bytes()).unwrap();
        assert_eq!(&text.text[text.sections[0].range.clone()], "photo\n\nTaken in Mill Street.");
        assert_eq!(extract("a.b64", picture.as_bytes()), Err(Refusal::NoLanguage));
    }

    #[test]
    fn a_private_key_is_in_no_passage_and_a_file_that_is_one_is_refused_whatever_its_name_is() {
        let letters = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
        let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{letters}\n-----END OPENSSH PRIVATE KEY-----\n");
        let age = "# created: 2024-05-02T15:30:45+01:00\n# public key: age1qyqszqgpqyqszqgpqyqszqgp\n\
                   AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n";
        for name in ["my_id_rsa", "old laptop.txt", "key.md"] {
            assert_eq!(extract(name, key.as_bytes()), Err(Refusal::PrivateKey), "{name}");
            assert_eq!(extract(name, age.as_bytes()), Err(Refusal::PrivateKey), "{name}");
        }
        let note = format!("# Cellar server\n\nThe key of the server:\n\n{key}\nIt was made in May.\n");
        for name in ["notes.md", "notes.txt"] {
            let text = extract(name, note.as_bytes()).unwrap().text;
            assert!(text.contains("The key of the server:") && text.contains("It was made in May."), "{text}");
            assert!(!text.contains("b3Blbn") && !text.contains("PRIVATE"), "{text}");
        }
        let page = format!("<p>The key of the server is this one:</p><pre>{key}</pre><p>It was made in May.</p>");
        let text = extract("a.html", page.as_bytes()).unwrap().text;
        assert!(text.contains("It was made in May.") && !text.contains("b3Blbn"), "{text}");
    }

    #[test]
    fn front_matter_is_no_passage_and_its_title_is_the_first_line_of_the_text() {
        let note = "---\ntitle: The boiler\ntags: [house]\ndate: 2026-01-02\n---\nThe red lamp blinks.\n\n## Reset\nFive seconds.\n";
        let of = |note: &str| {
            let text = extract("a.md", note.as_bytes()).unwrap();
            let section = |at: &Section| (at.heading.clone(), text.text[at.range.clone()].to_owned());
            text.sections.iter().map(section).collect::<Vec<_>>()
        };
        let pair = |heading: &str, body: &str| (heading.to_owned(), body.to_owned());
        assert_eq!(of(note), [pair("", "The boiler\n\nThe red lamp blinks."), pair("Reset", "Five seconds.")]);
        let twice = "---\ntitle: Pond\n---\n# Pond\n\nHerons.\n";
        assert_eq!(of(twice), [pair("Pond", "Herons.")], "the title once");
        for properties in ["---\nphone: 555-1234\n---\n", "---\ntitle: Pond\n---\n"] {
            assert_eq!(of(properties), [pair("", properties.trim())], "a file of nothing else is found by that");
        }
    }

    #[test]
    fn tags_are_in_no_passage_of_markdown_and_html() {
        let note = "# Boiler\n\n<div align=\"center\"><b>Red</b> lamp</div>\n\n```html\n<b>code</b>\n```\n\n## Picture\n\n<img src=\"a.png\">\n";
        let text = extract("a.md", note.as_bytes()).unwrap();
        let bodies: Vec<&str> = text.sections.iter().map(|at| &text.text[at.range.clone()]).collect();
        assert_eq!(bodies, ["Red lamp\n\n```html\n<b>code</b>\n```", "Picture"]);
        let page =
            "<html><head><title>The house</title></head><body><h1>Boiler</h1><p>Red <b>lamp</b></p></body></html>";
        let text = extract("a.HTML", page.as_bytes()).unwrap();
        assert_eq!(text.sections[0].heading, "The house > Boiler");
        assert_eq!(&text.text[text.sections[0].range.clone()], "Red lamp");
        assert_eq!(extract("a.html", b"<html><script>x()</script></html>"), Err(Refusal::Empty));
        assert_eq!(extract("a.html", b"<title>The house</title><p> </p>").unwrap().sections[0].heading, "The house");
        assert_eq!(extract("a.txt", page.as_bytes()).unwrap().text, page, "only what is named so");
    }

    #[test]
    fn of_links_and_pictures_of_markdown_the_words_are_in_the_passages_and_in_other_texts_nothing_changes() {
        let note = "# Boiler\n\n![The red lamp](img/2024/IMG_2034.jpg)\nSee [the manual](docs/m.md).\n\n## More\n\n![](a.png)\n";
        let text = extract("a.md", note.as_bytes()).unwrap();
        let bodies: Vec<&str> = text.sections.iter().map(|at| &text.text[at.range.clone()]).collect();
        assert_eq!(bodies, ["The red lamp\nSee the manual.", "More"]);
        assert_eq!(extract("a.txt", note.as_bytes()).unwrap().text, note, "only what is named so");
    }

    #[test]
    fn a_file_one_byte_too_large_is_refused_before_it_is_decoded() {
        let max = usize::try_from(crate::limits::DOCUMENT_BYTES_MAX).unwrap();
        assert_eq!(extract("a", &vec![0; max + 1]), Err(Refusal::TooLarge { bytes: max + 1 }));
        assert_eq!(extract("a", &vec![0; max]), Err(Refusal::Empty));
    }
}
