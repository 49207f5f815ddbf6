//! One sensor's file: opened once, read in place, read more rarely while it fails.

use super::root::Root;
use crate::base::time::Instant;
use crate::energy::board::tree::Tree;
use crate::energy::sample::fault::{Fault, Reading, Retry};
use crate::energy::sample::text;
use crate::limits::SENSOR_BYTES_MAX;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, pread};
use std::path::{Path, PathBuf};

/// Room for the bytes of one file.
pub(super) type Buffer = [u8; SENSOR_BYTES_MAX];

/// A file that stays open between reads.
#[derive(Debug, Default)]
pub(super) struct File {
    path: PathBuf,
    fd: Option<OwnedFd>,
    retry: Retry,
    failed: Option<Fault>,
}

impl File {
    /// The file at a path below the root; it is opened at the first read.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, fd: None, retry: Retry::default(), failed: None }
    }

    /// What the file holds now.
    pub(super) fn read<'a>(&mut self, now: Instant, buffer: &'a mut Buffer) -> Result<&'a [u8], Fault> {
        if !self.retry.is_due(now) {
            return Err(Fault::Later);
        }
        let read = self.read_now(buffer);
        self.settle(now, read.map(|_| 0));
        read.map(|length| &buffer[..length])
    }

    /// The integer in it.
    pub(super) fn integer(&mut self, now: Instant) -> Reading {
        self.read(now, &mut [0; SENSOR_BYTES_MAX]).and_then(text::integer)
    }

    /// Was it gone at the last read?
    pub(super) fn is_gone(&self) -> bool {
        self.failed == Some(Fault::Gone)
    }

    fn read_now(&mut self, buffer: &mut Buffer) -> Result<usize, Fault> {
        let fault = |errno: Errno| Fault::from_errno(errno.raw_os_error());
        if self.fd.is_none() {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            self.fd = Some(open(&self.path, flags, Mode::empty()).map_err(fault)?);
        }
        self.fd.as_ref().map_or(Err(Fault::Gone), |fd| pread(fd, &mut *buffer, 0).map_err(fault))
    }

    fn settle(&mut self, now: Instant, reading: Reading) {
        if reading == Err(Fault::Gone) {
            self.fd = None;
        }
        if reading == Err(Fault::Denied) {
            log::info!("{} may not be read by this user, and is left alone.", self.path.display());
        }
        self.failed = reading.err();
        self.retry.on(now, reading);
    }
}

/// Reads a file once, for a listing.
pub(super) fn once(path: &Path, buffer: &mut Buffer) -> Result<usize, Fault> {
    File::new(path.to_owned()).read_now(buffer)
}

/// The files of the listing before, to be reused by the next one: the retry pause of a failing or denied file does not
/// restart because some other sensor came or went.
pub(super) struct PreviousFiles<'a> {
    root: &'a Root,
    tree: &'a Tree,
    before: Vec<File>,
}

impl<'a> PreviousFiles<'a> {
    pub(super) const fn new(root: &'a Root, tree: &'a Tree, before: Vec<File>) -> Self {
        Self { root, tree, before }
    }

    /// The file at a path below the root.
    pub(super) fn file(&mut self, path: &str) -> File {
        let full = self.root.below(path);
        let before = self.before.iter().position(|file| file.path == full).map(|at| self.before.swap_remove(at));
        // A file that the listing could read, or whose error changed, is opened again: the old one may belong to a
        // device that was removed and added again. Files that are not listed, as /proc/stat, are always the same.
        let listed = self.tree.has(path).then(|| self.tree.bytes(path).err());
        let same =
            |file: &File| listed.is_none_or(|listed| listed.is_some() && listed == file.failed) && !file.is_gone();
        before.filter(same).unwrap_or_else(|| File::new(full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_listing_reuses_files_that_fail_or_were_denied_and_opens_others_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "7\n").unwrap();
        let root = Root::new(folder.path());
        let now = Instant::ZERO;
        let mut file = File::new(root.below("a"));
        file.settle(now, Err(Fault::Denied));
        let mut tree = Tree::default();
        tree.insert("a", Err(Fault::Denied));
        let mut denied = PreviousFiles::new(&root, &tree, vec![file]).file("a");
        assert_eq!(denied.integer(now), Err(Fault::Later), "it is not read again");
        tree.insert("a", Ok(b"7\n"));
        let mut opened = PreviousFiles::new(&root, &tree, vec![denied]).file("a");
        assert_eq!(opened.integer(now), Ok(7), "the permission was given");
        assert!(
            PreviousFiles::new(&root, &tree, vec![opened]).file("a").fd.is_none(),
            "it may be another device's by now"
        );
        let mut stat = File::new(root.below("a"));
        assert_eq!(stat.integer(now), Ok(7));
        assert!(
            PreviousFiles::new(&root, &Tree::default(), vec![stat]).file("a").fd.is_some(),
            "what is not listed stays"
        );
    }
}
