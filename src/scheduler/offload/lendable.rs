//! A chunk on its way to a device that embeds it.

use crate::base::id::{DocId, EmbedKey, Row};
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
