//! How a guarded file and its copy stand: the one test by which a start mends them, and by which the doctor names them.

use super::guarded::{self, Content};
use super::home_file::HomeFile;
use super::meant::{is_meant, is_possible, outlives_its_file};
use super::whose::{self, Word};
use super::written;
use crate::wire::peer_id::PeerId;
use std::io::Error;
use std::path::Path;

/// How a file and its copy stand.
#[derive(Debug)]
pub(super) enum Standing {
    /// Both are whole, or there are none, or the owner deleted the file.
    Well,
    /// The file is whole, and has no copy yet, or an unusable one, and why; it holds this.
    NoCopy(Vec<u8>, Option<String>),
    /// The owner changed the file: it holds this.
    Changed(Vec<u8>),
    /// The file may be whole, and nothing proves it: the copy is damaged, and its checksums are of something else.
    Doubtful,
    /// The file is damaged, and holds this; the copy is whole.
    Damaged { file: Vec<u8>, copy: Vec<u8> },
    /// There is a folder in the file's place; the copy is whole.
    Blocked,
    /// The file is gone; the copy is whole.
    Lost(Vec<u8>),
    /// The agent was killed while it wrote the file for the first time: the copy is whole, and nothing is lost.
    Begun(Vec<u8>),
    /// Both are gone, and were there before.
    Gone,
    /// Neither can be used: what is wrong with the file, and with the copy where there is one.
    Neither(Fault, Option<String>),
}

/// Why a file without a usable copy cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    Damaged,
    Gone,
    Unreadable(Error),
    /// It may be what was written, and must not be used unless that is sure.
    Unproven,
    /// It is a key, and not that of this device, which the rest of the home names.
    OfAnother(PeerId),
}

/// How the file at this path and its copy stand.
pub(super) fn standing(path: &Path, file: HomeFile) -> Standing {
    let bad_copy = guarded::damage_of_copy(path, file.bytes_max());
    let is_doubtful = || guarded::is_doubtful(path, file.bytes_max());
    match guarded::read(path, file.bytes_max()) {
        Err(error) => Standing::Neither(Fault::Unreadable(error), bad_copy),
        Ok(Content::Missing(Some(copy))) if outlives_its_file(file) => {
            if written::is_begun(path, file) {
                Standing::Begun(copy)
            } else {
                Standing::Lost(copy)
            }
        }
        Ok(Content::Missing(None)) if bad_copy.is_some() => Standing::Neither(Fault::Gone, bad_copy),
        Ok(Content::Missing(None)) if written::is_lost(path, file) => Standing::Gone,
        Ok(Content::Missing(_) | Content::Whole(_, true)) => Standing::Well,
        Ok(Content::Whole(bytes, false)) if !is_possible(file, &bytes) => Standing::Neither(Fault::Damaged, bad_copy),
        Ok(Content::Whole(bytes, false)) if file == HomeFile::Identity => match doubt(path, &bytes, is_doubtful()) {
            Some(fault) => Standing::Neither(fault, bad_copy),
            None => Standing::NoCopy(bytes, bad_copy),
        },
        // It has a sum of its own.
        Ok(Content::Whole(..)) if file != HomeFile::Hardware && is_doubtful() => Standing::Doubtful,
        Ok(Content::Whole(bytes, false)) => Standing::NoCopy(bytes, bad_copy),
        Ok(Content::Differs { file: bytes, copy }) if is_meant(file, &bytes, &copy) => Standing::Changed(bytes),
        // A file cannot be renamed into the place of a folder.
        Ok(Content::Differs { .. }) if path.is_dir() => Standing::Blocked,
        Ok(Content::Differs { file, copy }) => Standing::Damaged { file, copy },
    }
}

/// Why a key that its copy does not prove must not be used.
fn doubt(path: &Path, bytes: &[u8], is_doubtful: bool) -> Option<Fault> {
    match whose::word_for(path.parent()?, &whose::key_in(bytes)?) {
        Word::Own => None,
        Word::Other(own) => Some(Fault::OfAnother(own)),
        Word::Unknown => is_doubtful.then_some(Fault::Unproven),
    }
}
