//! What is embedded more than once, by its cause.

use serde::{Deserialize, Serialize};

/// Embeddings beyond one for each chunk, in this run of the agent, each under one cause. What a device computed and never sent, because it died or lost
/// its link, is in `lost` at most: it counts what it had of a batch that it may have begun, and had not sent. What it was at when it was told to stop, because this device was
/// faster, is in no count: one task of it at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// Results that were computed here too, to check their makers.
    pub checked: u64,
    /// Texts whose vectors were known, sent along to check a device.
    pub known: u64,
    /// Results for what was done already: the owner had embedded it meanwhile, the lease was over, or its document is another one now.
    pub late: u64,
    /// Chunks embedded here whose results came from their devices first.
    pub hedged: u64,
    /// Chunks whose device went away, lost its link or let its lease end, and of which nothing came since; of those that it gave back what one task of it has.
    pub lost: u64,
    /// Results that do not count, because a check of their maker failed, it may work no more, or nothing could be saved before one.
    pub unproven: u64,
}

impl Again {
    /// So many that are counted as lost came all the same.
    pub(super) const fn found(&mut self, count: usize) {
        self.lost = self.lost.saturating_sub(count as u64);
    }

    /// All of them.
    #[must_use]
    pub fn sum(&self) -> u64 {
        let Self { checked, known, late, hedged, lost, unproven } = *self;
        [checked, known, late, hedged, lost, unproven].iter().sum()
    }
}
