//! From a file's name and bytes to its text and sections; one module a format.
//!
//! [`extract`] refuses what is not text with a [`Refusal`]: what begins as a picture or a program (`signature`), NUL bytes, an unknown encoding, and formats such as PDF that are told by their first bytes. Everything else is decoded as UTF-8, as UTF-16 if it begins with a byte order mark or has its form, or as the encoding that it declares or looks like (`charset`). The ending of the name only decides whether the
//! text is Markdown or HTML: then its headings divide it into sections, without tags and front matter, and with the words of links
//! and pictures alone; else it is one section. Of text that holds records each value stands behind its name (`records`), of XML the text of its elements is read (`elements`), of mails who wrote what (`mail`). Words that a limit leaves out are told at the end of the text (`left_out`).
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
mod der;
#[cfg(feature = "documents")]
mod elements;
#[cfg(feature = "documents")]
mod encoding;
mod ending;
mod entity;
#[cfg(feature = "documents")]
mod escaped;
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
mod openssh;
#[cfg(feature = "documents")]
mod others;
mod outline;
#[cfg(feature = "documents")]
mod packed;
#[cfg(feature = "documents")]
mod pdf;
mod plain;
#[cfg(feature = "documents")]
mod records;
mod refusal;
#[cfg(feature = "documents")]
mod secret;
pub mod section;
mod signature;
#[cfg(feature = "documents")]
mod spelled;
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
#[cfg(feature = "documents")]
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
    if let Some(found) = binary::extract(path_hint, bytes, &others::Others { page: &page, file: &file }) {
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

/// Whether a secret stands in a file that needs a parser, also if not all of it can be looked at, since nobody knows then. Runs those parsers, so that
/// `platform::child` does this too in a process of its own.
#[cfg(feature = "documents")]
#[must_use]
pub fn holds_packed_secret(path_hint: &str, bytes: &[u8]) -> bool {
    packed::holds_secret(path_hint, bytes, &others::Others { page: &page, file: &file })
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
fn sectioned(path_hint: &str, text: String) -> Text {
    if !has_ending(path_hint, &["md", "markdown", "mdown"]) {
        let sections = plain::sections(&text);
        return Text { text, sections };
    }
    let sections = markdown::sections(&text);
    match front_matter::with_title(&text, &sections) {
        Some((titled, sections)) => without_tags(titled, sections),
        None => without_tags(text, sections),
    }
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

#[cfg(all(test, feature = "documents"))]
mod tests;
