//! What is done about a state file that is damaged or lost: which of it and its copy is right, and the finding for people.

use super::durable;
use super::guarded::{self, Content};
use super::home_file::{GUARDED, HomeFile};
use super::meant::is_meant;
use crate::base::finding::{Area, Finding, quoted};
use log::warn;
use std::path::Path;

/// What an agent uses of a file and its copy.
pub(super) fn chosen(file: HomeFile, content: Content) -> Option<Vec<u8>> {
    match content {
        Content::Missing(copy) => copy.filter(|_| outlives_its_file(file)),
        Content::Whole(bytes, _) => Some(bytes),
        Content::Differs { file: bytes, copy } => Some(if is_meant(file, &bytes, &copy) { bytes } else { copy }),
    }
}

/// Whether the copy of a lost file takes its place. The others are deleted on purpose: a token to get another one, addresses
/// and what the governor learned to begin anew.
pub(super) const fn outlives_its_file(file: HomeFile) -> bool {
    !matches!(file, HomeFile::Token | HomeFile::Peers | HomeFile::Energy)
}

/// Mends every state file of a home that is locked.
pub(super) fn all(home: &Path) -> Vec<Finding> {
    GUARDED.into_iter().filter_map(|file| mend(&home.join(file.name()), file)).collect()
}

fn mend(path: &Path, file: HomeFile) -> Option<Finding> {
    // One that cannot be read and has no copy is reported by whoever needs it.
    let content = guarded::read(path, file.bytes_max()).ok()?;
    let done = match &content {
        Content::Missing(Some(copy)) if outlives_its_file(file) => durable::write(path, copy).map(|()| "lost"),
        Content::Missing(_) | Content::Whole(_, true) => return None,
        Content::Whole(_, false) if guarded::is_doubtful(path, file.bytes_max()) => {
            let what = format!(
                "The file {} cannot be proven whole: its copy is damaged and has another checksum. It is used as it is; what it holds \
                 may be wrong. The disk or card may be failing: make a backup, and look for errors of the disk.",
                path.display()
            );
            warn!("{what}");
            // The copy stays as it is: the doctor goes on naming it until the file is written anew.
            return Some(Finding { area: Area::State, what, command: Some("dmesg --level=err,warn".to_owned()) });
        }
        Content::Whole(bytes, false) => {
            let error = guarded::write_copy(path, bytes, bytes).err()?;
            let copy = guarded::copy_of(path);
            let what = format!(
                "The file {} is whole, and its copy {} cannot be written: {error}. If the file is damaged later, what it holds \
                 is lost. Remove what is in the way and start the agent again.",
                path.display(),
                copy.display()
            );
            warn!("{what}");
            let command = Some(format!("ls -ld {}", quoted(&copy.to_string_lossy())));
            return Some(Finding { area: Area::State, what, command });
        }
        Content::Differs { file: bytes, copy } if is_meant(file, bytes, copy) => {
            warn!("{} was changed by hand, and is used as it is.", path.display());
            // If this fails, it is tried again at the next start.
            let _ = guarded::write_copy(path, bytes, bytes);
            return None;
        }
        Content::Differs { file: bytes, copy } => {
            let aside = path.with_extension("damaged");
            let kept = if bytes.is_empty() { Ok(()) } else { durable::write(&aside, bytes) };
            kept.and_then(|()| durable::write(path, copy)).map(|()| "damaged")
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
        Err(error) => format!("The file {name} is damaged; its copy is used, but cannot be put in its place: {error}."),
    };
    warn!("{what}");
    Some(Finding { area: Area::State, what, command: Some("dmesg --level=err,warn".to_owned()) })
}
