//! What a model reads of a text: the ids of its tokens, and where the words' vectors are not in the weights, those too.
//!
//! All vectors of a model of many languages lie near one direction, that of their mean: the cosine of two that have nothing in
//! common is about .78, and most of their signs are the same, so that signs find half of the nearest ones only. Without their
//! mean they find them, but taking it off changes the cosines, and what is found by them is worse (measured: .009 of nDCG). So
//! vectors are reflected, by Householder's reflection, which changes no cosine: the direction of the mean becomes that of the
//! first `SPREAD` numbers, all equal, and the other numbers have their mean at zero. More than one, so that no number is much
//! larger than the others when they are rounded to 8 bits.

use super::model::{Manifest, ModelError, Prefixes};
use super::model_file::{Bytes, Kind, ModelFile};
use super::unigram::{Pieces, Replaced, Scratch, Unigram};
use super::word_table::WordTable;
use crate::limits::{DIMENSIONS, MODEL_PREFIX_TOKENS_MAX};
use std::sync::Arc;

/// Numbers that have the mean's direction after the reflection.
const SPREAD: usize = 16;

/// Which side of a search a text is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A question.
    Query,
    /// What may answer one.
    Passage,
}

/// The reader of a model in one file.
#[derive(Clone, Debug)]
pub struct Rows {
    tokenizer: Arc<Unigram>,
    table: WordTable,
    prefixes: Prefixes,
    mirror: Arc<[f32]>,
    scratch: Scratch,
}

impl Rows {
    /// The reader of a model's file, and the weights as ONNX.
    ///
    /// # Errors
    /// The file is not the one that the manifest describes, cannot be read, or has parts that cannot be used; or a prefix has more tokens
    /// than there are places for, which the tokenizer alone can tell.
    pub fn open(bytes: Arc<dyn Bytes>, manifest: &Manifest) -> Result<(Self, Vec<u8>), ModelError> {
        let described = manifest.whole().ok_or(ModelError::Unsupported("files"))?;
        let file = ModelFile::open(bytes, described)?;
        let table = WordTable::open(file.clone())?;
        let (nodes, ids, scores) = (file.u32s("trie.nodes")?, file.u32s("trie.ids")?, file.f32s("trie.scores")?);
        let pieces = Pieces::new(nodes, ids, scores, table.words()).map_err(|what| ModelError::Part("trie", what))?;
        let (points, starts) = (file.u32s("replaced.points")?, file.u32s("replaced.starts")?);
        let replaced = Replaced::new(points, starts, &file.u32s("replaced.by")?);
        let replaced = replaced.map_err(|what| ModelError::Part("replaced", what))?;
        let mirror = mirror(&file.f32s("mean")?).ok_or(ModelError::Part("mean", "has no direction"))?;
        let tokenizer = Arc::new(Unigram::new(pieces, replaced));
        let (prefixes, scratch) = (manifest.prefixes().clone(), Scratch::default());
        // The space at its end stands before the text's first word, and belongs to that.
        let tokens = |prefix: &str| tokenizer.count(prefix.trim_end_matches(' '));
        if [&prefixes.query, &prefixes.passage].into_iter().any(|prefix| tokens(prefix) > MODEL_PREFIX_TOKENS_MAX) {
            return Err(ModelError::Unsupported("prefixes"));
        }
        let weights = file.bytes("graph", Kind::U8)?;
        Ok((Self { tokenizer, table, prefixes, mirror: mirror.into(), scratch }, weights))
    }

    /// The number of tokens of a text, without prefix, begin and end.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    /// Replaces the content of `ids` by those of a text, at most `max`, and that of `rows` by their vectors.
    ///
    /// # Errors
    /// The table of vectors cannot be read, or was changed since the model was loaded.
    pub fn read(
        &mut self,
        (side, text): (Side, &str),
        max: usize,
        ids: &mut Vec<u32>,
        rows: &mut Vec<f32>,
    ) -> Result<(), ModelError> {
        let prefix = if side == Side::Query { &self.prefixes.query } else { &self.prefixes.passage };
        self.tokenizer.encode((prefix, text), max, &mut self.scratch, ids);
        rows.clear();
        rows.resize(ids.len() * DIMENSIONS, 0.0);
        self.table.read(ids, rows)
    }

    /// Reflects a vector.
    pub fn reflect(&self, values: &mut [f32]) {
        let along: f32 = values.iter().zip(self.mirror.iter()).map(|(value, mirror)| value * mirror).sum();
        values.iter_mut().zip(self.mirror.iter()).for_each(|(value, mirror)| *value -= 2.0 * along * mirror);
    }
}

/// The direction across which a reflection brings that of this mean to `SPREAD` equal numbers; `None` if the mean has none, or it is that one.
fn mirror(mean: &[f32]) -> Option<Vec<f32>> {
    let length = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>().sqrt();
    let divided = |values: Vec<f32>| {
        let length = length(&values);
        let is_one = values.len() == DIMENSIONS && length.is_finite() && length > 1e-6;
        is_one.then(|| values.into_iter().map(|value| value / length).collect::<Vec<f32>>())
    };
    let share = 1.0 / (SPREAD as f32).sqrt();
    let target = (0..DIMENSIONS).map(|at| if at < SPREAD { share } else { 0.0 });
    divided(divided(mean.to_vec())?.into_iter().zip(target).map(|(value, target)| value - target).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reflection_brings_the_mean_to_the_first_numbers() {
        let mean: Vec<f32> = (0..DIMENSIONS).map(|at| (at as f32).sin() / 50.0).collect();
        let mirror = mirror(&mean).unwrap();
        let along: f32 = mean.iter().zip(&mirror).map(|(value, mirror)| value * mirror).sum();
        let reflected: Vec<f32> =
            mean.iter().zip(&mirror).map(|(value, mirror)| value - 2.0 * along * mirror).collect();
        let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!(reflected[..SPREAD].iter().all(|value| (value - length / 4.0).abs() < 1e-5), "{reflected:?}");
        assert!(reflected[SPREAD..].iter().all(|value| value.abs() < 1e-6), "{reflected:?}");
    }

    #[test]
    fn a_mean_without_a_direction_is_none() {
        assert_eq!(mirror(&[0.0; DIMENSIONS]), None);
        assert_eq!(mirror(&[0.5; 3]), None);
        assert_eq!(mirror(&[f32::NAN; DIMENSIONS]), None);
    }
}
