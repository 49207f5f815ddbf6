//! The note beside a store that was set aside: whether it is to be read, or is the only copy of some documents. Without one,
//! nothing is lost with it. It is written before the store is moved, so that an agent that ends in between finds it.

use crate::limits::{MARKS_MAX, SALVAGE_NOTE_BYTES_MAX};
use crate::platform::disk::LAYOUT;
use crate::platform::home::durable;
use crate::platform::regular;
use crate::store::record::{Mark, Marks, Record};
use std::ffi::OsString;
use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".salvage";
const ONLY_COPY: &str = "only copy";

/// A store is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform) struct Due {
    /// How often the agent began to read it and ended before it had carried anything more over.
    pub(in crate::platform) tries: usize,
    /// Why it was set aside.
    pub(in crate::platform) what: String,
    /// The number of the first document that was not carried over yet; `None` if nothing was, also none of the marks. What is before
    /// it and not in the store in use was forgotten by its owner since.
    pub(in crate::platform) next: Option<u64>,
    /// The places that their owner has forgotten since.
    pub(in crate::platform) forgotten: Vec<Mark>,
}

impl Due {
    /// Of a store that is set aside now.
    pub(in crate::platform) fn new(what: &str) -> Self {
        Self { tries: 0, what: what.to_owned(), next: None, forgotten: Vec::new() }
    }
}

fn of(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(SUFFIX);
    name.into()
}

pub(in crate::platform) fn write(store: &Path, due: &Due) -> Result<()> {
    let (what, next) = (due.what.replace('\n', " "), due.next.map(|next| next.to_string()).unwrap_or_default());
    let mut bytes = format!("{}\n{what}\n{next}\n", due.tries).into_bytes();
    if !due.forgotten.is_empty() {
        bytes.extend(Marks(due.forgotten.clone()).encode());
    }
    durable::write(&of(store), &bytes)
}

/// The store is the only copy of what could not be carried over.
pub(in crate::platform) fn keep(store: &Path) -> Result<()> {
    durable::write(&of(store), format!("{ONLY_COPY}\n").as_bytes())
}

/// Nothing is lost with the store.
pub(in crate::platform) fn remove(store: &Path) -> Result<()> {
    durable::remove(&of(store))
}

/// Whether the store must not be deleted.
pub(in crate::platform) fn holds(store: &Path) -> bool {
    of(store).exists()
}

/// What is to be done with a store, if anything is.
pub(in crate::platform) fn due(store: &Path) -> Option<Due> {
    let bytes = regular::read(&of(store), SALVAGE_NOTE_BYTES_MAX).ok()?;
    let mut parts = bytes.splitn(4, |byte| *byte == b'\n');
    let mut line = || String::from_utf8_lossy(parts.next().unwrap_or_default()).trim_end().to_owned();
    let (tries, what, next) = (line(), line(), line());
    let forgotten = parts.next().and_then(Marks::decode).unwrap_or_default().0;
    (tries != ONLY_COPY).then(|| Due { tries: tries.parse().unwrap_or(0), what, next: next.parse().ok(), forgotten })
}

/// The owner has forgotten these places: nothing of them is carried over from this store any more.
pub(in crate::platform) fn forget(store: &Path, places: &[Mark]) -> Result<()> {
    let Some(mut due) = due(store) else { return Ok(()) };
    let before = due.forgotten.len();
    for place in places {
        if !due.forgotten.iter().any(|known| known.is_same(place)) {
            due.forgotten.push(place.clone());
        }
    }
    // The oldest go first: by then their documents were carried over or passed over many starts ago.
    let too_many = due.forgotten.len().saturating_sub(MARKS_MAX);
    due.forgotten.drain(..too_many);
    if due.forgotten.len() == before && too_many == 0 { Ok(()) } else { write(store, &due) }
}

/// Deletes the notes of stores that are not there: their owner deleted those.
pub(in crate::platform) fn tidy(home: &Path) {
    let begins = format!("{LAYOUT}.damaged-");
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let store = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).filter(|name| name.starts_with(&begins));
        if store.is_some_and(|store| fs::symlink_metadata(home.join(store)).is_err()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::MarkKind;

    #[test]
    fn a_note_says_what_is_due_until_all_is_carried_over_and_goes_with_its_store() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("store-1.damaged-3");
        assert!(!holds(&store) && due(&store).is_none());
        let told = Due { tries: 2, next: Some(70_000), ..Due::new("a checksum\nis wrong") };
        write(&store, &told).unwrap();
        let told = Due { what: "a checksum is wrong".to_owned(), ..told };
        assert_eq!(due(&store), Some(told.clone()));
        let place = |path: &str| Mark::new(path.into(), MarkKind::Forgotten);
        for _ in 0..2 {
            forget(&store, &[place("/a\n\n/b"), place("/c")]).unwrap();
            let forgotten = vec![place("/a\n\n/b"), place("/c")];
            assert_eq!(due(&store), Some(Due { forgotten, ..told.clone() }));
        }
        let many: Vec<Mark> = (0..2 * MARKS_MAX).map(|n| place(&format!("/{n}/{}", "x".repeat(4000)))).collect();
        forget(&store, &many).unwrap();
        assert_eq!(due(&store).unwrap().forgotten, many[MARKS_MAX..]);
        fs::write(of(&store), "").unwrap();
        assert_eq!(due(&store), Some(Due::new("")), "of a damaged note the store is read");
        fs::write(of(&store), "1\na checksum is wrong\n").unwrap();
        assert_eq!(due(&store), Some(Due { tries: 1, ..Due::new("a checksum is wrong") }), "one of an earlier version");
        keep(&store).unwrap();
        assert!(holds(&store) && due(&store).is_none());
        fs::create_dir(&store).unwrap();
        tidy(home.path());
        assert!(holds(&store));
        fs::remove_dir(&store).unwrap();
        tidy(home.path());
        assert!(!holds(&store));
    }
}
