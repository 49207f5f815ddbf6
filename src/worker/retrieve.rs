//! Answering a question from this device: scan by sign bits, score exactly, read the best, weigh their words.

use crate::base::id::Row;
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::limits::{HITS_MAX, RESCORE};
use crate::search::hit::Hit;
use crate::search::vector::Index;
use crate::search::words::shares;
use crate::store::keys::{self, Wait};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{Record, Vector};
use crate::work::task::Outcome;
use std::collections::BTreeSet;

/// What meaning weighs in a score; words weigh the rest. Half and half is the best for English of those
/// measured in shared/reference/retrieval.md 4e; other languages will want less once they are told apart.
const MEANING: f32 = 0.5;

/// Passages whose text is read to count words: every one that may be wanted.
const READ: usize = HITS_MAX;

/// The best `count` passages. `scan` gives the rows nearest by sign bits; it holds its lock only within.
///
/// # Errors
/// One plain sentence: the question could not be embedded or the store not read.
pub fn retrieve(
    kv: &impl Kv,
    embedder: &mut impl Embedder,
    scan: impl FnOnce(&Signs, usize) -> Vec<Row>,
    text: &str,
    count: usize,
) -> Result<Outcome, String> {
    let question = embedder.embed(text).map_err(|error| format!("The question could not be embedded: {error}."))?;
    let store = |error| format!("The question could not be answered: {error}.");
    let mut scored = Vec::new();
    for row in scan(&question.signs(), RESCORE) {
        // A row may leave between the scan and here: then it has no vector, and is no answer.
        let Some(vector) = read::vector(kv, row).map_err(store)? else { continue };
        if vector.model != question.model() {
            return Err(format!(
                "The store holds vectors of the model {}, the question is of {}. Run `wattle doctor`.",
                vector.model,
                question.model()
            ));
        }
        scored.push((vector.values.cosine(&question), row));
    }
    scored.sort_unstable_by(|(a, row_a), (b, row_b)| b.total_cmp(a).then(row_a.cmp(row_b)));
    scored.truncate(READ);
    let mut read = Vec::with_capacity(scored.len());
    for (cosine, row) in scored {
        if let Some(chunk) = read::chunk(kv, row).map_err(store)? {
            read.push((cosine, row, chunk));
        }
    }
    let shares = shares(text, read.iter().map(|(.., chunk)| [chunk.heading.as_str(), chunk.text.as_str()]));
    let mut ranked: Vec<_> = read
        .into_iter()
        .zip(shares)
        .map(|((cosine, row, chunk), share)| (MEANING * cosine + (1.0 - MEANING) * share, row, chunk))
        .collect();
    ranked.sort_unstable_by(|(a, row_a, _), (b, row_b, _)| b.total_cmp(a).then(row_a.cmp(row_b)));
    let mut hits = Vec::new();
    for (score, row, chunk) in ranked {
        if hits.len() == count.min(HITS_MAX) {
            break;
        }
        if let Some(doc) = read::document(kv, chunk.doc).map_err(store)? {
            hits.push(Hit { row, path: doc.path, heading: chunk.heading, text: chunk.text, score });
        }
    }
    Ok(Outcome::Hits(hits))
}

/// The sign bits of everything in the store that may answer: all vectors but those of documents that left.
///
/// # Errors
/// Any `KvError`.
pub fn load_index(kv: &impl Kv) -> Result<Index, KvError> {
    let mut leaving = BTreeSet::new();
    for doc in read::todo(kv, Wait::Drop, usize::MAX)? {
        leaving.extend(read::document(kv, doc)?.into_iter().flat_map(|doc| doc.pieces).map(|piece| piece.row));
    }
    let mut index = Index::new();
    read::walk(kv, Space::Vector, |key, value| {
        if let Some(row) = keys::number(key).map(Row).filter(|row| !leaving.contains(row)) {
            index.add(&[(row, Vector::open(value)?.values.signs())]);
        }
        Ok(())
    })?;
    Ok(index)
}
