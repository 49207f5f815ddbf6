//! The types of the answer of `GET /v1/events`, as `dto` has those of other calls.

use crate::base::time::Instant;
use crate::runtime::event_log;
use serde::{Deserialize, Serialize};

/// The answer of `GET /v1/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// Oldest first.
    pub events: Vec<Event>,
    /// The number of the newest event of all.
    pub newest: u64,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number, from 1; numbering starts over with each start of the agent.
    pub number: u64,
    /// Milliseconds since it happened.
    pub ago_ms: u64,
    /// What kind.
    pub kind: event_log::Kind,
    /// The device, by its name or its PeerId.
    pub device: String,
    /// A plain sentence.
    pub text: String,
}

impl Events {
    /// From entries of the event log.
    #[must_use]
    pub fn new(now: Instant, events: &[event_log::LoggedEvent], newest: u64) -> Self {
        let event = |event: &event_log::LoggedEvent| Event {
            number: event.number,
            ago_ms: u64::try_from(now.since(event.at).as_millis()).unwrap_or(u64::MAX),
            kind: event.kind,
            device: event.device.clone(),
            text: event.text.clone(),
        };
        Self { events: events.iter().map(event).collect(), newest }
    }
}
