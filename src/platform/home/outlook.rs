//! What the next start will do about the key of a home where no agent runs, for the doctor. Nothing is changed.

use super::home_file::HomeFile;
use super::identity::Identity;
use super::room::disk_free;
use super::whose::Note;
use super::{aside, hardware, state, whose, written};
use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::limits::KEY_ROOM_MIN;
use crate::mesh::hardware::{Found, Hardware};
use crate::wire::peer_id::PeerId;
use std::path::Path;

/// What people should know of it; `None` if the next start has the key of the last one.
pub(super) fn of(home: &Path, found: Option<&Hardware>) -> Option<Finding> {
    let note = whose::note(home);
    let is_unbound = matches!(note, Note::Gone);
    let noted = note.binding();
    let what_and_command = if Identity::is_gone(home) {
        let was = noted.map(|noted| noted.key);
        let is_known = was.is_some() || whose::is_paired(home) || written::has_only_its_store(home);
        (is_known || written::is_rest(home)).then(|| lost(home, was))
    } else if is_unbound && found.is_some() && home.join(HomeFile::BootCount.name()).exists() {
        // Each start of an agent notes it, so that there was a note.
        Some(unbound(home))
    } else {
        let noted = noted.filter(|noted| found.is_some_and(|found| noted.compare(found) == Found::Other))?;
        let own = state::read(home, HomeFile::Identity).ok()??;
        (whose::key_in(&own) == Some(noted.key)).then(|| elsewhere(home, &noted.key))
    };
    what_and_command.map(|(what, command)| Finding { area: Area::State, what, command: Some(command) })
}

fn lost(home: &Path, was: Option<PeerId>) -> (String, String) {
    let was = was.map_or(String::new(), |was| format!(", {was},"));
    let mesh = if whose::is_paired(home) {
        ", which has to join its mesh again"
    } else if written::has_only_its_store(home) {
        " to the others, which has to join its mesh again if it was in one: of the home the store alone is left"
    } else if written::is_rest(home) {
        " to the others, which has to join its mesh again if it was in one: of the home hardly anything is left"
    } else {
        ""
    };
    let what = format!(
        "The key of this device{was} is gone: neither {} nor its copy is there. The next start makes a new one, and this is a new device \
         then{mesh}. If nobody deleted them, put identity.key back from a backup before that. The disk or card may be failing.",
        home.join(HomeFile::Identity.name()).display()
    );
    (what, format!("ls -la {}", quoted_bytes(home.as_os_str().as_encoded_bytes())))
}

fn unbound(home: &Path) -> (String, String) {
    let what = format!(
        "The file {}, which says to which hardware this device's key belongs, is gone with its copy. The key is bound to nothing until the \
         agent's next start, which binds it to the hardware of then. Start the agent again, here: a copy of this card that starts in another \
         device before has the same key as this one. If nobody deleted the two, the disk or card may be failing.",
        home.join(HomeFile::Hardware.name()).display()
    );
    (what, "wattle up".to_owned())
}

fn elsewhere(home: &Path, key: &PeerId) -> (String, String) {
    let free = disk_free(home);
    if free < KEY_ROOM_MIN {
        let why = format!(
            "the disk is full, {} KiB are free where the home is, and {} KiB are needed",
            free / 1024,
            KEY_ROOM_MIN / 1024
        );
        return (hardware::not_aside(&why), format!("df -h {}", quoted_bytes(home.as_os_str().as_encoded_bytes())));
    }
    if let Some(folder) = aside::in_the_way(home, key) {
        let why = format!("there is the folder {} in the place of a file", folder.display());
        return (hardware::not_aside(&why), format!("ls -ld {}", quoted_bytes(folder.as_os_str().as_encoded_bytes())));
    }
    let what = format!(
        "This home was in another device before: a card was copied or moved, or the board was exchanged. The next start puts its key, {key}, \
         aside, and this is a new device then, or the one that it was in this hardware before. If it is the same device, type `wattle \
         identity keep` before that."
    );
    (what, "wattle up".to_owned())
}
