//! Replay protection: which message numbers of one sender were accepted before (a sliding window, as in RFC 4303
//! 3.4.3).

use crate::limits::MESSAGE_WINDOW;

const WORDS: usize = MESSAGE_WINDOW.div_ceil(64);

/// The newest (boot, seq) of a sender, and which of the `MESSAGE_WINDOW` numbers up to it were accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    boot: u32,
    newest: u64,
    /// One bit a number, at the number modulo the window.
    taken: Box<[u64; WORDS]>,
}

impl Window {
    /// Accepts a number; false if it was accepted before, is older than the window, or of an earlier start.
    pub(super) fn take(&mut self, boot: u32, seq: u64) -> bool {
        if boot < self.boot || seq == 0 {
            return false;
        }
        if boot > self.boot {
            *self = Self { boot, ..Self::default() };
        }
        if seq > self.newest {
            self.clear_up_to(seq);
            self.newest = seq;
        } else if self.newest - seq >= MESSAGE_WINDOW as u64 {
            return false;
        }
        let (word, bit) = bit_of(seq);
        let Some(word) = self.taken.get_mut(word) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Clears the bits of the numbers after the newest one, up to `seq`: they stood for older numbers.
    fn clear_up_to(&mut self, seq: u64) {
        if seq - self.newest >= MESSAGE_WINDOW as u64 {
            *self.taken = [0; WORDS];
            return;
        }
        for skipped in self.newest + 1..=seq {
            let (word, bit) = bit_of(skipped);
            if let Some(word) = self.taken.get_mut(word) {
                *word &= !bit;
            }
        }
    }
}

/// The word of a number's bit, and the bit.
const fn bit_of(seq: u64) -> (usize, u64) {
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of the window's length")]
    let at = (seq % MESSAGE_WINDOW as u64) as usize;
    (at / 64, 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_is_accepted_once_in_any_order() {
        let mut rng = Rng::new(9);
        let (mut window, mut seen, mut newest) = (Window::default(), BTreeSet::new(), 0);
        for _ in 0..50_000 {
            let seq = 1 + newest + rng.below(40) - rng.below(20.min(newest + 1));
            let expected = seq + MESSAGE_WINDOW as u64 > newest && seen.insert(seq);
            assert_eq!(window.take(3, seq), expected, "{seq} after {newest}");
            newest = newest.max(seq);
        }
    }

    #[test]
    fn an_earlier_start_is_refused_and_a_later_one_starts_an_empty_window() {
        let mut window = Window::default();
        assert!(window.take(2, 5) && !window.take(2, 5) && !window.take(1, 6));
        assert!(window.take(3, 1) && !window.take(2, 7));
        assert!(window.take(3, u64::MAX) && !window.take(3, u64::MAX) && !window.take(3, 1) && !window.take(3, 0));
        assert!(window.take(u32::MAX, 1));
    }
}
