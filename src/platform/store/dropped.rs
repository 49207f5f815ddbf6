//! What an opening drops of a journal. fjall takes what it cannot read of a journal for the rest of a write that a power cut ended, drops it
//! with everything behind it, and says nothing.

use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding};
use rustix::fs::{SeekFrom, seek};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const PIECE: u64 = 1 << 16;

/// The journals of a store, and how far each was written.
pub(super) struct Journals(Vec<(PathBuf, u64)>);

impl Journals {
    /// Those in this folder, before it is opened. What cannot be looked at is left out.
    pub(super) fn of(folder: &Path) -> Self {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let journals = files.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
        Self(journals.filter_map(|path| written(&path).map(|end| (path, end))).collect())
    }

    /// Bytes that were written and are not there any more, once it is open.
    pub(super) fn dropped(&self) -> u64 {
        let left = |path: &Path, end: u64| fs::metadata(path).map_or(end, |meta| meta.len().min(end));
        self.0.iter().map(|(path, end)| end - left(path, *end)).sum()
    }
}

/// One past the last byte of a file that is not zero: a journal is made as long as it may become.
fn written(path: &Path) -> Option<u64> {
    let file = File::open(path).ok()?;
    let (mut parts, mut from) = (Vec::new(), 0);
    // Without its holes, which would be read into the system's memory.
    while let Ok(data) = seek(&file, SeekFrom::Data(from)) {
        let end = seek(&file, SeekFrom::Hole(data)).ok().filter(|end| *end > data)?;
        parts.push((data, end));
        from = end;
    }
    let mut piece = vec![0; usize::try_from(PIECE).ok()?];
    for (start, mut end) in parts.into_iter().rev() {
        while end > start {
            let begin = end.saturating_sub(PIECE).max(start);
            let bytes = piece.get_mut(..usize::try_from(end - begin).ok()?)?;
            file.read_exact_at(bytes, begin).ok()?;
            if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                return Some(begin + last as u64 + 1);
            }
            end = begin;
        }
    }
    Some(0)
}

/// What is to be said of so many bytes, and of a repair for which so many documents are read again; `None` if there was neither.
pub(crate) fn told(bytes: u64, repaired: Option<u64>) -> Option<Finding> {
    let lost = match (bytes, repaired) {
        (0, None) => return None,
        (0, Some(_)) => "A part of what was written to the store last was gone".to_owned(),
        _ => format!(
            "The end of what was written to the store, {} KiB, could not be read, and was dropped",
            bytes.div_ceil(1024)
        ),
    };
    let then = match repaired {
        None => "what was saved in it is read again from your files".to_owned(),
        Some(documents) => format!(
            "the store was repaired, and {} read again",
            count(documents, "file") + plural(documents, " is", " are")
        ),
    };
    let what = format!(
        "{lost}; {then}. After a power cut that is as it should be; else the disk or card may be failing: make a backup."
    );
    Some(Finding { area: Area::State, what, command: Some("dmesg --level=err,warn".to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_a_journal_is_counted_and_zeros_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.jnl");
        let file = File::create(&path).unwrap();
        file.set_len(1 << 22).unwrap();
        assert_eq!(written(&path), Some(0));
        for end in [1, 5_000, 65_536, 65_537, 1 << 20] {
            file.write_all_at(&[7], end - 1).unwrap();
            assert_eq!(written(&path), Some(end));
        }
        file.write_all_at(&vec![0; 300_000], 1 << 21).unwrap();
        let journals = Journals::of(folder.path());
        assert_eq!(journals.dropped(), 0);
        file.set_len(1 << 20).unwrap();
        assert_eq!(journals.dropped(), 0);
        file.set_len((1 << 20) - 3000).unwrap();
        assert_eq!(journals.dropped(), 3000);
        assert!(told(3000, None).unwrap().what.contains("3 KiB, could not be read"));
        assert!(told(3000, Some(1)).unwrap().what.contains("1 file is read again"));
        assert!(told(0, Some(2)).unwrap().what.contains("last was gone") && told(0, None).is_none());
        assert_eq!(Journals::of(&folder.path().join("none")).dropped(), 0);
    }
}
