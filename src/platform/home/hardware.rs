//! The key of a home on the hardware where it is opened: a card that was copied into another device, or moved there, gets a key
//! of its own; one that comes back gets its earlier key again.
//!
//! The order of the writes: the present key is put aside first, then the other one takes its place, then that is noted, then what was
//! put aside of that one goes. After a power cut in between the next start goes on from there: the key that is not the noted one, and
//! which of the two is put aside, tell what was done.

use super::home_file::HomeFile;
use super::identity::Identity;
use super::{aside, state};
use crate::base::finding::{Area, Finding};
use crate::mesh::hardware::{Binding, Found, Hardware};
use crate::wire::peer_id::PeerId;
use log::warn;
use std::path::Path;

/// The key of a home on its hardware.
#[derive(Debug)]
pub struct OnHardware {
    /// The key.
    pub identity: Identity,
    /// The one that the home had in other hardware, if that is still put aside and its owner has not decided.
    pub before: Option<PeerId>,
    /// What people are told of this start, if the home came back.
    pub finding: Option<Finding>,
}

/// The key of the home for this hardware. An earlier key is not taken back if `is_removed` says that its mesh has removed it.
///
/// # Errors
/// One sentence; the old key is kept in any case.
pub(super) fn identity(
    home: &Path,
    hardware: &Hardware,
    is_removed: &dyn Fn(&PeerId) -> bool,
) -> Result<OnHardware, String> {
    let identity = Identity::load_or_create(home)?;
    aside::make_private(home);
    let present = identity.peer_id();
    let noted = noted(home);
    let mut binding = match noted.clone().filter(|noted| noted.key == present) {
        Some(noted) => match noted.compare(hardware) {
            Found::Same(binding) => binding,
            Found::Other => {
                let earlier = aside::bindings(home).into_iter().filter(|kept| kept.key != present);
                let mut earlier = earlier.filter_map(|kept| kept.recognized(hardware));
                let seed = |binding: Binding| aside::seed(home, &binding.key).ok().map(|seed| (binding, seed));
                let earlier = earlier.find_map(|kept| seed(kept).filter(|(kept, _)| !is_removed(&kept.key)));
                return match earlier {
                    Some((binding, seed)) => back(home, &noted, binding, &seed),
                    None => new_key(home, &noted, hardware),
                };
            }
        },
        // The first start, a key that its owner put here, or one whose note was cut off.
        None => Binding::new(present, hardware, noted.as_ref().and_then(|noted| cut_off(home, noted, &present))),
    };
    binding.before = binding.before.filter(|before| aside::file(home, before).exists());
    let is_noted =
        (noted.as_ref() == Some(&binding) || (noted.is_none() && binding.is_empty())) || note(home, &binding);
    if is_noted {
        aside::settle(home, &present);
    }
    Ok(OnHardware { identity, before: binding.before, finding: None })
}

fn noted(home: &Path) -> Option<Binding> {
    // One that is damaged binds nothing: in doubt a key stays.
    state::read(home, HomeFile::Hardware).ok().flatten().and_then(|bytes| Binding::decode(&bytes))
}

/// The key of before, where a power cut or a full disk left another key than the noted one: that was made in this hardware, unless it is put
/// aside itself, and so was given back.
fn cut_off(home: &Path, noted: &Binding, present: &PeerId) -> Option<PeerId> {
    let was_given_back = aside::file(home, present).exists();
    Some(noted.key).filter(|key| !was_given_back && aside::file(home, key).exists())
}

/// Notes a binding; whether that is on the disk.
fn note(home: &Path, binding: &Binding) -> bool {
    let noted = state::write(home, HomeFile::Hardware, binding.encode().as_bytes());
    if let Err(error) = &noted {
        let file = home.join(HomeFile::Hardware.name());
        warn!(
            "The hardware of this device cannot be noted in {}: {error}. The next start tries it again.",
            file.display()
        );
    }
    noted.is_ok()
}

/// Puts the present key aside before another one takes its place.
fn put_aside(home: &Path, present: &Binding) -> Result<String, String> {
    aside::put(home, &present.key, Some(present)).map_err(|why| {
        format!(
            "This home was in another device before, which may still run with the same key, and its key cannot be put aside: {why}. \
             Nothing was changed. Make room, then start again; if it is the same device, type `wattle identity keep`."
        )
    })
}

/// The home is in other hardware: puts the old key aside and makes a new one.
fn new_key(home: &Path, old: &Binding, hardware: &Hardware) -> Result<OnHardware, String> {
    let before = old.key;
    let file = put_aside(home, old)?;
    let identity = Identity::create(home).inspect_err(|_| aside::return_root(home, &before))?;
    note(home, &Binding::new(identity.peer_id(), hardware, Some(before)));
    warn!(
        "This home was in another device before: a card was copied or moved, or the board was exchanged. This device has a new key from \
         now on, {}, and its documents stay. The old one, {before}, is kept in {file}, and the root key of the mesh, if that was made here, \
         beside it. If this is the same device, stop the agent and type `wattle identity keep`.",
        identity.peer_id()
    );
    Ok(OnHardware { identity, before: Some(before), finding: None })
}

/// The home is in hardware in which it had a key before: that is its key again.
fn back(home: &Path, present: &Binding, mut earlier: Binding, seed: &[u8]) -> Result<OnHardware, String> {
    let file = put_aside(home, present)?;
    let own = earlier.key;
    earlier.before = None;
    take(home, &present.key, seed).map_err(|why| {
        format!("This home is back in an earlier device, and its key of there cannot be taken: {why}. Nothing was changed. Make room, then start again.")
    })?;
    if note(home, &earlier) {
        aside::settle(home, &own);
    }
    let meanwhile = present.key;
    let what = format!(
        "This home is back in hardware in which it was before, and has its key of there again, {own}. The one that it had meanwhile, \
         {meanwhile}, is kept in {file}. If it joined the mesh with that, and nothing runs with it any more, type `wattle remove {meanwhile}` on \
         an admin."
    );
    warn!("{what}");
    let identity = Identity::load_or_create(home)?;
    Ok(OnHardware { identity, before: None, finding: Some(Finding { area: Area::Peers, what, command: None }) })
}

/// A key that was put aside takes the place of the present one, which is put aside too.
fn take(home: &Path, present: &PeerId, seed: &[u8]) -> Result<(), String> {
    state::write(home, HomeFile::Identity, seed).map_err(|error| {
        aside::return_root(home, present);
        error.to_string()
    })
}

/// Keeps the key that the home had before it came into this hardware, or the present one for whatever hardware its next start finds.
/// Returns what was done, for people.
///
/// # Errors
/// One sentence; no key is lost.
pub(super) fn keep(home: &Path) -> Result<String, String> {
    let failed = |why: &dyn std::fmt::Display| format!("The key was not kept: {why}. Nothing was changed.");
    let present = Identity::load_or_create(home)?.peer_id();
    let bind = |key| {
        let unbound = Binding::new(key, &Hardware::default(), None);
        state::write(home, HomeFile::Hardware, unbound.encode().as_bytes())
    };
    let before =
        noted(home).and_then(|noted| if noted.key == present { noted.before } else { cut_off(home, &noted, &present) });
    let Some(before) = before.filter(|before| aside::file(home, before).exists()) else {
        bind(present).map_err(|error| failed(&error))?;
        aside::settle(home, &present);
        return Ok(format!("The next start keeps the key {present} on whatever hardware it is."));
    };
    let seed = aside::seed(home, &before).map_err(|why| failed(&why))?;
    // Not its binding: this hardware belongs to the earlier key from now on.
    let of_present = aside::put(home, &present, None).map_err(|why| failed(&why))?;
    take(home, &present, &seed).map_err(|why| failed(&why))?;
    bind(before).map_err(|error| {
        format!(
            "This device has its earlier key again, {before}, and that this hardware is its own cannot be noted: {error}. Make room; the next \
             start notes it."
        )
    })?;
    aside::settle(home, &before);
    Ok(format!(
        "This device has its earlier key again, {before}. The one that it had meanwhile is kept in {of_present}; if it joined the mesh with \
         that, type `wattle remove {present}` on an admin. Is the hardware of before still running with this key? Then two devices have it, \
         and the others let neither of them take part."
    ))
}

#[cfg(test)]
#[path = "hardware_test.rs"]
mod tests;
