//! Work that travels: the texts of this device that others embed, and the texts of others that are embedded here.

use crate::base::id::{DocId, Ring};
use crate::embed::{Embedder, model::prefixed};
use crate::limits::{GRANT_BYTES_MAX, LEASE_CHUNKS_MAX};
use crate::scheduler::offload::lendable::Lendable;
use crate::scheduler::task::Outcome;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::Document;
use crate::wire::work::LentText;

/// The chunks without a vector of these documents, at most so many. Those of the ring `private` leave the device in no
/// case; a text whose vector is stored for another chunk is not listed, because it needs no embedding.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub(super) fn list(kv: &impl Kv, documents: &[DocId], most: usize) -> Result<Outcome, KvError> {
    let sources = read::sources(kv)?;
    let is_shared = |doc: &Document| sources.of(&doc.path).is_some_and(|source| source.ring == Ring::Mesh);
    let mut chunks = Vec::new();
    for id in documents {
        let Some(doc) = read::document(kv, *id)?.filter(is_shared) else { continue };
        let room = LEASE_CHUNKS_MAX.min(most.saturating_sub(chunks.len()));
        for (row, chunk) in read::missing(kv, &doc, room)? {
            let text = LentText { heading: chunk.heading, text: chunk.text };
            if text.bytes() <= GRANT_BYTES_MAX && read::vector_of(kv, &chunk.key)?.is_none() {
                chunks.push(Lendable { doc: *id, row, key: chunk.key, text });
            }
        }
    }
    Ok(Outcome::Lendable(chunks))
}

/// Embeds texts that are lent. Nothing is stored.
///
/// # Errors
/// One plain sentence: one of them could not be embedded.
pub(super) fn embed<'a>(
    embedder: &mut impl Embedder,
    texts: impl Iterator<Item = &'a LentText>,
) -> Result<Outcome, String> {
    let vector = |text: &LentText| embedder.embed(&prefixed(&text.heading, &text.text)).map(|vector| vector.quantize());
    let vectors = texts.map(vector).collect::<Result<Vec<_>, _>>();
    vectors.map(Outcome::Embedded).map_err(|error| format!("A passage could not be embedded: {error}."))
}
