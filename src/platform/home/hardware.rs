//! The key of a home on the hardware where it is opened: a card that was copied into another device, or moved there, gets a key
//! of its own.
//!
//! The order of the writes: the old key is put aside first, then the new one takes its place, then that is noted. After a power cut in
//! between the next start goes on from there: the key that is not the noted one, and an old one that is, tell what was done.

use super::home_file::HomeFile;
use super::identity::Identity;
use super::{durable, state};
use crate::mesh::hardware::{Binding, Found, Hardware, file_of_old_key};
use crate::wire::peer_id::PeerId;
use log::warn;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The key of the home for this hardware, and the one that it had in other hardware, if that is still put aside.
///
/// # Errors
/// One sentence; the old key is kept in any case.
pub(super) fn identity(home: &Path, hardware: &Hardware) -> Result<(Identity, Option<PeerId>), String> {
    let identity = Identity::load_or_create(home)?;
    let noted = noted(home);
    let mut binding = match noted.clone().filter(|noted| noted.key == identity.peer_id()) {
        Some(noted) => match noted.compare(hardware) {
            Found::Same(binding) => binding,
            Found::Other => return new_key(home, &identity, hardware),
        },
        // The first start, a key that its owner put here, or one whose note was cut off.
        None => Binding::new(identity.peer_id(), hardware, noted.as_ref().map(|noted| noted.key)),
    };
    let is_aside = |key: &PeerId| home.join(file_of_old_key(key)).exists();
    binding.before = binding.before.filter(is_aside);
    if noted.as_ref() != Some(&binding) && !(noted.is_none() && binding.is_empty()) {
        note(home, &binding);
    }
    Ok((identity, binding.before))
}

fn noted(home: &Path) -> Option<Binding> {
    // One that is damaged binds nothing: in doubt a key stays.
    state::read(home, HomeFile::Hardware).ok().flatten().and_then(|bytes| Binding::decode(&bytes))
}

fn note(home: &Path, binding: &Binding) {
    if let Err(error) = state::write(home, HomeFile::Hardware, binding.encode().as_bytes()) {
        let file = home.join(HomeFile::Hardware.name());
        warn!(
            "The hardware of this device cannot be noted in {}: {error}. The next start tries it again.",
            file.display()
        );
    }
}

/// The home is in other hardware: puts the old key aside and makes a new one.
fn new_key(home: &Path, old: &Identity, hardware: &Hardware) -> Result<(Identity, Option<PeerId>), String> {
    let before = old.peer_id();
    let aside = put_aside(home, &before).map_err(|why| {
        format!(
            "This home was in another device before, which may still run with the same key, and its key cannot be put aside: {why}. \
             Nothing was changed. Make room, then start again; if it is the same device, type `wattle identity keep`."
        )
    })?;
    let identity = Identity::create(home)?;
    note(home, &Binding::new(identity.peer_id(), hardware, Some(before)));
    warn!(
        "This home was in another device before: a card was copied or moved, or the board was exchanged. This device has a new key from \
         now on, {}, and its documents stay. The old one, {before}, is kept in {aside}. If this is the same device, stop the agent and \
         type `wattle identity keep`.",
        identity.peer_id()
    );
    Ok((identity, Some(before)))
}

/// Writes the present key into the file for old ones, and returns that file's path.
fn put_aside(home: &Path, key: &PeerId) -> Result<String, String> {
    let path = home.join(file_of_old_key(key));
    let seed = state::read(home, HomeFile::Identity).map_err(|error| error.to_string())?;
    let seed = seed.ok_or("its file is gone")?;
    durable::write(&path, &seed).map_err(|error| error.to_string())?;
    Ok(path.display().to_string())
}

/// Keeps the key that the home had before it came into this hardware, or the present one for whatever hardware its next start finds.
/// Returns what was done, for people.
///
/// # Errors
/// One sentence; no key is lost.
pub(super) fn keep(home: &Path) -> Result<String, String> {
    let failed = |why: &dyn std::fmt::Display| format!("The key was not kept: {why}. Nothing was changed.");
    let present = Identity::load_or_create(home)?.peer_id();
    let write = |binding: &Binding| {
        state::write(home, HomeFile::Hardware, binding.encode().as_bytes()).map_err(|error| failed(&error))
    };
    let unbound = |key| Binding::new(key, &Hardware::default(), None);
    let before = noted(home).filter(|noted| noted.key == present).and_then(|noted| noted.before);
    let aside = before.map(|before| (before, home.join(file_of_old_key(&before))));
    let Some((before, aside)) = aside.filter(|(_, aside)| aside.exists()) else {
        write(&unbound(present))?;
        return Ok(format!("The next start keeps the key {present} on whatever hardware it is."));
    };
    let seed = durable::read_whole(&aside, HomeFile::Identity.bytes_max()).map_err(|error| failed(&error))?;
    let seed = seed.filter(|seed| Identity::parse(seed).is_some_and(|old| old.peer_id() == before));
    let seed = seed.ok_or_else(|| failed(&format!("the file {} is damaged", aside.display())))?;
    let of_present = put_aside(home, &present).map_err(|why| failed(&why))?;
    write(&unbound(before))?;
    state::write(home, HomeFile::Identity, &seed).map_err(|error| failed(&error))?;
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => warn!("{} cannot be deleted: {error}.", aside.display()),
        _ => {}
    }
    Ok(format!(
        "This device has its earlier key again, {before}. The one that it had meanwhile is kept in {of_present}; if it joined the mesh with \
         that, type `wattle remove {present}` on an admin. Is the hardware of before still running with this key? Then two devices have it, \
         and the others let neither of them take part."
    ))
}

#[cfg(test)]
#[path = "hardware_test.rs"]
mod tests;
