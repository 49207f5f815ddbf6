//! The grid's carbon intensity: its percentile among the values of the last seven days.

use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::limits::INTENSITIES_MAX;
use serde::Deserialize;
use std::collections::VecDeque;

/// Percentile up to which energy counts as surplus; left again `HYSTERESIS` points higher.
const SURPLUS: f64 = 25.0;
/// Percentile from which it counts as scarce; left again `HYSTERESIS` points lower.
const SCARCE: f64 = 75.0;
/// See `SURPLUS`.
const HYSTERESIS: f64 = 5.0;
/// Time that the values must span before a percentile means anything: a day has a morning and an evening.
const ENOUGH: Duration = Duration::from_secs(24 * 3600);
/// Values that it needs besides: two values a day apart are no distribution.
const VALUES: usize = 12;
/// At most one value counts in this long, however often it is sent.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// Values are forgotten after this long.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
/// Plausible grams per kilowatt-hour: lignite is about 1200.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.0..=2000.0;

#[derive(Deserialize)]
#[serde(untagged)]
enum Feed {
    ElectricityMaps {
        #[serde(rename = "carbonIntensity")]
        carbon_intensity: f64,
    },
    Britain {
        data: Vec<Period>,
    },
    Sdk {
        rating: f64,
    },
    SdkList(Vec<SdkRow>),
}

#[derive(Deserialize)]
struct Period {
    intensity: Intensity,
}

#[derive(Deserialize)]
struct Intensity {
    forecast: Option<f64>,
    actual: Option<f64>,
}

#[derive(Deserialize)]
struct SdkRow {
    rating: f64,
}

/// Grams of CO2 per kilowatt-hour from the JSON of Electricity Maps, carbonintensity.org.uk or the Carbon Aware SDK;
/// `None` for anything else.
#[must_use]
pub fn intensity(bytes: &[u8]) -> Option<f64> {
    let value = match serde_json::from_slice(bytes).ok()? {
        Feed::ElectricityMaps { carbon_intensity } => carbon_intensity,
        Feed::Britain { data } => data.first().and_then(|now| now.intensity.actual.or(now.intensity.forecast))?,
        Feed::Sdk { rating } => rating,
        Feed::SdkList(rows) => rows.first()?.rating,
    };
    PLAUSIBLE.contains(&value).then_some(value)
}

/// The intensities of a week, at most one each quarter of an hour; hourly and half-hourly feeds have fewer.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    week: VecDeque<(Instant, f64)>,
    state: Energy,
}

impl Grid {
    /// Adds a value and ranks it among the others.
    pub fn take(&mut self, now: Instant, grams: f64) -> Energy {
        let soon = self.week.back().is_some_and(|(at, _)| now.since(*at) < EVERY);
        if soon || !PLAUSIBLE.contains(&grams) {
            return self.state;
        }
        while self.week.front().is_some_and(|(at, _)| now.since(*at) > WEEK) || self.week.len() >= INTENSITIES_MAX {
            self.week.pop_front();
        }
        self.week.push_back((now, grams));
        let spans = self.week.front().is_some_and(|(at, _)| now.since(*at) >= ENOUGH);
        if !spans || self.week.len() < VALUES {
            self.state = Energy::Unknown;
            return self.state;
        }
        let below = self.week.iter().filter(|(_, other)| *other < grams).count() as f64;
        let same = self.week.iter().filter(|(_, other)| (other - grams).abs() < f64::EPSILON).count() as f64;
        let percentile = (below + same / 2.0) / self.week.len() as f64 * 100.0;
        let margin = |state| if self.state == state { HYSTERESIS } else { 0.0 };
        self.state = if percentile <= SURPLUS + margin(Energy::Surplus) {
            Energy::Surplus
        } else if percentile >= SCARCE - margin(Energy::Scarce) {
            Energy::Scarce
        } else {
            Energy::Normal
        };
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_of_three_feeds_is_read_and_nothing_else() {
        let maps = br#"{"zone":"DE","carbonIntensity":302,"datetime":"2026-11-22T00:00Z"}"#;
        let britain =
            br#"{"data":[{"from":"a","to":"b","intensity":{"forecast":266,"actual":263,"index":"moderate"}}]}"#;
        assert_eq!(intensity(maps), Some(302.0));
        assert_eq!(intensity(britain), Some(263.0));
        assert_eq!(intensity(br#"{"location":"x","time":"t","rating":65.5,"duration":"00:05"}"#), Some(65.5));
        assert_eq!(intensity(br#"[{"rating":65.5}]"#), Some(65.5));
        for text in ["", "{}", "[]", r#"{"data":[]}"#, r#"{"rating":-3}"#, r#"{"rating":1e9}"#] {
            assert_eq!(intensity(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_needed_and_the_thresholds_have_hysteresis() {
        let mut grid = Grid::default();
        let mut quarter = 0;
        let mut take = |grid: &mut Grid, grams: f64| {
            quarter += 1;
            grid.take(Instant::from_millis(quarter * 900_000), grams)
        };
        assert!((1..97).all(|n| take(&mut grid, f64::from(n)) == Energy::Unknown));
        assert_eq!(take(&mut grid, 97.0), Energy::Scarce);
        assert_eq!(take(&mut grid, 5.0), Energy::Surplus);
        assert_eq!(take(&mut grid, 28.0), Energy::Surplus, "within the hysteresis");
        assert_eq!(take(&mut grid, 50.0), Energy::Normal);
        assert_eq!(take(&mut grid, 28.0), Energy::Normal, "from the other side it is normal");
        assert_eq!(take(&mut grid, f64::NAN), Energy::Normal);
        (0..2000).for_each(|n| _ = take(&mut grid, f64::from(n % 97)));
        assert!(grid.week.len() <= INTENSITIES_MAX && grid.week.len() > INTENSITIES_MAX - 2);
    }

    #[test]
    fn an_hourly_feed_counts_after_a_day_forgets_after_a_week_and_restarts_after_a_gap() {
        let at = |hour: u64| Instant::from_millis(hour * 3_600_000);
        let mut grid = Grid::default();
        let grams = |hour: u64| if hour % 24 < 12 { 100.0 } else { 500.0 + hour as f64 };
        let states: Vec<Energy> = (0..24 * 30).map(|hour| grid.take(at(hour), grams(hour))).collect();
        assert!(states[..24].iter().all(|state| *state == Energy::Unknown));
        assert!(states[24..].iter().all(|state| *state != Energy::Unknown), "after a day, not after four");
        assert!(grid.week.iter().all(|(when, _)| at(24 * 30).since(*when) <= WEEK + EVERY * 4), "seven days, not 28");
        assert_eq!(grid.take(at(24 * 60), 100.0), Energy::Unknown, "a month later nothing of it counts");
    }
}
