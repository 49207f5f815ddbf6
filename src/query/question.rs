//! What is asked, and of which documents.

use crate::base::filter::Filter;

/// A person's question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Its text.
    pub text: String,
    /// Which documents of which devices it is asked of.
    pub filter: Filter,
}

impl From<&str> for Question {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), filter: Filter::default() }
    }
}
