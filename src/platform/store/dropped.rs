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

/// Bytes that are not zero, in a piece in which something was written: a write has more than these, and a bit that flipped behind the last one is one
/// of them.
const WRITTEN_MIN: usize = 8;

/// The journals of a store, and how far each was written.
pub(super) struct Journals(Vec<(PathBuf, Written)>);

/// How far a journal was written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    /// One past the last byte that is not zero, but for the strays.
    end: u64,
    /// One past the last of the few bytes behind it that are not zero either; 0 if there are none.
    stray: u64,
}

/// What an opening has dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Bytes of what was written.
    pub(crate) bytes: u64,
    /// Whether a few bytes behind that were not zero.
    pub(crate) has_strays: bool,
    /// Bytes of damaged batches, those behind which are there: they were taken out before the opening (`disk::journal`).
    pub(crate) damaged: u64,
    /// Whether there was no journal at all.
    pub(crate) is_gone: bool,
}

impl Journals {
    /// Those in this folder, before it is opened. What cannot be looked at is left out.
    pub(super) fn of(folder: &Path) -> Self {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let journals = files.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
        Self(journals.filter_map(|path| written(&path).map(|end| (path, end))).collect())
    }

    /// What was written and is not there any more, once it is open.
    pub(super) fn dropped(&self) -> Dropped {
        let lost = |path: &Path, end: u64| end - fs::metadata(path).map_or(end, |meta| meta.len().min(end));
        Dropped {
            bytes: self.0.iter().map(|(path, written)| lost(path, written.end)).sum(),
            has_strays: self.0.iter().any(|(path, written)| lost(path, written.stray) > 0),
            ..Dropped::default()
        }
    }
}

/// How far a file was written, by its bytes that are not zero: a journal is made as long as it may become.
fn written(path: &Path) -> Option<Written> {
    let file = File::open(path).ok()?;
    let (mut parts, mut from) = (Vec::new(), 0);
    // Without its holes, which would be read into the system's memory.
    while let Ok(data) = seek(&file, SeekFrom::Data(from)) {
        let end = seek(&file, SeekFrom::Hole(data)).ok().filter(|end| *end > data)?;
        parts.push((data, end));
        from = end;
    }
    let mut piece = vec![0; usize::try_from(PIECE).ok()?];
    let mut found = Written::default();
    for (start, mut end) in parts.into_iter().rev() {
        while end > start {
            let begin = end.saturating_sub(PIECE).max(start);
            let bytes = piece.get_mut(..usize::try_from(end - begin).ok()?)?;
            file.read_exact_at(bytes, begin).ok()?;
            let behind = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| begin + last as u64 + 1);
            if bytes.iter().filter(|byte| **byte != 0).nth(WRITTEN_MIN - 1).is_some() {
                return Some(Written { end: behind, ..found });
            }
            found.stray = found.stray.max(behind);
            end = begin;
        }
    }
    Some(found)
}

/// What is to be said of what was dropped, and of a repair for which so many documents are read again; `None` if there was neither.
pub(crate) fn told(dropped: Dropped, repaired: Option<u64>) -> Option<Finding> {
    let Dropped { bytes, has_strays, damaged, is_gone } = dropped;
    let command = Some("dmesg --level=err,warn".to_owned());
    let lost = match (bytes, repaired) {
        _ if is_gone => "The store's journal was gone, and what was written to the store last went with it".to_owned(),
        _ if damaged > 0 => format!(
            "A part of what was written to the store last, {} KiB, could not be read, and was dropped, and what was written behind it is there \
             (the journal as it was is kept in the store's folder, with the ending .damaged, and can be deleted)",
            damaged.div_ceil(1024)
        ),
        (0, None) if has_strays => {
            let what = "A few bytes of the store's journal, behind the last that was written, were not zero, and were dropped. Nothing was \
                        saved in them, and nothing is lost. The disk or card may be failing: make a backup.";
            return Some(Finding { area: Area::State, what: what.to_owned(), command });
        }
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
    let unless =
        if is_gone { "If nobody deleted it," } else { "After a power cut or `kill -9` that is as it should be; else" };
    let what = format!("{lost}; {then}. {unless} the disk or card may be failing: make a backup.");
    Some(Finding { area: Area::State, what, command })
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
        assert_eq!(written(&path), Some(Written::default()));
        for end in [1, 5_000, 65_536, 65_537, 1 << 20] {
            file.write_all_at(&[7; 9][..if end < 9 { 1 } else { 9 }], end - end.min(9)).unwrap();
            let found = written(&path).unwrap();
            assert_eq!(if end < 9 { found.stray } else { found.end }, end);
        }
        file.write_all_at(&vec![0; 300_000], 1 << 21).unwrap();
        let journals = Journals::of(folder.path());
        assert_eq!(journals.dropped(), Dropped::default());
        file.set_len(1 << 20).unwrap();
        assert_eq!(journals.dropped(), Dropped::default());
        file.set_len((1 << 20) - 3000).unwrap();
        let of = |bytes| Dropped { bytes, ..Dropped::default() };
        assert_eq!(journals.dropped(), of(3000));
        assert!(told(of(3000), None).unwrap().what.contains("3 KiB, could not be read"));
        assert!(told(of(3000), Some(1)).unwrap().what.contains("1 file is read again"));
        assert!(told(of(0), Some(2)).unwrap().what.contains("last was gone") && told(of(0), None).is_none());
        assert_eq!(Journals::of(&folder.path().join("none")).dropped(), of(0));
    }

    #[test]
    fn a_bit_that_flipped_behind_what_was_written_is_no_loss_of_all_that_is_in_between() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.jnl");
        let file = File::create(&path).unwrap();
        file.write_all_at(&[7; 5000], 0).unwrap();
        file.write_all_at(&vec![0; 1 << 20], 5000).unwrap();
        file.write_all_at(&[4], 600_000).unwrap();
        assert_eq!(written(&path), Some(Written { end: 5000, stray: 600_001 }));
        let journals = Journals::of(folder.path());
        file.set_len(5000).unwrap();
        assert_eq!(journals.dropped(), Dropped { has_strays: true, ..Dropped::default() });
        file.set_len(4000).unwrap();
        assert_eq!(journals.dropped(), Dropped { bytes: 1000, has_strays: true, ..Dropped::default() });
    }
}
