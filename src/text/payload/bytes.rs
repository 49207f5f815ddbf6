//! Keys as bytes: hex with colons, blanks or commas between, over several lines, as `openssl pkey -text`, hex dumps and code have them;
//! strings of hex that are too short to be told by their letters; and lists of decimal numbers, as JSON has them.
//!
//! Such bytes are a secret only where a name says so (`named`); addresses of devices, checksums, pictures and tables stay. A text
//! that is nothing but one list of 32 or 64 numbers drawn at random, as a wallet of Solana is, needs no name.
//!
//! One pass over the text, in a bounded memory, with a bounded look at what stands before each run of bytes.

use super::named::{What, is_named, line_start};
use std::ops::Range;

/// Bytes of a key at least: those of AES-128.
const BYTES_MIN: usize = 16;

/// Bytes of a text between two bytes of a key, at most: a line end and an indentation.
const SEPARATOR_BYTES_MAX: usize = 64;

/// Hex digits of a group at most.
const GROUP_MAX: usize = 64;

/// Groups of so many hex digits with colons between them are an address (RFC 4291).
const ADDRESS_GROUP: usize = 4;

/// Bytes of a hardware address.
const DEVICE_BYTES: usize = 6;

/// Hex digits of the offset at the beginning of a line of a dump.
const OFFSET_DIGITS: std::ops::RangeInclusive<usize> = 4..=16;

/// What code has before and behind a number to make a byte of it, as `(byte)0x9a` in Java and `0x9a.toByte()` in Kotlin.
const CASTS: [&str; 11] = [
    "(byte)",
    "(Byte)",
    "(sbyte)",
    "(BYTE)",
    "(char)",
    "(signed char)",
    "(unsigned char)",
    "(uint8_t)",
    "(int8_t)",
    "(u8)",
    "(jbyte)",
];
const ENDINGS: [&str; 5] = [".toByte()", ".toUByte()", "u8", "U", "u"];

/// Where in the text keys are written as bytes.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let (mut spans, mut at, mut floor) = (Vec::new(), 0, 0);
    // Where the next line of a dump of a key begins.
    let mut dump = None;
    while let Some(run) = next_run(text, at) {
        at = run.end;
        let goes_on = run.is_dump && dump.is_some_and(|from| is_one_line(text, from, run.start));
        if !goes_on && !is_key(text, &run, floor) {
            // A number alone does not stand between a name and what it names.
            floor = if run.stats.tokens > 1 { at } else { floor };
            continue;
        }
        if run.is_dump {
            // With the letters that show the bytes beside them.
            at += text[at..].find('\n').unwrap_or(text.len() - at);
            dump = Some((at + 1).min(text.len()));
        }
        spans.push(run.start..at);
        floor = at;
    }
    spans
}

fn is_one_line(text: &str, from: usize, to: usize) -> bool {
    text.get(from..to).is_some_and(|between| !between.contains('\n'))
}

/// Whether the bytes of a run are a key.
fn is_key(text: &str, run: &Run, floor: usize) -> bool {
    let Stats { tokens, digits, letters, is_colon, .. } = run.stats;
    let named = |what| is_named(text, run.start, floor, what);
    let Some(length) = run.hex else {
        let before = before_casts(&text[..run.start]);
        return run.stats.are_drawn()
            && before.ends_with(['[', '{', '(', '<'])
            && (named(What::Numbers) || (matches!(tokens, 32 | 64) && is_all(before, &text[run.end..])));
    };
    let is_mixed = letters * 8 >= digits && (digits - letters) * 8 >= digits;
    let is_address = (is_colon && length == ADDRESS_GROUP) || (length == 2 && run.stats.are_devices());
    let what = if is_colon && length == 2 { What::Listing } else { What::Letters };
    digits >= 2 * BYTES_MIN && is_mixed && !is_address && named(what)
}

/// What is before the first number of a list, its sign and its cast.
fn before_casts(text: &str) -> &str {
    let mut before = text;
    loop {
        before = before.trim_end_matches(|c: char| c.is_whitespace() || c == '-');
        let Some(cut) = CASTS.iter().find_map(|cast| before.strip_suffix(cast)) else { return before };
        before = cut;
    }
}

/// The length of what makes a byte of the number before it.
fn ending(behind: &str) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let ends = |ending: &&&str| {
        behind.strip_prefix(**ending).is_some_and(|rest| !rest.as_bytes().first().is_some_and(is_word))
    };
    ENDINGS.iter().find(ends).map_or(0, |ending| ending.len())
}

/// The length of what separates the bytes of a key.
fn separators(text: &str) -> usize {
    let is_separator = |c: char| c.is_whitespace() || ":,;-\"'`|>#*/+\\".contains(c);
    let mut length = ending(text);
    loop {
        let rest = &text[length..];
        let signs = rest.find(|c| !is_separator(c)).unwrap_or(rest.len());
        // Of an escaped byte the sign is a part.
        length += signs - usize::from(is_escape(rest, signs));
        let cast = CASTS.iter().find(|cast| text[length..].starts_with(**cast));
        let Some(cast) = cast else { return length };
        length += cast.len();
    }
}

/// Whether a list is all of a text: what is before and behind its numbers.
fn is_all(before: &str, behind: &str) -> bool {
    before.len() <= SEPARATOR_BYTES_MAX
        && behind.len() <= SEPARATOR_BYTES_MAX
        && (before.trim(), behind.trim()) == ("[", "]")
}

/// One group of digits.
#[derive(Clone, Copy, Debug)]
struct Token {
    start: usize,
    /// Its first digit, behind `0x` or `\x`.
    digits: usize,
    end: usize,
    /// Its value as a byte in a decimal number, which may have a sign as in Java.
    decimal: Option<u8>,
}

impl Token {
    /// The group that begins at this byte, at which no word is under way.
    fn at(text: &str, start: usize) -> Option<Self> {
        let rest = &text.as_bytes()[start..];
        let is_escaped = rest.starts_with(b"\\x");
        let digits = start + if is_escaped || rest.starts_with(b"0x") || rest.starts_with(b"0X") { 2 } else { 0 };
        let max = if is_escaped { 2 } else { GROUP_MAX };
        let count = text.as_bytes()[digits..].iter().take(max).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let end = digits + count;
        let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
        if count == 0 || (!is_escaped && text.as_bytes().get(end + ending(&text[end..])).is_some_and(goes_on)) {
            return None;
        }
        let decimal = text[start..end].parse::<u8>().ok().filter(|_| digits == start && count <= 3);
        let is_negative = text[..start].ends_with('-') && !text[..start].ends_with("--");
        let decimal = decimal.map(|number| if is_negative { number.wrapping_neg() } else { number });
        Some(Self { start, digits, end, decimal })
    }

    /// How many hex digits its group has; `None` if it is not made of whole bytes.
    fn hex(self) -> Option<usize> {
        match self.end - self.digits {
            1 if self.digits > self.start => Some(2),
            length if length % 2 == 0 => Some(length),
            _ => None,
        }
    }
}

/// Bytes that stand together.
#[derive(Debug)]
struct Run {
    start: usize,
    end: usize,
    /// Of bytes in hex the digits of a group; the last may have fewer. `None`: decimal numbers.
    hex: Option<usize>,
    /// It stands on its line behind an offset.
    is_dump: bool,
    stats: Stats,
}

/// What is counted of a run.
#[derive(Debug)]
struct Stats {
    tokens: usize,
    /// Digits in hex, and those of them that are letters.
    digits: usize,
    letters: usize,
    /// Whether a colon stands between each two groups.
    is_colon: bool,
    /// Groups on this line, and whether each line before had those of a hardware address.
    on_line: usize,
    of_devices: bool,
    /// As decimal numbers: the last one, those from 100 on, how often one is less than the one before, and which there are.
    last: u8,
    large: usize,
    falls: usize,
    seen: [bool; 256],
}

impl Stats {
    const fn new() -> Self {
        let seen = [false; 256];
        Self {
            tokens: 0,
            digits: 0,
            letters: 0,
            is_colon: true,
            on_line: 0,
            of_devices: true,
            last: 0,
            large: 0,
            falls: 0,
            seen,
        }
    }

    /// One more group, with what stands between it and the one before.
    fn add(&mut self, text: &str, token: Token, between: &str) {
        if self.tokens > 0 {
            self.is_colon &= between.starts_with(':');
            if between.contains('\n') {
                self.of_devices &= self.on_line == DEVICE_BYTES;
                self.on_line = 0;
            }
        }
        self.tokens += 1;
        self.on_line += 1;
        let group = &text.as_bytes()[token.digits..token.end];
        self.digits += group.len().max(2);
        self.letters += group.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
        if let Some(number) = token.decimal {
            self.large += usize::from(number >= 100);
            self.falls += usize::from(number < self.last);
            self.last = number;
            self.seen[usize::from(number)] = true;
        }
    }

    /// Whether each line is the address of a device.
    const fn are_devices(&self) -> bool {
        self.of_devices && self.on_line == DEVICE_BYTES
    }

    /// Whether decimal numbers are as chance makes them: neither sorted nor small, as the letters of a text are.
    fn are_drawn(&self) -> bool {
        let different = self.seen.iter().filter(|seen| **seen).count();
        let count = self.tokens;
        count >= BYTES_MIN
            && self.large * 4 >= count
            && self.falls * 5 >= count
            && different * 3 >= count.min(self.seen.len())
            && self.seen[128..].contains(&true)
    }
}

/// The first run of bytes at or after byte `at`.
fn next_run(text: &str, at: usize) -> Option<Run> {
    let mut first = next_token(text, at)?;
    let behind_offset = offset(text, first).then(|| next_token(text, first.end)).flatten();
    let is_dump = behind_offset.is_some_and(|token| is_one_line(text, first.end, token.start));
    first = behind_offset.filter(|_| is_dump).unwrap_or(first);
    let (mut hex, mut is_decimal, mut last, mut stats) = (first.hex(), first.decimal.is_some(), first, Stats::new());
    stats.add(text, first, "");
    while let Some(next) = behind(text, last.end).filter(|next| !is_dump || is_one_line(text, last.end, next.start)) {
        // A shorter group is the last one.
        let is_hex = last.hex() == hex && next.hex().is_some_and(|length| Some(length) <= hex);
        let as_decimal = is_decimal && next.decimal.is_some();
        if !is_hex && !as_decimal {
            break;
        }
        (hex, is_decimal) = (hex.filter(|_| is_hex), as_decimal);
        stats.add(text, next, &text[last.end..next.start]);
        last = next;
    }
    Some(Run { start: first.start, end: last.end, hex, is_dump, stats })
}

/// The first group at or after byte `at`, where a word ends at most.
fn next_token(text: &str, mut at: usize) -> Option<Token> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    loop {
        let byte = text.as_bytes().get(at)?;
        if is_letter(byte) || *byte == b'\\' {
            if let Some(token) = Token::at(text, at) {
                return Some(token);
            }
            at += text.as_bytes()[at..].iter().take_while(|byte| is_letter(byte)).count().max(1);
        } else {
            at += 1;
        }
    }
}

/// The group behind what separates the bytes of a key.
fn behind(text: &str, end: usize) -> Option<Token> {
    let rest = &text[end..];
    let rest = &rest[..rest.floor_char_boundary(SEPARATOR_BYTES_MAX)];
    let length = separators(rest);
    let between = &rest[..length];
    let next = Token::at(text, end + length)?;
    let is_apart = length > 0 || text.as_bytes()[next.start] == b'\\';
    (is_apart && between.matches('\n').count() <= 1).then_some(next)
}

/// Whether the `x` at this byte is that of an escaped byte.
fn is_escape(text: &str, at: usize) -> bool {
    text[at..].starts_with('x') && text[..at].ends_with('\\')
}

/// Whether a group is the offset at the beginning of a line of a dump.
fn offset(text: &str, token: Token) -> bool {
    let (length, behind) = (token.end - token.digits, &text[token.end..]);
    let begins = text[line_start(text, token.start)..token.start].bytes().all(|byte| b" \t>#*|".contains(&byte));
    let is_shorter = || self::behind(text, token.end).is_some_and(|next| next.end - next.digits < length);
    begins
        && OFFSET_DIGITS.contains(&length)
        && (behind.starts_with(": ") || behind.starts_with(":\t") || behind.starts_with([' ', '\t']))
        && is_shorter()
}

#[cfg(test)]
#[path = "bytes_test.rs"]
mod tests;
