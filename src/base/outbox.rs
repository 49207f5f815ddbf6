//! What a machine wants done, collected during one `handle` and drained wholly before the next.

/// A bounded list of outputs. Overflow is a defect of the house (the caps in `limits` must add up), so
/// it panics instead of dropping a promise.
#[derive(Debug)]
pub struct Outbox<T, const N: usize> {
    // On the heap: N large outputs, moved with each input, were a fifth of the simulator's time.
    items: Vec<T>,
}

impl<T, const N: usize> Default for Outbox<T, N> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T, const N: usize> Outbox<T, N> {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one output, after those already there.
    ///
    /// # Panics
    /// If `N` outputs wait already: one input may never cause more, see `limits::OUT_PER_INPUT_MAX`.
    pub fn push(&mut self, item: T) {
        assert!(self.items.len() < N, "an input caused more than {N} outputs; limits.rs must be mended");
        self.items.push(item);
    }

    /// How many more outputs fit.
    #[must_use]
    pub fn room(&self) -> usize {
        N - self.items.len()
    }

    /// Takes everything out, oldest first.
    pub fn drain(&mut self) -> Vec<T> {
        core::mem::take(&mut self.items)
    }
}

#[cfg(test)]
mod tests {
    use super::Outbox;

    #[test]
    fn outputs_leave_in_the_order_they_came() {
        let mut out = Outbox::<u8, 4>::new();
        out.push(1);
        out.push(2);
        assert_eq!(out.room(), 2);
        assert_eq!(out.drain().as_slice(), [1, 2]);
        assert_eq!(out.room(), 4);
    }
}
