//! Hints that others leave in files: looked at every few seconds, read only when they changed.

use crate::base::time::{Duration, Instant};
use crate::limits::GRID_BYTES_MAX;
use rustix::fs::{Mode, OFlags, open};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Where hints may lie.
#[derive(Clone, Debug)]
pub struct HintPaths {
    /// Our own hint's file.
    pub hint: PathBuf,
    /// A file with the grid's carbon intensity, in one of the shapes that the API takes.
    pub grid: Option<PathBuf>,
}

impl HintPaths {
    /// Where the owner says, or where hints lie by default.
    #[must_use]
    pub fn new(hint: Option<&str>, grid: Option<&str>) -> Self {
        Self { hint: PathBuf::from(hint.unwrap_or("/run/wattle/energy-hint.json")), grid: grid.map(PathBuf::from) }
    }
}

/// HintFile file said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintFile {
    /// The hint's.
    Hint,
    /// The grid's.
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

/// A file that is new, or other than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedHint {
    /// HintFile.
    pub which: HintFile,
    /// Seconds since 1970 when it was written, by the clock of that moment.
    pub written: i64,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// The files, and what they were when they were read last.
#[derive(Debug)]
pub struct HintFiles {
    files: Vec<(HintFile, PathBuf, Option<Stamp>)>,
    looked: Option<Instant>,
}

/// Inode, size, and time of the last change to the nanosecond.
type Stamp = (u64, u64, i64, i64);

impl HintFiles {
    /// Nothing read yet.
    #[must_use]
    pub fn new(places: HintPaths) -> Self {
        let mut files = vec![(HintFile::Hint, places.hint, None)];
        files.extend(places.grid.map(|path| (HintFile::Grid, path, None)));
        Self { files, looked: None }
    }

    /// What changed, if it is time to look. A hint's life counts from here; a file that stays as it is renews nothing.
    pub fn poll(&mut self, now: Instant) -> Vec<ChangedHint> {
        if self.looked.is_some_and(|at| now.since(at) < EVERY) {
            return Vec::new();
        }
        self.looked = Some(now);
        self.files
            .iter_mut()
            .filter_map(|(which, path, before)| {
                let about = fs::metadata(&*path).ok()?;
                let stamp = (about.ino(), about.size(), about.mtime(), about.mtime_nsec());
                if before.replace(stamp) == Some(stamp) || !about.is_file() {
                    return None;
                }
                // Without waiting, and looked at once more: somebody may have put a pipe there meanwhile.
                let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
                let file = File::from(open(&*path, flags, Mode::empty()).ok()?);
                if !file.metadata().ok()?.is_file() {
                    return None;
                }
                let mut bytes = Vec::new();
                // A byte more than is taken shows that it is too long.
                file.take(GRID_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
                Some(ChangedHint { which: *which, written: about.mtime(), bytes })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_when_it_changed_and_only_then() {
        let place = tempfile::tempdir().unwrap();
        let hint = place.path().join("hint.json");
        let mut files = HintFiles::new(HintPaths { hint: hint.clone(), grid: None });
        let at = |seconds: u64| Instant::from_millis(seconds * 1000);
        assert!(files.poll(at(0)).is_empty(), "there is none");
        fs::write(&hint, "one").unwrap();
        assert!(files.poll(at(1)).is_empty(), "looked a moment ago");
        let said = files.poll(at(5));
        assert_eq!((said[0].which, &said[0].bytes[..], said.len()), (HintFile::Hint, &b"one"[..], 1));
        assert!(said[0].written > 1_700_000_000, "{said:?}");
        assert!(files.poll(at(10)).is_empty(), "the same");
        fs::write(&hint, "other").unwrap();
        assert_eq!(files.poll(at(15)).len(), 1);
        fs::write(&hint, vec![b'x'; GRID_BYTES_MAX * 3]).unwrap();
        assert_eq!(files.poll(at(20))[0].bytes.len(), GRID_BYTES_MAX + 1, "no more than shows that it is too long");
    }
}
