//! Answering a question from this device: scan by sign bits, score exactly, read the best, weigh their words.

use crate::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use crate::base::id::{Ring, Row};
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::limits::{HITS_MAX, RESCORE};
use crate::scheduler::task::{Asked, Outcome};
use crate::search::hit::score;
use crate::search::lexical::QueryTerms;
use crate::search::vector::Index;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{Record, Vector};
use std::collections::BTreeSet;

/// Passages whose text is read to count words.
const READ: usize = HITS_MAX;

/// What a question means, to be asked of this device and of others.
///
/// # Errors
/// One plain sentence: the question could not be embedded.
pub fn mean(embedder: &mut impl Embedder, question: &str) -> Result<Outcome, String> {
    embedder
        .embed(question)
        .map(Outcome::QueryEmbedding)
        .map_err(|error| format!("The question could not be embedded: {error}."))
}

/// The best `count` passages of this device with all that is needed to weigh them against other devices'.
/// `scan` gives the rows nearest by sign bits; it holds its lock only within. With `shared`, passages of the
/// ring `private` are left out: the question came from another device.
///
/// # Errors
/// One plain sentence: the store could not be read, or belongs to another model.
pub fn retrieve(
    kv: &impl Kv,
    scan: impl FnOnce(&Signs, usize) -> Vec<Row>,
    question: &Asked,
) -> Result<Outcome, String> {
    let Asked { text, meaning, count, shared } = question;
    let store = |error| format!("The question could not be answered: {error}.");
    let mut scored = Vec::new();
    for row in scan(&meaning.signs(), RESCORE) {
        // A row may leave between the scan and here: then it has no vector, and is no answer.
        let Some(vector) = read::vector(kv, row).map_err(store)? else { continue };
        if vector.model != meaning.model() {
            return Err(format!(
                "The store holds vectors of the model {}, the question is of {}. Run `wattle doctor`.",
                vector.model,
                meaning.model()
            ));
        }
        scored.push((vector.values.cosine(meaning), row));
    }
    scored.sort_unstable_by(|(a, row_a), (b, row_b)| b.total_cmp(a).then(row_a.cmp(row_b)));
    let terms = QueryTerms::new(text);
    let mut read = Vec::with_capacity(scored.len().min(READ));
    for (cosine, row) in scored {
        if read.len() == READ {
            break;
        }
        if let Some(chunk) = read::chunk(kv, row).map_err(store)?
            && !(*shared && chunk.ring == Ring::Private)
        {
            let frequencies = terms.count([&chunk.heading, &chunk.text]);
            read.push((cosine, row, frequencies, chunk));
        }
    }
    let statistics = CorpusStatistics::of(terms.len(), read.iter().map(|(_, _, frequencies, _)| frequencies));
    let score = |cosine: f32, frequencies: &TermFrequencies| score(&statistics, cosine, frequencies);
    read.sort_by(|(a, row_a, terms_a, _), (b, row_b, terms_b, _)| {
        score(*b, terms_b).total_cmp(&score(*a, terms_a)).then(row_a.cmp(row_b))
    });
    let mut hits = Vec::new();
    for (cosine, row, frequencies, chunk) in read {
        if hits.len() == (*count).min(HITS_MAX) {
            break;
        }
        if let Some(doc) = read::document(kv, chunk.doc).map_err(store)? {
            hits.push(SearchHit { row, path: doc.path, heading: chunk.heading, text: chunk.text, cosine, frequencies });
        }
    }
    Ok(Outcome::Found(Box::new(Found { statistics, hits })))
}

/// The sign bits of everything in the store that may answer: all vectors but those of documents that left.
///
/// # Errors
/// Any `KvError`.
pub fn load_index(kv: &impl Kv) -> Result<Index, KvError> {
    let mut leaving = BTreeSet::new();
    for doc in read::todo(kv, Stage::Purge, usize::MAX)? {
        leaving.extend(read::document(kv, doc)?.into_iter().flat_map(|doc| doc.chunks).map(|chunk| chunk.row));
    }
    let mut index = Index::new();
    read::walk(kv, Space::Vector, |key, value| {
        if let Some(row) = keys::number(key).map(Row).filter(|row| !leaving.contains(row)) {
            index.add(&[(row, Vector::decode_stored(value)?.values.signs())]);
        }
        Ok(())
    })?;
    Ok(index)
}
