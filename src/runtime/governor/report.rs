//! The state of the governor for programs (the JSON of `GET /v1/energy`) and, in a sentence, for people.

use super::pause_request::BurstFrom;
use super::quiet::QuietWindow;
use super::sentence::sentence;
use crate::base::level::Energy;
use crate::base::time::{Instant, date};
use crate::energy::accounting::ledger::{Ledger, Line, Totals};
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::limit::LimitFrom;
use crate::energy::board::report::BoardReport;
use crate::energy::coordinator::{HoldEnds, Status};
use crate::energy::doubt::Doubts;
use crate::energy::mode::Mode;
use crate::energy::policy::hint::Origin;
use crate::energy::policy::pause::Pause;
use crate::energy::report::Report;
use crate::limits::ENERGY_DAYS_SHOWN;
use serde::{Deserialize, Serialize};

/// The state of the governor, and of the sensors as they were just read. In JSON its parts are one flat object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Current {
    /// What was found and is allowed.
    #[serde(flatten)]
    pub report: Report,
    /// The governor's state.
    #[serde(flatten)]
    pub details: GovernorDetails,
    /// A pause or a burst.
    #[serde(flatten)]
    pub wishes: Wishes,
    /// Joules and watts.
    #[serde(flatten)]
    pub consumption: Consumption,
}

/// What only a running governor knows; null is unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GovernorDetails {
    /// The reason as a sentence.
    pub why: String,
    /// How much the device works.
    pub mode: Mode,
    /// Background tasks at once, of all agents of this host.
    pub workers: usize,
    /// The share of its time that each may run.
    pub duty: f64,
    /// Degrees at which the device is held while it works.
    #[serde(rename = "goal_c")]
    pub target_c: Option<f64>,
    /// Cores that others use.
    pub foreign_cores: Option<f64>,
    /// Cores that there are for this process.
    #[serde(default)]
    pub cores: Option<usize>,
    /// How much energy there is.
    pub energy: Energy,
    /// Where that was learned from.
    pub energy_source: Option<String>,
    /// This agent governs its host; the others follow it.
    pub leads: bool,
    /// How many follow.
    pub followers: usize,
}

/// What people asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wishes {
    /// A pause holds.
    pub paused: bool,
    /// Seconds until the pause ends by itself; null: it does not.
    pub paused_s: Option<u64>,
    /// Seconds for which work goes on beside other programs, because a person asked for it; null: it gives way to them.
    #[serde(default)]
    pub burst_s: Option<u64>,
    /// Who began that; null: nobody, or it began at another agent of this host.
    #[serde(default)]
    pub burst_from: Option<BurstFrom>,
    /// The quiet hours that the owner of this agent set.
    #[serde(default)]
    pub quiet: Vec<QuietWindow>,
}

/// Joules of this agent's background work, and the power of the device without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consumption {
    /// Today's joules, one entry for each method by which they were found.
    pub today: Vec<MethodTotal>,
    /// The days before, the newest first.
    #[serde(default)]
    pub days: Vec<Day>,
    /// Watts of the device without our work, which are never part of a task's joules; null: unknown.
    #[serde(default)]
    pub idle_watts: Option<f64>,
    /// How they were found.
    #[serde(default)]
    pub idle_method: Option<Method>,
    /// What part of the device they are of.
    #[serde(default)]
    pub idle_scope: Option<Scope>,
}

/// A day that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// Its date in UTC, as 2026-11-25; null: the time was not known then.
    pub date: Option<String>,
    /// Its joules, one entry for each method.
    pub spent: Vec<MethodTotal>,
}

/// Joules by one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodTotal {
    /// How they were found.
    pub method: Method,
    /// What part of the device they are of; null: unknown.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// How many; null: unknown.
    pub joules: Option<f64>,
    /// Percent by which they may be wrong; null: unknown.
    pub err_pct: Option<u8>,
    /// Tasks.
    pub tasks: u64,
    /// Chunks that were embedded.
    pub chunks: u64,
    /// Joules per thousand chunks.
    pub per_1000_chunks: Option<f64>,
}

/// The joules of a day, one entry for each method.
fn by_method(totals: &Totals) -> Vec<MethodTotal> {
    let total = |line: Line| {
        let known = line.scope.is_some();
        MethodTotal {
            method: line.method,
            scope: line.scope,
            joules: known.then_some(line.part.joules),
            err_pct: known.then(|| line.method.err_pct()),
            tasks: line.part.tasks,
            chunks: line.part.chunks,
            per_1000_chunks: line.per_thousand(),
        }
    };
    totals.lines().map(total).collect()
}

/// The last days before `today`, the newest first.
fn days(ledger: &Ledger, today: i64) -> Vec<Day> {
    let before = ledger.days().rev().filter(|(day, _)| *day < today);
    before.take(ENERGY_DAYS_SHOWN).map(|(day, totals)| Day { date: date(day), spent: by_method(totals) }).collect()
}

/// The name of the source that says how much energy there is.
fn source((origin, name): (Origin, &str)) -> String {
    match (origin, name) {
        (Origin::Schedule, _) => "schedule".to_owned(),
        (Origin::File, "") => "file".to_owned(),
        (Origin::Put, "") => "API".to_owned(),
        (_, name) => name.to_owned(),
    }
}

impl Current {
    /// From the coordinator's status and the sensors that were just read.
    pub(super) fn new(status: &Status<'_>, ends: HoldEnds, found: &BoardReport, now: Instant) -> Self {
        let (decision, (energy, energy_source)) = (&status.decision, status.energy);
        let left = left(now, status.pause);
        let (ledger, today) = status.ledger;
        let details = GovernorDetails {
            why: sentence(decision, ends),
            mode: decision.mode,
            workers: decision.workers,
            duty: decision.duty.value(),
            target_c: status.target,
            foreign_cores: status.seen.map(|(cores, _)| cores),
            cores: std::thread::available_parallelism().ok().map(usize::from),
            energy,
            energy_source: energy_source.map(source),
            leads: status.followers.is_some(),
            followers: status.followers.unwrap_or(0),
        };
        let wishes = Wishes {
            paused: left.is_some(),
            paused_s: left.flatten(),
            burst_s: status.burst.map(|until| until.since(now).as_secs()),
            burst_from: None,
            quiet: Vec::new(),
        };
        let consumption = Consumption {
            today: ledger.day(today).map(by_method).unwrap_or_default(),
            days: days(ledger, today),
            idle_watts: status.baseline.map(|baseline| baseline.watts),
            idle_method: status.baseline.map(|baseline| baseline.method),
            idle_scope: status.baseline.map(|baseline| baseline.scope),
        };
        let mut report = Report::new(found, decision);
        if status.sensor_is_proven {
            report.prove(found);
        }
        report.doubt(found, status.seen.map_or(Doubts::NONE, |(_, doubts)| doubts));
        if let Some(limit) = status.own_limit {
            (report.t_lim_c, report.t_lim_from) = (limit, LimitFrom::Owner);
        }
        Self { report, details, wishes, consumption }
    }

    /// The same, with who began the burst, and the quiet hours.
    pub(super) fn with_wishes(mut self, burst_from: Option<BurstFrom>, quiet: Vec<QuietWindow>) -> Self {
        (self.wishes.burst_from, self.wishes.quiet) = (burst_from, quiet);
        self
    }
}

/// Seconds until a pause ends, a part of one counted as one: so long after now is its end, and not the minute before it.
/// `Some(None)`: it ends only when somebody resumes; `None`: no pause holds.
pub(super) fn left(now: Instant, pause: Option<Pause>) -> Option<Option<u64>> {
    let pause = pause.filter(|pause| pause.holds(now))?;
    let seconds = |until: Instant| u64::try_from(until.since(now).as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    Some(pause.until().map(seconds))
}

#[cfg(test)]
mod tests {
    use super::super::sentence::{WaitingWork, beside_work};
    use super::*;
    use crate::base::time::Duration;
    use crate::energy::accounting::meter::Recorded;
    use crate::energy::accounting::task::{Attribution, Joules};
    use crate::energy::board::tree::Tree;
    use crate::energy::coordinator::persisted::PersistedState;
    use crate::energy::coordinator::{HostCoordinator, Out, Setup};
    use crate::energy::decision::{Besides, Decision};
    use crate::energy::governor::Settings;
    use crate::energy::reason::Reason;

    const ONLY_QUESTIONS: Besides = Besides { only_questions: true, in_use: false, lasting: None };
    const IN_USE: Besides = Besides { only_questions: false, in_use: true, lasting: Some(Reason::InUse) };

    #[test]
    fn days_before_1970_have_no_date_and_leap_days_have_one() {
        for (day, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_000, "2024-10-04"),
            (20_782, "2026-11-25"),
            (24_836, "2037-12-31"),
        ] {
            assert_eq!(date(day).as_deref(), Some(expected));
        }
        assert_eq!((date(-1), date(-1_000_000)), (None, None));
    }

    #[test]
    fn where_no_work_waits_none_is_said_to_be_held() {
        let asked = Decision { reason: Some(Reason::Answering), ..Decision::default() };
        for asked in [asked, Decision { besides: ONLY_QUESTIONS, ..asked }] {
            let said = beside_work(&asked, HoldEnds::default(), WaitingWork::Any);
            assert!(said.starts_with("Background work gives way to a question, for a moment;"), "{said}");
        }
        for in_use in [Decision { besides: IN_USE, ..asked }, Decision { reason: Some(Reason::InUse), ..asked }] {
            let said = beside_work(&in_use, HoldEnds::default(), WaitingWork::Any);
            assert!(said.contains("the device is in use") && said.contains("`wattle work now`"), "{said}");
            assert!(!said.contains("is held"), "files are read all the same: {said}");
        }
        let battery = Decision { reason: Some(Reason::OnBattery), ..Decision::default() };
        let rests = beside_work(&battery, HoldEnds::default(), WaitingWork::None);
        assert!(rests.starts_with("No background work waits.") && !rests.contains("is held"), "{rests}");
        assert!(rests.ends_with(" the device runs on battery; work waits for mains."), "{rests}");
        let others = beside_work(&battery, HoldEnds::default(), WaitingWork::OfOthers);
        assert!(others.contains("Passages of another device wait, and are not embedded here: the device"), "{others}");
        let free = Decision { workers: 1, ..Decision::default() };
        assert_eq!(
            beside_work(&free, HoldEnds::default(), WaitingWork::None),
            "Background work may use the whole device."
        );
        let page = include_str!("../../../docs/energy.md");
        let in_use = [asked, Decision { besides: IN_USE, ..asked }, Decision { reason: Some(Reason::InUse), ..asked }];
        for decision in in_use.into_iter().chain([Decision { besides: ONLY_QUESTIONS, ..asked }]) {
            let said = beside_work(&decision, HoldEnds::default(), WaitingWork::Any);
            assert!(page.contains(&said), "docs/energy.md has it: {said}");
            let said = beside_work(&decision, HoldEnds::default(), WaitingWork::Embedding);
            assert!(page.contains(&said) && !said.contains("Files are read"), "nothing is left to read: {said}");
        }
    }

    #[test]
    fn where_the_device_is_in_use_that_is_told_and_not_the_question_of_a_moment_ago() {
        let asked = Decision { reason: Some(Reason::Answering), besides: IN_USE, ..Decision::default() };
        let said = sentence(&asked, HoldEnds::default());
        assert!(said.contains("in use") && !said.contains("question"), "{said}");
    }

    #[test]
    fn quiet_hours_and_waiting_for_surplus_are_told_with_their_end_and_other_reasons_without() {
        let held = |reason| Decision { reason, ..Decision::default() };
        let said = |reason| sentence(&held(reason), HoldEnds { quiet: Some(425), ..HoldEnds::default() });
        assert_eq!(said(Some(Reason::QuietHours)), "Background work is held: quiet hours until 07:05.");
        assert!(!said(Some(Reason::TooHot)).contains("07:05") && !said(None).contains("07:05"));
        let waits = |hours: u64, minute| {
            let surplus = Some((std::time::Duration::from_secs(hours * 3600), minute));
            sentence(&held(Some(Reason::WaitingForSurplus)), HoldEnds { quiet: Some(425), surplus, pause: None })
        };
        let begin = "Background work is held: this work can wait, and waits for surplus energy";
        assert_eq!(waits(9, Some(360)), format!("{begin} until 06:00 at the latest."));
        assert_eq!(waits(40, Some(360)), format!("{begin} for 40 hours at most."));
        assert_eq!(waits(1, None), format!("{begin} for 60 minutes at most."));
    }

    #[test]
    fn the_last_week_is_reported_newest_first_with_the_scope_of_each_figure() {
        let mut ledger = Ledger::default();
        let joules = Joules::new(12.0, Method::ModelDefault, Scope::BoardInput, Attribution::CpuShare);
        (0..20).for_each(|day| ledger.add(Recorded { day: 20_000 + day, joules, tasks: 1, chunks: 100 }));
        let days = days(&ledger, 20_019);
        assert_eq!(days.len(), ENERGY_DAYS_SHOWN);
        assert_eq!(days[0].date, date(20_018));
        let spent = &days[0].spent[0];
        assert_eq!(
            (spent.scope, spent.joules, spent.per_1000_chunks),
            (Some(Scope::BoardInput), Some(12.0), Some(120.0))
        );
        let json = serde_json::to_value(spent).unwrap();
        assert_eq!((json["method"].as_str(), json["scope"].as_str()), (Some("model_default"), Some("board_input")));
    }

    #[test]
    fn the_json_is_one_flat_object_in_the_order_of_before() {
        let found = BoardReport::of(&Tree::default());
        let setup = Setup {
            cores: 4,
            found: &found,
            settings: Settings::default(),
            can_wait: Duration::ZERO,
            boot: None,
            persisted: PersistedState::default(),
        };
        let mut coordinator = HostCoordinator::new(Instant::ZERO, None, setup);
        let status = coordinator.status(Instant::ZERO, &mut Out::new());
        let current = Current::new(&status, HoldEnds::default(), &found, Instant::ZERO);
        let json = serde_json::to_string(&current).unwrap();
        let keys = [
            "board",
            "cpu_sensor",
            "cpu_temp_c",
            "t_lim_c",
            "t_lim_from",
            "power_source",
            "battery_pct",
            "throttling",
            "sensors",
            "headroom",
            "reason",
            "doubts",
            "why",
            "mode",
            "workers",
            "duty",
            "goal_c",
            "foreign_cores",
            "cores",
            "energy",
            "energy_source",
            "leads",
            "followers",
            "paused",
            "paused_s",
            "burst_s",
            "burst_from",
            "quiet",
            "today",
            "days",
            "idle_watts",
            "idle_method",
            "idle_scope",
        ];
        let at: Vec<_> = keys.iter().map(|key| json.find(&format!("\"{key}\":"))).collect();
        assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{json}");
        assert_eq!(json.matches("\":").count(), keys.len(), "{json}");
        let page = include_str!("../../../docs/api.md");
        let of_a_method =
            ["method", "scope", "joules", "err_pct", "tasks", "chunks", "per_1000_chunks", "date", "spent"];
        let unnamed = keys.into_iter().chain(of_a_method).filter(|key| !page.contains(&format!("`{key}`")));
        assert_eq!(unnamed.collect::<Vec<_>>(), Vec::<&str>::new(), "docs/api.md has each field");
        assert_eq!(serde_json::from_str::<Current>(&json).unwrap(), current);
    }
}
