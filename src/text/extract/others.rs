//! The readers of text that readers of documents give their parts to.

use super::refusal::Refusal;
use super::section::Text;

/// Reads lines with the help of a title, or says why not.
type PageReader<'a> = &'a dyn Fn(String, &str) -> Result<Text, Refusal>;

/// Reads bytes by the name of their file, or says why not.
type FileReader<'a> = &'a dyn Fn(&str, &[u8]) -> Result<Text, Refusal>;

/// Readers of what is text.
pub(super) struct Others<'a> {
    /// Of lines with marks on the headings, and a title.
    pub(super) page: PageReader<'a>,
    /// Of a file by its name.
    pub(super) file: FileReader<'a>,
}
