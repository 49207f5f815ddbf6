//! Unsigned varints of multiformats: seven bits a byte, the lowest first.
//!
//! Source: the multiformats specification unsigned-varint: at most nine bytes (63 bits), and never longer than needed.

/// Bytes of the longest varint: nine, for 63 bits.
pub const BYTES_MAX: usize = 9;

/// The varint is longer than needed or beyond 63 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadVarint;

/// Appends `value`. A number beyond 63 bits, which cannot be encoded, becomes the largest that can.
pub fn put(out: &mut Vec<u8>, value: u64) {
    let mut rest = value.min(u64::MAX >> 1);
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push((rest & 0x7f) as u8);
}

/// The number at the beginning of `bytes` and how many bytes it takes; `None` if it is incomplete.
///
/// # Errors
/// No varint begins so.
pub fn read(bytes: &[u8]) -> Result<Option<(u64, usize)>, BadVarint> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return if *byte == 0 && at > 0 { Err(BadVarint) } else { Ok(Some((value, at + 1))) };
        }
    }
    if bytes.len() < BYTES_MAX { Ok(None) } else { Err(BadVarint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_encoding_and_incomplete_ones_wait() {
        for value in [0, 1, 127, 128, 300, 16_384, u64::from(u32::MAX), u64::MAX >> 1] {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert_eq!(read(&bytes), Ok(Some((value, bytes.len()))));
            assert_eq!(read(&bytes[..bytes.len() - 1]), Ok(None));
        }
        // The example of the specification.
        assert_eq!(read(&[0xac, 0x02]), Ok(Some((300, 2))));
    }

    #[test]
    fn a_number_that_is_longer_than_needed_is_refused() {
        assert_eq!(read(&[0x81, 0x00]), Err(BadVarint));
        assert_eq!(read(&[0xff; 10]), Err(BadVarint));
    }
}
