//! The readers of text that readers of documents give their parts to.

use super::refusal::Refusal;
use super::section::Text;

/// Readers of what is text.
pub(super) struct Others {
    /// Of lines with marks on the headings, and a title.
    pub(super) page: fn(String, &str) -> Result<Text, Refusal>,
    /// Of a file by its name.
    pub(super) file: fn(&str, &[u8]) -> Result<Text, Refusal>,
}
