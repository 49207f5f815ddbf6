//! The small files of a home as they are on the disk now, for the doctor: each is read with its checksum and its copy.
//! Nothing is changed; the next start mends what can be mended.

use super::guarded::copy_of;
use super::home_file::{GUARDED, HomeFile};
use super::leftovers;
use super::lost::{Lost, lost};
use super::meant::is_begun_anew;
use super::standing::{Fault, Standing, standing};
use crate::base::finding::{Area, Finding, quoted_bytes};
use std::path::Path;

/// Looks at a file that differs from its copy: the agent may write both just now, first the copy.
const LOOKS: usize = 3;

/// What is damaged or lost in a home: each file and copy, with what becomes of it.
#[must_use]
pub fn damage(home: &Path) -> Vec<Finding> {
    GUARDED.into_iter().filter_map(|file| damage_of(&home.join(file.name()), file)).collect()
}

/// The same for one of them.
#[must_use]
pub fn damage_in(home: &Path, file: HomeFile) -> Option<Finding> {
    damage_of(&home.join(file.name()), file)
}

fn damage_of(path: &Path, file: HomeFile) -> Option<Finding> {
    let mut found = None;
    for _ in 0..LOOKS {
        found = look(path, file);
        if found.is_none() {
            break;
        }
    }
    let (what, command) = found?;
    Some(Finding { area: Area::State, what, command: Some(command) })
}

const BACKUP: &str = "The disk or card may be failing: make a backup, and look for errors of the disk.";

/// What starts the agent, which mends what it can.
const UP: &str = "wattle up";

/// Where a key may be right although nothing proves it.
const SURE: &str = " If you are sure of the key that is there, delete identity.copy, hardware and hardware.copy instead: it is used as it is.";

/// Why neither a file nor its copy can be used, in the doctor's words; `None` if one of them can, or neither is there.
pub(super) fn unusable(path: &Path, file: HomeFile) -> Option<String> {
    let is_neither = matches!(standing(path, file), Standing::Neither(..));
    look(path, file).filter(|_| is_neither).map(|(what, _)| what)
}

/// What is wrong with a file or its copy, and the command that helps.
pub(super) fn look(path: &Path, file: HomeFile) -> Option<(String, String)> {
    let (name, copy) = (path.display(), copy_of(path));
    let of_copy = word(&copy);
    let mended = format!(
        "Nothing is lost: its copy {} is whole, and the next start puts it in the file's place. Stop the agent, if it runs, and start it.",
        copy.display()
    );
    Some(match standing(path, file) {
        Standing::Well | Standing::Changed(_) | Standing::Begun(_) | Standing::NoCopy(_, None) => return None,
        Standing::NoCopy(_, Some(why)) => {
            let what = format!(
                "The copy {} cannot be used: {why}. The file {name} is whole, and nothing is lost.",
                copy.display()
            );
            if copy.is_file() {
                let does = "The next save of that file writes the copy anew, and so does the next start of the agent.";
                (format!("{what} {does} {BACKUP}"), UP.to_owned())
            } else {
                let does = "Remove what is in the copy's place; it is written anew at the next start.";
                (format!("{what} {does}"), format!("ls -ld {of_copy}"))
            }
        }
        Standing::Doubtful => (unproven(path), format!("rm {of_copy}")),
        Standing::Damaged { .. } => (format!("The file {name} is damaged. {mended} {BACKUP}"), UP.to_owned()),
        Standing::Lost(_) => {
            let why = "If nobody deleted it, the disk or card may be failing: make a backup, and look for errors of the disk.";
            (format!("The file {name} is gone. {mended} {why}"), UP.to_owned())
        }
        Standing::Gone => (lost(path, file, &Lost::gone()), UP.to_owned()),
        Standing::Blocked => (blocked(path), move_away(path)),
        // The next start keeps it as NAME.damaged.
        Standing::Neither(fault @ (Fault::Damaged | Fault::Gone), bad_copy) if is_begun_anew(file) => {
            (lost(path, file, &Lost::of(&fault, bad_copy.as_deref(), path)), UP.to_owned())
        }
        Standing::Neither(fault, bad_copy) => {
            let and = match bad_copy {
                Some(why) => format!("its copy {} cannot be used either: {why}", copy.display()),
                None => "it has no copy".to_owned(),
            };
            let sure = if matches!(fault, Fault::Unproven | Fault::OfAnother(_)) { SURE } else { "" };
            let fault = match fault {
                Fault::Damaged => "is damaged".to_owned(),
                Fault::Gone => "is gone".to_owned(),
                Fault::Unreadable(error) => format!("cannot be read ({error})"),
                Fault::Unproven => "cannot be proven whole".to_owned(),
                Fault::OfAnother(own) => format!("holds the key of another device than this one, {own}"),
            };
            let there = [path, &copy].into_iter().filter(|path| path.symlink_metadata().is_ok());
            let command = there.map(move_away).collect::<Vec<_>>().join(" && ");
            (format!("The file {name} {fault}, and {and}. {}{sure} {BACKUP}", without(file, &command)), command)
        }
    })
}

/// What to do about a file that is not proven whole, whose copy is damaged.
pub(super) fn unproven(path: &Path) -> String {
    format!(
        "The file {} cannot be proven whole: its copy {} is damaged and has another checksum, so both may be damaged. The file is used \
         as it is; what it holds may be wrong. Put it back from a backup if you have one. Without the copy the file counts as whole, \
         and gets a new one at the next start. {BACKUP}",
        path.display(),
        copy_of(path).display()
    )
}

/// What to do about a folder in the place of a file.
pub(super) fn blocked(path: &Path) -> String {
    format!(
        "There is a folder where the file {} belongs. The file's copy is whole, and can be put in its place once that folder is away: move \
         it away and start the agent again.",
        path.display()
    )
}

/// The command that moves a file or folder out of the way, so that nothing is lost.
pub(super) fn move_away(path: &Path) -> String {
    format!("mv -n {} {}", word(path), word(&leftovers::away(path)))
}

fn word(path: &Path) -> String {
    quoted_bytes(path.as_os_str().as_encoded_bytes())
}

/// What is so without a file and its copy, and what to do; `away` moves away what is there of them.
fn without(file: HomeFile, away: &str) -> String {
    if file == HomeFile::Records {
        return format!(
            "It lists who is in the mesh and who was removed, and the agent does not start with a damaged one. Put it back from a \
             backup without the copy; if there is none, type `{away}`, start the agent and pair this device again, or type `wattle mesh \
             recover` where the mesh was made."
        );
    }
    let says = match file {
        HomeFile::Identity => {
            "It is this device's key, and the agent does not start with one that is damaged or in doubt: it would be another device to its \
             mesh. Nothing was changed. Move away what is there of the two, and put identity.key back from a backup: the device is the \
             same as before then. Without a backup the next start makes a new key, and the device has to join its mesh again."
        }
        HomeFile::Hardware => {
            "It says to which hardware this device's key belongs. What is not proven whole binds nothing: the next start keeps the key, and \
             binds it to the hardware that it finds."
        }
        HomeFile::Energy => {
            "A pause, if there was one, does not hold, and the governor learns again: if it was paused, type `wattle pause` again. Moved \
             away with its copy, the file begins anew at the next start."
        }
        HomeFile::Token => "Move it away with its copy: the next start makes a new token.",
        HomeFile::MeshRoot => {
            "It is the root key of the mesh. Put it back from a backup without the copy; what else a damaged one is good for, its \
             recovery phrase does too."
        }
        HomeFile::BootCount => "Moved away with its copy, the count begins anew, and other devices tell a higher one.",
        _ => "What it held is lost. Moved away with its copy, it begins anew at the next start.",
    };
    says.to_owned()
}
