//! What is left of a home's files under other names: what the doctor had moved away (`NAME.away`), what a start kept of a damaged one
//! (`.damaged`), and what a power cut left of one that was being written (`.new`). Each is as secret as its file.

use super::guarded::copy_of;
use super::home_file::HomeFile;
use crate::limits::HOME_FILES_READ_MAX;
use std::fs;
use std::path::{Path, PathBuf};

/// The files whose content nobody else may read.
pub(super) const SECRET: [HomeFile; 5] =
    [HomeFile::Identity, HomeFile::MeshRoot, HomeFile::TlsRoot, HomeFile::Token, HomeFile::Invites];

const AWAY: &str = ".away";

/// Things of one name that were moved away, and are looked for.
const AWAY_MAX: usize = 99;

/// Where a file or folder is moved that is in the way: a free name, so that nothing of before is overwritten.
pub(super) fn away(path: &Path) -> PathBuf {
    let place = |n: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(if n == 1 { AWAY.to_owned() } else { format!("{AWAY}{n}") });
        PathBuf::from(name)
    };
    (1..=AWAY_MAX).map(place).find(|place| place.symlink_metadata().is_err()).unwrap_or_else(|| place(1))
}

/// What is left of these files in a home; no folders.
pub(super) fn of(home: &Path, files: &[HomeFile]) -> Vec<PathBuf> {
    let entries = fs::read_dir(home).into_iter().flatten().take(HOME_FILES_READ_MAX).filter_map(Result::ok);
    let entries = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    let is_one = |name: &str| files.iter().any(|file| is_of(Path::new(file.name()), name));
    let left = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_one));
    left.map(|entry| entry.path()).collect()
}

fn is_of(file: &Path, name: &str) -> bool {
    let is_away = |path: &Path| {
        let rest = path.to_str().and_then(|path| name.strip_prefix(path)?.strip_prefix(AWAY));
        rest.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let is_rest = |extension: &str| file.with_extension(extension).as_os_str() == name;
    is_away(file) || is_away(&copy_of(file)) || is_rest("damaged") || is_rest("new")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_secret_is_found_by_its_name_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let left = [
            "identity.key.away",
            "identity.copy.away2",
            "identity.damaged",
            "identity.new",
            "mesh-root.away",
            "mesh-root.copy.away17",
            "mesh-root.damaged",
            "api-token.away",
            "mesh-invites.new",
        ];
        let others =
            ["identity.key", "identity.copy", "mesh-root", "identity.key.away.txt", "peers.away", "mesh-root.awayx"];
        left.iter().chain(&others).for_each(|name| fs::write(folder.path().join(name), b"x").unwrap());
        fs::create_dir(folder.path().join("identity.key.away3")).unwrap();
        let mut found: Vec<_> =
            of(folder.path(), &SECRET).into_iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        found.sort();
        let mut left = left.to_vec();
        left.sort_unstable();
        assert_eq!(found, left);
    }

    #[test]
    fn what_is_moved_away_overwrites_nothing_that_was_moved_away_before() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("identity.key");
        for name in ["identity.key.away", "identity.key.away2", "identity.key.away3"] {
            assert_eq!(away(&key), folder.path().join(name));
            fs::write(away(&key), b"x").unwrap();
        }
    }
}
