//! How many documents each source is to have, by the looks at it, which `matching` holds against the index; and how many of them are
//! kept without their files.

use super::{Counts, Losses};
use crate::scheduler::path::covers;

impl Counts {
    pub(super) fn expects_fewer(&mut self, fewer: u64) {
        self.expected = self.expected.map(|expected| expected.saturating_sub(fewer));
    }
}

impl Losses {
    /// So many documents of the source are being forgotten.
    pub(in crate::scheduler) fn expects_fewer(&mut self, source: &[u8], fewer: u64) {
        if let Some(counts) = self.sources.get_mut(source) {
            counts.expects_fewer(fewer);
        }
    }

    /// So many more documents of the source are kept without their files.
    pub(in crate::scheduler) fn keeps(&mut self, source: &[u8], more: u64) {
        if let Some(counts) = self.sources.get_mut(source) {
            counts.kept += more;
        }
    }

    /// So many documents at this place were kept without their files, and are forgotten.
    pub(in crate::scheduler) fn keeps_no_more(&mut self, place: &[u8], fewer: u64) {
        for (source, counts) in &mut self.sources {
            if covers(source, place) {
                counts.kept = counts.kept.saturating_sub(fewer);
                counts.expects_fewer(fewer);
            } else if covers(place, source) {
                counts.expects_fewer(counts.kept);
                counts.kept = 0;
            }
        }
    }

    /// How many documents of the source are kept without their files, by the last look at all of it.
    pub(in crate::scheduler) fn kept(&self, source: &[u8]) -> u64 {
        self.sources.get(source).map_or(0, |counts| counts.kept)
    }

    /// Documents at this place were deleted: how many are left is known after the next look at all of its source.
    pub(in crate::scheduler) fn are_swept(&mut self, place: &[u8]) {
        let touched = self.sources.iter_mut().filter(|(source, _)| covers(source, place) || covers(place, source));
        touched.for_each(|(_, counts)| counts.expected = None);
    }

    /// How many documents the source has, by the looks so far; `None` before the first one, and where no file was found.
    pub(in crate::scheduler) fn expected(&self, source: &[u8]) -> Option<u64> {
        self.sources.get(source)?.expected
    }
}
