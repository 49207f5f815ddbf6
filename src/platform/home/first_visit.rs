//! Whether the page's first visitor may choose its password, as far as the home tells: a note that a start writes into a new home before anything else.
//!
//! A first start that is cut leaves the note, and the next one is the first again. Once the window's first step is spent the note says so, and it goes
//! with the window's end, and before a backup is restored. Without it, or where it cannot be read, nobody chooses: what is deleted opens nothing.

use super::home_file::HomeFile;
use super::{durable, written};
use crate::limits::STATE_BYTES_MAX;
use std::io::Result;
use std::path::Path;

/// What a home says of its first visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstVisit {
    /// Nobody chooses as one.
    Shut,
    /// No start has opened the window yet.
    New,
    /// A start has opened it, and wrote down how much of it is spent.
    Begun,
}

const NEW: &[u8] = b"new\n";
const BEGUN: &[u8] = written::BEGUN_VISIT;

impl FirstVisit {
    /// What this home says.
    #[must_use]
    pub fn of(home: &Path) -> Self {
        let bytes = durable::read(&home.join(HomeFile::FirstVisit.name()), STATE_BYTES_MAX).ok().flatten();
        match bytes.as_deref() {
            Some(NEW) if !written::is_used(home) => Self::New,
            Some(BEGUN) => Self::Begun,
            _ => Self::Shut,
        }
    }

    /// An agent starts in this home, of which nothing but the key may have been made yet: notes it, if the home `is_new` and no start was counted in it.
    /// Returns what it says then. Where hardly more than a note of a window is left of a home, nobody goes on with that.
    #[must_use]
    pub fn at_start(home: &Path, is_new: bool) -> Self {
        if Self::of(home) == Self::Begun && written::is_rest(home) {
            // The note is what tells that the home is not new, until the list does.
            if written::note_start(home) {
                let _ = Self::Shut.note(home);
            }
            return Self::Shut;
        }
        let is_first = is_new && written::is_gone(&home.join(HomeFile::BootCount.name()));
        if is_first
            && Self::of(home) == Self::Shut
            && let Err(error) = Self::New.note(home)
        {
            log::warn!(
                "No first visitor of the page chooses its password, as that cannot be written down: {error}. `wattle password set` sets one."
            );
        }
        Self::of(home)
    }

    /// Has the home say this from now on; that is on the disk when this returns.
    ///
    /// # Errors
    /// The system's.
    pub fn note(self, home: &Path) -> Result<()> {
        let path = home.join(HomeFile::FirstVisit.name());
        match self {
            Self::Shut => durable::remove(&path),
            Self::New => durable::write(&path, NEW),
            Self::Begun => durable::write(&path, BEGUN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Home;
    use super::*;

    /// A start up to where it counts itself.
    fn start(path: &Path, cut_after: usize) -> FirstVisit {
        let home = Home::open(path).unwrap();
        let visit = FirstVisit::at_start(path, home.is_new());
        if cut_after >= 1 {
            home.identity().unwrap();
        }
        if cut_after >= 2 {
            home.token().unwrap();
        }
        if cut_after >= 3 {
            home.count_boot().unwrap();
        }
        visit
    }

    #[test]
    fn a_first_start_that_was_cut_anywhere_is_the_first_again_and_one_without_its_note_is_not() {
        for cut in 0..=3 {
            let folder = tempfile::tempdir().unwrap();
            for again in 0..3 {
                assert_eq!(start(folder.path(), cut), FirstVisit::New, "cut after {cut}, start {again}");
            }
            start(folder.path(), 3);
            FirstVisit::Begun.note(folder.path()).unwrap();
            assert_eq!(start(folder.path(), 3), FirstVisit::Begun);
            FirstVisit::Shut.note(folder.path()).unwrap();
            assert_eq!(start(folder.path(), 3), FirstVisit::Shut);
        }
    }

    #[test]
    fn a_home_with_folders_or_a_mesh_and_one_whose_restore_did_not_end_takes_no_first_visitor() {
        for file in [HomeFile::Sources, HomeFile::Records, HomeFile::MeshRoot] {
            let folder = tempfile::tempdir().unwrap();
            assert_eq!(start(folder.path(), 3), FirstVisit::New);
            std::fs::write(folder.path().join(file.name()), "x").unwrap();
            assert_eq!(FirstVisit::of(folder.path()), FirstVisit::Shut, "{file:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("store-1.restored")).unwrap();
        assert_eq!(start(folder.path(), 3), FirstVisit::Shut);
        assert_eq!(start(folder.path(), 3), FirstVisit::Shut);
    }

    #[test]
    fn a_note_that_is_damaged_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in ["", "new", "NEW\n", "begun\nbegun\n"] {
            std::fs::write(folder.path().join(HomeFile::FirstVisit.name()), bytes).unwrap();
            assert_eq!(FirstVisit::of(folder.path()), FirstVisit::Shut, "{bytes:?}");
        }
    }
}
