//! What can happen to the store, and what came of it. Plain data: workers make changes, the node orders
//! them saved, one writer applies them.

use super::record::{DocState, FileStamp, Sources};
use crate::base::id::{DocId, EmbedKey, Fingerprint, Ring, Row};
use crate::base::vector::{Quantized, Signs};
use serde::{Deserialize, Serialize};

/// One change, applied wholly or not at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// From now on this is what is watched.
    Sources(Sources),
    /// A file is there, new or different from what is known.
    Seen {
        /// Absolute path.
        path: Vec<u8>,
        /// The file as just seen.
        stamp: FileStamp,
        /// The collection that it joins if it is new.
        collection: String,
        /// Who may see it if it is new.
        ring: Ring,
    },
    /// A file is no longer there.
    Gone {
        /// Which.
        doc: DocId,
    },
    /// A file cannot be used.
    Refused {
        /// Which.
        doc: DocId,
        /// The file as it was when it was tried.
        stamp: FileStamp,
        /// One plain sentence.
        reason: String,
        /// Whether what was read of it earlier keeps answering (it could not be read just now).
        keep: bool,
    },
    /// A file was read and cut.
    Chunked {
        /// Which.
        doc: DocId,
        /// The file as it was when it was read.
        stamp: FileStamp,
        /// First 16 bytes of the SHA-256 of its content.
        content: [u8; 16],
        /// Its chunks, in the order of the text, at least one.
        pieces: Vec<NewChunk>,
    },
    /// Some of a document's chunks were embedded.
    Embedded {
        /// Which document.
        doc: DocId,
        /// The model that did it.
        model: Fingerprint,
        /// Row, what the vector was computed from, and the vector.
        vectors: Vec<(Row, EmbedKey, Quantized)>,
    },
    /// A document that left is forgotten, vectors and all.
    Drop {
        /// Which.
        doc: DocId,
    },
}

/// A chunk that has no row yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChunk {
    /// What its vector depends on.
    pub key: EmbedKey,
    /// Headings above it.
    pub heading: String,
    /// The exact excerpt.
    pub text: String,
    /// First byte in the document's text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A state without its particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// To be read.
    Waiting,
    /// To be embedded.
    Chunked,
    /// Done.
    Ready,
    /// Not usable.
    Refused,
    /// To be forgotten.
    Leaving,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Chunked, Self::Ready, Self::Refused, Self::Leaving];

    /// The word that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Chunked => "chunked",
            Self::Ready => "ready",
            Self::Refused => "refused",
            Self::Leaving => "leaving",
        }
    }
}

impl From<&DocState> for Kind {
    fn from(state: &DocState) -> Self {
        match state {
            DocState::Waiting => Self::Waiting,
            DocState::Chunked { .. } => Self::Chunked,
            DocState::Ready => Self::Ready,
            DocState::Refused(_) => Self::Refused,
            DocState::Leaving => Self::Leaving,
        }
    }
}

/// The counts that must add up: every document in exactly one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    files: [u64; 5],
    /// Chunks stored, those of leaving documents among them.
    pub chunks: u64,
    /// Vectors stored, likewise.
    pub vectors: u64,
    /// Chunks of leaving documents: kept for reuse, not answering.
    pub parted_chunks: u64,
    /// Their vectors.
    pub parted_vectors: u64,
}

impl Ledger {
    /// Documents in this state.
    #[must_use]
    pub const fn count(&self, kind: Kind) -> u64 {
        self.files[kind as usize]
    }

    /// Documents in any state.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.files.iter().sum()
    }

    /// Documents that are still to be read or embedded.
    #[must_use]
    pub const fn unfinished(&self) -> u64 {
        self.count(Kind::Waiting) + self.count(Kind::Chunked)
    }

    /// Chunks of files that are there.
    #[must_use]
    pub const fn live_chunks(&self) -> u64 {
        self.chunks.saturating_sub(self.parted_chunks)
    }

    /// Vectors of files that are there.
    #[must_use]
    pub const fn live_vectors(&self) -> u64 {
        self.vectors.saturating_sub(self.parted_vectors)
    }

    /// One document more in this state.
    pub const fn enter(&mut self, kind: Kind) {
        self.files[kind as usize] += 1;
    }

    /// One document fewer in this state. The library alone calls it, for a document that it counted before.
    pub const fn leave(&mut self, kind: Kind) {
        self.files[kind as usize] = self.files[kind as usize].saturating_sub(1);
    }
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The document that it was about.
    pub doc: Option<DocId>,
    /// The state that the document is in now; `None` if it is forgotten, or if the change came too late
    /// and did nothing.
    pub now: Option<Kind>,
    /// Vectors to scan from now on.
    pub added: Vec<(Row, Signs)>,
    /// Vectors not to scan any more.
    pub removed: Vec<Row>,
}
