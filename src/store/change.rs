//! The changes that a store can undergo, and the effect of each. Plain data: workers return changes, the node orders
//! them saved, the writer applies them through the library.

use super::counts::Kind;
use super::record::{Asked, Document, Failing, FileStamp, Marks, Parked, Sources};
use super::roots::Roots;
use crate::base::id::{DocId, EmbedKey, Fingerprint, ModelMark, PeerKey, Ring, Row};
use crate::base::vector::{Quantized, Sketch};

/// A document as a look at it found it. A document may go on under another path between the look and the change that follows
/// from it, when its file was renamed: then that change is not about it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FoundDocument {
    /// The document.
    pub doc: DocId,
    /// A hash of its path, and of whether its owner kept it without its file.
    pub place: u64,
}

impl FoundDocument {
    /// The document as it is in its record.
    #[must_use]
    pub fn new(doc: DocId, known: &Document) -> Self {
        // FNV-1a: the same for all runs; two paths of one document that collide cost what a change by number alone would.
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let is_kept = u8::from(known.stamp.kept_since().is_some());
        let place = known.path.iter().chain([&0, &is_kept]).fold(0xcbf2_9ce4_8422_2325, step);
        Self { doc, place }
    }
}

/// One change. It is applied completely or not at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Replaces the list of watched folders and files.
    Sources(Sources),
    /// Replaces the marks on places.
    Marks(Marks),
    /// Replaces what was at the paths of the watched places.
    Roots(Roots),
    /// The file of a document is unchanged, and its stamp is now this one: its disk has another number.
    Restamped {
        /// The document.
        doc: DocId,
        /// The file's current stamp.
        stamp: FileStamp,
    },
    /// A waiting document's file was read and was not what its scan saw. Nothing if a scan was there first: a file that is
    /// gone by now does not come back by it.
    Differs {
        /// The document.
        doc: DocId,
        /// The file's stamp of which the reading began.
        from: FileStamp,
        /// The file's stamp when it was read.
        stamp: FileStamp,
    },
    /// The document's file is gone, and its owner keeps the document.
    Kept {
        /// The document, which is as it was found then, or nothing changes.
        found: FoundDocument,
        /// When it was seen to be gone, in seconds since 1970.
        since: i64,
    },
    /// A file exists and is new, or differs from its record.
    Seen {
        /// Absolute path.
        path: Vec<u8>,
        /// The file's current stamp.
        stamp: FileStamp,
        /// The collection that it joins if it is new.
        collection: String,
        /// Who may see it if it is new.
        ring: Ring,
    },
    /// The document's file no longer exists. Nothing if the document is not as it was found then: its place is to be looked at
    /// again.
    Gone(FoundDocument),
    /// The document's file cannot be used.
    Refused {
        /// The document.
        doc: DocId,
        /// The file's stamp when it was tried.
        stamp: FileStamp,
        /// One plain sentence.
        reason: String,
        /// Whether the chunks of an earlier reading stay: the file could not be read just now.
        keep: bool,
    },
    /// The document's tasks failed again and again.
    Parked {
        /// The document.
        doc: DocId,
        /// The file's stamp when it was tried last.
        stamp: FileStamp,
        /// Who tried, what happened, and when.
        parked: Parked,
    },
    /// A document's task failed, and it is tried again; `None`: one succeeded.
    Failing {
        /// The document.
        doc: DocId,
        /// Its failed attempts.
        failing: Option<Box<Failing>>,
    },
    /// A parked document is tried again.
    Retried {
        /// The document.
        doc: DocId,
    },
    /// A parked document is not tried again before its file changes.
    Dropped {
        /// The document.
        doc: DocId,
    },
    /// A waiting document's file is not there; whether it is gone is decided by a scan. What was read of it before holds until
    /// then; a document of which nothing was read waits on.
    Absent {
        /// The document.
        doc: DocId,
        /// The file's stamp when it was tried.
        stamp: FileStamp,
    },
    /// The document's file was read and split into chunks.
    Chunked {
        /// The document.
        doc: DocId,
        /// The file's stamp when it was read.
        stamp: FileStamp,
        /// First 16 bytes of the SHA-256 of its content.
        content: [u8; 16],
        /// Its chunks in the order of the text, at least one.
        chunks: Vec<NewChunk>,
    },
    /// Some of a document's chunks were embedded.
    Embedded {
        /// The document.
        doc: DocId,
        /// The model that computed the vectors.
        model: Fingerprint,
        /// The row, the key of the embedded text, and the vector.
        vectors: Vec<(Row, EmbedKey, Quantized)>,
    },
    /// Another device embedded some chunks, of any documents, and no check has vouched for it yet.
    Unproven {
        /// The device.
        by: PeerKey,
        /// The model that computed the vectors.
        model: Fingerprint,
        /// The row, the key of the embedded text, and the vector, in the order in which they came.
        vectors: Vec<(Row, EmbedKey, Quantized)>,
    },
    /// A check vouches for vectors of another device that are stored.
    Proven {
        /// The document.
        doc: DocId,
        /// The device.
        by: PeerKey,
        /// Good checks of it, as far as they count.
        checks: u8,
        /// The row and the key of the embedded text.
        rows: Vec<(Row, EmbedKey)>,
    },
    /// A device made what is false: its vectors for which no check has vouched are deleted, those of `Vouched` part by part.
    Disproven {
        /// The device.
        by: PeerKey,
        /// Until when it gets no work, in seconds since 1970.
        until: i64,
    },
    /// Texts with known vectors, and no check, vouch for vectors of another device that are stored: they answer, and are owed a check.
    Vouched {
        /// The document.
        doc: DocId,
        /// The device.
        by: PeerKey,
        /// Good checks of it, as far as they count.
        checks: u8,
        /// The row and the key of the embedded text.
        rows: Vec<(Row, EmbedKey)>,
    },
    /// Some of these vectors of a device were computed here, and are right: none of them is owed a check any more.
    Settled {
        /// The device.
        by: PeerKey,
        /// Their rows.
        rows: Vec<Row>,
    },
    /// A check found that the vector in this row, which a device made, is false: it goes with what is owed a check.
    Accused {
        /// The device.
        by: PeerKey,
        /// The row.
        row: Row,
    },
    /// Some of a document's chunks have texts of which another row has the vector: they get that.
    Copied {
        /// The document.
        doc: DocId,
        /// The row and the key of the text.
        rows: Vec<(Row, EmbedKey)>,
    },
    /// The vectors of a document that are of another model than its collection's are to be made anew: they answer on, and count as
    /// none. Those of that model that were to be made anew count again.
    Outdated {
        /// The document.
        doc: DocId,
    },
    /// Some of a document's chunks were embedded with its collection's model, and were known by another one's keys: from now on these
    /// vectors answer. Those of before are kept for a while.
    Remade {
        /// The document.
        doc: DocId,
        /// The model that computed the vectors.
        model: Fingerprint,
        /// When, in seconds since 1970: the vectors of before are kept from then on.
        at: i64,
        /// The chunks.
        rows: Vec<Remade>,
    },
    /// All documents up to this path are looked at for vectors of another model than their collection's; `None`: all are.
    Remodel(Option<Vec<u8>>),
    /// Deletes a tombstoned document with its chunks and vectors.
    Purge {
        /// The document.
        doc: DocId,
    },
    /// Deletes the vectors of these retired rows.
    Expire {
        /// The rows.
        rows: Vec<Row>,
    },
    /// Replaces the list of sources whose owners are asked about a loss.
    Asked(Asked),
}

impl Change {
    /// Whether a power cut may take this change although it was told as saved: it follows from a file and the model alone, is made again,
    /// and nobody but this agent was told of it. What is saved before it is on the disk before it, so that the store is then as it was a
    /// moment ago.
    #[must_use]
    pub const fn is_made_again(&self) -> bool {
        matches!(self, Self::Chunked { .. } | Self::Embedded { .. } | Self::Copied { .. } | Self::Remade { .. })
    }
}

/// A chunk that was embedded with another model than before.
#[derive(Clone, Debug, PartialEq)]
pub struct Remade {
    /// Its row.
    pub row: Row,
    /// The key of its text by the model of before.
    pub before: EmbedKey,
    /// And by that of now.
    pub key: EmbedKey,
    /// The vector; `None`: that of another row with the same text.
    pub vector: Option<Quantized>,
}

/// A chunk that has no row yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChunk {
    /// The key of its vector: a hash of the text that the model reads.
    pub key: EmbedKey,
    /// Headings above it.
    pub heading: String,
    /// The exact text.
    pub text: String,
    /// First byte in the document's text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The effect of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The document that the change was about.
    pub doc: Option<DocId>,
    /// The document's state after the change; `None` if it was purged, or if the change came too late and did nothing.
    pub now: Option<Kind>,
    /// The documents whose records were written or deleted.
    pub documents: Vec<DocId>,
    /// Vectors that may answer from now on.
    pub added: Vec<(Row, ModelMark, Sketch)>,
    /// Rows that may not answer any more, by their vectors or by their words.
    pub removed: Vec<Row>,
    /// Rows whose vectors are deleted and whose chunks wait to be embedded again: their words answer as before.
    pub unmade: Vec<Row>,
    /// Whether something is to be purged later that was not before: a tombstoned document, or a retired row.
    pub to_purge: bool,
    /// Whether the document was tombstoned, and is not any more: its file is back, or is there under another path.
    pub returned: bool,
    /// How many vectors of a false device are still to be deleted.
    pub left: u64,
    /// Whether nothing was done because the document is not as it was found: something else may be true of its place by now.
    pub outdated: bool,
}

#[cfg(test)]
impl FoundDocument {
    /// For tests without a store.
    pub(crate) const fn somewhere(doc: u64) -> Self {
        Self { doc: DocId(doc), place: 0 }
    }
}

#[cfg(test)]
impl Change {
    /// The file of this document, as it is in the store, is gone.
    pub(crate) fn gone(kv: &impl super::kv::KvRead, doc: DocId) -> Self {
        Self::Gone(FoundDocument::new(doc, &super::read::document(kv, doc).unwrap().unwrap()))
    }
}
