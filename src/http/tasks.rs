//! What the API tells of background work: what waits here and why, who has some of it, what is done for others.

use super::dto::{Pace, Passages, text};
use super::silent_owner::SilentOwner;
use super::turn::only_here;
use super::why::{DeviceState, DeviceWhy};
use crate::base::time::utc;
use crate::node::status::{
    AbsentStatus, DeviceHold, FolderStatus, KeptOut, LentStatus, ParkedStatus, RunningStatus, Status, WorkLink,
};
use crate::scheduler::offload::lender::again::Again;
use crate::store::counts::Kind;
use serde::{Deserialize, Serialize};

/// The answer of `GET /v1/tasks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tasks {
    /// Files that wait to be read, those of `away` and of `failing_to_read` among them.
    pub to_read: u64,
    /// Files of them that are not there just now.
    #[serde(default)]
    pub away: u64,
    /// Passages that wait to be embedded, those that other devices have among them; `passages` has those that are embedded and wait for a check.
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
    /// How this device stands.
    #[serde(flatten)]
    pub here: Here,
}

impl Tasks {
    /// Files to be read that are there and did not fail: the others are told apart.
    #[must_use]
    pub const fn readable(&self) -> u64 {
        self.to_read.saturating_sub(self.away + self.parked.failing_to_read)
    }

    /// Files to be read, and passages to be embedded or checked: 0 once all is done.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.to_read + self.to_embed + self.passages.unchecked
    }
}

/// How the device stands that is asked. In JSON they are fields of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// Why nothing is indexed, or null.
    pub held: Option<String>,
    /// What the governor allows here just now, or null.
    pub background: Option<String>,
    /// Whether its owner paused its background work.
    #[serde(default)]
    pub paused: bool,
    /// Seconds until the pause ends, or null: `wattle resume` ends it.
    #[serde(default)]
    pub paused_s: Option<u64>,
    /// Passages of other devices that wait for anybody who embeds them, as these devices say.
    #[serde(default)]
    pub offered: u64,
    /// Whether a folder is being looked at, or is still to be looked at for the first time, so that more may wait in a moment.
    #[serde(default)]
    pub looking: bool,
    /// Devices that offer passages to this one and do not answer when it asks for some.
    #[serde(default)]
    pub silent_owners: Vec<SilentOwner>,
    /// Why only this device may embed the passages that wait, or null: others may, or there are no others.
    #[serde(default)]
    pub only_here: Option<String>,
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

/// Tasks that failed. In JSON they are fields of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedTasks {
    /// How many there are.
    #[serde(default, rename = "parked_count")]
    pub count: u64,
    /// The first of them, which wait for `POST /v1/tasks/retry` or `POST /v1/tasks/drop`.
    #[serde(default, rename = "parked")]
    pub first: Vec<ParkedWork>,
    /// How many files failed, of those that wait, and are tried again.
    #[serde(default)]
    pub failing: u64,
    /// Those of them that are to be read; the others are read, and their passages are among those that wait.
    #[serde(default)]
    pub failing_to_read: u64,
    /// In how many seconds the next of them is, or null.
    #[serde(default)]
    pub retry_s: Option<u64>,
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
    /// Its results that are owed a check.
    #[serde(flatten)]
    pub owed: OwedWork,
    /// Its results that are good.
    pub done: u64,
    /// Milliseconds that it takes for a passage, or null.
    pub ms_per_passage: Option<u64>,
    /// Seconds since it got the oldest of what it has, or null.
    pub since_s: Option<u64>,
    /// Seconds since the last word of it, where that is overdue, or null.
    #[serde(default)]
    pub silent_s: Option<u64>,
    /// Why it does no background work, as it told a moment ago, or null.
    #[serde(default)]
    pub why: Option<String>,
    /// Seconds for which it gets no work, because a result of it was false, or it could embed nothing, or null.
    #[serde(default)]
    pub refused_s: Option<u64>,
}

/// Results of a device that are owed a check. In JSON they are fields of what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedWork {
    /// How many are stored and answer, of which this device computes some itself once it may.
    #[serde(default, rename = "owed")]
    pub count: u64,
    /// Attempts in a row to do that which failed.
    #[serde(default, rename = "owed_attempts")]
    pub attempts: u64,
    /// What happened in the last one, or null.
    #[serde(default, rename = "owed_why")]
    pub why: Option<String>,
    /// In how many seconds the next one is, or null: once this device may embed.
    #[serde(default, rename = "owed_next_s")]
    pub next_s: Option<u64>,
}

impl From<&LentStatus> for OwedWork {
    fn from(lent: &LentStatus) -> Self {
        let fails = lent.owed_fails.as_ref();
        Self {
            count: lent.owed,
            attempts: fails.map_or(0, |fails| fails.attempts),
            why: fails.map(|fails| fails.why.clone()),
            next_s: fails.and_then(|fails| fails.next_in).map(|next| next.as_secs()),
        }
    }
}

/// What a device does for this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LentState {
    /// It embeds.
    Works,
    /// No word of it comes: one is overdue, or it does not answer.
    Silent,
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
    /// Two devices use its key: it gets nothing until that has ended.
    Frozen,
    /// It could embed none of the passages that it had last, and is tried with one now and then.
    Fails,
}

impl From<&LentStatus> for LentWork {
    fn from(lent: &LentStatus) -> Self {
        let state = match lent {
            LentStatus { kept_out: Some(KeptOut::FalseResult(_)), .. } => LentState::Refused,
            LentStatus { kept_out: Some(KeptOut::TwoOfOneKey), .. } => LentState::Frozen,
            LentStatus { link: WorkLink::Stopped, .. } => LentState::Off,
            LentStatus { link: WorkLink::Gone, .. } => LentState::Away,
            LentStatus { kept_out: Some(KeptOut::CannotEmbed(_)), .. } => LentState::Fails,
            LentStatus { link: WorkLink::Silent(_), .. } => LentState::Silent,
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
            owed: OwedWork::from(lent),
            done: lent.done,
            ms_per_passage: lent.ms_per_chunk,
            since_s: lent.since_ago.map(|ago| ago.as_secs()),
            silent_s: lent.link.silent().flatten().map(|silent| silent.as_secs()),
            why: None,
            refused_s: match lent.kept_out {
                Some(KeptOut::FalseResult(left) | KeptOut::CannotEmbed(left)) => Some(left.as_secs()),
                _ => None,
            },
        }
    }
}

impl LentWork {
    /// With what limits the device by its own word, if it told that a moment ago.
    fn told_by(self, holds: &[DeviceHold]) -> Self {
        let hold = holds.iter().find(|hold| hold.peer_id == self.peer_id).map(DeviceWhy::from);
        let why = hold.filter(|hold| hold.state == DeviceState::Held).map(|hold| hold.why);
        Self { why: why.filter(|_| self.state == LentState::Waits), ..self }
    }
}

/// Whether a device that embeds for this one rests, and has not told why a moment ago.
pub(super) fn lacks_reason(status: &Status) -> bool {
    let told = |peer_id: &str| {
        status.work.shared.why.devices.iter().any(|hold| hold.peer_id == peer_id && hold.told.is_some())
    };
    status.work.shared.lent.iter().any(|lent| LentWork::from(lent).state == LentState::Waits && !told(&lent.peer_id))
}

impl From<&Status> for Tasks {
    fn from(status: &Status) -> Self {
        let (passages, failing) = (Passages::from(status), status.work.shared.why.failing);
        Self {
            to_read: status.work.shared.to_read,
            away: status.work.shared.why.away,
            to_embed: passages.to_embed(),
            borrowed: status.work.shared.borrowed,
            again: status.work.shared.again,
            passages,
            pace: Pace::from(status),
            running: status.work.shared.running.iter().map(RunningWork::from).collect(),
            absent: status.work.shared.absent.iter().map(AbsentDevice::from).collect(),
            lent: status
                .work
                .shared
                .lent
                .iter()
                .map(|lent| LentWork::from(lent).told_by(&status.work.shared.why.devices))
                .collect(),
            parked: ParkedTasks {
                count: status.counts.count(Kind::Parked),
                first: status.work.shared.parked.iter().map(ParkedWork::from).collect(),
                failing: failing.all(),
                failing_to_read: failing.to_read,
                retry_s: failing.next_in.map(|next| next.as_secs()),
            },
            here: Here {
                held: status.work.held.clone(),
                background: None,
                paused: false,
                paused_s: None,
                offered: status.work.shared.offered,
                looking: status.work.scanning || status.work.folders.iter().any(FolderStatus::is_unlooked),
                silent_owners: status.work.shared.why.silent_owners.iter().map(SilentOwner::from).collect(),
                only_here: only_here(status, &passages),
            },
        }
    }
}
