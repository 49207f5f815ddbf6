//! Where the agents of one user on one host meet: a folder that nobody else can write.

use rustix::process::getuid;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The folder; `None` where there is none that is safe: then this agent governs itself alone.
#[must_use]
pub(super) fn meeting(given: Option<&Path>) -> Option<PathBuf> {
    let user = getuid().as_raw();
    #[expect(clippy::disallowed_methods, reason = "the system's own word on where a user's sockets lie")]
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("wattle"));
    let places = match given {
        Some(given) => vec![given.to_owned()],
        None => runtime
            .into_iter()
            .chain([PathBuf::from("/run/wattle"), std::env::temp_dir().join(format!("wattle-{user}"))])
            .collect(),
    };
    let found = places.into_iter().find(|place| is_ours(place, user));
    if found.is_none() {
        log::warn!("No folder was found where the agents of this host can meet; this one governs itself alone.");
    }
    found
}

/// Ours alone, and really a folder: in a folder that all can write, somebody else may have been first.
fn is_ours(place: &Path, user: u32) -> bool {
    let _ = DirBuilder::new().mode(0o700).create(place);
    fs::symlink_metadata(place).is_ok_and(|about| about.is_dir() && about.uid() == user && about.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_folder_that_others_can_write_or_a_link_is_no_meeting_place() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        assert_eq!(meeting(Some(&place)), Some(place.clone()), "made, for us alone");
        fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(meeting(Some(&place)), None);
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert_eq!(meeting(Some(&link)), None);
    }
}
