//! Embedding the next few chunks of one document.

use crate::base::id::{DocId, EmbedKey, Row};
use crate::base::vector::Quantized;
use crate::embed::{Embedder, model::prefixed};
use crate::limits::EMBED_BATCH;
use crate::scheduler::task::Outcome;
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::Chunk;
use log::debug;

/// Computes vectors for up to `max` chunks, 1 to `EMBED_BATCH`, that have none. A text whose vector is stored for any
/// chunk, or that occurs twice in the batch, is not embedded again.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub fn embed(kv: &impl Kv, embedder: &mut impl Embedder, id: DocId, max: usize) -> Result<Outcome, KvError> {
    let Some(doc) = read::document(kv, id)? else { return Ok(Outcome::Changes(Vec::new())) };
    let model = embedder.model();
    let mut vectors: Vec<(Row, EmbedKey, Quantized)> = Vec::new();
    for (row, chunk) in read::missing(kv, &doc, max.clamp(1, EMBED_BATCH))? {
        let same = vectors.iter().find(|(_, key, _)| *key == chunk.key).map(|(.., values)| values.clone());
        let stored = match same {
            Some(values) => Some(values),
            None => read::vector_of(kv, &chunk.key)?.map(|vector| vector.values),
        };
        let values = match stored {
            Some(values) => values,
            None => match compute(embedder, &chunk) {
                Ok(values) => values,
                Err(reason) => {
                    let stamp = doc.stamp;
                    return Ok(Outcome::Changes(vec![Change::Refused { doc: id, stamp, reason, keep: true }]));
                }
            },
        };
        vectors.push((row, chunk.key, values));
    }
    Ok(Outcome::Changes(vec![Change::Embedded { doc: id, model, vectors }]))
}

fn compute(embedder: &mut impl Embedder, chunk: &Chunk) -> Result<Quantized, String> {
    // tests/it/crash.rs reads the keys from the log and checks that no stored chunk is embedded again.
    debug!("embedding {}", chunk.key);
    match embedder.embed(&prefixed(&chunk.heading, &chunk.text)) {
        Ok(embedding) => Ok(embedding.quantize()),
        Err(error) => Err(format!("A passage of it could not be embedded: {error}.")),
    }
}
