//! Search on this device, in three steps: the vector index gives the `RESCORE` rows nearest by sign bits, their exact
//! cosines order them, and the text of the best is read to count the question's terms and score both together.

use crate::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use crate::base::id::{Ring, Row};
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::limits::{HITS_MAX, RESCORE};
use crate::scheduler::task::{Outcome, Query};
use crate::search::hit::score;
use crate::search::lexical::QueryTerms;
use crate::search::vector::Index;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{Record, Vector};
use std::collections::BTreeSet;

/// Chunks whose text is read to count terms.
const READ: usize = HITS_MAX;

/// The embedding of a question, for a search here and on other devices.
///
/// # Errors
/// One plain sentence: the question could not be embedded.
pub fn embed_query(embedder: &mut impl Embedder, question: &str) -> Result<Outcome, String> {
    embedder
        .embed(question)
        .map(Outcome::QueryEmbedding)
        .map_err(|error| format!("The question could not be embedded: {error}."))
}

/// The best `count` chunks of this device with the statistics that are needed to score them among those of other
/// devices. `scan` returns the rows nearest by sign bits and holds the index's lock only during its call. If `shared`,
/// the question came from another device, and chunks of the ring `private` are left out.
///
/// # Errors
/// One plain sentence: the store could not be read, or belongs to another model.
pub fn retrieve(kv: &impl Kv, scan: impl FnOnce(&Signs, usize) -> Vec<Row>, query: &Query) -> Result<Outcome, String> {
    let Query { text, embedding, count, shared } = query;
    let failed = |error| format!("The question could not be answered: {error}.");
    let mut scored = Vec::new();
    for row in scan(&embedding.signs(), RESCORE) {
        // A row may be deleted between the scan and here: then it has no vector.
        let Some(vector) = read::vector(kv, row).map_err(failed)? else { continue };
        if vector.model != embedding.model() {
            return Err(format!(
                "The store holds vectors of the model {}, the question is of {}. Run `wattle doctor`.",
                vector.model,
                embedding.model()
            ));
        }
        scored.push((vector.values.cosine(embedding), row));
    }
    scored.sort_unstable_by(|(a, row_a), (b, row_b)| b.total_cmp(a).then(row_a.cmp(row_b)));
    let terms = QueryTerms::new(text);
    let mut candidates = Vec::with_capacity(scored.len().min(READ));
    for (cosine, row) in scored {
        if candidates.len() == READ {
            break;
        }
        if let Some(chunk) = read::chunk(kv, row).map_err(failed)?
            && !(*shared && chunk.ring == Ring::Private)
        {
            let frequencies = terms.count([&chunk.heading, &chunk.text]);
            candidates.push((cosine, row, frequencies, chunk));
        }
    }
    let statistics = CorpusStatistics::of(terms.len(), candidates.iter().map(|(_, _, frequencies, _)| frequencies));
    let score = |cosine: f32, frequencies: &TermFrequencies| score(&statistics, cosine, frequencies);
    candidates.sort_by(|(a, row_a, terms_a, _), (b, row_b, terms_b, _)| {
        score(*b, terms_b).total_cmp(&score(*a, terms_a)).then(row_a.cmp(row_b))
    });
    let mut hits = Vec::new();
    for (cosine, row, frequencies, chunk) in candidates {
        if hits.len() == (*count).min(HITS_MAX) {
            break;
        }
        if let Some(doc) = read::document(kv, chunk.doc).map_err(failed)? {
            hits.push(SearchHit { row, path: doc.path, heading: chunk.heading, text: chunk.text, cosine, frequencies });
        }
    }
    Ok(Outcome::Found(Box::new(Found { statistics, hits })))
}

/// The vector index of a store: the sign bits of all vectors but those of tombstoned documents.
///
/// # Errors
/// Any `KvError`.
pub fn load_index(kv: &impl Kv) -> Result<Index, KvError> {
    let mut tombstoned = BTreeSet::new();
    for doc in read::todo(kv, Stage::Purge, usize::MAX)? {
        tombstoned.extend(read::document(kv, doc)?.into_iter().flat_map(|doc| doc.chunks).map(|place| place.row));
    }
    let mut index = Index::new();
    read::walk(kv, Space::Vector, |key, value| {
        if let Some(row) = keys::number(key).map(Row).filter(|row| !tombstoned.contains(row)) {
            index.add(&[(row, Vector::decode_stored(value)?.values.signs())]);
        }
        Ok(())
    })?;
    Ok(index)
}
