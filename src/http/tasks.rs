//! What the API tells of background work: what waits here and why, who has some of it, what is done for others.

use crate::node::status::{LentStatus, Status};
use serde::{Deserialize, Serialize};

/// The answer of `GET /v1/tasks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tasks {
    /// Files that wait to be read.
    pub to_read: u64,
    /// Passages that wait to be embedded, those that other devices have among them.
    pub to_embed: u64,
    /// Passages of other devices that are here to be embedded.
    pub borrowed: u64,
    /// Devices that embed, or have embedded, passages of this one since it started.
    pub lent: Vec<LentWork>,
    /// Why nothing is indexed, or null.
    pub held: Option<String>,
    /// What the governor allows here just now, or null.
    pub background: Option<String>,
}

/// What one device has of this one's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LentWork {
    /// Its name.
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// What it does.
    pub state: LentState,
    /// Passages that it has.
    pub passages: u64,
    /// Its results that wait for a check.
    pub unchecked: u64,
    /// Its results that are good.
    pub done: u64,
    /// Milliseconds that it takes for a passage, or null.
    pub ms_per_passage: Option<u64>,
    /// Seconds since it got the oldest of what it has, or null.
    pub since_s: Option<u64>,
}

/// What a device does for this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LentState {
    /// It embeds.
    Works,
    /// It has nothing of this device's: it has no time, or nothing waits.
    Rests,
    /// It allows no background work just now: a pause, its battery, heat, or somebody who uses it.
    Waits,
    /// It has no link just now.
    Away,
    /// It was stopped, or is asleep: it said so.
    Off,
    /// A result of it was false: it gets nothing for an hour.
    Refused,
}

impl From<&LentStatus> for LentWork {
    fn from(lent: &LentStatus) -> Self {
        let state = match lent {
            LentStatus { banned: true, .. } => LentState::Refused,
            LentStatus { linked: false, stopped: true, .. } => LentState::Off,
            LentStatus { linked: false, .. } => LentState::Away,
            LentStatus { chunks: 0, rests: true, .. } => LentState::Waits,
            LentStatus { chunks: 0, .. } => LentState::Rests,
            _ => LentState::Works,
        };
        Self {
            device: lent.device.clone(),
            peer_id: lent.peer_id.clone(),
            state,
            passages: lent.chunks,
            unchecked: lent.unchecked,
            done: lent.done,
            ms_per_passage: lent.ms_per_chunk,
            since_s: lent.since_ago.map(|ago| ago.as_secs()),
        }
    }
}

impl From<&Status> for Tasks {
    fn from(status: &Status) -> Self {
        Self {
            to_read: status.work.shared.to_read,
            to_embed: status.work.shared.to_embed,
            borrowed: status.work.shared.borrowed,
            lent: status.work.shared.lent.iter().map(LentWork::from).collect(),
            held: status.work.held.clone(),
            background: None,
        }
    }
}
