//! Messages in canonical JSON (RFC 8785) by serde, restricted to values whose canonical form is simple.
//!
//! No white space, keys sorted by their UTF-16 units, the shortest escapes, whole numbers up to 2^53 - 1 without point
//! or exponent; larger ones are strings of decimal digits, bytes are base64 (RFC 4648 section 4), and there are no
//! floats. Any other form is refused, so that a signature over the bytes is one over the values. docs/messages.md
//! describes the same for other languages.
//!
//! How it works: serde_json reads and writes. Its escapes are those of RFC 8785, but it writes fields in the order of
//! their declaration, and accepts white space, needless escapes and keys in any order. So the types declare their
//! fields sorted, and every reader here encodes again what it read and compares that with the input.
//!
//! Why a message has a second declaration here: postcard has no names; its bytes are the fields in the order of
//! declaration, which is frozen and not the sorted one. Both encodings share one Rust type for a value. `message`,
//! `gossip` and `certificate` declare beside it, by serde's `remote` derive, the JSON fields, their order and how each is written. serde
//! fills the shared type directly, and the compiler refuses a declaration that lacks a field.
//!
//! Lists end at their cap while they are read, text is bounded by its line, nesting by `JSON_DEPTH_MAX`. Writing, and
//! reading a type without heap fields, allocates nothing.

pub mod base64;
mod canonical;
mod certificate;
pub(super) mod field;
mod filters;
mod gossip;
mod holdings;
pub mod line;
mod message;
mod work;

use serde::{Deserialize, Serialize};
use std::io;

pub(super) use canonical::Fields;
#[cfg(test)]
use canonical::is_canonical;

/// The largest number that is written as a JSON number: a double holds it exactly.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Appends the encoding of `value`. False if JSON cannot represent it; `out` may then hold a part of it.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> bool {
    serde_json::to_writer(out, value).is_ok()
}

/// Appends the fields of `value`, a struct, to the unfinished object at the end of `out`, which has a field already.
pub(super) fn encode_more<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> bool {
    let begin = out.len();
    let written = encode(value, out);
    // A comma replaces the brace that begins the object.
    out.get_mut(begin).is_some_and(|brace| core::mem::replace(brace, b',') == b'{') && written
}

/// Whether [`encode`] would write these bytes.
fn is_encoding_of<T: Serialize + ?Sized>(value: &T, bytes: &[u8]) -> bool {
    let mut expected = Expected(bytes);
    serde_json::to_writer(&mut expected, value).is_ok() && expected.0.is_empty()
}

/// Decodes `bytes` if they are one value, wholly, in the encoding that [`encode`] writes. For types that declare their
/// fields sorted.
pub(super) fn exactly<'a, T: Serialize + Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok().filter(|value| is_encoding_of(value, bytes))
}

/// Compares what is written with the expected bytes, and holds the rest of them.
struct Expected<'a>(&'a [u8]);

impl io::Write for Expected<'_> {
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
