//! Files and folders as blocks: UnixFS in dag-pb nodes, as `ipfs add --cid-version=1 --raw-leaves` makes them.
//!
//! Source: the specifications DAG-PB and UnixFS of IPFS. A file is cut into leaves of `IPFS_LEAF_BYTES`, which are raw
//! blocks. Up to `IPFS_LINKS_MAX` of them hang on a node, nodes on nodes, all leaves at the same depth; a file of one leaf is
//! that leaf. A node is protobuf: its links first (field 2: {1 Hash, 2 Name, 3 Tsize}), then its data (field 1), which is
//! UnixFS' own message {1 Type, 3 filesize, 4 blocksizes}. The links of a folder have the names of its files, in the order of
//! their bytes.
//!
//! What a node says of sizes may be left out (old nodes do); what it does say must agree within the node, and whoever reads the
//! blocks below holds it against what they have.
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
        /// How many bytes it says that there are.
        sizes: Sizes,
    },
    /// A folder: the name of each file or folder, and its top.
    Folder(Vec<(String, Cid)>),
}

/// The sizes that a node of a file claims: nothing but what it says, until the blocks below it were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of the whole; `None`: it says nothing of it.
    pub whole: Option<u64>,
    /// Bytes below each link, one for each, or none at all.
    pub parts: Vec<u64>,
}

impl Sizes {
    /// Whether they agree with each other, with as many links as there are, and with this many bytes in the node itself.
    fn agree(&self, inside: u64, links: usize) -> bool {
        if self.parts.is_empty() {
            return links > 0 || self.whole.is_none_or(|whole| whole == inside);
        }
        let sum = self.parts.iter().try_fold(inside, |sum, part| sum.checked_add(*part));
        self.parts.len() == links && sum.is_some_and(|sum| self.whole.is_none_or(|whole| whole == sum))
    }
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
    /// The sizes in it do not agree with each other.
    Sizes,
}

impl fmt::Display for BadNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "its block is no node of UnixFS",
            Self::Kind => "it is no plain file or folder (a link, or a folder in shards)",
            Self::Link => "it has parts with another codec or hash than are understood here",
            Self::Name => "a name in it is not UTF-8",
            Self::Sizes => "the sizes that it claims do not add up",
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
    let (mut kind, mut bytes, mut sizes, mut packed) = (None, &[][..], Sizes::default(), Vec::new());
    protobuf::fields(data.ok_or(BadNode::Form)?, |field, value| match (field, value) {
        (1, Value::Number(number)) => kind = Some(number),
        (2, Value::Bytes(inside)) => bytes = inside,
        (3, Value::Number(whole)) => sizes.whole = Some(whole),
        (4, Value::Number(part)) => sizes.parts.push(part),
        (4, Value::Bytes(list)) => packed.push(list),
        _ => {}
    })?;
    for list in packed {
        protobuf::numbers(list, |part| sizes.parts.push(part))?;
    }
    let links = links.into_iter().map(link);
    match kind.ok_or(BadNode::Form)? {
        FILE | RAW => {
            let links = links.map(|link| link.map(|(_, cid)| cid)).collect::<Result<Vec<_>, _>>()?;
            if !sizes.agree(bytes.len() as u64, links.len()) {
                return Err(BadNode::Sizes);
            }
            Ok(Content::File { bytes: bytes.to_vec(), links, sizes })
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
mod tests;
