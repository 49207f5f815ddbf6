//! What a device that is lent texts sends instead of their vectors.

use super::agent::MODEL;
use crate::base::rng::Rng;
use crate::limits::DIMENSIONS;
use crate::wire::message::{HitVector, Message, Query};
use std::collections::BTreeMap;

/// What a false worker sends instead of the vectors that it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FalseVectors {
    /// Any vector of the length of an embedding.
    Random,
    /// The vector of the text before it: a result that was good once.
    Stale,
    /// What another model makes of the text: of the right length, and the same for the same text.
    OtherModel,
    /// Numbers that are no embedding.
    Zeros,
}

/// A device that sends false vectors of what is lent to it.
#[derive(Debug)]
pub struct FalseWorker {
    kind: FalseVectors,
    /// So many results more are honest.
    honest: u64,
    /// False results sent so far.
    pub(super) lies: u64,
    /// Whether it asks a question before it sends false ones.
    asks: bool,
    /// Whether it gives the right vectors of texts of which it knows that their owner has them.
    pub(super) spares_known: bool,
    last: Option<HitVector>,
    /// What it sent in place of each vector that it made.
    sent: BTreeMap<Vec<u8>, HitVector>,
}

impl FalseWorker {
    pub(super) const fn new(kind: FalseVectors, honest: u64, asks: bool) -> Self {
        Self { kind, honest, lies: 0, asks, spares_known: false, last: None, sent: BTreeMap::new() }
    }

    /// The question that it asks before it sends these results.
    pub(super) fn question(&self, results: &[HitVector]) -> Option<Message> {
        let last = self.asks.then(|| results.last()).flatten()?;
        let (scale, codes) = (last.scale, last.codes.clone());
        let (question, model) = ("the fence".to_owned(), MODEL.0);
        (self.honest < results.len() as u64)
            .then(|| Message::Query(Query { id: 1_000_000 + self.lies, question, model, scale, codes, count: 5 }))
    }

    pub(super) fn falsify(&mut self, vector: &mut HitVector, rng: &mut Rng) {
        let made = vector.clone();
        if self.honest > 0 {
            self.honest -= 1;
        } else {
            self.lies += 1;
            match self.kind {
                FalseVectors::Random => *vector = random(rng),
                FalseVectors::Stale => *vector = self.last.clone().unwrap_or_else(|| random(rng)),
                FalseVectors::OtherModel => vector.codes.reverse(),
                FalseVectors::Zeros => vector.codes.fill(0),
            }
        }
        self.sent.insert(made.codes.clone(), vector.clone());
        self.last = Some(made);
    }

    /// Of what it sends once more it says what it said before: that is no further lie.
    pub(super) fn falsify_again(&mut self, vector: &mut HitVector, rng: &mut Rng) {
        match self.sent.get(&vector.codes) {
            Some(sent) => *vector = sent.clone(),
            None => self.falsify(vector, rng),
        }
    }
}

fn random(rng: &mut Rng) -> HitVector {
    let codes: Vec<u8> = (0..DIMENSIONS).map(|_| rng.next().to_le_bytes()[0]).collect();
    let squares = codes.iter().map(|code| f32::from(code.cast_signed()).powi(2)).sum::<f32>();
    HitVector { scale: 1.0 / squares.sqrt(), codes }
}
