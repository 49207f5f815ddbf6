//! Public files in folders, as they lie on the disk: the root of an export.

use crate::base::path;
use crate::limits::EXPORT_DEPTH_MAX;
use crate::wire::unixfs::{self, FullFolder, Node, Tree};
use std::collections::BTreeMap;

/// A public file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicFile {
    /// Its path.
    pub path: Vec<u8>,
    /// The watched place that it lies in.
    pub place: Vec<u8>,
    /// Its blocks.
    pub top: Tree,
}

/// What has a name in a folder.
enum Entry {
    File(Tree),
    Folder(Entries),
}

type Entries = BTreeMap<String, Entry>;

/// The folder that `ipfs add -r` makes of a watched place, with its public files alone, as long as kubo does not shard it; of several places, a folder that has each under
/// its own name. And the nodes of all folders.
///
/// # Errors
/// A sentence for people: a folder has more files than a block holds, or a file lies too deep.
pub fn in_folders(files: &[PublicFile]) -> Result<(Tree, Vec<Node>), String> {
    let (mut root, mut names) = (Entries::new(), BTreeMap::new());
    for file in files {
        // A watched file is a place of its own, and `below` is empty then.
        let below = file.path.strip_prefix(&path::prefix(&file.place)[..]).unwrap_or_default();
        if below.iter().filter(|byte| **byte == b'/').count() > EXPORT_DEPTH_MAX {
            return Err(format!(
                "{} lies in more than {EXPORT_DEPTH_MAX} folders within each other. Move it, or take it out of the collection. Nothing was written.",
                String::from_utf8_lossy(&file.path)
            ));
        }
        let name = names.entry(&file.place).or_insert_with(|| free_name(&root, last(&file.place))).clone();
        if below.is_empty() {
            root.insert(name, Entry::File(file.top));
            continue;
        }
        let Entry::Folder(entries) = root.entry(name).or_insert_with(|| Entry::Folder(Entries::new())) else {
            continue;
        };
        put(entries, below, file.top);
    }
    if names.len() == 1
        && let Some(Entry::Folder(_)) = root.values().next()
        && let Some((_, Entry::Folder(only))) = root.pop_first()
    {
        root = only;
    }
    let mut nodes = Vec::new();
    let top = node(root, &mut nodes).map_err(|FullFolder| {
        "A folder has more files than one block of an archive holds (some 30,000). Nothing was written.".to_owned()
    })?;
    Ok((top, nodes))
}

fn put(entries: &mut Entries, below: &[u8], file: Tree) {
    let mut parts = below.splitn(2, |byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    let Some(rest) = parts.next() else {
        // Names that are not UTF-8 may be the same as text.
        let name = free_name(entries, name);
        entries.insert(name, Entry::File(file));
        return;
    };
    let name = String::from_utf8_lossy(name).into_owned();
    match entries.entry(name).or_insert_with(|| Entry::Folder(Entries::new())) {
        Entry::Folder(entries) => put(entries, rest, file),
        Entry::File(_) => {}
    }
}

fn last(place: &[u8]) -> &[u8] {
    place.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty()).unwrap_or(b"files")
}

/// The name, or the first of "name (2)", "name (3)" … that is free.
fn free_name(entries: &Entries, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).into_owned();
    let others = (2_usize..).map(|number| format!("{name} ({number})"));
    let free = core::iter::once(name.clone()).chain(others).find(|name| !entries.contains_key(name));
    free.unwrap_or(name)
}

/// Folders lie within each other no deeper than `EXPORT_DEPTH_MAX`.
fn node(entries: Entries, nodes: &mut Vec<Node>) -> Result<Tree, FullFolder> {
    let mut trees = BTreeMap::new();
    for (name, entry) in entries {
        let tree = match entry {
            Entry::File(tree) => tree,
            Entry::Folder(entries) => node(entries, nodes)?,
        };
        trees.insert(name, tree);
    }
    unixfs::folder(&trees, nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::unixfs::{Content, read};

    fn file(place: &str, path: &str) -> PublicFile {
        PublicFile { path: path.into(), place: place.into(), top: Tree::of_leaf(path.as_bytes()) }
    }

    /// The paths in a folder, with the tops of the files.
    fn listed(top: Tree, nodes: &[Node], within: &str) -> Vec<String> {
        let Some(node) = nodes.iter().find(|node| node.cid == top.cid) else { return vec![within.to_owned()] };
        let Content::Folder(entries) = read(&node.block).unwrap() else { panic!("no folder") };
        let tree = |cid| Tree { cid, total: 0, length: 0 };
        entries.iter().flat_map(|(name, cid)| listed(tree(*cid), nodes, &format!("{within}/{name}"))).collect()
    }

    #[test]
    fn files_lie_in_the_folders_of_their_places_and_places_of_the_same_name_stay_apart() {
        let files = [
            file("/home/ann/docs", "/home/ann/docs/a.md"),
            file("/home/ann/docs", "/home/ann/docs/deep/er/b.md"),
            file("/mnt/docs", "/mnt/docs/a.md"),
            file("/mnt/one.txt", "/mnt/one.txt"),
        ];
        let (top, nodes) = in_folders(&files).unwrap();
        assert_eq!(listed(top, &nodes, ""), ["/docs/a.md", "/docs/deep/er/b.md", "/docs (2)/a.md", "/one.txt"]);
        assert_eq!(nodes.last().map(|node| node.cid), Some(top.cid));
        let (top, nodes) = in_folders(&files[..2]).unwrap();
        assert_eq!(listed(top, &nodes, ""), ["/a.md", "/deep/er/b.md"], "of one place it is the place");
        let (top, nodes) = in_folders(&files[3..]).unwrap();
        assert_eq!(listed(top, &nodes, ""), ["/one.txt"]);
        assert_eq!(in_folders(&[]).unwrap().1.len(), 1, "an empty folder");
    }

    #[test]
    fn a_file_very_deep_is_named_and_takes_no_stack() {
        let deep = |depth: usize| file("/a", &format!("/a{}/x", "/d".repeat(depth)));
        assert!(in_folders(&[deep(EXPORT_DEPTH_MAX)]).is_ok());
        assert!(in_folders(&[deep(EXPORT_DEPTH_MAX + 1)]).is_err_and(|why| why.contains("within each other")));
    }

    #[test]
    fn names_that_read_the_same_stay_two_files() {
        let odd = |byte: u8| PublicFile { path: [b"/a/x", &[byte][..]].concat(), ..file("/a", "/a/x") };
        let (top, nodes) = in_folders(&[odd(0xfe), odd(0xff)]).unwrap();
        assert_eq!(listed(top, &nodes, ""), ["/x\u{fffd}", "/x\u{fffd} (2)"]);
    }
}
