//! A vector in a message, in the form in which vectors are stored.

use serde::{Deserialize, Serialize};

/// A vector: `codes` times `scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HitVector {
    /// The value of one code step.
    pub scale: f32,
    /// One signed byte a dimension.
    pub codes: Vec<u8>,
}
