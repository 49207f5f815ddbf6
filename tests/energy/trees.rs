//! The trees of tests/fixtures/sysfs (scripts/make_sysfs_fixtures.py packed them).

use std::fs;
use std::path::PathBuf;
use wattle::energy::board::tree::Tree;
use wattle::energy::sample::fault::Fault;

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sysfs")
}

/// Names of all trees, overlays among them.
pub(crate) fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|name| name.strip_suffix(".tree").map(str::to_owned)).collect();
    names.sort();
    names
}

/// A tree; "base+overlay" is a tree with an overlay on top.
pub(crate) fn tree(name: &str) -> Tree {
    let mut tree = Tree::default();
    if let Some((base, _)) = name.split_once('+') {
        insert(&mut tree, base);
    }
    insert(&mut tree, name);
    tree
}

fn insert(tree: &mut Tree, name: &str) {
    let text = fs::read_to_string(folder().join(format!("{name}.tree"))).unwrap();
    for line in text.lines() {
        let (path, content) = line.split_once('\t').unwrap();
        let fits = match content.strip_prefix('!') {
            Some(errno) => tree.insert(path, Err(Fault::from_errno(number(errno)))),
            None => tree.insert(path, Ok(serde_json::from_str::<String>(content).unwrap().as_bytes())),
        };
        assert!(fits, "{name}: {path}");
    }
}

fn number(errno: &str) -> i32 {
    match errno {
        "ENOENT" => 2,
        "EAGAIN" => 11,
        "EACCES" => 13,
        "ENODATA" => 61,
        "EOPNOTSUPP" => 95,
        other => panic!("unknown errno {other}"),
    }
}
