//! The indexes of a device, which change together. Vectors of each model have an index of their own, and are compared with the question's
//! embedding by that model alone.

use super::files::Files;
use super::lexical;
use super::lexical::row_set::{Allowed, Taken};
use super::vector;
use crate::base::id::{ModelMark, Row};
use crate::base::vector::{Embedding, Sketch};
use std::collections::{BTreeMap, BTreeSet};

/// What a device's questions are looked up in.
#[derive(Debug, Default)]
pub struct Indexes {
    /// The sketches of all vectors that may answer.
    pub vectors: VectorIndexes,
    /// The words of all chunks.
    pub words: lexical::index::Index,
    /// The files of all documents.
    pub files: Files,
}

/// Bytes of memory that the indexes take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexMemory {
    /// The sketches of vectors.
    pub vectors: u64,
    /// The words, without what is in the store, and the list of files.
    pub words: u64,
}

impl Indexes {
    /// The nearest rows by their sketches, with at most `max` different texts; of those that are `allowed`, and have vectors of the question's
    /// model.
    #[must_use]
    pub fn nearest(&self, question: &Embedding, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        let taken = Taken { left_out: self.words.left_out(allowed.shared), only: allowed.only };
        let index = self.vectors.of(question.model().into());
        index.map_or_else(Vec::new, |index| index.nearest(question, max, taken))
    }

    /// What they take.
    #[must_use]
    pub fn memory(&self) -> IndexMemory {
        let vectors = self.vectors.0.iter().map(|(_, index)| index.memory() as u64).sum();
        IndexMemory { vectors, words: (self.words.memory() + self.files.memory()) as u64 }
    }
}

/// Rows that go and rows that come, by model.
#[derive(Debug, Default)]
pub struct VectorMoves(Vec<(ModelMark, vector::Moves)>);

/// The vector indexes, one for each model. A row is in one of them at most.
#[derive(Debug, Default)]
pub struct VectorIndexes(Vec<(ModelMark, vector::Index)>);

impl VectorIndexes {
    /// The models that have vectors, each with how many.
    #[must_use]
    pub fn models(&self) -> Vec<(ModelMark, usize)> {
        self.0.iter().map(|(model, index)| (*model, index.len())).filter(|(_, count)| *count > 0).collect()
    }

    /// Adds a row that is in no index.
    pub fn push(&mut self, row: Row, model: ModelMark, sketch: Sketch) {
        self.of_mut(model).add(&[(row, sketch)]);
    }

    /// Adds rows that are in no index of their model. From that of another one they are taken.
    pub fn add(&mut self, entries: &[(Row, ModelMark, Sketch)]) {
        for of_one in entries.chunk_by(|(_, one, _), (_, other, _)| one == other) {
            let Some((_, model, _)) = of_one.first() else { continue };
            let rows: Vec<Row> = of_one.iter().map(|(row, ..)| *row).collect();
            self.0.iter_mut().filter(|(other, _)| other != model).for_each(|(_, index)| index.remove(&rows));
            let entries: Vec<(Row, Sketch)> = of_one.iter().map(|(row, _, sketch)| (*row, *sketch)).collect();
            self.of_mut(*model).add(&entries);
        }
    }

    /// Finds rows that go, before others come, as `vector::Index::find` does; a row that comes with one model goes from the index of another.
    #[must_use]
    pub fn find(&self, go: &BTreeSet<Row>, come: BTreeMap<Row, (ModelMark, Sketch)>) -> VectorMoves {
        let mut of: BTreeMap<ModelMark, BTreeMap<Row, Sketch>> = BTreeMap::new();
        of.extend(self.0.iter().map(|(model, _)| (*model, BTreeMap::new())));
        let mut go_for_others = go.clone();
        for (row, (model, sketch)) in come {
            go_for_others.insert(row);
            of.entry(model).or_default().insert(row, sketch);
        }
        let moves = |(model, come): (ModelMark, BTreeMap<Row, Sketch>)| {
            let goes = |row: &&Row| go.contains(row) || !come.contains_key(row);
            let go: BTreeSet<Row> = go_for_others.iter().filter(goes).copied().collect();
            let none = vector::Index::new();
            (model, self.of(model).unwrap_or(&none).find(&go, come))
        };
        VectorMoves(of.into_iter().map(moves).collect())
    }

    /// Makes these moves, which were found since the last change.
    pub fn apply(&mut self, moves: VectorMoves) {
        moves.0.into_iter().for_each(|(model, moves)| self.of_mut(model).apply(moves));
    }

    /// Removes these rows; unknown rows are no error.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;

    fn question(model: u8) -> Embedding {
        Embedding::new(Fingerprint([model; 32]), &[1.0; crate::limits::DIMENSIONS]).unwrap()
    }

    /// The rows in the index of each of two models.
    fn rows(indexes: &Indexes) -> [Vec<u64>; 2] {
        [1, 2].map(|model| {
            let mut rows: Vec<u64> =
                indexes.nearest(&question(model), 9, false.into()).into_iter().map(|row| row.0).collect();
            rows.sort_unstable();
            rows
        })
    }

    #[test]
    fn a_row_that_comes_with_one_model_goes_from_the_index_of_the_other() {
        let sketch = |row: u64| {
            let value = |at: usize| if at as u64 == row { -1.0 } else { 1.0 };
            let values: Vec<f32> = (0..crate::limits::DIMENSIONS).map(value).collect();
            Embedding::new(Fingerprint([1; 32]), &values).unwrap().quantize().sketch()
        };
        let mark = |model: u8| ModelMark::from(Fingerprint([model; 32]));
        let come = |of: &[(u64, u8)]| of.iter().map(|(row, model)| (Row(*row), (mark(*model), sketch(*row)))).collect();
        let mut indexes = Indexes::default();
        let moves = indexes.vectors.find(&BTreeSet::new(), come(&[(0, 1), (1, 1), (2, 1)]));
        indexes.vectors.apply(moves);
        assert_eq!(rows(&indexes), [vec![0, 1, 2], vec![]]);
        let moves = indexes.vectors.find(&[Row(2)].into(), come(&[(1, 2), (3, 2)]));
        indexes.vectors.apply(moves);
        assert_eq!(rows(&indexes), [vec![0], vec![1, 3]]);
        let moves = indexes.vectors.find(&[Row(0), Row(3)].into(), come(&[(3, 2)]));
        indexes.vectors.apply(moves);
        assert_eq!(rows(&indexes), [vec![], vec![1, 3]]);
        assert_eq!(indexes.vectors.models(), [(mark(2), 2)]);
    }
}
