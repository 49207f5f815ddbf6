//! What is done about a state file that is damaged or lost: which of it and its copy is right, and the finding for people.

use super::damage::{blocked, look, move_away, unproven};
use super::durable;
use super::guarded::{self, Content};
use super::home_file::{GUARDED, HomeFile};
use super::lost::{Lost, lost};
use super::meant::is_begun_anew;
use super::remains::rest_of_home;
use super::settings_copy;
use super::standing::{Fault, Standing, standing};
use super::written;
use crate::base::finding::{Area, Finding, quoted_bytes};
use log::warn;
use std::path::Path;

/// Mends every state file of a home that is locked.
pub(super) fn all(home: &Path) -> Vec<Finding> {
    let mut found: Vec<Finding> = rest_of_home(home).inspect(|found| warn!("{}", found.what)).into_iter().collect();
    found.extend(GUARDED.into_iter().filter_map(|file| mend(&home.join(file.name()), file)));
    found.extend(deleted_token(&home.join(HomeFile::Token.name())));
    let of_settings = settings_copy::mend(&home.join(HomeFile::Settings.name()));
    found.extend(of_settings.inspect(|found| warn!("{}", found.what)));
    written::renew(home);
    found
}

/// The token's file was deleted, and not its copy: that is how its owner gets a new token (`meant::outlives_its_file`), and it may be a fault as well.
fn deleted_token(path: &Path) -> Option<Finding> {
    let content = guarded::read(path, HomeFile::Token.bytes_max());
    if !matches!(content, Ok(Content::Missing(Some(_)))) || written::is_begun(path, HomeFile::Token) {
        return None;
    }
    let what = format!(
        "The token of the agent's API, {}, was gone, and its copy was not put in its place: who deletes that file alone gets a new token. One was made. \
         The commands of this home read it by themselves; pages and programs that have the old one are refused. If nobody deleted the file, the disk \
         or card may be failing: make a backup, and look for errors of the disk.",
        path.display()
    );
    Some(told(what, "dmesg --level=err,warn".to_owned()))
}

/// Makes room for a file that begins anew, of which nothing can be used: what is there of it is kept beside it.
fn make_way(path: &Path, file: HomeFile) -> std::io::Result<()> {
    if let Some(bytes) = durable::read_whole(path, file.bytes_max())?.filter(|bytes| !bytes.is_empty()) {
        durable::write(&path.with_extension("damaged"), &bytes)?;
    }
    durable::remove(&guarded::copy_of(path))?;
    durable::remove(path)
}

fn mend(path: &Path, file: HomeFile) -> Option<Finding> {
    let done = match standing(path, file) {
        Standing::Neither(fault, bad_copy) if is_begun_anew(file) => {
            return begun_anew(path, file, &fault, bad_copy.as_deref());
        }
        Standing::Begun(copy) => {
            // Where it cannot be written the copy is read in its place.
            let _ = durable::write(path, &copy);
            return None;
        }
        // One of which nothing can be used is reported by whoever needs it.
        Standing::Well | Standing::Neither(..) => return None,
        Standing::Lost(copy) => durable::write(path, &copy).map(|()| "lost"),
        Standing::Doubtful => {
            // The copy stays as it is: the doctor goes on naming it until the file is written anew.
            return Some(told(unproven(path), "dmesg --level=err,warn".to_owned()));
        }
        // The start that mends this home makes it.
        Standing::Gone => {
            let what = lost(path, file, &Lost { made: true, ..Lost::gone() });
            return Some(told(what, "dmesg --level=err,warn".to_owned()));
        }
        Standing::Blocked => return Some(told(blocked(path), move_away(path))),
        Standing::NoCopy(bytes, bad_copy) => return without_copy(path, file, &bytes, bad_copy),
        Standing::Changed(bytes) => {
            warn!("{} was changed by hand, and is used as it is.", path.display());
            // If this fails, it is tried again at the next start.
            let _ = guarded::write_copy(path, &bytes, &bytes);
            return None;
        }
        Standing::Damaged { file: bytes, copy } => {
            let aside = path.with_extension("damaged");
            let kept = if bytes.is_empty() { Ok(()) } else { durable::write(&aside, &bytes) };
            kept.and_then(|()| durable::write(path, &copy)).map(|()| "damaged")
        }
    };
    let name = path.display();
    let what = match done {
        Ok("lost") if file == HomeFile::Identity => format!(
            "The file {name} was gone, and its copy was put in its place, so this device is the same as before. To make it a \
             new one, delete identity.key and identity.copy while no agent runs. If nobody deleted it, the disk or card may be \
             failing: make a backup, and look for errors of the disk."
        ),
        Ok(how) => format!(
            "The file {name} was {how}, and its copy was put in its place. Nothing is lost, but the disk or card may be \
             failing: make a backup, and look for errors of the disk."
        ),
        Err(error) => {
            warn!("The copy of {name} is used, but cannot be put in its place: {error}.");
            // What the doctor says of it.
            let still = look(path, file).map(|(what, _)| what);
            still.unwrap_or_else(|| format!("The file {name} is damaged; its copy is used."))
        }
    };
    Some(told(what, "dmesg --level=err,warn".to_owned()))
}

/// Begins a file anew of which nothing can be used.
fn begun_anew(path: &Path, file: HomeFile, fault: &Fault, bad_copy: Option<&str>) -> Option<Finding> {
    // What cannot be read may be so again once its owner, or the disk, lets it.
    let can_be_read = !matches!(fault, Fault::Unreadable(_));
    let made = can_be_read && make_way(path, file).is_ok();
    let begun = || lost(path, file, &Lost { made: true, ..Lost::of(fault, bad_copy, path) });
    // As long as it is as it was, the doctor says the same of it.
    let what = if made { begun() } else { look(path, file).map_or_else(begun, |(what, _)| what) };
    // Without these two no agent starts, and the start says why.
    let is_refused = !made && matches!(file, HomeFile::Token | HomeFile::BootCount);
    (!is_refused).then(|| told(what, "dmesg --level=err,warn".to_owned()))
}

/// Writes the copy of a file that is whole.
fn without_copy(path: &Path, file: HomeFile, bytes: &[u8], bad_copy: Option<String>) -> Option<Finding> {
    let (written, copy) = (guarded::write_copy(path, bytes, bytes), guarded::copy_of(path));
    let Err(error) = written else {
        let why = bad_copy?;
        warn!(
            "The copy {} could not be used: {why}. The file {} is whole, and the copy was written anew. Nothing is lost, but the disk \
             or card may be failing: make a backup, and look for errors of the disk.",
            copy.display(),
            path.display()
        );
        return None;
    };
    let unwritten = || {
        let what = format!(
            "The file {} is whole, and its copy {} cannot be written: {error}. If the file is damaged later, what it holds is lost. Remove \
             what is in the way and start the agent again.",
            path.display(),
            copy.display()
        );
        (what, format!("ls -ld {}", quoted_bytes(copy.as_os_str().as_encoded_bytes())))
    };
    // What is in the copy's place the doctor names in these words.
    let (what, command) = look(path, file).unwrap_or_else(unwritten);
    Some(told(what, command))
}

/// At once, as what is in the way of a start may end it before there is a board of findings.
fn told(what: String, command: String) -> Finding {
    warn!("{what}");
    Finding { area: Area::State, what, command: Some(command) }
}
