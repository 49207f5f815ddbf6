//! Postcard with one encoding: written into a buffer that the caller keeps, read only as it would be written.
//!
//! Postcard takes a number in more bytes than it needs and passes over what follows a value. Whatever is read
//! here is compared, byte by byte, with what would be written for it; nothing is allocated for that.

use postcard::ser_flavors::Flavor;
use postcard::{Error, Result};
use serde::{Deserialize, Serialize};

/// Appends to the caller's buffer.
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

/// Compares with what is there already.
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

/// Appends `value`; false if it is of a kind that postcard cannot write, and then part of it may stand there.
pub fn put<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> bool {
    postcard::serialize_with_flavor(value, Append(out)).is_ok()
}

/// What is exactly one value, in the one encoding that [`put`] gives it.
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
    fn what_is_put_is_what_is_read() {
        let mut out = vec![9];
        assert!(put(&(300_u32, "text", [1_u8, 2]), &mut out));
        assert_eq!(exactly::<(u32, &str, [u8; 2])>(&out[1..]), Some((300, "text", [1, 2])));
    }

    #[test]
    fn a_longer_number_and_anything_behind_the_value_are_refused() {
        assert_eq!(exactly::<u32>(&[0x81, 0x00]), None);
        assert_eq!(exactly::<u32>(&[1, 0]), None);
        assert_eq!(exactly::<u32>(&[1]), Some(1));
        assert_eq!(exactly::<u32>(&[]), None);
    }
}
