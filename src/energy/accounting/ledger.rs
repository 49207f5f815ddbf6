//! Totals of days, each method by itself.

use super::meter::Recorded;
use super::task::{Joules, METHODS, Method, Scope};
use crate::limits::ENERGY_DAYS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The total of one method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Joules; stays 0 for `Method::Unknown`, of which only tasks are shown.
    pub joules: f64,
    /// Tasks.
    pub tasks: u64,
    /// Chunks.
    pub chunks: u64,
}

/// The parts of a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    parts: [Part; METHODS.len()],
    /// The model that was calibrated by the CPU package's counter: the one method with two scopes. Older files lack it.
    #[serde(default, skip_serializing_if = "Part::is_empty")]
    package_model: Part,
}

/// The total of one method and scope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// How the joules were found.
    pub method: Method,
    /// Their scope; `None`: the joules are unknown.
    pub scope: Option<Scope>,
    /// Joules, tasks and chunks.
    pub part: Part,
}

/// Days, counted from 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    days: BTreeMap<i64, Totals>,
}

impl Ledger {
    /// Adds tasks to their day. When there are too many days, the one farthest from it goes: usually the oldest, or one that
    /// a wrong clock put into the future.
    pub fn add(&mut self, recorded: Recorded) {
        let today = recorded.day;
        self.days.entry(today).or_default().add(recorded.joules, recorded.tasks, recorded.chunks);
        while self.days.len() > ENERGY_DAYS_MAX {
            let far = |day: Option<&i64>| day.map_or(0, |day| day.abs_diff(today));
            if far(self.days.keys().next_back()) > far(self.days.keys().next()) {
                self.days.pop_last();
            } else {
                self.days.pop_first();
            }
        }
    }

    /// A day's totals.
    #[must_use]
    pub fn day(&self, day: i64) -> Option<&Totals> {
        self.days.get(&day)
    }

    /// All days, the oldest first.
    #[must_use]
    pub fn days(&self) -> impl DoubleEndedIterator<Item = (i64, &Totals)> {
        self.days.iter().map(|(day, totals)| (*day, totals))
    }
}

impl Part {
    const fn is_empty(&self) -> bool {
        self.tasks == 0
    }
}

impl Line {
    /// Joules for a thousand chunks; `None` where no chunk was counted, or no joules are known.
    #[must_use]
    pub fn per_thousand(&self) -> Option<f64> {
        let known = self.part.chunks > 0 && self.scope.is_some();
        known.then(|| self.part.joules * 1000.0 / self.part.chunks as f64)
    }
}

impl Totals {
    /// Counts tasks.
    pub fn add(&mut self, joules: Joules, tasks: u64, chunks: u64) {
        let of_package = joules.method == Method::ModelCalibrated && joules.scope == Scope::CpuPackage;
        let part = if of_package { &mut self.package_model } else { &mut self.parts[joules.method as usize] };
        part.joules += joules.joules.unwrap_or(0.0);
        part.tasks += tasks;
        part.chunks += chunks;
    }

    /// The total of each method; methods without a task are left out.
    pub fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        let line = |(method, part): (Method, Part)| Line { method, scope: scope(method), part };
        let package =
            Line { method: Method::ModelCalibrated, scope: Some(Scope::CpuPackage), part: self.package_model };
        METHODS.into_iter().zip(self.parts).map(line).chain([package]).filter(|line| line.part.tasks > 0)
    }
}

/// The scope of a method. Rails are used only where they feed the whole board, and the table of boards is for whole
/// boards.
const fn scope(method: Method) -> Option<Scope> {
    match method {
        Method::RailMeasured | Method::ModelCalibrated | Method::ModelDefault => Some(Scope::BoardInput),
        Method::PackageMeasured => Some(Scope::CpuPackage),
        Method::BatteryMeasured => Some(Scope::Battery),
        Method::Unknown => None,
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = self.part.tasks;
        match self.scope {
            None => write!(f, "unknown for {tasks} tasks"),
            Some(scope) => {
                let (joules, method, err) = (self.part.joules, self.method.as_str(), self.method.err_pct());
                let digits = if joules < 10.0 { 2 } else { 0 };
                write!(f, "~{joules:.digits$} J ({method}, {}, ±{err} %) for {tasks} tasks", scope.as_str())
            }
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for line in self.lines() {
            if !first {
                f.write_str("; ")?;
            }
            first = false;
            write!(f, "{line}")?;
        }
        if first { f.write_str("no tasks") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::accounting::task::Attribution;

    #[test]
    fn methods_and_scopes_are_shown_apart_and_unknown_shows_no_joules() {
        let mut totals = Totals::default();
        assert_eq!(totals.to_string(), "no tasks");
        let joules = |j, method, scope| Joules::new(j, method, scope, Attribution::CpuShare);
        (0..10).for_each(|_| totals.add(joules(20.0, Method::ModelDefault, Scope::BoardInput), 1, 100));
        totals.add(Joules::UNKNOWN, 1, 50);
        totals.add(joules(7.0, Method::RailMeasured, Scope::BoardInput), 1, 10);
        totals.add(joules(30.0, Method::ModelCalibrated, Scope::BoardInput), 2, 10);
        totals.add(joules(60.0, Method::ModelCalibrated, Scope::CpuPackage), 3, 10);
        let text = totals.to_string();
        assert_eq!(
            text,
            "~7.00 J (measured on a rail, whole board, ±10 %) for 1 tasks; ~30 J (model, calibrated here, whole board, \
             ±15 %) for 2 tasks; ~200 J (model, table of boards, whole board, ±40 %) for 10 tasks; unknown for 1 tasks; \
             ~60 J (model, calibrated here, CPU package, ±15 %) for 3 tasks"
        );
        let per: Vec<_> = totals.lines().map(|line| line.per_thousand()).collect();
        assert_eq!(per, [Some(700.0), Some(3000.0), Some(200.0), None, Some(6000.0)]);
    }

    #[test]
    fn an_older_ledger_is_read_and_one_without_new_parts_is_written_as_before() {
        let part = r#"{"joules":2.5,"tasks":3,"chunks":4}"#;
        let none = r#"{"joules":0.0,"tasks":0,"chunks":0}"#;
        let old = format!(r#"{{"days":{{"20000":{{"parts":[{none},{none},{none},{part},{none},{none}]}}}}}}"#);
        let ledger: Ledger = serde_json::from_str(&old).unwrap();
        let line = ledger.day(20_000).unwrap().lines().next().unwrap();
        assert_eq!((line.method, line.scope), (Method::ModelCalibrated, Some(Scope::BoardInput)));
        assert_eq!((line.part.joules, line.part.tasks), (2.5, 3));
        assert_eq!(serde_json::to_string(&ledger).unwrap(), old);
    }

    #[test]
    fn a_month_of_days_is_kept() {
        let mut ledger = Ledger::default();
        (0..100).for_each(|day| ledger.add(Recorded { day, joules: Joules::UNKNOWN, tasks: 1, chunks: 1 }));
        assert_eq!(ledger.days().count(), ENERGY_DAYS_MAX);
        assert!(ledger.day(99).is_some() && ledger.day(0).is_none());
    }

    #[test]
    fn days_that_a_wrong_clock_put_into_the_future_make_room_for_today() {
        let mut ledger = Ledger::default();
        let mut book = |day| ledger.add(Recorded { day, joules: Joules::UNKNOWN, tasks: 1, chunks: 1 });
        (0..60).for_each(|day| book(30_000 + day * 400));
        (0..9).for_each(|day| book(20_000 + day));
        assert!((0..9).all(|day| ledger.day(20_000 + day).is_some()));
    }
}
