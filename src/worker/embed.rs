//! Embedding the next few chunks of one document, and the texts that other devices lent.

use crate::base::id::{DocId, EmbedKey, Row};
use crate::base::vector::Quantized;
use crate::embed::{
    Embedder,
    model::{key, prefixed},
};
use crate::limits::EMBED_BATCH;
use crate::scheduler::task::Outcome;
use crate::store::change::{Change, Remade};
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{Chunk, Document, Vector};
use crate::wire::work::LentText;
use log::debug;
use std::collections::BTreeMap;

/// Computes, at this time in seconds since 1970, vectors for up to `max` chunks, 1 to `EMBED_BATCH`, that have none. A text whose vector is stored for any
/// chunk, or that occurs twice in the batch, is not embedded again. A chunk whose key is that of another model gets the one of this model
/// with its vector.
///
/// One that cannot be embedded fails the task, if nothing before it was: else that is kept, and the next task begins with this one.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub fn embed(
    kv: &impl Kv,
    embedder: &mut dyn Embedder,
    (id, doc): (DocId, &Document),
    (max, now): (usize, i64),
    give_way: &dyn Fn(),
) -> Result<Outcome, KvError> {
    let model = embedder.model();
    let (mut vectors, mut copied, mut remade) = (Vec::<(Row, EmbedKey, Quantized)>::new(), Vec::new(), Vec::new());
    let mut computed = BTreeMap::<EmbedKey, Quantized>::new();
    for (row, chunk) in read::missing(kv, doc, max.clamp(1, EMBED_BATCH))? {
        let key = key(&model, &chunk.heading, &chunk.text);
        let is_there = |vector: Vector| vector.is_stale && vector.model == model.into();
        if read::made(kv, row)?.is_some_and(is_there) {
            // Its owner went back to this model, and the look at all documents has not come to this one yet.
            return Ok(Outcome::Changes(vec![Change::Outdated { doc: id }]));
        }
        let values = match computed.get(&key) {
            Some(values) => Some(values.clone()),
            // Whoever made it stays with it.
            None if read::vector_of(kv, &key)?.is_some() => None,
            None => match compute(embedder, &key, &chunk, give_way) {
                Ok(values) => Some(values),
                // What was computed is kept: the next task begins with this one.
                Err(_) if !(vectors.is_empty() && copied.is_empty() && remade.is_empty()) => break,
                Err(reason) => return Ok(Outcome::Failed(reason)),
            },
        };
        if let Some(values) = &values {
            computed.insert(key, values.clone());
        }
        match values {
            values if key != chunk.key => remade.push(Remade { row, before: chunk.key, key, vector: values }),
            Some(values) => vectors.push((row, key, values)),
            None => copied.push((row, key)),
        }
    }
    let copies = (!copied.is_empty()).then_some(Change::Copied { doc: id, rows: copied });
    let remade = (!remade.is_empty()).then_some(Change::Remade { doc: id, model, at: now, rows: remade });
    let before: Vec<Change> = copies.into_iter().chain(remade).collect();
    let made = (!vectors.is_empty() || before.is_empty()).then_some(Change::Embedded { doc: id, model, vectors });
    Ok(Outcome::Changes(before.into_iter().chain(made).collect()))
}

fn compute(
    embedder: &mut dyn Embedder,
    key: &EmbedKey,
    chunk: &Chunk,
    give_way: &dyn Fn(),
) -> Result<Quantized, String> {
    give_way();
    // tests/it/crash.rs reads the keys from the log and checks that no stored chunk is embedded again.
    debug!("embedding {key}");
    match embedder.embed(&prefixed(&chunk.heading, &chunk.text)) {
        Ok(embedding) => Ok(embedding.quantize()),
        Err(error) => Err(format!("A passage of it could not be embedded: {error}.")),
    }
}

/// Embeds texts that are lent. Nothing is stored.
///
/// # Errors
/// One plain sentence: one of them could not be embedded.
pub(super) fn lent<'a>(
    embedder: &mut impl Embedder,
    texts: impl Iterator<Item = &'a LentText>,
    give_way: &dyn Fn(),
) -> Result<Outcome, String> {
    let mut vectors = Vec::new();
    for text in texts {
        give_way();
        let vector = embedder.embed(&prefixed(&text.heading, &text.text));
        vectors.push(vector.map_err(|error| format!("A passage could not be embedded: {error}."))?.quantize());
    }
    Ok(Outcome::Embedded(vectors))
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
        let chunk = |(_, text): (u8, &str)| NewChunk {
            key: key(&Fingerprint([1; 32]), "", text),
            heading: String::new(),
            text: text.to_owned(),
            start: 0,
            end: 1,
        };
        let chunks = [(1, "one"), (2, "poison"), (3, "three")].map(chunk).into();
        library.apply(&Change::Chunked { doc, stamp, content: [7; 16], chunks }).unwrap();
        let known = |library: &Library<MemoryKv>, doc| read::document(library.kv(), doc).unwrap().unwrap();
        let mut embedder = Failing(StandIn::new(Fingerprint([1; 32])));
        let Outcome::Changes(changes) =
            embed(library.kv(), &mut embedder, (doc, &known(&library, doc)), (8, 0), &|| {}).unwrap()
        else {
            panic!("kept")
        };
        let [Change::Embedded { vectors, .. }] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!(vectors.len(), 1);
        library.apply(&changes[0]).unwrap();
        let outcome = embed(library.kv(), &mut embedder, (doc, &known(&library, doc)), (8, 0), &|| {}).unwrap();
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
                key: key(&model, "", &format!("text {n}")),
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
        let (by, of_first) = (crate::base::id::PeerKey([2; 32]), key(&model, "", "text 1"));
        let vectors = vec![(row, of_first, embedder.embed("text 1").unwrap().quantize())];
        library.apply(&Change::Unproven { by, model, vectors }).unwrap();
        library.apply(&Change::Proven { doc: first, by, checks: 1, rows: vec![(row, of_first)] }).unwrap();
        let known = read::document(library.kv(), second).unwrap().unwrap();
        let Outcome::Changes(changes) = embed(library.kv(), &mut embedder, (second, &known), (8, 0), &|| {}).unwrap()
        else {
            panic!()
        };
        assert!(
            matches!(&changes[..], [Change::Copied { .. }, Change::Embedded { vectors, .. }] if vectors.len() == 1)
        );
        changes.iter().for_each(|change| _ = library.apply(change).unwrap());
        let makers = |row| read::vector(library.kv(), row).unwrap().unwrap().by;
        assert_eq!((makers(row), makers(copy)), (1, 1), "it is not this device's own");
    }
}
