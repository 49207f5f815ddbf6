//! Postcard with exactly one encoding of each value, written into the caller's buffer.
//!
//! The postcard crate reads numbers in more bytes than they need and ignores what follows a value. [`exactly`]
//! therefore encodes again what it read and compares that with the input, byte by byte, without allocating.

use postcard::ser_flavors::Flavor;
use postcard::{Error, Result};
use serde::{Deserialize, Serialize};

/// Appends the output to the caller's buffer.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> Result<()> {
        Ok(())
    }
}

/// Compares the output with the bytes that are expected, and fails at the first difference.
struct Compare<'a>(&'a [u8]);

impl Flavor for Compare<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> Result<()> {
        self.0 = self.0.strip_prefix(bytes).ok_or(Error::SerializeBufferFull)?;
        Ok(())
    }

    fn finalize(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::SerializeBufferFull) }
    }
}

/// Appends the encoding of `value`. False if postcard cannot represent it; `out` may then hold a part of it.
pub fn put<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> bool {
    postcard::serialize_with_flavor(value, Append(out)).is_ok()
}

/// Decodes `bytes` if they are one value, wholly, in the encoding that [`put`] writes.
#[must_use]
pub fn exactly<'a, T: Serialize + Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (value, _) = postcard::take_from_bytes::<T>(bytes).ok()?;
    postcard::serialize_with_flavor(&value, Compare(bytes)).ok()?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_encoding_and_decoding() {
        let mut out = vec![9];
        assert!(put(&(300_u32, "text", [1_u8, 2]), &mut out));
        assert_eq!(exactly::<(u32, &str, [u8; 2])>(&out[1..]), Some((300, "text", [1, 2])));
    }

    #[test]
    fn a_number_longer_than_needed_and_trailing_bytes_are_refused() {
        assert_eq!(exactly::<u32>(&[0x81, 0x00]), None);
        assert_eq!(exactly::<u32>(&[1, 0]), None);
        assert_eq!(exactly::<u32>(&[1]), Some(1));
        assert_eq!(exactly::<u32>(&[]), None);
    }
}
