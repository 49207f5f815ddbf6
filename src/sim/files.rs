//! Simulated files: a map, with stamps as a file system gives them. It takes the place of `platform::folder`.

use crate::limits::{DOCUMENT_BYTES_MAX, SCAN_BATCH};
use crate::scheduler::path::covers;
use crate::scheduler::task::Scan;
use crate::store::record::FileStamp;
use crate::worker::extract::{Content, content_hash};
use crate::worker::look::{AsRead, Look};
use crate::worker::scan::{Entry, Listing};
use std::collections::BTreeMap;

/// All files of one device.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: BTreeMap<Vec<u8>, (FileStamp, Vec<u8>)>,
    ticks: i64,
}

impl Files {
    /// Creates or overwrites a file.
    pub fn write(&mut self, path: &[u8], content: &[u8]) {
        self.ticks += 1;
        let inode = self.files.get(path).map_or(self.ticks.cast_unsigned(), |(stamp, _)| stamp.inode);
        let stamp = FileStamp { size: content.len() as u64, modified_ns: self.ticks, changed_ns: self.ticks, inode };
        self.files.insert(path.to_vec(), (stamp, content.to_vec()));
    }

    /// Removes a file; a missing one is no error.
    pub fn remove(&mut self, path: &[u8]) {
        self.files.remove(path);
    }

    /// Renames a folder: the files keep their inode and their modification time.
    pub fn rename_folder(&mut self, from: &[u8], to: &[u8]) {
        self.ticks += 1;
        let moving: Vec<_> = self.files.keys().filter(|path| covers(from, path)).cloned().collect();
        for path in moving {
            if let Some((stamp, content)) = self.files.remove(&path) {
                let stamp = FileStamp { changed_ns: self.ticks, ..stamp };
                self.files.insert([to, &path[from.len()..]].concat(), (stamp, content));
            }
        }
    }

    /// All paths and contents.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.files.iter().map(|(path, (_, content))| (path.as_slice(), content.as_slice()))
    }

    /// The next batch of a scan, as `platform::folder` gives it.
    #[must_use]
    pub fn list(&self, scan: &Scan) -> Listing {
        let later = |path: &[u8]| scan.after.as_deref().is_none_or(|after| path > after);
        let found = self.files.iter().filter(|(path, _)| covers(&scan.scope, path) && later(path));
        let entry = |(path, (stamp, _)): (&Vec<u8>, &(FileStamp, Vec<u8>))| Entry {
            path: path.clone(),
            stamp: *stamp,
            has_other_names: false,
        };
        let entries: Vec<_> = found.take(SCAN_BATCH).map(entry).collect();
        let full = entries.len() == SCAN_BATCH;
        let upto = entries.last().filter(|_| full).map(|entry| entry.path.clone());
        Listing { entries, upto, ..Listing::default() }
    }

    /// Whether a file is there, as it was read where that is asked.
    pub(super) fn look(&self, path: Vec<u8>, file: Option<AsRead>) -> (Vec<u8>, Look) {
        let look = match (self.files.get(&path), file) {
            (None, _) => Look::Missing(Some(0)),
            (Some((_, content)), Some(file)) if content_hash(content) != file.content => Look::Changed,
            (Some(_), _) => Look::There,
        };
        (path, look)
    }

    /// A whole file, as `platform::folder` gives it.
    #[must_use]
    pub fn read(&self, path: &[u8]) -> Content {
        match self.files.get(path) {
            None => Content::Missing(0),
            Some((stamp, _)) if stamp.size > DOCUMENT_BYTES_MAX => Content::TooLarge(*stamp),
            Some((stamp, content)) => Content::Bytes(content.clone(), *stamp),
        }
    }
}
