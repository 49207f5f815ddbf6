//! What was begun again and again and never came to an end: some damage of a store ends the process whenever it is read, by a panic within
//! a panic, which no guard catches.
//!
//! A mark on the disk has a byte for each beginning, and one more if the process panicked before the end; the end removes it. So a process that
//! its owner or the kernel ended is told from one that ended by itself: three Ctrl-C at the wrong moment are no damage. A process that the
//! kernel ends for want of memory leaves no more than it either, so that very many beginnings without an end are taken for damage all the same.

use super::regular;
use crate::limits::{STORE_OPENINGS_MAX, STORE_UNENDED_MAX};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const BEGUN: u8 = b'x';
const PANICKED: u8 = b'p';

/// Where a panic of this process is noted, once.
static NOTED_IN: Mutex<Option<PathBuf>> = Mutex::new(None);

/// How often what this mark stands for has ended the process; `None` if not often enough to give it up.
pub(super) fn ended(mark: &Path) -> Option<usize> {
    let marks = regular::read(mark, 2 * STORE_UNENDED_MAX).unwrap_or_default();
    let count = |of: u8| marks.iter().filter(|byte| **byte == of).count();
    let (begun, panicked) = (count(BEGUN), count(PANICKED));
    if panicked >= STORE_OPENINGS_MAX {
        Some(panicked)
    } else {
        Some(begun).filter(|begun| *begun >= STORE_UNENDED_MAX)
    }
}

/// It begins. On a full disk there is no mark, and it begins all the same.
pub(super) fn begin(mark: &Path) {
    append(mark, BEGUN);
    if let Ok(mut noted_in) = NOTED_IN.lock() {
        *noted_in = Some(mark.to_owned());
    }
}

/// It came to an end, or got on.
pub(super) fn end(mark: &Path) {
    if let Ok(mut noted_in) = NOTED_IN.lock() {
        noted_in.take_if(|noted_in| noted_in == mark);
    }
    let _ = fs::remove_file(mark);
}

/// The process panics: called by the hook.
pub(super) fn note_panic() {
    // The thread may have panicked while it held the lock.
    let Ok(mut noted_in) = NOTED_IN.try_lock() else { return };
    if let Some(mark) = noted_in.take() {
        append(&mark, PANICKED);
    }
}

fn append(mark: &Path, byte: u8) {
    let opened = OpenOptions::new().create(true).append(true).open(mark);
    let _ = opened.and_then(|mut mark| mark.write_all(&[byte]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_ended_is_told_from_one_that_ended_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let after = |begun: usize, panicked: usize| {
            end(&mark);
            (0..begun).for_each(|_| append(&mark, BEGUN));
            (0..panicked).for_each(|_| append(&mark, PANICKED));
            ended(&mark)
        };
        assert_eq!(after(0, 0), None);
        assert_eq!(after(STORE_OPENINGS_MAX, STORE_OPENINGS_MAX - 1), None);
        assert_eq!(after(STORE_OPENINGS_MAX, STORE_OPENINGS_MAX), Some(STORE_OPENINGS_MAX));
        assert_eq!(after(STORE_UNENDED_MAX - 1, 0), None);
        assert_eq!(after(STORE_UNENDED_MAX, 0), Some(STORE_UNENDED_MAX));
        assert_eq!(after(STORE_UNENDED_MAX, STORE_UNENDED_MAX), Some(STORE_UNENDED_MAX), "the longest mark is read");
    }

    #[test]
    fn each_beginning_and_the_first_panic_behind_it_are_noted_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        begin(&mark);
        // Tests beside this one may begin too, or panic.
        *NOTED_IN.lock().unwrap() = Some(mark.clone());
        note_panic();
        note_panic();
        assert_eq!(fs::read(&mark).unwrap(), b"xp");
        begin(&mark);
        assert!(fs::read(&mark).unwrap().starts_with(b"xpx"));
        end(&mark);
        assert!(!mark.exists() && ended(&mark).is_none());
    }
}
