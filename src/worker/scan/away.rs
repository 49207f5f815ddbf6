//! Documents whose files are missing from a listing: which of them are gone, and which are only away.

use crate::scheduler::path::covers;
use crate::scheduler::task::Away;
use crate::store::change::FoundDocument;
use crate::store::counts::Kind;
use crate::store::record::{Document, FileStamp};
use std::collections::BTreeMap;

/// The tag of the file system on which a file was learnt, and of the one that is there now.
type Volumes = (u16, u16);

/// The missing documents of one step.
pub(super) struct Absence<'a> {
    source: &'a [u8],
    holes: &'a [Vec<u8>],
    volumes: &'a [(Vec<u8>, u16)],
    gone: Vec<FoundDocument>,
    /// Documents that their owner keeps without a file.
    kept: u64,
    away: Vec<Away>,
    /// Documents whose folder lies on another file system now.
    elsewhere: BTreeMap<Volumes, Vec<Missing>>,
    /// How many files are there unchanged, on another file system than before.
    unchanged: BTreeMap<Volumes, usize>,
}

/// A document whose file is not listed.
struct Missing {
    found: FoundDocument,
    path: Vec<u8>,
    kind: Kind,
}

impl<'a> Absence<'a> {
    pub(super) fn new(source: &'a [u8], holes: &'a [Vec<u8>], volumes: &'a [(Vec<u8>, u16)]) -> Self {
        // A hole counts even if no document lies in it: people are told of it.
        let away = holes
            .iter()
            .map(|hole| Away { path: hole.clone(), volume: 0, documents: 0, ready: 0, unread: 0 })
            .collect();
        let (elsewhere, unchanged) = (BTreeMap::new(), BTreeMap::new());
        Self { source, holes, volumes, gone: Vec::new(), kept: 0, away, elsewhere, unchanged }
    }

    /// The document's file is there and the same, on a file system with another tag.
    pub(super) fn is_there(&mut self, doc: &Document, stamp: &FileStamp) {
        *self.unchanged.entry((doc.stamp.volume(), stamp.volume())).or_default() += 1;
    }

    /// The document's file is not listed.
    pub(super) fn is_missing(&mut self, found: FoundDocument, doc: &Document) {
        if doc.stamp.kept_since().is_some() {
            self.kept += 1;
            return;
        }
        let here =
            self.volumes.iter().filter(|(place, _)| covers(place, &doc.path)).max_by_key(|(place, _)| place.len());
        // A source that is a file has a folder that may have been listed nevertheless.
        let is_source = doc.path == self.source && here.is_some();
        if let Some(at) = self.holes.iter().position(|hole| covers(hole, &doc.path) && !is_source) {
            self.away[at].documents += 1;
            self.away[at].ready += u64::from(Kind::from(&doc.state) == Kind::Ready);
            self.away[at].unread += u64::from(is_unread(Kind::from(&doc.state)));
            return;
        }
        let volumes = (doc.stamp.volume(), here.map_or(0, |(_, tag)| *tag));
        if volumes.0 == volumes.1 || volumes.0 == 0 || volumes.1 == 0 {
            self.gone.push(found);
        } else {
            self.elsewhere.entry(volumes).or_default().push(Missing {
                found,
                path: doc.path.clone(),
                kind: Kind::from(&doc.state),
            });
        }
    }

    /// How many documents their owner keeps without their files.
    pub(super) const fn kept(&self) -> u64 {
        self.kept
    }

    /// The documents that are gone, the number of those that are kept, and where those are that are away.
    ///
    /// A disk may come back under another number, and then its files are there, unchanged. If they are at least as many as
    /// those that are missing, the file system counts as the same, and the missing ones as gone.
    pub(super) fn judged(mut self) -> (Vec<FoundDocument>, u64, Vec<Away>) {
        for (volumes, missing) in std::mem::take(&mut self.elsewhere) {
            if self.unchanged.get(&volumes).is_some_and(|unchanged| *unchanged >= missing.len()) {
                self.gone.extend(missing.iter().map(|doc| doc.found));
                continue;
            }
            let mut folders = missing.iter().map(|doc| parent(&doc.path));
            let first = folders.next().unwrap_or_default().to_vec();
            let path = folders.fold(first, |common, folder| common_folder(&common, folder).to_vec());
            let count = |is: fn(Kind) -> bool| missing.iter().filter(|doc| is(doc.kind)).count() as u64;
            let (ready, unread) = (count(|kind| kind == Kind::Ready), count(is_unread));
            self.away.push(Away { path, volume: volumes.0, documents: missing.len() as u64, ready, unread });
        }
        self.gone.sort_unstable();
        let kept = self.kept + self.away.iter().map(|away| away.documents).sum::<u64>();
        (self.gone, kept, self.away)
    }
}

/// Whether a document waits to be read or embedded. One that cannot be used is in no count of files that are searched.
const fn is_unread(kind: Kind) -> bool {
    matches!(kind, Kind::Waiting | Kind::Chunked)
}

fn parent(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    &path[..slash.max(1).min(path.len())]
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
