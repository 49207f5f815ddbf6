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
/// One that cannot be embedded fails the task, if nothing before it was: else that is kept, and the next task begins with this one.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub fn embed(kv: &impl Kv, embedder: &mut impl Embedder, id: DocId, max: usize) -> Result<Outcome, KvError> {
    let Some(doc) = read::document(kv, id)? else { return Ok(Outcome::Changes(Vec::new())) };
    let model = embedder.model();
    let (mut vectors, mut copied) = (Vec::<(Row, EmbedKey, Quantized)>::new(), Vec::new());
    for (row, chunk) in read::missing(kv, &doc, max.clamp(1, EMBED_BATCH))? {
        let same = vectors.iter().find(|(_, key, _)| *key == chunk.key).map(|(.., values)| values.clone());
        let values = match same {
            Some(values) => values,
            None if read::vector_of(kv, &chunk.key)?.is_some() => {
                // Whoever made it stays with it.
                copied.push((row, chunk.key));
                continue;
            }
            None => match compute(embedder, &chunk) {
                Ok(values) => values,
                // What was computed is kept: the next task begins with this one.
                Err(_) if !vectors.is_empty() || !copied.is_empty() => break,
                Err(reason) => return Ok(Outcome::Failed(reason)),
            },
        };
        vectors.push((row, chunk.key, values));
    }
    let copies = (!copied.is_empty()).then_some(Change::Copied { doc: id, rows: copied });
    let made = (!vectors.is_empty() || copies.is_none()).then_some(Change::Embedded { doc: id, model, vectors });
    Ok(Outcome::Changes(copies.into_iter().chain(made).collect()))
}

fn compute(embedder: &mut impl Embedder, chunk: &Chunk) -> Result<Quantized, String> {
    // tests/it/crash.rs reads the keys from the log and checks that no stored chunk is embedded again.
    debug!("embedding {}", chunk.key);
    match embedder.embed(&prefixed(&chunk.heading, &chunk.text)) {
        Ok(embedding) => Ok(embedding.quantize()),
        Err(error) => Err(format!("A passage of it could not be embedded: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{Fingerprint, Ring};
    use crate::base::vector::Embedding;
    use crate::embed::EmbedError;
    use crate::embed::stand_in::StandIn;
    use crate::store::change::NewChunk;
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::FileStamp;

    /// An embedder that cannot embed one text.
    struct Failing(StandIn);

    impl Embedder for Failing {
        fn model(&self) -> Fingerprint {
            self.0.model()
        }

        fn tokens(&self, text: &str) -> usize {
            self.0.tokens(text)
        }

        fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
            if text.contains("poison") { Err(EmbedError::Engine("no".to_owned())) } else { self.0.embed(text) }
        }
    }

    #[test]
    fn a_passage_that_cannot_be_embedded_fails_the_task_and_keeps_what_was_computed_before_it() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let (stamp, collection) = (FileStamp::default(), "home".to_owned());
        let doc = library.apply(&Change::Seen { path: b"/a".into(), stamp, collection, ring: Ring::Mesh });
        let doc = doc.unwrap().doc.unwrap();
        let chunk = |(n, text): (u8, &str)| NewChunk {
            key: EmbedKey([n; 16]),
            heading: String::new(),
            text: text.to_owned(),
            start: 0,
            end: 1,
        };
        let chunks = [(1, "one"), (2, "poison"), (3, "three")].map(chunk).into();
        library.apply(&Change::Chunked { doc, stamp, content: [7; 16], chunks }).unwrap();
        let mut embedder = Failing(StandIn::new(Fingerprint([1; 32])));
        let Outcome::Changes(changes) = embed(library.kv(), &mut embedder, doc, 8).unwrap() else { panic!("kept") };
        let [Change::Embedded { vectors, .. }] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!(vectors.len(), 1);
        library.apply(&changes[0]).unwrap();
        let outcome = embed(library.kv(), &mut embedder, doc, 8).unwrap();
        assert!(matches!(&outcome, Outcome::Failed(why) if why.contains("passage")), "{outcome:?}");
    }

    #[test]
    fn a_text_whose_vector_another_device_made_is_copied_with_its_maker() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let (stamp, model) = (FileStamp::default(), Fingerprint([1; 32]));
        let mut add = |path: &[u8], texts: &[u8]| {
            let seen = Change::Seen { path: path.into(), stamp, collection: "home".to_owned(), ring: Ring::Mesh };
            let doc = library.apply(&seen).unwrap().doc.unwrap();
            let chunk = |n: &u8| NewChunk {
                key: EmbedKey([*n; 16]),
                heading: String::new(),
                text: format!("text {n}"),
                start: 0,
                end: 1,
            };
            let chunks = texts.iter().map(chunk).collect();
            library.apply(&Change::Chunked { doc, stamp, content: [7; 16], chunks }).unwrap();
            (doc, read::document(library.kv(), doc).unwrap().unwrap().chunks[0].row)
        };
        let ((first, row), (second, copy)) = (add(b"/a", &[1]), add(b"/b", &[1, 2]));
        let mut embedder = StandIn::new(model);
        let (by, key) = (crate::base::id::PeerKey([2; 32]), EmbedKey([1; 16]));
        let vectors = vec![(row, key, embedder.embed("text 1").unwrap().quantize())];
        library.apply(&Change::Unproven { by, model, vectors }).unwrap();
        library.apply(&Change::Proven { doc: first, by, checks: 1, rows: vec![(row, key)] }).unwrap();
        let Outcome::Changes(changes) = embed(library.kv(), &mut embedder, second, 8).unwrap() else { panic!() };
        assert!(
            matches!(&changes[..], [Change::Copied { .. }, Change::Embedded { vectors, .. }] if vectors.len() == 1)
        );
        changes.iter().for_each(|change| _ = library.apply(change).unwrap());
        let makers = |row| read::vector(library.kv(), row).unwrap().unwrap().by;
        assert_eq!((makers(row), makers(copy)), (1, 1), "it is not this device's own");
    }
}
