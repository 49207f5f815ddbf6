//! Replay protection: which message numbers of one sender were accepted before.

use crate::limits::{MESSAGE_WINDOW, START_PROOF_BYTES_MAX};
use crate::wire::window::SlidingWindow;

/// Why a number is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    /// It was accepted before, is 0, or is older than the window.
    Number,
    /// It is of an earlier start than this latest one.
    Start(u32),
}

/// The newest boot of a sender, and which of its numbers were accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    boot: u32,
    /// The latest short message of that boot, whole, and its number: its sender believes its own signature.
    proof: Vec<u8>,
    proof_seq: u64,
    numbers: Box<SlidingWindow<{ MESSAGE_WINDOW.div_ceil(64) }>>,
}

impl Window {
    /// Accepts a number of a message.
    ///
    /// # Errors
    /// It is not accepted; nothing was changed.
    pub(super) fn take(&mut self, boot: u32, seq: u64, message: &[u8]) -> Result<(), Stale> {
        if boot < self.boot {
            return Err(Stale::Start(self.boot));
        }
        if seq == 0 {
            return Err(Stale::Number);
        }
        if boot > self.boot {
            (self.boot, self.numbers) = (boot, Box::default());
            self.proof.clear();
            self.proof_seq = 0;
        }
        if !self.numbers.accept(seq) {
            return Err(Stale::Number);
        }
        if seq > self.proof_seq && !message.is_empty() && message.len() <= START_PROOF_BYTES_MAX {
            self.proof.clear();
            self.proof.extend_from_slice(message);
            self.proof_seq = seq;
        }
        Ok(())
    }

    /// Of the newest boot, the message with the highest number that was accepted, unless all were too long; empty before the first one. The
    /// highest: a home that was restored may have the same boot, and have used the lower numbers again.
    pub(super) fn proof(&self) -> &[u8] {
        &self.proof
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_start_is_refused_and_a_later_one_starts_an_empty_window() {
        let mut window = Window::default();
        let mut take = |boot, seq| window.take(boot, seq, b"");
        assert_eq!([take(2, 5), take(2, 5), take(1, 6)], [Ok(()), Err(Stale::Number), Err(Stale::Start(2))]);
        assert_eq!([take(3, 1), take(2, 7)], [Ok(()), Err(Stale::Start(3))]);
        assert_eq!(
            [take(3, u64::MAX), take(3, u64::MAX), take(3, 1)],
            [Ok(()), Err(Stale::Number), Err(Stale::Number)]
        );
        assert_eq!([take(3, 0), take(u32::MAX, 1)], [Err(Stale::Number), Ok(())]);
    }

    #[test]
    fn the_latest_short_message_of_the_newest_start_is_its_proof() {
        let mut window = Window::default();
        assert!(window.proof().is_empty());
        assert_eq!(window.take(4, 1, &[1; START_PROOF_BYTES_MAX + 1]), Ok(()));
        assert!(window.proof().is_empty(), "too long");
        assert!(window.take(4, 3, b"three").is_ok() && window.take(4, 2, b"two").is_ok());
        assert!(window.take(4, 4, b"").is_ok() && window.take(4, 4, b"again").is_err());
        assert!(window.take(3, 9, b"old").is_err());
        assert_eq!(window.proof(), b"three");
        assert!(window.take(5, 0, b"none").is_err() && window.proof() == b"three");
        assert_eq!(window.take(5, 1, b"five"), Ok(()));
        assert_eq!(window.proof(), b"five");
    }
}
