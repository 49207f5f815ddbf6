//! Where the blocks of public documents lie.

use super::folder::{PublicFile, in_folders};
use crate::base::collection_name::is_same;
use crate::base::id::Row;
use crate::limits::{DOCUMENT_BYTES_MAX, IPFS_LEAF_BYTES, PUBLIC_BLOCKS_MAX};
use crate::platform::regular;
use crate::store::kv::{KvError, KvRead};
use crate::store::read;
use crate::store::record::Sources;
use crate::text::payload::holds_key;
use crate::wire::cid::Cid;
use crate::wire::unixfs::{FileBuilder, Node, Tree};
use crate::worker::retrieve::published::{self, Published};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Whether a private key stands in it: then it has no blocks.
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
    /// The folders of each collection, and of all.
    folders: BTreeMap<Cid, Vec<u8>>,
    /// The watched places as they were then.
    pub(super) sources: Sources,
}

impl Table {
    /// The table of what is public now. Documents that did not change since an `earlier` one are not read again.
    pub(super) fn made(kv: &impl KvRead, earlier: &Self) -> Self {
        let known: BTreeMap<_, _> = earlier.documents.iter().map(|held| (held.found.doc, held)).collect();
        let sources = read::sources(kv).unwrap_or_default();
        let (mut table, mut left_out) = (Self { sources, ..Self::default() }, 0_u64);
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
        table.make_folders();
        table
    }

    /// The public files of this collection, or of all.
    pub(super) fn files(&self, collection: Option<&str>) -> Vec<PublicFile> {
        let is_meant = |held: &&Arc<Held>| collection.is_none_or(|name| is_same(name, &held.found.collection));
        let file = |held: &Arc<Held>| {
            let (path, place) = (held.found.path.clone(), held.found.place.clone());
            held.file.as_ref().map(|file| PublicFile { path, place, top: file.top })
        };
        self.documents.iter().filter(is_meant).filter_map(file).collect()
    }

    /// Whoever has the root of an export gets its folders as well.
    fn make_folders(&mut self) {
        let names: BTreeSet<&String> = self.documents.iter().map(|held| &held.found.collection).collect();
        let of_all = (names.len() > 1).then_some(None);
        let wanted = names.into_iter().map(|name| Some(name.as_str())).chain(of_all);
        // One that has too many files is not exported either.
        let made = wanted.filter_map(|name| in_folders(&self.files(name)).ok());
        self.folders = made.flat_map(|(_, nodes)| nodes).map(|node| (node.cid, node.block)).collect();
    }

    /// The folder of this name.
    pub(super) fn folder(&self, cid: &Cid) -> Option<Vec<u8>> {
        self.folders.get(cid).cloned()
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
        let mut passages = Vec::new();
        let bytes = whole(&found.path);
        // No passage has a key, and the file may.
        let text = bytes.as_ref().ok().and_then(|bytes| core::str::from_utf8(bytes).ok());
        if text.is_some_and(holds_key) {
            return Ok(Self { found, file: None, passages, is_withheld: true });
        }
        published::passages(kv, found.doc, |row, text| passages.push((Cid::of_raw(text.as_bytes()), row)))?;
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
