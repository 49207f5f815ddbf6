//! What is told of the governor: to programs (`GET /v1/energy`) and, in sentences, to people.

use crate::base::time::{Duration, Instant};
use crate::energy::account::ledger::Totals;
use crate::energy::account::task::Method;
use crate::energy::decision::Decision;
use crate::energy::governor::Governor;
use crate::energy::mode::Mode;
use crate::energy::policy::hint::{Energy, Origin};
use crate::energy::policy::pause::Pause;
use crate::energy::policy::wall::{Wall, Zone};
use crate::energy::report::Report;
use serde::{Deserialize, Serialize};

/// How a person wants to pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// Until `wattle resume`.
    Open,
    /// For so long.
    For(Duration),
    /// Until the clocks show this minute of the day.
    Until(u16),
}

const NO_TIME: &str = "The time is not known here: nothing has set this device's clock yet. Say for how long instead, as wattle \
                       pause 2h; or, if its clock is right, say so in config.toml (energy.trust_clock = true).";

impl Paused {
    /// The pause that is meant.
    ///
    /// # Errors
    /// A time of day where none is known, in one sentence.
    pub(super) fn pause(self, now: Instant, wall: Option<Wall>, zone: &Zone) -> Result<Pause, String> {
        match self {
            Self::Open => Ok(Pause::OPEN),
            Self::For(time) => Ok(Pause::lasting(now, time)),
            Self::Until(minute) => Pause::until_clock(now, wall, zone, minute).ok_or_else(|| NO_TIME.to_owned()),
        }
    }
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Current {
    /// What was found and is allowed.
    #[serde(flatten)]
    pub report: Report,
    /// The rest.
    #[serde(flatten)]
    pub more: More,
}

/// What only a running governor knows; null is unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct More {
    /// The reason as a sentence.
    pub why: String,
    /// How much the device works.
    pub mode: Mode,
    /// Background tasks at once, of all agents of this host.
    pub workers: usize,
    /// The share of its time that each may run.
    pub duty: f64,
    /// Degrees at which the device is held while it works.
    pub goal_c: Option<f64>,
    /// Cores that others use.
    pub foreign_cores: Option<f64>,
    /// What energy is worth now.
    pub energy: Energy,
    /// Who says so.
    pub energy_source: Option<String>,
    /// A pause holds.
    pub paused: bool,
    /// Seconds until it ends by itself; null: it does not.
    pub paused_s: Option<u64>,
    /// This agent governs its host; the others follow it.
    pub leads: bool,
    /// How many follow.
    pub followers: usize,
    /// Today's joules of this agent's background work, one line for each way in which they were found.
    pub today: Vec<Spent>,
}

/// Joules by one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// How they were found.
    pub method: Method,
    /// How many; null where that is unknown.
    pub joules: Option<f64>,
    /// Percent that they may be off; null where they are unknown.
    pub err_pct: Option<u8>,
    /// Tasks.
    pub tasks: u64,
    /// Passages embedded.
    pub chunks: u64,
    /// Joules for a thousand passages.
    pub per_1000_chunks: Option<f64>,
}

/// One sentence: what background work may do, and why not more.
#[must_use]
pub(super) fn sentence(decision: &Decision) -> String {
    let percent = (decision.headroom.value() * 100.0).round();
    match decision.reason {
        None => "Background work may use the whole device.".to_owned(),
        Some(reason) if decision.workers == 0 => format!("Background work is held: {reason}."),
        Some(reason) => format!("Background work may use {percent} % of the device: {reason}."),
    }
}

/// Today's joules, method by method.
pub(super) fn spent(totals: &Totals) -> Vec<Spent> {
    let line = |(method, part): (Method, crate::energy::account::ledger::Part)| {
        let known = method != Method::Unknown;
        Spent {
            method,
            joules: known.then_some(part.joules),
            err_pct: known.then(|| method.err_pct()),
            tasks: part.tasks,
            chunks: part.chunks,
            per_1000_chunks: totals.per_thousand(method),
        }
    };
    totals.parts().map(line).collect()
}

/// What the governor that leads knows besides.
pub(super) fn more(now: Instant, governor: &Governor, wall: Option<Wall>) -> (f64, f64, Energy, Option<String>) {
    let (energy, source) = governor.policy.energy(now, wall);
    let source = source.map(|(origin, name)| match (origin, name) {
        (Origin::Schedule, _) => "schedule".to_owned(),
        (Origin::File, "") => "file".to_owned(),
        (Origin::Put, "") => "API".to_owned(),
        (_, name) => name.to_owned(),
    });
    (governor.goal(), governor.foreign_cores(), energy, source)
}

/// Seconds that are left of a pause; `None`: no pause holds. `Some(None)`: it ends only when somebody resumes.
pub(super) fn left(now: Instant, pause: Option<Pause>) -> Option<Option<u64>> {
    let pause = pause.filter(|pause| pause.holds(now))?;
    Some(pause.until().map(|until| until.since(now).as_secs()))
}
