//! In how small pieces a peer sends: frames of Noise and frames of yamux, counted against the bytes that they bring.
//!
//! A piece costs the same work however little is in it, and yamux's settings bound windows, not frames: one byte in each, nothing in each, or window updates
//! and pings without end would keep a core busy at a small part of what the network carries. So a connection has a store of pieces, which time
//! and bytes fill up again: a frame of yamux with two of `LINK_PIECE_BYTES` pays for itself and for a frame of Noise of its own, and larger ones are never bounded
//! by it. Whoever has used it up is sent away.

use crate::base::time::Instant;
use crate::limits::{LINK_PIECE_BYTES, LINK_PIECES_BURST, LINK_PIECES_PER_SECOND};

/// Bytes of the head of a frame of yamux: version, type, flags, stream, length.
const HEAD_BYTES: usize = 12;

/// The type of a frame with data behind its head.
const DATA: u8 = 0;

/// What is said of a peer that is sent away.
pub(super) const TOO_SMALL: &str = "it sends its data in too small pieces, or sends none in them";

/// The store of one connection, and where in a frame of yamux what is read stands.
pub(super) struct Pieces {
    left: u64,
    /// Bytes that have not bought a piece yet.
    bytes: usize,
    /// Until when time has filled it up.
    filled: Instant,
    head: [u8; HEAD_BYTES],
    /// Bytes of the head that were read.
    at: usize,
    /// Bytes of data behind it that were not.
    body: usize,
}

impl Pieces {
    /// A full store.
    pub(super) fn new(now: Instant) -> Self {
        Self { left: u64::from(LINK_PIECES_BURST), bytes: 0, filled: now, head: [0; HEAD_BYTES], at: 0, body: 0 }
    }

    /// A frame of Noise with so many bytes has come; whether the store had it.
    pub(super) fn noise_frame(&mut self, bytes: usize, now: impl FnOnce() -> Instant) -> bool {
        self.bytes += bytes;
        let bought = self.bytes / LINK_PIECE_BYTES;
        self.bytes %= LINK_PIECE_BYTES;
        self.add(bought as u64);
        self.take(1, now)
    }

    /// So much of the frames of yamux was read; whether the store had those whose heads are whole now.
    pub(super) fn read(&mut self, mut bytes: &[u8], now: impl FnOnce() -> Instant) -> bool {
        let mut heads = 0;
        while !bytes.is_empty() {
            let skipped = self.body.min(bytes.len());
            self.body -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let room = self.head.get_mut(self.at..).unwrap_or_default();
            let length = room.len().min(bytes.len());
            let (part, rest) = bytes.split_at_checked(length).unwrap_or_default();
            if let Some(room) = room.get_mut(..length) {
                room.copy_from_slice(part);
            }
            self.at += length;
            bytes = rest;
            if self.at == HEAD_BYTES {
                let [_, kind, .., a, b, c, d] = self.head;
                let length = u32::from_be_bytes([a, b, c, d]);
                self.body = if kind == DATA { usize::try_from(length).unwrap_or(usize::MAX) } else { 0 };
                self.at = 0;
                heads += 1;
            }
        }
        heads == 0 || self.take(heads, now)
    }

    /// Takes pieces. The clock is asked only where the store seems empty.
    fn take(&mut self, pieces: u64, now: impl FnOnce() -> Instant) -> bool {
        if self.left < pieces {
            let now = now();
            let passed = now.since(self.filled).as_millis();
            let passed = u64::try_from(passed).unwrap_or(u64::MAX);
            self.filled = now;
            self.add(passed.saturating_mul(u64::from(LINK_PIECES_PER_SECOND)) / 1_000);
        }
        match self.left.checked_sub(pieces) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn add(&mut self, pieces: u64) {
        self.left = self.left.saturating_add(pieces).min(u64::from(LINK_PIECES_BURST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant::from_millis(1_000_000);

    fn head(kind: u8, length: u32) -> Vec<u8> {
        [&[0, kind, 0, 0, 0, 0, 0, 1][..], &length.to_be_bytes()].concat()
    }

    /// How many of these frames the store has at once, if they are read in parts of this length.
    fn taken(pieces: &mut Pieces, frame: &[u8], part: usize, at: Instant) -> u32 {
        let mut taken = 0;
        while frame.chunks(part).all(|part| pieces.read(part, || at)) {
            taken += 1;
            assert!(taken < 10 * LINK_PIECES_BURST, "they have no end");
        }
        taken
    }

    #[test]
    fn frames_with_nothing_or_a_byte_in_them_end_the_store_however_they_are_read() {
        let one = [head(DATA, 1), vec![7]].concat();
        for frame in [one.as_slice(), &head(DATA, 0), &head(1, 5), &head(2, 99), &head(3, 0)] {
            for part in [1, 5, 12, 13] {
                let mut pieces = Pieces::new(AT);
                assert_eq!(taken(&mut pieces, frame, part, AT), LINK_PIECES_BURST, "{frame:?} in {part}");
            }
        }
        let mut pieces = Pieces::new(AT);
        let many = one.repeat(100);
        assert!((0..LINK_PIECES_BURST / 100).all(|_| pieces.read(&many, || AT)), "many frames in one read");
        assert!(!pieces.read(&many, || AT));
        let mut pieces = Pieces::new(AT);
        assert!((0..LINK_PIECES_BURST).all(|_| pieces.noise_frame(0, || AT)) && !pieces.noise_frame(1, || AT));
    }

    #[test]
    fn time_fills_the_store_and_no_more_than_it_holds() {
        let mut pieces = Pieces::new(AT);
        let ping = head(2, 0);
        assert_eq!(taken(&mut pieces, &ping, 12, AT), LINK_PIECES_BURST);
        let later = AT + crate::base::time::Duration::from_secs(2);
        assert_eq!(taken(&mut pieces, &ping, 12, later), 2 * LINK_PIECES_PER_SECOND);
        let much_later = later + crate::base::time::Duration::from_secs(3_600);
        assert_eq!(taken(&mut pieces, &ping, 12, much_later), LINK_PIECES_BURST);
    }

    #[test]
    fn whoever_sends_in_usual_pieces_is_never_bounded() {
        let mut pieces = Pieces::new(AT);
        let data = [head(DATA, u32::try_from(2 * LINK_PIECE_BYTES).unwrap()), vec![9; 2 * LINK_PIECE_BYTES]].concat();
        for _ in 0..10 * LINK_PIECES_BURST {
            assert!(pieces.noise_frame(data.len(), || AT) && pieces.read(&data, || AT));
        }
        // What is in the data is no head.
        let mut pieces = Pieces::new(AT);
        let inside = [head(DATA, 1200), head(2, 0).repeat(100)].concat();
        assert_eq!(taken(&mut pieces, &inside, 7, AT), LINK_PIECES_BURST);
    }
}
