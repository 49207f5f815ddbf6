//! A chunk on its way to a device that embeds it.

use crate::base::id::{DocId, EmbedKey, Row};
use crate::base::vector::Quantized;
use crate::wire::work::LentText;

/// A chunk that others may embed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lendable {
    /// Its document.
    pub doc: DocId,
    /// Its row.
    pub row: Row,
    /// The key of its text.
    pub key: EmbedKey,
    /// Its text.
    pub text: LentText,
}

/// A chunk whose vector is stored: what a device makes of it tells whether it is honest, and costs the owner nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The chunk.
    pub chunk: Lendable,
    /// Its vector.
    pub vector: Quantized,
}
