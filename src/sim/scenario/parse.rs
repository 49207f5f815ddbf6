//! Reading the file of a scenario.

use super::plan::{Device, Documents, Energy, Expected, Fault, Kind, Network, Policy, Scenario};
use super::time::{Span, Window, span, time, window};
use crate::base::time::Duration;
use crate::limits::{SCENARIO_BYTES_MAX, SCENARIO_CHUNKS_MAX, SCENARIO_DEVICES_MAX};
use crate::sim::false_worker::FalseVectors;
use crate::sim::power::plant;
use core::fmt;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// What is wrong with a scenario's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and what is allowed.
    pub what: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// An error at a byte of the file.
type At = (usize, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    about: String,
    #[serde(default = "two")]
    seeds: u64,
    #[serde(default)]
    policy: Option<Spanned<String>>,
    device: Vec<Spanned<RawDevice>>,
    documents: Vec<Spanned<RawDocuments>>,
    #[serde(default)]
    network: RawNetwork,
    #[serde(default)]
    fault: Vec<Spanned<RawFault>>,
    #[serde(default)]
    expect: RawExpect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDevice {
    name: String,
    #[serde(default = "one")]
    count: usize,
    ms: u64,
    watts: Option<f64>,
    board: Option<Spanned<String>>,
    sun: Option<Spanned<String>>,
    unplugged: Option<Spanned<String>>,
    battery: Option<f64>,
    battery_wh: Option<f64>,
    can_wait: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDocuments {
    device: Spanned<String>,
    count: usize,
    #[serde(default = "one")]
    chunks: usize,
    at: Option<Spanned<String>>,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    embedded: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNetwork {
    loss_permille: Option<Spanned<u64>>,
    datagram_loss_permille: Option<Spanned<u64>>,
    delay_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    at: Spanned<String>,
    does: Spanned<Vec<String>>,
    #[serde(default)]
    devices: Vec<Spanned<String>>,
    lasts: Option<Spanned<String>>,
    every: Option<Spanned<String>>,
    until: Option<Spanned<String>>,
    permille: Option<Spanned<u64>>,
    vectors: Option<Spanned<String>>,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    asks: bool,
    #[serde(default = "one")]
    documents: usize,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpect {
    within: Option<Spanned<String>>,
    further_percent: Option<Spanned<f64>>,
    lost_percent: Option<Spanned<f64>>,
    lies: Option<u64>,
    unchecked: Option<u64>,
    surplus_percent: Option<Spanned<f64>>,
    #[serde(default)]
    workers: usize,
    #[serde(default)]
    beats_round_robin: bool,
}

const fn one() -> usize {
    1
}

const fn two() -> u64 {
    2
}

impl Scenario {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let located = |(at, what): At| {
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            ScenarioError { line, what }
        };
        if text.len() > SCENARIO_BYTES_MAX {
            return Err(located((0, format!("the file is larger than {SCENARIO_BYTES_MAX} bytes"))));
        }
        let raw: Raw = toml::from_str(text).map_err(|error| {
            located((error.span().map_or(0, |span| span.start), error.message().replace('\n', " ")))
        })?;
        raw.checked().map_err(located)
    }

    /// The same with each chunk to the next device in turn, to compare with.
    #[must_use]
    pub fn round_robin(mut self) -> Self {
        self.policy = Policy::RoundRobin;
        self
    }
}

/// The devices of each name: those of `count` have a number behind it, and the name means all of them.
type Names = BTreeMap<String, Vec<usize>>;

impl Raw {
    fn checked(self) -> Result<Scenario, At> {
        let (mut devices, mut names) = (Vec::new(), Names::new());
        for raw in self.device {
            add_device(raw, &mut devices, &mut names)?;
        }
        let documents = self.documents.into_iter().map(|raw| documents(&raw, &names)).collect::<Result<Vec<_>, _>>()?;
        let chunks = documents.iter().map(|of| of.count.saturating_mul(of.chunks)).fold(0, usize::saturating_add);
        if !(1..=SCENARIO_CHUNKS_MAX).contains(&chunks) {
            return Err((0, format!("a scenario has 1 to {SCENARIO_CHUNKS_MAX} chunks, not {chunks}")));
        }
        let policy = match self.policy {
            None => Policy::Wattle,
            Some(name) => match name.as_ref().as_str() {
                "wattle" => Policy::Wattle,
                "round-robin" => Policy::RoundRobin,
                other => {
                    return Err((name.span().start, format!("policy is \"wattle\" or \"round-robin\", not {other:?}")));
                }
            },
        };
        let RawNetwork { loss_permille, datagram_loss_permille, delay_ms } = self.network;
        Ok(Scenario {
            about: self.about.trim().to_owned(),
            seeds: self.seeds.clamp(1, 1000),
            policy,
            documents,
            network: Network {
                loss_permille: permille("loss_permille", loss_permille.as_ref(), 0)?,
                datagram_loss_permille: permille("datagram_loss_permille", datagram_loss_permille.as_ref(), 0)?,
                delay_ms: delay_ms.unwrap_or(20).clamp(1, 10_000),
            },
            faults: self.fault.into_iter().map(|raw| fault(raw, &names, devices.len())).collect::<Result<_, _>>()?,
            expected: Expected {
                within: self.expect.within.map_or(Ok(Duration::from_secs(600)), |text| read_time("within", &text))?,
                further_percent: percent("further_percent", self.expect.further_percent.as_ref())?,
                lost_percent: percent("lost_percent", self.expect.lost_percent.as_ref())?,
                lies: self.expect.lies,
                unchecked: self.expect.unchecked,
                surplus_percent: percent("surplus_percent", self.expect.surplus_percent.as_ref())?,
                workers: self.expect.workers,
                beats_round_robin: self.expect.beats_round_robin,
            },
            devices,
        })
    }
}

fn add_device(raw: Spanned<RawDevice>, devices: &mut Vec<Device>, names: &mut Names) -> Result<(), At> {
    let (at, raw) = (raw.span().start, raw.into_inner());
    if raw.name.is_empty() || names.contains_key(&raw.name) {
        return Err((at, format!("each device has a name of its own, and {:?} is none", raw.name)));
    }
    if !(1..=SCENARIO_DEVICES_MAX.saturating_sub(devices.len())).contains(&raw.count) {
        return Err((at, format!("a scenario has {SCENARIO_DEVICES_MAX} devices at most, and count is 1 at least")));
    }
    if !(1..=600_000).contains(&raw.ms) {
        return Err((at, "ms, the milliseconds for a chunk, is 1 to 600000".to_owned()));
    }
    let board = raw.board.map(|name| {
        plant::named(name.as_ref()).ok_or_else(|| {
            let known: Vec<&str> = plant::names().collect();
            (name.span().start, format!("board is one of {}, not {:?}", known.join(", "), name.as_ref()))
        })
    });
    let board = board.transpose()?;
    let energy = Energy {
        sun: raw.sun.as_ref().map(|text| read_window("sun", text)).transpose()?,
        unplugged: raw.unplugged.as_ref().map(|text| read_window("unplugged", text)).transpose()?,
        battery: raw.battery.map(|percent| (percent.clamp(0.0, 100.0), raw.battery_wh.unwrap_or(50.0).max(0.1))),
        can_wait: raw.can_wait.map_or(Ok(Duration::ZERO), |text| read_time("can_wait", &text))?,
    };
    let needs_board = energy.sun.is_some() || energy.battery.is_some() || !energy.can_wait.is_zero();
    if board.is_none() && needs_board {
        return Err((at, "sun, battery and can_wait need a board, whose governor heeds them".to_owned()));
    }
    if energy.unplugged.is_some() && energy.battery.is_none() {
        return Err((at, "unplugged needs a battery".to_owned()));
    }
    let watts = raw.watts.unwrap_or_else(|| board.as_ref().map_or(4.0, |board| board.core_watts)).clamp(0.0, 1e4);
    let first = devices.len();
    for n in 0..raw.count {
        let name = if raw.count == 1 { raw.name.clone() } else { format!("{} {}", raw.name, n + 1) };
        devices.push(Device { name, ms: raw.ms, watts, board, energy: energy.clone() });
    }
    names.insert(raw.name, (first..devices.len()).collect());
    Ok(())
}

fn documents(raw: &Spanned<RawDocuments>, names: &Names) -> Result<Documents, At> {
    let (at, raw) = (raw.span().start, raw.as_ref());
    let [device] = devices_of(&raw.device, names)? else {
        return Err((raw.device.span().start, "documents lie on one device".to_owned()));
    };
    if raw.count == 0 || raw.chunks == 0 {
        return Err((at, "count and chunks are 1 at least".to_owned()));
    }
    let when = raw.at.as_ref().map_or(Ok(Duration::ZERO), |text| read_time("at", text))?;
    if raw.embedded && !when.is_zero() {
        return Err((at, "what is embedded already is there from the beginning".to_owned()));
    }
    let RawDocuments { count, chunks, private, embedded, .. } = *raw;
    Ok(Documents { device: *device, count, chunks, at: when, private, embedded })
}

fn fault(raw: Spanned<RawFault>, names: &Names, all: usize) -> Result<Fault, At> {
    let (at, raw) = (raw.span().start, raw.into_inner());
    let mut devices = Vec::new();
    for name in &raw.devices {
        devices.extend_from_slice(devices_of(name, names)?);
    }
    if raw.devices.is_empty() {
        devices = (0..all).collect();
    }
    let lost = permille("permille", raw.permille.as_ref(), 50)?;
    let kinds =
        raw.does.as_ref().iter().map(|does| kind(does, &raw, lost).map_err(|what| (raw.does.span().start, what)));
    let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
    if kinds.is_empty() {
        return Err((raw.does.span().start, "does names one fault at least".to_owned()));
    }
    let lasts = raw.lasts.as_ref().map(|text| read_span("lasts", text)).transpose()?;
    let is_lasting = |kind: &Kind| !matches!(kind, Kind::Lie(..) | Kind::LieAsking(..) | Kind::Edit(_) | Kind::Break);
    if lasts.is_none() && kinds.iter().any(is_lasting) {
        return Err((at, "lasts is missing: how long, as \"5s\" or \"5s..60s\"".to_owned()));
    }
    let minute = Duration::from_secs(60);
    if kinds.contains(&Kind::Sleep) && lasts.is_some_and(|lasts| lasts.from < minute) {
        return Err((at, "a sleep lasts a minute at least: before, links stand; use \"stall\"".to_owned()));
    }
    let again = match (&raw.every, &raw.until) {
        (Some(every), Some(until)) => {
            let span = read_span("every", every)?;
            if span.from < Duration::from_millis(100) {
                return Err((every.span().start, "every is 100ms at least".to_owned()));
            }
            Some((span, read_time("until", until)?))
        }
        (None, None) => None,
        _ => return Err((at, "every and until stand together".to_owned())),
    };
    let lasts = lasts.unwrap_or(Span { from: Duration::ZERO, to: Duration::ZERO });
    Ok(Fault { at: read_time("at", &raw.at)?, again, devices, kinds, lasts })
}

fn kind(does: &str, raw: &RawFault, lost: u64) -> Result<Kind, String> {
    let vectors = || match raw.vectors.as_ref().map(|name| name.as_ref().as_str()) {
        None | Some("random") => Ok(FalseVectors::Random),
        Some("other-model") => Ok(FalseVectors::OtherModel),
        Some("stale") => Ok(FalseVectors::Stale),
        Some("zeros") => Ok(FalseVectors::Zeros),
        Some(other) => Err(format!("vectors is random, other-model, stale or zeros, not {other:?}")),
    };
    Ok(match does {
        "kill" => Kind::Kill,
        "sleep" => Kind::Sleep,
        "stall" => Kind::Stall,
        "partition" => Kind::Partition,
        "pause" => Kind::Pause,
        "loss" => Kind::Loss(lost),
        "clock" => Kind::Clock,
        "lie" if raw.asks => Kind::LieAsking(vectors()?, raw.after),
        "lie" => Kind::Lie(vectors()?, raw.after),
        "edit" => Kind::Edit(raw.documents.clamp(1, 1000)),
        "break" => Kind::Break,
        other => {
            let known = "kill, sleep, stall, partition, pause, loss, clock, lie, edit or break";
            return Err(format!("a fault is {known}, not {other:?}"));
        }
    })
}

fn devices_of<'a>(name: &Spanned<String>, names: &'a Names) -> Result<&'a [usize], At> {
    let known = names.get(name.as_ref());
    known.map(Vec::as_slice).ok_or_else(|| (name.span().start, format!("no device is called {:?}", name.as_ref())))
}

/// A part of a thousand, with what it is where the file has none.
fn permille(key: &str, number: Option<&Spanned<u64>>, default: u64) -> Result<u64, At> {
    let Some(number) = number else { return Ok(default) };
    let value = *number.as_ref();
    let what = || (number.span().start, format!("{key} is 0 to 1000, not {value}"));
    (value <= 1000).then_some(value).ok_or_else(what)
}

/// Percent, which may be more than 100.
fn percent(key: &str, number: Option<&Spanned<f64>>) -> Result<Option<f64>, At> {
    let Some(number) = number else { return Ok(None) };
    let value = *number.as_ref();
    let what = || (number.span().start, format!("{key} is a number of percent from 0 on, not {value}"));
    if value.is_finite() && value >= 0.0 { Ok(Some(value)) } else { Err(what()) }
}

fn read_time(key: &str, text: &Spanned<String>) -> Result<Duration, At> {
    let what =
        || format!("{key} is a time as \"250ms\", \"30s\" or \"1h30m\", a week at most, not {:?}", text.as_ref());
    time(text.as_ref()).ok_or_else(|| (text.span().start, what()))
}

fn read_span(key: &str, text: &Spanned<String>) -> Result<Span, At> {
    let what = || format!("{key} is a time as \"30s\", or two as \"5s..60s\", not {:?}", text.as_ref());
    span(text.as_ref()).ok_or_else(|| (text.span().start, what()))
}

fn read_window(key: &str, text: &Spanned<String>) -> Result<Window, At> {
    let what = || format!("{key} is hours of the day as \"10:00-15:00\", not {:?}", text.as_ref());
    window(text.as_ref()).ok_or_else(|| (text.span().start, what()))
}
