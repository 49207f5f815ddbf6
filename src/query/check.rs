//! One check of a text of another device: what is embedded, and what was false if the vector is not the text's.

use super::evidence::without_note;
use crate::base::hit::SearchHit;
use crate::base::id::{PeerKey, TaskId};
use crate::base::vector::{Embedding, Quantized};

/// The least cosine of the vector that a device sent with a text and the one that is computed here of the same text. Honest
/// ones have 0.996 at least: int8 codes cost 0.00015, another engine with int8 arithmetic 0.0012, rounded weights 0.0035 of a
/// text of one word (docs/evidence.md, "Vectors of other devices"). What lies between gains nothing: the text's own counts.
const VECTOR_COSINE_MIN: f32 = 0.95;

/// What was false in a peer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A figure that the peer's own texts and vectors do not have.
    Score,
    /// A vector that is not that of the text which came with it.
    Vector,
}

/// A text of a peer that is embedded here.
#[derive(Debug)]
pub struct Check {
    /// The task that embeds it.
    pub(super) task: TaskId,
    /// The peer.
    pub(super) peer: PeerKey,
    /// The number of the query.
    pub(super) query: u64,
    /// The hit's place in the peer's list.
    pub(super) place: usize,
    /// The vector that came with it.
    pub(super) vector: Quantized,
    /// Whether nothing follows from it any more: the peer may not answer now.
    pub(super) is_void: bool,
}

/// A text to be embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HitText {
    /// The headings above it.
    pub heading: String,
    /// The text.
    pub text: String,
}

impl HitText {
    pub(super) fn of(hit: &SearchHit) -> Self {
        Self { heading: without_note(&hit.heading).to_owned(), text: hit.text.clone() }
    }
}

/// Whether a vector that came with a text is the text's `own`.
pub(super) fn is_of(vector: &Quantized, own: &Embedding) -> bool {
    let cosine = vector.exact(own.model()).and_then(|sent| sent.cosine(own));
    cosine.is_ok_and(|cosine| cosine >= VECTOR_COSINE_MIN)
}
