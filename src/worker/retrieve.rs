//! Search on this device, in three steps: the vector index gives the `RESCORE` rows nearest by sign bits, their exact
//! cosines order them, and the text of the best is read to count the question's terms and score both together.

use crate::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use crate::base::id::{Ring, Row};
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::limits::{HITS_MAX, RESCORE};
use crate::scheduler::path::covers;
use crate::scheduler::task::{Outcome, Query};
use crate::search::hit::score;
use crate::search::lexical::QueryTerms;
use crate::search::vector::Index;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{Chunk, DocState, Mark, MarkKind, Record, Sources, Vector};
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
/// the question came from another device, and chunks of the ring `private` are left out. Rows that the disk does not
/// give are left out, so that the rest of a failing disk still answers.
///
/// # Errors
/// One plain sentence: nothing of the store could be read, or it belongs to another model.
pub fn retrieve(
    kv: &impl Kv,
    scan: impl FnOnce(&Signs, usize) -> Vec<Row>,
    question: &Query,
) -> Result<Outcome, String> {
    let Query { text, embedding, count, shared } = question;
    let failed = |error| format!("The question could not be answered: {error}.");
    let mut unread = None;
    let mut scored = Vec::new();
    for row in scan(&embedding.signs(), RESCORE) {
        // A row may be deleted between the scan and here: then it has no vector.
        let Some(vector) = given(read::vector(kv, row), &mut unread) else { continue };
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
    let sources = if *shared { read::sources(kv).map_err(failed)? } else { Sources::default() };
    let mut candidates = Vec::with_capacity(scored.len().min(READ));
    for (cosine, row) in scored {
        if candidates.len() == READ {
            break;
        }
        // A record that the disk does not give counts as private.
        if let Some(chunk) = given(read::chunk(kv, row), &mut unread)
            && (!*shared || is_shared(kv, &sources, &chunk).unwrap_or(false))
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
    let marks = given(read::marks(kv).map(Some), &mut unread).unwrap_or_default();
    let mut hits = Vec::new();
    for (cosine, row, frequencies, chunk) in candidates {
        if hits.len() == (*count).min(HITS_MAX) {
            break;
        }
        // Its file may have gone since the index was scanned.
        let doc = given(read::document(kv, chunk.doc), &mut unread);
        let Some(doc) = doc.filter(|doc| doc.state != DocState::Tombstoned) else { continue };
        let volume = doc.stamp.volume();
        let meant = |mark: &&Mark| (mark.volume == 0 || mark.volume == volume) && covers(&mark.path, &doc.path);
        let places: Vec<&Mark> = marks.0.iter().filter(meant).collect();
        if places.iter().any(|mark| mark.kind == MarkKind::Forgotten) {
            continue;
        }
        let away_since = doc.stamp.kept_since().or_else(|| places.first().map(|mark| mark.since));
        let (heading, text) = (chunk.heading, chunk.text);
        hits.push(SearchHit { row, path: doc.path, heading, text, cosine, frequencies, away_since });
    }
    match unread {
        Some(error) if hits.is_empty() => Err(failed(error)),
        _ => Ok(Outcome::Found(Box::new(Found { statistics, hits }))),
    }
}

/// What was read; the first error is kept.
fn given<T>(read: Result<Option<T>, KvError>, unread: &mut Option<KvError>) -> Option<T> {
    read.unwrap_or_else(|error| {
        unread.get_or_insert(error);
        None
    })
}

/// Whether members may see a chunk: the source that its file lies in says so. Where all records agree, no document is read.
fn is_shared(kv: &impl Kv, sources: &Sources, chunk: &Chunk) -> Result<bool, KvError> {
    if chunk.ring == Ring::Mesh && sources.0.iter().all(|source| source.ring == Ring::Mesh) {
        return Ok(true);
    }
    let doc = read::document(kv, chunk.doc)?;
    Ok(doc.is_some_and(|doc| sources.of(&doc.path).is_some_and(|source| source.ring == Ring::Mesh)))
}

/// The vector index of a store: the sign bits of all vectors but those of tombstoned documents and of retired rows.
///
/// # Errors
/// Any `KvError`.
pub fn load_index(kv: &impl Kv) -> Result<Index, KvError> {
    let mut tombstoned: BTreeSet<Row> = read::retired(kv)?.into_iter().collect();
    for doc in read::todo(kv, Stage::Purge, None, usize::MAX)? {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{EmbedKey, Fingerprint};
    use crate::embed::stand_in::StandIn;
    use crate::store::change::{Change, NewChunk};
    use crate::store::kv::{Batch, KvRead, Pair};
    use crate::store::library::Library;
    use crate::store::memory::{MemoryKv, MemorySnapshot};
    use crate::store::record::FileStamp;

    /// A disk that fails below some vectors.
    struct Failing {
        kv: MemoryKv,
        bad: BTreeSet<Row>,
    }

    impl KvRead for Failing {
        fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
            if space == Space::Vector && keys::number(key).is_some_and(|row| self.bad.contains(&Row(row))) {
                return Err(KvError::Io("input/output error".to_owned()));
            }
            self.kv.get(space, key)
        }

        fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
            self.kv.page(space, from, to, max)
        }
    }

    impl Kv for Failing {
        type Snapshot = MemorySnapshot;

        fn snapshot(&self) -> MemorySnapshot {
            self.kv.snapshot()
        }

        fn commit(&self, batch: Batch) -> Result<(), KvError> {
            self.kv.commit(batch)
        }

        fn sync(&self) -> Result<(), KvError> {
            self.kv.sync()
        }
    }

    #[test]
    fn what_a_failing_disk_still_gives_is_answered() {
        let mut embedder = StandIn::new(Fingerprint([7; 32]));
        let kv = Failing { kv: MemoryKv::new(), bad: BTreeSet::new() };
        let mut library = Library::open(kv).unwrap();
        let (stamp, collection) = (FileStamp::default(), "home".to_owned());
        let seen = Change::Seen { path: b"/a".to_vec(), stamp, collection, ring: Ring::Mesh };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let texts = ["the boiler", "the garden", "the fence"];
        let chunk = |text: &&str| NewChunk {
            key: EmbedKey([text.as_bytes()[4]; 16]),
            heading: String::new(),
            text: (*text).to_owned(),
            start: 0,
            end: 1,
        };
        let chunks: Vec<NewChunk> = texts.iter().map(chunk).collect();
        let keys: Vec<EmbedKey> = chunks.iter().map(|chunk| chunk.key).collect();
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        let rows = [Row(0), Row(1), Row(2)];
        let vector = |text: &&str| StandIn::new(Fingerprint([7; 32])).embed(text).unwrap().quantize();
        let vectors = (0..3).map(|n| (rows[n], keys[n], vector(&texts[n]))).collect();
        library.apply(&Change::Embedded { doc, model: embedder.model(), vectors }).unwrap();
        let question =
            Query { text: "boiler".to_owned(), embedding: embedder.embed("boiler").unwrap(), count: 5, shared: false };
        let ask = |bad: &[Row]| {
            let kv = Failing { kv: MemoryKv::new(), bad: bad.iter().copied().collect() };
            for space in Space::ALL {
                let mut batch = Batch::new();
                let pairs = library.kv().page(space, &[], None, 100).unwrap();
                pairs.into_iter().for_each(|(key, value)| batch.put(space, key, value));
                kv.commit(batch).unwrap();
            }
            retrieve(&kv, |_, _| rows.to_vec(), &question)
        };
        let texts = |outcome: Result<Outcome, String>| match outcome {
            Ok(Outcome::Found(found)) => found.hits.into_iter().map(|hit| hit.text).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(texts(ask(&[])).len(), 3);
        assert_eq!(texts(ask(&[Row(1), Row(2)])), ["the boiler"]);
        assert!(ask(&rows).unwrap_err().contains("input/output error"));
    }
}
