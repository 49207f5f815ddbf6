//! Whether a secret stands in a file, whatever its letters are packed in: for those files that are given out byte by byte.
//!
//! A passage is told without its keys; bytes cannot be, so a file with one is withheld whole. It is looked at in the ways in which
//! a program shows it to people: the bytes as they are, the text in the encoding that the reader of documents finds, character
//! references and tags taken off, quoted-printable and base64 undone; and for keys as bytes (`der`), also where a text spells those out (`spelled`). A text that cannot be decoded counts as one with a secret.
//!
//! What is packed in other ways, an office document, a PDF or an archive that is compressed, is not unpacked here: those readers
//! work in a process of their own, and `packed` looks at what they show. All of this is linear in the bytes, and takes no parser of other people's making.

use super::encoding::decode;
use super::ending::has_ending;
use super::spelled::{is_sextet, of_base64};
use super::{der, entity, html, signature, spelled};
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
    der::holds_key(bytes)
        || key::stands_in(&text)
        || key::stands_in(&String::from_utf8_lossy(&dense(bytes)))
        || (is_tagged && key::stands_in(&html::read(&text, false).text))
}

/// The bytes without zeros: letters of two and four bytes, whatever the text around them is taken for.
fn dense(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte != 0).collect()
}

/// Whether a private key stands in bytes as they are.
fn as_it_stands(bytes: &[u8]) -> bool {
    if der::holds_key(bytes) || holds_key(&String::from_utf8_lossy(bytes)) {
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
    let is_shown = match kind {
        Kind::Markup => hides_some(&html::read(&plain, false).text, BLOCK_LINES_MIN),
        Kind::Mail => holds_key(&html::read(&plain, false).text) || hides_some(&prose(&plain), MAIL_LINES_MIN),
        Kind::Plain | Kind::Packed => hides_some(&plain, BLOCK_LINES_MIN),
    };
    is_shown
        || [text, &*plain].iter().any(|text| holds_key(text) || holds_key(&referred(text)))
        || spelled::holds_key(text)
        || (depth < DEPTH_MAX && runs(text.as_bytes()).any(|run| in_bytes("", &of_base64(&run), depth + 1)))
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

    fn base64(bytes: &[u8]) -> String {
        let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
            let bits = (at(0) << 16) | (at(1) << 8) | at(2);
            (0..=three.len()).for_each(|n| text.push(letters[((bits >> (18 - 6 * n)) & 63) as usize]));
            text.extend(std::iter::repeat_n('=', 3 - three.len()));
        }
        let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    }

    fn note() -> String {
        format!("The key of the server in the cellar:\n\n{KEY}\n\nIt was made in May.\n")
    }

    #[test]
    fn a_key_is_found_in_every_encoding_that_the_reader_knows() {
        let wide = |order: fn(u16) -> [u8; 2]| note().encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let marked = |mark: &[u8], text: Vec<u8>| [mark.to_vec(), text].concat();
        let latin = [b"caf\xE9 ".to_vec(), note().into_bytes()].concat();
        let wider: Vec<u8> = note().chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for bytes in [
            note().into_bytes(),
            marked(b"\xFF\xFE", wide(u16::to_le_bytes)),
            marked(b"\xFE\xFF", wide(u16::to_be_bytes)),
            wide(u16::to_le_bytes),
            latin,
            marked(b"\xFF\xFE\0\0", wider),
        ] {
            assert!(holds_secret("a.txt", &bytes), "{bytes:?}");
        }
        let plain: Vec<u8> = "The boiler hums.\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(!holds_secret("a.txt", &marked(b"\xFF\xFE", plain)));
        assert!(!holds_secret("a.txt", b"caf\xE9 in Mill Street"));
    }

    #[test]
    fn a_key_is_found_behind_references_and_tags_and_in_base64() {
        let referred: String = note().chars().map(|c| format!("&#{};", u32::from(c))).collect();
        let page = format!("<html><body><p>{referred}</p></body></html>");
        let tagged = note().replace("SECRET", "SEC<b>RET</b>");
        for (name, text) in [
            ("a.html", page.clone()),
            ("a.txt", page),
            ("a.html", format!("<p>{tagged}</p>")),
            ("a.yaml", format!("kind: Secret\ndata:\n  key: {}\n", base64(note().as_bytes()).replace("\r\n", ""))),
        ] {
            assert!(holds_secret(name, text.as_bytes()), "{text}");
        }
        assert!(!holds_secret("a.html", b"<p>The boiler &amp; its lamp</p>"));
    }

    #[test]
    fn a_key_is_found_in_the_text_of_a_mail_and_a_mail_without_one_is_given_out() {
        let head = "From: ann@example.org\nTo: ben@example.org\nSubject: keys\nMIME-Version: 1.0\n";
        let packed = |body: &str| format!("{head}Content-Transfer-Encoding: base64\n\n{}\n", base64(body.as_bytes()));
        let quoted = note().replace("AGE-", "=41GE-=\n");
        let quoted = format!("{head}Content-Transfer-Encoding: quoted-printable\n\n{quoted}");
        for mail in [packed(&note()), packed(&packed(&note())), quoted, format!("{head}\n{}", note())] {
            assert!(holds_secret("a.eml", mail.as_bytes()), "{mail}");
        }
        let talk = "The boiler in the cellar hums, and its red lamp blinks twice a minute since Monday.\n".repeat(3);
        for mail in [packed(&talk), format!("{head}\n{talk}")] {
            assert!(!holds_secret("a.eml", mail.as_bytes()), "{mail}");
        }
    }

    #[test]
    fn what_a_passage_leaves_out_withholds_the_file_and_what_nobody_can_decode_does() {
        let token = "The tunnel to the cellar has yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk= as its key.\n";
        assert!(hides_some(token, BLOCK_LINES_MIN) && holds_secret("a.md", token.as_bytes()));
        assert!(!holds_secret("a.md", b"# Boiler\n\nThe lamp blinks.\n"));
        let picture = base64(&(0..9000_u32).map(|at| (at * at / 7).to_le_bytes()[0]).collect::<Vec<u8>>());
        assert!(!holds_secret("a.md", format!("# Boiler\n\nThe lamp blinks.\n\n{picture}\n").as_bytes()));
        let uri = format!("![lamp](data:image/png;base64,{})\n\nThe lamp.\n", picture.replace("\r\n", ""));
        assert!(!holds_secret("a.md", uri.as_bytes()));
        assert!(holds_secret("a.txt", b"\x01\x02\xFE\xFD"), "no text that is known");
        assert!(!holds_secret("a.txt", b""));
    }

    #[test]
    fn a_key_in_an_archive_that_is_not_compressed_is_found_too() {
        let stored = [b"PK\x03\x04\x14\0\0\0\0\0\xFF\xFEa.txt\n".to_vec(), note().into_bytes()].concat();
        assert!(holds_secret("a.zip", &stored));
    }

    #[test]
    fn a_key_as_bytes_is_found_by_itself_among_words_and_in_base64_without_a_label() {
        let key = crate::text::extract::der::tests::ed25519();
        let among = [&b"The key of the server: "[..], &key, b"\n"].concat();
        assert!(is_key(&key) && as_it_stands(&among) && holds_secret("a.txt", &among));
        let letters = base64(&key);
        assert!(runs(letters.as_bytes()).any(|run| in_bytes("", &of_base64(&run), 1)), "{letters}");
    }

    #[test]
    fn base64_is_undone_over_lines_and_words_are_none() {
        let bytes: Vec<u8> = (0..=255).collect();
        let found: Vec<Vec<u8>> = runs(base64(&bytes).as_bytes()).map(|run| of_base64(&run)).collect();
        assert_eq!(found, [bytes]);
        assert_eq!(runs(b"words that are no letters\nof base64\n").count(), 0);
    }
}
