//! Documents whose files are missing from a listing: which of them are gone, and which are only away.

use crate::base::path::parent;
use crate::scheduler::path::covers;
use crate::scheduler::task::{Away, Replaced};
use crate::store::change::FoundDocument;
use crate::store::record::{Document, FileStamp};
use std::collections::BTreeMap;

/// The tag of the file system on which a file was learnt, and of the one that is there now.
type Volumes = (u16, u16);

/// The missing documents of one step.
pub(super) struct Absence<'a> {
    source: &'a [u8],
    holes: &'a [Vec<u8>],
    has_more_holes: bool,
    volumes: &'a [(Vec<u8>, u16)],
    /// The tag of the file system of a source that is away because it is empty and on another disk: what was learnt on that is gone.
    emptied: Option<u16>,
    gone: Vec<FoundDocument>,
    /// Documents that their owner keeps without a file.
    kept: u64,
    away: Vec<Away>,
    /// Documents that may lie in one of the places that could not be listed and are not named.
    unlisted: Vec<Missing>,
    /// Documents whose folder lies on another file system now.
    elsewhere: BTreeMap<Volumes, Vec<Missing>>,
    /// How many files are there unchanged, on another file system than before.
    unchanged: BTreeMap<Volumes, usize>,
    /// How many other files are there in the place of documents of another file system, and the path of one.
    replaced: BTreeMap<Volumes, (usize, Vec<u8>)>,
}

/// What became of the missing documents of a step.
pub(super) struct Judged {
    pub(super) gone: Vec<FoundDocument>,
    /// How many are kept.
    pub(super) kept: u64,
    /// Where those are that are away.
    pub(super) away: Vec<Away>,
    /// Files of other disks in the place of documents.
    pub(super) replaced: Vec<Replaced>,
}

/// A document whose file is not listed.
struct Missing {
    found: FoundDocument,
    path: Vec<u8>,
    findable: Findable,
}

/// How much of a document can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Findable {
    /// All that was read.
    Whole,
    /// Some of its chunks: the others wait for their vectors.
    Partly,
    /// Nothing yet: it is read, and its chunks wait for their vectors.
    Read,
    /// Nothing: it was not read, and waits for its file.
    Unread,
    /// Nothing: it cannot be used, and is in no count of files that are searched.
    Not,
}

/// A place that is away, with no documents so far.
const fn place(path: Vec<u8>, volume: u16) -> Away {
    Away { path, volume, documents: 0, ready: 0, partly: 0, read: 0, unread: 0 }
}

/// One more document of it.
fn count(place: &mut Away, findable: Findable) {
    place.documents += 1;
    match findable {
        Findable::Whole => place.ready += 1,
        Findable::Partly => place.partly += 1,
        Findable::Read => place.read += 1,
        Findable::Unread => place.unread += 1,
        Findable::Not => {}
    }
}

impl<'a> Absence<'a> {
    pub(super) fn new(
        source: &'a [u8],
        holes: &'a [Vec<u8>],
        has_more_holes: bool,
        volumes: &'a [(Vec<u8>, u16)],
        is_told: bool,
    ) -> Self {
        let here = volumes.iter().find(|(place, _)| is_told && place == source && holes.contains(place));
        let emptied = here.map(|(_, tag)| *tag).filter(|tag| *tag != 0);
        // A hole counts even if no document lies in it: people are told of it.
        let away = holes.iter().map(|hole| place(hole.clone(), 0)).collect();
        let (gone, unlisted, elsewhere, unchanged) = (Vec::new(), Vec::new(), BTreeMap::new(), BTreeMap::new());
        let (kept, replaced) = (0, BTreeMap::new());
        Self {
            source,
            holes,
            has_more_holes,
            volumes,
            emptied,
            gone,
            kept,
            away,
            unlisted,
            elsewhere,
            unchanged,
            replaced,
        }
    }

    /// The document's file is there and the same, on a file system with another tag.
    pub(super) fn is_there(&mut self, doc: &Document, stamp: &FileStamp) {
        *self.unchanged.entry((doc.stamp.volume(), stamp.volume())).or_default() += 1;
    }

    /// Another file is at the document's path: the document becomes that. If it is on another disk, what was known of the first is gone.
    pub(super) fn is_another(&mut self, doc: &Document, stamp: &FileStamp) {
        let volumes = (doc.stamp.volume(), stamp.volume());
        if doc.content != [0; 16] && volumes.0 != volumes.1 && volumes.0 != 0 && volumes.1 != 0 {
            self.replaced.entry(volumes).or_insert_with(|| (0, doc.path.clone())).0 += 1;
        }
    }

    /// The document is not to be there, whether its file is or not.
    pub(super) fn is_gone(&mut self, found: FoundDocument) {
        self.gone.push(found);
    }

    /// The document's file is not listed.
    pub(super) fn is_missing(&mut self, found: FoundDocument, doc: &Document, findable: Findable) {
        if doc.stamp.kept_since().is_some() {
            self.kept += 1;
            return;
        }
        if self.emptied.is_some_and(|tag| tag == doc.stamp.volume()) {
            self.gone.push(found);
            return;
        }
        let here =
            self.volumes.iter().filter(|(place, _)| covers(place, &doc.path)).max_by_key(|(place, _)| place.len());
        // A source that is a file has a folder that may have been listed nevertheless.
        let is_source = doc.path == self.source && here.is_some();
        if let Some(at) = self.holes.iter().position(|hole| covers(hole, &doc.path) && !is_source) {
            count(&mut self.away[at], findable);
            return;
        }
        if self.has_more_holes && !is_source {
            self.unlisted.push(Missing { found, path: doc.path.clone(), findable });
            return;
        }
        let volumes = (doc.stamp.volume(), here.map_or(0, |(_, tag)| *tag));
        if volumes.0 == volumes.1 || volumes.0 == 0 || volumes.1 == 0 {
            self.gone.push(found);
        } else {
            self.elsewhere.entry(volumes).or_default().push(Missing { found, path: doc.path.clone(), findable });
        }
    }

    /// These documents are away, at the deepest place in the source that holds them all: a later scan looks at no other. What could not
    /// be listed there is one place with them.
    fn add_away(&mut self, missing: &[Missing], volume: u16) {
        let mut folders = missing.iter().map(|doc| parent(&doc.path));
        let Some(first) = folders.next() else { return };
        let path = folders.fold(first, common_folder);
        let path = if covers(self.source, path) { path } else { self.source };
        let hole = self.away.iter().take(self.holes.len()).position(|hole| covers(&hole.path, path));
        let at = hole.unwrap_or(self.away.len());
        if hole.is_none() {
            self.away.push(place(path.to_vec(), volume));
        }
        missing.iter().for_each(|doc| count(&mut self.away[at], doc.findable));
    }

    /// How many documents their owner keeps without their files.
    pub(super) const fn kept(&self) -> u64 {
        self.kept
    }

    /// What becomes of them.
    ///
    /// A disk may come back under another number, and then its files are there, unchanged. If they are at least as many as
    /// those that are missing, the file system counts as the same, and the missing ones as gone.
    pub(super) fn judged(mut self) -> Judged {
        let is_other_disk = |(volumes, (replaced, _)): &(&Volumes, &(usize, Vec<u8>))| {
            self.unchanged.get(volumes).is_none_or(|unchanged| unchanged < replaced)
        };
        let others = self.replaced.iter().filter(is_other_disk).map(|(&(was, now), (files, path))| Replaced {
            was,
            now,
            files: *files as u64,
            path: path.clone(),
        });
        let replaced = others.collect();
        for (volumes, missing) in std::mem::take(&mut self.elsewhere) {
            if self.unchanged.get(&volumes).is_some_and(|unchanged| *unchanged >= missing.len()) {
                self.gone.extend(missing.iter().map(|doc| doc.found));
                continue;
            }
            self.add_away(&missing, volumes.0);
        }
        let unlisted = std::mem::take(&mut self.unlisted);
        self.add_away(&unlisted, 0);
        self.gone.sort_unstable();
        let kept = self.kept + self.away.iter().map(|away| away.documents).sum::<u64>();
        Judged { gone: self.gone, kept, away: self.away, replaced }
    }
}

/// The deepest folder that covers both.
fn common_folder<'a>(a: &'a [u8], b: &[u8]) -> &'a [u8] {
    let mut folder = a;
    while !covers(folder, b) && folder.len() > 1 {
        folder = parent(folder);
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_folder_ends_at_a_slash() {
        assert_eq!(common_folder(b"/a/bc", b"/a/bd/e"), b"/a");
        assert_eq!(common_folder(b"/a/b", b"/a/b/c"), b"/a/b");
        assert_eq!(common_folder(b"/a", b"/b"), b"/");
        assert_eq!((parent(b"/a/b"), parent(b"/a")), (&b"/a"[..], &b"/"[..]));
    }
}
