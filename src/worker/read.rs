//! Cutting one document's bytes into chunks.

use crate::base::id::DocId;
use crate::embed::{Embedder, model};
use crate::limits::{CHUNK_BYTES_MAX, DOCUMENT_BYTES_MAX, DOCUMENT_CHUNKS_MAX};
use crate::store::change::{Change, NewChunk};
use crate::store::record::FileStamp;
use crate::text::{chunk::chunks, extract::extract};
use sha2::{Digest, Sha256};

/// What reading a file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All its bytes, and what it looked like just before.
    Bytes(Vec<u8>, FileStamp),
    /// It is larger than `DOCUMENT_BYTES_MAX` and was not read.
    TooLarge(FileStamp),
    /// It is there and cannot be read, for the reason given.
    Unreadable(String),
    /// It is not there any more.
    Missing,
}

/// What the content makes of the document that was known with `stamp`.
///
/// A file that changed since it was seen is first seen again: two changes, in order.
#[must_use]
pub fn read(
    embedder: &impl Embedder,
    id: DocId,
    doc: &crate::store::record::Document,
    content: Content,
) -> Vec<Change> {
    let name = String::from_utf8_lossy(&doc.path);
    let (stamp, last) = match content {
        Content::Missing => return vec![Change::Gone { doc: id }],
        Content::Unreadable(why) => {
            let reason = format!("It cannot be read: {why}.");
            return vec![Change::Refused { doc: id, stamp: doc.stamp, reason, keep: true }];
        }
        Content::TooLarge(stamp) => {
            let (mib, max) = (stamp.size >> 20, DOCUMENT_BYTES_MAX >> 20);
            let reason = format!("It has {mib} MiB; files of up to {max} MiB are read.");
            (stamp, Change::Refused { doc: id, stamp, reason, keep: false })
        }
        Content::Bytes(bytes, stamp) => {
            let last = match pieces(embedder, &name, &bytes) {
                Ok(pieces) => Change::Chunked { doc: id, stamp, content: content_hash(&bytes), pieces },
                Err(reason) => Change::Refused { doc: id, stamp, reason, keep: false },
            };
            (stamp, last)
        }
    };
    if stamp == doc.stamp {
        return vec![last];
    }
    let (path, collection, ring) = (doc.path.clone(), doc.collection.clone(), doc.ring);
    vec![Change::Seen { path, stamp, collection, ring }, last]
}

fn content_hash(bytes: &[u8]) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

fn pieces(embedder: &impl Embedder, name: &str, bytes: &[u8]) -> Result<Vec<NewChunk>, String> {
    let text = extract(name, bytes).map_err(|refusal| refusal.to_string())?;
    let print = embedder.model();
    let cut = chunks(&text, &|part| embedder.tokens(part));
    if cut.len() >= DOCUMENT_CHUNKS_MAX {
        return Err(format!("It makes more than {DOCUMENT_CHUNKS_MAX} passages. Split it into several files."));
    }
    let piece = |chunk: crate::text::chunk::Chunk| -> Option<NewChunk> {
        let excerpt = text.text.get(chunk.range.clone())?;
        debug_assert!(excerpt.len() <= CHUNK_BYTES_MAX, "text::chunk keeps the byte cap");
        let key = model::key(&print, &chunk.heading, excerpt);
        let (start, end) = (u32::try_from(chunk.range.start).ok()?, u32::try_from(chunk.range.end).ok()?);
        Some(NewChunk { key, heading: chunk.heading, text: excerpt.to_owned(), start, end })
    };
    let pieces: Vec<_> = cut.into_iter().filter_map(piece).collect();
    if pieces.is_empty() { Err("It holds no text.".to_owned()) } else { Ok(pieces) }
}
