//! Failed attempts of a document's tasks, and parked documents, as values.

use crate::base::id::PeerKey;
use crate::base::time::Duration;
use crate::store::record::Parked;

/// A failed attempt of a document's task, as the task that parks it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Who tried; `None`: this device.
    pub by: Option<PeerKey>,
    /// What happened.
    pub why: String,
    /// How long before the last attempt.
    pub before: Duration,
    /// When, in seconds since 1970, if that is known: it was before this start.
    pub at: Option<i64>,
}

/// Documents whose tasks failed and that are tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailingDocuments {
    /// To be read; they are among those that wait for that.
    pub to_read: u64,
    /// To be embedded: so are the chunks of these.
    pub to_embed: u64,
    /// In what time the next of them is tried.
    pub next_in: Option<Duration>,
}

impl FailingDocuments {
    /// All of them.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.to_read + self.to_embed
    }
}

/// A parked document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParkedTask {
    /// The path of its file.
    pub path: Vec<u8>,
    /// Who tried, what happened, and when.
    pub parked: Parked,
}

/// What the owner of a parked document decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is tried again.
    Retry,
    /// It is not tried again before its file changes.
    Drop,
}
