//! Archives that are whole, hostile and broken.

use super::*;
use crate::limits::IPFS_LEAF_BYTES;
use crate::wire::car;
use crate::wire::unixfs::{FileBuilder, Node, Tree, folder};
use std::path::PathBuf;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Imports an archive of these blocks into the folder "to".
    fn import(&self, roots: &[Cid], blocks: &[(Cid, Vec<u8>)]) -> Result<Imported, String> {
        let mut bytes = car::head(roots);
        blocks.iter().for_each(|(cid, block)| car::put(&mut bytes, cid, block));
        fs::write(self.path("a.car"), bytes).unwrap();
        import(&self.path("a.car"), &self.path("to"))
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path("to").join(name)).unwrap()
    }
}

fn raw(bytes: &[u8]) -> (Cid, Vec<u8>) {
    (Cid::of_raw(bytes), bytes.to_vec())
}

/// A folder with these names, written by hand: our own encoder makes no such ones.
fn folder_of(entries: &[(&str, Cid)]) -> (Cid, Vec<u8>) {
    use crate::base::protobuf::{put_bytes, put_value};
    let (mut block, mut data) = (Vec::new(), Vec::new());
    for (name, cid) in entries {
        let mut link = Vec::new();
        put_bytes(&mut link, 1, &cid.to_bytes());
        put_bytes(&mut link, 2, name.as_bytes());
        put_bytes(&mut block, 2, &link);
    }
    put_value(&mut data, 1, 1);
    put_bytes(&mut block, 1, &data);
    (Cid::of_node(&block), block)
}

#[test]
fn files_and_folders_come_out_as_they_went_in() {
    let place = Place::new();
    let large: Vec<u8> = (0..2 * IPFS_LEAF_BYTES + 9).map(|at| (at / 5 % 241).to_le_bytes()[0]).collect();
    let (mut builder, mut nodes) = (FileBuilder::default(), Vec::new());
    let mut blocks = vec![raw(b""), raw(b"small")];
    for leaf in large.chunks(IPFS_LEAF_BYTES) {
        blocks.push(raw(leaf));
        builder.leaf(Tree::of_leaf(leaf), &mut nodes);
    }
    let large_tree = builder.finish(&mut nodes);
    let inner = [("large".to_owned(), large_tree), ("empty".to_owned(), Tree::of_leaf(b""))];
    let inner = folder(&inner.into(), &mut nodes).unwrap();
    let root = [("deep".to_owned(), inner), ("small.txt".to_owned(), Tree::of_leaf(b"small"))];
    let root = folder(&root.into(), &mut nodes).unwrap();
    blocks.extend(nodes.into_iter().map(|Node { cid, block }| (cid, block)));
    let imported = place.import(&[root.cid], &blocks).unwrap();
    assert_eq!((imported.files, imported.bytes), (3, large.len() as u64 + 5));
    assert_eq!((imported.blocks, imported.left_out), (blocks.len(), Vec::<String>::new()));
    assert_eq!((place.read("small.txt"), place.read("deep/empty")), (b"small".to_vec(), Vec::new()));
    assert!(place.read("deep/large") == large);
}

#[test]
fn a_root_that_is_a_file_is_named_by_its_cid() {
    let place = Place::new();
    let (one, two) = (raw(b"one"), raw(b"two"));
    let imported = place.import(&[one.0, two.0], &[one.clone(), two]).unwrap();
    assert_eq!((imported.files, place.read(&one.0.to_string())), (2, b"one".to_vec()));
}

#[test]
fn no_name_leads_out_of_the_folder_and_nothing_is_overwritten() {
    let place = Place::new();
    let file = raw(b"x");
    let names = ["..", ".", "", "/etc/passwd", "../out", "a/b", "nul\0", &"x".repeat(256), "twice", "twice"];
    let root = folder_of(&names.map(|name| (name, file.0)));
    let imported = place.import(&[root.0], &[root, file.clone()]).unwrap();
    assert_eq!(imported.files, 1, "{imported:?}");
    assert_eq!(imported.left_out.len(), names.len() - 1);
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 2, "the archive and the folder");
    assert_eq!(fs::read_dir(place.path("to")).unwrap().count(), 1);
    let why = place.import(&[file.0], &[file]).unwrap_err();
    assert!(why.contains("is there already"), "{why}");
    assert_eq!(place.read("twice"), b"x");
}

#[test]
fn a_block_that_is_not_what_its_name_says_is_left_out_with_its_file() {
    let place = Place::new();
    let (good, bad) = (raw(b"good"), (Cid::of_raw(b"bad"), b"evil".to_vec()));
    let root = folder_of(&[("bad", bad.0), ("good", good.0), ("none", Cid::of_raw(b"none"))]);
    let imported = place.import(&[root.0], &[root, good, bad]).unwrap();
    assert_eq!((imported.files, imported.left_out.len()), (1, 3), "{imported:?}");
    assert!(imported.left_out[0].contains("not what their names say"), "{imported:?}");
    assert!(!place.path("to/bad").exists() && place.read("good") == b"good");
}

#[test]
fn a_small_archive_does_not_fill_the_disk() {
    let place = Place::new();
    let mut below = raw(&vec![7; IPFS_LEAF_BYTES]);
    let mut blocks = vec![below.clone()];
    // 174^4 leaves of 256 KiB in five blocks, whose sizes are as they say.
    let mut length = IPFS_LEAF_BYTES as u64;
    for _ in 0..4 {
        let (mut builder, mut nodes) = (FileBuilder::default(), Vec::new());
        (0..174).for_each(|_| builder.leaf(Tree { cid: below.0, total: 1, length }, &mut nodes));
        length *= 174;
        let node = nodes.remove(0);
        below = (node.cid, node.block);
        blocks.push(below.clone());
    }
    let imported = place.import(&[below.0], &blocks).unwrap();
    assert_eq!((imported.files, imported.bytes), (0, 0));
    assert!(imported.left_out[0].contains("far larger than the archive"), "{imported:?}");
    let to = place.path("to").display().to_string();
    assert!(imported.left_out[0].starts_with(&to), "by the name that it would have had: {imported:?}");
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 1, "the archive, and no folder without a file");
}

#[test]
fn a_small_archive_does_not_fill_the_disk_with_empty_folders_and_files_either() {
    for empty in [folder_of(&[]), raw(b"")] {
        let place = Place::new();
        let names: Vec<String> = (0..130).map(|number| number.to_string()).collect();
        let (mut below, mut blocks) = (empty.clone(), vec![empty]);
        // 130^3 names of the same in four blocks.
        for _ in 0..3 {
            let entries: Vec<(&str, Cid)> = names.iter().map(|name| (name.as_str(), below.0)).collect();
            below = folder_of(&entries);
            blocks.push(below.clone());
        }
        let imported = place.import(&[below.0], &blocks).unwrap();
        assert!(imported.more > 0 && imported.left_out[0].contains("far larger than the archive"), "{imported:?}");
        assert!(imported.files <= IMPORT_BYTES_FREE / IMPORT_ENTRY_BYTES + 1, "{imported:?}");
    }
}

#[test]
fn bytes_that_are_removed_again_stay_counted() {
    let place = Place::new();
    let (leaf, missing) = (raw(&vec![7; IPFS_LEAF_BYTES]), raw(b"not in the archive"));
    let (mut builder, mut nodes) = (FileBuilder::default(), Vec::new());
    let length = IPFS_LEAF_BYTES as u64;
    (0..100).for_each(|_| builder.leaf(Tree { cid: leaf.0, total: 1, length }, &mut nodes));
    builder.leaf(Tree { cid: missing.0, total: 1, length: 1 }, &mut nodes);
    let top = builder.finish(&mut nodes);
    let node = nodes.pop().unwrap();
    assert_eq!(top.cid, node.cid);
    let names: Vec<String> = (0..9).map(|number| number.to_string()).collect();
    let entries: Vec<(&str, Cid)> = names.iter().map(|name| (name.as_str(), node.cid)).collect();
    let root = folder_of(&entries);
    let imported = place.import(&[root.0], &[root.clone(), (node.cid, node.block), leaf]).unwrap();
    let is_full = |why: &&String| why.contains("far larger than the archive");
    assert_eq!((imported.files, imported.bytes), (0, 0));
    assert!(imported.left_out.iter().filter(is_full).count() >= 6, "25 MiB each: {imported:?}");
}

#[test]
fn a_file_that_is_not_as_large_as_its_nodes_claim_is_refused_at_each_level() {
    let (one, two) = (raw(b"one"), raw(b"two"));
    // A node of these trees; what their lengths say may be false.
    let node = |below: &[(Cid, u64)]| {
        let (mut builder, mut nodes) = (FileBuilder::default(), Vec::new());
        below.iter().for_each(|(cid, length)| builder.leaf(Tree { cid: *cid, total: 1, length: *length }, &mut nodes));
        let _ = builder.finish(&mut nodes);
        nodes.pop().map(|node| (node.cid, node.block)).unwrap()
    };
    let honest = node(&[(one.0, 3), (two.0, 3)]);
    for (below, top) in [
        (node(&[(one.0, 1 << 60), (two.0, 3)]), None),
        (node(&[(one.0, 2), (two.0, 4)]), None),
        (honest.clone(), Some(5)),
        (honest.clone(), Some(1 << 60)),
    ] {
        let place = Place::new();
        let file = top.map_or_else(|| below.clone(), |length| node(&[(below.0, length), (one.0, 3)]));
        let root = folder_of(&[("bad", file.0), ("good", honest.0)]);
        let blocks = [root.clone(), file, below, honest.clone(), one.clone(), two.clone()];
        let imported = place.import(&[root.0], &blocks).unwrap();
        assert_eq!((imported.files, imported.bytes, imported.left_out.len()), (1, 6, 1), "{imported:?}");
        assert!(imported.left_out[0].contains("it claims"), "{imported:?}");
        assert!(!place.path("to/bad").exists() && place.read("good") == b"onetwo");
    }
    // The whole that a node claims without a word of its parts.
    let place = Place::new();
    let mut forged = Vec::new();
    let mut link = Vec::new();
    crate::base::protobuf::put_bytes(&mut link, 1, &one.0.to_bytes());
    crate::base::protobuf::put_bytes(&mut forged, 2, &link);
    let mut data = Vec::new();
    crate::base::protobuf::put_value(&mut data, 1, 2);
    crate::base::protobuf::put_value(&mut data, 3, 1 << 60);
    crate::base::protobuf::put_bytes(&mut forged, 1, &data);
    let forged = (Cid::of_node(&forged), forged);
    let imported = place.import(&[forged.0], &[forged.clone(), one]).unwrap();
    assert_eq!((imported.files, imported.left_out.len()), (0, 1), "{imported:?}");
    assert!(imported.left_out[0].contains(&format!("claims {} bytes", 1_u64 << 60)), "{imported:?}");
    assert!(!place.path("to").exists(), "an archive of which no file can be had leaves nothing");
}

#[test]
fn folders_deep_within_each_other_end() {
    let place = Place::new();
    let mut below = folder_of(&[]);
    let mut blocks = vec![below.clone()];
    for _ in 0..IMPORT_DEPTH_MAX + 3 {
        below = folder_of(&[("a", below.0)]);
        blocks.push(below.clone());
    }
    let imported = place.import(&[below.0], &blocks).unwrap();
    assert!(imported.left_out[0].contains("too deep"), "{imported:?}");
}

#[test]
fn what_is_no_archive_makes_no_folder() {
    let place = Place::new();
    for bytes in [&b""[..], b"hello", &[0xff; 100], b"\x0a\xa1\x67version\x02", &car::head(&[])] {
        fs::write(place.path("a.car"), bytes).unwrap();
        let why = import(&place.path("a.car"), &place.path("to")).unwrap_err();
        assert!(why.contains("cannot be imported") && !place.path("to").exists(), "{why}");
    }
    assert!(import(&place.path("none"), &place.path("to")).is_err());
}

#[test]
fn an_archive_that_was_cut_off_gives_what_is_whole() {
    let place = Place::new();
    let (one, two) = (raw(b"one"), raw(b"two"));
    let root = folder_of(&[("one", one.0), ("two", two.0)]);
    let mut bytes = car::head(&[root.0]);
    [&root, &one, &two].into_iter().for_each(|(cid, block)| car::put(&mut bytes, cid, block));
    fs::write(place.path("a.car"), &bytes[..bytes.len() - 1]).unwrap();
    let imported = import(&place.path("a.car"), &place.path("to")).unwrap();
    assert_eq!((imported.files, imported.left_out.len()), (1, 2), "{imported:?}");
    assert!(imported.left_out[0].contains("end of the archive is missing"));
}

#[test]
fn names_with_control_characters_come_out_as_they_went_in() {
    let place = Place::new();
    let names = ["esc\u{1b}[31m.md", "line\nfeed.md", "tab\t.md", "del\u{7f}\u{9b}.md"];
    let files: Vec<(Cid, Vec<u8>)> = names.iter().map(|name| raw(name.as_bytes())).collect();
    let entries = names.iter().zip(&files).map(|(name, file)| ((*name).to_owned(), Tree::of_leaf(&file.1)));
    let mut nodes = Vec::new();
    let root = folder(&entries.collect(), &mut nodes).unwrap();
    let blocks: Vec<_> = nodes.into_iter().map(|Node { cid, block }| (cid, block)).chain(files).collect();
    let imported = place.import(&[root.cid], &blocks).unwrap();
    assert_eq!((imported.files, imported.left_out), (4, Vec::<String>::new()));
    names.iter().for_each(|name| assert_eq!(place.read(name), name.as_bytes(), "{name:?}"));
}
