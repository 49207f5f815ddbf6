//! The copy of an update that is taken, on the data partition: it is whole there before the first byte of the other system is written over, and other members of the
//! mesh can have it from this board.
//!
//! Its manifest is written last and removed first: a folder without one is no update, whatever lies in it.

use super::gzip::Unpacked;
use super::package::{Checked, Package};
use super::partition::measured;
use crate::limits::{UPDATE_PACKING_BYTES_MAX, UPDATE_PIECE_BYTES};
use crate::platform::home::{disk_free, durable};
use crate::platform::regular;
use crate::wire::update::{BOOT, MANIFEST, ROOT, SIGNATURE};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Error, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Says that other members may have it.
const HELD: &str = "held";

/// Copies a package, of which this was looked at, into the folder. `false`: there is no room for it, and it is to be taken as it comes.
///
/// # Errors
/// One sentence: the package is not what its manifest says, or does not come whole.
pub(super) fn keep(package: &Package<'_>, checked: &Checked, folder: &Path) -> Result<bool, String> {
    let Checked { update, boot, manifest, signature } = checked;
    // Unpacked it is larger than packed, so this is enough beside what the agent writes meanwhile. Its packed length is nowhere signed, and neither is what a
    // few packed bytes may unpack to: both are read so far as they can be right.
    let needed = update.boot.bytes.saturating_add(update.root.bytes);
    let there = folder.parent().unwrap_or(folder);
    // What lies there is of an earlier update: were it left, it would be handed on once this one has held.
    let cleared = hand_on(folder, false).and_then(|()| durable::remove(&folder.join(MANIFEST)));
    if cleared.is_err() || disk_free(there) < needed.saturating_mul(2) {
        return Ok(false);
    }
    let (mut packed, most) = (package.opened(ROOT)?, update.root.bytes.saturating_add(UPDATE_PACKING_BYTES_MAX));
    let mut unread = None;
    let mut written = fs::create_dir_all(folder);
    written = written.and_then(|()| put(folder, BOOT, |file| file.write_all(boot)));
    written = written.and_then(|()| put(folder, ROOT, |file| copy(packed.as_mut(), most, file, &mut unread)));
    if let Some(why) = unread {
        return Err(format!("The update's {ROOT} cannot be read to its end: {why}."));
    }
    if let Err(error) = written.and_then(|()| put(folder, SIGNATURE, |file| file.write_all(signature))) {
        log::info!("{} cannot be written ({error}): the update is taken as it comes.", folder.display());
        return Ok(false);
    }
    let unpacked = regular::open(&folder.join(ROOT), OpenOptions::new().read(true)).and_then(Unpacked::of);
    let root = unpacked.and_then(|unpacked| measured(&mut unpacked.take(update.root.bytes.saturating_add(1))));
    let root = root.map_err(|error| format!("The update's {ROOT} cannot be unpacked: {error}."))?;
    if root != update.root {
        let why = "The update's root is not the one that its manifest names: it was damaged or changed on its way.";
        return Err(why.to_owned());
    }
    Ok(put(folder, MANIFEST, |file| file.write_all(manifest)).is_ok())
}

/// Whether other members may have what lies in the folder: an update that has held here, and no other.
///
/// # Errors
/// The system's; none has it then.
pub(super) fn hand_on(folder: &Path, has_held: bool) -> std::io::Result<()> {
    if has_held && folder.join(MANIFEST).exists() {
        return put(folder, HELD, |_| Ok(()));
    }
    durable::remove(&folder.join(HELD))
}

/// A file that everybody may read: nothing in an update is secret.
fn put(folder: &Path, name: &str, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> std::io::Result<()> {
    let path = folder.join(name);
    durable::write_with(&path, fill)?;
    fs::set_permissions(path, Permissions::from_mode(0o644))
}

/// Copies to the end, which comes after `most` bytes at the latest; why it could not be read is told apart from why it could not be written.
fn copy(from: &mut dyn Read, most: u64, file: &mut File, unread: &mut Option<String>) -> std::io::Result<()> {
    let (mut piece, mut left) = (vec![0; UPDATE_PIECE_BYTES], most);
    loop {
        let read = from.read(&mut piece).inspect_err(|error| *unread = Some(error.to_string()))?;
        if read == 0 {
            return Ok(());
        }
        let Some(rest) = left.checked_sub(read as u64) else {
            let why = "it is longer than what it is to be unpacked";
            *unread = Some(why.to_owned());
            return Err(Error::other(why));
        };
        left = rest;
        file.write_all(piece.get(..read).unwrap_or_default())?;
    }
}
