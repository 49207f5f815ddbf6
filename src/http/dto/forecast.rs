//! The answer of `POST /v1/collection/forecast`.

use crate::base::count::{count, plural};
use crate::base::span::about;
use crate::energy::day::DayReport;
use serde::{Deserialize, Serialize};

/// Seconds that a slot which goes on must have for its speed to tell anything.
const TELLING_S: u64 = 60;

/// What it takes to embed a collection anew on this device, before its model is changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The collection's name.
    pub name: String,
    /// Passages that it has here.
    pub passages: u64,
    /// Passages a minute in the busiest five minutes of the last day; null: none was embedded then. Another model may be slower or faster.
    pub per_minute: Option<u64>,
    /// Seconds for all of them at that speed, or null.
    pub seconds: Option<u64>,
    /// Joules of this device for all of them, by what background work took for each passage in the last day; null: they are not known.
    pub joules: Option<f64>,
}

impl Forecast {
    /// For a collection with so many passages, by what was done in the last day.
    #[must_use]
    pub fn of(name: String, passages: u64, day: Option<&DayReport>) -> Self {
        let per_minute = day.and_then(speed);
        let seconds = per_minute.map(|pace| passages.saturating_mul(60).div_ceil(pace));
        #[expect(clippy::cast_precision_loss, reason = "a forecast")]
        let joules = day.and_then(each).map(|each| (each * passages as f64).round());
        Self { name, passages, per_minute, seconds, joules }
    }

    /// It as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { name, passages, seconds, joules, .. } = self;
        let is = plural(*passages, "is", "are");
        let takes = match seconds.filter(|_| *passages > 0) {
            None if *passages > 0 => {
                "; how long that takes is not known, as this device embedded nothing in the last day".to_owned()
            }
            None => String::new(),
            Some(seconds) => {
                let joules = joules.map_or_else(String::new, |joules| format!(" and some {joules:.0} J"));
                format!(
                    ": {}{joules}, as fast as in the busiest five minutes of the last day and if the other model takes as long for each",
                    about(seconds)
                )
            }
        };
        format!("The collection {name} has {} here that {is} embedded anew{takes}.", count(*passages, "passage"))
    }
}

/// Passages a minute in the busiest slot of a day.
fn speed(day: &DayReport) -> Option<u64> {
    let last = day.chunks.len().checked_sub(1)?;
    let seconds = |at| if at == last { day.since_s } else { day.every_s };
    let slots = day.chunks.iter().enumerate().map(|(at, chunks)| (*chunks, seconds(at)));
    let told = slots.filter(|(_, seconds)| *seconds >= TELLING_S);
    told.map(|(chunks, seconds)| chunks * 60 / seconds).max().filter(|pace| *pace > 0)
}

/// Joules of a passage in a day.
fn each(day: &DayReport) -> Option<f64> {
    let (joules, chunks) = (day.joules.iter().sum::<f64>(), day.chunks.iter().sum::<u64>());
    #[expect(clippy::cast_precision_loss, reason = "a forecast")]
    (joules > 0.0 && chunks > 0).then(|| joules / chunks as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(chunks: &[u64], joules: &[f64]) -> DayReport {
        let (chunks, joules) = (chunks.to_vec(), joules.to_vec());
        DayReport { every_s: 300, since_s: 30, joules, chunks, ..DayReport::default() }
    }

    #[test]
    fn a_forecast_is_of_what_was_measured_and_says_where_nothing_was() {
        // The last slot is too young to tell a speed.
        let of = |day: Option<&DayReport>| Forecast::of("home".to_owned(), 9_000, day);
        let forecast = of(Some(&day(&[0, 100, 1_500, 400, 900], &[0.0, 50.0, 600.0, 200.0, 600.0])));
        assert_eq!((forecast.per_minute, forecast.seconds, forecast.joules), (Some(300), Some(1_800), Some(4_500.0)));
        let said = forecast.sentence();
        assert!(said.contains("9000 passages here") && said.contains("about 30 minutes and some 4500 J"), "{said}");
        for none in [None, Some(&day(&[0, 0], &[3.0, 0.0])), Some(&day(&[], &[]))] {
            let forecast = of(none);
            assert_eq!((forecast.per_minute, forecast.seconds, forecast.joules), (None, None, None));
            assert!(forecast.sentence().contains("is not known"), "{}", forecast.sentence());
        }
        let none = Forecast::of("home".to_owned(), 0, None).sentence();
        assert_eq!(none, "The collection home has 0 passages here that are embedded anew.");
    }
}
