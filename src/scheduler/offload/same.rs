//! Whether two devices made the same of a text.

use crate::base::vector::{Embedding, Quantized};

/// Whether a vector is that which this device computed.
pub(super) fn is_same(made: &Quantized, own: &Embedding, cosine_min: f32) -> bool {
    made.exact(own.model()).and_then(|made| made.cosine(own)).is_ok_and(|cosine| cosine >= cosine_min)
}
