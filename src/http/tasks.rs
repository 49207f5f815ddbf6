//! What the API tells of background work: what waits here and why, who has some of it, what is done for others.

use super::dto::{Pace, Passages, text};
use crate::base::time::utc;
use crate::node::status::{AbsentStatus, LentStatus, ParkedStatus, RunningStatus, Status};
use crate::scheduler::offload::lender::again::Again;
use crate::store::counts::Kind;
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
    /// What was embedded more than once since this agent started, by its cause.
    #[serde(default)]
    pub again: Again,
    /// Passages by state.
    #[serde(default)]
    pub passages: Passages,
    /// How fast they get their vectors.
    #[serde(default)]
    pub pace: Pace,
    /// Tasks that run here.
    #[serde(default)]
    pub running: Vec<RunningWork>,
    /// Devices that may embed for this one and are off, asleep or out of reach.
    #[serde(default)]
    pub absent: Vec<AbsentDevice>,
    /// Devices that embed, or have embedded, passages of this one since it started.
    pub lent: Vec<LentWork>,
    /// Tasks that failed again and again.
    #[serde(flatten)]
    pub parked: ParkedTasks,
    /// Why nothing is indexed, or null.
    pub held: Option<String>,
    /// What the governor allows here just now, or null.
    pub background: Option<String>,
}

/// A task that runs here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningWork {
    /// What it does: "embeds", or the rest of a sentence about this device.
    pub does: String,
    /// Passages that it embeds, at most, or null.
    pub passages: Option<u64>,
    /// The device whose passages these are; null: this one's.
    pub of: Option<String>,
    /// Seconds since it began.
    pub since_s: u64,
}

/// A device that may embed for this one and does not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsentDevice {
    /// Its name.
    pub device: String,
    /// Whether it said that it stops or sleeps.
    pub stopped: bool,
    /// Seconds since then, or null.
    pub since_s: Option<u64>,
}

/// Tasks that failed again and again. In JSON they are fields of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedTasks {
    /// How many there are.
    #[serde(default, rename = "parked_count")]
    pub count: u64,
    /// The first of them, which wait for `POST /v1/tasks/retry` or `POST /v1/tasks/drop`.
    #[serde(default, rename = "parked")]
    pub first: Vec<ParkedWork>,
}

/// A task that failed again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedWork {
    /// Its id.
    pub id: u64,
    /// The file that it is about.
    pub path: String,
    /// The failed attempts, the oldest first.
    pub attempts: Vec<AttemptedWork>,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptedWork {
    /// The device that tried.
    pub device: String,
    /// What happened.
    pub why: String,
    /// When.
    pub at: String,
}

impl From<&RunningStatus> for RunningWork {
    fn from(task: &RunningStatus) -> Self {
        Self {
            does: task.does.to_owned(),
            passages: task.chunks,
            of: task.of.clone(),
            since_s: task.since_ago.as_secs(),
        }
    }
}

impl From<&AbsentStatus> for AbsentDevice {
    fn from(absent: &AbsentStatus) -> Self {
        let since_s = absent.since_ago.map(|ago| ago.as_secs());
        Self { device: absent.device.clone(), stopped: absent.stopped, since_s }
    }
}

impl From<&ParkedStatus> for ParkedWork {
    fn from(parked: &ParkedStatus) -> Self {
        let attempt = |(device, why, at): &(String, String, i64)| AttemptedWork {
            device: device.clone(),
            why: why.clone(),
            at: utc(*at),
        };
        let attempts = parked.attempts.iter().map(attempt).collect();
        Self { id: parked.id.0, path: text(&parked.path), attempts }
    }
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
    /// Its results that are stored and answer, of which this device computes some itself once it may.
    #[serde(default)]
    pub owed: u64,
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
            owed: lent.owed,
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
            again: status.work.shared.again,
            passages: Passages::from(status),
            pace: Pace::from(status),
            running: status.work.shared.running.iter().map(RunningWork::from).collect(),
            absent: status.work.shared.absent.iter().map(AbsentDevice::from).collect(),
            lent: status.work.shared.lent.iter().map(LentWork::from).collect(),
            parked: ParkedTasks {
                count: status.counts.count(Kind::Parked),
                first: status.work.shared.parked.iter().map(ParkedWork::from).collect(),
            },
            held: status.work.held.clone(),
            background: None,
        }
    }
}
