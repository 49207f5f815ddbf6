//! Files and folders as blocks: UnixFS in dag-pb nodes, as `ipfs add --cid-version=1 --raw-leaves` makes them.
//!
//! Source: the specifications DAG-PB and UnixFS of IPFS. A file is cut into leaves of `IPFS_LEAF_BYTES`, which are raw
//! blocks. Up to `IPFS_LINKS_MAX` of them hang on a node, nodes on nodes, all leaves at the same depth; a file of one leaf is
//! that leaf. A node is protobuf: its links first (field 2: {1 Hash, 2 Name, 3 Tsize}), then its data (field 1), which is
//! UnixFS' own message {1 Type, 3 filesize, 4 blocksizes}. The links of a folder have the names of its files, in the order of
//! their bytes.
//!
//! Not read: folders in shards, which `ipfs` makes of several thousand files, and links of a file system.

use super::cid::Cid;
use crate::base::protobuf::{self, BadProtobuf, Value};
use crate::limits::{IPFS_BLOCK_BYTES_MAX, IPFS_LINKS_MAX};
use std::collections::BTreeMap;
use std::fmt;

const RAW: u64 = 0;
const FOLDER: u64 = 1;
const FILE: u64 = 2;

/// A block that links to others, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub cid: Cid,
    /// Its bytes.
    pub block: Vec<u8>,
}

/// The top of a tree of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The block at the top.
    pub cid: Cid,
    /// Bytes of all blocks of the tree.
    pub total: u64,
    /// Bytes of the file; 0 of a folder.
    pub length: u64,
}

impl Tree {
    /// The tree that is one leaf.
    #[must_use]
    pub fn of_leaf(leaf: &[u8]) -> Self {
        Self { cid: Cid::of_raw(leaf), total: leaf.len() as u64, length: leaf.len() as u64 }
    }
}

/// Builds the nodes of a file from its leaves. A file of some gigabytes has `IPFS_LINKS_MAX` trees of each of three
/// levels in memory.
#[derive(Debug, Default)]
pub struct FileBuilder {
    /// The trees that hang on no node yet: leaves first, then nodes of leaves, and so on.
    levels: Vec<Vec<Tree>>,
}

impl FileBuilder {
    /// Takes the next leaf; nodes that became full are appended to `nodes`. A file without bytes has one empty leaf.
    pub fn leaf(&mut self, leaf: Tree, nodes: &mut Vec<Node>) {
        let (mut tree, mut level) = (leaf, 0);
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(trees) = self.levels.get_mut(level) else { return };
            trees.push(tree);
            if trees.len() < IPFS_LINKS_MAX {
                return;
            }
            tree = file_node(trees, nodes);
            trees.clear();
            level += 1;
        }
    }

    /// The whole file, whose last nodes are appended to `nodes`.
    #[must_use]
    pub fn finish(self, nodes: &mut Vec<Node>) -> Tree {
        let top = self.levels.len().saturating_sub(1);
        let mut below: Option<Tree> = None;
        for (level, mut trees) in self.levels.into_iter().enumerate() {
            trees.extend(below.take());
            below = match trees.as_slice() {
                [] => None,
                // Below the top, a node with a single link stands for each level: all leaves are at the same depth.
                [only] if level == top => Some(*only),
                trees => Some(file_node(trees, nodes)),
            };
        }
        below.unwrap_or_else(|| Tree::of_leaf(b""))
    }
}

fn file_node(trees: &[Tree], nodes: &mut Vec<Node>) -> Tree {
    let mut block = Vec::new();
    for tree in trees {
        put_link(&mut block, "", tree);
    }
    let length = trees.iter().map(|tree| tree.length).sum();
    let mut data = Vec::new();
    protobuf::put_value(&mut data, 1, FILE);
    protobuf::put_value(&mut data, 3, length);
    for tree in trees {
        protobuf::put_value(&mut data, 4, tree.length);
    }
    protobuf::put_bytes(&mut block, 1, &data);
    let tree = top(&block, trees.iter(), length);
    nodes.push(Node { cid: tree.cid, block });
    tree
}

/// A folder of these files and folders, appended to `nodes`.
///
/// # Errors
/// It has so many that its block would be larger than other programs take.
pub fn folder(entries: &BTreeMap<String, Tree>, nodes: &mut Vec<Node>) -> Result<Tree, FullFolder> {
    let mut block = Vec::new();
    for (name, tree) in entries {
        put_link(&mut block, name, tree);
    }
    let mut data = Vec::new();
    protobuf::put_value(&mut data, 1, FOLDER);
    protobuf::put_bytes(&mut block, 1, &data);
    if block.len() > IPFS_BLOCK_BYTES_MAX {
        return Err(FullFolder);
    }
    let tree = top(&block, entries.values(), 0);
    nodes.push(Node { cid: tree.cid, block });
    Ok(tree)
}

/// A folder has more files than one block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullFolder;

fn top<'a>(block: &[u8], below: impl Iterator<Item = &'a Tree>, length: u64) -> Tree {
    let total = block.len() as u64 + below.map(|tree| tree.total).sum::<u64>();
    Tree { cid: Cid::of_node(block), total, length }
}

/// A link has a name also where it is empty, as `ipfs` writes it.
fn put_link(block: &mut Vec<u8>, name: &str, to: &Tree) {
    let mut link = Vec::new();
    protobuf::put_bytes(&mut link, 1, &to.cid.to_bytes());
    protobuf::put_bytes(&mut link, 2, name.as_bytes());
    protobuf::put_value(&mut link, 3, to.total);
    protobuf::put_bytes(block, 2, &link);
}

/// What a node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file, or a part of one: these bytes, and then those of these blocks.
    File {
        /// The bytes in the node itself.
        bytes: Vec<u8>,
        /// The blocks of the rest, in order.
        links: Vec<Cid>,
    },
    /// A folder: the name of each file or folder, and its top.
    Folder(Vec<(String, Cid)>),
}

/// Why a block is not read as a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadNode {
    /// It is no node.
    Form,
    /// It is something else of UnixFS: a link, a folder in shards.
    Kind,
    /// A link leads to a block of another codec or hash.
    Link,
    /// A name is not UTF-8.
    Name,
}

impl fmt::Display for BadNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "its block is no node of UnixFS",
            Self::Kind => "it is no plain file or folder (a link, or a folder in shards)",
            Self::Link => "it has parts with another codec or hash than are understood here",
            Self::Name => "a name in it is not UTF-8",
        })
    }
}

impl std::error::Error for BadNode {}

impl From<BadProtobuf> for BadNode {
    fn from(BadProtobuf: BadProtobuf) -> Self {
        Self::Form
    }
}

/// Reads a dag-pb node of UnixFS.
///
/// # Errors
/// It is none, or not one that is read here.
pub fn read(block: &[u8]) -> Result<Content, BadNode> {
    let (mut links, mut data) = (Vec::new(), None);
    protobuf::fields(block, |field, value| match (field, value) {
        (1, Value::Bytes(bytes)) => data = Some(bytes),
        (2, Value::Bytes(bytes)) => links.push(bytes),
        _ => {}
    })?;
    let (mut kind, mut bytes) = (None, &[][..]);
    protobuf::fields(data.ok_or(BadNode::Form)?, |field, value| match (field, value) {
        (1, Value::Number(number)) => kind = Some(number),
        (2, Value::Bytes(inside)) => bytes = inside,
        _ => {}
    })?;
    let links = links.into_iter().map(link);
    match kind.ok_or(BadNode::Form)? {
        FILE | RAW => {
            let links = links.map(|link| link.map(|(_, cid)| cid)).collect::<Result<_, _>>()?;
            Ok(Content::File { bytes: bytes.to_vec(), links })
        }
        FOLDER => links
            .map(|link| {
                let (name, cid) = link?;
                core::str::from_utf8(name).map(|name| (name.to_owned(), cid)).map_err(|_| BadNode::Name)
            })
            .collect::<Result<_, _>>()
            .map(Content::Folder),
        _ => Err(BadNode::Kind),
    }
}

/// The name of a link, and where it leads.
fn link(link: &[u8]) -> Result<(&[u8], Cid), BadNode> {
    let (mut cid, mut name) = (None, &[][..]);
    protobuf::fields(link, |field, value| match (field, value) {
        (1, Value::Bytes(bytes)) => cid = Some(bytes),
        (2, Value::Bytes(bytes)) => name = bytes,
        _ => {}
    })?;
    match Cid::from_bytes(cid.ok_or(BadNode::Form)?) {
        Ok((cid, [])) => Ok((name, cid)),
        _ => Err(BadNode::Link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::IPFS_LEAF_BYTES;

    /// The file of the UnixFS specification's test vectors that has several blocks: of 256 bytes, the last of two.
    const LEAVES: [&str; 5] = [
        "bafkreie5noke3mb7hqxukzcy73nl23k6lxszxi5w3dtmuwz62wnvkpsscm",
        "bafkreih4ephajybraj6wnxsbwjwa77fukurtpl7oj7t7pfq545duhot7cq",
        "bafkreigu7buvm3cfunb35766dn7tmqyh2um62zcio63en2btvxuybgcpue",
        "bafkreicll3huefkc3qnrzeony7zcfo7cr3nbx64hnxrqzsixpceg332fhe",
        "bafkreifst3pqztuvj57lycamoi7z34b4emf7gawxs74nwrc2c7jncmpaqm",
    ];

    fn file(leaves: impl IntoIterator<Item = Tree>) -> (Tree, Vec<Node>) {
        let (mut builder, mut nodes) = (FileBuilder::default(), Vec::new());
        leaves.into_iter().for_each(|leaf| builder.leaf(leaf, &mut nodes));
        let tree = builder.finish(&mut nodes);
        (tree, nodes)
    }

    #[test]
    fn the_file_of_the_specification_has_its_name() {
        let leaf = |(cid, length): (&str, u64)| Tree { cid: cid.parse().unwrap(), total: length, length };
        let (tree, nodes) = file(LEAVES.into_iter().zip([256, 256, 256, 256, 2]).map(leaf));
        assert_eq!(tree.cid.to_string(), "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa");
        assert_eq!((tree.length, nodes.len()), (1026, 1));
        assert!(tree.cid.verifies(&nodes[0].block));
        let links = LEAVES.map(|cid| cid.parse().unwrap()).to_vec();
        assert_eq!(read(&nodes[0].block), Ok(Content::File { bytes: Vec::new(), links }));
    }

    #[test]
    fn a_file_of_one_leaf_is_that_leaf_also_where_it_is_empty() {
        for bytes in [&b""[..], b"hello world"] {
            assert_eq!(file([Tree::of_leaf(bytes)]), (Tree::of_leaf(bytes), Vec::new()));
        }
        assert_eq!(file([]).0.cid.to_string(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    }

    /// How many levels of nodes lie over each leaf, all the same, and how many leaves there are.
    fn depth(of: Cid, nodes: &[Node]) -> (usize, usize) {
        let Some(node) = nodes.iter().find(|node| node.cid == of) else { return (0, 1) };
        let Ok(Content::File { links, .. }) = read(&node.block) else { panic!("it is a file") };
        let below: Vec<(usize, usize)> = links.iter().map(|link| depth(*link, nodes)).collect();
        assert!(below.iter().all(|(depth, _)| *depth == below[0].0), "all leaves are at the same depth");
        (below[0].0 + 1, below.iter().map(|(_, leaves)| leaves).sum())
    }

    #[test]
    fn trees_are_balanced_and_a_full_level_has_no_node_over_it() {
        let leaf = |number: u64| Tree { length: IPFS_LEAF_BYTES as u64, ..Tree::of_leaf(&number.to_be_bytes()) };
        let most = IPFS_LINKS_MAX as u64;
        for (leaves, levels) in [
            (2, 1),
            (most, 1),
            (most + 1, 2),
            (2 * most, 2),
            (most * most, 2),
            (most * most + 1, 3),
            (most * most + most + 1, 3),
        ] {
            let (tree, nodes) = file((0..leaves).map(leaf));
            assert_eq!(depth(tree.cid, &nodes), (levels, usize::try_from(leaves).unwrap()));
            assert_eq!(tree.length, leaves * IPFS_LEAF_BYTES as u64);
            let blocks: u64 = nodes.iter().map(|node| node.block.len() as u64).sum();
            assert_eq!(tree.total, blocks + 8 * leaves, "the size of all blocks");
        }
    }

    #[test]
    fn a_folder_names_its_files_and_an_empty_one_has_its_well_known_name() {
        let mut nodes = Vec::new();
        let empty = folder(&BTreeMap::new(), &mut nodes).unwrap();
        assert_eq!(empty.cid.to_string(), "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
        let file = Tree::of_leaf(b"hello world");
        let entries = BTreeMap::from([("b.txt".to_owned(), file), ("a".to_owned(), empty)]);
        let tree = folder(&entries, &mut nodes).unwrap();
        let content = read(&nodes.last().unwrap().block).unwrap();
        assert_eq!(content, Content::Folder(vec![("a".to_owned(), empty.cid), ("b.txt".to_owned(), file.cid)]));
        assert_eq!(tree.cid, nodes.last().unwrap().cid);
        let many: BTreeMap<String, Tree> = (0..50_000).map(|number| (format!("{number:06}"), file)).collect();
        assert_eq!(folder(&many, &mut nodes), Err(FullFolder));
    }

    #[test]
    fn what_is_no_file_or_folder_is_refused() {
        assert_eq!(read(b""), Err(BadNode::Form), "a node without data");
        assert_eq!(read(&[0x0a, 0x02, 0x08, 0x04]), Err(BadNode::Kind), "a link of a file system");
        assert_eq!(read(&[0x0a, 0x02, 0x08, 0x05]), Err(BadNode::Kind), "shards");
        assert_eq!(read(&[0x0a, 0x09, 0x08]), Err(BadNode::Form), "cut off");
        let mut name = Vec::new();
        protobuf::put_bytes(&mut name, 1, &Cid::of_raw(b"x").to_bytes());
        protobuf::put_bytes(&mut name, 2, &[0xff]);
        let mut node = Vec::new();
        protobuf::put_bytes(&mut node, 2, &name);
        protobuf::put_bytes(&mut node, 1, &[0x08, 0x01]);
        assert_eq!(read(&node), Err(BadNode::Name));
        let inside = [0x0a, 0x07, 0x08, 0x02, 0x12, 0x03, b'a', b'b', b'c'];
        assert_eq!(read(&inside), Ok(Content::File { bytes: b"abc".to_vec(), links: Vec::new() }));
    }
}
