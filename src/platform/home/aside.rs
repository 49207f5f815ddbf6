//! The files of keys that a home had in other hardware, or has only there: `identity-PEERID.old` is the key, `mesh-root-PEERID.old` the root
//! key of the mesh if that was made with it, and `hardware-PEERID.old` the hardware that it is bound to.
//!
//! All have mode 0600. The root goes out of use before its device's key does, so that no copy of a card ever holds the power of the
//! root with a key of its own.

use super::home_file::HomeFile;
use super::identity::Identity;
use super::{durable, leftovers, state};
use crate::limits::{BINDINGS_KEPT, HOME_FILES_READ_MAX};
use crate::mesh::hardware::{Binding, file_of_old_key};
use crate::wire::peer_id::PeerId;
use log::warn;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const KEY: &str = "identity-";
const ROOT: &str = "mesh-root-";
const HARDWARE: &str = "hardware-";

/// Where a key is that was put aside.
pub(super) fn file(home: &Path, key: &PeerId) -> PathBuf {
    home.join(file_of_old_key(key))
}

fn of(home: &Path, kind: &str, key: &PeerId) -> PathBuf {
    home.join(format!("{kind}{key}.old"))
}

/// Puts the present key aside, with the hardware that it is bound to, and the root of its mesh with it: that is out of use then. The key
/// itself stays in its place too. Returns the path of its file.
pub(super) fn put(home: &Path, key: &PeerId, binding: Option<&Binding>) -> Result<String, String> {
    let failed = |error: std::io::Error| error.to_string();
    let seed = state::read(home, HomeFile::Identity).map_err(failed)?.map(Zeroizing::new).ok_or("its file is gone")?;
    durable::write(&file(home, key), &seed).map_err(failed)?;
    let hardware = of(home, HARDWARE, key);
    match binding {
        Some(binding) => durable::write(&hardware, binding.encode().as_bytes()).map_err(failed)?,
        None => durable::remove(&hardware).map_err(failed)?,
    }
    forget_oldest(home);
    let moved = put_root(home, key);
    if moved.is_err() {
        return_root(home, key);
    }
    moved.map_err(failed)?;
    Ok(file(home, key).display().to_string())
}

fn put_root(home: &Path, key: &PeerId) -> std::io::Result<()> {
    let Some(root) = state::read(home, HomeFile::MeshRoot)?.map(Zeroizing::new) else { return Ok(()) };
    durable::write(&of(home, ROOT, key), &root)?;
    let path = home.join(HomeFile::MeshRoot.name());
    // The copy first: a start in between would mend the file from it.
    durable::remove(&path.with_extension("copy"))?;
    durable::remove(&path)
}

/// Gives the home back the root that was put aside with this key, if there is one; tried again at the next start if that fails.
pub(super) fn return_root(home: &Path, key: &PeerId) {
    let aside = of(home, ROOT, key);
    let give = || {
        let Some(root) = durable::read_whole(&aside, HomeFile::MeshRoot.bytes_max())?.map(Zeroizing::new) else {
            return Ok(());
        };
        match state::read(home, HomeFile::MeshRoot)?.map(Zeroizing::new) {
            None => state::write(home, HomeFile::MeshRoot, &root)?,
            Some(present) if present != root => return Ok(()),
            Some(_) => {}
        }
        durable::remove(&aside)
    };
    if let Err(error) = give() {
        let name = aside.display();
        warn!("The root key of the mesh, {name}, cannot be put back: {error}. The next start tries it again.");
    }
}

/// The file's bytes of a key that was put aside.
pub(super) fn seed(home: &Path, key: &PeerId) -> Result<Zeroizing<Vec<u8>>, String> {
    let file = file(home, key);
    let seed = durable::read_whole(&file, HomeFile::Identity.bytes_max()).map_err(|error| error.to_string())?;
    let seed = seed.map(Zeroizing::new).filter(|seed| Identity::parse(seed).is_some_and(|old| old.peer_id() == *key));
    seed.ok_or_else(|| format!("the file {} is damaged", file.display()))
}

/// Deletes what was put aside of a key that is the home's own again; its root goes back.
pub(super) fn settle(home: &Path, own: &PeerId) {
    return_root(home, own);
    for file in [file(home, own), of(home, HARDWARE, own)] {
        if let Err(error) = durable::remove(&file) {
            warn!("{} cannot be deleted: {error}.", file.display());
        }
    }
}

/// A folder in the place of a file that is written when this key is put aside.
pub(super) fn in_the_way(home: &Path, key: &PeerId) -> Option<PathBuf> {
    let files = [KEY, HARDWARE, ROOT].map(|kind| of(home, kind, key));
    files.into_iter().flat_map(|file| [file.with_extension("new"), file]).find(|path| path.is_dir())
}

/// The bindings of the keys that were put aside, the latest first. A damaged one is of no hardware that there is.
pub(super) fn bindings(home: &Path) -> Vec<Binding> {
    let read = |path: PathBuf| durable::read_whole(&path, HomeFile::Hardware.bytes_max()).ok().flatten();
    files_of_hardware(home).into_iter().filter_map(read).filter_map(|bytes| Binding::decode(&bytes, true)).collect()
}

fn files_of_hardware(home: &Path) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(HARDWARE) && name.ends_with(".old"))
    };
    let mut files: Vec<PathBuf> = all(home).into_iter().filter(is_one).collect();
    files.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).and_then(|meta| meta.modified()).ok()));
    files
}

/// Keys are never deleted here, but only of the latest it is known to which hardware they belong.
fn forget_oldest(home: &Path) {
    for file in files_of_hardware(home).into_iter().skip(BINDINGS_KEPT) {
        if let Err(error) = durable::remove(&file) {
            warn!("{} cannot be deleted: {error}.", file.display());
        }
    }
}

/// All files of keys that were put aside, and the rests of such that a power cut ended.
pub(super) fn all(home: &Path) -> Vec<PathBuf> {
    let is_one = |name: &str| {
        let rest = [KEY, ROOT, HARDWARE].into_iter().find_map(|kind| name.strip_prefix(kind));
        let key = rest.and_then(|rest| rest.strip_suffix(".old").or_else(|| rest.strip_suffix(".new")));
        key.is_some_and(|key| key.parse::<PeerId>().is_ok())
    };
    let entries = fs::read_dir(home).into_iter().flatten().take(HOME_FILES_READ_MAX).filter_map(Result::ok);
    let ours = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_one));
    ours.map(|entry| entry.path()).collect()
}

/// Makes them private, and what is left of the home's own secrets, if a copy of the home, a backup or the owner's shell has opened them.
pub(super) fn make_private(home: &Path) {
    for file in all(home).into_iter().chain(leftovers::of(home, &leftovers::SECRET)) {
        let is_open =
            fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o077 != 0);
        if !is_open {
            continue;
        }
        match fs::set_permissions(&file, Permissions::from_mode(0o600)) {
            Ok(()) => warn!("{} could be read by other users of this machine; it is private now.", file.display()),
            Err(error) => warn!("{} cannot be made private: {error}.", file.display()),
        }
    }
}
