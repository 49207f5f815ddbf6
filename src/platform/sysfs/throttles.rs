//! The kernel's counters of thermal throttling, each by itself: one that could not be read for a while adds nothing
//! when it comes back.

use super::file::File;
use super::root::Root;
use crate::base::time::Instant;
use crate::energy::board::tree::Tree;
use crate::limits::THROTTLE_COUNTERS_MAX;

/// The counters, and their increments in all.
#[derive(Debug, Default)]
pub(super) struct Throttles {
    all: Vec<(String, File, Option<i64>)>,
    rose: u64,
}

impl Throttles {
    /// Those of a tree; `before` are those of the listing before it.
    pub(super) fn new(root: &Root, tree: &Tree, before: Self) -> Self {
        let mut known = before.all;
        let mut open = |path: &str| {
            let before = known.iter().position(|(other, ..)| other == path).map(|at| known.swap_remove(at));
            before.unwrap_or_else(|| (path.to_owned(), File::new(root.below(path)), None))
        };
        let paths = tree.paths().filter(|path| path.ends_with("/package_throttle_count"));
        Self { all: paths.take(THROTTLE_COUNTERS_MAX).map(&mut open).collect(), rose: before.rose }
    }

    pub(super) const fn files(&self) -> usize {
        self.all.len()
    }

    /// The increments of all since the start; `None` where none could be read.
    pub(super) fn read(&mut self, now: Instant) -> Option<u64> {
        let mut any = false;
        for (_, file, last) in &mut self.all {
            if let Ok(count) = file.integer(now) {
                any = true;
                let before = last.replace(count).unwrap_or(count);
                self.rose = self.rose.saturating_add(u64::try_from(count.saturating_sub(before)).unwrap_or(0));
            }
        }
        any.then_some(self.rose)
    }
}
