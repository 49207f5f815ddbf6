//! Turns a path that a person typed into a place that the node can watch.

use crate::base::id::Ring;
use crate::config::check_collection;
use crate::limits::PATH_BYTES_MAX;
use crate::platform::file_system::is_pseudo;
use crate::platform::folder::names::{has_patterns, left_out_of};
use crate::scheduler::addition::{Addition, Patterns};
use crate::scheduler::path::covers;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Resolves links, checks that something readable is there, and records its file system. Blocks, for ever where its file
/// system does not answer: callers wrap it in `blocking::look`.
///
/// # Errors
/// One sentence: no absolute path, nothing there, neither folder nor file, not readable, or an invalid name.
pub fn source_at(path: &Path, collection: &str, ring: Option<Ring>) -> Result<Addition, String> {
    check_collection(collection)?;
    let name = path.display();
    if !path.is_absolute() {
        return Err(format!("{name} is not an absolute path: it must begin with a slash."));
    }
    let found = fs::canonicalize(path).map_err(|error| format!("{name} cannot be found: {error}."))?;
    if found.parent().is_none() {
        return Err(format!(
            "{name} holds the whole system: programs, logs and the kernel's own files. Name the folders that hold your \
             documents, for example ~/Documents. Nothing was changed."
        ));
    }
    if is_pseudo(&found) {
        return Err(format!(
            "{name} shows the system's own state and holds no documents. Name a folder that holds documents, for example \
             ~/Documents. Nothing was changed."
        ));
    }
    let meta = fs::metadata(&found).map_err(|error| format!("{name} cannot be looked at: {error}."))?;
    if meta.is_dir() {
        fs::read_dir(&found).map_err(|error| format!("The folder {name} cannot be read: {error}."))?;
    } else if meta.is_file() {
        fs::File::open(&found).map_err(|error| format!("The file {name} cannot be read: {error}."))?;
    } else {
        return Err(format!("{name} is neither a folder nor a regular file."));
    }
    let bytes = found.as_os_str().as_bytes();
    if bytes.len() > PATH_BYTES_MAX {
        return Err(format!("The path {name} is longer than {PATH_BYTES_MAX} bytes."));
    }
    let patterns = Patterns { left_out_of: left_out_of(&found), are_in_it: has_patterns(&found) };
    let (path, collection) = (bytes.to_vec(), collection.to_owned());
    Ok(Addition { path, collection, unnamed: false, ring, device: meta.dev(), patterns })
}

/// The place that a person means by an absolute path, whether something is there or not: links are resolved as far as
/// there are any, as they were when it was added. Blocks: it reads the disk.
///
/// # Errors
/// One sentence: it is not absolute, or too long.
pub fn place_at(path: &Path) -> Result<Vec<u8>, String> {
    place_as_typed(path)?;
    let resolved = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        let found = fs::canonicalize(above).ok()?;
        Some(if rest.as_os_str().is_empty() { found } else { found.join(rest) })
    });
    let place = resolved.unwrap_or_else(|| path.to_owned());
    Ok(place.as_os_str().as_bytes().to_vec())
}

/// The place with this very name, whatever links are in it. Asks the disk nothing.
///
/// # Errors
/// Those of [`place_at`].
pub fn place_as_typed(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    if !path.is_absolute() {
        return Err(format!("{name} is not an absolute path: it must begin with a slash."));
    }
    if path.as_os_str().len() > PATH_BYTES_MAX {
        return Err(format!("The path {name} is longer than {PATH_BYTES_MAX} bytes."));
    }
    // Without a slash at its end.
    Ok(path.components().collect::<PathBuf>().into_os_string().into_vec())
}

/// Where a path leads, if there is a link in it; `None` if it has none, or nothing is there. Blocks: it reads the disk.
pub(super) fn elsewhere(path: &[u8]) -> Option<Vec<u8>> {
    let real = fs::canonicalize(Path::new(OsStr::from_bytes(path))).ok()?.into_os_string().into_vec();
    (real != path).then_some(real)
}

/// Whether this holds of a place as it is named, or as it is without links.
pub(super) fn is_at(place: &[u8], holds: impl Fn(&[u8]) -> bool) -> bool {
    holds(place) || elsewhere(place).is_some_and(|real| holds(&real))
}

/// The place among these into which a path leads that has a link in it, to `real`. A place that is around it by its name is none: both
/// have the same link. Blocks: it reads the disk.
pub(super) fn led_into<'a>(path: &[u8], real: &[u8], places: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let mut others = places.filter(|place| !covers(place, path));
    others.find(|place| is_at(place, |place| covers(place, real)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_a_file_and_a_link_become_sources() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        fs::write(real.join("note.txt"), "x").unwrap();
        std::os::unix::fs::symlink(&real, real.join("loop")).unwrap();
        let source = source_at(&real, "home", None).unwrap();
        assert_eq!(source.path, real.as_os_str().as_bytes());
        assert_eq!(source.device, fs::metadata(&real).unwrap().dev());
        let file = source_at(&real.join("loop/note.txt"), "home", Some(Ring::Private)).unwrap();
        assert_eq!(file.path, real.join("note.txt").as_os_str().as_bytes(), "without links");
    }

    #[test]
    fn a_place_is_found_where_nothing_is_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        let place = |path: &Path| place_at(path).map(|place| String::from_utf8(place).unwrap());
        assert_eq!(place(&real.join("link/gone/deeper/")), Ok(real.join("gone/deeper").display().to_string()));
        assert_eq!(place(&real.join("link")), Ok(real.display().to_string()));
        assert!(place(Path::new("a")).is_err() && place(&real.join("x".repeat(PATH_BYTES_MAX))).is_err());
    }

    #[test]
    fn what_cannot_be_watched_is_refused_in_one_sentence() {
        let error = |path: &str| source_at(Path::new(path), "home", None).unwrap_err();
        assert!(error("notes").contains("not an absolute path"));
        assert!(error("/no/such/place").contains("cannot be found"));
        for root in ["/", "//", "/tmp/.."] {
            assert!(error(root).contains("the whole system") && error(root).contains("~/Documents"), "{root}");
        }
        for state in ["/proc", "/sys", "/proc/version"] {
            assert!(error(state).contains("shows the system's own state"), "{state}");
        }
        assert!(error("/dev/null").contains("neither a folder nor a regular file"));
    }
}
