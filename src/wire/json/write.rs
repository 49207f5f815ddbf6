//! Writing canonical JSON into a buffer that the caller keeps.

use super::{NUMBER_MAX, base64};

/// Appends `text` as a string: only what must be escaped is, by the shortest encoding.
pub fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            0x08 => out.extend(b"\\b"),
            0x09 => out.extend(b"\\t"),
            0x0a => out.extend(b"\\n"),
            0x0c => out.extend(b"\\f"),
            0x0d => out.extend(b"\\r"),
            0..0x20 => {
                out.extend(b"\\u00");
                out.extend([b'0' + (byte >> 4), if byte & 15 < 10 { b'0' } else { b'a' - 10 } + (byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a number; above 2^53 - 1 as a string of its digits.
pub fn number(out: &mut Vec<u8>, number: u64) {
    let quote = number > NUMBER_MAX;
    let (mut digits, mut at, mut rest) = ([0; 20], 20, number);
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(quote.then_some(b'"'));
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
    out.extend(quote.then_some(b'"'));
}

/// Appends bytes as a string of base64.
pub fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    base64::put(out, bytes);
    out.push(b'"');
}

/// Appends `true` or `false`.
pub fn truth(out: &mut Vec<u8>, truth: bool) {
    out.extend_from_slice(if truth { b"true" } else { b"false" });
}

/// Appends a list.
pub fn list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, one) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        item(out, one);
    }
    out.push(b']');
}
