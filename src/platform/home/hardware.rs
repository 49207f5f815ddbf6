//! The key of a home on the hardware where it is opened: a card that was copied into another device, or moved there, gets a key
//! of its own; one that comes back gets its earlier key again.
//!
//! The order of the writes: the present key is put aside first, then the other one takes its place, then that is noted, then what was
//! put aside of that one goes. After a power cut in between the next start goes on from there: the key that is not the noted one, and
//! which of the two is put aside, tell what was done.
//!
//! The note of the hardware names the key also where nothing is known of the hardware: a damaged key is told by it (`whose`). A note that
//! is not proven whole binds nothing, and the key is bound anew.

use super::home_file::HomeFile;
use super::identity::Identity;
use super::whose::{self, Note};
use super::{aside, state, written};
use crate::base::finding::{Area, Finding, quoted_bytes};
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
    /// What people are told of this start; whoever shows it writes it into the log.
    pub findings: Vec<Finding>,
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
    let (is_gone, was_rest) = (Identity::is_gone(home), written::is_rest(home));
    let identity = Identity::load_or_create(home)?;
    aside::make_private(home);
    let present = identity.peer_id();
    let note = whose::note(home);
    let (is_current, is_damaged) = (matches!(note, Note::Whole(_, true)), matches!(note, Note::Damaged));
    let mut findings: Vec<Finding> =
        (is_damaged && !is_gone).then(|| unproven_note(home, &present)).into_iter().collect();
    let noted = note.binding();
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
        // The first start, a key that its owner put here or that was lost, or one whose note was cut off.
        None => {
            let before = noted.as_ref().and_then(|noted| cut_off(home, noted, &present));
            let was = noted.as_ref().map(|noted| noted.key);
            let is_another = before.is_none() && was.is_some() && !aside::file(home, &present).exists();
            let is_rest = was_rest || written::has_only_its_store(home);
            if is_another || (is_gone && (whose::is_paired(home) || is_damaged || is_rest)) {
                findings.push(another_key(home, (is_gone, is_rest), &present, was));
            }
            Binding::new(present, hardware, before)
        }
    };
    binding.before = binding.before.filter(|before| aside::file(home, before).exists());
    if (is_current && noted.as_ref() == Some(&binding)) || write_note(home, &binding) {
        aside::settle(home, &present);
    }
    Ok(OnHardware { identity, before: binding.before, findings })
}

/// The note of the hardware says nothing: the key is bound to the hardware of this start.
fn unproven_note(home: &Path, key: &PeerId) -> Finding {
    let what = format!(
        "The file {}, which says to which hardware this device's key belongs, was not whole, and no copy of it is. It binds nothing, so this \
         device keeps its key, {key}, and that belongs to the hardware of this start from now on. If this home is a copy of one that \
         still runs elsewhere, stop the agent here and delete identity.key and identity.copy: it is a device of its own then. The disk or \
         card may be failing: make a backup, and look for errors of the disk.",
        home.join(HomeFile::Hardware.name()).display()
    );
    Finding { area: Area::State, what, command: Some("dmesg --level=err,warn".to_owned()) }
}

/// The home has another key than at its last start, and nobody has put that one aside. `is_rest`: hardly anything is left of the home.
fn another_key(home: &Path, (is_gone, is_rest): (bool, bool), present: &PeerId, was: Option<PeerId>) -> Finding {
    let file = home.join(HomeFile::Identity.name());
    let how = if is_gone { "was gone with its copy, so a new one was made" } else { "is another one than before" };
    let it_was = was.map_or(String::new(), |was| format!(", and was {was}"));
    let join = if whose::is_paired(home) {
        let remove = was.map_or(String::new(), |was| format!("`wattle remove {was}` there, "));
        format!(
            " Without one: `wattle pair` on an admin of its mesh, {remove}and `wattle join CODE` here; or `wattle mesh recover`, if the mesh \
             was made here."
        )
    } else if is_rest {
        " If it was in a mesh: `wattle pair` on an admin of it, and `wattle join CODE` here.".to_owned()
    } else {
        String::new()
    };
    let what = format!(
        "The key {} {how}: this device is {present} since this start{it_was}. It is a new one to the others; its documents stay. If nobody \
         meant that and there is a backup of the key, stop the agent, put identity.key back, delete identity.copy, hardware and \
         hardware.copy, and start it again.{join}",
        file.display()
    );
    Finding {
        area: Area::State,
        what,
        command: Some(format!("ls -la {}", quoted_bytes(home.as_os_str().as_encoded_bytes()))),
    }
}

/// The key of before, where a power cut or a full disk left another key than the noted one: that was made in this hardware, unless it is put
/// aside itself, and so was given back.
fn cut_off(home: &Path, noted: &Binding, present: &PeerId) -> Option<PeerId> {
    let was_given_back = aside::file(home, present).exists();
    Some(noted.key).filter(|key| !was_given_back && aside::file(home, key).exists())
}

/// Notes a binding; whether that is on the disk.
fn write_note(home: &Path, binding: &Binding) -> bool {
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

/// Why a home in other hardware does not start, in the doctor's words too.
pub(super) fn not_aside(why: &str) -> String {
    format!(
        "This home was in another device before, which may still run with the same key, and its key cannot be put aside: {why}. \
         Nothing was changed. Make room, then start again; if it is the same device, type `wattle identity keep`."
    )
}

/// Puts the present key aside before another one takes its place.
fn put_aside(home: &Path, present: &Binding) -> Result<String, String> {
    aside::put(home, &present.key, Some(present)).map_err(|why| not_aside(&why))
}

/// The home is in other hardware: puts the old key aside and makes a new one.
fn new_key(home: &Path, old: &Binding, hardware: &Hardware) -> Result<OnHardware, String> {
    let before = old.key;
    let file = put_aside(home, old)?;
    let identity = Identity::create(home).inspect_err(|_| aside::return_root(home, &before))?;
    write_note(home, &Binding::new(identity.peer_id(), hardware, Some(before)));
    warn!(
        "This home was in another device before: a card was copied or moved, or the board was exchanged. This device has a new key from \
         now on, {}, and its documents stay. The old one, {before}, is kept in {file}, and the root key of the mesh, if that was made here, \
         beside it. If this is the same device, stop the agent and type `wattle identity keep`.",
        identity.peer_id()
    );
    Ok(OnHardware { identity, before: Some(before), findings: Vec::new() })
}

/// The home is in hardware in which it had a key before: that is its key again.
fn back(home: &Path, present: &Binding, mut earlier: Binding, seed: &[u8]) -> Result<OnHardware, String> {
    let file = put_aside(home, present)?;
    let own = earlier.key;
    earlier.before = None;
    take(home, &present.key, seed).map_err(|why| {
        format!("This home is back in an earlier device, and its key of there cannot be taken: {why}. Nothing was changed. Make room, then start again.")
    })?;
    if write_note(home, &earlier) {
        aside::settle(home, &own);
    }
    let meanwhile = present.key;
    let what = format!(
        "This home is back in hardware in which it was before, and has its key of there again, {own}. The one that it had meanwhile, \
         {meanwhile}, is kept in {file}. If it joined the mesh with that, and nothing runs with it any more, type `wattle remove {meanwhile}` on \
         an admin."
    );
    let findings = vec![Finding { area: Area::Peers, what, command: None }];
    let identity = Identity::load_or_create(home)?;
    Ok(OnHardware { identity, before: None, findings })
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
    let before = whose::note(home)
        .binding()
        .and_then(|noted| if noted.key == present { noted.before } else { cut_off(home, &noted, &present) });
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
mod tests;
