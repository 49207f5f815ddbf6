//! Files of another disk in the place of documents: a disk was exchanged for another one at the same place. What was known of the files on
//! the first disk is gone once that is saved, so that people are told, with the number of all files that the looks since the start found.

use super::task::{Replaced, ReplacedDisk};
use crate::limits::REPLACED_DISKS_MAX;
use std::collections::BTreeMap;

/// The disks that were exchanged since the start.
#[derive(Debug)]
pub(super) struct ReplacedDisks {
    /// What the step under way found, by the path of the source. It is counted once it is saved: else the next look finds it again.
    unsaved: Vec<(Vec<u8>, Replaced)>,
    /// By the source and the volumes.
    known: BTreeMap<(Vec<u8>, u16, u16), Known>,
}

#[derive(Debug)]
struct Known {
    files: u64,
    path: Vec<u8>,
    /// How many of them were told.
    told: u64,
}

impl ReplacedDisks {
    pub(super) const fn new() -> Self {
        Self { unsaved: Vec::new(), known: BTreeMap::new() }
    }

    /// A step found these in a source.
    pub(super) fn found(&mut self, source: &[u8], found: Vec<Replaced>) {
        self.unsaved = found.into_iter().map(|found| (source.to_vec(), found)).collect();
    }

    /// What the step found is not saved.
    pub(super) fn cancel(&mut self) {
        self.unsaved.clear();
    }

    /// What the step found is saved. Gives what is to be told: disks at once, and their number of files again at the end of a scan.
    pub(super) fn saved(&mut self, is_over: bool) -> Vec<ReplacedDisk> {
        for (source, Replaced { was, now, files, path }) in std::mem::take(&mut self.unsaved) {
            let key = (source, was, now);
            let has_room = self.known.contains_key(&key) || self.known.len() < REPLACED_DISKS_MAX;
            let key = if has_room { key } else { (Vec::new(), 0, 0) };
            self.known.entry(key).or_insert(Known { files: 0, path, told: 0 }).files += files;
        }
        let is_due = |known: &Known| known.told == 0 || is_over && known.told < known.files;
        let due = self.known.iter_mut().filter(|(_, known)| is_due(known));
        due.map(|((source, was, now), known)| {
            known.told = known.files;
            let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
            ReplacedDisk { source: text(source), volumes: (*was, *now), files: known.files, path: text(&known.path) }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(was: u16, files: u64, path: &str) -> Vec<Replaced> {
        vec![Replaced { was, now: 8, files, path: path.into() }]
    }

    fn told(source: &str, was: u16, files: u64, path: &str) -> Vec<ReplacedDisk> {
        vec![ReplacedDisk { source: source.to_owned(), volumes: (was, 8), files, path: path.to_owned() }]
    }

    #[test]
    fn the_files_of_all_steps_are_summed_and_told_with_the_first_and_at_the_end() {
        let mut disks = ReplacedDisks::new();
        for step in 0..88 {
            disks.found(b"/mnt", some(7, 57, &format!("/mnt/usb/{step}/a.md")));
            let first = if step == 0 { told("/mnt", 7, 57, "/mnt/usb/0/a.md") } else { Vec::new() };
            assert_eq!(disks.saved(false), first);
        }
        disks.found(b"/mnt", some(7, 1, "/mnt/usb/z.md"));
        disks.cancel();
        assert_eq!(disks.saved(true), told("/mnt", 7, 88 * 57, "/mnt/usb/0/a.md"), "what is not saved is found again");
        assert_eq!(disks.saved(true), [], "once");
        disks.found(b"/mnt", some(9, 1, "/mnt/card/a.md"));
        assert_eq!(disks.saved(true), told("/mnt", 9, 1, "/mnt/card/a.md"), "another disk");
        disks.found(b"/srv", some(7, 2, "/srv/a.md"));
        assert_eq!(disks.saved(true), told("/srv", 7, 2, "/srv/a.md"), "another source");
    }

    #[test]
    fn so_many_disks_are_known_and_the_others_are_summed() {
        let mut disks = ReplacedDisks::new();
        for n in 0..2 * u16::try_from(REPLACED_DISKS_MAX).unwrap() {
            disks.found(b"/mnt", some(100 + n, 3, "/mnt/a.md"));
            let _ = disks.saved(false);
        }
        assert_eq!(disks.known.len(), REPLACED_DISKS_MAX + 1);
        let rest = disks.saved(true);
        assert_eq!((rest.len(), rest[0].files), (1, 3 * REPLACED_DISKS_MAX as u64));
    }
}
