//! Both indexes of a device, which change together. Vectors of each model have an index of their own, and are compared with the question's
//! embedding by that model alone.

use super::lexical;
use super::lexical::row_set::{Allowed, RowSet, Taken};
use super::vector;
use crate::base::id::{ModelMark, Row};
use crate::base::vector::{Embedding, Signs};

/// What a device's questions are looked up in.
#[derive(Debug, Default)]
pub struct Indexes {
    /// The sign bits of all vectors that may answer.
    pub vectors: VectorIndexes,
    /// The words of all chunks.
    pub words: lexical::index::Index,
}

/// Bytes of memory that the indexes take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexMemory {
    /// The sign bits.
    pub vectors: u64,
    /// The words, without what is in the store.
    pub words: u64,
}

impl Indexes {
    /// The rows nearest by sign bits, with at most `max` different texts; of those that are `allowed`, and have vectors of the question's
    /// model.
    #[must_use]
    pub fn nearest(&self, question: &Embedding, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        let none = RowSet::default();
        let left_out = if allowed.shared { self.words.private() } else { &none };
        let taken = Taken { left_out, only: allowed.only };
        let index = self.vectors.of(question.model().into());
        index.map_or_else(Vec::new, |index| index.nearest(&question.signs(), max, taken))
    }

    /// What they take.
    #[must_use]
    pub fn memory(&self) -> IndexMemory {
        let vectors = self.vectors.0.iter().map(|(_, index)| index.memory() as u64).sum();
        IndexMemory { vectors, words: self.words.memory() as u64 }
    }
}

/// The vector indexes, one for each model. A row is in one of them at most.
#[derive(Debug, Default)]
pub struct VectorIndexes(Vec<(ModelMark, vector::Index)>);

impl VectorIndexes {
    /// How many of the nearest by this model are to be scored exactly.
    #[must_use]
    pub fn rescored(&self, model: ModelMark) -> usize {
        self.of(model).map_or_else(|| vector::Index::new().rescored(), vector::Index::rescored)
    }

    /// The models that have vectors, each with how many.
    #[must_use]
    pub fn models(&self) -> Vec<(ModelMark, usize)> {
        self.0.iter().map(|(model, index)| (*model, index.len())).filter(|(_, count)| *count > 0).collect()
    }

    /// Adds a row that is in no index.
    pub fn push(&mut self, row: Row, model: ModelMark, signs: Signs) {
        self.of_mut(model).add(&[(row, signs)]);
    }

    /// Adds rows that are in no index of their model. From that of another one they are taken.
    pub fn add(&mut self, entries: &[(Row, ModelMark, Signs)]) {
        for of_one in entries.chunk_by(|(_, one, _), (_, other, _)| one == other) {
            let Some((_, model, _)) = of_one.first() else { continue };
            let rows: Vec<Row> = of_one.iter().map(|(row, ..)| *row).collect();
            self.0.iter_mut().filter(|(other, _)| other != model).for_each(|(_, index)| index.remove(&rows));
            let entries: Vec<(Row, Signs)> = of_one.iter().map(|(row, _, signs)| (*row, *signs)).collect();
            self.of_mut(*model).add(&entries);
        }
    }

    /// Removes these rows in one pass; unknown rows are no error.
    pub fn remove(&mut self, rows: &[Row]) {
        self.0.iter_mut().for_each(|(_, index)| index.remove(rows));
    }

    fn of(&self, model: ModelMark) -> Option<&vector::Index> {
        self.0.iter().find(|(known, _)| *known == model).map(|(_, index)| index)
    }

    fn of_mut(&mut self, model: ModelMark) -> &mut vector::Index {
        let at = self.0.iter().position(|(known, _)| *known == model).unwrap_or_else(|| {
            self.0.push((model, vector::Index::new()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}
