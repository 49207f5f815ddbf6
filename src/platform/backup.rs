//! Backups of a home: its store from one moment, its settings, and if its owner asks for it the keys.
//!
//! A key that runs on two devices makes both unusable to their mesh, so that it is no part of a backup unless it is asked for, and
//! is only put into a home that has none. The token of the API and invites are never in one. The index of words is made anew
//! from the texts. The file is as private as the documents: only its owner can read it. A store that does not add up has no backup, because none of
//! it could be restored: the audit of a restore is made before.

mod of_backup;
mod restore;

use super::disk::Disk;
use super::home::{Home, HomeFile};
use super::new_file::{NewFile, folder_of};
use super::store::mark_suspect;
use crate::base::count::{count, plural};
use crate::base::finding::quoted_bytes;
use crate::platform::clock;
use crate::store::audit::{Audit, audit, is_consistent};
use crate::store::backup::{Head, Writer};
use crate::store::counts::{Kind, StoreCounts};
use crate::store::keys;
use crate::store::kv::{Kv, KvError, KvRead, Pair, Space};
use crate::store::models;
use crate::store::read;
use std::cell::Cell;
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind};
use std::path::Path;

pub use of_backup::{forget_records_of_backup, has_records_of_backup};
pub use restore::{Restored, restore};

/// Pairs of a block: of documents, a record of which may have nearly a mebibyte, and of others.
const DOCUMENTS: usize = 8;
const PAIRS: usize = 256;

/// The settings, and the files of a device's place in its mesh.
const SETTINGS: HomeFile = HomeFile::Settings;
const KEYS: [HomeFile; 4] = [HomeFile::Identity, HomeFile::BootCount, HomeFile::Records, HomeFile::MeshRoot];

/// Why a backup was ended.
const STOPPING: &str = "the agent is stopping";

/// What a backup is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The store is audited: a restore would refuse one that does not add up.
    Checking,
    /// The file is written.
    Writing,
}

/// How far a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is at; the numbers are of this alone.
    pub stage: Stage,
    /// Records that are read, or written.
    pub done: u64,
    /// Records that there are, about.
    pub of: u64,
}

/// What a backup has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Documents.
    pub documents: u64,
    /// Those of them whose files are gone, which are kept for a while in case they come back.
    pub leaving: u64,
    /// Passages of these.
    pub chunks: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Whether the keys are in it.
    pub has_keys: bool,
}

/// Whether a backup can be written into a new file at this path, as far as that is seen without making it: who asks an agent for one is told
/// at once.
///
/// # Errors
/// One sentence: something is there already, or no folder is there for it.
pub fn may_be_written(path: &Path, with_keys: bool) -> Result<(), String> {
    if path.is_dir() {
        return Err(is_a_folder(path, with_keys));
    }
    if path.symlink_metadata().is_ok() {
        return Err(taken(path));
    }
    let folder = folder_of(path);
    match folder.metadata() {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(format!("The file {} cannot be made: {} is no folder.", path.display(), folder.display())),
        Err(error) => Err(not_made(path, &error)),
    }
}

/// What is told where a backup is to go into a folder.
#[must_use]
pub fn is_a_folder(folder: &Path, with_keys: bool) -> String {
    let file = quoted_bytes(folder.join("wattle.backup").as_os_str().as_encoded_bytes());
    let keys = if with_keys { " --with-keys" } else { "" };
    format!(
        "{} is a folder, and a backup is a file: `wattle backup {file}{keys}` makes one in it. Nothing was written.",
        folder.display()
    )
}

fn taken(path: &Path) -> String {
    format!("There is a file {} already, and it is not overwritten. Choose another name.", path.display())
}

fn not_made(path: &Path, error: &Error) -> String {
    format!("The file {} cannot be made: {error}.", path.display())
}

/// Writes a backup into a new file. `tell` is told how far it is, and says whether it goes on.
///
/// # Errors
/// One sentence; no file is left, and none that was there is touched. A store that does not add up is repaired by the next start then.
pub fn back_up(
    home: &Home,
    disk: &Disk,
    path: &Path,
    with_keys: bool,
    tell: impl Fn(Progress) -> bool,
) -> Result<Made, String> {
    let name = path.display();
    let new = NewFile::new(path, 0o600).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists if path.is_dir() => is_a_folder(path, with_keys),
        ErrorKind::AlreadyExists => taken(path),
        _ => not_made(path, &error),
    })?;
    let written = write(home, disk, new.file(), with_keys, tell).and_then(|made| {
        let bytes = new.file().metadata()?.len();
        new.finish()?;
        Ok(Made { bytes, ..made })
    });
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => format!("The backup {name} could not be written, and nothing of it is left: {error}."),
    })
}

fn write(
    home: &Home,
    disk: &Disk,
    file: &File,
    with_keys: bool,
    tell: impl Fn(Progress) -> bool,
) -> Result<Made, Error> {
    let view = disk.snapshot();
    let counts = read::commit(&view).map_err(|error| failed(&error))?.counts;
    let model = models::model(&view).map_err(|error| failed(&error))?.map_or([0; 32], |model| model.0);
    let documents = counts.total();
    let audit = audited(home, &view, &counts, &tell)?;
    if !audit.clean() || !is_consistent(&view).map_err(|error| failed(&error))? {
        mark_suspect(home.path());
        return Err(Error::other(not_sound(&audit)));
    }
    let head = Head {
        made_s: clock::wall_ns() / 1_000_000_000,
        model,
        documents,
        chunks: counts.chunks,
        vectors: counts.vectors,
    };
    let mut writer = Writer::new(BufWriter::with_capacity(1 << 16, file), &head)?;
    let keys = if with_keys { &KEYS[..] } else { &[] };
    // A path, a name and a document each; a chunk, a vector and its key each.
    let of = 3 * documents + counts.chunks + 2 * counts.vectors;
    let mut progress = Progress { stage: Stage::Writing, done: 0, of };
    for small in [SETTINGS].iter().chain(keys) {
        if let Some(content) = home.read(*small)? {
            writer.file(small.name(), &content)?;
        }
    }
    for space in Space::ALL {
        let mut from = Vec::new();
        // The index of words is not in it; that it was written to is.
        let end = (space == Space::Word).then(|| [&keys::STAMP[..], &[0]].concat());
        let max = if space == Space::Document { DOCUMENTS } else { PAIRS };
        loop {
            let page = view.page(space, &from, end.as_deref(), max).map_err(|error| failed(&error))?;
            let Some((last, _)) = page.last() else { break };
            from = [&last[..], &[0]].concat();
            writer.pairs(space, &page)?;
            progress.done += page.len() as u64;
            progress.of = progress.of.max(progress.done);
            if !tell(progress) {
                return Err(Error::other(STOPPING));
            }
        }
    }
    writer.end()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let leaving = counts.count(Kind::Tombstoned);
    Ok(Made { documents, leaving, chunks: counts.chunks, bytes: 0, has_keys: with_keys })
}

/// Audits the store, and tells how far that is.
fn audited(
    home: &Home,
    view: &impl KvRead,
    counts: &StoreCounts,
    tell: &impl Fn(Progress) -> bool,
) -> Result<Audit, Error> {
    // A document and its path each; a chunk by its document and by itself, and whether it has a vector; a vector and its key each.
    let of = 2 * counts.total() + 3 * counts.chunks + 2 * counts.vectors;
    let told = Told { view, tell, of, done: Cell::new(0), is_ended: Cell::new(false) };
    audit(&told).map_err(|error| match error {
        // It is no failure of the store.
        _ if told.is_ended.get() => Error::other(STOPPING),
        KvError::Damaged(_) => {
            mark_suspect(home.path());
            failed(&error)
        }
        KvError::Io(_) => failed(&error),
    })
}

/// Why there is no backup of a store with these faults: a restore holds it to the same, and would refuse it.
fn not_sound(audit: &Audit) -> String {
    let things = count(audit.fault_count, "thing") + plural(audit.fault_count, " does", " do");
    let faults = audit.faults.first().map_or_else(String::new, |first| format!(" ({things} not; the first: {first})"));
    format!(
        "the store does not add up{faults}, so that a backup of it could not be restored. Start the agent anew, which repairs \
         the store, and then make the backup"
    )
}

/// A view that tells how much of it was read, and whose reads fail once the backup is ended, so that a stop does not wait for the audit before it.
struct Told<'a, K, T> {
    view: &'a K,
    tell: &'a T,
    of: u64,
    done: Cell<u64>,
    is_ended: Cell<bool>,
}

impl<K: KvRead, T: Fn(Progress) -> bool> Told<'_, K, T> {
    fn goes_on(&self) -> Result<(), KvError> {
        let done = self.done.get();
        if (self.tell)(Progress { stage: Stage::Checking, done, of: self.of.max(done) }) {
            return Ok(());
        }
        self.is_ended.set(true);
        Err(KvError::Io(STOPPING.to_owned()))
    }
}

impl<K: KvRead, T: Fn(Progress) -> bool> KvRead for Told<'_, K, T> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.done.set(self.done.get() + 1);
        // A page of documents has thousands of chunks, which are looked up one by one.
        if self.done.get().is_multiple_of(PAIRS as u64) {
            self.goes_on()?;
        }
        self.view.get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        self.goes_on()?;
        let page = self.view.page(space, from, to, max)?;
        self.done.set(self.done.get() + page.len() as u64);
        Ok(page)
    }

    fn note_damage(&self, error: &KvError) {
        self.view.note_damage(error);
    }
}

fn failed(error: &KvError) -> Error {
    Error::other(error.to_string())
}

#[cfg(test)]
#[path = "backup/test.rs"]
mod tests;
