//! The outputs of a machine, collected during one `handle` and drained completely before the next.

/// Far above what any input causes. The bounded tables (links, peers, timers, slots, pending queries) bound that,
/// without a sum of them here; an endless loop reaches this and fails a test instead of filling the memory.
const CEILING: usize = 4096;

/// A queue of outputs. Its memory is reused from input to input.
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
        debug_assert!(self.items.len() < CEILING, "an input caused more than {CEILING} outputs: an endless loop");
        self.items.push(item);
    }

    /// Adds these outputs in their order.
    pub fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        items.into_iter().for_each(|item| self.push(item));
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
    fn outputs_are_drained_in_order_and_the_memory_is_reused() {
        let mut out = Outbox::new();
        (0..100_u8).for_each(|n| out.push(n));
        let capacity = out.items.capacity();
        assert!(out.drain().eq(0..100));
        assert_eq!(out.drain().next(), None);
        assert_eq!(out.items.capacity(), capacity);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "an endless loop")]
    fn an_endless_loop_is_caught() {
        let mut out = Outbox::new();
        loop {
            out.push(());
        }
    }
}
