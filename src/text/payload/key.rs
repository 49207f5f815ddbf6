//! Private keys in a text: they are in no passage, whatever the name of the file is.
//!
//! A private key in an answer, on a screen or in the answer to another device, is a leak that nobody asked for, and nobody
//! searches for its letters. What is told, by the lines that the programs write which make them:
//!
//! - PEM and its kin (RFC 7468; OpenSSH; RFC 4716; OpenPGP's armor, RFC 9580): from `-----BEGIN … PRIVATE KEY…-----` to its
//!   `-----END`, with headers, in quotations and comments, and on one line as JSON and YAML have it; OpenVPN's static key too;
//! - PuTTY's `.ppk`: from `PuTTY-User-Key-File` to `Private-MAC`;
//! - age: `AGE-SECRET-KEY-…`; WireGuard: the value of `PrivateKey` and `PresharedKey`.
//!
//! A block whose end is missing ends before the first line that is no part of a key. Certificates and public keys stay as
//! they are. One pass, linear in the text's length.

use super::mark::MARK;
use super::word::measure;
use std::borrow::Cow;

/// What every private key that is told here has in its text.
const SIGNS: [&str; 6] =
    ["PRIVATE KEY", "OpenVPN Static key", "PuTTY-User-Key-File", "AGE-SECRET-KEY-", "PrivateKey", "PresharedKey"];

/// The letters of a key behind `AGE-SECRET-KEY-1` or `AGE-SECRET-KEY-PQ-1`, at least.
const AGE_LETTERS_MIN: usize = 32;

/// The letters of a WireGuard key in base64, without the `=` at its end.
const WIREGUARD_LETTERS: usize = 43;

/// Bytes of a word in a sentence that names how a key begins, at most: the lines of a key are longer.
const SENTENCE_WORD_BYTES_MAX: usize = 40;

/// The text with [`MARK`] in place of its private keys; borrowed where it has none.
#[must_use]
pub fn elide(text: &str) -> Cow<'_, str> {
    if !SIGNS.iter().any(|sign| text.contains(sign)) {
        return Cow::Borrowed(text);
    }
    let (mut built, mut found, mut block) = (String::with_capacity(text.len()), false, None);
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        block = match block.map_or(Block::Broken, |open| goes_on(open, line, lines.peek().copied())) {
            Block::Broken => {
                let Cut { shown, opens } = cut(line);
                found |= matches!(shown, Cow::Owned(_));
                built.push_str(&shown);
                opens
            }
            Block::Ended => None,
            open => Some(open),
        };
    }
    if found { Cow::Owned(built) } else { Cow::Borrowed(text) }
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

/// What is so with a block after one more line. `next` is the line behind: the last letters before the end of a key may be few,
/// and look like a word.
fn goes_on(open: Block, line: &str, next: Option<&str>) -> Block {
    let line = bare(line);
    let is_last = |line: &str| match open {
        Block::Putty => line.starts_with("Private-MAC:") || line.starts_with("Private-Hash:"),
        _ => line.contains("---- END ") || line.contains("----END "),
    };
    if is_last(line) {
        return Block::Ended;
    }
    let letters = is_letters(line)
        || (is_encoded(line) && next.map(bare).is_some_and(|next| is_last(next) || next.starts_with("Private-Lines:")));
    match open {
        Block::Putty if letters || is_header(line) => Block::Putty,
        Block::Headers if is_header(line) || line.is_empty() => Block::Headers,
        Block::Headers | Block::Letters if letters => Block::Letters,
        Block::Letters if line.is_empty() => Block::Letters,
        _ => Block::Broken,
    }
}

/// The line without what quotations, comments, lists and strings put around it.
fn bare(line: &str) -> &str {
    let line = line.trim().trim_start_matches(['>', '|', '#', '*', '/', '"', '\'', '+', ' ', '\t']);
    line.trim_end_matches(['"', '\'', ',', ';', '\\', '+', ' ', '\t'])
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
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\\');
    !line.is_empty() && line.bytes().all(letter)
}

/// A line without the keys in it.
struct Cut<'a> {
    shown: Cow<'a, str>,
    /// The block that it begins.
    opens: Option<Block>,
}

fn cut(line: &str) -> Cut<'_> {
    let body = line.trim_end_matches(['\n', '\r']);
    let line_end = &line[body.len()..];
    if let Some(at) = begins(body) {
        // Of a key on one line all up to its end goes, and further keys behind it.
        let end = body[at..].rfind("-----END ").map(|end| at + end + "-----END ".len());
        let closed = end.and_then(|end| body[end..].find("-----").map(|dashes| &body[end + dashes + "-----".len()..]));
        // A sentence about keys is none.
        let is_sentence = |rest: &str| {
            rest.trim().contains(' ') && rest.split_whitespace().all(|word| word.len() <= SENTENCE_WORD_BYTES_MAX)
        };
        let is_talk = closed.is_none() && body[at..].rsplit("----").next().is_some_and(is_sentence);
        if !is_talk {
            let rest = closed.map_or("", |rest| rest.strip_prefix("\\n").unwrap_or(rest));
            let shown = format!("{}{MARK}{rest}{line_end}", &body[..at]);
            return Cut { shown: Cow::Owned(shown), opens: closed.is_none().then_some(Block::Headers) };
        }
    }
    if bare(body).starts_with("PuTTY-User-Key-File-") {
        return Cut { shown: Cow::Owned(format!("{MARK}{line_end}")), opens: Some(Block::Putty) };
    }
    let shown = without_tokens(body).map_or(Cow::Borrowed(line), |shown| Cow::Owned(shown + line_end));
    Cut { shown, opens: None }
}

/// Where the line that begins an armored private key begins.
fn begins(line: &str) -> Option<usize> {
    let at = ["-----BEGIN ", "---- BEGIN "].iter().filter_map(|begin| line.find(begin)).min()?;
    let label = line[at..].trim_start_matches('-').trim_start().strip_prefix("BEGIN ")?;
    let label = label.split("----").next()?;
    (label.contains("PRIVATE KEY") || label.contains("OpenVPN Static key")).then_some(at)
}

/// The line without keys that are one word; `None` if it has none.
fn without_tokens(line: &str) -> Option<String> {
    let (mut built, mut copied) = (String::new(), 0);
    let mut names: Vec<(usize, &str)> = line.match_indices("AGE-SECRET-KEY-").chain(values(line)).collect();
    names.sort_unstable();
    for (at, name) in names {
        let start = if name.starts_with("AGE") { at } else { at + name.len() };
        if start < copied {
            continue;
        }
        let rest = &line[start..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+/=-".contains(c))).unwrap_or(rest.len());
        let is_key = if name.starts_with("AGE") {
            length >= name.len() + AGE_LETTERS_MIN
        } else {
            rest[..length].trim_end_matches('=').len() == WIREGUARD_LETTERS
        };
        if is_key {
            built.push_str(&line[copied..start]);
            built.push(MARK);
            copied = start + length;
        }
    }
    built.push_str(&line[copied..]);
    (copied > 0).then_some(built)
}

/// WireGuard's settings in a line, each with the sign of equality behind it.
fn values(line: &str) -> impl Iterator<Item = (usize, &str)> {
    ["PrivateKey", "PresharedKey"].into_iter().filter_map(move |name| {
        let at = line.find(name)?;
        let rest = &line[at + name.len()..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '=', ':', '"']).len();
        (blanks > 0).then(|| (at, &line[at..at + name.len() + blanks]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\n{LETTERS}\n{LETTERS}\nQyNTUxOQ==\n-----END {label}-----\n")
    }

    /// What is left of a note around a key.
    fn left(key: &str) -> String {
        let note = format!("The key of the cellar server:\n\n{key}\nIt was made in May 2024.\n");
        let shown = elide(&note).into_owned();
        assert!(shown.starts_with("The key of the cellar server:\n\n"), "{shown}");
        assert!(shown.ends_with("It was made in May 2024.\n"), "{shown}");
        assert_eq!(elide(&shown), shown, "nothing more is found in it");
        shown
    }

    #[test]
    fn of_a_private_key_in_a_note_nothing_is_left_and_the_sentences_around_it_stay() {
        let mut keys: Vec<String> = [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
            "OpenVPN Static key V1",
        ]
        .map(block)
        .to_vec();
        let armored = block("PGP PRIVATE KEY BLOCK");
        let pem = block("RSA PRIVATE KEY");
        keys.extend([
            armored.replacen("-----\n", "-----\nVersion: GnuPG v2\nComment: of Ann, for the letters\n\n", 1),
            pem.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n", 1),
            pem.lines().map(|line| format!("> {line}\n")).collect(),
            pem.lines().map(|line| format!("    {line}\r\n")).collect(),
            pem.lines().map(|line| format!("# {line}\n")).collect(),
            format!("```\n{pem}```\n"),
            format!("-----BEGIN PRIVATE KEY-----\n{LETTERS}\nQyNTUwIB\nabcd\n-----END PRIVATE KEY-----\n"),
            // Cut off in the middle.
            pem.lines().take(3).map(|line| format!("{line}\n")).collect(),
            format!("{{\"private_key\": \"{}\", \"id\": 7}}\n", pem.replace('\n', "\\n")),
            format!(
                "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{LETTERS}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"
            ),
            format!(
                "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ann\nPublic-Lines: 2\n{LETTERS}\nabcd\n\
                 Private-Lines: 1\n{LETTERS}\nPrivate-MAC: 0a1b2c\n"
            ),
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n".to_owned(),
            "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n".to_owned(),
        ]);
        for key in keys {
            let shown = left(&key);
            let secrets = ["BEGIN", "END", "abcd", "Private-MAC", "AGE-SECRET-KEY-1", "b3Blbn", "QyNTU", "yAnz5"];
            assert!(shown.contains(MARK) && !secrets.iter().any(|secret| shown.contains(secret)), "{key}: {shown}");
        }
        let json =
            left(&format!("{{\"private_key\": \"{}\", \"id\": 7}}\n", block("PRIVATE KEY").replace('\n', "\\n")));
        assert!(json.contains("\"private_key\": \"\u{2026}\", \"id\": 7}"), "{json}");
        assert!(
            left("[Interface]\nPrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\nDNS = 10.0.0.1\n")
                .contains("DNS = 10.0.0.1")
        );
    }

    #[test]
    fn certificates_public_keys_and_talk_of_keys_stay() {
        for kept in [
            &block("CERTIFICATE"),
            &block("PUBLIC KEY"),
            &block("PGP PUBLIC KEY BLOCK"),
            "A file of a key begins with BEGIN RSA PRIVATE KEY between dashes.\n",
            "Never paste AGE-SECRET-KEY-1 anywhere.\n",
            "PrivateKey = the one that `wg genkey` prints\n",
            "PrivateKeyFile=/etc/wireguard/key\n",
            "The method getPrivateKey() returns it.\n",
            "",
        ] {
            assert!(matches!(elide(kept), Cow::Borrowed(_)), "{kept}");
        }
    }

    #[test]
    fn a_block_that_never_ends_takes_no_sentence_with_it() {
        let note = format!("-----BEGIN PRIVATE KEY-----\n{LETTERS}\n\nAfter the key.\nTomorrow\n- milk\n");
        assert_eq!(elide(&note), "\u{2026}\nAfter the key.\nTomorrow\n- milk\n");
        let talk = "-----BEGIN PRIVATE KEY----- is how such a file begins.\nNothing of this is one.\n";
        assert_eq!(elide(talk), talk);
    }

    #[test]
    fn many_beginnings_cost_no_more_than_their_number() {
        for part in
            ["-----BEGIN PRIVATE KEY-----", "-----END ", "AGE-SECRET-KEY-", "PrivateKey=", "PuTTY-User-Key-File-\n"]
        {
            for line_end in ["", "\n"] {
                let text = format!("PRIVATE KEY {}", format!("{part}{line_end}").repeat(60_000));
                assert!(elide(&text).len() <= text.len() + 4, "{part}");
            }
        }
    }
}
