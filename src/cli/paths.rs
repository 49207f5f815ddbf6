//! Paths as they are typed, made whole: relative to where the command is typed, with `~` as the user's home.

use super::output::Stop;
use super::words;
use crate::http::query::sendable_path;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// An absolute path as JSON carries it: one that is not UTF-8 as a `file` URI.
pub(super) fn sendable(path: &Path) -> Result<String, Stop> {
    absolute(path).map(sendable_path)
}

/// The path from the root on, without `..`: the agent knows documents by paths that have none.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Stop> {
    let path = words::expanded(path).map_err(Stop::NotDone)?;
    let whole = std::path::absolute(&path)
        .map_err(|error| Stop::NotDone(format!("The path {} is not usable: {error}.", path.display())))?;
    Ok(if whole.components().any(|part| part == Component::ParentDir) { without_parents(&whole) } else { whole })
}

/// The place to which the system takes a path with `..`: the folder above a link is that above what the link leads to.
fn without_parents(path: &Path) -> PathBuf {
    let mut built = PathBuf::new();
    for part in path.components() {
        if part != Component::ParentDir {
            built.push(part);
            continue;
        }
        if built.is_symlink()
            && let Ok(there) = fs::canonicalize(&built)
        {
            built = there;
        }
        // The root has nothing above it, and stays.
        built.pop();
    }
    built
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_out_of_a_folder_is_the_one_that_the_system_opens() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir_all(root.join("c")).unwrap();
        std::os::unix::fs::symlink(root.join("a/b"), root.join("c/link")).unwrap();
        for (typed, meant) in [
            ("c/../x.md", "x.md"),
            ("a/b/../../x.md", "x.md"),
            ("c/link/../x.md", "a/x.md"),
            ("c/link/x.md", "c/link/x.md"),
            ("none/../x.md", "x.md"),
            ("c/..", ""),
        ] {
            let Ok(found) = absolute(&root.join(typed)) else { panic!("{typed} is a path") };
            assert_eq!(found, root.join(meant), "{typed}");
        }
        let Ok(found) = absolute(Path::new("/../../x")) else { panic!("it is a path") };
        assert_eq!(found, Path::new("/x"));
    }
}
