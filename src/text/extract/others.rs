//! The readers of text that readers of documents give their parts to.

use super::refusal::Refusal;
use super::section::Text;

/// Readers of what is text.
pub(super) struct Others<'a> {
    /// Of lines with marks on the headings, and a title.
    pub(super) page: &'a dyn Fn(String, &str) -> Result<Text, Refusal>,
    /// Of a file by its name.
    pub(super) file: &'a dyn Fn(&str, &[u8]) -> Result<Text, Refusal>,
}
