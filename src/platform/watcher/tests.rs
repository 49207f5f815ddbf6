//! The watching thread on real folders. Waits are patient; what is tested is that a change comes at all.

use super::*;
use crate::base::finding::Area;
use crate::scheduler::path::covers;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use smol::channel::{Receiver, bounded};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration as Patience;

struct Watched {
    folder: tempfile::TempDir,
    watcher: FolderWatcher,
    inputs: Receiver<Input>,
    findings: Findings,
}

impl Watched {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (send, inputs) = bounded(10_000);
        let findings = Findings::default();
        let home = folder.path().join("home");
        let watcher = FolderWatcher::start(send, findings.clone(), home, Reach::default()).unwrap();
        Self { folder, watcher, inputs, findings }
    }

    fn at(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.folder.path().to_owned() } else { self.folder.path().join(name) }
    }

    fn watch(&self, name: &str) {
        self.watcher.watch(self.at(name).as_os_str().as_bytes().to_vec());
        // Sent when all watches are set.
        self.expect(name);
    }

    /// Waits until this path is reported as changed.
    fn expect(&self, name: &str) {
        let path = self.at(name);
        let seen = self.inputs(|input| matches!(input, Input::PathChanged(at) if at == path.as_os_str().as_bytes()));
        assert!(seen, "{name} is not reported");
    }

    fn inputs(&self, wanted: impl Fn(&Input) -> bool) -> bool {
        let found = async {
            loop {
                match self.inputs.recv().await {
                    Ok(input) if wanted(&input) => return true,
                    Ok(_) => {}
                    Err(_) => return false,
                }
            }
        };
        let late = async {
            smol::Timer::after(Patience::from_secs(30)).await;
            false
        };
        smol::block_on(smol::future::or(found, late))
    }

    /// Forgets what was reported so far.
    fn settle(&self) {
        while self.inputs.try_recv().is_ok() {}
    }

    fn write(&self, name: &str) {
        fs::write(self.at(name), name).unwrap();
    }

    fn make(&self, name: &str) {
        fs::create_dir_all(self.at(name)).unwrap();
    }
}

fn remove(path: &Path) {
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn new_changed_renamed_and_deleted_files_are_reported_in_old_and_new_folders() {
    let watched = Watched::start();
    watched.make("docs/a/b");
    watched.watch("docs");
    for file in ["docs/1", "docs/a/b/2"] {
        watched.write(file);
        watched.expect(file);
    }
    watched.make("docs/new/deeper");
    watched.expect("docs/new");
    watched.write("docs/new/deeper/3");
    // The folder, if it came after its parent was watched; the file, if it came before.
    let deeper = watched.at("docs/new/deeper").as_os_str().as_bytes().to_vec();
    assert!(watched.inputs(|input| matches!(input, Input::PathChanged(at) if covers(&deeper, at))));
    watched.settle();
    rustix::fs::rename(watched.at("docs/a"), watched.at("docs/z")).unwrap();
    watched.expect("docs/z");
    watched.write("docs/z/b/4");
    watched.expect("docs/z/b/4");
    fs::remove_file(watched.at("docs/z/b/2")).unwrap();
    watched.expect("docs/z/b/2");
}

#[test]
fn a_folder_that_was_deleted_and_made_anew_is_watched_again_however_quickly_it_came_back() {
    let watched = Watched::start();
    for pause in [0, 50, 0] {
        watched.make("vault/sub");
        watched.watch("vault");
        remove(&watched.at("vault"));
        smol::block_on(smol::Timer::after(Patience::from_millis(pause)));
        watched.make("vault/sub");
        watched.expect("vault");
        // Reported once the watches are set, or by the scan of the folder that came.
        let mut number = 0;
        let seen = || {
            number += 1;
            let path = watched.at(&format!("vault/sub/{number}"));
            fs::write(&path, "x").unwrap();
            let bytes = path.as_os_str().as_bytes().to_vec();
            smol::block_on(smol::Timer::after(Patience::from_millis(200)));
            std::iter::from_fn(|| watched.inputs.try_recv().ok())
                .any(|input| matches!(input, Input::PathChanged(at) if at == bytes))
        };
        assert!(std::iter::repeat_with(seen).take(150).any(|seen| seen), "the new folder is not watched");
    }
}

#[test]
fn a_source_that_is_not_there_is_watched_once_it_comes_and_its_parent_may_be_carried_away() {
    let watched = Watched::start();
    watched.make("parent/vault");
    watched.watch("parent/vault");
    rustix::fs::rename(watched.at("parent"), watched.at("elsewhere")).unwrap();
    watched.expect("parent/vault");
    watched.make("parent/vault");
    watched.expect("parent/vault");
    watched.write("parent/vault/new");
    watched.expect("parent/vault/new");
}

#[test]
fn a_folder_whose_place_something_else_took_is_followed_again_once_it_is_back() {
    let watched = Watched::start();
    watched.make("other");
    watched.make("docs");
    watched.watch("docs");
    let (docs, real) = (watched.at("docs"), watched.at("docs-real"));
    let link = |to: PathBuf| std::os::unix::fs::symlink(to, watched.at("docs")).unwrap();
    let pipe = || mknodat(CWD, &docs, FileType::Fifo, Mode::RWXU, 0).unwrap();
    let places: [(&str, &dyn Fn()); 6] = [
        ("nothing", &|| {}),
        ("a link to the folder itself", &|| link(watched.at("docs-real"))),
        ("a link to another folder", &|| link(watched.at("other"))),
        ("a link to nothing", &|| link(watched.at("nowhere"))),
        ("a file", &|| watched.write("docs")),
        ("a pipe", &pipe),
    ];
    for (number, (what, put)) in places.into_iter().enumerate() {
        rustix::fs::rename(&docs, &real).unwrap();
        put();
        watched.expect("docs");
        // Until what is there now has been looked at as well.
        smol::block_on(smol::Timer::after(Patience::from_millis(500)));
        watched.settle();
        let _ = fs::remove_file(&docs);
        rustix::fs::rename(&real, &docs).unwrap();
        let name = format!("docs/{number}");
        // Reported once the watches are set.
        let seen = std::iter::repeat_with(|| {
            watched.write(&name);
            smol::block_on(smol::Timer::after(Patience::from_millis(200)));
            let path = watched.at(&name).as_os_str().as_bytes().to_vec();
            std::iter::from_fn(|| watched.inputs.try_recv().ok())
                .any(|input| matches!(input, Input::PathChanged(at) if at == path))
        });
        assert!(seen.take(75).any(|seen| seen), "after {what} the folder is not followed");
    }
}

#[test]
fn a_folder_whose_path_leads_into_another_watched_one_takes_no_watches_from_it_and_is_followed_again_once_it_is_back() {
    let watched = Watched::start();
    watched.make("stuff/docs");
    watched.make("diary");
    watched.watch("stuff/docs");
    watched.watch("diary");
    rustix::fs::rename(watched.at("stuff"), watched.at("diary/stuff")).unwrap();
    std::os::unix::fs::symlink(watched.at("diary/stuff"), watched.at("stuff")).unwrap();
    watched.expect("stuff/docs");
    smol::block_on(smol::Timer::after(Patience::from_millis(500)));
    watched.settle();
    watched.write("diary/stuff/docs/new");
    watched.expect("diary/stuff/docs/new");
    fs::remove_file(watched.at("stuff")).unwrap();
    rustix::fs::rename(watched.at("diary/stuff"), watched.at("stuff")).unwrap();
    watched.expect("stuff/docs");
    watched.write("stuff/docs/back");
    watched.expect("stuff/docs/back");
}

#[test]
fn a_file_that_is_replaced_again_and_again_stays_watched() {
    let watched = Watched::start();
    watched.write("note");
    watched.write("other");
    watched.watch("note");
    for _ in 0..3 {
        watched.write("note.part");
        rustix::fs::rename(watched.at("note.part"), watched.at("note")).unwrap();
        watched.expect("note");
        watched.settle();
    }
    watched.write("other");
    watched.write("note");
    let (note, other) = (watched.at("note"), watched.at("other"));
    let first = std::iter::from_fn(|| watched.inputs.recv_blocking().ok());
    let first = first.take_while(|input| *input != Input::PathChanged(note.as_os_str().as_bytes().to_vec()));
    for input in first {
        assert_ne!(input, Input::PathChanged(other.as_os_str().as_bytes().to_vec()), "its neighbour is not watched");
    }
}

#[test]
fn a_folder_that_nobody_may_read_is_named_and_its_neighbours_are_watched() {
    let watched = Watched::start();
    for folder in ["disk/a", "disk/lost", "disk/z"] {
        watched.make(folder);
    }
    fs::set_permissions(watched.at("disk/lost"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything; then there is nothing to name.
    let readable = fs::read_dir(watched.at("disk/lost")).is_ok();
    watched.watch("disk");
    for file in ["disk/a/1", "disk/z/1", "disk/1"] {
        watched.write(file);
        watched.expect(file);
    }
    assert_eq!(watched.findings.list().is_empty(), readable);
    assert!(watched.findings.list().iter().all(|finding| finding.area == Area::Folders));
    fs::set_permissions(watched.at("disk/lost"), fs::Permissions::from_mode(0o700)).unwrap();
    watched.expect("disk/lost");
    watched.write("disk/lost/found");
    watched.expect("disk/lost/found");
}

#[test]
fn a_hidden_file_and_a_hidden_folder_that_are_named_are_followed_and_their_neighbours_are_not() {
    let watched = Watched::start();
    watched.make("docs/.vault/day");
    watched.make("docs/.git");
    watched.write("docs/.env");
    for source in ["docs", "docs/.env", "docs/.vault/day"] {
        watched.watch(source);
    }
    // All watches of the outer folder are set anew.
    watched.watch("docs");
    watched.expect("docs/.vault/day");
    watched.settle();
    for file in ["docs/.git/x", "docs/.git/server.pem", "docs/.other", "docs/.env"] {
        watched.write(file);
    }
    let hidden = ["docs/.git/x", "docs/.git/server.pem", "docs/.other"].map(|name| watched.at(name));
    let env = watched.at("docs/.env");
    let seen = watched.inputs(|input| {
        let Input::PathChanged(path) = input else { return false };
        assert!(hidden.iter().all(|hidden| hidden.as_os_str().as_bytes() != path), "{path:?}");
        path == env.as_os_str().as_bytes()
    });
    assert!(seen, "the named file is not followed");
    watched.write("docs/.vault/day/1.md");
    watched.expect("docs/.vault/day/1.md");
}

#[test]
fn a_file_of_keys_that_comes_or_goes_is_reported_so_that_the_count_of_what_is_left_out_follows() {
    let watched = Watched::start();
    watched.make("docs");
    watched.watch("docs");
    for name in ["docs/server.pem", "docs/.env"] {
        watched.settle();
        watched.write(name);
        watched.expect(name);
        watched.settle();
        fs::remove_file(watched.at(name)).unwrap();
        watched.expect(name);
    }
}

#[test]
fn hidden_folders_and_the_home_are_not_watched_and_a_forgotten_source_is_not_either() {
    let watched = Watched::start();
    for folder in [".git", "home", "other", "docs"] {
        watched.make(folder);
    }
    // Of another agent.
    for file in ["other/identity.key", "other/api-token", "other/lock"] {
        watched.write(file);
    }
    watched.watch("");
    for file in [".git/x", "home/x", "other/x", "docs/x"] {
        watched.write(file);
    }
    let docs = watched.at("docs/x");
    loop {
        let Ok(Input::PathChanged(path)) = watched.inputs.recv_blocking() else { continue };
        let left_out = [&b".git/x"[..], b"home/x", b"other/x"];
        assert!(!left_out.iter().any(|end| path.ends_with(end)), "{}", String::from_utf8_lossy(&path));
        if path == docs.as_os_str().as_bytes() {
            break;
        }
    }
    watched.watcher.unwatch(watched.at("").as_os_str().as_bytes().to_vec());
    watched.make("elsewhere");
    watched.watch("elsewhere");
    watched.settle();
    watched.write("docs/y");
    watched.write("elsewhere/y");
    let silent = watched.at("docs/y").as_os_str().as_bytes().to_vec();
    // The file; or the folder, if the report that was awaited is of the time before, and its watch was set only now.
    let wanted = watched.at("elsewhere").as_os_str().as_bytes().to_vec();
    loop {
        let Ok(Input::PathChanged(path)) = watched.inputs.recv_blocking() else { continue };
        assert_ne!(path, silent, "the forgotten folder is not watched");
        if covers(&wanted, &path) {
            break;
        }
    }
}

#[test]
fn a_file_of_patterns_that_changes_makes_its_folder_one_that_changed() {
    let watched = Watched::start();
    fs::create_dir_all(watched.at("n/a/.hidden")).unwrap();
    watched.watch("n");
    fs::write(watched.at("n/a/.gitignore"), "*.log").unwrap();
    watched.expect("n/a");
    fs::write(watched.at("n/new"), "*.log").unwrap();
    watched.expect("n/new");
    rustix::fs::rename(watched.at("n/new"), watched.at("n/.wattleignore")).unwrap();
    watched.expect("n");
    fs::remove_file(watched.at("n/a/.gitignore")).unwrap();
    watched.expect("n/a");
}

#[test]
fn a_folder_that_patterns_leave_out_is_not_watched_until_they_take_it_back() {
    let watched = Watched::start();
    fs::create_dir_all(watched.at("n/build/deep")).unwrap();
    fs::create_dir_all(watched.at("n/z")).unwrap();
    fs::write(watched.at("n/.gitignore"), "build/").unwrap();
    watched.watch("n");
    fs::write(watched.at("n/build/deep/x"), "x").unwrap();
    fs::create_dir(watched.at("n/build/new")).unwrap();
    fs::write(watched.at("n/z/y"), "x").unwrap();
    let (left_out, y) = (watched.at("n/build"), watched.at("n/z/y"));
    let came = watched.inputs(|input| match input {
        Input::PathChanged(path) => {
            assert!(!covers(left_out.as_os_str().as_bytes(), path), "{}", String::from_utf8_lossy(path));
            path == y.as_os_str().as_bytes()
        }
        _ => false,
    });
    assert!(came);
    fs::write(watched.at("own"), "!build").unwrap();
    rustix::fs::rename(watched.at("own"), watched.at("n/.wattleignore")).unwrap();
    watched.expect("n");
    fs::write(watched.at("n/build/deep/x"), "y").unwrap();
    watched.expect("n/build/deep/x");
}
