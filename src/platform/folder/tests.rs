//! Scans of real folders in steps.

use super::names::first_to_visit;
use super::*;
use crate::base::id::Ring;
use crate::limits::{FOLDER_DEPTH_MAX, SCAN_BATCH, SCAN_NOTES_MAX};
use crate::platform::findings::Findings;
use crate::platform::home::Home;
use crate::scheduler::key_files::{AGENT_HOME, KeyFiles};
use crate::store::record::{FileStamp, Source};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStringExt;

mod ignored_test;
mod kept_test;
mod large_test;
mod moved_test;

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
    assert_eq!(listing.key_files.count(), 5, "the hidden one too");
    for (name, is_there) in [("server.pem", true), (".env", true), ("notes.md", false), ("gone.pem", false)] {
        let changed = Scan { scope: bytes(root.path().join(name)), ..scan(root.path(), None) };
        let listing = folders.list(&changed, &[]);
        assert_eq!(listing.entries.is_empty(), name != "notes.md", "nor when it changes");
        assert_eq!(listing.key_files.count(), u64::from(is_there), "{name}");
    }
    let named = root.path().join("server.pem");
    assert_eq!(paths(&folders.list(&scan(&named, None), &[])), [bytes(named)]);
}

#[test]
fn the_home_of_another_agent_is_left_out_whole_and_named_wherever_a_look_begins() {
    let root = tempfile::tempdir().unwrap();
    let other = root.path().join("other");
    let home = Home::open(&other).unwrap();
    home.identity().unwrap();
    home.token().unwrap();
    home.mesh_root().unwrap();
    for name in ["notes.md", "other/config.toml", "other/deeper/notes.md", "api-token.txt", "identity.key.md", "lock"] {
        fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
        fs::write(root.path().join(name), "x").unwrap();
    }
    let folders = Folders::new(PathBuf::from("/nowhere"));
    let bytes = |path: PathBuf| path.as_os_str().as_bytes().to_vec();
    let named: Vec<Vec<u8>> = vec![[bytes(other.clone()), b"/".to_vec()].concat()];
    let all = folders.list(&scan(root.path(), None), &[]);
    let expected = ["api-token.txt", "identity.key.md", "lock", "notes.md"].map(|name| bytes(root.path().join(name)));
    assert_eq!(paths(&all), expected, "what is called alike by chance is no home");
    assert_eq!(all.key_files.paths().collect::<Vec<_>>(), named);
    assert!(all.remarks.iter().any(|remark| remark.contains("the home of another agent")), "{:?}", all.remarks);
    assert_eq!(all.holes, [bytes(other.clone())], "what is known of it is kept");
    for scope in ["other", "other/config.toml", "other/deeper", "other/deeper/notes.md"] {
        let part = Scan { scope: bytes(root.path().join(scope)), ..scan(root.path(), None) };
        let listing = folders.list(&part, &[]);
        assert_eq!(paths(&listing), Vec::<Vec<u8>>::new(), "{scope}");
        assert_eq!(listing.key_files.paths().collect::<Vec<_>>(), named, "{scope}");
        assert_eq!(listing.holes, [bytes(other.clone())], "{scope}");
    }
    // A step that goes on within the folder says so too.
    let on = folders.list(&scan(root.path(), Some(bytes(other.join("config.toml")))), &[]);
    assert_eq!((on.key_files.paths().count(), &on.holes), (1, &vec![bytes(other.clone())]));
    for scope in [other.clone(), other.join("deeper/notes.md")] {
        let own = folders.list(&Scan { scope: bytes(scope), ..scan(&other, None) }, &[]);
        assert_eq!(paths(&own), Vec::<Vec<u8>>::new(), "nor where it is named itself");
        assert_eq!((own.holes, own.why.as_deref()), (vec![bytes(other.clone())], Some(AGENT_HOME)), "it is away");
    }
    let itself = Folders::new(other.clone()).list(&scan(&other, None), &[]);
    assert_eq!((itself.holes.len(), itself.why), (0, None), "its own agent knows it");
}

#[test]
fn each_file_of_keys_is_counted_once_in_however_many_steps_a_folder_is_listed() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["", "a", "b"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
        (0..SCAN_BATCH).for_each(|n| fs::write(root.path().join(folder).join(format!("{n}.txt")), "x").unwrap());
        [".env", "!.pem", "zzz.key", "5.pem"]
            .iter()
            .for_each(|name| fs::write(root.path().join(folder).join(name), "x").unwrap());
    }
    let folders = Folders::new(PathBuf::from("/nowhere"));
    let (mut counted, mut after) = (KeyFiles::default(), None);
    loop {
        // Names that are read anew in each step.
        folders.open.lock().unwrap().clear();
        let listing = folders.list(&scan(root.path(), after), &[]);
        counted.extend(listing.key_files);
        after = listing.upto;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((counted.count(), counted.paths().count()), (12, 12));
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
    let named = named.map(|path| Source { path, ..scan(root.path(), None).source });
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
    assert!(matches!(folders.read(b"/proc/version", &[]), Content::Missing(_)));
}

/// Reach that loses patience within a second.
fn impatient() -> (Reach, Findings) {
    let findings = Findings::default();
    (Reach::with(findings.clone(), None, std::time::Duration::from_millis(100)), findings)
}

#[test]
fn a_place_that_does_not_answer_is_a_hole_and_the_rest_of_the_folder_is_listed() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a.md", "share/b.md", "z/c.md"] {
        fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
        fs::write(root.path().join(name), "x").unwrap();
    }
    let (reach, _) = impatient();
    let bytes = |name: &str| root.path().join(name).as_os_str().as_bytes().to_vec();
    // As a source of its own it falls silent by itself, as a mount does.
    reach.watch(root.path().as_os_str().as_bytes());
    reach.watch(&bytes("share"));
    let folders = Folders::new("/nowhere".into()).with_reach(reach.clone());
    let (until, end) = std::sync::mpsc::channel::<()>();
    let hung = Calls::new(reach.clone()).call(&bytes("share/b.md"), move |_| end.recv().unwrap_or_default());
    assert!(hung.is_err());
    let listing = folders.list(&scan(root.path(), None), &[]);
    assert_eq!(paths(&listing), [bytes("a.md"), bytes("z/c.md")]);
    assert_eq!((&listing.holes, listing.upto), (&vec![bytes("share")], None));
    assert!(listing.remarks[0].contains("does not answer"), "{:?}", listing.remarks);
    let below = Scan { scope: bytes("share/b.md"), ..scan(root.path(), None) };
    let listing = folders.list(&below, &[]);
    assert_eq!((listing.entries.len(), listing.holes), (0, vec![bytes("share")]), "nothing in it counts as gone");
    assert_eq!(folders.read(&bytes("share/b.md"), &[]), Content::Failed("its file system does not answer".to_owned()));
    assert!(matches!(folders.read(&bytes("a.md"), &[]), Content::Bytes(..)));
    drop(until);
    while !reach.silent().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(folders.list(&scan(root.path(), None), &[]).entries.len(), 3);
}

#[test]
fn of_many_places_that_cannot_be_listed_some_are_named_and_none_outside_the_source_is() {
    let root = tempfile::tempdir().unwrap();
    for n in 0..SCAN_NOTES_MAX + 2 {
        fs::create_dir_all(root.path().join(format!("{n}/{}", ["d"; FOLDER_DEPTH_MAX].join("/")))).unwrap();
    }
    let listing = Folders::new("/nowhere".into()).list(&scan(root.path(), None), &[]);
    let root = root.path().as_os_str().as_bytes();
    assert!(listing.holes.iter().all(|hole| covers(root, hole)), "{:?}", listing.holes);
    assert_eq!((listing.holes.len(), listing.has_more_holes), (SCAN_NOTES_MAX, true));
}

#[test]
fn folders_that_lie_too_deep_are_a_finding_wherever_the_scan_begins_until_they_are_gone() {
    let root = tempfile::tempdir().unwrap();
    let deep = |levels: usize| root.path().join(["d"; 70][..levels].join("/"));
    fs::create_dir_all(deep(66)).unwrap();
    for levels in [0, FOLDER_DEPTH_MAX - 1, FOLDER_DEPTH_MAX, FOLDER_DEPTH_MAX + 1] {
        fs::write(deep(levels).join("a.md"), "x").unwrap();
    }
    let (reach, findings) = impatient();
    let folders = Folders::new("/nowhere".into()).with_reach(reach);
    let bytes = |path: PathBuf| path.into_os_string().into_vec();
    let edge = bytes(deep(FOLDER_DEPTH_MAX));
    let listing = folders.list(&scan(root.path(), None), &[]);
    assert_eq!(listing.entries.len(), 2, "{:?}", paths(&listing));
    assert_eq!(listing.holes, std::slice::from_ref(&edge), "what is known of it is kept");
    let told = findings.list().pop().unwrap().what;
    assert!(
        told.starts_with(&format!("{} lies more than 64 folders deep in", String::from_utf8_lossy(&edge))),
        "{told}"
    );
    for scope in [deep(FOLDER_DEPTH_MAX + 1).join("a.md"), deep(FOLDER_DEPTH_MAX), deep(FOLDER_DEPTH_MAX).join("a.md")]
    {
        let listing = folders.list(&Scan { scope: bytes(scope), ..scan(root.path(), None) }, &[]);
        assert_eq!((listing.entries.len(), &listing.holes), (0, &vec![edge.clone()]));
    }
    assert_eq!(findings.list().len(), 1);
    fs::remove_dir_all(deep(FOLDER_DEPTH_MAX)).unwrap();
    let listing = folders.list(&Scan { scope: bytes(deep(3)), ..scan(root.path(), None) }, &[]);
    assert!(listing.holes.is_empty() && findings.list().is_empty());
}
