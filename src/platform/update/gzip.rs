//! What is in a stream of gzip, as it comes (RFC 1952): one member with a bare head, as `gzip -n` writes it. Its checksum is not looked at, because whoever
//! reads it has a SHA-256.

use crate::limits::UPDATE_PIECE_BYTES;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use std::io::{Error, ErrorKind, Read, Result};

/// The head: the magic, the method, no flags; then a time, two bytes of no meaning here.
const HEAD: [u8; 4] = [0x1f, 0x8b, 8, 0];
const HEAD_BYTES: usize = 10;

/// The unpacked bytes.
pub(super) struct Unpacked<R> {
    from: R,
    state: Box<InflateState>,
    piece: Vec<u8>,
    /// Where what is not used of the piece begins, and where the piece ends.
    at: usize,
    end: usize,
    is_done: bool,
}

impl<R: Read> Unpacked<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// Those of `from`, or that this is no such stream.
    pub(super) fn of(mut from: R) -> Result<Self> {
        let mut head = [0; HEAD_BYTES];
        from.read_exact(&mut head)?;
        if !head.starts_with(&HEAD) {
            return Err(Error::new(ErrorKind::InvalidData, "it is not packed as `gzip -n` packs"));
        }
        let state = InflateState::new_boxed(DataFormat::Raw);
        Ok(Self { from, state, piece: vec![0; UPDATE_PIECE_BYTES], at: 0, end: 0, is_done: false })
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        while !self.is_done && !into.is_empty() {
            let rest = self.piece.get(self.at..self.end).unwrap_or_default();
            let step = inflate(&mut self.state, rest, into, MZFlush::None);
            self.at += step.bytes_consumed;
            match step.status {
                Ok(MZStatus::StreamEnd) => self.is_done = true,
                Ok(_) | Err(MZError::Buf) => {}
                Err(_) => return Err(Error::new(ErrorKind::InvalidData, "its packed bytes are damaged")),
            }
            if step.bytes_written > 0 {
                return Ok(step.bytes_written);
            }
            if !self.is_done && step.bytes_consumed == 0 {
                (self.at, self.end) = (0, self.from.read(&mut self.piece)?);
                if self.end == 0 {
                    return Err(Error::new(ErrorKind::UnexpectedEof, "it ends in the middle"));
                }
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec;

    /// A reader that gives a few bytes at a time, as a network does.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> Result<usize> {
            let most = into.len().min(777);
            self.0.read(&mut into[..most])
        }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        [&HEAD[..], &[0; 6], &compress_to_vec(bytes, 6)[..], &[0; 8]].concat()
    }

    fn read(packed: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Unpacked::of(Slow(packed))?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_packed_is_read_however_it_comes_and_one_that_is_cut_is_told() {
        // Zeros in long runs, as in a file system, and bytes that do not pack.
        let noise = (0..70_000_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap());
        let bytes: Vec<u8> = vec![0; 300_000].into_iter().chain(noise).chain(vec![7; 100_000]).collect();
        let whole = packed(&bytes);
        assert_eq!(read(&whole).unwrap(), bytes);
        assert_eq!(read(&packed(b"")).unwrap(), b"");
        for cut in [0, 4, 10, 11, 500, whole.len() - 10] {
            assert_eq!(read(&whole[..cut]).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{cut}");
        }
        let named = [&whole[..3], &[8], &whole[4..]].concat();
        assert_eq!(read(&named).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(read(&[&whole[..10], &[0xff; 99]].concat()).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
