//! Text in other encodings than UTF-8: which one, and whether what comes out is text.
//!
//! What a file says of itself counts first: a byte order mark, a declaration of HTML, XML or source code, the form of UTF-16.
//! Where it says nothing, `chardetng` tells it from the frequency of pairs of letters, as browsers do, and short texts of Japanese and
//! Thai, which it takes for others, are told by how their letters stand (`eastern`). A guess can be wrong, and
//! bytes that are no text at all have a best guess too: so the result is looked at, and what does not read like text is refused
//! with a reason, rather than indexed as words that no question finds.
//!
//! A few broken bytes cost themselves and not the file: they become U+FFFD, one in [`CHARS_PER_LOSS`] at most.

mod eastern;

use crate::text::payload::word::measure;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, ISO_2022_JP, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_10, ISO_8859_13, ISO_8859_14, ISO_8859_16,
    UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258,
};

/// Encodings of languages in Latin letters beside that of western Europe.
static LATIN: [&Encoding; 11] = [
    ISO_8859_2,
    ISO_8859_3,
    ISO_8859_4,
    ISO_8859_10,
    ISO_8859_13,
    ISO_8859_14,
    ISO_8859_16,
    WINDOWS_1250,
    WINDOWS_1254,
    WINDOWS_1257,
    WINDOWS_1258,
];

/// Bytes at the start of a file in which HTML looks for a declaration.
const DECLARATION_BYTES: usize = 1024;

/// Bytes around the first that is no ASCII, by which an encoding is guessed.
const GUESSED_BYTES: usize = 1 << 20;

/// Units of UTF-16 from which on its form is told.
const UNITS_MIN: usize = 8;

/// Characters of a text for each that could not be decoded, or that is a control character.
const CHARS_PER_LOSS: usize = 200;

/// Characters from which on a text may have one such.
const CHARS_FOR_ONE_LOSS: usize = 20;

/// Whole characters of UTF-8 for each broken one, from which on a file is UTF-8 with faults, and no other encoding.
const UTF8_PER_FAULT: usize = 2;

/// Characters of a text for each NUL in it, and words that it has at least, if it is one with NULs.
const CHARS_PER_NUL: usize = 8;
const WORDS_BESIDE_NULS: usize = 3;

/// Characters in a row that are no ASCII and no word of any language if symbols are among them: a foreign text, wrongly decoded, or
/// data.
const SYMBOLS_RUN: usize = 3;

/// Accented letters in a row from which on a text is no word of a language in Latin letters (Polish has four).
const ACCENTS_RUN: usize = 5;

/// The text of a file that is no UTF-8; `None` if it is in no encoding that is known, or no text.
pub(super) fn decode(bytes: &[u8], is_markup: bool) -> Option<String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return fitting(encoding, bytes.get(mark..)?);
    }
    if let Some(text) = declared(bytes, is_markup) {
        return Some(text);
    }
    if let Some(text) = by_line(bytes) {
        return Some(text);
    }
    if is_utf8_with_faults(bytes) {
        return fitting(UTF_8, bytes);
    }
    let text = fitting(guessed(bytes), bytes)?;
    reads_like_text(&text).then_some(text)
}

/// The name of a file, in whatever encoding the archive around it has it.
pub(super) fn name(bytes: &[u8]) -> String {
    let name = std::str::from_utf8(bytes).ok().map(str::to_owned);
    name.or_else(|| decode(bytes, false)).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

/// ISO-2022-JP, which is ASCII with escape sequences.
pub(super) fn iso_2022_jp(bytes: &[u8]) -> Option<String> {
    let escapes = [&b"\x1B$B"[..], b"\x1B$@", b"\x1B(J", b"\x1B(I"];
    let is_one = bytes.contains(&0x1B) && bytes.is_ascii() && escapes.iter().any(|escape| contains(bytes, escape));
    is_one.then(|| fitting(ISO_2022_JP, bytes)).flatten()
}

/// Decodes a file as the encoding that it declares, if it does and its bytes fit: in XML (`<?xml encoding="…"?>`), in HTML
/// (`<meta charset="…">`), and in a comment in the first lines of source code (`coding: …`).
fn declared(bytes: &[u8], is_markup: bool) -> Option<String> {
    let head = bytes.get(..DECLARATION_BYTES.min(bytes.len()))?.to_ascii_lowercase();
    let name = if head.trim_ascii_start().starts_with(b"<?xml") {
        let end = head.iter().position(|byte| *byte == b'>')?;
        value(head.get(..end)?, b"encoding").or_else(|| value(&head, b"charset"))
    } else if is_markup {
        value(&head, b"charset")
    } else {
        let mut lines = head.split(|byte| *byte == b'\n');
        let is_comment =
            |line: &&[u8]| [&b"#"[..], b"//", b"/*", b"%", b";", b"--"].iter().any(|c| line.starts_with(c));
        lines.by_ref().take(2).filter(is_comment).find_map(|line| value(line, b"coding"))
    };
    let encoding = Encoding::for_label(name?)?;
    // What is declared in ASCII is not UTF-16, and what is no UTF-8 is not that.
    if [UTF_16BE, UTF_16LE, UTF_8].contains(&encoding) || bytes.contains(&0) {
        return None;
    }
    fitting(encoding, bytes)
}

/// The value behind the first `name =` or `name:`.
fn value<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = head.windows(name.len()).position(|window| window == name)?;
    let rest = head.get(at + name.len()..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b"=").or_else(|| rest.strip_prefix(b":"))?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_:.".contains(byte)));
    rest.get(..end.unwrap_or(rest.len())).filter(|name| !name.is_empty())
}

/// Whether it is UTF-8 of which some bytes are broken. There must be much more that is whole: other encodings have such bytes by
/// chance.
fn is_utf8_with_faults(bytes: &[u8]) -> bool {
    let (mut whole, mut faults) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    whole >= faults.saturating_mul(UTF8_PER_FAULT)
}

/// A text that was put together of several, line by line: of its lines that are no ASCII most are UTF-8, and the others of one other encoding.
/// `None` if it is none such. A line of UTF-8 of which some bytes are broken is still one.
fn by_line(bytes: &[u8]) -> Option<String> {
    let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
    let is_other = |line: &&[u8]| std::str::from_utf8(line).is_err() && !is_utf8_with_faults(line);
    let others: Vec<&[u8]> = lines().filter(is_other).collect();
    let is_whole = |line: &&[u8]| !line.is_ascii() && std::str::from_utf8(line).is_ok();
    if others.is_empty() || lines().filter(is_whole).count() < others.len() {
        return None;
    }
    let others = others.concat();
    let encoding = guessed(&others);
    fitting(encoding, &others).filter(|text| reads_like_text(text))?;
    let decoded = |line: &[u8]| {
        let encoding = if is_other(&line) { encoding } else { UTF_8 };
        encoding.decode_without_bom_handling(line).0.into_owned()
    };
    let text: String = lines().map(decoded).collect();
    reads_like_text(&text).then_some(text)
}

/// The encoding that the bytes are likeliest in.
fn guessed(bytes: &[u8]) -> &'static Encoding {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or_default();
    let start = first.saturating_sub(GUESSED_BYTES / 16);
    let end = bytes.len().min(start + GUESSED_BYTES);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    // Not the last: a character that is cut at the end tells nothing.
    detector.feed(bytes.get(start..end).unwrap_or_default(), false);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if let Some(eastern) = eastern::told(bytes, guess) {
        return eastern;
    }
    if LATIN.contains(&guess) && are_signs(bytes, guess) { WINDOWS_1252 } else { guess }
}

/// Whether no byte that is a letter in this encoding, and another sign in that of western Europe, stands at a letter: then it is that
/// sign (`£30` in a text that is English otherwise would be `Ł30`).
fn are_signs(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let differs = |byte: u8| {
        let of = |encoding: &'static Encoding| encoding.decode_without_bom_handling(&[byte]).0.into_owned();
        of(encoding) != of(WINDOWS_1252)
    };
    let differing: Vec<u8> = (0x80..=0xFF).filter(|byte| differs(*byte)).collect();
    let is_letter = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at)).is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
    };
    bytes.iter().enumerate().all(|(at, byte)| {
        byte.is_ascii() || !differing.contains(byte) || !is_letter(at.checked_sub(1)) && !is_letter(Some(at + 1))
    })
}

/// The bytes in this encoding, if (almost) all fit. A character that is cut at the end is left out.
fn fitting(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let (text, has_losses) = encoding.decode_without_bom_handling(bytes);
    let mut text = text.into_owned();
    if has_losses {
        text.truncate(text.strip_suffix(char::REPLACEMENT_CHARACTER).unwrap_or(&text).len());
        let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        let all = text.chars().count();
        if lost > (all / CHARS_PER_LOSS).max(usize::from(all >= CHARS_FOR_ONE_LOSS)) {
            return None;
        }
    }
    Some(text)
}

/// A text of UTF-8 in which a few NULs stand, as a crash leaves them or a program that pads, with blanks in their place. `None` if it
/// looks like data: there are many of them, other control characters, or hardly a word.
pub(super) fn without_nuls(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end_matches('\0');
    let (mut chars, mut nuls) = (0_usize, 0_usize);
    for c in text.chars() {
        if c.is_control() && c != '\0' && !c.is_whitespace() {
            return None;
        }
        chars += 1;
        nuls += usize::from(c == '\0');
    }
    let is_text = nuls.saturating_mul(CHARS_PER_NUL) <= chars && measure(text).words >= WORDS_BESIDE_NULS;
    is_text.then(|| text.replace('\0', " "))
}

/// Whether a text that was guessed to be one has words in it and little else.
fn reads_like_text(text: &str) -> bool {
    let (mut all, mut controls, mut foreign, mut odd) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut run = Run::default();
    // DOS marks the end of a file.
    for c in text.trim_end_matches('\u{1a}').chars().chain([' ']) {
        all += 1;
        // An escape sequence of a terminal.
        let is_usual = c.is_whitespace() || c == '\u{1b}';
        controls += usize::from(c.is_control() && !is_usual);
        if c.is_ascii() {
            odd += run.end();
        } else {
            foreign += 1;
            run.add(c);
        }
    }
    controls * CHARS_PER_LOSS <= all && odd * 10 <= foreign
}

/// Characters in a row that are no ASCII.
#[derive(Default)]
struct Run {
    length: usize,
    symbols: usize,
    accents: usize,
}

impl Run {
    fn add(&mut self, c: char) {
        // Lines and boxes of tables stand in rows.
        let is_drawn = matches!(c, '\u{2500}'..='\u{259f}');
        let is_mark = matches!(c, '\u{300}'..='\u{36f}');
        let is_of_text = c.is_alphanumeric() || is_mark || c.is_whitespace() || is_punctuation(c) || is_drawn;
        self.length += usize::from(!is_drawn);
        self.symbols += usize::from(!is_of_text);
        self.accents += usize::from(matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}'));
    }

    /// How many characters of it are no text.
    fn end(&mut self) -> usize {
        let Self { length, symbols, accents } = std::mem::take(self);
        let is_odd = length >= SYMBOLS_RUN && symbols * 3 > length || length >= ACCENTS_RUN && accents * 2 > length;
        if is_odd { length } else { 0 }
    }
}

/// Marks that stand between words, of any script that an encoding here has.
const fn is_punctuation(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{203a}' | '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff65}' | '«' | '»' | '·' | '¿' | '¡' | '\u{30fb}')
}

/// UTF-32 with a byte order mark.
pub(super) fn utf32(bytes: &[u8]) -> Option<String> {
    let (rest, unit): (_, fn([u8; 4]) -> u32) = match bytes {
        [0xFF, 0xFE, 0, 0, rest @ ..] => (rest, u32::from_le_bytes),
        [0, 0, 0xFE, 0xFF, rest @ ..] => (rest, u32::from_be_bytes),
        _ => return None,
    };
    let (units, _) = rest.as_chunks::<4>();
    let text: String = units.iter().map(|bytes| char::from_u32(unit(*bytes))).collect::<Option<_>>()?;
    text.chars().all(|c| c != '\0').then_some(text)
}

/// Decodes UTF-16 without a byte order mark, if the bytes cannot well be anything else: all units decode, there are no control
/// characters but white space, and nearly all units are ASCII and of one block with blanks between the words, or Chinese, Japanese
/// or Korean with the marks of their sentences. Pairs of letters of a text with a few NULs look like Chinese: what is UTF-8 but for its NULs
/// must have them on one side of most characters.
pub(super) fn utf16_without_mark(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if pairs.len() < UNITS_MIN || !rest.is_empty() {
        return None;
    }
    let is_usual = |c: char| !c.is_control() || c == '\0' || c.is_whitespace();
    let is_utf8 = std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_usual));
    let most_are_ascii = |side: usize| pairs.iter().filter(|pair| pair.get(side) == Some(&0)).count() * 2 > pairs.len();
    let of = |side: usize, unit: fn([u8; 2]) -> u16| {
        if is_utf8 && !most_are_ascii(side) { None } else { text_of(pairs, unit) }
    };
    of(1, u16::from_le_bytes).or_else(|| of(0, u16::from_be_bytes))
}

fn text_of(pairs: &[[u8; 2]], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = || pairs.iter().map(|pair| unit(*pair));
    let mut blocks = [0_usize; 256];
    for [high, _] in units().map(u16::to_be_bytes) {
        *blocks.get_mut(usize::from(high))? += 1;
    }
    let of_one = blocks.iter().skip(1).max().copied().unwrap_or_default();
    let ascii = blocks.first().copied().unwrap_or_default();
    let of = |from: usize, to: usize| blocks.iter().take(to + 1).skip(from).sum::<usize>();
    let eastern = of(0x30, 0x30) + of(0x4E, 0x9F) + of(0xAC, 0xD7) + of(0xFF, 0xFF);
    let blanks = units().filter(|unit| matches!(unit, 0x20 | 0x0A)).count();
    let marks = units().filter(|unit| matches!(unit, 0x0A | 0x20 | 0x3001 | 0x3002 | 0xFF0C | 0xFF1A)).count();
    let is_of_one = (ascii + of_one) * 20 >= pairs.len() * 19 && blanks * 40 >= pairs.len();
    let is_eastern = (ascii + eastern) * 20 >= pairs.len() * 19 && eastern > ascii && marks * 80 >= pairs.len();
    if !is_of_one && !is_eastern {
        return None;
    }
    let text: String = char::decode_utf16(units()).collect::<Result<_, _>>().ok()?;
    let is_text = text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace());
    is_text.then_some(text)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
#[path = "charset_test.rs"]
mod tests;
