//! What was found, held against the files as they are now: for another device always, because a scan may find only after a while that a
//! file was moved into a private folder; for everybody while changes of files cannot be saved, because the store then has what is gone.

use super::models::others;
use super::{Lookup, retrieve_by};
use crate::base::hit::{Found, SearchHit};
use crate::base::id::DocId;
use crate::base::vector::Quantized;
use crate::embed::Embedder;
use crate::limits::HITS_MAX;
use crate::scheduler::task::{Outcome, Query};
use crate::store::kv::Kv;
use crate::store::read;
use crate::store::record::{Document, Source};
use crate::worker::look::{AsRead, Look, Looks, Sought};
use crate::worker::run::failed;
use crate::worker::scan::watched;
use std::collections::{BTreeMap, BTreeSet};

/// The documents of the hits; `None`: it cannot be read.
type Documents = BTreeMap<DocId, Option<Document>>;

/// Answers a question. `look` looks at files once at most.
pub fn answer(
    kv: &impl Kv,
    lookup: &impl Lookup,
    embedder: &mut impl Embedder,
    query: Query,
    look: impl FnOnce(Sought, &[Source]) -> Looks,
) -> Outcome {
    let count = query.count;
    // What is left out takes nobody's place.
    let query = if query.behind.is_some() { Query { count: HITS_MAX, ..query } } else { query };
    let others = others(lookup, embedder, &query);
    match retrieve_by(kv, lookup, &query, &others) {
        Ok(Outcome::Found(found, vectors)) if query.shared || query.behind.is_some() => match watched(kv) {
            Ok(watched) => held(kv, (&query, count), *found, vectors, |sought| look(sought, &watched)),
            Err(error) => failed(kv, error),
        },
        found => found.unwrap_or_else(Outcome::Failed),
    }
}

/// The hits whose texts may be told, of `count` different texts.
fn held(
    kv: &impl Kv,
    (query, count): (&Query, usize),
    mut found: Found,
    vectors: Vec<Quantized>,
    look: impl FnOnce(Sought) -> Looks,
) -> Outcome {
    let behind = query.behind.as_ref();
    let mut documents = Documents::new();
    for doc in found.hits.iter().filter(|_| behind.is_some()).filter_map(|hit| hit.doc) {
        documents.entry(doc).or_insert_with(|| read::document(kv, doc).ok().flatten());
    }
    let known = |hit: &SearchHit| documents.get(&hit.doc?)?.as_ref();
    // What is known to be away or kept is judged by who answers.
    let sought = found.hits.iter().filter(|hit| behind.is_some() || hit.absence.is_none());
    let sought = sought.map(|hit| (hit.path.clone(), known(hit).map(AsRead::of)));
    let looks = look(sought.collect());
    let may_be_told = |hit: &SearchHit| {
        let look = looks.get(&hit.path);
        let is_missing = || hit.absence.is_none() && matches!(look, Some(Look::Missing(_)));
        let has_text = |told: &BTreeSet<DocId>| {
            let Some(doc) = known(hit) else { return false };
            // Of these its owner knows, and their hits say so.
            let is_told = doc.stamp.kept_since().is_some() || hit.doc.is_some_and(|doc| told.contains(&doc));
            let file = AsRead::of(doc);
            is_told || Look::has_text(look, &file, !file.is_unread || hit.absence.is_some())
        };
        !(query.shared && is_missing()) && behind.is_none_or(has_text)
    };
    let hits = std::mem::take(&mut found.hits);
    let (mut left, mut left_vectors, mut texts) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (hit, vector) in hits.into_iter().zip(vectors).filter(|(hit, _)| may_be_told(hit)) {
        let text = (hit.heading.clone(), hit.text.clone());
        if behind.is_none() || texts.len() < count || texts.contains(&text) {
            texts.insert(text);
            left.push(hit);
            left_vectors.push(vector);
        }
    }
    found.hits = left;
    Outcome::Found(Box::new(found), left_vectors)
}
