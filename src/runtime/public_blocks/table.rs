//! Where the blocks of public documents lie.

use crate::base::id::Row;
use crate::limits::{DOCUMENT_BYTES_MAX, IPFS_LEAF_BYTES, PUBLIC_BLOCKS_MAX};
use crate::platform::regular;
use crate::store::kv::{KvError, KvRead};
use crate::text::payload::without_secrets;
use crate::wire::cid::Cid;
use crate::wire::unixfs::{FileBuilder, Node, Tree};
use crate::worker::retrieve::published::{self, Published};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Error, Read, Result, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// Where a block lies in its document: the number of a leaf, a node or a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Leaf(usize),
    Node(usize),
    Passage(usize),
}

/// A public document and the names of its blocks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) found: Published,
    /// `None` if its file cannot be read, or is none of its own, as in an archive.
    pub(super) file: Option<Blocks>,
    pub(super) passages: Vec<(Cid, Row)>,
    /// Whether it holds what looks like a secret: then it has no blocks.
    pub(super) is_withheld: bool,
}

/// The blocks of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) top: Tree,
    leaves: Vec<Cid>,
    nodes: Vec<Node>,
}

/// The documents and their blocks.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) documents: Vec<Arc<Held>>,
    /// The number of a document that has the block, and where.
    blocks: BTreeMap<Cid, (usize, Place)>,
}

impl Table {
    /// The table of what is public now. Documents that did not change since an `earlier` one are not read again.
    pub(super) fn made(kv: &impl KvRead, earlier: &Self) -> Self {
        let known: BTreeMap<_, _> = earlier.documents.iter().map(|held| (held.found.doc, held)).collect();
        let (mut table, mut left_out) = (Self::default(), 0_u64);
        let all = published::all(kv, |found| {
            if left_out > 0 {
                // It is full: no more files are read for it.
                left_out += 1;
                return Ok(());
            }
            let same = known.get(&found.doc).filter(|held| held.found == found);
            let held = match same {
                Some(held) => Arc::clone(held),
                None => Arc::new(Held::read(kv, found)?),
            };
            left_out += u64::from(!table.add(held));
            Ok(())
        });
        if let Err(error) = all {
            log::warn!("Not all public documents can be given out by their CIDs: {error}.");
        }
        if left_out > 0 {
            log::warn!(
                "{left_out} public documents cannot be given out by their CIDs: all of them have more than {PUBLIC_BLOCKS_MAX} blocks."
            );
        }
        table
    }

    /// Takes a document, if there is room for its blocks.
    fn add(&mut self, held: Arc<Held>) -> bool {
        let names: Vec<(Cid, Place)> = held.names().collect();
        if self.blocks.len() + names.len() > PUBLIC_BLOCKS_MAX {
            return false;
        }
        let number = self.documents.len();
        for (cid, place) in names {
            self.blocks.entry(cid).or_insert((number, place));
        }
        self.documents.push(held);
        true
    }

    /// The document that has this block, and where.
    pub(super) fn find(&self, cid: &Cid) -> Option<(&Held, Place)> {
        let (number, place) = self.blocks.get(cid)?;
        let held: &Held = self.documents.get(*number)?;
        Some((held, *place))
    }
}

impl Held {
    fn read(kv: &impl KvRead, found: Published) -> core::result::Result<Self, KvError> {
        let none = |found, is_withheld| Self { found, file: None, passages: Vec::new(), is_withheld };
        let mut passages = Vec::new();
        if !published::passages(kv, found.doc, |row, text| passages.push((Cid::of_raw(text.as_bytes()), row)))? {
            return Ok(none(found, true));
        }
        let bytes = whole(&found.path);
        // What is read of a file may leave secrets out that stand in it.
        let text = bytes.as_ref().ok().and_then(|bytes| core::str::from_utf8(bytes).ok());
        if text.is_some_and(|text| matches!(without_secrets(text), Cow::Owned(_))) {
            return Ok(none(found, true));
        }
        let file = bytes.ok().map(|bytes| Blocks::of(&bytes));
        Ok(Self { found, file, passages, is_withheld: false })
    }

    fn names(&self) -> impl Iterator<Item = (Cid, Place)> {
        let leaves = self.file.iter().flat_map(|file| &file.leaves).enumerate();
        let nodes = self.file.iter().flat_map(|file| &file.nodes).enumerate();
        let passages = self.passages.iter().enumerate();
        leaves
            .map(|(at, cid)| (*cid, Place::Leaf(at)))
            .chain(nodes.map(|(at, node)| (node.cid, Place::Node(at))))
            .chain(passages.map(|(at, (cid, _))| (*cid, Place::Passage(at))))
    }

    /// The bytes at a place now, whatever they are.
    pub(super) fn block(&self, kv: &impl KvRead, place: Place) -> Option<Vec<u8>> {
        match place {
            Place::Leaf(at) => leaf(&self.found.path, at).ok(),
            Place::Node(at) => Some(self.file.as_ref()?.nodes.get(at)?.block.clone()),
            Place::Passage(at) => {
                let (_, row) = self.passages.get(at)?;
                published::passage(kv, *row).ok().flatten().map(String::into_bytes)
            }
        }
    }
}

impl Blocks {
    fn of(bytes: &[u8]) -> Self {
        let (mut builder, mut leaves, mut nodes) = (FileBuilder::default(), Vec::new(), Vec::new());
        let mut add = |bytes: &[u8]| {
            let leaf = Tree::of_leaf(bytes);
            leaves.push(leaf.cid);
            builder.leaf(leaf, &mut nodes);
        };
        if bytes.is_empty() {
            add(bytes);
        }
        bytes.chunks(IPFS_LEAF_BYTES).for_each(add);
        let top = builder.finish(&mut nodes);
        Self { top, leaves, nodes }
    }
}

/// Opens a document's file, which is no link.
fn opened(path: &[u8]) -> Result<File> {
    let path = Path::new(OsStr::from_bytes(path));
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(Error::other("it is no file of its own"));
    }
    regular::open(path, OpenOptions::new().read(true))
}

fn whole(path: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    opened(path)?.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(Error::other("it is larger than any document"));
    }
    Ok(bytes)
}

fn leaf(path: &[u8], number: usize) -> Result<Vec<u8>> {
    let mut file = opened(path)?;
    file.seek(SeekFrom::Start(number as u64 * IPFS_LEAF_BYTES as u64))?;
    let mut bytes = Vec::new();
    file.take(IPFS_LEAF_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
