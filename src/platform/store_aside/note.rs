//! The note beside a store that was set aside: whether it is to be read, or is the only copy of some documents. Without one,
//! nothing is lost with it. It is written before the store is moved, so that an agent that ends in between finds it.

use crate::limits::SALVAGE_NOTE_BYTES_MAX;
use crate::platform::disk::LAYOUT;
use crate::platform::home::durable;
use crate::platform::regular;
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
}

fn of(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(SUFFIX);
    name.into()
}

pub(in crate::platform) fn write(store: &Path, due: &Due) -> Result<()> {
    let what = due.what.replace('\n', " ");
    durable::write(&of(store), format!("{}\n{what}\n", due.tries).as_bytes())
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
    let text = String::from_utf8_lossy(&bytes);
    let (tries, what) = text.split_once('\n').unwrap_or((&text, ""));
    (tries != ONLY_COPY).then(|| Due { tries: tries.parse().unwrap_or(0), what: what.trim_end().to_owned() })
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

    #[test]
    fn a_note_says_what_is_due_until_all_is_carried_over_and_goes_with_its_store() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("store-1.damaged-3");
        assert!(!holds(&store) && due(&store).is_none());
        let told = Due { tries: 2, what: "a checksum\nis wrong".to_owned() };
        write(&store, &told).unwrap();
        assert_eq!(due(&store), Some(Due { what: "a checksum is wrong".to_owned(), ..told }));
        fs::write(of(&store), "").unwrap();
        assert_eq!(due(&store), Some(Due { tries: 0, what: String::new() }), "of a damaged note the store is read");
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
