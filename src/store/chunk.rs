//! The record of a chunk.

use super::codec::{Record, decode_postcard, encode_postcard};
use super::kv::KvError;
use super::packed::{pack, unpack};
use crate::base::id::{DocId, EmbedKey, Ring};
use crate::limits::CHUNK_UNPACKED_MAX;
use serde::{Deserialize, Serialize};

/// One chunk of a document's text. Its headings and its text are stored packed, as version 2, where that is shorter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The document that it is part of.
    pub doc: DocId,
    /// The key of its vector: a hash of the text that the model reads.
    pub key: EmbedKey,
    /// The collection of its document when that was split, see [`Document::collection`](super::record::Document::collection).
    pub collection: String,
    /// Who might see it then.
    pub ring: Ring,
    /// Headings above it, outermost first, joined by " > "; part of what is embedded.
    pub heading: String,
    /// The exact text.
    pub text: String,
}

/// Bytes of the lengths that the packed form has and the other one has not, at most.
const LENGTHS: usize = 8;

/// The form of version 2.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    doc: DocId,
    key: EmbedKey,
    #[serde(borrow)]
    collection: &'a str,
    ring: Ring,
    /// Bytes of the headings.
    heading: u32,
    /// Bytes of the text behind them.
    text: u32,
    /// Both, packed.
    packed: &'a [u8],
}

impl Chunk {
    fn packed(&self) -> Option<Vec<u8>> {
        let Self { doc, key, collection, ring, heading, text } = self;
        let packed = pack(&[heading.as_bytes(), text.as_bytes()].concat(), LENGTHS, CHUNK_UNPACKED_MAX)?;
        let (heading, text) = (u32::try_from(heading.len()).ok()?, u32::try_from(text.len()).ok()?);
        let form = Packed { doc: *doc, key: *key, collection, ring: *ring, heading, text, packed: &packed };
        Some(encode_postcard(2, &form))
    }

    fn unpacked(body: &[u8]) -> Option<Self> {
        let (form, rest) = postcard::take_from_bytes::<Packed<'_>>(body).ok()?;
        let Packed { doc, key, collection, ring, heading, text, packed } = form;
        let (heading, text) = (usize::try_from(heading).ok()?, usize::try_from(text).ok()?);
        let mut both = unpack(packed, heading.checked_add(text)?, CHUNK_UNPACKED_MAX)?;
        let text = String::from_utf8(both.split_off(heading)).ok()?;
        let heading = String::from_utf8(both).ok()?;
        let chunk = Self { doc, key, collection: collection.to_owned(), ring, heading, text };
        rest.is_empty().then_some(chunk)
    }
}

/// What stands before the text of a chunk's record, in both forms: whoever asks only for this has nothing unpacked. Damage of the text is not
/// seen so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkHead {
    /// See [`Chunk::doc`].
    pub doc: DocId,
    /// See [`Chunk::key`].
    pub key: EmbedKey,
    /// See [`Chunk::ring`].
    pub ring: Ring,
}

/// The first fields of both forms.
#[derive(Deserialize)]
struct First<'a> {
    doc: DocId,
    key: EmbedKey,
    #[serde(borrow, rename = "collection")]
    _collection: &'a str,
    ring: Ring,
}

impl ChunkHead {
    /// Decodes the beginning of a stored chunk.
    ///
    /// # Errors
    /// `KvError::Damaged`.
    pub fn decode_stored(bytes: &[u8]) -> Result<Self, KvError> {
        let first = match bytes.split_first() {
            Some((1 | 2, body)) => postcard::take_from_bytes::<First<'_>>(body).ok(),
            _ => None,
        };
        let head = first.map(|(First { doc, key, ring, .. }, _)| Self { doc, key, ring });
        head.ok_or_else(|| KvError::Damaged(format!("the beginning of a chunk record of {} bytes", bytes.len())))
    }
}

impl From<&Chunk> for ChunkHead {
    fn from(chunk: &Chunk) -> Self {
        Self { doc: chunk.doc, key: chunk.key, ring: chunk.ring }
    }
}

impl Record for Chunk {
    const NAME: &'static str = "chunk";

    fn encode(&self) -> Vec<u8> {
        self.packed().unwrap_or_else(|| encode_postcard(1, self))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (1, body) => decode_postcard(body),
            (2, body) => Self::unpacked(body),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(heading: &str, text: &str) -> Chunk {
        let (doc, key, ring) = (DocId(7), EmbedKey([3; 16]), Ring::Private);
        Chunk { doc, key, collection: "home".to_owned(), ring, heading: heading.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_text_is_stored_in_little_more_than_half_of_its_bytes() {
        let text = "Bleed the radiators every autumn, before the first frost, and look at the pressure of the boiler in the \
                    cellar: it should be between one and two bar. If it falls again within some days, a valve leaks, mostly \
                    the one in the bathroom, and the plumber has to come. The receipt of the last repair is with the others.";
        let chunk = chunk("House > Heating", text);
        let (encoded, before) = (chunk.encode(), encode_postcard(1, &chunk));
        assert!(encoded.len() * 10 < before.len() * 7, "{} of {} bytes", encoded.len(), before.len());
        assert_eq!(Chunk::decode(&encoded).as_ref(), Some(&chunk));
        assert_eq!(Chunk::decode(&before).as_ref(), Some(&chunk), "as versions of before stored it");
        assert!((0..encoded.len()).all(|cut| Chunk::decode(&encoded[..cut]).is_none()));
        assert!(Chunk::decode(&[&encoded[..], &[0]].concat()).is_none(), "trailing bytes are damage");
    }

    #[test]
    fn the_head_of_a_chunk_is_read_without_its_text() {
        let long = chunk("House > Heating", &"Bleed the radiators every autumn. ".repeat(20));
        for (bytes, version) in [(long.encode(), 2), (encode_postcard(1, &long), 1), (chunk("", "x").encode(), 1)] {
            let chunk = Chunk::decode(&bytes).unwrap();
            assert_eq!(bytes[0], version);
            assert_eq!(ChunkHead::decode_stored(&bytes), Ok(ChunkHead::from(&chunk)));
            // Behind version, document, key, collection and ring nothing is looked at.
            let head = 1 + 1 + 16 + 5 + 1;
            assert_eq!(ChunkHead::decode_stored(&bytes[..head]), Ok(ChunkHead::from(&chunk)));
            assert!((0..head).all(|cut| ChunkHead::decode_stored(&bytes[..cut]).is_err()));
        }
        assert!(ChunkHead::decode_stored(&[&[3][..], &long.encode()[1..]].concat()).is_err(), "another version");
    }

    #[test]
    fn a_chunk_that_says_that_it_has_more_text_than_any_is_damage() {
        let long = chunk("", &"a".repeat(CHUNK_UNPACKED_MAX));
        let bytes = long.encode();
        assert_eq!((bytes[0], Chunk::decode(&bytes)), (2, Some(long)));
        let longer = chunk("", &"a".repeat(CHUNK_UNPACKED_MAX + 1));
        let bytes = longer.encode();
        assert_eq!((bytes[0], Chunk::decode(&bytes)), (1, Some(longer.clone())), "nobody makes such; none is lost");
        let packed = pack(longer.text.as_bytes(), LENGTHS, usize::MAX).unwrap();
        let text = u32::try_from(longer.text.len()).unwrap();
        let Chunk { doc, key, ring, .. } = longer;
        let form = Packed { doc, key, collection: "home", ring, heading: 0, text, packed: &packed };
        assert_eq!(Chunk::decode(&encode_postcard(2, &form)), None);
    }

    #[test]
    fn headings_and_text_are_parted_where_they_were() {
        let many = "na\u{ef}ve caf\u{e9} ".repeat(40);
        for (heading, text) in [("", ""), ("", &*many), (&many, ""), ("caf\u{e9}", &many), ("House", "short")] {
            let chunk = chunk(heading, text);
            assert_eq!(Chunk::decode(&chunk.encode()), Some(chunk));
        }
        let whole = chunk("caf\u{e9}", &many);
        let mut cut = whole.packed().unwrap();
        // The length of the heading stands behind version, document, key, collection and ring.
        let at = 1 + 1 + 16 + 5 + 1;
        assert_eq!(cut[at], 5);
        (cut[at], cut[at + 1]) = (cut[at] - 1, cut[at + 1] + 1);
        assert_eq!(Chunk::decode(&cut), None, "in the middle of a letter");
    }
}
