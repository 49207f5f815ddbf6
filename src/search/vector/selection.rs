//! Keeps the nearest of a scan: a counter for each distance tells how far the farthest of them is, and what lies farther is not even
//! looked at. Nearly all vectors of a scan do, so that choosing costs less than comparing.

use crate::limits::DIMENSIONS;

/// The nearest so far.
pub(super) struct Selection {
    wanted: usize,
    /// Those found at each distance.
    counts: [u32; DIMENSIONS + 1],
    /// Those found that are not farther than `limit`.
    within: usize,
    /// Farther ones are not among the `wanted` nearest.
    limit: u16,
    found: Vec<(u16, u32)>,
    /// The length of `found` at which those that lie too far by now are thrown away.
    full: usize,
}

impl Selection {
    /// For so many, at least one.
    pub(super) fn new(wanted: usize) -> Self {
        let wanted = wanted.max(1);
        let full = wanted.saturating_mul(4);
        let limit = u16::try_from(DIMENSIONS).unwrap_or(u16::MAX);
        Self { wanted, counts: [0; DIMENSIONS + 1], within: 0, limit, found: Vec::new(), full }
    }

    /// What lies farther is of no use.
    pub(super) const fn limit(&self) -> u16 {
        self.limit
    }

    /// Takes one that is not farther than the limit.
    pub(super) fn take(&mut self, distance: u16, position: u32) {
        let Some(count) = self.counts.get_mut(usize::from(distance)) else { return };
        *count += 1;
        self.within += 1;
        self.found.push((distance, position));
        // As at least one is wanted, the limit does not get below 0.
        loop {
            let at_limit = self.counts.get(usize::from(self.limit)).map_or(0, |count| *count as usize);
            if self.within - at_limit < self.wanted {
                break;
            }
            self.within -= at_limit;
            self.limit -= 1;
        }
        if self.found.len() >= self.full {
            self.drop_far();
            self.full = self.full.max(self.found.len().saturating_mul(2));
        }
    }

    fn drop_far(&mut self) {
        let limit = self.limit;
        self.found.retain(|(distance, _)| *distance <= limit);
    }

    /// The nearest in no order, with all that are as far as the last of them.
    pub(super) fn nearest(mut self) -> Vec<(u16, u32)> {
        self.drop_far();
        self.found
    }
}
