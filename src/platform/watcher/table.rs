//! Which inotify watch belongs to which folder. Pure: it asks the system nothing.

use crate::base::path::prefix;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Watch descriptors by folder and folders by watch descriptor; both share the paths' bytes.
///
/// The system gives one watch per inode. A folder that is mounted at two places (`mount --bind`) has one for both paths: what changes
/// in it is told of each, and the watch ends with the last of them.
#[derive(Debug, Default)]
pub(super) struct Table {
    folders: BTreeMap<Arc<[u8]>, i32>,
    watches: BTreeMap<i32, Vec<Arc<[u8]>>>,
}

impl Table {
    /// The folders of a watch; none if it is not known.
    pub(super) fn folders(&self, watch: i32) -> &[Arc<[u8]>] {
        self.watches.get(&watch).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the folder is watched.
    pub(super) fn holds(&self, folder: &[u8]) -> bool {
        self.folders.contains_key(folder)
    }

    /// Sets a folder's watch. Returns a watch that the folder had before and that is of no use any more.
    pub(super) fn insert(&mut self, folder: &[u8], watch: i32) -> Option<i32> {
        let folder: Arc<[u8]> = folder.into();
        let old = self.folders.insert(Arc::clone(&folder), watch);
        if old == Some(watch) {
            return None;
        }
        self.watches.entry(watch).or_default().push(Arc::clone(&folder));
        old.filter(|old| self.leaves(&folder, *old))
    }

    /// The watch is not that of this folder any more; true if it is that of none.
    fn leaves(&mut self, folder: &[u8], watch: i32) -> bool {
        let Some(folders) = self.watches.get_mut(&watch) else { return true };
        folders.retain(|other| **other != *folder);
        let is_last = folders.is_empty();
        if is_last {
            self.watches.remove(&watch);
        }
        is_last
    }

    /// Forgets a watch that the system has ended; gives its folders.
    pub(super) fn remove(&mut self, watch: i32) -> Vec<Arc<[u8]>> {
        let folders = self.watches.remove(&watch).unwrap_or_default();
        for folder in &folders {
            self.folders.remove(folder);
        }
        folders
    }

    /// Forgets a folder and all below it; gives those of their watches that are of no other folder.
    pub(super) fn remove_below(&mut self, folder: &[u8]) -> Vec<i32> {
        let mut gone: Vec<Arc<[u8]>> =
            self.folders.get_key_value(folder).map(|(path, _)| Arc::clone(path)).into_iter().collect();
        let below = prefix(folder);
        let from: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(&below), Bound::Unbounded);
        let inside = self.folders.range::<[u8], _>(from).take_while(|(path, _)| path.starts_with(&below));
        gone.extend(inside.map(|(path, _)| Arc::clone(path)));
        let mut watches = Vec::new();
        for folder in gone {
            watches.extend(self.folders.remove(&folder).filter(|watch| self.leaves(&folder, *watch)));
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

    fn paths(table: &Table, watch: i32) -> Vec<&[u8]> {
        table.folders(watch).iter().map(AsRef::as_ref).collect()
    }

    #[test]
    fn a_folder_and_all_below_it_are_forgotten_and_its_neighbours_stay() {
        let mut table = Table::default();
        for (watch, folder) in [(1, "/a"), (2, "/a/b"), (3, "/a/b/c"), (4, "/a/bc"), (5, "/b")] {
            assert_eq!(table.insert(folder.as_bytes(), watch), None);
        }
        assert_eq!(table.remove_below(b"/a/b"), [2, 3]);
        assert!(table.holds(b"/a") && table.holds(b"/a/bc") && !table.holds(b"/a/b/c"));
        assert_eq!((paths(&table, 4), paths(&table, 3)), (vec![&b"/a/bc"[..]], vec![]));
        assert_eq!(table.remove_below(b"/"), [1, 4, 5]);
        assert_eq!((table.len(), table.watches.len()), (0, 0));
    }

    #[test]
    fn a_renamed_folder_keeps_its_watch_and_a_replaced_one_gets_another() {
        let mut table = Table::default();
        table.insert(b"/a", 1);
        assert_eq!(table.insert(b"/b", 1), None);
        assert_eq!(table.remove_below(b"/a"), [0; 0], "it left that place, and its watch is that of the other one");
        assert_eq!((table.holds(b"/a"), paths(&table, 1)), (false, vec![&b"/b"[..]]));
        assert_eq!(table.insert(b"/b", 2), Some(1), "the old folder's watch is to be ended");
        assert_eq!((paths(&table, 1), paths(&table, 2), table.len()), (vec![], vec![&b"/b"[..]], 1));
        assert_eq!(table.remove(2).len(), 1);
        assert_eq!((table.remove(2).len(), table.len()), (0, 0));
    }

    #[test]
    fn a_folder_that_is_mounted_at_two_places_keeps_its_watch_while_it_is_at_one_of_them() {
        for (first, second) in [(&b"/a/m"[..], &b"/a/n"[..]), (b"/a/n", b"/a/m")] {
            let mut table = Table::default();
            table.insert(first, 1);
            assert_eq!((table.insert(second, 1), table.insert(second, 1)), (None, None));
            assert_eq!(paths(&table, 1), [first, second], "a change is told of both");
            assert_eq!(table.remove_below(second), [0; 0], "the other place needs it");
            assert_eq!((paths(&table, 1), table.holds(second)), (vec![first], false));
            table.insert(second, 1);
            assert_eq!(table.insert(second, 2), None, "what lies there after the unmount has its own");
            assert_eq!(table.remove_below(b"/a").len(), 2);
            assert_eq!((table.len(), table.watches.len()), (0, 0));
        }
    }
}
