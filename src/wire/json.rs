//! Canonical JSON (RFC 8785) by serde, and of it only what needs no thought about numbers.
//!
//! No white space, keys in the order of their UTF-16 units, the shortest escapes, whole numbers up to 2^53 - 1
//! without point or exponent; larger ones are strings of decimal digits, bytes are base64 (RFC 4648 section 4), and
//! there are no floats. Any other encoding is refused, so that a signature over the bytes is one over the meaning.
//! docs/messages.md says the same for other languages.
//!
//! How it works: serde_json reads and writes. It already escapes as RFC 8785 demands, but it writes fields in the
//! order of their declaration and reads white space, needless escapes and any order of keys. So every reader here
//! writes again what it read and compares that with the bytes that came, and the types declare their fields sorted.
//!
//! Why a message has a second declaration here: postcard has no names, its bytes are the fields in the order of the
//! type's declaration, and that order is frozen and not the sorted one. Both formats therefore share one Rust type
//! for a value, and `talk` and `gossip` declare beside it, by serde's `remote` derive, which fields stand in JSON, in
//! which order, and how each is written. serde fills the shared type directly; the compiler refuses a declaration that
//! lacks a field.
//!
//! Invariants: lists end at their cap while they are read, text is bounded by its line, nesting by `JSON_DEPTH_MAX`;
//! writing, and reading what has no heap in its type, allocate nothing.

pub mod base64;
mod canonical;
pub(super) mod field;
mod gossip;
pub mod line;
mod message;

use serde::Serialize;
use std::io;

pub(super) use canonical::Fields;
#[cfg(test)]
use canonical::is_canonical;

/// The largest number that JSON carries as a number: every reader holds it exactly in a double.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Appends `value`; false if it is of a kind that JSON cannot write, and then part of it may stand there.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> bool {
    serde_json::to_writer(out, value).is_ok()
}

/// Appends the fields of `value`, a struct, to the object that `out` ends in: it has at least one field already.
pub(super) fn encode_more<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> bool {
    let begin = out.len();
    let written = encode(value, out);
    // In place of the brace that would begin an object of its own.
    out.get_mut(begin).is_some_and(|brace| core::mem::replace(brace, b',') == b'{') && written
}

/// Whether [`encode`] would write these bytes.
fn is_encoding_of<T: Serialize + ?Sized>(value: &T, bytes: &[u8]) -> bool {
    let mut expected = Same(bytes);
    serde_json::to_writer(&mut expected, value).is_ok() && expected.0.is_empty()
}

/// Compares what is written with what is there already, and keeps what is still to come.
struct Same<'a>(&'a [u8]);

impl io::Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
