//! A sliding window over the numbers of one sender: which were accepted before (replay protection as in RFC 4303, 3.4.3).

/// The newest accepted number, and which of the `64 * WORDS` numbers up to it were accepted. Numbers begin at 1.
#[derive(Clone, Debug)]
pub(super) struct SlidingWindow<const WORDS: usize> {
    newest: u64,
    /// One bit a number, at the number modulo the window.
    accepted: [u64; WORDS],
}

impl<const WORDS: usize> Default for SlidingWindow<WORDS> {
    fn default() -> Self {
        Self { newest: 0, accepted: [0; WORDS] }
    }
}

impl<const WORDS: usize> SlidingWindow<WORDS> {
    const LENGTH: u64 = 64 * WORDS as u64;

    /// The newest accepted number; 0 if there is none.
    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Whether a number can be accepted: it is not 0, not older than the window, and was not accepted before.
    pub(super) fn is_new(&self, number: u64) -> bool {
        let (word, bit) = Self::bit_of(number);
        number > self.newest
            || (number > 0
                && self.newest - number < Self::LENGTH
                && self.accepted.get(word).is_some_and(|word| word & bit == 0))
    }

    /// Accepts a number; false, and nothing is changed, if it is not new.
    pub(super) fn accept(&mut self, number: u64) -> bool {
        if !self.is_new(number) {
            return false;
        }
        if number > self.newest {
            self.clear_up_to(number);
            self.newest = number;
        }
        let (word, bit) = Self::bit_of(number);
        if let Some(word) = self.accepted.get_mut(word) {
            *word |= bit;
        }
        true
    }

    /// Clears the bits of the numbers after the newest one, up to `number`: they stood for older numbers.
    fn clear_up_to(&mut self, number: u64) {
        if number - self.newest >= Self::LENGTH {
            self.accepted = [0; WORDS];
            return;
        }
        for skipped in self.newest + 1..=number {
            let (word, bit) = Self::bit_of(skipped);
            if let Some(word) = self.accepted.get_mut(word) {
                *word &= !bit;
            }
        }
    }

    /// The word of a number's bit, and the bit.
    const fn bit_of(number: u64) -> (usize, u64) {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder of the window's length")]
        let at = (number % Self::LENGTH) as usize;
        (at / 64, 1 << (at % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_is_accepted_once_in_any_order_within_the_window() {
        let mut rng = Rng::new(9);
        let (mut window, mut seen, mut newest) = (SlidingWindow::<4>::default(), BTreeSet::new(), 0);
        for _ in 0..50_000 {
            let number = 1 + newest + rng.below(40) - rng.below(300.min(newest + 1));
            let expected = number + 256 > newest && seen.insert(number);
            assert_eq!(window.is_new(number), expected, "{number} after {newest}");
            assert_eq!(window.accept(number), expected, "{number} after {newest}");
            newest = newest.max(number);
            assert_eq!(window.newest(), newest);
        }
    }

    #[test]
    fn a_number_far_ahead_and_the_last_one_are_accepted_once_and_zero_never() {
        let mut window = SlidingWindow::<1>::default();
        assert!(!window.accept(0) && window.accept(7) && window.accept(7_000) && !window.accept(7));
        assert!(window.accept(u64::MAX) && !window.accept(u64::MAX) && !window.accept(7_001) && !window.accept(0));
    }
}
