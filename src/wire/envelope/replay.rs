//! Replay protection: which message numbers of one sender were accepted before.

use crate::limits::MESSAGE_WINDOW;
use crate::wire::window::SlidingWindow;

/// The newest boot of a sender, and which of its numbers were accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    boot: u32,
    numbers: Box<SlidingWindow<{ MESSAGE_WINDOW.div_ceil(64) }>>,
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
        self.numbers.accept(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_start_is_refused_and_a_later_one_starts_an_empty_window() {
        let mut window = Window::default();
        assert!(window.take(2, 5) && !window.take(2, 5) && !window.take(1, 6));
        assert!(window.take(3, 1) && !window.take(2, 7));
        assert!(window.take(3, u64::MAX) && !window.take(3, u64::MAX) && !window.take(3, 1) && !window.take(3, 0));
        assert!(window.take(u32::MAX, 1));
    }
}
