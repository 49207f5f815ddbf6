//! An energy counter that wraps: RAPL's, or a rail's.

/// The last value of a counter.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    range: u64,
    last: Option<u64>,
}

impl Counter {
    /// A counter in microjoules that wraps to 0 after `range` (`max_energy_range_uj`).
    #[must_use]
    pub const fn new(range: u64) -> Self {
        Self { range, last: None }
    }

    /// Microjoules since the last value; `None` for the first one, and where a read failed: the next value then counts
    /// from the last one that was read, and nothing is lost.
    pub fn take(&mut self, value: Option<u64>) -> Option<u64> {
        let value = value?;
        let before = self.last.replace(value)?;
        Some(match value.checked_sub(before) {
            Some(passed) => passed,
            // One wrap: the kernel counts 0 to `range`, both included.
            None => (self.range.saturating_sub(before)).saturating_add(value).saturating_add(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_across_a_wrap() {
        // The range of a real host.
        let range = 262_143_328_850;
        let mut counter = Counter::new(range);
        let (mut truth, mut total) = (range - 1_000_000, 0_u64);
        assert_eq!(counter.take(Some(truth)), None);
        for step in [400_000, 600_000, 1, 5_000_000, 77] {
            truth += step;
            total += counter.take(Some(truth % (range + 1))).unwrap();
        }
        assert_eq!(total, truth - (range - 1_000_000));
    }

    #[test]
    fn a_failed_read_is_unknown_and_its_energy_comes_with_the_next() {
        let mut counter = Counter::new(1000);
        assert_eq!(counter.take(None), None);
        assert_eq!(counter.take(Some(10)), None);
        assert_eq!(counter.take(None), None);
        assert_eq!(counter.take(Some(60)), Some(50));
    }
}
