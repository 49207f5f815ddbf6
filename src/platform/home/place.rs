//! Whether an agent's home can be at a place at all: where a file or a folder of something else is, none is made.

use crate::base::agent_file::is_agent_file;
use crate::base::finding::quoted_bytes;
use crate::limits::HOME_FILES_READ_MAX;
use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What may lie in a folder that has no contents yet: what a system keeps at the top of a disk, and what an owner puts there before the first
/// start. Hidden files say nothing either.
const NO_CONTENTS: [&str; 5] = ["lost+found", "System Volume Information", "$RECYCLE.BIN", "models", "invite.toml"];

/// The file that each home has.
const LOCK: &str = "lock";

/// What the name of a folder of a store begins with.
const STORE: &[u8] = b"store-";

/// Why no agent can live at this absolute path: a file is there or on the way, or this user may not look into it. `None`: nothing is known to be
/// in the way, whether the folder is there or not.
#[must_use]
pub fn in_the_way(home: &Path) -> Option<String> {
    let name = home.display();
    let found = home.ancestors().find_map(|place| match fs::metadata(place) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
        found => Some((place, found)),
    });
    match found? {
        (place, Ok(meta)) if !meta.is_dir() => Some(if place == home {
            format!("The agent's home {name} is a file and no folder. Choose a folder with --home.")
        } else {
            format!(
                "The agent's home {name} cannot be there: {} is a file and no folder. Choose a folder with --home.",
                place.display()
            )
        }),
        (_, Err(error)) => Some(unreadable(home, &error)),
        (place, Ok(_)) if place == home => fs::read_dir(home).err().map(|error| unreadable(home, &error)),
        _ => None,
    }
}

/// Why this folder does not become a home: it holds something, and nothing of what a home has. `None`: it is not there, is empty, is a home or
/// was prepared as one, or cannot be read.
pub(super) fn belongs_to_others(home: &Path) -> Option<String> {
    let entries: Vec<DirEntry> = fs::read_dir(home).ok()?.take(HOME_FILES_READ_MAX).filter_map(Result::ok).collect();
    if home.join(LOCK).symlink_metadata().is_ok() || entries.iter().any(is_own) {
        return None;
    }
    let others = entries.iter().map(DirEntry::file_name);
    let others =
        others.filter(|name| !name.as_bytes().starts_with(b".") && !NO_CONTENTS.iter().any(|own| name == *own));
    let one = others.min()?;
    let name = home.display();
    Some(format!(
        "The folder {name} does not become the home of an agent: it has something else in it ({}), and nothing that a home has. Nothing was \
         changed. With --home an agent is given a folder for its own files: name one that is empty, or not there yet (to have what is in \
         this one searched, type: wattle add {}).",
        one.to_string_lossy(),
        quoted_bytes(home.as_os_str().as_encoded_bytes())
    ))
}

/// Whether this is a file of an agent, or a folder of its store.
fn is_own(entry: &DirEntry) -> bool {
    let (name, is_folder) = (entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_dir()));
    if is_folder { name.as_bytes().starts_with(STORE) } else { is_agent_file(name.as_bytes()) }
}

fn unreadable(home: &Path, error: &std::io::Error) -> String {
    format!("The agent's home {} cannot be read: {error}. Choose another with --home.", home.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::home::Home;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_home_that_is_a_file_or_below_one_is_called_so_and_a_folder_that_is_there_or_not_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let why = in_the_way(&file).unwrap();
        assert!(why.ends_with("file is a file and no folder. Choose a folder with --home."), "{why}");
        assert_eq!(Home::open(&file).unwrap_err(), why);
        let below = file.join("deep/home");
        let why = in_the_way(&below).unwrap();
        assert!(why.contains("deep/home cannot be there: ") && why.contains("/file is a file and no folder."), "{why}");
        assert_eq!(Home::open(&below).unwrap_err(), why);
        assert_eq!((in_the_way(folder.path()), in_the_way(&folder.path().join("new/home"))), (None, None));
    }

    #[test]
    fn a_folder_of_documents_does_not_become_a_home_and_stays_as_it_is_and_one_that_was_prepared_does() {
        let root = tempfile::tempdir().unwrap();
        let folder = |name: &str, files: &[&str]| {
            let folder = root.path().join(name);
            for file in files {
                fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
                fs::write(folder.join(file), "x").unwrap();
            }
            fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
            folder
        };
        let others: [&[&str]; 5] = [
            &["beet.md"],
            &["beet.md", ".DS_Store", "models/manifest.json"],
            &["sources/a.md", "boot/b.md"],
            &["identity.txt"],
            &["lost+found/x", "z.md"],
        ];
        for (at, files) in others.into_iter().enumerate() {
            let place = folder(&format!("docs {at}"), files);
            let why = Home::open(&place).unwrap_err();
            let path = place.display().to_string();
            assert!(why.starts_with(&format!("The folder {path} does not become the home")), "{why}");
            assert!(why.ends_with(&format!("type: wattle add '{path}').")), "{why}");
            let mode = fs::metadata(&place).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode, place.join("lock").exists()), (0o755, false), "nothing was changed");
        }
        let prepared: [&[&str]; 6] = [
            &["config.toml", "notes.md"],
            &["identity.copy"],
            &["store-1/x", "y"],
            &["lost+found/x", ".Trash-1000/y", ".DS_Store"],
            &["models/manifest.json", "invite.toml"],
            &["mesh-left"],
        ];
        for (at, files) in prepared.into_iter().enumerate() {
            let place = folder(&format!("home {at}"), files);
            assert!(Home::open(&place).is_ok(), "{files:?}");
            assert!(Home::open(&place).is_ok(), "{files:?}, again");
        }
    }
}
