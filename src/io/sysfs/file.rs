//! One sensor's file: opened once, read in place, asked more rarely while it fails.

use crate::base::time::Instant;
use crate::energy::sample::fault::{Fault, Reading, Retry};
use crate::energy::sample::text;
use crate::limits::SENSOR_BYTES_MAX;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, pread};
use std::path::{Path, PathBuf};

/// Room for the bytes of one file.
pub(super) type Buffer = [u8; SENSOR_BYTES_MAX];

/// A file that is kept open.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    fd: Option<OwnedFd>,
    retry: Retry,
}

impl File {
    /// The file at a path below the root; it is opened at the first read.
    pub(super) fn new(root: &Path, path: &str) -> Self {
        Self { path: root.join(path), fd: None, retry: Retry::default() }
    }

    /// What the file holds now.
    pub(super) fn read<'a>(&mut self, now: Instant, buffer: &'a mut Buffer) -> Result<&'a [u8], Fault> {
        if !self.retry.is_due(now) {
            return Err(Fault::Later);
        }
        let read = self.ask(buffer);
        self.settle(now, read.map(|_| 0));
        read.map(|length| &buffer[..length])
    }

    /// The integer in it.
    pub(super) fn integer(&mut self, now: Instant) -> Reading {
        self.read(now, &mut [0; SENSOR_BYTES_MAX]).and_then(text::integer)
    }

    fn ask(&mut self, buffer: &mut Buffer) -> Result<usize, Fault> {
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
        self.retry.on(now, reading);
    }
}

/// Reads a file once, for a listing.
pub(super) fn once(path: &Path, buffer: &mut Buffer) -> Result<usize, Fault> {
    let mut file = File { path: path.to_owned(), fd: None, retry: Retry::default() };
    file.ask(buffer)
}
