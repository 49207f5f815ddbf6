//! Files of patterns in real folders.

use super::*;
use crate::limits::SCAN_BATCH;

struct Disk {
    folder: tempfile::TempDir,
    folders: Folders,
}

impl Disk {
    fn new(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self { folder, folders: Folders::new(PathBuf::from("/nowhere")) };
        files.iter().for_each(|name| disk.write(name, "x"));
        disk
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn source(&self, name: &str) -> Source {
        let path = if name.is_empty() { self.folder.path().to_owned() } else { self.folder.path().join(name) };
        let device = fs::metadata(&path).unwrap().dev();
        Source { path: path.into_os_string().into_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device }
    }

    fn list(&self, source: &str, scope: &str, named: &[&str]) -> Listing {
        let watched: Vec<Source> = named.iter().chain([&source]).map(|name| self.source(name)).collect();
        let scope = [self.source(source).path, if scope.is_empty() { Vec::new() } else { format!("/{scope}").into() }];
        self.folders.list(&Scan { source: self.source(source), scope: scope.concat(), after: None }, &watched)
    }

    fn names(&self, paths: &[Vec<u8>]) -> Vec<String> {
        let root = self.source("").path.len() + 1;
        paths.iter().map(|path| String::from_utf8_lossy(&path[root..]).into_owned()).collect()
    }

    /// What is listed, and what is left out.
    fn told(&self, scope: &str, named: &[&str]) -> (Vec<String>, Vec<String>) {
        let listing = self.list("", scope, named);
        assert!(listing.holes.is_empty() && listing.remarks.is_empty(), "{:?}", listing.remarks);
        let mut ignored = self.names(&listing.ignored);
        ignored.sort();
        ignored.dedup();
        (self.names(&paths(&listing)), ignored)
    }
}

fn both(listed: &[&str], left_out: &[&str]) -> (Vec<String>, Vec<String>) {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    (own(listed), own(left_out))
}

#[test]
fn patterns_of_a_folder_and_of_those_in_it_leave_files_out_and_a_folder_that_is_left_out_is_not_read() {
    let disk =
        Disk::new(&["a.md", "a.log", "b/c.md", "b/keep.log", "b/x.log", "build/d.md", "b/build/e.md", "z/build"]);
    disk.write(".gitignore", "*.log\n/build/\n");
    disk.write("b/.gitignore", "!keep.log\nbuild/\n");
    // Reading it would leave a hole.
    disk.write("build/.gitignore", "!d.md\n");
    let expected = both(&["a.md", "b/c.md", "b/keep.log", "z/build"], &["a.log", "b/build", "b/x.log", "build"]);
    assert_eq!(disk.told("", &[]), expected);
    disk.write(".wattleignore", "!a.log\nc.md\n");
    let expected = both(&["a.log", "a.md", "b/keep.log", "z/build"], &["b/build", "b/c.md", "b/x.log", "build"]);
    assert_eq!(disk.told("", &[]), expected, "the own file counts before that of git");
}

#[test]
fn a_look_at_a_part_of_a_folder_knows_the_patterns_above_it() {
    let disk = Disk::new(&["a.md", "b/c.md", "b/x.log", "build/deep/d.md"]);
    disk.write(".gitignore", "*.log\nbuild\n");
    assert_eq!(disk.told("b", &[]), both(&["b/c.md"], &["b/x.log"]));
    assert_eq!(disk.told("b/x.log", &[]), both(&[], &["b/x.log"]));
    assert_eq!(disk.told("build/deep/d.md", &[]), both(&[], &["build"]));
    assert_eq!(disk.told("build", &[]), both(&[], &["build"]));
    assert_eq!(disk.told("b/gone.log", &[]).0, Vec::<String>::new());
}

#[test]
fn what_its_owner_named_is_listed_whatever_is_said_above_it_and_nothing_beside_it() {
    let disk = Disk::new(&["a.md", "build/d.md", "build/doc/e.md", "build/doc/e.log", "x.log"]);
    disk.write(".gitignore", "*.log\nbuild/\n");
    let expected = both(&["a.md", "build/doc/e.log", "build/doc/e.md", "x.log"], &["build/d.md"]);
    assert_eq!(disk.told("", &["build/doc", "x.log"]), expected);
    let listing = disk.list("build/doc", "", &[]);
    assert_eq!(disk.names(&paths(&listing)), ["build/doc/e.log", "build/doc/e.md"]);
    let file = disk.list("x.log", "", &[]);
    assert_eq!(disk.names(&paths(&file)), ["x.log"]);
    disk.write("build/doc/.gitignore", "*.log\n");
    assert_eq!(disk.told("", &["build/doc"]).0, ["a.md", "build/doc/e.md"], "its own patterns count");
}

#[test]
fn each_step_of_a_long_listing_knows_what_is_left_out() {
    let disk = Disk::new(&[]);
    (0..SCAN_BATCH + 10).for_each(|n| disk.write(&format!("{n:05}.md"), "x"));
    disk.write("late.log", "x");
    disk.write("z/deep.log", "x");
    disk.write("z/deep.md", "x");
    disk.write(".gitignore", "*.log");
    let scan = |after| Scan { source: disk.source(""), scope: disk.source("").path, after };
    let first = disk.folders.list(&scan(None), &[]);
    assert_eq!(disk.names(&first.ignored), ["late.log"]);
    let second = disk.folders.list(&scan(first.upto), &[]);
    assert_eq!(disk.names(&second.ignored), ["late.log", "z/deep.log"]);
    assert_eq!(second.entries.len(), 11);
}

#[test]
fn a_file_of_patterns_that_is_a_link_or_a_folder_is_none_and_one_that_cannot_be_read_is_told() {
    let disk = Disk::new(&["a.log", "all"]);
    disk.write("all", "*\n");
    std::os::unix::fs::symlink("all", disk.folder.path().join(".gitignore")).unwrap();
    fs::create_dir(disk.folder.path().join(".wattleignore")).unwrap();
    assert_eq!(disk.told("", &[]), both(&["a.log", "all"], &[]));
}

#[test]
fn a_place_knows_of_which_folders_above_it_patterns_leave_it_out() {
    use super::super::names::{has_patterns, left_out_of};
    let disk = Disk::new(&["n/build/doc/e.md", "n/a.md"]);
    disk.write("n/.gitignore", "build/\n");
    let root = disk.folder.path();
    let out_of = |name: &str| {
        let all = left_out_of(&root.join(name));
        let above = root.as_os_str().as_bytes();
        all.into_iter().filter(|path| path.starts_with(above)).collect::<Vec<_>>()
    };
    let above = [root.to_owned(), root.join("n")].map(|path| path.into_os_string().into_vec());
    assert_eq!((out_of("n/build/doc/e.md"), out_of("n/build")), (above.to_vec(), above.to_vec()));
    assert_eq!(out_of("n/a.md"), Vec::<Vec<u8>>::new());
    assert!(has_patterns(&root.join("n")) && !has_patterns(root) && !has_patterns(&root.join("n/a.md")));
}
