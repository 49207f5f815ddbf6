//! Turns a path that a person typed into a source that the node can watch.

use crate::base::id::Ring;
use crate::config::check_collection;
use crate::limits::PATH_BYTES_MAX;
use crate::store::record::Source;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Resolves links, checks that something readable is there, and records its file system. Blocks: it reads the disk, so
/// async callers wrap it in `blocking::run`.
///
/// # Errors
/// One sentence: no absolute path, nothing there, neither folder nor file, not readable, or an invalid name.
pub fn source_at(path: &Path, collection: &str, ring: Ring) -> Result<Source, String> {
    check_collection(collection)?;
    let name = path.display();
    if !path.is_absolute() {
        return Err(format!("{name} is not an absolute path: it must begin with a slash."));
    }
    let found = fs::canonicalize(path).map_err(|error| format!("{name} cannot be found: {error}."))?;
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
    Ok(Source { path: bytes.to_vec(), collection: collection.to_owned(), ring, device: meta.dev() })
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
        let source = source_at(&real, "home", Ring::Mesh).unwrap();
        assert_eq!(source.path, real.as_os_str().as_bytes());
        assert_eq!(source.device, fs::metadata(&real).unwrap().dev());
        let file = source_at(&real.join("loop/note.txt"), "home", Ring::Private).unwrap();
        assert_eq!(file.path, real.join("note.txt").as_os_str().as_bytes(), "without links");
    }

    #[test]
    fn what_cannot_be_watched_is_refused_in_one_sentence() {
        let error = |path: &str| source_at(Path::new(path), "home", Ring::Mesh).unwrap_err();
        assert!(error("notes").contains("not an absolute path"));
        assert!(error("/no/such/place").contains("cannot be found"));
        assert!(error("/dev/null").contains("neither a folder nor a regular file"));
    }
}
