//! Private keys in a text: they are in no passage, whatever the name of the file is.
//!
//! A private key in an answer, on a screen or in the answer to another device, is a leak that nobody asked for, and nobody
//! searches for its letters. What is told, by the lines that the programs write which make them:
//!
//! - PEM and its kin (RFC 7468; OpenSSH; RFC 4716; OpenPGP's armor, RFC 9580): from `-----BEGIN … PRIVATE KEY…-----` to its
//!   `-----END`, with headers, in quotations and comments, and on one line as JSON and YAML have it; OpenVPN's static key too;
//! - PuTTY's `.ppk`: from `PuTTY-User-Key-File` to `Private-MAC`;
//! - age: `AGE-SECRET-KEY-…`, over several lines too;
//! - an invite to a mesh: its `secret`, wherever it is copied to.
//!
//! Keys that are one word, as WireGuard's, go as all random letters do (`token`), also where their letters do not stand side by side, as
//! bytes and over two lines, and so do the secrets in links for a second factor (`disguised`).
//!
//! A block whose end is missing ends before the first line that is no part of a key, and of one whose beginning is missing the
//! letters above its end go. Certificates and public keys stay as they are, on the same line too. One pass, linear in the
//! text's length.

use super::disguised;
use super::mark::MARK;
use super::view;
use super::word::measure;
use std::borrow::Cow;

/// What every private key that is told here has in its text.
const SIGNS: [&str; 4] = ["PRIVATE KEY", "OpenVPN Static key", "PuTTY-User-Key-File", AGE];

/// How a key of age begins.
const AGE: &str = "AGE-SECRET-KEY-";

/// The letters behind `AGE-SECRET-KEY-`, at least; the rest may be on the next line.
const AGE_LETTERS_MIN: usize = 8;

/// Bytes of a word in a sentence that names how a key begins, at most: the lines of a key are longer.
const SENTENCE_WORD_BYTES_MAX: usize = 40;

/// The letters of the secret of an invite to a mesh, see `wire::pairing::invite`: 16 bytes in base32.
const INVITE_LETTERS: usize = 26;

/// What stands on the line of the secret.
const INVITE_LABEL: &str = "secret";

/// The text with [`MARK`] in place of its private keys and secrets of invites; borrowed where it has none.
#[must_use]
pub fn elide(text: &str) -> Cow<'_, str> {
    // Its signs in another form of their letters.
    if let Cow::Owned(plain) = view::plain(text)
        && SIGNS.iter().any(|sign| plain.contains(sign) && !text.contains(sign))
    {
        return Cow::Owned(elide(&plain).into_owned());
    }
    let left = match without_invites(text) {
        None => without_keys(text),
        Some(text) => Cow::Owned(without_keys(&text).into_owned()),
    };
    disguised::elide(&left).map_or(left, Cow::Owned)
}

/// Whether a private key stands in a text in the form in which programs write them. Keys in disguise are not looked for: what is no text, as the parts of an office
/// document, has much that looks like one.
#[must_use]
pub fn stands_in(text: &str) -> bool {
    matches!(without_keys(text), Cow::Owned(_))
}

/// Whether bytes have a word with which the form of a private key begins that this module tells: quick, also for bytes that are no text.
#[must_use]
pub fn has_sign(bytes: &[u8]) -> bool {
    let may_begin = |(_, byte): &(usize, &u8)| byte.is_ascii_uppercase();
    let mut begins = bytes.iter().enumerate().filter(may_begin).filter_map(|(at, _)| bytes.get(at..));
    begins.any(|from| SIGNS.iter().any(|sign| from.starts_with(sign.as_bytes())))
}

/// The text without the secrets of invites, if it has any: whoever has one lets a device of its own into the mesh.
fn without_invites(text: &str) -> Option<String> {
    let is_secret = |word: &str| {
        let of = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
        word.len() == INVITE_LETTERS
            && of(u8::is_ascii_digit) > 0
            && of(u8::is_ascii_uppercase) > 0
            && of(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) == INVITE_LETTERS
    };
    if !text.contains(INVITE_LABEL) {
        return None;
    }
    let (mut built, mut found) = (String::with_capacity(text.len()), false);
    for line in text.split_inclusive('\n') {
        if !line.contains(INVITE_LABEL) {
            built.push_str(line);
            continue;
        }
        for piece in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            if is_secret(word) {
                built.push(MARK);
                built.push_str(&piece[word.len()..]);
                found = true;
            } else {
                built.push_str(piece);
            }
        }
    }
    found.then_some(built)
}

fn without_keys(text: &str) -> Cow<'_, str> {
    if !SIGNS.iter().any(|sign| text.contains(sign)) {
        return Cow::Borrowed(text);
    }
    let mut reader = Reader { built: String::with_capacity(text.len()), ..Reader::default() };
    reader.read(text);
    if reader.found { Cow::Owned(reader.built) } else { Cow::Borrowed(text) }
}

/// A key over several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// The lines of `Name: value` right behind the beginning of an armored key.
    Headers,
    /// Its letters.
    Letters,
    /// PuTTY's, in which headers and letters alternate.
    Putty,
    /// This line was its last.
    Ended,
    /// This line is no part of it any more.
    Broken,
}

/// A text that is read line by line.
#[derive(Debug, Default)]
struct Reader {
    /// What is shown of the lines so far.
    built: String,
    /// Whether a key was left out.
    found: bool,
    /// The letters of the line before, within a block.
    width: usize,
    /// Bytes looked at so far, the steps of this reading.
    looked: usize,
}

impl Reader {
    fn read(&mut self, text: &str) {
        let (mut block, mut headers) = (None, String::new());
        let mut lines = text.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            let next = lines.peek().copied();
            block = match block.map_or(Block::Broken, |open| self.goes_on(open, line, next)) {
                Block::Broken => {
                    // What looks like headers belongs to a key only if its letters follow.
                    self.built.push_str(&std::mem::take(&mut headers));
                    self.take(line)
                }
                Block::Headers => {
                    headers.push_str(line);
                    Some(Block::Headers)
                }
                after => {
                    headers.clear();
                    (after != Block::Ended).then_some(after)
                }
            };
        }
        self.built.push_str(&headers);
    }

    /// What is so with a block after one more line. `next` is the line behind: the last letters before the end of a key may be
    /// few, and look like a word.
    fn goes_on(&mut self, open: Block, line: &str, next: Option<&str>) -> Block {
        self.looked += line.len() + next.map_or(0, str::len);
        let (letters, line) = (letters_in(line), bare(line));
        let is_last = |line: &str| match open {
            Block::Putty => line.starts_with("Private-MAC:") || line.starts_with("Private-Hash:"),
            _ => line.contains("---- END ") || line.contains("----END "),
        };
        if is_last(line) {
            return Block::Ended;
        }
        // A line as long as the one before is no word either.
        let before = std::mem::replace(&mut self.width, letters.len());
        let is_end = |next: &str| is_last(next) || next.starts_with("Private-Lines:");
        let letters = is_letters(letters)
            || (!letters.is_empty() && (letters.len() == before || next.map(bare).is_some_and(is_end)));
        match open {
            Block::Putty if letters || is_header(line) => Block::Putty,
            Block::Headers if is_header(line) || line.is_empty() => Block::Headers,
            Block::Headers | Block::Letters if letters => Block::Letters,
            Block::Letters if line.is_empty() => Block::Letters,
            _ => Block::Broken,
        }
    }

    /// Takes a line that is within no block, without the keys in it. Returns the block that it begins.
    fn take(&mut self, line: &str) -> Option<Block> {
        let body = line.trim_end_matches(['\n', '\r']);
        let line_end = &line[body.len()..];
        self.looked += line.len();
        let (shown, opens) = if bare(body).starts_with("PuTTY-User-Key-File-") {
            (Some(MARK.to_string()), Some(Block::Putty))
        } else if self.ends_key(body) {
            (Some(MARK.to_string()), None)
        } else {
            let (shown, opens) = self.without_blocks(body);
            let (without_age, goes_on) = self.without_age(shown.as_deref().unwrap_or(body));
            (without_age.or(shown), opens.or(goes_on.then_some(Block::Letters)))
        };
        self.found |= shown.is_some();
        self.built.push_str(shown.as_deref().unwrap_or(body));
        self.built.push_str(line_end);
        opens
    }

    /// Whether a line is the last of a key whose beginning is missing, as in a passage of an older index: its letters above go.
    fn ends_key(&mut self, line: &str) -> bool {
        let line = bare(line);
        let is_end = ["-----END ", "---- END "].iter().any(|end| line.strip_prefix(end).is_some_and(is_of_key));
        let before = self.built.len();
        while is_end && !self.built.is_empty() {
            let last = self.built.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
            let letters = bare(&self.built[last..]);
            self.looked += self.built.len() - last;
            // The last letters may be few, and look like a word.
            if !is_letters(letters) && (self.built.len() < before || !is_encoded(letters)) {
                break;
            }
            self.built.truncate(last);
        }
        self.built.len() < before
    }

    /// The line without the armored keys in it, each up to its end or the next beginning, and the block that the last one
    /// opens; `None` if it has none.
    fn without_blocks(&mut self, line: &str) -> (Option<String>, Option<Block>) {
        let marks = dashes(line);
        let (mut built, mut copied, mut opens) = (String::new(), 0, None);
        for (place, &(at, mark)) in marks.iter().enumerate() {
            let behind = |n: usize| marks.get(place + n).map_or(line.len(), |&(at, _)| at);
            if at < copied || !mark.ends_with("BEGIN ") || !is_of_key(&line[at + mark.len()..behind(1)]) {
                continue;
            }
            let end = marks.get(place + 1).filter(|(_, mark)| mark.ends_with("END ")).map(|(at, mark)| at + mark.len());
            let closed = end.and_then(|end| behind_dashes(line, end, behind(2)));
            let stop = closed.unwrap_or_else(|| behind(if end.is_some() { 2 } else { 1 }));
            self.looked += stop - at;
            if closed.is_none() && is_talk(&line[at..stop]) {
                continue;
            }
            built.push_str(&line[copied..at]);
            built.push(MARK);
            copied = stop + if closed.is_some() && line[stop..].starts_with("\\n") { "\\n".len() } else { 0 };
            opens = (closed.is_none() && stop == line.len()).then_some(Block::Headers);
        }
        built.push_str(&line[copied..]);
        ((copied > 0).then_some(built), opens)
    }

    /// The line without keys of age, `None` if it has none, and whether the last one may go on in the next line.
    fn without_age(&mut self, line: &str) -> (Option<String>, bool) {
        let (mut built, mut copied) = (String::new(), 0);
        for (at, _) in line.match_indices(AGE) {
            let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
            let length = line.bytes().skip(at).take_while(is_letter).count();
            if at >= copied && length >= AGE.len() + AGE_LETTERS_MIN {
                self.looked += length;
                built.push_str(&line[copied..at]);
                built.push(MARK);
                copied = at + length;
            }
        }
        built.push_str(&line[copied..]);
        ((copied > 0).then_some(built), copied == line.len() && copied > 0)
    }
}

/// The line without what quotations, comments, lists and strings put around it.
fn bare(line: &str) -> &str {
    let line = line.trim().trim_start_matches(['>', '|', '#', '*', '/', '"', '\'', '+', ' ', '\t']);
    line.trim_end_matches(['"', '\'', ',', ';', '\\', '+', ' ', '\t'])
}

/// The longest run of letters of base64 in a line that has hardly a word besides, whatever listing, table or command it is in;
/// empty if there is none.
fn letters_in(line: &str) -> &str {
    let runs = line.split(|c: char| !c.is_ascii() || !is_encoded_byte(c as u8));
    let longest = runs.max_by_key(|run| run.len()).unwrap_or_default();
    let words = measure(line).words.saturating_sub(measure(longest).words);
    if words <= 1 { longest } else { "" }
}

/// Whether a line is one of `Name: value`.
fn is_header(line: &str) -> bool {
    line.split_once(": ").or_else(|| line.strip_suffix(':').map(|name| (name, ""))).is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// Whether a line is made of base64 or hex and is not one word of a sentence.
fn is_letters(line: &str) -> bool {
    let is_mixed = || line.bytes().any(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'/' | b'='));
    is_encoded(line) && (line.len() >= 16 || is_mixed() || measure(line).words == 0)
}

/// Whether a line is made of the letters of base64, with the escaped line ends of a string.
fn is_encoded(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(is_encoded_byte)
}

const fn is_encoded_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\\')
}

/// Where armored blocks begin and end in a line, in order.
fn dashes(line: &str) -> Vec<(usize, &str)> {
    let marks = ["-----BEGIN ", "---- BEGIN ", "-----END ", "---- END "];
    let mut found: Vec<_> = marks.iter().flat_map(|mark| line.match_indices(mark)).collect();
    found.sort_unstable();
    found
}

/// Whether what stands behind the beginning of an armored block, or its end, names a private key.
fn is_of_key(label: &str) -> bool {
    let label = label.split("----").next().unwrap_or_default();
    label.contains("PRIVATE KEY") || label.contains("OpenVPN Static key")
}

/// Where the dashes end that the label at `from` has behind it, before `until`.
fn behind_dashes(line: &str, from: usize, until: usize) -> Option<usize> {
    let at = from + line[from..until].find("----")?;
    Some(at + line[at..until].bytes().take(5).take_while(|byte| *byte == b'-').count())
}

/// Whether a beginning of a key stands in a sentence about keys: behind its dashes are words, and no letters of one.
fn is_talk(text: &str) -> bool {
    let rest = text.rsplit("----").next().unwrap_or_default();
    rest.trim().contains(' ') && rest.split_whitespace().all(|word| word.len() <= SENTENCE_WORD_BYTES_MAX)
}

#[cfg(test)]
#[path = "key_test.rs"]
mod tests;
