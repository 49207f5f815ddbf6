//! The copy of the owner's settings: a config.toml that is gone or empty is told, and comes back.
//!
//! The file is its owner's, and what he writes there holds: each start, and each command that writes into it, keeps a copy of settings that can be used,
//! and no file with a word in it is ever replaced by that. A file that a power cut, a slip or a failing disk left empty, or took away, is one
//! that nobody wrote: until the next start puts the copy in its place, the copy is read for it.

use super::home_file::HomeFile;
use super::{durable, guarded, settings_file, written};
use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::config::Config;
use crate::limits::CONFIG_BYTES_MAX;
use std::path::Path;

/// Whether settings have no word: nothing, white space, or the zeros of a file that was never written.
pub(super) fn is_blank(settings: &str) -> bool {
    settings.chars().all(|c| c.is_whitespace() || c == '\0')
}

/// The settings that were kept, if the copy is whole and not empty.
pub(super) fn kept(path: &Path) -> Option<String> {
    let copy = guarded::copy(path, CONFIG_BYTES_MAX).and_then(|copy| String::from_utf8(copy).ok());
    copy.filter(|copy| !is_blank(copy))
}

/// Keeps a copy of settings that are on the disk. Where that fails there is none: an old one would bring back what was taken out.
pub(super) fn keep(path: &Path, settings: &str) {
    let bytes = settings.as_bytes();
    if guarded::write_copy(path, bytes, bytes).is_err() {
        let _ = durable::remove(&guarded::copy_of(path));
    } else if let Some(home) = path.parent() {
        // From now on and not from the next start: what is lost before that is told too.
        written::add(home, HomeFile::Settings);
    }
}

/// Puts other settings into the place of those that are there, and of their copy: one of before would bring those back.
///
/// # Errors
/// The system's; the settings and their copy are as they were.
pub(super) fn put(path: &Path, settings: &[u8]) -> std::io::Result<()> {
    settings_file::put(path, settings)?;
    let usable = str::from_utf8(settings).ok().filter(|text| !is_blank(text) && Config::parse(text).is_ok());
    match usable {
        Some(text) => keep(path, text),
        None => {
            let _ = durable::remove(&guarded::copy_of(path));
        }
    }
    Ok(())
}

/// How a file without a word came about.
fn fault(path: &Path) -> Option<&'static str> {
    match settings_file::text(path) {
        Ok(None) => Some("gone"),
        Ok(Some(text)) if is_blank(&text) => Some("empty"),
        _ => None,
    }
}

/// Keeps a copy of settings that can be used, and puts it in the place of those that are gone; with what is told of that.
pub(super) fn mend(path: &Path) -> Option<Finding> {
    let Some(fault) = fault(path) else {
        let text = settings_file::text(path).ok().flatten()?;
        if Config::parse(&text).is_ok() && kept(path).as_ref() != Some(&text) {
            keep(path, &text);
        }
        return None;
    };
    let Some(copy) = kept(path) else { return lost(path, fault, "hold now") };
    // A link whose file is away stays a link: the copy is used until that is back.
    let put = if is_link_to_nothing(path) { None } else { Some(settings_file::put(path, copy.as_bytes())) };
    let done = match put {
        None => "what it leads to is not there, and the settings of its copy are used".to_owned(),
        Some(Ok(())) => "its copy was put in its place".to_owned(),
        Some(Err(error)) => format!("the settings of its copy are used, but cannot be put in its place ({error})"),
    };
    Some(told(path, &format!("{} was {fault}, and {done}: nothing is lost.", title(path))))
}

/// What the next start does about it, for the doctor.
pub(super) fn outlook(path: &Path) -> Option<Finding> {
    let fault = fault(path)?;
    if kept(path).is_none() {
        return lost(path, fault, "hold");
    }
    let next = "its copy is whole and is read in its place; the next start puts it there";
    Some(told(path, &format!("{} is {fault}, and {next}. Nothing is lost.", title(path))))
}

/// The file has no word and its copy cannot be used, and there were settings before: `hold` says since when the defaults hold. `None`: there were none, or a
/// command took the last one out.
fn lost(path: &Path, fault: &str, hold: &str) -> Option<Finding> {
    let is_left_blank = |copy: Vec<u8>| str::from_utf8(&copy).is_ok_and(is_blank);
    if guarded::copy(path, CONFIG_BYTES_MAX).is_some_and(is_left_blank) {
        return None;
    }
    let copy = guarded::copy_of(path);
    let what = if let Some(why) = guarded::damage_of_copy(path, CONFIG_BYTES_MAX) {
        format!(
            "{} is {fault}, and its copy {} cannot be used: {why}. The defaults hold, and what was set by hand or at a command does not. Nothing was \
             changed: what can still be read of the copy may help to write the settings again, or a backup has them. This notice ends once config.toml \
             has settings again, or both files are deleted. If nobody emptied or deleted it, the disk or card may be failing.",
            title(path),
            copy.display()
        )
    } else {
        let was_there = path.parent().is_some_and(|home| written::was_there(home, HomeFile::Settings));
        if !was_there {
            return None;
        }
        format!(
            "{} is {fault}, and there is no copy of it: the defaults {hold}, and what was set by hand or at a command is lost. If there is a backup, \
             stop the agent and put it back; else `wattle up` with the options of before writes them again. If nobody deleted it, the disk or card \
             may be failing.",
            title(path)
        )
    };
    let command = Some(format!("ls -la {}", quoted_bytes(path.parent()?.as_os_str().as_encoded_bytes())));
    Some(Finding { area: Area::State, what, command })
}

fn title(path: &Path) -> String {
    format!("The file of the owner's settings, {},", path.display())
}

fn told(path: &Path, what: &str) -> Finding {
    let copy = guarded::copy_of(path);
    let what = format!(
        "{what} To begin with the defaults, delete config.toml and config.copy while no agent runs. If nobody emptied or deleted it, the disk or \
         card may be failing: make a backup, and look for errors of the disk."
    );
    let command = Some(format!("ls -l {}", quoted_bytes(copy.as_os_str().as_encoded_bytes())));
    Finding { area: Area::State, what, command }
}

fn is_link_to_nothing(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

#[cfg(test)]
#[path = "settings_copy_test.rs"]
mod tests;
