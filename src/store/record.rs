//! Records as they lie on disk: a version byte, then postcard.
//!
//! Every version ever written stays readable: tests/fixtures/records/ holds one of each for ever. A new
//! version is a new arm in `open`, which turns the old form into today's.

use super::change::Ledger;
use super::kv::{KvError, SPACES};
use crate::base::id::{DocId, EmbedKey, Fingerprint, Ring, Row};
use crate::base::vector::Quantized;
use crate::limits::DIMENSIONS;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A kind of record.
pub trait Record: Sized {
    /// For messages about a damaged one.
    const NAME: &'static str;
    /// The bytes to store.
    fn encode(&self) -> Vec<u8>;
    /// The record in stored bytes of any version; `None` where they are damaged.
    fn decode(bytes: &[u8]) -> Option<Self>;
    /// As `parse`, with an error that names the record.
    ///
    /// # Errors
    /// `KvError::Damaged`.
    fn decode_stored(bytes: &[u8]) -> Result<Self, KvError> {
        Self::decode(bytes).ok_or_else(|| KvError::Damaged(format!("a {} record of {} bytes", Self::NAME, bytes.len())))
    }
}

fn encode_postcard<T: Serialize>(version: u8, record: &T) -> Vec<u8> {
    // Writing plain data into a growing vector has no way to fail.
    postcard::to_extend(record, vec![version]).unwrap_or_default()
}

fn decode_postcard<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let (record, rest) = postcard::take_from_bytes(body).ok()?;
    rest.is_empty().then_some(record)
}

macro_rules! postcard_record {
    ($type:ty, $name:literal) => {
        impl Record for $type {
            const NAME: &'static str = $name;

            fn encode(&self) -> Vec<u8> {
                encode_postcard(1, self)
            }

            fn decode(bytes: &[u8]) -> Option<Self> {
                match bytes.split_first()? {
                    (1, body) => decode_postcard(body),
                    _ => None,
                }
            }
        }
    };
}

/// What a file looked like from outside. Two equal stamps mean: not touched in between. The times are
/// the file system's own, never compared with a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since 1970 by the file system.
    pub modified_ns: i64,
    /// Last change of content, name or rights, likewise.
    pub changed_ns: i64,
    /// The file's number on its file system.
    pub inode: u64,
}

/// The one state that a document is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DocState {
    /// Seen, or changed since; to be read. Older chunks, if any, still answer.
    Waiting,
    /// Read and cut; `missing` chunks have no vector yet.
    Chunked {
        /// Chunks without a vector, at least 1.
        missing: u32,
    },
    /// Wholly findable.
    Ready,
    /// Cannot be used, for the reason given; looked at again when the file changes.
    Refused(String),
    /// The file is gone. Its vectors stay until nothing that waits could reuse them (a renamed folder).
    Leaving,
}

/// One chunk's place in its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRef {
    /// Its row.
    pub row: Row,
    /// First byte in the document's text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The named set that it belongs to.
    pub collection: String,
    /// Who may see it.
    pub ring: Ring,
    /// Absolute path, as the system spells it.
    pub path: Vec<u8>,
    /// The file as last seen.
    pub stamp: FileStamp,
    /// First 16 bytes of the SHA-256 of the content as last read; zeros before.
    pub content: [u8; 16],
    /// Its state.
    pub state: DocState,
    /// Its chunks, in the order of the text.
    pub pieces: Vec<ChunkRef>,
}
postcard_record!(Document, "document");

/// One passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The document that it is part of.
    pub doc: DocId,
    /// What its vector depends on.
    pub key: EmbedKey,
    /// The named set that it belongs to.
    pub collection: String,
    /// Who may see it.
    pub ring: Ring,
    /// Headings above it, outermost first, joined by " > "; part of what is embedded.
    pub heading: String,
    /// The exact excerpt of the document.
    pub text: String,
}
postcard_record!(Chunk, "chunk");

/// A stored vector. Laid out by hand: version, 32 bytes of fingerprint, the scale, the codes; no varints.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// The model that made it.
    pub model: Fingerprint,
    /// The numbers.
    pub values: Quantized,
}

impl Record for Vector {
    const NAME: &'static str = "vector";

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 32 + 4 + DIMENSIONS);
        bytes.push(1);
        bytes.extend_from_slice(&self.model.0);
        bytes.extend_from_slice(&self.values.scale().to_le_bytes());
        bytes.extend(self.values.bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (1, body) = bytes.split_first()? else { return None };
        let (model, body) = body.split_first_chunk::<32>()?;
        let (scale, codes) = body.split_first_chunk::<4>()?;
        let values = Quantized::from_parts(f32::from_le_bytes(*scale), codes)?;
        Some(Self { model: Fingerprint(*model), values })
    }
}

/// One watched folder or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Absolute path without links, as the system spells it.
    pub path: Vec<u8>,
    /// The collection that its documents join.
    pub collection: String,
    /// Who may see them.
    pub ring: Ring,
    /// The file system's number when it was added: tells an emptied folder from an unplugged disk.
    pub device: u64,
}

/// All that is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources(pub Vec<Source>);
postcard_record!(Sources, "sources");

/// Written with every batch: which commit this is, what comes next, and which commit last touched each
/// space. A space whose own stamp differs lost a part of the journal that another space did not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// This commit's number, from 1.
    pub number: u64,
    /// The next document's number.
    pub next_doc: DocId,
    /// The next chunk's row.
    pub next_row: Row,
    /// For each space, the number of the last commit that touched it.
    pub stamps: [u64; SPACES],
    /// The counts after this commit.
    pub ledger: Ledger,
}
postcard_record!(Commit, "commit");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic() {
        let doc = Document {
            collection: "home".into(),
            ring: Ring::Mesh,
            path: b"/a".into(),
            stamp: FileStamp::default(),
            content: [7; 16],
            state: DocState::Chunked { missing: 3 },
            pieces: vec![ChunkRef { row: Row(1), start: 0, end: 9 }],
        };
        let bytes = doc.encode();
        assert_eq!(Document::decode_stored(&bytes), Ok(doc));
        for cut in 0..bytes.len() {
            assert!(Document::decode_stored(&bytes[..cut]).is_err());
        }
        assert!(Document::decode_stored(&[&bytes[..], &[0]].concat()).is_err(), "trailing bytes are damage");
        assert!(Document::decode_stored(&[9, 9, 9]).is_err(), "an unknown version is refused");
        assert!(Vector::decode_stored(&[1; 40]).is_err());
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error() {
        let mut rng = Rng::new(11);
        for _ in 0..20_000 {
            let length = rng.below(90);
            let mut bytes: Vec<u8> = (0..length).map(|_| rng.next().to_le_bytes()[0]).collect();
            if let Some(first) = bytes.first_mut() {
                // Mostly the known version, or nothing would be decoded.
                *first = if rng.one_in(10) { *first } else { 1 };
            }
            let _ = (Document::decode(&bytes), Chunk::decode(&bytes), Vector::decode(&bytes));
            let _ = (Sources::decode(&bytes), Commit::decode(&bytes));
        }
    }
}
