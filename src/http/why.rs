//! What the API tells of why work waits: what waits, and of each device what limits it, since when, and when it is looked at again.

use crate::base::time::Duration;
use crate::energy::measured::Unit;
use crate::node::status::{DISK_FULL, DeviceHold, HoldStatus, STORE_FAILED, Status};
use crate::store::counts::Kind;
use serde::{Deserialize, Serialize};

/// The answer of `GET /v1/why`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// What waits, by its kind and reason.
    pub waiting: Vec<WaitingTasks>,
    /// This device first, then those that may embed for it.
    pub devices: Vec<DeviceWhy>,
}

/// Tasks of one kind that wait for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingTasks {
    /// What is to be done.
    pub kind: WaitingKind,
    /// How many files, or passages where they are to be embedded or checked.
    pub count: u64,
    /// Why they wait, a sentence; null: for the devices, see there.
    pub why: Option<String>,
    /// In how many seconds that is looked at again, or null.
    pub next_s: Option<u64>,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingKind {
    /// Files are to be read, which only this device can do.
    Read,
    /// Passages are to be embedded.
    Embed,
    /// Passages were embedded by other devices, and are to be checked.
    Check,
    /// Files are not there.
    Away,
    /// Their tasks failed, and are tried again.
    Retry,
    /// Their tasks failed again and again.
    Parked,
}

/// What limits a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceWhy {
    /// Its name.
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// Whether it is this one.
    pub here: bool,
    /// How it stands.
    pub state: DeviceState,
    /// The code of the reason, or null.
    pub reason: Option<String>,
    /// The reason, the rest of a sentence about the device.
    pub why: String,
    /// What was measured, or null.
    pub value: Option<f64>,
    /// From where on more work is allowed, or null.
    pub threshold: Option<f64>,
    /// What both count, or null.
    pub unit: Option<Unit>,
    /// Seconds since it is so, or null.
    pub since_s: Option<u64>,
    /// In how many seconds it is looked at again, or null: it is known when it changes.
    pub next_s: Option<u64>,
}

/// How a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Nothing limits it.
    Free,
    /// It works less than it could.
    Limited,
    /// It does no background work.
    Held,
    /// It has no link.
    Away,
    /// It said that it stops, or is asleep.
    Off,
    /// It gets no work: a result of it was false.
    Refused,
    /// It could embed none of the passages that it had last, and is tried with one now and then.
    Fails,
    /// It did not say.
    Unknown,
}

impl DeviceWhy {
    /// With this reason of its governor's; `None`: nothing limits it.
    fn held(self, hold: Option<&HoldStatus>) -> Self {
        let Some(hold) = hold else {
            return Self { state: DeviceState::Free, why: "nothing limits it".to_owned(), ..self };
        };
        let (reason, why) = match &hold.reason {
            Ok(reason) => (reason.code().to_owned(), reason.to_string()),
            Err(code) => (code.clone(), of_code(code)),
        };
        // A command for another device is typed there: the hint of this one's home would be wrong.
        let why = if self.here { why } else { why.replace("` ends it", " there ends it").replace('`', "") };
        let tenths = |figure: i32| f64::from(figure) / 10.0;
        Self {
            state: if hold.share == 0 { DeviceState::Held } else { DeviceState::Limited },
            reason: Some(reason),
            why: if hold.share == 0 { why } else { format!("works with {} % of itself: {why}", hold.share) },
            value: hold.measured.map(|measured| tenths(measured.value)),
            threshold: hold.measured.map(|measured| tenths(measured.threshold)),
            unit: hold.measured.map(|measured| measured.unit),
            // Of a disk or a store nobody notes since when.
            since_s: Some(hold.since_ago.as_secs()).filter(|_| !is_of_store(hold)),
            next_s: hold.next_in.map(|next| next.as_secs()),
            ..self
        }
    }

    fn named(device: &str, peer_id: &str, here: bool) -> Self {
        Self {
            device: device.to_owned(),
            peer_id: peer_id.to_owned(),
            here,
            state: DeviceState::Unknown,
            reason: None,
            why: "does not say why it does as much as it does".to_owned(),
            value: None,
            threshold: None,
            unit: None,
            since_s: None,
            next_s: None,
        }
    }
}

/// Whether a device indexes and embeds nothing because it cannot save it.
fn is_of_store(hold: &HoldStatus) -> bool {
    hold.reason.as_ref().is_err_and(|code| code == DISK_FULL || code == STORE_FAILED)
}

/// What a code means that is no reason of the governor's, or not of this version's.
fn of_code(code: &str) -> String {
    match code {
        DISK_FULL => "its disk is nearly full, so it indexes and embeds nothing".to_owned(),
        STORE_FAILED => "its index cannot be written; its own doctor says why".to_owned(),
        _ => code.replace('-', " "),
    }
}

impl From<&DeviceHold> for DeviceWhy {
    fn from(of: &DeviceHold) -> Self {
        let named = Self::named(&of.device, &of.peer_id, false);
        let with = |state, why: &str| Self { state, why: why.to_owned(), ..named.clone() };
        let since_s = of.since_ago.map(|ago| ago.as_secs());
        match (of.linked, &of.told) {
            _ if of.banned => with(DeviceState::Refused, "gets no work for now, because a vector of it was false"),
            (false, _) if of.stopped => Self { since_s, ..with(DeviceState::Off, "is off or asleep") },
            (false, _) => Self { since_s, ..with(DeviceState::Away, "is out of reach") },
            _ if of.fails => with(
                DeviceState::Fails,
                "could embed none of the passages that it had last, and is tried with one now and then",
            ),
            (true, Some(hold)) => named.held(hold.as_ref()),
            (true, None) => named,
        }
    }
}

impl From<&Status> for Why {
    fn from(status: &Status) -> Self {
        let (work, why) = (&status.work, &status.work.shared.why);
        let held = work.held.clone();
        let seconds = |next: Option<Duration>| next.map(|next| next.as_secs());
        let unchecked: u64 = work.shared.lent.iter().map(|lent| lent.unchecked).sum();
        let failed = "Their tasks failed; they are tried again after pauses that grow.";
        let parked = "Every attempt failed: `wattle tasks` names them, and `wattle tasks retry all` tries again.";
        let away = "They are not there just now; a look at their folder finds them when they are back.";
        let check = "They count once a passage of the same device is embedded here too, or its vector is known.";
        let groups = [
            (WaitingKind::Read, work.shared.to_read.saturating_sub(why.away), held.clone(), None),
            (WaitingKind::Embed, work.shared.to_embed.saturating_sub(unchecked), held, None),
            (WaitingKind::Check, unchecked, Some(check.to_owned()), None),
            (WaitingKind::Away, why.away, Some(away.to_owned()), None),
            (WaitingKind::Retry, why.failing.0, Some(failed.to_owned()), seconds(why.failing.1)),
            (WaitingKind::Parked, status.counts.count(Kind::Parked), Some(parked.to_owned()), None),
        ];
        let group = |(kind, count, why, next_s)| WaitingTasks { kind, count, why, next_s };
        let here = DeviceWhy::named(&status.device, &status.peer_id, true).held(why.hold.as_ref());
        // It names the disk and what helps.
        let why_held = work.held.as_ref().map(|held| held.trim_end_matches('.').to_owned());
        let here = DeviceWhy { why: why_held.unwrap_or(here.why), ..here };
        Self {
            waiting: groups.into_iter().filter(|(_, count, ..)| *count > 0).map(group).collect(),
            devices: core::iter::once(here).chain(why.devices.iter().map(DeviceWhy::from)).collect(),
        }
    }
}
