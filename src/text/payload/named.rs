//! Names of secrets, and whether what stands in a text has one: on the same line before it, or in the lines above.
//!
//! Bytes and letters that are a secret beside such a name are anything without one: the address of a device, a checksum, a picture.
//! So this is asked of each, and it looks at a bounded part of the text before it.

use super::mark::MARK;

/// Bytes before something, on its line or on one above, that are looked at.
const WINDOW_BYTES: usize = 256;

/// Lines above it that are looked at, as `"type": "Buffer",` and `"data": [` may stand between a name and its bytes.
const LINES_ABOVE: usize = 4;

/// Names of keys and secrets, each as its words in small letters.
const SECRETS: [&[&str]; 28] = [
    &["secret"],
    &["secrets"],
    &["secretkey"],
    &["seckey"],
    &["private", "key"],
    &["private", "keys"],
    &["private", "exponent"],
    &["privatekey"],
    &["privateexponent"],
    &["privkey"],
    &["priv"],
    &["keypair"],
    &["key", "pair"],
    &["wallet"],
    &["signing", "key"],
    &["encryption", "key"],
    &["master", "key"],
    &["masterkey"],
    &["shared", "key"],
    &["preshared", "key"],
    &["presharedkey"],
    &["recovery", "key"],
    &["recovery", "code"],
    &["backup", "code"],
    &["geheim"],
    &["geheimer"],
    &["geheimnis"],
    &["schl\u{fc}ssel"],
];

/// Names of what opens something. Numbers beside them are something else: a list of tokens, or of the lengths of passwords.
const ACCESS: [&[&str]; 11] = [
    &["psk"],
    &["api", "key"],
    &["apikey"],
    &["password"],
    &["passwords"],
    &["passwort"],
    &["passphrase"],
    &["passcode"],
    &["kennwort"],
    &["token"],
    &["totp"],
];

/// Letters of a name up to which it is a word of its own, and no end of one.
const SHORT: usize = 2;

/// Names in the listings of `openssl … -text` and `certtool`. They are words of other trades too, so that they count only for bytes
/// with a colon between each two.
const LISTED: [&[&str]; 12] = [
    &["prime1"],
    &["prime2"],
    &["prime3"],
    &["exponent1"],
    &["exponent2"],
    &["exponent3"],
    &["exp1"],
    &["exp2"],
    &["coefficient"],
    &["coefficient3"],
    &["seed"],
    &["dk"],
];

/// What is no secret although a name of one stands before: behind these the name is that of something else.
const OTHERS: [&[&str]; 10] = [
    &["public", "key"],
    &["publickey"],
    &["pubkey"],
    &["pub"],
    &["fingerprint"],
    &["fingerabdruck"],
    &["checksum"],
    &["serial", "number"],
    &["modulus"],
    &["signature"],
];

/// Words that stand between a name and what it names.
const BETWEEN: [&str; 15] = [
    "data",
    "type",
    "buffer",
    "bytes",
    "byte",
    "value",
    "hex",
    "base64",
    "array",
    "uint8array",
    "raw",
    "key",
    "u8",
    "begin",
    "json",
];

/// What is named: which names it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Letters of base64, or bytes in hex.
    Letters,
    /// Bytes in hex with a colon between each two.
    Listing,
    /// Bytes in decimal numbers.
    Numbers,
}

/// Whether a secret's name stands before what begins at byte `at`. What is before byte `floor` belongs to something else.
pub(super) fn is_named(text: &str, at: usize, floor: usize, what: What) -> bool {
    let (own, line) = (line_start(text, at), line_behind(text, line_start(text, at).max(floor), at));
    let said = words(line);
    if let Some(is_secret) = verdict(&said, what) {
        return is_secret;
    }
    // What is before something else on the line names that.
    if floor > own || line.len() < at - own || !is_between(&said) {
        return false;
    }
    let mut end = own;
    for _ in 0..LINES_ABOVE {
        let Some((from, until)) = line_above(text, end, floor) else { return false };
        let (line, whole) = (line_behind(text, from, until), until - from);
        let said = words(line);
        if let Some(is_secret) = verdict(&said, what) {
            return is_secret && introduces(line, what);
        }
        if line.len() < whole || !is_between(&said) {
            return false;
        }
        end = from;
    }
    false
}

/// Whether the words name a secret, or name something else; `None` if they do neither. The last of them counts.
fn verdict(words: &[String], what: What) -> Option<bool> {
    let last = |names: &[&[&str]]| (0..words.len()).rev().find(|at| names.iter().any(|name| is_at(words, *at, name)));
    let more = match what {
        What::Letters => last(&ACCESS),
        What::Listing => last(&ACCESS).max(last(&LISTED)),
        What::Numbers => None,
    };
    let secret = last(&SECRETS).max(more)?;
    Some(last(&OTHERS).is_none_or(|other| other < secret))
}

fn is_at(words: &[String], at: usize, name: &[&str]) -> bool {
    let Some((first, rest)) = name.split_first() else { return false };
    // A compound, or a name such as `SSHPrivateKey`, ends with one; of the short words all of it is meant.
    let is_first = |word: &String| word == first || (first.len() > SHORT && word.ends_with(first));
    let has_rest = || rest.iter().eq(words.iter().skip(at + 1).take(rest.len()));
    words.get(at).is_some_and(is_first) && has_rest()
}

/// Whether a line ends in what introduces the next one, or in the name itself.
fn introduces(line: &str, what: What) -> bool {
    let line = line.trim_end();
    let line = line.strip_suffix(')').and_then(|line| Some(&line[..line.rfind('(')?])).unwrap_or(line).trim_end();
    let said = words(line);
    let ends_with_name = |count: usize| verdict(&said[said.len().saturating_sub(count)..], what) == Some(true);
    line.ends_with([':', '=', '{', '[', '(', '<', '>', '|', '"', '\'', '`', '\\', '-', ','])
        || ends_with_name(1)
        || ends_with_name(2)
}

fn is_between(words: &[String]) -> bool {
    let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    words.iter().all(|word| is_number(word) || BETWEEN.contains(&word.as_str()))
}

/// The words of a text in small letters: those of names such as `privateKey` and `private_key` are two.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut was_small) = (Vec::new(), String::new(), false);
    for c in text.chars().chain([' ']) {
        if (!c.is_alphanumeric() || (was_small && c.is_uppercase())) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase();
    }
    words
}

/// The last line before byte `end` that has words, or the mark of what was left out, as far as it lies behind `floor`. Lines that fence
/// code have none.
fn line_above(text: &str, mut end: usize, floor: usize) -> Option<(usize, usize)> {
    for _ in 0..LINES_ABOVE {
        let until = end.checked_sub(1).filter(|until| *until >= floor)?;
        let start = line_start(text, until).max(floor);
        let line = text.get(start..until).unwrap_or_default();
        let has_words = line.contains(|c: char| c.is_alphanumeric() || c == MARK);
        if has_words && !line.trim_start().starts_with("```") {
            return Some((start, until));
        }
        end = start;
    }
    None
}

/// Where the line of byte `at` begins, or what is looked at of it.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let from = text.floor_char_boundary(at.saturating_sub(WINDOW_BYTES));
    text.get(from..at).and_then(|window| window.rfind('\n')).map_or(from, |feed| from + feed + 1)
}

/// The part of the text that is behind what was left out of it.
fn line_behind(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default().rsplit(MARK).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether what stands at the `%` of this text is named.
    fn named(text: &str, what: What) -> bool {
        is_named(text, text.find('%').unwrap(), 0, what)
    }

    #[test]
    fn a_name_stands_on_the_line_or_ends_the_one_above() {
        for text in [
            "Private key: %",
            "my secret key is %",
            "{\"secretKey\":[%",
            "  \"private_key\": [\n    %",
            "\"privateKey\": {\n  \"type\": \"Buffer\",\n  \"data\": [\n    %",
            "SSHPrivateKey=%",
            "static const uint8_t PRIVATE_KEY[32] = {\n  %",
            "## Private key\n\n%",
            "The private key of the cellar, as openssl prints it:\n\n```\n%",
            "This is my private key.\n%",
            "Secret key (hex)\n%",
            "Geheimer Schl\u{fc}ssel: %",
            "\"publicKey\": \"04\", \"privateKey\": \"%",
        ] {
            assert!(named(text, What::Letters), "{text}");
        }
        assert!(named("priv:\n    %", What::Listing) && named("prime1:\n    %", What::Listing));
        assert!(named("Wallet: [%", What::Numbers) && named("\"keypair\": [%", What::Numbers));
    }

    #[test]
    fn without_a_name_or_behind_that_of_something_else_nothing_is_named() {
        for text in [
            "%",
            "The secretary has %",
            "Public key of the private key: a\npub:\n    %",
            "\"privateKey\": \"\u{2026}\", \"id\": \"%",
            "priv:\n    \u{2026}\n\n    %",
            "\"keypair\": { \"publicKey\": [%",
            "Private key fingerprint: %",
            "Keep the private key in the safe. The devices of the house have these addresses\n%",
            "private key\nThe garden\n%",
        ] {
            assert!(!named(text, What::Letters), "{text}");
        }
        assert!(!named("prime1:\n    %", What::Letters), "of other bytes than those of a listing");
        assert!(!named("The tokens are [%", What::Numbers));
        assert!(!is_named("private key: ab %", 16, 15, What::Letters), "it names what is before");
    }
}
