//! What is asked, and of which documents.

use crate::base::filter::Filter;
use crate::base::fluency::Fluency;
use crate::base::id::PeerKey;
use crate::search::lexical::terms::QueryTerms;

/// A person's question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Its text.
    pub text: String,
    /// Which documents of which devices it is asked of.
    pub filter: Filter,
    /// Which languages its model knows.
    pub fluency: Fluency,
}

impl Question {
    /// Its terms.
    pub(super) fn terms(&self) -> QueryTerms {
        QueryTerms::new(&self.text).read_by(self.fluency)
    }
}

/// Devices that a question was deliberately not sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotAsked {
    /// Those that are up and not linked.
    pub far: Vec<PeerKey>,
    /// Linked ones that have nothing that this device does not have.
    pub nothing_else: Vec<PeerKey>,
    /// Those of whose key two devices are known.
    pub frozen: Vec<PeerKey>,
}

impl From<&str> for Question {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }
}
