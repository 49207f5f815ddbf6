//! The mark that has the whole store checked at the next start: it failed while it was in use, an audit found that it does not add up, or notes of
//! its newest tables or its journals are not whole. It goes once a start came to its end.

use crate::platform::disk::Fault;
use crate::platform::home::durable;
use crate::platform::regular;
use std::io;
use std::path::Path;

/// The mark's name in the home.
pub(super) const SUSPECT: &str = "store-suspect";

/// Bytes of a mark that are read.
const MARK_BYTES: usize = 200;

/// Before the number of notes, of lists, of bytes, and of journals that are gone.
const NOTES: &str = "notes ";
const UNPROVEN: &str = "unproven ";
const DROPPED: &str = "dropped ";
const GONE: &str = "gone ";

/// What is so of a store that is to be checked. All numbers are zero if it only failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Suspect {
    /// Notes of the newest tables that were not whole, or whose list was not.
    pub(super) notes: u64,
    /// Those of them of which nothing proves that their list is what was written.
    pub(super) unproven: u64,
    /// Bytes of damaged batches that were taken out of journals.
    pub(super) dropped: u64,
    /// Whether its journal was gone.
    pub(super) is_without_journal: bool,
}

impl Suspect {
    /// What the mark says; `None` if there is none.
    pub(super) fn read(home: &Path) -> Option<Self> {
        let mark = match regular::read(&home.join(SUSPECT), MARK_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            // There is one.
            mark => mark.unwrap_or_default(),
        };
        let mark = String::from_utf8_lossy(&mark);
        let of = |name: &str| mark.lines().find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok()).unwrap_or(0);
        let is_without_journal = of(GONE) > 0;
        Some(Self { notes: of(NOTES), unproven: of(UNPROVEN), dropped: of(DROPPED), is_without_journal })
    }

    /// With these notes. An earlier start may have ended before it mended them, so that they are the same ones.
    pub(super) fn with(self, faults: &[Fault]) -> Self {
        let unproven = faults.iter().filter(|fault| !fault.is_proven).count() as u64;
        Self { notes: self.notes.max(faults.len() as u64), unproven: self.unproven.max(unproven), ..self }
    }

    /// With so many bytes of journals that are damaged.
    pub(super) fn with_dropped(self, bytes: u64) -> Self {
        Self { dropped: self.dropped.max(bytes), ..self }
    }

    /// With its journal gone, if it is. An earlier start may have put an empty one in its place.
    pub(super) fn with_journal_gone(self, is_gone: bool) -> Self {
        Self { is_without_journal: self.is_without_journal || is_gone, ..self }
    }

    /// Whether it is known that something is missing, or not proven that nothing is: it is repaired, also if nothing is seen to be missing.
    pub(super) const fn is_to_be_repaired(self) -> bool {
        self.unproven > 0 || self.dropped > 0 || self.is_without_journal
    }

    /// Writes the mark. It is on the disk then.
    pub(super) fn write(self, home: &Path) -> io::Result<()> {
        let Self { notes, unproven, dropped, is_without_journal } = self;
        let gone = u64::from(is_without_journal);
        let mark = format!(
            "Notes of the store's newest tables, or journals, were not whole.\n{NOTES}{notes}\n{UNPROVEN}{unproven}\n{DROPPED}{dropped}\n\
             {GONE}{gone}\n"
        );
        durable::write(&home.join(SUSPECT), mark.as_bytes())
    }
}

/// Marks the store for a check of the whole store at the next start. A mark that is there says the same, and may say more.
pub fn mark_suspect(home: &Path) {
    if is_suspect(home) {
        return;
    }
    let _ = regular::write(&home.join(SUSPECT), b"The store failed while it was in use, or does not add up.\n");
}

/// Whether the next start checks the whole store.
#[must_use]
pub fn is_suspect(home: &Path) -> bool {
    Suspect::read(home).is_some()
}

/// Whether the next start repairs the store in any case.
#[must_use]
pub fn awaits_repair(home: &Path) -> bool {
    Suspect::read(home).is_some_and(Suspect::is_to_be_repaired)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_says_what_it_said_and_one_of_a_failure_says_nothing_of_notes() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Suspect::read(folder.path()), None);
        assert!(!is_suspect(folder.path()));
        mark_suspect(folder.path());
        assert_eq!(Suspect::read(folder.path()), Some(Suspect::default()));
        assert!(is_suspect(folder.path()) && !awaits_repair(folder.path()));
        let without = Suspect::default().with_journal_gone(true);
        without.write(folder.path()).unwrap();
        assert_eq!(Suspect::read(folder.path()), Some(without));
        assert!(awaits_repair(folder.path()));
        let suspect = Suspect { notes: 12, unproven: 3, dropped: 70_000, is_without_journal: true };
        suspect.write(folder.path()).unwrap();
        assert_eq!(Suspect::read(folder.path()), Some(suspect));
        assert!(awaits_repair(folder.path()));
    }
}
