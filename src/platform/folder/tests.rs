//! Scans of real folders in steps.

use super::walk::first_to_visit;
use super::*;
use crate::base::id::Ring;
use crate::limits::SCAN_BATCH;
use crate::store::record::{FileStamp, Source};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStringExt;

mod kept_test;

fn scan(root: &Path, after: Option<Vec<u8>>) -> Scan {
    let path = root.as_os_str().as_bytes().to_vec();
    let device = fs::metadata(root).unwrap().dev();
    let source = Source { path: path.clone(), collection: "home".to_owned(), ring: Ring::Mesh, device };
    Scan { source, scope: path, after }
}

fn paths(listing: &Listing) -> Vec<Vec<u8>> {
    listing.entries.iter().map(|entry| entry.path.clone()).collect()
}

/// Steps through a whole scan, with `between` called after each step.
fn listed(folders: &Folders, root: &Path, mut between: impl FnMut(usize)) -> Vec<Vec<u8>> {
    let (mut found, mut after, mut steps) = (Vec::new(), None, 0);
    loop {
        let listing = folders.list(&scan(root, after), &[]);
        assert_eq!(listing.holes, Vec::<Vec<u8>>::new());
        found.extend(paths(&listing));
        after = listing.upto;
        if after.is_none() {
            return found;
        }
        between(steps);
        steps += 1;
    }
}

fn sorted(paths: &[Vec<u8>]) -> bool {
    paths.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn a_scan_lists_each_file_once_in_the_order_of_paths_and_each_step_goes_on_with_the_names_of_the_last() {
    let root = tempfile::tempdir().unwrap();
    let mut made = BTreeSet::new();
    for folder in ["", "a", "a/b", "a.b", "b", "b/c/d"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
        for n in 0..SCAN_BATCH / 2 {
            let path = root.path().join(folder).join(format!("{n}.txt"));
            fs::write(&path, "x").unwrap();
            made.insert(path.into_os_string().into_vec());
        }
    }
    let folders = Folders::new(root.path().join(".home"));
    let mut held = Vec::new();
    let found = listed(&folders, root.path(), |_| {
        held.push(folders.open.lock().unwrap().iter().map(|folder| folder.path.clone()).collect::<Vec<_>>());
    });
    assert!(sorted(&found));
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), made);
    let root = root.path().as_os_str().as_bytes();
    assert_eq!(held.len(), 3, "{held:?}");
    assert!(held.iter().all(|open| open.last().is_some_and(|outermost| outermost == root)), "{held:?}");
    assert!(folders.open.lock().unwrap().is_empty(), "a finished scan holds no names");
}

#[test]
fn names_that_come_and_go_between_two_steps_are_seen() {
    let root = tempfile::tempdir().unwrap();
    let name = |n: usize| root.path().join(format!("{n:05}"));
    (0..SCAN_BATCH + 10).for_each(|n| fs::write(name(n), "x").unwrap());
    let folders = Folders::new(root.path().join(".home"));
    let late = root.path().join("zzz");
    let found = listed(&folders, root.path(), |_| {
        fs::remove_file(name(SCAN_BATCH + 5)).unwrap();
        fs::write(&late, "x").unwrap();
    });
    assert_eq!(found.len(), SCAN_BATCH + 10);
    assert!(sorted(&found) && found.last().unwrap() == late.as_os_str().as_bytes());
}

#[test]
fn the_first_name_to_visit_is_the_folder_that_the_last_path_is_in_or_what_follows() {
    let names: Vec<Vec<u8>> = ["a", "a.b", "a/", "b/", "c"].map(|name| name.as_bytes().to_vec()).into();
    let first = |done: &str| first_to_visit(&names, done.as_bytes());
    assert_eq!([first(""), first("a"), first("a.b"), first("a.c")], [0, 1, 2, 2]);
    assert_eq!([first("a/x"), first("a/"), first("b/y/z"), first("b0"), first("c"), first("d")], [2, 2, 3, 4, 5, 5]);
}

#[test]
fn keys_and_passwords_are_listed_only_if_they_are_the_source_themselves() {
    let root = tempfile::tempdir().unwrap();
    for name in ["notes.md", "server.pem", "vault.kdbx", "prod.env", ".env", "id_rsa"] {
        fs::write(root.path().join(name), "x").unwrap();
    }
    let folders = Folders::new(PathBuf::from("/nowhere"));
    let bytes = |path: PathBuf| path.as_os_str().as_bytes().to_vec();
    let listing = folders.list(&scan(root.path(), None), &[]);
    assert_eq!(paths(&listing), [bytes(root.path().join("notes.md"))]);
    assert_eq!(listing.remarks.iter().filter(|remark| remark.contains("keys or passwords")).count(), 4);
    let changed = Scan { scope: bytes(root.path().join("server.pem")), ..scan(root.path(), None) };
    assert_eq!(paths(&folders.list(&changed, &[])), Vec::<Vec<u8>>::new(), "nor when it changes");
    let named = root.path().join("server.pem");
    assert_eq!(paths(&folders.list(&scan(&named, None), &[])), [bytes(named)]);
}

#[test]
fn a_scan_of_a_folder_lists_what_its_owner_named_in_it_and_none_of_its_hidden_neighbours() {
    let root = tempfile::tempdir().unwrap();
    for name in ["notes.md", "server.pem", "other.pem", ".env", ".vault/day/1.md", ".vault/day/.2.md", ".vault/3.md"] {
        fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
        fs::write(root.path().join(name), "x").unwrap();
    }
    let folders = Folders::new(PathBuf::from("/nowhere"));
    let bytes = |name: &str| root.path().join(name).as_os_str().as_bytes().to_vec();
    let named = [".env", ".vault/day", "server.pem"].map(bytes);
    let listing = folders.list(&scan(root.path(), None), &named);
    assert_eq!(paths(&listing), [".env", ".vault/day/1.md", "notes.md", "server.pem"].map(bytes));
}

#[test]
fn the_root_is_listed_in_steps_like_any_other_folder_and_the_system_s_own_state_is_left_out() {
    let folders = Folders::new("/nonexistent".into());
    let first = folders.list(&scan(Path::new("/"), None), &[]);
    assert_eq!(first.entries.len(), SCAN_BATCH);
    let upto = first.upto.clone().unwrap();
    let second = folders.list(&scan(Path::new("/"), Some(upto.clone())), &[]);
    assert!(paths(&second).first().is_some_and(|path| *path > upto), "the second step goes on");
    assert!(paths(&first).iter().all(|path| !path.starts_with(b"//")));
    for state in ["/proc", "/sys"] {
        let listing = folders.list(&scan(Path::new(state), None), &[]);
        assert_eq!(
            (listing.entries.len(), listing.holes.len(), listing.remarks.len()),
            (0, 0, 1),
            "{:?}",
            listing.remarks
        );
    }
    assert_eq!(folders.read(b"/proc/version"), Content::Missing);
}
