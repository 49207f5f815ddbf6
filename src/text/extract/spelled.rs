//! Private keys whose bytes are spelled out in a text, as programs, tables and code have bytes: in hexadecimal or decimal numbers, in base64 and
//! base32 that is divided into groups or rows, with escapes of strings and of addresses.
//!
//! No form of a list is looked for. Each pass takes all that may be digits of its kind, passes over what stands between, and puts bytes together of them, from
//! each digit on with which a byte may begin; what surrounds a key gives bytes that are none. Only what has the form of a key to the last byte counts then (`der`,
//! `openssh`), or a key as programs write it in the text that comes out (`payload::key`): a certificate, a sum or a picture has none of these.
//!
//! The passes are done one after the other, each holds `limits::SPELLED_WINDOW_BYTES` of bytes for each beginning, and all together look at 16 bytes for
//! one of the text at most (a test counts them; in prose it is three), and at three times as many where it has escapes. A key of more than `limits::SPELLED_KEY_BYTES_MAX` may be missed, and one between the bytes of which stand other
//! digits of the same kind, such as the number of a row and a group in it.

use super::escaped::{narrowed, nibble, unescaped, unpercented};
use super::{der, openssh};
use crate::limits::{SPELLED_KEY_BYTES_MAX, SPELLED_WINDOW_BYTES};
use crate::text::payload::key;

/// Bytes of the shortest key in the forms that are looked for: one of Ed25519 has 48.
const KEY_MIN: usize = 32;

/// Letters of a line from which on they may be a line of base64, as against words.
const LINE_MIN: usize = 16;

/// Hex digits of the offset at the beginning of a line of a dump, at least.
const OFFSET_MIN: usize = 4;

/// Bytes of half a line of a dump.
const HALF_BYTES: usize = 8;

/// How a kind of digits is taken from a text.
type Pass = fn(&[u8]) -> Reading;

const PASSES: [Pass; 6] = [base64_words, base64_lines, hex_words, hex_dumps, base32_words, decimals];

/// Whether a private key stands in a text in one of these ways. The text may be bytes of any kind.
pub(super) fn holds_key(text: &[u8]) -> bool {
    look(text).0
}

/// The same, with the number of bytes that were looked at.
fn look(text: &[u8]) -> (bool, usize) {
    if text.len() < KEY_MIN {
        return (false, 0);
    }
    let (mut found, mut looked) = in_passes(text);
    for undo in [unescaped, unpercented] {
        if found {
            break;
        }
        if let Some(undone) = undo(text) {
            let (in_undone, more) = in_passes(&undone);
            found = in_undone || is_key(&undone);
            looked += more + undone.len();
        }
    }
    if let Some(bytes) = narrowed(text).filter(|_| !found) {
        found = is_key(&bytes);
        looked += bytes.len();
    }
    (found, looked)
}

fn in_passes(text: &[u8]) -> (bool, usize) {
    let mut all = 0;
    for pass in PASSES {
        let (found, looked) = pass(text).end();
        all += looked;
        if found {
            return (true, all);
        }
    }
    (false, all)
}

/// Whether these bytes hold a private key in a form that no other bytes have.
fn is_key(bytes: &[u8]) -> bool {
    der::holds_key(bytes)
        || openssh::holds_key(bytes)
        || (key::has_sign(bytes) && key::stands_in(&String::from_utf8_lossy(bytes)))
}

/// The bytes that digits stand for, from each of the first ones on with which a byte may begin.
struct Reading {
    /// Bits of a digit.
    bits: u32,
    shifts: Vec<Shift>,
}

/// The bytes from one digit on.
#[derive(Default)]
struct Shift {
    /// Digits that are passed over yet.
    skip: usize,
    /// The bits of the last digits that are no whole byte yet, and how many.
    held: u32,
    count: u32,
    /// The last bytes.
    bytes: Vec<u8>,
    /// Whether a key was in those before.
    found: bool,
    /// Bytes that were looked at.
    looked: usize,
}

impl Reading {
    /// Of digits of so many bits, of which so many are whole bytes.
    fn new(bits: u32, shifts: usize) -> Self {
        Self { bits, shifts: (0..shifts).map(|skip| Shift { skip, ..Shift::default() }).collect() }
    }

    fn push(&mut self, digit: u8) {
        for shift in &mut self.shifts {
            shift.push(digit, self.bits);
        }
    }

    /// Whether a key was among the bytes, and how many were looked at.
    fn end(mut self) -> (bool, usize) {
        self.shifts.iter_mut().filter(|shift| shift.bytes.len() >= KEY_MIN).for_each(Shift::look);
        (self.shifts.iter().any(|shift| shift.found), self.shifts.iter().map(|shift| shift.looked).sum())
    }
}

impl Shift {
    fn push(&mut self, digit: u8, bits: u32) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        self.held = ((self.held << bits) | u32::from(digit)) & 0xFFFF;
        self.count += bits;
        if self.count < 8 {
            return;
        }
        self.count -= 8;
        self.bytes.push((self.held >> self.count).to_le_bytes()[0]);
        if self.bytes.len() >= SPELLED_WINDOW_BYTES {
            self.look();
            // A key that began in the last of them is whole in the next ones.
            self.bytes.drain(..SPELLED_WINDOW_BYTES - SPELLED_KEY_BYTES_MAX);
        }
    }

    fn look(&mut self) {
        self.looked += self.bytes.len();
        self.found = self.found || is_key(&self.bytes);
    }
}

/// The words of a text: letters and figures beside each other, each with the byte before it.
fn words(text: &[u8]) -> impl Iterator<Item = (Option<u8>, &[u8])> {
    let mut next = 0_usize;
    let all = text.split(|byte| !byte.is_ascii_alphanumeric()).map(move |word| {
        let start = next;
        next += word.len() + 1;
        (start.checked_sub(1).and_then(|before| text.get(before)).copied(), word)
    });
    all.filter(|(_, word)| !word.is_empty())
}

/// What a letter of base64, or of base64url, stands for.
const fn sextet(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// What a letter of base32 (RFC 4648) stands for, large or small.
const fn quintet(letter: u8) -> Option<u8> {
    match letter.to_ascii_uppercase() {
        letter @ b'A'..=b'Z' => Some(letter - b'A'),
        letter @ b'2'..=b'7' => Some(letter - b'2' + 26),
        _ => None,
    }
}

/// All groups of letters, whatever stands between.
fn base64_words(text: &[u8]) -> Reading {
    let mut reading = Reading::new(6, 4);
    let groups = text.split(|byte| sextet(*byte).is_none());
    // A bullet, a dash or a sum between strings is no group.
    let groups = groups.filter(|group| group.iter().any(u8::is_ascii_alphanumeric));
    groups.flatten().filter_map(|letter| sextet(*letter)).for_each(|digit| reading.push(digit));
    reading
}

/// The longest group of each line, of those that are long, and of the one behind these: a row may have a number or a name besides.
fn base64_lines(text: &[u8]) -> Reading {
    let (mut reading, mut goes_on) = (Reading::new(6, 4), false);
    for line in text.split(|byte| *byte == b'\n') {
        let groups = line.split(|byte| sextet(*byte).is_none());
        let longest = groups.max_by_key(|group| group.len()).unwrap_or_default();
        let is_long = longest.len() >= LINE_MIN;
        if is_long || goes_on {
            longest.iter().filter_map(|letter| sextet(*letter)).for_each(|digit| reading.push(digit));
        }
        goes_on = is_long;
    }
    reading
}

/// All words that are hex digits, with or without what code writes around them.
fn hex_words(text: &[u8]) -> Reading {
    let mut reading = Reading::new(4, 2);
    for (_, word) in words(text) {
        let marked = word.strip_prefix(b"0x").or_else(|| word.strip_prefix(b"0X"));
        let digits = without_suffix(marked.unwrap_or(word));
        if digits.iter().all(u8::is_ascii_hexdigit) {
            // `0x5` is a byte.
            if marked.is_some() && !digits.len().is_multiple_of(2) {
                reading.push(0);
            }
            digits.iter().filter_map(|digit| nibble(*digit)).for_each(|digit| reading.push(digit));
        }
    }
    reading
}

/// A number in code without the letters that say its type.
fn without_suffix(number: &[u8]) -> &[u8] {
    let suffixes: [&[u8]; 3] = [b"u8", b"U", b"u"];
    suffixes.iter().find_map(|suffix| number.strip_suffix(*suffix)).unwrap_or(number)
}

/// The bytes in the lines of dumps.
fn hex_dumps(text: &[u8]) -> Reading {
    let mut reading = Reading::new(4, 1);
    for part in text.split(|byte| *byte == b'\n').flat_map(|line| dumped(line.trim_ascii())) {
        pairs(part).filter_map(|digit| nibble(*digit)).for_each(|digit| reading.push(digit));
    }
    reading
}

/// The digits of the groups of whole bytes.
fn pairs(part: &[u8]) -> impl Iterator<Item = &u8> {
    let groups = part.split(|byte| !byte.is_ascii_alphanumeric());
    groups.filter(|group| group.iter().all(u8::is_ascii_hexdigit) && group.len().is_multiple_of(2)).flatten()
}

/// The parts of a line that have the bytes, as xxd, hexdump, od and certutil write it: behind the offset, and before the letters that show the bytes. Some leave
/// more than a blank in the middle. Empty if the line is no line of a dump.
fn dumped(line: &[u8]) -> [&[u8]; 2] {
    let offset = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let rest = line.get(offset..).unwrap_or_default();
    if offset < OFFSET_MIN || !matches!(rest.first(), Some(b':' | b' ')) {
        return [&[], &[]];
    }
    let (first, behind) = before_gap(rest.strip_prefix(b":").unwrap_or(rest));
    let is_half = pairs(first).count() == 2 * HALF_BYTES;
    let second = if is_half { before_gap(behind).0 } else { &[] };
    [first, second.get(..3 * HALF_BYTES).unwrap_or(second)]
}

/// What stands before two blanks, and behind them.
fn before_gap(part: &[u8]) -> (&[u8], &[u8]) {
    let part = part.trim_ascii_start();
    let gap = part.windows(2).position(|two| two == b"  ");
    part.split_at_checked(gap.unwrap_or(part.len())).unwrap_or_default()
}

/// Groups in capitals, and long ones in small letters: short words in these are those of sentences.
fn base32_words(text: &[u8]) -> Reading {
    let mut reading = Reading::new(5, 8);
    for (_, word) in words(text) {
        let is_small = word.len() >= LINE_MIN && !word.iter().any(u8::is_ascii_uppercase);
        let is_large = !word.iter().any(u8::is_ascii_lowercase);
        if (is_small || is_large) && word.iter().all(|letter| quintet(*letter).is_some()) {
            word.iter().filter_map(|letter| quintet(*letter)).for_each(|digit| reading.push(digit));
        }
    }
    reading
}

/// All numbers of a byte, also those below zero.
fn decimals(text: &[u8]) -> Reading {
    let mut reading = Reading::new(8, 1);
    for (before, word) in words(text) {
        let digits = without_suffix(word);
        if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
            continue;
        }
        let number = digits.iter().fold(0_u16, |number, digit| number * 10 + u16::from(digit - b'0'));
        let is_below_zero = before == Some(b'-') && (1..=128).contains(&number);
        if let Ok(byte) = u8::try_from(if is_below_zero { 256 - number } else { number }) {
            reading.push(byte);
        }
    }
    reading
}

#[cfg(test)]
#[path = "spelled_test.rs"]
mod tests;
