//! The readers of text that readers of documents give their parts to.

use super::refusal::Refusal;
use super::section::Text;

/// Reads bytes or lines with the help of a name, or says why not.
type Reader<'a, T> = &'a dyn Fn(T, &str) -> Result<Text, Refusal>;

/// Readers of what is text.
pub(super) struct Others<'a> {
    /// Of lines with marks on the headings, and a title.
    pub(super) page: Reader<'a, String>,
    /// Of a file by its name.
    pub(super) file: &'a dyn Fn(&str, &[u8]) -> Result<Text, Refusal>,
}
