//! An embedder that remembers the vectors of texts, in memory and in a file.
//!
//! The file: the model's fingerprint (32 bytes), then records of 16 bytes of the text's SHA-256 and `DIMENSIONS` numbers (f32, little
//! endian). A file of another model, and a record that is cut off, are left out, and the file is written anew.

use super::super::output::Stop;
use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::{EmbedError, Embedder};
use crate::limits::DIMENSIONS;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const RECORD: usize = 16 + 4 * DIMENSIONS;

/// The embedder.
pub(super) struct Cached<E> {
    inner: E,
    known: BTreeMap<[u8; 16], Embedding>,
    file: Option<PathBuf>,
    new: usize,
}

impl<E: Embedder> Cached<E> {
    /// With the vectors of this file, if it is there.
    pub(super) fn new(inner: E, file: Option<&Path>) -> Result<Self, Stop> {
        let model = inner.model();
        let mut known = BTreeMap::new();
        if let Some(bytes) = file
            .filter(|file| file.exists())
            .map(|file| fs::read(file))
            .transpose()
            .map_err(|error| Stop::NotDone(format!("The kept vectors cannot be read: {error}.")))?
            && let Some(records) = bytes.strip_prefix(&model.0[..])
        {
            for record in records.chunks_exact(RECORD) {
                let (key, numbers) = record.split_at(16);
                let raw: Vec<f32> =
                    numbers.chunks_exact(4).filter_map(|n| n.try_into().ok()).map(f32::from_le_bytes).collect();
                if let (Ok(key), Ok(embedding)) = (key.try_into(), Embedding::new(model, &raw)) {
                    known.insert(key, embedding);
                }
            }
        }
        Ok(Self { inner, known, file: file.map(Path::to_owned), new: 0 })
    }

    /// Writes the file, if there is anything new.
    pub(super) fn save(&mut self) -> Result<(), Stop> {
        let Some(file) = self.file.as_ref().filter(|_| self.new > 0) else { return Ok(()) };
        let mut bytes = self.inner.model().0.to_vec();
        for (key, embedding) in &self.known {
            bytes.extend(key);
            embedding.values().iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        }
        fs::write(file, bytes)
            .map_err(|error| Stop::NotDone(format!("{} cannot be written: {error}.", file.display())))?;
        self.new = 0;
        Ok(())
    }
}

impl<E: Embedder> Embedder for Cached<E> {
    fn model(&self) -> Fingerprint {
        self.inner.model()
    }

    fn tokens(&self, text: &str) -> usize {
        self.inner.tokens(text)
    }

    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
        let hash = Sha256::digest(text.as_bytes());
        let key: [u8; 16] = std::array::from_fn(|at| hash[at]);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let embedding = self.inner.embed(text)?;
        self.known.insert(key, embedding.clone());
        self.new += 1;
        Ok(embedding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::stand_in::StandIn;

    #[test]
    fn vectors_are_kept_and_a_file_that_is_cut_off_loses_its_last_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vectors");
        let model = StandIn::new(Fingerprint([7; 32]));
        let mut first = Cached::new(model, Some(&file)).unwrap();
        let (a, _) = (first.embed("a text").unwrap(), first.embed("another").unwrap());
        first.save().unwrap();
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() - 5]).unwrap();
        let mut again = Cached::new(StandIn::new(Fingerprint([7; 32])), Some(&file)).unwrap();
        assert_eq!(again.known.len(), 1);
        assert_eq!(again.embed("a text").unwrap(), a);
        let other = Cached::new(StandIn::new(Fingerprint([8; 32])), Some(&file)).unwrap();
        assert!(other.known.is_empty(), "of another model");
    }
}
