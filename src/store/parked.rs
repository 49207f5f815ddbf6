//! Why a document is parked: its tasks failed again and again, and its owner decides whether they are tried once more.

use crate::base::id::{EmbedKey, PeerKey};
use crate::limits::{ATTEMPT_TEXT_MAX, ATTEMPTS_MAX};
use serde::{Deserialize, Serialize};

/// One failed attempt of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Who tried; `None`: this device.
    pub by: Option<PeerKey>,
    /// What happened: the rest of a sentence, or a whole one.
    pub why: String,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// A failed attempt of a document that is not parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Who, what and when.
    pub attempt: Attempt,
    /// The text that another device could not embed.
    pub key: Option<EmbedKey>,
}

/// The failed attempts of a document that is tried again, so that they count over a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The attempts that are known, the oldest first: those of this device since its last success, and one of each other device.
    pub attempts: Vec<Failed>,
    /// How many there were here since then.
    pub here: u32,
    /// Whether others may not have it, or have nothing of it to embed.
    pub is_only_here: bool,
}

/// The failed attempts of a parked document, the oldest first: at most `ATTEMPTS_MAX`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The attempts.
    pub attempts: Vec<Attempt>,
}

impl Parked {
    /// With the last of these attempts, and of what happened the beginning.
    #[must_use]
    pub fn new(mut attempts: Vec<Attempt>) -> Self {
        attempts.drain(..attempts.len().saturating_sub(ATTEMPTS_MAX));
        for attempt in &mut attempts {
            let end = attempt.why.floor_char_boundary(ATTEMPT_TEXT_MAX);
            attempt.why.truncate(end);
        }
        Self { attempts }
    }

    /// What happened last.
    #[must_use]
    pub fn why(&self) -> &str {
        self.attempts.last().map_or("Its tasks failed.", |last| &last.why)
    }
}
