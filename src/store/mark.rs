//! Marks on places: what is so with the documents there.

use crate::base::path::covers;
use serde::{Deserialize, Serialize};

/// What is so with the documents at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkKind {
    /// Their folder, or the disk that they were on, could not be looked at: they are kept, and answer.
    Away,
    /// Likewise, and the owner said that they are to be kept.
    Kept,
    /// The owner said that they are to be forgotten: they answer nothing, and are being deleted.
    Forgotten,
}

/// A mark on a place, the folder or file at a path with all below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Absolute path.
    pub path: Vec<u8>,
    /// Only documents that were on the file system with this tag are meant (`FileStamp::volume`); 0: all.
    pub volume: u16,
    /// Since when, in seconds since 1970 by the system's clock.
    pub since: i64,
    /// How many documents of which all that was read can be found it was about when it was last looked at: these answer.
    pub documents: u64,
    /// How many more of which some chunks can be found, and the others wait for their vectors, which need no file.
    pub partly: u64,
    /// How many more that are read, and of which no chunk has a vector yet.
    pub read: u64,
    /// How many more that were not read, and wait for their files.
    pub unread: u64,
    /// What is so.
    pub kind: MarkKind,
}

impl Mark {
    /// A mark on a place, of all file systems, about no document yet and since no known time.
    #[must_use]
    pub const fn new(path: Vec<u8>, kind: MarkKind) -> Self {
        Self { path, volume: 0, since: 0, documents: 0, partly: 0, read: 0, unread: 0, kind }
    }

    /// How many documents answer, all or a part of each.
    #[must_use]
    pub const fn answering(&self) -> u64 {
        self.documents.saturating_add(self.partly)
    }

    /// How many documents there are.
    #[must_use]
    pub const fn known(&self) -> u64 {
        self.answering().saturating_add(self.read).saturating_add(self.unread)
    }

    /// Whether it is about a document at this path, learnt on the file system with this tag.
    #[must_use]
    pub fn is_about(&self, path: &[u8], volume: u16) -> bool {
        (self.volume == 0 || self.volume == volume) && covers(&self.path, path)
    }

    /// Whether both say the same of the same documents. How many these are, and since when, may differ: that is of the last look.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.path, self.volume, self.kind) == (&other.path, other.volume, other.kind)
    }
}

/// All marks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks(pub Vec<Mark>);

/// The watched folders and files whose owners are asked about a loss, by their paths: an answer is not there yet, or more is gone
/// than one question holds. After a restart nothing of these that a look finds gone is removed without a word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked(pub Vec<Vec<u8>>);

/// A mark in the form of version 1: how many documents wait was not stored.
#[derive(Serialize, Deserialize)]
pub(super) struct MarkV1 {
    path: Vec<u8>,
    volume: u16,
    since: i64,
    documents: u64,
    kind: MarkKind,
}

/// A mark in the form of version 2: of those that wait it was not stored how far they are.
#[derive(Serialize, Deserialize)]
pub(super) struct MarkV2 {
    path: Vec<u8>,
    volume: u16,
    since: i64,
    documents: u64,
    unread: u64,
    kind: MarkKind,
}

impl Marks {
    /// The marks in the form of version 1; `None` if documents wait at one of them.
    pub(super) fn to_v1(&self) -> Option<Vec<MarkV1>> {
        let before = |mark: &Mark| {
            let Mark { path, volume, since, documents, kind, .. } = mark.clone();
            (mark.known() == documents).then_some(MarkV1 { path, volume, since, documents, kind })
        };
        self.0.iter().map(before).collect()
    }

    /// The same in the form of version 2; `None` if some of them are read.
    pub(super) fn to_v2(&self) -> Option<Vec<MarkV2>> {
        let before = |mark: &Mark| {
            let Mark { path, volume, since, documents, partly, read, unread, kind } = mark.clone();
            (partly == 0 && read == 0).then_some(MarkV2 { path, volume, since, documents, unread, kind })
        };
        self.0.iter().map(before).collect()
    }
}

impl From<MarkV1> for Mark {
    fn from(MarkV1 { path, volume, since, documents, kind }: MarkV1) -> Self {
        MarkV2 { path, volume, since, documents, unread: 0, kind }.into()
    }
}

impl From<MarkV2> for Mark {
    fn from(MarkV2 { path, volume, since, documents, unread, kind }: MarkV2) -> Self {
        Self { path, volume, since, documents, partly: 0, read: 0, unread, kind }
    }
}

impl<M: Into<Mark>> From<Vec<M>> for Marks {
    fn from(before: Vec<M>) -> Self {
        Self(before.into_iter().map(Into::into).collect())
    }
}
