//! What the API tells of why work waits: what waits, and of each device what limits it, since when, and when it is looked at again.

use super::dto::Passages;
use super::silent_owner::SilentOwner;
use super::turn::{Doers, only_here, retry, turn};
use crate::base::span::span;
use crate::base::time::Duration;
use crate::energy::measured::Unit;
use crate::energy::reason::Reason;
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
    /// Devices that offer passages to this one and do not answer when it asks for some.
    #[serde(default)]
    pub silent_owners: Vec<SilentOwner>,
}

/// Tasks of one kind that wait for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingTasks {
    /// What is to be done.
    pub kind: WaitingKind,
    /// How many files, or passages where they are to be embedded or checked.
    pub count: u64,
    /// Why they wait, a sentence; null from agents of before: for the devices, see there.
    pub why: Option<String>,
    /// In how many seconds that is looked at again, or null.
    pub next_s: Option<u64>,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingKind {
    /// Files are to be read, which only this device can do. Those that are not there, or whose reading failed, have groups of their own.
    Read,
    /// Passages are to be embedded.
    Embed,
    /// Passages were embedded by other devices, and are to be checked.
    Check,
    /// Files are not there.
    Away,
    /// Their tasks failed, and are tried again: files that are to be read are in no other group.
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
    /// Two devices use its key.
    Frozen,
    /// It owes a word, and none comes.
    Silent,
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
        let why = if self.here { why } else { why.replace("` ends it", "` there ends it") };
        let tenths = |figure: i32| f64::from(figure) / 10.0;
        // Work goes on in a moment: since when it waits, and until when, is over before it is read.
        let is_moment = hold.reason == Ok(Reason::Answering);
        Self {
            state: if hold.share == 0 && !is_moment { DeviceState::Held } else { DeviceState::Limited },
            reason: Some(reason),
            why: if hold.share == 0 { why } else { format!("works with {} % of itself: {why}", hold.share) },
            value: hold.measured.map(|measured| tenths(measured.value)),
            threshold: hold.measured.map(|measured| tenths(measured.threshold)),
            unit: hold.measured.map(|measured| measured.unit),
            // Of a disk or a store nobody notes since when.
            since_s: Some(hold.since_ago.as_secs()).filter(|_| !is_of_store(hold) && !is_moment),
            next_s: hold.next_in.map(|next| next.as_secs()).filter(|_| !is_moment),
            ..self
        }
    }

    /// The same by an answer that was asked for with a key that two devices use, if so: they get none.
    fn asked_with(self, own_key_twice: bool) -> Self {
        if self.state != DeviceState::Unknown || !own_key_twice {
            return self;
        }
        let why = "takes no question of this device, because two devices use this device's key; `wattle doctor` says what helps";
        Self { why: why.to_owned(), ..self }
    }

    /// Whether it does background work, if perhaps little.
    const fn works(&self) -> bool {
        matches!(self.state, DeviceState::Free | DeviceState::Limited)
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
        let silent = |silent: Option<Duration>| {
            let silent = silent.map(|silent| format!(" for {}", span(silent.as_secs()))).unwrap_or_default();
            with(DeviceState::Silent, &format!("no word from it{silent}"))
        };
        match (of.linked, &of.told) {
            _ if of.banned => with(DeviceState::Refused, "gets no work for now, because a vector of it was false"),
            _ if of.frozen => with(
                DeviceState::Frozen,
                "gets no work, because two devices use its key; `wattle doctor` says what helps",
            ),
            (false, _) if of.stopped => Self { since_s, ..with(DeviceState::Off, "is off or asleep") },
            (false, _) => Self { since_s, ..with(DeviceState::Away, "is out of reach") },
            _ if of.silent.is_some() => silent(of.silent.flatten()),
            _ if of.fails => with(
                DeviceState::Fails,
                "could embed none of the passages that it had last, and is tried with one now and then",
            ),
            (true, Some(None)) if !of.gets && of.chunks == 0 => with(
                DeviceState::Free,
                "nothing limits it, and nothing that waits here is for it just now: it is of a private collection, of a file that is away, or waits \
                 for surplus energy",
            ),
            (true, Some(hold)) => named.held(hold.as_ref()),
            (true, None) => named,
        }
    }
}

/// How this device stands.
fn here(status: &Status) -> DeviceWhy {
    let here = DeviceWhy::named(&status.device, &status.peer_id, true).held(status.work.shared.why.hold.as_ref());
    // It names the disk and what helps.
    let why_held = status.work.held.as_ref().map(|held| held.trim_end_matches('.').to_owned());
    DeviceWhy { why: why_held.unwrap_or(here.why), ..here }
}

impl Why {
    /// With the end of a pause of this device, which only its governor knows: seconds until then, where it has one, and the reason with it.
    #[must_use]
    pub fn paused_here(mut self, pause: Option<(Option<u64>, String)>) -> Self {
        let here = self.devices.iter_mut().find(|device| device.here && device.reason.as_deref() == Some("paused"));
        if let (Some(here), Some((left_s, why))) = (here, pause) {
            (here.next_s, here.why) = (left_s, why);
        }
        self
    }
}

impl From<&Status> for Why {
    fn from(status: &Status) -> Self {
        let (work, why) = (&status.work, &status.work.shared.why);
        let held = work.held.clone();
        let seconds = |next: Option<Duration>| next.map(|next| next.as_secs());
        let passages = Passages::from(status);
        let failed = retry(why.failing);
        let parked = "Every attempt failed: `wattle tasks` names them, and `wattle tasks retry all` tries again.";
        let away = "They are not there just now; a look at their folder finds them when they are back.";
        let check = "They count once a passage of the same device is embedded here too, or its vector is known.";
        let here = here(status);
        let device = |of: &DeviceHold| DeviceWhy::from(of).asked_with(why.own_key_twice);
        let devices: Vec<DeviceWhy> = why.devices.iter().map(device).collect();
        let turn = |doers, others: &str| Some(held.clone().unwrap_or_else(|| turn(doers, others)));
        let has = |of: &DeviceHold| of.linked && of.silent.is_none() && !of.frozen && of.chunks > 0;
        // One that nothing limits does nothing for this device all the same, where it gets nothing.
        let gets = |(of, told): (&DeviceHold, &DeviceWhy)| has(of) || of.gets && told.works();
        let doers = |any: bool, is_free: bool| match (any, is_free) {
            (_, true) => Doers::Free,
            (true, false) => Doers::Limited,
            (false, false) => Doers::None,
        };
        let is_free = |of: &DeviceWhy| of.state == DeviceState::Free;
        let embeds = here.works() || why.devices.iter().zip(&devices).any(gets);
        let others = if devices.is_empty() { "" } else { " and the others" };
        let embed = match only_here(status, &passages) {
            Some(only) => turn(doers(here.works(), is_free(&here)), "").map(|turn| format!("{only} {turn}")),
            None => turn(doers(embeds, is_free(&here) && devices.iter().all(is_free)), others),
        };
        let groups = [
            (
                WaitingKind::Read,
                work.shared.to_read.saturating_sub(why.away + why.failing.to_read),
                // Whatever holds embedding, files are read: one by one, with pauses.
                turn(doers(true, is_free(&here)), ""),
                None,
            ),
            (WaitingKind::Embed, passages.to_embed(), embed, None),
            (WaitingKind::Check, passages.unchecked, Some(check.to_owned()), None),
            (WaitingKind::Away, why.away, Some(away.to_owned()), None),
            (WaitingKind::Retry, why.failing.all(), Some(failed), seconds(why.failing.next_in)),
            (WaitingKind::Parked, status.counts.count(Kind::Parked), Some(parked.to_owned()), None),
        ];
        let group = |(kind, count, why, next_s)| WaitingTasks { kind, count, why, next_s };
        Self {
            waiting: groups.into_iter().filter(|(_, count, ..)| *count > 0).map(group).collect(),
            devices: core::iter::once(here).chain(devices).collect(),
            silent_owners: why.silent_owners.iter().map(SilentOwner::from).collect(),
        }
    }
}

#[cfg(test)]
#[path = "why_test.rs"]
pub(crate) mod doers_test;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::dto::Files;
    use crate::http::tasks::Tasks;
    use crate::node::status::{SharedWork, WhyStatus, WorkStatus};
    use crate::scheduler::attempt::FailingDocuments;
    use crate::store::counts::StoreCounts;

    #[test]
    fn each_file_that_waits_is_in_one_count_of_why_of_tasks_and_of_the_status() {
        let mut counts = StoreCounts::default();
        (0..10).for_each(|_| counts.enter(Kind::Waiting));
        (0..4).for_each(|_| counts.enter(Kind::Chunked));
        let failing = FailingDocuments { to_read: 3, to_embed: 1, next_in: None };
        let why = WhyStatus { failing, away: 2, ..WhyStatus::default() };
        let work = WorkStatus {
            to_do: 12,
            shared: SharedWork { to_read: 10, why, ..SharedWork::default() },
            ..WorkStatus::default()
        };
        let status = Status { counts, work, ..Status::at_rest() };
        let why = Why::from(&status);
        let group = |kind| why.waiting.iter().find(|group| group.kind == kind).map_or(0, |group| group.count);
        let (read, away, retry) = (group(WaitingKind::Read), group(WaitingKind::Away), group(WaitingKind::Retry));
        assert_eq!((read, away, retry), (5, 2, 4));
        let said =
            why.waiting.iter().find(|group| group.kind == WaitingKind::Retry).and_then(|group| group.why.clone());
        let ends = "1 of them is read already, with passages that count among those to be embedded.";
        assert!(said.clone().is_some_and(|said| said.ends_with(ends)), "{said:?}");
        let tasks = Tasks::from(&status);
        let failing = (tasks.parked.failing, tasks.parked.failing_to_read);
        assert_eq!((tasks.to_read, tasks.readable(), tasks.away, failing), (10, read, away, (retry, 3)));
        let files = Files::of(&status);
        assert_eq!(
            files.phrase(),
            "0 ready, 5 waiting to be read, 2 waiting for their folder, 3 being embedded, 4 to be tried again"
        );
        assert_eq!((files.waiting, files.chunked), (10, 4), "5 + 2 + 3, and 3 + 1");
    }

    #[test]
    fn a_pause_here_is_told_with_its_end_and_one_elsewhere_with_the_command_that_is_typed_there() {
        let hold = HoldStatus {
            reason: Ok(Reason::Paused),
            measured: None,
            share: 0,
            since_ago: Duration::from_secs(9),
            next_in: None,
        };
        let mut status = Status::at_rest();
        status.work.shared.why.hold = Some(hold.clone());
        let why = Why::from(&status).paused_here(Some((Some(60), "paused until 18:30".to_owned())));
        assert_eq!((why.devices[0].next_s, &*why.devices[0].why), (Some(60), "paused until 18:30"));
        let there = DeviceWhy::named("tv", "12D3", false).held(Some(&hold));
        assert_eq!(there.why, "paused by its owner; `wattle resume` there ends it");
        status.work.shared.why.hold = None;
        let free = Why::from(&status).paused_here(Some((Some(60), "paused until 18:30".to_owned())));
        assert_eq!(free.devices[0].state, DeviceState::Free, "by the node's own word");
    }
}
