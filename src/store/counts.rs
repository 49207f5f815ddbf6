//! The store's counts, written with every commit so that showing them needs no walk over the store.

use crate::base::media::is_media;
use serde::{Deserialize, Serialize};

/// The state of a document without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// To be read.
    Waiting,
    /// Read; some chunks are to be embedded.
    Chunked,
    /// Every chunk has its vector.
    Ready,
    /// Not usable.
    Refused,
    /// The file is gone; to be purged.
    Tombstoned,
    /// Its tasks failed again and again; its owner decides.
    Parked,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Chunked, Self::Ready, Self::Refused, Self::Tombstoned, Self::Parked];

    /// The word that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Chunked => "chunked",
            Self::Ready => "ready",
            Self::Refused => "refused",
            Self::Tombstoned => "leaving",
            Self::Parked => "parked",
        }
    }
}

/// How many documents are in each state, and how many chunks and vectors are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCounts {
    documents: [u64; Kind::ALL.len()],
    /// Chunks stored, those of tombstoned documents included.
    pub chunks: u64,
    /// Vectors stored, likewise.
    pub vectors: u64,
    /// Chunks of tombstoned documents: kept for reuse, in no answer.
    pub tombstoned_chunks: u64,
    /// Their vectors.
    pub tombstoned_vectors: u64,
    /// Chunks without a vector that nobody embeds: their documents are refused or parked.
    pub set_aside: u64,
    /// Files to be read that are named as pictures, sounds or films. The record of the commit has it beside the others; a store of before counts those
    /// that it finds from then on.
    #[serde(skip)]
    pub media: u64,
}

/// The counts before there were parked documents.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct CountsBefore {
    documents: [u64; 5],
    chunks: u64,
    vectors: u64,
    tombstoned_chunks: u64,
    tombstoned_vectors: u64,
}

impl From<CountsBefore> for StoreCounts {
    fn from(before: CountsBefore) -> Self {
        let [waiting, chunked, ready, refused, tombstoned] = before.documents;
        Self {
            documents: [waiting, chunked, ready, refused, tombstoned, 0],
            chunks: before.chunks,
            vectors: before.vectors,
            tombstoned_chunks: before.tombstoned_chunks,
            tombstoned_vectors: before.tombstoned_vectors,
            set_aside: 0,
            media: 0,
        }
    }
}

impl StoreCounts {
    /// Documents in this state.
    #[must_use]
    pub const fn count(&self, kind: Kind) -> u64 {
        self.documents[kind as usize]
    }

    /// Documents in any state.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.documents.iter().sum()
    }

    /// Documents that are still to be read or embedded.
    #[must_use]
    pub const fn unfinished(&self) -> u64 {
        self.count(Kind::Waiting) + self.count(Kind::Chunked)
    }

    /// Documents that are not used: refused or parked.
    #[must_use]
    pub const fn unusable(&self) -> u64 {
        self.count(Kind::Refused) + self.count(Kind::Parked)
    }

    /// Chunks without those of tombstoned documents.
    #[must_use]
    pub const fn live_chunks(&self) -> u64 {
        self.chunks.saturating_sub(self.tombstoned_chunks)
    }

    /// Vectors without those of tombstoned documents.
    #[must_use]
    pub const fn live_vectors(&self) -> u64 {
        self.vectors.saturating_sub(self.tombstoned_vectors)
    }

    /// Chunks that wait for their vectors.
    #[must_use]
    pub const fn to_embed(&self) -> u64 {
        self.live_chunks().saturating_sub(self.live_vectors()).saturating_sub(self.set_aside)
    }

    /// Each count with its name, as people read it.
    fn entries(&self) -> [(&'static str, u64); 11] {
        [
            ("files to be read", self.count(Kind::Waiting)),
            ("files being embedded", self.count(Kind::Chunked)),
            ("files ready", self.count(Kind::Ready)),
            ("files not usable", self.count(Kind::Refused)),
            ("files parked", self.count(Kind::Parked)),
            ("files gone and kept for a while", self.count(Kind::Tombstoned)),
            ("passages", self.chunks),
            ("vectors", self.vectors),
            ("passages of files that are gone", self.tombstoned_chunks),
            ("vectors kept for a while", self.tombstoned_vectors),
            ("passages without a vector of files that are not usable or parked", self.set_aside),
        ]
    }

    /// What of these counts, which were recorded, is not as it was counted: a sentence for each.
    #[must_use]
    pub fn differences(&self, counted: &Self) -> Vec<String> {
        let pairs = self.entries().into_iter().zip(counted.entries());
        let differ = pairs.filter(|((_, recorded), (_, counted))| recorded != counted);
        differ
            .map(|((what, recorded), (_, counted))| format!("{what}: {counted} counted, {recorded} recorded"))
            .collect()
    }

    /// Counts one more document in this state.
    pub const fn enter(&mut self, kind: Kind) {
        self.documents[kind as usize] += 1;
    }

    /// Counts one more document in this state, whose file has this path.
    pub fn enter_file(&mut self, kind: Kind, path: &[u8]) {
        self.enter(kind);
        self.media += u64::from(kind == Kind::Waiting && is_media(path));
    }

    /// Counts one document fewer in this state, whose file has this path.
    pub fn leave_file(&mut self, kind: Kind, path: &[u8]) {
        self.leave(kind);
        self.media = self.media.saturating_sub(u64::from(kind == Kind::Waiting && is_media(path)));
    }

    /// Files to be read that are pictures, sounds or films by their names: of these nothing is read, unless they are something else.
    #[must_use]
    pub fn waiting_media(&self) -> u64 {
        self.media.min(self.count(Kind::Waiting))
    }

    /// Counts one document fewer in this state. Only the library calls it, for a document that it counted before.
    pub const fn leave(&mut self, kind: Kind) {
        self.documents[kind as usize] = self.documents[kind as usize].saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_wait_are_counted_by_their_names_until_they_are_looked_at() {
        let mut counts = StoreCounts::default();
        [&b"/a/1.JPG"[..], b"/a/2.mp3", b"/a/note.md"]
            .into_iter()
            .for_each(|path| counts.enter_file(Kind::Waiting, path));
        counts.enter_file(Kind::Refused, b"/a/3.png");
        assert_eq!((counts.waiting_media(), counts.count(Kind::Waiting), counts.count(Kind::Refused)), (2, 3, 1));
        counts.leave_file(Kind::Waiting, b"/a/1.JPG");
        counts.leave_file(Kind::Waiting, b"/a/note.md");
        assert_eq!((counts.waiting_media(), counts.count(Kind::Waiting)), (1, 1));
        let mut before = StoreCounts::default();
        before.enter(Kind::Waiting);
        before.leave_file(Kind::Waiting, b"/a/1.jpg");
        assert_eq!(before.waiting_media(), 0, "a store of before did not count it");
    }

    #[test]
    fn each_count_that_differs_is_named() {
        let (mut recorded, mut counted) = (StoreCounts::default(), StoreCounts::default());
        Kind::ALL.into_iter().for_each(|kind| counted.enter(kind));
        (counted.chunks, counted.vectors, counted.tombstoned_chunks) = (9, 5, 2);
        (counted.tombstoned_vectors, counted.set_aside) = (1, 3);
        let all = recorded.differences(&counted);
        assert_eq!(all.len(), counted.entries().len(), "no count is left out: {all:?}");
        recorded = counted;
        recorded.set_aside = 4;
        let one = recorded.differences(&counted);
        assert_eq!(one, ["passages without a vector of files that are not usable or parked: 3 counted, 4 recorded"]);
        assert_eq!(counted.to_embed(), (9 - 2) - (5 - 1) - 3);
    }
}
