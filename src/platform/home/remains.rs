//! What is told of a home in which an agent ran and of which hardly anything is left, and of one that lost the list of the mesh that was made in it. The
//! start, the status and the doctor say it in the same words.

use super::home_file::HomeFile;
use super::mesh_root;
use super::written::{self, is_gone};
use crate::base::finding::{Area, Finding, quoted_bytes};
use std::path::Path;

/// What people are told of a home whose key, token, count of starts and store are gone; `None` of any other. It is no new home, whatever of it is left.
#[must_use]
pub fn rest_of_home(home: &Path) -> Option<Finding> {
    if !written::is_rest(home) || written::has_store(home) {
        return None;
    }
    let left = written::left(home);
    let kept = if left.is_empty() {
        " Nothing that it held is left.".to_owned()
    } else {
        format!(" Left of it, and kept, is: {}.", left.join(", "))
    };
    let what = format!(
        "An agent ran in the home {} before, and its key, its token, its count of starts and its store, which is the index of its folders, are \
         gone.{kept} It is no new home, so nobody chooses the page's password as its first visitor. If there is a backup, stop the agent, if \
         it runs, and restore it: `wattle restore FILE`. Without one `wattle add FOLDER` has a folder read again, and `wattle password set` sets the \
         page's password. If nobody deleted them, the disk or card may be failing.",
        home.display()
    );
    let command = Some(format!("ls -la {}", quoted_bytes(home.as_os_str().as_encoded_bytes())));
    Some(Finding { area: Area::State, what, command })
}

/// What people are told where a mesh was made and the list of its devices is gone with its copy; `None` where it is not, or where the making of a mesh
/// was cut before anybody was told of it.
#[must_use]
pub fn mesh_without_records(home: &Path) -> Option<Finding> {
    let records = home.join(HomeFile::Records.name());
    if is_gone(&home.join(HomeFile::MeshRoot.name())) || !is_gone(&records) || is_being_made(home) {
        return None;
    }
    let what = format!(
        "A mesh was made on this device, and its list of devices and removals, {}, is gone with its copy: an agent that starts without it belongs \
         to no mesh. The mesh's root key is here, and `wattle mesh recover` makes this device an admin of it again; it learns from the others who is \
         in and who was removed, so let nobody in before it has linked with one of them. If there is a backup of the list, stop the agent and put it \
         back instead.",
        records.display()
    );
    Some(Finding { area: Area::State, what, command: Some("wattle mesh recover".to_owned()) })
}

/// Whether a root was made, and the agent was killed before the first record of its mesh was written.
fn is_being_made(home: &Path) -> bool {
    let was_there = |file| written::was_there(home, file);
    was_there(HomeFile::MeshRoot) && !was_there(HomeFile::Records) && !mesh_root::is_shown(home)
}

#[cfg(test)]
mod tests {
    use super::super::{FirstVisit, Home, damage};
    use super::*;
    use std::fs;

    /// A home in which an agent ran, with only these files left.
    fn rest(kept: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        home.identity().unwrap();
        home.token().unwrap();
        home.count_boot().unwrap();
        home.write(HomeFile::Tokens, b"{\"tokens\":[]}").unwrap();
        home.write(HomeFile::StoreModel, b"00\n").unwrap();
        home.write(HomeFile::Api, b"127.0.0.1:7790\n").unwrap();
        FirstVisit::Begun.note(folder.path()).unwrap();
        drop(home);
        for entry in fs::read_dir(folder.path()).unwrap().flatten() {
            if !kept.contains(&entry.file_name().to_str().unwrap()) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        folder
    }

    #[test]
    fn a_home_of_which_a_list_or_tokens_alone_are_left_is_not_new_and_says_what_is_lost_and_what_is_kept() {
        let rests: [(&[&str], &str); 6] = [
            (&["first-visit"], "Nothing that it held is left."),
            (&["lock", "first-visit"], "Nothing that it held is left."),
            (&["api-address"], "Nothing that it held is left."),
            (&["written-files"], "Nothing that it held is left."),
            (&["api-tokens", "api-tokens.copy"], "is: api-tokens."),
            (&["api-tokens"], "is: api-tokens."),
        ];
        for (kept, left) in rests {
            let folder = rest(kept);
            let outlook = rest_of_home(folder.path()).unwrap();
            assert!(outlook.what.contains(left) && outlook.what.contains("no new home"), "{outlook:?}");
            let key = Home::at(folder.path()).key_outlook(None).unwrap();
            assert!(key.what.contains("hardly anything is left"), "{key:?}");
            assert!(damage(folder.path()).iter().any(|found| found.what.contains("token of the agent's API")));
            // The first of these starts is killed before it made anything.
            for _ in 0..2 {
                let home = Home::open(folder.path()).unwrap();
                assert!(!home.is_new(), "{kept:?}");
                assert_eq!(FirstVisit::at_start(folder.path(), home.is_new()), FirstVisit::Shut, "{kept:?}");
                let told: Vec<&str> = home.findings().iter().map(|found| found.what.as_str()).collect();
                assert_eq!(told[0], rest_of_home(folder.path()).unwrap().what, "{told:?}");
                for lost in ["The token of the agent's API", "The count of the agent's starts"] {
                    assert!(told.iter().any(|told| told.starts_with(lost)), "{kept:?}: {told:?}");
                }
                drop(home);
            }
            let home = Home::open(folder.path()).unwrap();
            let found = home.identity_on(&Default::default(), &|_| false).unwrap().findings;
            assert!(found.len() == 1 && found[0].what.contains("It is a new one to the others"), "{found:?}");
            home.token().unwrap();
            home.count_boot().unwrap();
            assert_eq!(rest_of_home(folder.path()), None);
            drop(home);
            let home = Home::open(folder.path()).unwrap();
            assert!(home.findings().is_empty() && !home.is_new(), "once: {:?}", home.findings());
            assert_eq!(FirstVisit::at_start(folder.path(), home.is_new()), FirstVisit::Shut);
        }
    }

    #[test]
    fn a_new_home_one_with_a_key_alone_and_one_that_was_left_or_is_being_restored_are_no_rest() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(rest_of_home(folder.path()), None);
        let home = Home::open(folder.path()).unwrap();
        home.identity().unwrap();
        drop(home);
        ["identity.key", "identity.copy"].iter().for_each(|name| fs::remove_file(folder.path().join(name)).unwrap());
        assert_eq!(rest_of_home(folder.path()), None, "no agent ran");
        let home = Home::open(folder.path()).unwrap();
        home.identity().unwrap();
        home.token().unwrap();
        home.count_boot().unwrap();
        home.leave().unwrap();
        drop(home);
        let home = Home::open(folder.path()).unwrap();
        assert_eq!((rest_of_home(folder.path()), home.findings()), (None, &[][..]));
        assert_eq!(home.identity_on(&Default::default(), &|_| false).unwrap().findings, []);
        let restored = rest(&["written-files"]);
        fs::create_dir(restored.path().join("store-1.restored")).unwrap();
        assert_eq!(rest_of_home(restored.path()), None, "that is told in words of its own");
    }

    #[test]
    fn a_list_of_the_mesh_that_is_gone_where_it_was_made_is_told_at_each_start_until_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        assert_eq!(mesh_without_records(folder.path()), None, "no mesh");
        home.mesh_root().unwrap();
        assert_eq!(mesh_without_records(folder.path()), None, "its making was cut, and nobody knows of it");
        home.write(HomeFile::Records, b"records").unwrap();
        assert_eq!(mesh_without_records(folder.path()), None);
        for name in ["mesh-records", "mesh-records.copy"] {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        drop(home);
        for _ in 0..3 {
            let told = mesh_without_records(folder.path()).unwrap();
            assert!(told.what.contains("wattle mesh recover") && told.what.contains("/mesh-records,"), "{told:?}");
            drop(Home::open(folder.path()).unwrap());
        }
        Home::at(folder.path()).write(HomeFile::Records, b"records").unwrap();
        assert_eq!(mesh_without_records(folder.path()), None);
        // Where nobody knows what was written, or the phrase was shown, it is told too.
        for name in ["mesh-records", "mesh-records.copy", "written-files"] {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        assert!(mesh_without_records(folder.path()).is_some());
        drop(Home::open(folder.path()).unwrap());
        let mut root = Home::at(folder.path()).mesh_root().unwrap();
        assert!(root.phrase_once().unwrap().is_some());
        assert!(mesh_without_records(folder.path()).is_some());
    }
}
