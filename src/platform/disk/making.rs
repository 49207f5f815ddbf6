//! A store whose making was ended before it was over: nothing was ever written to it, so that it is begun anew without a word.
//!
//! fjall makes a store step by step in its own place: the folder, its lock, the journal, the version, and then space by space the folder, the first list of its
//! tables, and the note of which list is the newest. An agent that is killed in between leaves a store that does not open, or one that looks as if a note were lost. Such a
//! store is told from a damaged one by what it has: it lacks a step, and has neither a table of ours nor a byte in its journal. What a start acknowledges is in the journal
//! first.

use crate::platform::regular;
use crate::store::kv::SPACES;
use rustix::fs::{SeekFrom, seek};
use std::fs::{self, File, OpenOptions};
use std::io::{Error, Result};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What the version's file holds once it is written.
const VERSION: &[u8] = b"FJL\x03";

/// The space in which fjall notes the others: making them writes tables of its own.
const OF_SPACES: &str = "0";

/// Bytes of a journal that are read at once.
const PIECE: usize = 1 << 16;

/// Whether the making of a store was ended before it was over. What cannot be looked at was not.
#[must_use]
pub fn is_unfinished(store: &Path) -> bool {
    store.is_dir() && look(store).unwrap_or(false)
}

/// Removes such a store, so that it is made anew.
pub(in crate::platform) fn clear(store: &Path) {
    if !is_unfinished(store) {
        return;
    }
    log::info!("The making of the store {} was ended before it was over, and is begun anew.", store.display());
    // First: what has no version was never finished, whatever is removed of it before the next kill. What cannot be removed is met by who opens the store.
    let _ = fs::remove_file(store.join("version"));
    for entry in entries(store).unwrap_or_default() {
        let _ = if entry.is_dir() { fs::remove_dir_all(entry) } else { fs::remove_file(entry) };
    }
    // Not where it is a link to another disk.
    let _ = fs::remove_dir(store);
}

fn look(store: &Path) -> Result<bool> {
    let spaces = spaces(store)?;
    let noted = spaces
        .iter()
        .try_fold(0_usize, |noted, space| Ok::<_, Error>(noted + usize::from(fs::exists(space.join("current"))?)))?;
    let version = store.join("version");
    let has_version = fs::exists(&version)? && fs::read(version)? == VERSION;
    if has_version && noted > SPACES && noted == spaces.len() {
        return Ok(false);
    }
    for space in spaces.iter().filter(|space| space.file_name().is_some_and(|name| name != OF_SPACES)) {
        if !entries(&space.join("tables"))?.is_empty() || !entries(&space.join("blobs"))?.is_empty() {
            return Ok(false);
        }
    }
    let (mut journals, mut others) = (Vec::new(), Vec::new());
    for entry in entries(store)? {
        let is_journal = entry.extension().is_some_and(|extension| extension == "jnl");
        if is_journal { journals.push(entry) } else { others.push(entry) }
    }
    let is_own = |entry: &PathBuf| ["lock", "version", "keyspaces"].iter().any(|own| entry.ends_with(own));
    // One that has its version had its journal before, and has lost it. With another journal than the first it was written to: what it had is in tables that are gone.
    let is_first = |journal: &PathBuf| journal.ends_with("0.jnl");
    if !others.iter().all(is_own) || !journals.iter().all(is_first) || (has_version && journals.is_empty()) {
        return Ok(false);
    }
    journals.iter().try_fold(true, |so_far, journal| Ok(so_far && is_blank(journal)?))
}

/// The folders of the spaces.
fn spaces(store: &Path) -> Result<Vec<PathBuf>> {
    entries(&store.join("keyspaces"))
}

/// What a folder has; nothing if there is none. One that cannot be looked at may have everything.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !fs::exists(folder)? {
        return Ok(Vec::new());
    }
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// Whether a journal has nothing but zeros: it is made as long as it may become.
fn is_blank(journal: &Path) -> Result<bool> {
    let file: File = regular::open(journal, OpenOptions::new().read(true))?;
    let (mut piece, mut at) = (vec![0; PIECE], 0);
    loop {
        match seek(&file, SeekFrom::Data(at)) {
            Ok(data) => at = data,
            Err(rustix::io::Errno::NXIO) => return Ok(true),
            // The file system knows of no holes.
            Err(_) => {}
        }
        let many = file.read_at(&mut piece, at)?;
        if many == 0 {
            return Ok(true);
        }
        if piece.iter().take(many).any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += many as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Disk, Sync};
    use super::*;
    use crate::store::kv::{Batch, Kv, Space};

    /// A store that is made and never written to.
    fn made() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store-1");
        drop(Disk::open(&store, Sync::Disk).unwrap());
        (folder, store)
    }

    /// What a kill leaves, from the first step on.
    fn left(store: &Path, step: usize) {
        let remove = |name: &str| {
            let path = store.join(name);
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        };
        let without_spaces = |from: u64| (from..=SPACES as u64).for_each(|space| remove(&format!("keyspaces/{space}")));
        match step {
            0 => ["lock", "0.jnl", "version", "keyspaces"].into_iter().for_each(remove),
            1 => ["0.jnl", "version", "keyspaces"].into_iter().for_each(remove),
            2 => {
                ["0.jnl", "version"].into_iter().for_each(remove);
                without_spaces(0);
            }
            3 => {
                remove("version");
                without_spaces(0);
                File::create(store.join("0.jnl")).unwrap();
            }
            4 => {
                remove("version");
                without_spaces(0);
            }
            5 => {
                File::create(store.join("version")).unwrap();
                without_spaces(0);
            }
            6 => without_spaces(0),
            7 => {
                without_spaces(1);
                remove("keyspaces/0/current");
            }
            8 => without_spaces(1),
            9 => {
                without_spaces(5);
                remove("keyspaces/4/current");
            }
            _ => remove("keyspaces/8/current"),
        }
    }

    #[test]
    fn whatever_step_of_its_making_a_kill_ended_the_store_is_made_anew_and_one_that_is_made_stays() {
        let (_folder, store) = made();
        assert!(!is_unfinished(&store) && !is_unfinished(&store.join("none")));
        clear(&store);
        assert!(store.join("version").exists());
        for step in 0..=10 {
            let (_folder, store) = made();
            left(&store, step);
            assert!(is_unfinished(&store), "step {step}");
            clear(&store);
            assert!(!store.exists(), "step {step}");
            drop(Disk::open(&store, Sync::Disk).unwrap());
            assert!(!is_unfinished(&store), "step {step}");
        }
    }

    #[test]
    fn a_store_that_was_written_to_is_never_taken_for_one_whose_making_was_ended() {
        let written = || {
            let (folder, store) = made();
            let disk = Disk::open(&store, Sync::Disk).unwrap();
            let mut batch = Batch::new();
            batch.put(Space::Document, b"key", b"value");
            disk.commit(batch).unwrap();
            disk.sync().unwrap();
            (folder, store, disk)
        };
        for step in 4..=10 {
            let (_folder, store, disk) = written();
            drop(disk);
            left(&store, step);
            assert!(!is_unfinished(&store), "it stands in the journal: step {step}");
        }
        for step in [9, 10] {
            let (_folder, store, disk) = written();
            disk.rotate().unwrap();
            drop(disk);
            left(&store, step);
            let journals = entries(&store).unwrap().into_iter().filter(|entry| entry.extension().is_some());
            journals.for_each(|journal| drop(File::create(journal).unwrap()));
            assert!(!is_unfinished(&store), "it stands in a table: step {step}");
        }
        // Its journal was lost.
        let (_folder, store) = made();
        fs::remove_file(store.join("0.jnl")).unwrap();
        fs::remove_file(store.join("keyspaces/8/current")).unwrap();
        assert!(!is_unfinished(&store));
        // Its tables were lost, after its journal had become another one.
        let (_folder, store) = made();
        fs::remove_dir_all(store.join("keyspaces")).unwrap();
        assert!(is_unfinished(&store), "with its first one");
        fs::remove_file(store.join("0.jnl")).unwrap();
        File::create(store.join("1.jnl")).unwrap();
        assert!(!is_unfinished(&store));
    }

    #[test]
    fn a_store_of_which_a_part_cannot_be_looked_at_is_left_as_it_is() {
        for part in ["keyspaces", "keyspaces/3", "keyspaces/3/tables", "keyspaces/3/current", "version"] {
            let (_folder, store) = made();
            if part != "keyspaces/3/current" {
                fs::remove_file(store.join("keyspaces/8/current")).unwrap();
            }
            assert_eq!(is_unfinished(&store), part != "keyspaces/3/current", "{part}");
            let at = store.join(part);
            if at.is_dir() {
                fs::remove_dir_all(&at).unwrap();
            } else {
                fs::remove_file(&at).unwrap();
            }
            // A link that leads to itself is what even root cannot look behind.
            std::os::unix::fs::symlink(&at, &at).unwrap();
            assert!(!is_unfinished(&store), "{part}");
            clear(&store);
            assert!(store.join("0.jnl").exists(), "{part}");
        }
    }
}
