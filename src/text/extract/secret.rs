//! Whether a secret stands in a file, whatever its letters are packed in: for those files that are given out byte by byte.
//!
//! A passage is told without its keys; bytes cannot be, so a file with one is withheld whole. It is looked at in the ways in which
//! a program shows it to people: the bytes as they are, the text in the encoding that the reader of documents finds, character
//! references and tags taken off, quoted-printable and base64 undone; and for keys as bytes (`der`, `openssh`), also where these are spelled out in letters or numbers (`spelled`). A text that cannot be decoded counts as one with a secret.
//!
//! What is packed in other ways, an office document, a PDF or an archive that is compressed, is not unpacked here: those readers
//! work in a process of their own, and `packed` looks at what they show. All of this is linear in the bytes, and takes no parser of other people's making.

use super::encoding::decode;
use super::ending::has_ending;
use super::{der, entity, html, openssh, signature, spelled};
use crate::text::payload::{holds_key, key, without_secrets};
use std::borrow::Cow;

/// How often base64 is undone within what came out of base64: a mail in a mail has it twice.
const DEPTH_MAX: usize = 3;

/// Letters of base64 beside each other that are decoded: fewer are words, and hold no key.
const RUN_MIN: usize = 32;

/// Letters at the end of a line from which on base64 may go on in the next one.
const LINE_MIN: usize = 16;

/// Lines of so many letters, so many of them below each other, are a block of base64 and no secret of one word.
const BLOCK_LINE_MIN: usize = 56;
const BLOCK_LINES_MIN: usize = 8;

/// The same of a mail, whose parts may be short.
const MAIL_LINES_MIN: usize = 2;

/// Letters beside each other that may be a secret of one word; more are a picture.
const SECRET_MAX: usize = 1024;

/// What a file's text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A format that only its own reader can read.
    Packed,
    /// HTML and XML.
    Markup,
    Mail,
    Plain,
}

fn kind(name: &str, bytes: &[u8]) -> Kind {
    let ending = super::ending::small_ending(name);
    if super::mail::is_mbox(&ending, bytes) || super::mail::is_mail(&ending, bytes) {
        Kind::Mail
    } else if super::elements::is_xml(&ending, bytes) {
        Kind::Markup
    } else if super::binary::takes(name, bytes) {
        Kind::Packed
    } else {
        text_kind(name, bytes)
    }
}

fn text_kind(name: &str, bytes: &[u8]) -> Kind {
    let is_markup = has_ending(name, &["html", "htm", "xhtml", "xml"]) || bytes.trim_ascii_start().starts_with(b"<");
    if is_markup { Kind::Markup } else { Kind::Plain }
}

/// Whether a private key stands in a file, or what looks like a secret in a passage; also if its text cannot be decoded, since nobody knows
/// then.
#[must_use]
pub fn holds_secret(name: &str, bytes: &[u8]) -> bool {
    in_bytes(name, bytes, 0)
}

/// The same of words that a reader of documents shows.
pub(super) fn in_words(text: &str) -> bool {
    in_text(Kind::Plain, text, 0)
}

/// The same of a part of a document, which may be a picture: what cannot be decoded is none.
pub(super) fn in_entry(name: &str, bytes: &[u8]) -> bool {
    in_bytes(name, bytes, 1)
}

/// Whether a private key as programs write it stands in bytes of any kind, also between the tags of XML.
pub(super) fn is_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let is_tagged = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    let dense = dense(bytes);
    is_binary_key(bytes)
        || key::stands_in(&text)
        || key::stands_in(&String::from_utf8_lossy(&dense))
        || spelled::holds_key(&dense)
        || (is_tagged && key::stands_in(&html::read(&text, false).text))
}

/// Whether a private key stands in bytes in a form that is no text.
fn is_binary_key(bytes: &[u8]) -> bool {
    der::holds_key(bytes) || openssh::holds_key(bytes)
}

/// The bytes without zeros: letters of two and four bytes, whatever the text around them is taken for.
fn dense(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte != 0).collect()
}

/// Whether a private key stands in bytes as they are.
fn as_it_stands(bytes: &[u8]) -> bool {
    if is_binary_key(bytes) || holds_key(&String::from_utf8_lossy(bytes)) {
        return true;
    }
    let dense = dense(bytes);
    dense.len() < bytes.len() && holds_key(&String::from_utf8_lossy(&dense))
}

fn in_bytes(name: &str, bytes: &[u8], depth: usize) -> bool {
    // What an archive stores without compressing it, too.
    if as_it_stands(bytes) {
        return true;
    }
    let kind = kind(name, bytes);
    if kind == Kind::Packed {
        return false;
    }
    if depth > 0 && signature::is_unread(bytes) {
        return false;
    }
    match decode(name, bytes) {
        Ok(text) => in_text(kind, &text, depth),
        // What is in base64 is often a picture.
        Err(_) => depth == 0,
    }
}

fn in_text(kind: Kind, text: &str, depth: usize) -> bool {
    let plain = if kind == Kind::Mail { unquoted(text) } else { Cow::Borrowed(text) };
    let untagged = matches!(kind, Kind::Markup | Kind::Mail).then(|| html::read(&plain, false).text);
    let is_shown = match &untagged {
        Some(shown) if kind == Kind::Mail => holds_key(shown) || hides_some(&prose(&plain), MAIL_LINES_MIN),
        Some(shown) => hides_some(shown, BLOCK_LINES_MIN),
        None => hides_some(&plain, BLOCK_LINES_MIN),
    };
    let changed = matches!(plain, Cow::Owned(_)).then_some(&*plain);
    let mut texts = [Some(text), changed, untagged.as_deref()].into_iter().flatten();
    is_shown
        || [text, &*plain].iter().any(|text| holds_key(text) || holds_key(&referred(text)))
        || texts.any(|text| spelled::holds_key(text.as_bytes()))
        || (depth < DEPTH_MAX && runs(text.as_bytes()).any(|run| in_bytes("", &unpacked(&run), depth + 1)))
}

/// Whether a passage of this text would be told with something left out because it is secret. Blocks of letters, such as a picture, are too
/// long to be a secret.
fn hides_some(text: &str, lines_min: usize) -> bool {
    let loose = without_blocks(text, lines_min);
    matches!(without_secrets(&loose), Cow::Owned(_))
}

/// The text without lines of base64 of which so many stand one below the other, and without the letters of data URIs.
fn without_blocks(text: &str, lines_min: usize) -> String {
    let is_all_letters = |line: &str| !line.is_empty() && line.bytes().all(|byte| is_sextet(byte) || byte == b'=');
    let (mut built, mut block): (String, Vec<&str>) = (String::with_capacity(text.len()), Vec::new());
    for line in text.lines().chain([""]) {
        let bare = line.trim();
        // The last line of a block is shorter.
        let is_of_block = bare.len() >= BLOCK_LINE_MIN || block.len() >= lines_min;
        if is_of_block && is_all_letters(bare) {
            block.push(bare);
            continue;
        }
        if block.len() < lines_min {
            block.iter().for_each(|line| built.extend([*line, "\n"]));
        }
        block.clear();
        let words = line.split_inclusive(|c: char| !c.is_ascii() || !is_sextet(c as u8));
        built.extend(words.filter(|word| word.len() <= SECRET_MAX));
        built.push('\n');
    }
    built
}

/// The text with the characters that references stand for.
fn referred(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let (mut built, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('&') {
        built.push_str(before);
        rest = after;
        match entity::read(after) {
            Some((c, behind)) => {
                built.push(c);
                rest = behind;
            }
            None => built.push('&'),
        }
    }
    built.push_str(rest);
    Cow::Owned(built)
}

/// The text of a mail without quoted-printable (RFC 2045, 6.7), if that is in it.
fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.to_ascii_lowercase().contains("quoted-printable") {
        return Cow::Borrowed(text);
    }
    let (mut built, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let code = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        let line_end = [&b"\r\n"[..], b"\n"].into_iter().find(|end| after.starts_with(end));
        rest = after;
        match (*first, code, line_end) {
            (b'=', Some(code), _) => {
                built.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'=', None, Some(end)) => rest = after.get(end.len()..).unwrap_or_default(),
            (first, _, _) => built.push(first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&built).into_owned())
}

/// A mail without the headers at its beginning, and without lines that only programs read, whose letters look drawn at random.
fn prose(mail: &str) -> String {
    let is_of_program = |line: &str| {
        line.starts_with("--") || line.starts_with("Content-") || line.trim_start().starts_with("boundary=")
    };
    let lines = mail.lines().skip_while(|line| !line.trim().is_empty()).filter(|line| !is_of_program(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Whether it is a letter of base64, or of base64url.
const fn is_sextet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The runs of letters of base64, those over several lines in one.
fn runs(mut rest: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    core::iter::from_fn(move || {
        while !rest.is_empty() {
            let start = rest.iter().position(|byte| is_sextet(*byte)).unwrap_or(rest.len());
            rest = rest.get(start..).unwrap_or_default();
            let mut run = Vec::new();
            loop {
                let length = rest.iter().take_while(|byte| is_sextet(**byte)).count();
                let (line, behind) = rest.split_at_checked(length).unwrap_or_default();
                run.extend_from_slice(line);
                rest = behind;
                let breaks = rest.iter().take(4).take_while(|byte| byte.is_ascii_whitespace()).count();
                let goes_on = rest.get(breaks).is_some_and(|byte| is_sextet(*byte));
                let is_broken = rest.get(..breaks).is_some_and(|between| between.contains(&b'\n'));
                if length < LINE_MIN || !is_broken || !goes_on {
                    break;
                }
                rest = rest.get(breaks..).unwrap_or_default();
            }
            if run.len() >= RUN_MIN {
                return Some(run);
            }
        }
        None
    })
}

/// What letters of base64 stand for.
fn unpacked(letters: &[u8]) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(letters.len() / 4 * 3), 0_u32, 0_u32);
    for letter in letters {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = ((bits << 6) | u32::from(value)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    bytes
}

#[cfg(test)]
#[path = "secret_test.rs"]
mod tests;
