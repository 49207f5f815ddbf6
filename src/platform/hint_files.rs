//! Energy hints that other programs leave in files: checked every few seconds, read only when they changed.

use crate::base::time::{Duration, Instant};
use crate::limits::GRID_BYTES_MAX;
use rustix::fs::{Mode, OFlags, open};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Between two checks.
const EVERY: Duration = Duration::from_secs(5);

/// The paths of the hint files.
#[derive(Clone, Debug)]
pub struct HintPaths {
    /// The file of our own hint format.
    pub hint: PathBuf,
    /// A file with the grid's carbon intensity, in one of the formats that the API takes.
    pub grid: Option<PathBuf>,
}

impl HintPaths {
    /// The paths that the owner configured, or the default one.
    #[must_use]
    pub fn new(hint: Option<&str>, grid: Option<&str>) -> Self {
        Self { hint: PathBuf::from(hint.unwrap_or("/run/wattle/energy-hint.json")), grid: grid.map(PathBuf::from) }
    }
}

/// Which hint file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintFile {
    /// Our own hint.
    Hint,
    /// The grid's carbon intensity.
    Grid,
}

impl HintFile {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "file with a hint on energy",
            Self::Grid => "file with the grid's carbon intensity",
        }
    }
}

/// A file that is new or has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedHint {
    /// Which file.
    pub which: HintFile,
    /// Seconds since 1970 when it was written, by the clock of that moment.
    pub written: i64,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// The files, with their stamps when they were last read.
#[derive(Debug)]
pub struct HintFiles {
    files: Vec<(HintFile, PathBuf, Option<Stamp>)>,
    checked: Option<Instant>,
}

/// Inode, size, and time of the last change to the nanosecond.
type Stamp = (u64, u64, i64, i64);

impl HintFiles {
    /// Nothing read yet.
    #[must_use]
    pub fn new(paths: HintPaths) -> Self {
        let mut files = vec![(HintFile::Hint, paths.hint, None)];
        files.extend(paths.grid.map(|path| (HintFile::Grid, path, None)));
        Self { files, checked: None }
    }

    /// The files that changed, if it is time to check. A hint's time to live counts from here; an unchanged file renews
    /// nothing.
    pub fn poll(&mut self, now: Instant) -> Vec<ChangedHint> {
        if self.checked.is_some_and(|at| now.since(at) < EVERY) {
            return Vec::new();
        }
        self.checked = Some(now);
        self.files
            .iter_mut()
            .filter_map(|(which, path, before)| {
                let meta = fs::metadata(&*path).ok()?;
                let stamp = (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec());
                if before.replace(stamp) == Some(stamp) || !meta.is_file() {
                    return None;
                }
                // Without blocking, and checked again: there may be a pipe by now.
                let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
                let file = File::from(open(&*path, flags, Mode::empty()).ok()?);
                if !file.metadata().ok()?.is_file() {
                    return None;
                }
                let mut bytes = Vec::new();
                // One byte more than is accepted shows that it is too long.
                file.take(GRID_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
                Some(ChangedHint { which: *which, written: meta.mtime(), bytes })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_when_it_changed_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let hint = folder.path().join("hint.json");
        let mut files = HintFiles::new(HintPaths { hint: hint.clone(), grid: None });
        let at = |seconds: u64| Instant::from_millis(seconds * 1000);
        assert!(files.poll(at(0)).is_empty(), "there is none");
        fs::write(&hint, "one").unwrap();
        assert!(files.poll(at(1)).is_empty(), "checked a moment ago");
        let changed = files.poll(at(5));
        assert_eq!((changed[0].which, &changed[0].bytes[..], changed.len()), (HintFile::Hint, &b"one"[..], 1));
        assert!(changed[0].written > 1_700_000_000, "{changed:?}");
        assert!(files.poll(at(10)).is_empty(), "the same");
        fs::write(&hint, "other").unwrap();
        assert_eq!(files.poll(at(15)).len(), 1);
        fs::write(&hint, vec![b'x'; GRID_BYTES_MAX * 3]).unwrap();
        assert_eq!(files.poll(at(20))[0].bytes.len(), GRID_BYTES_MAX + 1, "no more than shows that it is too long");
    }
}
