//! Where the blocks of public documents lie.

use super::folder::{PublicFile, in_folders};
use super::verdicts::Verdicts;
use crate::base::collection_name::is_same;
use crate::base::id::Row;
use crate::limits::{DOCUMENT_BYTES_MAX, IPFS_LEAF_BYTES, PUBLIC_FILE_BLOCKS_MAX, PUBLIC_PASSAGES_MAX};
use crate::platform::folder;
use crate::store::kv::{KvError, KvRead};
use crate::store::read;
use crate::store::record::Sources;
use crate::text::extract::holds_secret;
use crate::wire::cid::Cid;
use crate::wire::unixfs::{FileBuilder, Node, Tree};
use crate::worker::retrieve::published::{self, Published};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, Read, Result, Seek, SeekFrom};
use std::sync::Arc;

/// Whether a file of this path and these bytes needs a parser to be looked at for secrets.
pub(super) type NeedsParser = fn(&[u8], &[u8]) -> bool;

/// Where a block lies in its document: the number of a leaf, a node or a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Leaf(usize),
    Node(usize),
    Passage(usize),
}

/// What is given out of a public document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its file and its passages.
    Given,
    /// Nothing: a secret stands in it, or what looks like one.
    Withheld,
    /// Nothing: there is no room for the names of its blocks.
    Full,
    /// Its passages alone: its file cannot be read just now, or is not what was read. Not those either: nobody looked at its file for secrets yet, which
    /// needs a parser.
    Unread,
}

/// How many public documents have no file in an export, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// A secret stands in them.
    pub withheld: u64,
    /// There is no room for the names of their blocks.
    pub full: u64,
    /// Their files cannot be read just now, are not what was read, or were not looked at for secrets yet.
    pub unread: u64,
}

/// A public document and the names of its blocks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) found: Published,
    pub(super) file: Option<Blocks>,
    pub(super) passages: Vec<(Cid, Row)>,
    pub(super) state: State,
    /// Whether a parser is to look at its file.
    pub(super) is_due: bool,
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
    /// How many of these blocks are of files, and how many passages.
    of_files: usize,
    of_passages: usize,
    /// How many documents have no room for their passages.
    without_passages: u64,
    /// The first document that has no room, as it was read: it is not read for every table anew.
    next: Option<Arc<Held>>,
    /// The folders of each collection, and of all.
    folders: BTreeMap<Cid, Vec<u8>>,
    /// The watched places as they were then.
    pub(super) sources: Sources,
    /// Whether the store could not tell all documents.
    pub(super) is_broken: bool,
}

impl Table {
    /// The table of what is public now. Documents that did not change since an `earlier` one are not read again, unless their
    /// file could not be read, or a parser has looked at it since. No parser runs for it.
    pub(super) fn made(kv: &impl KvRead, earlier: &Self, needs: NeedsParser, verdicts: &Verdicts) -> Self {
        let known = earlier.documents.iter().chain(&earlier.next);
        let known: BTreeMap<_, _> = known.map(|held| (held.found.doc, held)).collect();
        let sources = read::sources(kv).unwrap_or_default();
        let mut table = Self { sources, ..Self::default() };
        let all = published::all(kv, |found| {
            if table.next.is_some() {
                // It is full: no more files are read for it.
                table.documents.push(Arc::new(Held::without_room(found)));
                return Ok(());
            }
            let is_read = |held: &&&Arc<Held>| match held.state {
                State::Given | State::Withheld => true,
                State::Unread => held.is_due && verdicts.of(&held.found).is_none(),
                State::Full => false,
            };
            let same = known.get(&found.doc).filter(|held| held.found == found).filter(is_read);
            let held = match same {
                Some(held) => Arc::clone(held),
                None => Arc::new(Held::read(kv, found, &table.sources, (needs, verdicts))?),
            };
            table.add(held);
            Ok(())
        });
        if let Err(error) = all {
            log::warn!("Not all public documents can be given out by their CIDs: {error}.");
            table.is_broken = true;
        }
        table.tell(earlier);
        table.make_folders();
        table
    }

    /// Says in the log what has no room, if that is not as it was.
    fn tell(&self, earlier: &Self) {
        let (full, before) = (self.left_out(None).full, earlier.left_out(None).full);
        if full > 0 && full != before {
            log::warn!(
                "{full} public documents cannot be given out by their CIDs, nor exported: the files of all have more than {PUBLIC_FILE_BLOCKS_MAX} \
                 blocks."
            );
        }
        if self.without_passages > 0 && self.without_passages != earlier.without_passages {
            log::warn!(
                "The passages of {} public documents cannot be given out by their CIDs, and their files can: all have more than \
                 {PUBLIC_PASSAGES_MAX} passages.",
                self.without_passages
            );
        }
    }

    /// Whether nothing would be another if the table were made again.
    pub(super) fn is_settled(&self) -> bool {
        !self.is_broken && self.documents.iter().all(|held| held.state != State::Unread)
    }

    /// The documents whose files a parser is to look at.
    pub(super) fn due(&self) -> impl Iterator<Item = &Arc<Held>> {
        self.documents.iter().filter(|held| held.is_due)
    }

    /// Whether the passages of a document are found by their names.
    pub(super) fn has_passages(&self, held: &Held) -> bool {
        held.passages.iter().all(|(cid, _)| self.blocks.contains_key(cid))
    }

    /// How many documents of this collection, or of all, have no file here.
    pub(super) fn left_out(&self, collection: Option<&str>) -> LeftOut {
        let count = |state: State| {
            let is_one = |held: &&Arc<Held>| held.is_of(collection) && held.state == state;
            self.documents.iter().filter(is_one).count() as u64
        };
        LeftOut { withheld: count(State::Withheld), full: count(State::Full), unread: count(State::Unread) }
    }

    /// The public files of this collection, or of all.
    pub(super) fn files(&self, collection: Option<&str>) -> Vec<PublicFile> {
        let is_meant = |held: &&Arc<Held>| held.is_of(collection);
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

    /// Takes a document, and what of it there is room for: a file whole or not at all, and all passages or none.
    fn add(&mut self, held: Arc<Held>) {
        let number = self.documents.len();
        let (files, passages): (Vec<_>, Vec<_>) =
            held.names().partition(|(_, place)| !matches!(place, Place::Passage(_)));
        if self.of_files + files.len() > PUBLIC_FILE_BLOCKS_MAX {
            self.documents.push(Arc::new(Held::without_room(held.found.clone())));
            self.next = Some(held);
            return;
        }
        self.of_files += self.enter(number, files);
        if self.of_passages + passages.len() > PUBLIC_PASSAGES_MAX {
            self.without_passages += 1;
        } else {
            self.of_passages += self.enter(number, passages);
        }
        self.documents.push(held);
    }

    /// Notes where these blocks lie. Gives how many of them are new.
    fn enter(&mut self, number: usize, names: Vec<(Cid, Place)>) -> usize {
        let before = self.blocks.len();
        for (cid, place) in names {
            self.blocks.entry(cid).or_insert((number, place));
        }
        self.blocks.len() - before
    }

    /// The document that has this block, and where.
    pub(super) fn find(&self, cid: &Cid) -> Option<(&Held, Place)> {
        let (number, place) = self.blocks.get(cid)?;
        let held: &Held = self.documents.get(*number)?;
        Some((held, *place))
    }
}

impl Held {
    fn without_room(found: Published) -> Self {
        Self { found, file: None, passages: Vec::new(), state: State::Full, is_due: false }
    }

    /// The file counts only with the bytes that the agent read: others were not looked at by the rules for what is read.
    /// Where a parser has to look at it for secrets and did not yet, nothing of it is given out.
    fn read(
        kv: &impl KvRead,
        found: Published,
        sources: &Sources,
        (needs, verdicts): (NeedsParser, &Verdicts),
    ) -> core::result::Result<Self, KvError> {
        let mut passages = Vec::new();
        let bytes = bytes_of(&found, sources);
        let name = String::from_utf8_lossy(&found.path);
        let mut has_secret = bytes.as_ref().is_some_and(|bytes| holds_secret(&name, bytes));
        if !has_secret && bytes.as_ref().is_some_and(|bytes| needs(&found.path, bytes)) {
            let Some(finds) = verdicts.of(&found) else {
                return Ok(Self { found, file: None, passages: Vec::new(), state: State::Unread, is_due: true });
            };
            has_secret = finds;
        }
        let are_all =
            published::passages(kv, found.doc, |row, text| passages.push((Cid::of_raw(text.as_bytes()), row)))?;
        if has_secret || !are_all {
            return Ok(Self { found, file: None, passages: Vec::new(), state: State::Withheld, is_due: false });
        }
        let file = bytes.map(|bytes| Blocks::of(&bytes));
        let state = if file.is_some() { State::Given } else { State::Unread };
        Ok(Self { found, file, passages, state, is_due: false })
    }

    /// The bytes of its file, if they are those that the agent read.
    pub(super) fn bytes(&self, sources: &Sources) -> Option<Vec<u8>> {
        bytes_of(&self.found, sources)
    }

    /// Whether it is of this collection, or of any.
    fn is_of(&self, collection: Option<&str>) -> bool {
        collection.is_none_or(|name| is_same(name, &self.found.collection))
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
            Place::Leaf(at) => leaf(&self.found.path, at, &read::sources(kv).ok()?).ok(),
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

fn bytes_of(found: &Published, sources: &Sources) -> Option<Vec<u8>> {
    whole(&found.path, sources).ok().filter(|bytes| found.version.is_of(bytes))
}

fn whole(path: &[u8], sources: &Sources) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    folder::open(path, &sources.places)?.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(Error::other("it is larger than any document"));
    }
    Ok(bytes)
}

fn leaf(path: &[u8], number: usize, sources: &Sources) -> Result<Vec<u8>> {
    let mut file = folder::open(path, &sources.places)?;
    file.seek(SeekFrom::Start(number as u64 * IPFS_LEAF_BYTES as u64))?;
    let mut bytes = Vec::new();
    file.take(IPFS_LEAF_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
