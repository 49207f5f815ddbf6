//! Which inotify watch belongs to which folder. Pure: it asks the system nothing.

use crate::base::path::prefix;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Watch descriptors by folder and folders by watch descriptor; both share the path's bytes.
#[derive(Debug, Default)]
pub(super) struct Table {
    folders: BTreeMap<Arc<[u8]>, i32>,
    watches: BTreeMap<i32, Arc<[u8]>>,
}

impl Table {
    /// The folder of a watch.
    pub(super) fn folder(&self, watch: i32) -> Option<&[u8]> {
        self.watches.get(&watch).map(AsRef::as_ref)
    }

    /// Whether the folder is watched.
    pub(super) fn holds(&self, folder: &[u8]) -> bool {
        self.folders.contains_key(folder)
    }

    /// Sets a folder's watch. The system gives one watch per inode, so a folder that was renamed, or is mounted at two
    /// places, takes its watch with it. Returns a watch that the folder had before and that is of no use any more.
    pub(super) fn insert(&mut self, folder: &[u8], watch: i32) -> Option<i32> {
        let folder: Arc<[u8]> = folder.into();
        if let Some(before) = self.watches.insert(watch, Arc::clone(&folder))
            && before != folder
        {
            self.folders.remove(&before);
        }
        let old = self.folders.insert(folder, watch).filter(|old| *old != watch)?;
        self.watches.remove(&old);
        Some(old)
    }

    /// Forgets a watch that the system has ended; gives its folder.
    pub(super) fn remove(&mut self, watch: i32) -> Option<Arc<[u8]>> {
        let folder = self.watches.remove(&watch)?;
        self.folders.remove(&folder);
        Some(folder)
    }

    /// Forgets a folder and all below it; gives their watches.
    pub(super) fn remove_below(&mut self, folder: &[u8]) -> Vec<i32> {
        let mut watches: Vec<i32> = self.folders.get(folder).copied().into_iter().collect();
        let below = prefix(folder);
        let from: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(&below), Bound::Unbounded);
        let inside = self.folders.range::<[u8], _>(from).take_while(|(path, _)| path.starts_with(&below));
        watches.extend(inside.map(|(_, watch)| *watch));
        for watch in &watches {
            self.remove(*watch);
        }
        watches
    }

    /// Folders watched.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.folders.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_all_below_it_are_forgotten_and_its_neighbours_stay() {
        let mut table = Table::default();
        for (watch, folder) in [(1, "/a"), (2, "/a/b"), (3, "/a/b/c"), (4, "/a/bc"), (5, "/b")] {
            assert_eq!(table.insert(folder.as_bytes(), watch), None);
        }
        assert_eq!(table.remove_below(b"/a/b"), [2, 3]);
        assert!(table.holds(b"/a") && table.holds(b"/a/bc") && !table.holds(b"/a/b/c"));
        assert_eq!((table.folder(4), table.folder(3)), (Some(&b"/a/bc"[..]), None));
        assert_eq!(table.remove_below(b"/"), [1, 4, 5]);
        assert_eq!((table.len(), table.watches.len()), (0, 0));
    }

    #[test]
    fn a_renamed_folder_keeps_its_watch_and_a_replaced_one_gets_another() {
        let mut table = Table::default();
        table.insert(b"/a", 1);
        assert_eq!(table.insert(b"/b", 1), None);
        assert_eq!((table.holds(b"/a"), table.folder(1)), (false, Some(&b"/b"[..])));
        assert_eq!(table.insert(b"/b", 2), Some(1), "the old folder's watch is to be ended");
        assert_eq!((table.folder(1), table.folder(2), table.len()), (None, Some(&b"/b"[..]), 1));
        assert_eq!(table.remove(2).as_deref(), Some(&b"/b"[..]));
        assert_eq!((table.remove(2), table.len()), (None, 0));
    }
}
