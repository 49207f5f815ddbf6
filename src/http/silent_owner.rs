//! What the API tells of devices that offer work and do not answer.

use crate::base::count::count;
use crate::base::span::span;
use crate::node::status::SilentOwnerStatus;
use serde::{Deserialize, Serialize};

/// A device that offers passages to this one and does not answer when it asks for some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilentOwner {
    /// Its name.
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// Passages that it offers, as it said last.
    pub passages: u64,
    /// Requests in a row that it has not answered.
    pub requests: u64,
    /// Seconds since the first of them.
    pub since_s: u64,
    /// In how many seconds it is asked again: each pause is twice as long as the last one, five minutes at most; null: once this device works for others
    /// again, which it may not just now, or has no time for.
    pub next_s: Option<u64>,
}

impl From<&SilentOwnerStatus> for SilentOwner {
    fn from(of: &SilentOwnerStatus) -> Self {
        Self {
            device: of.device.clone(),
            peer_id: of.peer_id.clone(),
            passages: of.chunks,
            requests: of.questions,
            since_s: of.since_ago.as_secs(),
            next_s: of.next_in.map(|next| next.as_secs()),
        }
    }
}

impl SilentOwner {
    /// What is so with it, a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let next = match self.next_s {
            Some(next) => format!("goes on with other work, and asks it again in {}", span(next)),
            None => "asks it again once it works for others again".to_owned(),
        };
        format!(
            "{}: offers {} to be embedded here, and has answered none of {} for some in {}. This device {next}.",
            self.device,
            count(self.passages, "passage"),
            count(self.requests, "request"),
            span(self.since_s),
        )
    }
}
