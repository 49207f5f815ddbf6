//! The records on disk: a version byte, then postcard; a vector has a layout of its own.
//!
//! Every version ever written stays readable: tests/fixtures/records/ keeps one record of each kind and version. A new
//! version is a new arm in `decode` that converts the old record into today's.

use super::codec::{decode_postcard, encode_postcard, postcard_record};
use super::counts::Kind;
use super::mark::{MarkV1, MarkV2};
use crate::base::collection_name::is_same;
use crate::base::id::{Ring, Row};
use crate::base::path::covers;
use crate::limits::PRIVATE_NAMES_MAX;
use serde::{Deserialize, Serialize};

pub use super::chunk::{Chunk, ChunkHead};
pub use super::codec::Record;
pub use super::collection_model::{CollectionModel, NamedModel};
pub use super::commit::{Anchor, Commit};
pub use super::maker::Maker;
pub use super::mark::{Asked, Mark, MarkKind, Marks};
pub use super::parked::{Attempt, Failed, Failing, Parked};
pub use super::stamp::FileStamp;
pub use super::vector::Vector;

/// The state of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DocState {
    /// New, or changed since it was read; to be read. Chunks of an earlier reading still answer.
    Waiting,
    /// Read and split into chunks, of which `missing` have no vector yet.
    Chunked {
        /// Chunks without a vector, at least 1. In the stored record it is the count when the file was split; the todo
        /// list counts down from it, so that a document of many chunks is not written again for every few vectors.
        /// `read::document` gives the count of now.
        missing: u32,
    },
    /// Every chunk has its vector.
    Ready,
    /// Cannot be used, for this reason; tried again when the file changes.
    Refused(String),
    /// The file is gone. The rows stay for a while, as another document may reuse their vectors (a renamed folder).
    Tombstoned,
    /// Its tasks failed again and again; tried again when its owner says so, or when the file changes.
    Parked(Parked),
}

impl DocState {
    /// Whether nobody embeds the chunks of such a document that have no vector.
    #[must_use]
    pub const fn is_set_aside(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Parked(_))
    }
}

impl From<&DocState> for Kind {
    fn from(state: &DocState) -> Self {
        match state {
            DocState::Waiting => Self::Waiting,
            DocState::Chunked { .. } => Self::Chunked,
            DocState::Ready => Self::Ready,
            DocState::Refused(_) => Self::Refused,
            DocState::Tombstoned => Self::Tombstoned,
            DocState::Parked(_) => Self::Parked,
        }
    }
}

/// The position of a chunk in its document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRef {
    /// The chunk's row.
    pub row: Row,
    /// First byte in the document's text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// One file, as last scanned and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The collection that it belonged to when it was learnt. Which one it belongs to now is what [`Sources::of`] says.
    pub collection: String,
    /// Who might see it then; who may see it now is the ring of that source.
    pub ring: Ring,
    /// Absolute path, the system's bytes.
    pub path: Vec<u8>,
    /// The file's stamp when it was last scanned.
    pub stamp: FileStamp,
    /// First 16 bytes of the SHA-256 of the content as last read; zeros before.
    pub content: [u8; 16],
    /// Its state.
    pub state: DocState,
    /// Its chunks, in the order of the text.
    pub chunks: Vec<ChunkRef>,
}

impl Document {
    /// Drops its list of chunks. Of one that is set aside the first stays, which tells whether it has any.
    pub fn drop_chunks(&mut self) {
        let stays = usize::from(self.state.is_set_aside());
        self.chunks = self.chunks.drain(..).take(stays).collect();
    }

    /// Whether its file cannot be used and nothing that was read of it before answers either, so that nothing finds it. A list of documents
    /// tells as much.
    #[must_use]
    pub const fn is_unusable(&self) -> bool {
        self.state.is_set_aside() && self.chunks.is_empty()
    }
}
postcard_record!(Document, "document");

/// One watched folder or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Absolute path with symbolic links resolved, the system's bytes.
    pub path: Vec<u8>,
    /// The collection that its documents join.
    pub collection: String,
    /// Who may see them.
    pub ring: Ring,
    /// The file system's device number when it was added: tells an emptied folder from an unplugged disk.
    pub device: u64,
}

impl Source {
    fn name(&self) -> &str {
        &self.collection
    }
}

/// The watched folders and files, and the rings of collections without any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// The watched folders and files.
    pub places: Vec<Source>,
    /// Private collections whose last folder was forgotten: a folder that is added to that name again is private. At most
    /// `PRIVATE_NAMES_MAX`.
    pub private: Vec<String>,
    /// The models of collections, at most one of each.
    pub models: Vec<CollectionModel>,
}

/// The form of version 2, of before collections had models.
#[derive(Serialize, Deserialize)]
struct SourcesV2 {
    places: Vec<Source>,
    private: Vec<String>,
}

/// A list has the form of the earliest version that can hold it.
impl Record for Sources {
    const NAME: &'static str = "sources";

    fn encode(&self) -> Vec<u8> {
        if !self.models.is_empty() {
            return encode_postcard(3, self);
        }
        let Self { places, private, .. } = self.clone();
        if private.is_empty() {
            encode_postcard(1, &places)
        } else {
            encode_postcard(2, &SourcesV2 { places, private })
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (1, body) => decode_postcard(body).map(|places: Vec<Source>| Self::from(places)),
            (2, body) => {
                decode_postcard(body).map(|SourcesV2 { places, private }| Self { places, private, models: Vec::new() })
            }
            (3, body) => decode_postcard(body),
            _ => None,
        }
    }
}

impl From<Vec<Source>> for Sources {
    fn from(places: Vec<Source>) -> Self {
        Self { places, private: Vec::new(), models: Vec::new() }
    }
}

impl Sources {
    /// The names of all collections, the private ones first: of two that read the same, one of those is meant.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        let of = |private: bool| self.places.iter().filter(move |source| (source.ring == Ring::Private) == private);
        let remembered = self.private.iter().map(String::as_str);
        of(true).map(Source::name).chain(remembered).chain(of(false).map(Source::name))
    }

    /// Whether this is a private collection without a folder.
    #[must_use]
    pub fn remembers(&self, name: &str) -> bool {
        self.private.iter().any(|known| is_same(known, name))
    }

    /// A private collection has lost a folder: if that was its last one, its name stays private.
    ///
    /// # Errors
    /// A sentence for people: so many names are remembered that this one does not fit. Nothing was changed.
    pub fn remember(&mut self, name: &str) -> Result<(), String> {
        let is_left = self.places.iter().any(|source| is_same(&source.collection, name));
        if is_left || self.remembers(name) {
            return Ok(());
        }
        if self.private.len() >= PRIVATE_NAMES_MAX {
            return Err(format!(
                "{name:?} would be a private collection without a folder. {PRIVATE_NAMES_MAX} of those are remembered already, so that \
                 a folder that is added to one of them is private again, and no more can be. `wattle collection list` names them; \
                 `wattle collection ring NAME mesh` gives one up that is not needed any more. Nothing was changed."
            ));
        }
        self.private.push(name.to_owned());
        Ok(())
    }

    /// The collection has a folder, or another ring: its name is not remembered any more.
    pub fn forget_name(&mut self, name: &str) {
        self.private.retain(|known| !is_same(known, name));
    }

    /// The model that was set for a collection.
    #[must_use]
    pub fn model_of(&self, collection: &str) -> Option<&CollectionModel> {
        self.models.iter().find(|set| is_same(&set.collection, collection))
    }

    /// The deepest source that this path lies in. It says in which collection a document is and who may see it; the
    /// document's own record only says what that was when it was learnt.
    #[must_use]
    pub fn of(&self, path: &[u8]) -> Option<&Source> {
        self.places.iter().filter(|source| covers(&source.path, path)).max_by_key(|source| source.path.len())
    }
}

postcard_record!(Asked, "asked");
postcard_record!(Failing, "failing");

/// The list has the form of the earliest version that can hold it.
impl Record for Marks {
    const NAME: &'static str = "marks";

    fn encode(&self) -> Vec<u8> {
        let v2 = || self.to_v2().map_or_else(|| encode_postcard(3, self), |marks| encode_postcard(2, &marks));
        self.to_v1().map_or_else(v2, |marks| encode_postcard(1, &marks))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (1, body) => decode_postcard(body).map(|marks: Vec<MarkV1>| Self::from(marks)),
            (2, body) => decode_postcard(body).map(|marks: Vec<MarkV2>| Self::from(marks)),
            (3, body) => decode_postcard(body),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::limits::DIMENSIONS;

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic() {
        let doc = Document {
            collection: "home".into(),
            ring: Ring::Mesh,
            path: b"/a".into(),
            stamp: FileStamp::default(),
            content: [7; 16],
            state: DocState::Chunked { missing: 3 },
            chunks: vec![ChunkRef { row: Row(1), start: 0, end: 9 }],
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
        let mut vectors = 0;
        for at in 0..20_000_u32 {
            // Each version of a vector has a length of its own, so that none would be met by chance.
            let version = at.is_multiple_of(4).then(|| 1 + rng.below(6));
            let of_vector = |version: u64| {
                let by = u64::from(version.is_multiple_of(2));
                1 + by + if version < 3 { 32 } else { 4 } + 4 + DIMENSIONS as u64
            };
            let (least, more) = version.map(of_vector).map_or((0, 90), |length| (length - 1, 3));
            let length = least + rng.below(more);
            let mut bytes: Vec<u8> = (0..length).map(|_| rng.next().to_le_bytes()[0]).collect();
            if let Some(first) = bytes.first_mut() {
                // Mostly the known version, or nothing would be decoded.
                let known = version.map_or_else(|| 1 + u8::from(rng.one_in(4)) * 2, |version| version.to_le_bytes()[0]);
                *first = if rng.one_in(10) { *first } else { known };
            }
            let _ = (Document::decode(&bytes), Chunk::decode(&bytes));
            vectors += usize::from(Vector::decode_stored(&bytes).is_ok());
            let _ = (Sources::decode(&bytes), Commit::decode(&bytes));
            let _ = (Maker::decode(&bytes), Failing::decode(&bytes));
        }
        assert!(vectors > 100, "{vectors} are vectors: else only their length was looked at");
    }
}
