//! Which of the small files of a home were written: one that is gone together with its copy is told from one that never was.
//!
//! The list is a help, and nothing goes wrong without it: then of a file that is gone with its copy nothing is said, unless the rest of the home
//! tells of it.

use super::durable;
use super::guarded::{copy, copy_of};
use super::home_file::{GUARDED, HomeFile};
use super::restoring;
use crate::limits::{CONFIG_BYTES_MAX, HOME_FILES_READ_MAX, STATE_BYTES_MAX};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// One change of the list at a time.
static CHANGING: Mutex<()> = Mutex::new(());

/// A file was written that was not there before.
pub(super) fn add(home: &Path, file: HomeFile) {
    let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut written = list(home);
    if !written.contains(&file) {
        written.push(file);
        write(home, &written);
    }
}

/// A start has told what was lost: from now on the list has those that are there.
pub(super) fn renew(home: &Path) {
    let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let is_there = |file: &HomeFile| {
        let path = home.join(file.name());
        // Settings that could be used have a copy; of one that is damaged each start tells.
        if *file == HomeFile::Settings { copy(&path, CONFIG_BYTES_MAX).is_some() } else { !is_gone(&path) }
    };
    let before = list(home);
    let there: Vec<HomeFile> = listed().filter(|file| is_there(file) || stays(home, *file, &before)).collect();
    if before.len() != there.len() || !there.iter().all(|file| before.contains(file)) {
        write(home, &there);
    }
}

/// Whether a file that is gone stays in the list. A start makes the first two, and one that is cut before that must not make the home a new one;
/// the third is missed as long as the root of its mesh is there.
fn stays(home: &Path, file: HomeFile, before: &[HomeFile]) -> bool {
    let is_missed = match file {
        HomeFile::Token | HomeFile::BootCount => true,
        HomeFile::Records => !is_gone(&home.join(HomeFile::MeshRoot.name())),
        _ => false,
    };
    is_missed && before.contains(&file)
}

/// Whether this file was there at an earlier start.
pub(super) fn was_there(home: &Path, file: HomeFile) -> bool {
    list(home).contains(&file)
}

/// Whether a file of which there is the copy alone was just being written for the first time when the agent was killed: the copy comes first, the list
/// last. Without a list nothing else may be there either, or it is the list that is lost.
pub(super) fn is_begun(path: &Path, file: HomeFile) -> bool {
    let Some(home) = path.parent() else { return false };
    let listed = list(home);
    let is_other = |other: &HomeFile| *other != file && !is_gone(&home.join(other.name()));
    !listed.contains(&file) && (!listed.is_empty() || !GUARDED.iter().any(is_other))
}

/// Whether a file that is gone with its copy was written, so that what it held is lost.
pub(super) fn is_lost(path: &Path, file: HomeFile) -> bool {
    let Some(home) = path.parent() else { return false };
    let was_written = || was_there(home, file);
    match file {
        // The key and its note have words of their own (`hardware`, `outlook`), and the doctor has the last one removed.
        HomeFile::Identity | HomeFile::Hardware | HomeFile::Lost => false,
        // Each start makes them.
        HomeFile::Token | HomeFile::BootCount => was_started(home) || was_written(),
        // Where the mesh was made it is told in words of its own (`remains`).
        HomeFile::Records => is_gone(&home.join(HomeFile::MeshRoot.name())) && was_written(),
        HomeFile::MeshRoot => was_written() && !has_root_aside(home),
        // Where it was deleted with the count of starts and this list, nobody knows whether there was one.
        HomeFile::Password => {
            let are_gone = [HomeFile::BootCount, HomeFile::Written].iter().all(|file| is_gone(&home.join(file.name())));
            was_written() || are_gone && was_started(home)
        }
        _ => was_written(),
    }
}

/// What a home has that is not new: the token of the API and those of others, the mesh, documents, or a note of an agent that ran. The key and its note are
/// none of it: `wattle id` makes a key before the first start, which still is the first; nor are the settings, a pause and the page's password.
const OWN: [HomeFile; 15] = [
    HomeFile::Token,
    HomeFile::Tokens,
    HomeFile::TlsRoot,
    HomeFile::Invites,
    HomeFile::Lost,
    HomeFile::Api,
    HomeFile::StoreRead,
    HomeFile::Feedback,
    HomeFile::Records,
    HomeFile::MeshRoot,
    HomeFile::Peers,
    HomeFile::Seen,
    HomeFile::Sources,
    HomeFile::StoreModel,
    HomeFile::Counts,
];

/// Whether nothing of an agent but its key is in a home, nor was by the list. The count of starts does not tell that, as it may be lost.
pub(super) fn is_new(home: &Path) -> bool {
    let was = list(home);
    !has_store(home)
        && !has_begun_visit(home)
        && !restoring::is_unfinished(home)
        && OWN.iter().all(|file| is_gone(&home.join(file.name())) && !was.contains(file))
}

/// Whether a home has folders, or is or was in a mesh: the first start was over then, or the home was restored, or a restore into it did not end.
pub(super) fn is_used(home: &Path) -> bool {
    let is_there = |file: &HomeFile| !is_gone(&home.join(file.name()));
    restoring::is_unfinished(home) || [HomeFile::Records, HomeFile::MeshRoot, HomeFile::Sources].iter().any(is_there)
}

/// What an agent alone writes, behind its token and its count: which model its store is of, for example. A home that was restored from a backup has none
/// of it yet.
const OF_AN_AGENT: [HomeFile; 8] = [
    HomeFile::StoreModel,
    HomeFile::Counts,
    HomeFile::Tokens,
    HomeFile::TlsRoot,
    HomeFile::Invites,
    HomeFile::Api,
    HomeFile::StoreRead,
    HomeFile::Feedback,
];

/// What the note of the first visit holds once an agent has opened its window, which it does behind its token and its count.
pub(super) const BEGUN_VISIT: &[u8] = b"begun\n";

/// Whether an agent started before in this home.
fn was_started(home: &Path) -> bool {
    OF_AN_AGENT.iter().any(|file| !is_gone(&home.join(file.name())))
        || has_only_its_store(home)
        || has_begun_visit(home)
}

fn has_begun_visit(home: &Path) -> bool {
    let note = durable::read(&home.join(HomeFile::FirstVisit.name()), STATE_BYTES_MAX).ok().flatten();
    note.as_deref() == Some(BEGUN_VISIT)
}

/// Has the list say that an agent ran in this home, before what else tells it goes. True once it is on the disk.
pub(super) fn note_start(home: &Path) -> bool {
    let made = [HomeFile::Token, HomeFile::BootCount];
    made.iter().for_each(|file| add(home, *file));
    made.iter().all(|file| was_there(home, *file))
}

/// Whether an agent ran in this home, of which its key, its token and its count of starts are gone.
pub(super) fn is_rest(home: &Path) -> bool {
    let listed = list(home);
    let made = [HomeFile::Token, HomeFile::BootCount];
    let ran = || was_started(home) || made.iter().any(|file| listed.contains(file));
    let lacks = |file: &HomeFile| is_gone(&home.join(file.name()));
    made.iter().all(lacks) && lacks(&HomeFile::Identity) && !restoring::is_unfinished(home) && ran()
}

/// The names of the small files that hold something, of which the file or its copy is there.
pub(super) fn left(home: &Path) -> Vec<&'static str> {
    let others = [HomeFile::Settings, HomeFile::Unfinished, HomeFile::StoreRead, HomeFile::Feedback];
    let is_there = |file: &HomeFile| !is_gone(&home.join(file.name()));
    GUARDED.into_iter().chain(others).filter(is_there).map(HomeFile::name).collect()
}

/// Whether a store is all that is left of a home: a restored one has the list of folders beside it.
pub(super) fn has_only_its_store(home: &Path) -> bool {
    let others = [HomeFile::StoreModel, HomeFile::Sources, HomeFile::Hardware];
    has_store(home) && others.iter().all(|file| is_gone(&home.join(file.name())))
}

/// Whether an agent started in this home, and its store is not there.
pub(super) fn lacks_its_store(home: &Path) -> bool {
    !is_gone(&home.join(HomeFile::StoreModel.name())) && !has_store(home)
}

/// Whether there is a store, of this layout or another.
pub(super) fn has_store(home: &Path) -> bool {
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    let is_store = |name: &str| name.strip_prefix("store-").is_some_and(is_number);
    names(home).any(|name| is_store(&name) && home.join(name).is_dir())
}

/// Whether a root key was put aside with the key of other hardware (`aside`).
fn has_root_aside(home: &Path) -> bool {
    let rest = |name: &str| name.strip_prefix(HomeFile::MeshRoot.name()).is_some_and(|rest| rest.starts_with('-'));
    names(home).any(|name| rest(&name) && name.ends_with(".old"))
}

/// The names of what lies in a home.
fn names(home: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(home).into_iter().flatten().take(HOME_FILES_READ_MAX).filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// Whether neither the file nor its copy is there.
pub(super) fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err() && copy_of(path).symlink_metadata().is_err()
}

fn list(home: &Path) -> Vec<HomeFile> {
    let bytes = durable::read(&home.join(HomeFile::Written.name()), STATE_BYTES_MAX).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    listed().filter(|file| text.lines().any(|line| line == file.name())).collect()
}

/// The files that the list has: those with a copy, and the owner's settings.
fn listed() -> impl Iterator<Item = HomeFile> {
    GUARDED.into_iter().chain([HomeFile::Settings])
}

fn write(home: &Path, written: &[HomeFile]) {
    let text: String = written.iter().flat_map(|file| [file.name(), "\n"]).collect();
    // On a full disk the list stays as it was, and the next start writes it.
    let _ = durable::write(&home.join(HomeFile::Written.name()), text.as_bytes());
}
