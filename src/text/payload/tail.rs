//! The last line of a block of base64: it is too short to be told by itself, and is told by the line before it, which has the
//! same around its letters: a quotation sign, a list mark, a number, a cell of a table, a command.

use super::mark::MARK;
use super::span::{is_encoding, runs};
use super::word::measure;

/// What is shown of a line behind `before`, a line out of which letters were cut, if it ends that block; else `None`.
pub(super) fn without_tail(before: &str, line: &str) -> Option<String> {
    let shown = runs(before);
    let (front, back) = shown.split_once(MARK).filter(|(_, back)| !back.contains(MARK))?;
    let start = shared(line.chars(), front.chars())?;
    let end = line.len() - shared(line.chars().rev(), back.chars().rev())?;
    let letters = line.get(start..end)?;
    let letters_before = before.len().checked_sub(front.len() + back.len())?;
    (letters.len() < letters_before && is_tail(letters))
        .then(|| runs(&format!("{}{MARK}{}", &line[..start], &line[end..])).into_owned())
}

/// Bytes at the beginning of `line` that are like `frame`, whatever the numbers in it and the widths of its spaces are.
fn shared(line: impl Iterator<Item = char>, frame: impl Iterator<Item = char>) -> Option<usize> {
    let (mut line, mut frame) = (line.peekable(), frame.peekable());
    let mut bytes = 0;
    while let Some(of_frame) = frame.next() {
        let is_alike = |c: &char| {
            *c == of_frame
                || (c.is_ascii_digit() && of_frame.is_ascii_digit())
                || (c.is_whitespace() && of_frame.is_whitespace())
        };
        bytes += line.next_if(is_alike)?.len_utf8();
        if of_frame.is_ascii_digit() || of_frame.is_whitespace() {
            while frame.next_if(is_alike).is_some() {}
            while let Some(c) = line.next_if(is_alike) {
                bytes += c.len_utf8();
            }
        }
    }
    Some(bytes)
}

/// Whether letters end a block: base64 comes in groups of four, behind the sign of a difference perhaps, and is no word.
fn is_tail(letters: &str) -> bool {
    let letters = letters.trim_end_matches(['\\', 'r', 'n']).trim_start_matches(['-', '\\']);
    let (letter, sign) = (|c: char| c.is_ascii_alphabetic(), |c: char| c.is_ascii_digit() || "+/=".contains(c));
    let shaped = letters.chars().all(is_encoding) && !letters.contains(['.', ':', '%']);
    let mixed = letters.contains(letter) && (letters.contains(sign) || measure(letters).words == 0);
    let groups = letters.chars().filter(char::is_ascii).count();
    shaped && mixed && (groups % 4 == 0 || groups % 4 == 1 && letters.starts_with('+'))
}
