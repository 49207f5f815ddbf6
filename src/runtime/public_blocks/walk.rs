//! The blocks of a file or folder one after the other, for an archive.

use super::PublicBlocks;
use crate::wire::cid::{Cid, Codec};
use crate::wire::unixfs::{self, Content, Node};
use std::collections::{BTreeMap, BTreeSet};

/// Gives each block of a tree once, the top first, and each node before what it links to. It ends: what a block links to is
/// known by its hash, so no block is below itself.
#[derive(Debug)]
pub struct Walk {
    blocks: PublicBlocks,
    /// Folders, which are made for an export and lie nowhere.
    folders: BTreeMap<Cid, Vec<u8>>,
    /// Those to come, the next one last.
    next: Vec<Cid>,
    seen: BTreeSet<Cid>,
    is_alone: bool,
}

impl Walk {
    /// A walk from this block on, or over it alone.
    #[must_use]
    pub fn from(top: Cid, blocks: PublicBlocks, is_alone: bool) -> Self {
        Self { blocks, folders: BTreeMap::new(), next: vec![top], seen: BTreeSet::new(), is_alone }
    }

    /// The same walk, through these folders.
    #[must_use]
    pub fn through(self, folders: Vec<Node>) -> Self {
        Self { folders: folders.into_iter().map(|node| (node.cid, node.block)).collect(), ..self }
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// The name of a block that is not to be had any more: its file has changed, or is public no longer.
    pub fn step(&mut self) -> Option<Result<(Cid, Vec<u8>), Cid>> {
        let cid = loop {
            let cid = self.next.pop()?;
            if self.seen.insert(cid) {
                break cid;
            }
        };
        let Some(block) = self.folders.get(&cid).cloned().or_else(|| self.blocks.block(&cid)) else {
            self.next.clear();
            return Some(Err(cid));
        };
        if cid.codec() == Codec::DagPb && !self.is_alone {
            // We made it, so it can be read.
            let below: Vec<Cid> = match unixfs::read(&block) {
                Ok(Content::File { links, .. }) => links,
                Ok(Content::Folder(entries)) => entries.into_iter().map(|(_, cid)| cid).collect(),
                Err(_) => Vec::new(),
            };
            self.next.extend(below.into_iter().rev());
        }
        Some(Ok((cid, block)))
    }
}
