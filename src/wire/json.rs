//! JSON in its one encoding: RFC 8785, and of that only what needs no thought about numbers.
//!
//! No white space, keys in the order of their UTF-16 units, the shortest escapes, whole numbers up to 2^53 - 1
//! without point or exponent; larger ones are strings of decimal digits, bytes are base64, and there are no
//! floats. What is spelt otherwise is refused, so that a signature over the bytes is one over the meaning.
//! docs/messages.md says the same for other languages.

pub mod base64;
mod gossip;
pub mod line;
mod message;
pub mod read;
pub mod write;

/// The largest number that JSON carries as a number: every reader holds it exactly in a double.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;
