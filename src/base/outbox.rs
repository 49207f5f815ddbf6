//! What a machine wants done, collected during one `handle` and drained wholly before the next.

/// Far above what any input causes. Bounded tables bound that (links, peers, timers, slots, open questions), and no
/// sum of them is kept here; a loop without an end would reach this and stop a test instead of filling the memory.
const CEILING: usize = 4096;

/// A queue of outputs. Its memory is kept from input to input.
#[derive(Debug)]
pub struct Outbox<T> {
    items: Vec<T>,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> Outbox<T> {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one output, after those already there.
    ///
    /// # Panics
    /// In debug builds and tests, if one input causes more than `CEILING` outputs.
    pub fn push(&mut self, item: T) {
        debug_assert!(self.items.len() < CEILING, "an input caused more than {CEILING} outputs: some loop has no end");
        self.items.push(item);
    }

    /// Takes everything out, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.items.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_leave_in_the_order_they_came_and_the_memory_stays() {
        let mut out = Outbox::new();
        (0..100_u8).for_each(|n| out.push(n));
        let kept = out.items.capacity();
        assert!(out.drain().eq(0..100));
        assert_eq!(out.drain().next(), None);
        assert_eq!(out.items.capacity(), kept);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "some loop has no end")]
    fn a_loop_without_an_end_is_caught() {
        let mut out = Outbox::new();
        loop {
            out.push(());
        }
    }
}
