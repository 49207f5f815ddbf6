//! A question by each model whose vectors are here. Cosines of two models are never held against each other: that of another model than the
//! question's first one is told on the scale of the first (`base::fluency`), and less where that other model does not know the language.

use super::lookup::Lookup;
use crate::base::fluency::Fluency;
use crate::base::id::ModelMark;
use crate::base::vector::{Embedding, Quantized};
use crate::embed::{Embedder, model::canonical};
use crate::limits::MODELS_MAX;
use crate::scheduler::task::Query;
use crate::search::fusion::weight_of_meaning;
use crate::search::lexical::terms::QueryTerms;
use crate::store::record::Vector;

/// A question by one more model.
pub(super) struct OtherModel {
    pub(super) embedding: Embedding,
    fluency: Fluency,
    /// What a nearness by it counts, 0 to 1, beside one by the first model.
    part: f32,
}

/// The question by each further model that has vectors and is loaded. Other devices ask by one model, and hold the answer against it.
pub(super) fn others(lookup: &impl Lookup, embedder: &mut impl Embedder, query: &Query) -> Vec<OtherModel> {
    let first = ModelMark::from(query.embedding.model());
    let marks = lookup.models().into_iter().filter(|mark| *mark != first && !query.shared).take(MODELS_MAX);
    let weight = |fluency| weight_of_meaning(&QueryTerms::new(&query.text).read_by(fluency));
    let asked = |mark| {
        let embedder = embedder.of(mark)?;
        let fluency = embedder.fluency();
        let embedding = embedder.embed_query(&canonical(&query.text)).ok()?;
        Some(OtherModel { embedding, fluency, part: (weight(fluency) / weight(query.fluency)).min(1.0) })
    };
    marks.filter_map(asked).collect()
}

/// A question by all its models.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) first: &'a Embedding,
    pub(super) fluency: Fluency,
    pub(super) others: &'a [OtherModel],
}

impl Asked<'_> {
    /// Its embeddings.
    pub(super) fn embeddings(&self) -> impl Iterator<Item = &Embedding> {
        std::iter::once(self.first).chain(self.others.iter().map(|other| &other.embedding))
    }

    /// The cosine of a vector and the question, and the vector if it is of the first model; `None`: it is of one that is not loaded.
    pub(super) fn cosine(&self, vector: Vector) -> Option<(f32, Quantized)> {
        let is_of = |embedding: &Embedding| ModelMark::from(embedding.model()) == vector.model;
        if is_of(self.first) {
            return Some((vector.values.cosine(self.first), vector.values));
        }
        let other = self.others.iter().find(|other| is_of(&other.embedding))?;
        let nearness = other.part * other.fluency.nearness(vector.values.cosine(&other.embedding));
        Some((self.fluency.cosine(nearness), Quantized::none()))
    }
}
