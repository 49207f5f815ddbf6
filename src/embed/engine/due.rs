//! What a model must be able to read, by its manifest and its vocabulary. It is held to that when it is loaded: else it would fail at
//! the texts that have a rare word or are long.

use super::stock::{Input, Stock};
use crate::embed::EmbedError;
use crate::embed::encoder::{Encoder, Words};
use crate::limits::DIMENSIONS;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is read at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// The tokens of the longest text.
    pub(super) tokens: usize,
    /// The words of the vocabulary; `None` if the model is given their vectors.
    pub(super) words: Option<usize>,
}

impl Due {
    /// Compares it with what an encoder has.
    ///
    /// # Errors
    /// What it has not.
    pub(super) fn held_by(self, (encoder, table): &(Encoder, Option<Words>)) -> Result<(), EmbedError> {
        let (tokens, places) = (self.tokens, encoder.places());
        if places < tokens {
            return refused(format!("it has places for {places} tokens, and its manifest says {tokens}"));
        }
        let vectors = table.as_ref().map(Words::count);
        if vectors.is_some() != self.words.is_some() {
            return refused("it does not read what its tokenizer writes".to_owned());
        }
        self.known_by(vectors)
    }

    /// Compares the words of the vocabulary with those that have a vector, if both are known.
    fn known_by(self, vectors: Option<usize>) -> Result<(), EmbedError> {
        let (Some(words), Some(vectors)) = (self.words, vectors) else { return Ok(()) };
        if vectors >= words {
            return Ok(());
        }
        refused(format!("it has the vectors of {vectors} words, and its vocabulary has {words}"))
    }

    /// Runs a model that only tract knows, once: on the last word, as often as the longest text has tokens.
    ///
    /// # Errors
    /// What came of it.
    pub(super) fn read_by(self, stock: &Stock) -> Result<(), EmbedError> {
        // Not left to the run: tract panics where a row is asked for that a table has not.
        self.known_by(stock.words())?;
        let (tokens, mut out) = (self.tokens, Vec::new());
        let run = catch_unwind(AssertUnwindSafe(|| match self.words {
            Some(words) => {
                let last = u32::try_from(words.saturating_sub(1)).unwrap_or(u32::MAX);
                stock.run(Input::Ids(&vec![last; tokens]), &mut out)
            }
            None => stock.run(Input::Rows(&vec![0.0; tokens * DIMENSIONS]), &mut out),
        }));
        let read = format!("{tokens} tokens, which its manifest allows");
        let of = self
            .words
            .map_or_else(String::new, |words| format!(", of the last of the {words} words of its vocabulary"));
        match run {
            Ok(Ok(())) if out.len() == DIMENSIONS => Ok(()),
            Ok(Ok(())) => refused(format!("of {read}, it makes {} numbers and not {DIMENSIONS}", out.len())),
            Ok(Err(EmbedError::Engine(why))) => refused(format!("it cannot read {read}{of}: {why}")),
            Ok(Err(other)) => Err(other),
            Err(_) => refused(format!("it cannot read {read}{of}")),
        }
    }
}

fn refused(why: String) -> Result<(), EmbedError> {
    Err(EmbedError::Engine(why))
}
