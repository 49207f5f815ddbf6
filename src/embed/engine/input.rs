//! What the engine reads of a text: by a tokenizer alone, or with the vectors of words.

use crate::embed::model::ModelError;
use crate::embed::reader::{Rows, Side};
use crate::embed::wordpiece::WordPiece;
use std::sync::Arc;

/// Tokens and, with a table, vectors of words. A clone shares the tables.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    /// The weights have the words' vectors: they are given ids.
    Ids(Arc<WordPiece>),
    /// The words' vectors are read here.
    Rows(Box<Rows>),
}

impl Reader {
    /// The number of tokens of a text, without prefix, begin and end.
    pub(super) fn count(&self, text: &str) -> usize {
        match self {
            Self::Ids(tokenizer) => tokenizer.count(text),
            Self::Rows(rows) => rows.count(text),
        }
    }

    /// The words of the vocabulary whose vectors the weights must have; `None` if they are read here.
    pub(super) fn words(&self) -> Option<usize> {
        match self {
            Self::Ids(tokenizer) => Some(tokenizer.words()),
            Self::Rows(_) => None,
        }
    }

    /// Replaces the content of `ids` by those of a text, at most `max`, and that of `rows` by their vectors, if it has them.
    ///
    /// # Errors
    /// The table of vectors cannot be read.
    pub(super) fn read(
        &mut self,
        (side, text): (Side, &str),
        max: usize,
        ids: &mut Vec<u32>,
        rows: &mut Vec<f32>,
    ) -> Result<(), ModelError> {
        match self {
            Self::Ids(tokenizer) => {
                tokenizer.encode(text, max, ids);
                Ok(())
            }
            Self::Rows(reader) => reader.read((side, text), max, ids, rows),
        }
    }

    /// Reflects a vector, if those of the model lie near one direction.
    pub(super) fn reflect(&self, values: &mut [f32]) {
        if let Self::Rows(reader) = self {
            reader.reflect(values);
        }
    }
}
