//! How long something took, counted in few buckets (<https://prometheus.io/docs/practices/histograms/>).

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts by how long they took. Adding takes no lock and allocates nothing.
#[derive(Debug)]
pub(crate) struct Histogram {
    /// In milliseconds, rising: how long those took at most that a bucket counts.
    bounds: &'static [u64],
    /// One for each bound, and one for what took longer than all of them.
    buckets: Box<[AtomicU64]>,
    sum_ms: AtomicU64,
}

/// What a histogram held at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    /// Of each bound, in seconds, how many took no longer.
    pub(crate) buckets: Vec<(f64, u64)>,
    /// How many there were.
    pub(crate) count: u64,
    /// What all of them took together, in seconds.
    pub(crate) sum_s: f64,
}

impl Histogram {
    /// An empty one with these bounds.
    pub(super) fn new(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, buckets, sum_ms: AtomicU64::new(0) }
    }

    /// Counts one that took so long.
    pub(super) fn add(&self, ms: u64) {
        let at = self.bounds.partition_point(|bound| *bound < ms);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// What it holds. The count is the sum of the buckets as they were read, so that the two agree whatever is added meanwhile.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(self.bounds.len());
        for (bound, bucket) in self.bounds.iter().zip(self.buckets.iter()) {
            count += bucket.load(Ordering::Relaxed);
            buckets.push((seconds(*bound), count));
        }
        count += self.buckets.last().map_or(0, |beyond| beyond.load(Ordering::Relaxed));
        Snapshot { buckets, count, sum_s: seconds(self.sum_ms.load(Ordering::Relaxed)) }
    }
}

/// Sums of years are far below 2^53 milliseconds.
const fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_counts_what_took_no_longer_than_its_bound_and_what_took_longer_counts_in_all() {
        let histogram = Histogram::new(&[5, 100]);
        assert_eq!(histogram.snapshot(), Snapshot { buckets: vec![(0.005, 0), (0.1, 0)], count: 0, sum_s: 0.0 });
        for ms in [0, 5, 6, 100, 101, 1288] {
            histogram.add(ms);
        }
        assert_eq!(histogram.snapshot(), Snapshot { buckets: vec![(0.005, 2), (0.1, 4)], count: 6, sum_s: 1.5 });
    }
}
