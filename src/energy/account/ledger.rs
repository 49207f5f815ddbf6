//! Totals of days, each method for itself.

use super::task::{Joules, METHODS, Method};
use crate::limits::ENERGY_DAYS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What one method counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Joules; stays 0 for the method that is none, which shows tasks only.
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
}

/// Days, counted from 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    days: BTreeMap<i64, Totals>,
}

impl Ledger {
    /// Counts a task of this many chunks on a day; the oldest day goes when there are too many.
    pub fn add(&mut self, day: i64, joules: Joules, chunks: u64) {
        self.days.entry(day).or_default().add(joules, chunks);
        while self.days.len() > ENERGY_DAYS_MAX {
            self.days.pop_first();
        }
    }

    /// A day's totals.
    #[must_use]
    pub fn day(&self, day: i64) -> Option<&Totals> {
        self.days.get(&day)
    }

    /// All days, the oldest first.
    pub fn days(&self) -> impl Iterator<Item = (i64, &Totals)> {
        self.days.iter().map(|(day, totals)| (*day, totals))
    }
}

impl Totals {
    /// Counts a task.
    pub fn add(&mut self, joules: Joules, chunks: u64) {
        let part = &mut self.parts[joules.method as usize];
        part.joules += joules.joules.unwrap_or(0.0);
        part.tasks += 1;
        part.chunks += chunks;
    }

    /// What each method counted; methods without a task are left out.
    pub fn parts(&self) -> impl Iterator<Item = (Method, Part)> + '_ {
        METHODS.into_iter().zip(self.parts).filter(|(_, part)| part.tasks > 0)
    }

    /// Joules for a thousand chunks by one method; `None` where it counted no chunk, or knows no joules.
    #[must_use]
    pub fn per_thousand(&self, method: Method) -> Option<f64> {
        let part = self.parts[method as usize];
        (part.chunks > 0 && method != Method::Unknown).then(|| part.joules * 1000.0 / part.chunks as f64)
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (method, part) in self.parts() {
            if !first {
                f.write_str("; ")?;
            }
            first = false;
            match method {
                Method::Unknown => write!(f, "unknown for {} tasks", part.tasks)?,
                _ => {
                    let (joules, word, err) = (part.joules, method.word(), method.err_pct());
                    write!(f, "~{joules:.0} J for {} tasks ({word}, ±{err} %)", part.tasks)?;
                }
            }
        }
        if first { f.write_str("no tasks") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::task::{Attribution, Scope};
    use super::*;

    #[test]
    fn methods_are_shown_apart_and_unknown_shows_no_joules() {
        let mut totals = Totals::default();
        assert_eq!(totals.to_string(), "no tasks");
        let joules = |j, method| Joules::new(j, method, Scope::BoardInput, Attribution::CpuShare);
        (0..10).for_each(|_| totals.add(joules(20.0, Method::ModelDefault), 100));
        totals.add(Joules::UNKNOWN, 50);
        totals.add(joules(7.0, Method::RailMeasured), 10);
        let text = totals.to_string();
        assert_eq!(
            text,
            "~7 J for 1 tasks (measured on a rail, ±10 %); ~200 J for 10 tasks (model, table of boards, ±40 %); unknown \
             for 1 tasks"
        );
        assert!(!text.contains("0 J for 1 ") && !text.contains("207"));
        assert_eq!(totals.per_thousand(Method::ModelDefault), Some(200.0));
        assert_eq!(totals.per_thousand(Method::Unknown), None);
        assert_eq!(totals.per_thousand(Method::PackageMeasured), None);
    }

    #[test]
    fn a_month_of_days_is_kept() {
        let mut ledger = Ledger::default();
        (0..100).for_each(|day| ledger.add(day, Joules::UNKNOWN, 1));
        assert_eq!(ledger.days().count(), ENERGY_DAYS_MAX);
        assert!(ledger.day(99).is_some() && ledger.day(0).is_none());
    }
}
