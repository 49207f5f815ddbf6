//! How far an agent is with its start: for a moment it does not know all that it will, and says so.

use crate::base::time::{Duration, Instant};
use crate::limits::STARTING_MS;
use crate::platform::clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// When the agent started, and what of the start is awaited. Clones are the same.
#[derive(Clone, Debug)]
pub struct Starting {
    began: Instant,
    folders: Arc<AtomicUsize>,
}

/// Folders that are named for this start and not watched yet, until this is dropped. A clone is one more.
#[derive(Debug)]
pub struct Awaited(Arc<AtomicUsize>);

impl Awaited {
    fn of(folders: &Arc<AtomicUsize>) -> Self {
        folders.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(folders))
    }
}

impl Clone for Awaited {
    fn clone(&self) -> Self {
        Self::of(&self.0)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Starting {
    /// It starts now.
    fn default() -> Self {
        Self { began: clock::now(), folders: Arc::default() }
    }
}

impl Starting {
    /// Folders are to be watched with which it is not through yet.
    #[must_use]
    pub fn awaits_folders(&self) -> Awaited {
        Awaited::of(&self.folders)
    }

    /// Whether there are such folders.
    #[must_use]
    pub fn has_folders_to_come(&self) -> bool {
        self.folders.load(Ordering::Relaxed) > 0
    }

    /// Whether it started so lately that what it does not know now it will know in a moment.
    #[must_use]
    pub fn is_young(&self) -> bool {
        clock::now().since(self.began) < Duration::from_millis(STARTING_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_to_come_until_the_last_who_sees_to_one_is_through() {
        let starting = Starting::default();
        assert!(starting.is_young() && !starting.has_folders_to_come());
        let first = starting.clone().awaits_folders();
        let second = first.clone();
        drop(first);
        assert!(starting.has_folders_to_come());
        drop(second);
        assert!(!starting.has_folders_to_come());
        let old = Starting { began: clock::now() - Duration::from_millis(STARTING_MS), ..starting };
        assert!(!old.is_young());
    }
}
