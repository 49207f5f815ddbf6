//! Frames of our own postcard streams: the length as an unsigned varint, then the bytes.

use super::varint;
use std::fmt;

/// A length that ends the stream, because the beginning of the next frame is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadFrame {
    /// The length is above the stream's cap.
    TooLarge,
    /// The length is zero.
    Empty,
    /// The varint is malformed.
    Length,
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "a frame is larger than this stream takes",
            Self::Empty => "a frame is empty",
            Self::Length => "a frame does not begin with its length",
        })
    }
}

impl std::error::Error for BadFrame {}

/// Appends `bytes` as one frame.
pub fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Collects frames of at most `cap` bytes. Memory grows with the bytes that arrived, to twice as many, and not beyond the announced
/// length.
#[derive(Debug)]
pub struct Decoder {
    cap: usize,
    head: heapless::Vec<u8, { varint::BYTES_MAX }>,
    missing: Option<usize>,
    body: Vec<u8>,
}

impl Decoder {
    /// A decoder of frames of at most `cap` bytes.
    #[must_use]
    pub const fn new(cap: usize) -> Self {
        Self { cap, head: heapless::Vec::new(), missing: None, body: Vec::new() }
    }

    /// Takes input up to the end of one frame; returns how many bytes were used, and the frame if it is complete.
    ///
    /// # Errors
    /// The length is wrong: the stream must be closed.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Vec<u8>>), BadFrame> {
        let mut used = 0;
        let missing = loop {
            if let Some(missing) = self.missing {
                break missing;
            }
            let Some(byte) = input.get(used) else { return Ok((used, None)) };
            used += 1;
            self.head.push(*byte).map_err(|_| BadFrame::Length)?;
            if let Some((length, _)) = varint::read(&self.head).map_err(|_| BadFrame::Length)? {
                let length = usize::try_from(length).ok().filter(|length| *length <= self.cap);
                self.missing = Some(length.ok_or(BadFrame::TooLarge)?);
                if self.missing == Some(0) {
                    return Err(BadFrame::Empty);
                }
            }
        };
        let rest = input.get(used..).unwrap_or_default();
        let taken = rest.get(..missing).unwrap_or(rest);
        if self.body.capacity() < self.body.len() + taken.len() {
            self.body.reserve_exact(missing.min(taken.len().max(self.body.len())));
        }
        self.body.extend_from_slice(taken);
        used += taken.len();
        if taken.len() < missing {
            self.missing = Some(missing - taken.len());
            return Ok((used, None));
        }
        self.missing = None;
        self.head.clear();
        Ok((used, Some(std::mem::take(&mut self.body))))
    }

    /// The length of the frame that begins with this input, if that is whole. Only between two frames.
    #[must_use]
    pub fn announced(&self, input: &[u8]) -> Option<usize> {
        let (length, _) = varint::read(input).ok()??;
        usize::try_from(length).ok().filter(|length| self.is_between() && *length <= self.cap)
    }

    /// Gives the memory of `buffer` to the next frame. Only between two frames.
    pub fn reuse(&mut self, buffer: Vec<u8>) {
        if self.is_between() {
            self.body = buffer;
            self.body.clear();
        }
    }

    /// Whether the stream may end here: between two frames.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.head.is_empty() && self.body.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    #[test]
    fn frames_come_back_however_the_stream_was_cut() {
        let mut rng = Rng::new(6);
        let frames: Vec<Vec<u8>> = (1..200).map(|length: u8| vec![length; length.into()]).collect();
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| put(&mut bytes, frame));
        let (mut decoder, mut seen, mut at) = (Decoder::new(200), Vec::new(), 0);
        while at < bytes.len() {
            let end = (at + 1 + random_bytes::below(&mut rng, 300)).min(bytes.len());
            let (used, frame) = decoder.feed(&bytes[at..end]).unwrap();
            at += used;
            seen.extend(frame);
        }
        assert_eq!(seen, frames);
        assert!(decoder.is_between());
    }

    #[test]
    fn an_announced_length_of_four_gigabytes_takes_no_memory() {
        let mut head = Vec::new();
        varint::put(&mut head, 4 << 30);
        assert_eq!(Decoder::new(1 << 20).feed(&head), Err(BadFrame::TooLarge));
        let mut decoder = Decoder::new(1 << 20);
        head.clear();
        varint::put(&mut head, 1 << 20);
        decoder.feed(&head).unwrap();
        decoder.feed(&[0; 100]).unwrap();
        assert!(decoder.body.capacity() < 1024, "memory grows with what arrived");
        assert_eq!(Decoder::new(9).feed(&[0]), Err(BadFrame::Empty));
        assert_eq!(Decoder::new(9).feed(&[0x80, 0x00]), Err(BadFrame::Length));
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut rng = Rng::new(7);
        for _ in 0..5_000 {
            let bytes = random_bytes::bytes(&mut rng, 60);
            let (mut decoder, mut at) = (Decoder::new(50), 0);
            while let Ok((used, _)) = decoder.feed(&bytes[at..]) {
                at += used;
                if at == bytes.len() {
                    break;
                }
            }
        }
    }
}
