//! The answer of `POST /v1/collection/forecast`.

use crate::base::count::{count, plural};
use crate::base::span::about;
use crate::energy::day::DayReport;
use crate::energy::duty_cycle::OwnSpeed;
use crate::limits::{MODEL_KEPT_S, SPEED_CHUNKS_LEAST};
use serde::{Deserialize, Serialize};

/// What a change of a collection's model means for its passages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForecastChange {
    /// All of them are embedded anew.
    #[default]
    Anew,
    /// The collection had that model before: what is kept of it is not computed again.
    Back,
    /// It has that model already.
    None,
}

/// What it takes to embed a collection anew on this device, before its model is changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The collection's name.
    pub name: String,
    /// Passages that it has here.
    pub passages: u64,
    /// The model that it would have; null: any other one.
    pub model: Option<String>,
    /// What that means.
    pub change: ForecastChange,
    /// Cores that background work may use just now, at least one.
    pub cores: u64,
    /// Passages a minute that they embed while they work, by what this device has embedded since it was started; null: that is too little to tell.
    /// Another model may be slower or faster.
    pub per_minute: Option<u64>,
    /// Seconds of work for all of them at that speed, rests not counted, or null.
    pub seconds: Option<u64>,
    /// Joules of this device for all of them, by what background work took for each passage in the last day; null: they are not known.
    pub joules: Option<f64>,
}

impl Forecast {
    /// For a collection with so many passages, by how fast this device embeds and by the joules of the last day.
    #[must_use]
    pub fn of(
        (name, passages): (String, u64),
        (model, change): (Option<String>, ForecastChange),
        speed: Option<OwnSpeed>,
        day: Option<&DayReport>,
    ) -> Self {
        let cores = speed.map_or(1, |speed| speed.cores.max(1));
        let us = speed.map(|speed| speed.us_per_chunk.max(1));
        let per_minute = us.map(|us| (60_000_000 * cores / us).max(1));
        let seconds = us.map(|us| passages.saturating_mul(us).div_ceil(1_000_000 * cores));
        #[expect(clippy::cast_precision_loss, reason = "a forecast")]
        let joules = day.and_then(each).map(|each| (each * passages as f64).round());
        Self { name, passages, model, change, cores, per_minute, seconds, joules }
    }

    /// It as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { name, passages, model, .. } = self;
        let (all, model) = (count(*passages, "passage"), model.as_deref().unwrap_or("another model"));
        match self.change {
            ForecastChange::None => {
                format!("The collection {name} is embedded with {model} already: nothing is embedded anew.")
            }
            ForecastChange::Anew => {
                let is = plural(*passages, "is", "are");
                format!("The collection {name} has {all} here that {is} embedded anew{}.", self.takes())
            }
            ForecastChange::Back => format!(
                "The collection {name} has {all} here and had {model} before. Vectors are kept for {} days after a model was left, and none of those is \
                 computed again: only what is new or changed since, or was never done with it, is embedded. All of it would be{}.",
                MODEL_KEPT_S / 86_400,
                self.takes().trim_start_matches([':', ';'])
            ),
        }
    }

    /// How long all of them take, and what that costs, behind a sentence.
    fn takes(&self) -> String {
        if self.passages == 0 {
            return String::new();
        }
        let Some(seconds) = self.seconds else {
            return format!(
                "; how long that takes is not known yet, as this device has embedded fewer than {SPEED_CHUNKS_LEAST} passages since it was started"
            );
        };
        let joules = self.joules.map_or_else(String::new, |joules| format!(" and some {joules:.0} J"));
        format!(
            ": {} of work for {}{joules}, by what this device has embedded since it was started, rests not counted, and if the model takes as long for each",
            about(seconds),
            count(self.cores, "core")
        )
    }
}

/// Joules of a passage in a day.
fn each(day: &DayReport) -> Option<f64> {
    // Slots of which the joules are unknown tell nothing.
    let known = || day.joules.iter().zip(&day.chunks).filter_map(|(joules, chunks)| Some((joules.as_ref()?, chunks)));
    let (joules, chunks) =
        (known().map(|(joules, _)| joules).sum::<f64>(), known().map(|(_, chunks)| chunks).sum::<u64>());
    #[expect(clippy::cast_precision_loss, reason = "a forecast")]
    (joules > 0.0 && chunks >= SPEED_CHUNKS_LEAST).then(|| joules / chunks as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(chunks: &[u64], joules: &[f64]) -> DayReport {
        let (chunks, joules) = (chunks.to_vec(), joules.iter().copied().map(Some).collect());
        DayReport { every_s: 300, since_s: 30, joules, chunks, ..DayReport::default() }
    }

    fn of(passages: u64, change: ForecastChange, speed: Option<(u64, u64)>, day: Option<&DayReport>) -> Forecast {
        let speed = speed.map(|(us_per_chunk, cores)| OwnSpeed { us_per_chunk, cores });
        Forecast::of(("home".to_owned(), passages), (Some("large".to_owned()), change), speed, day)
    }

    #[test]
    fn a_forecast_is_by_the_time_that_a_passage_takes_and_not_by_how_much_there_was_to_do() {
        // A day in which hardly anything was to be embedded, with slots that were idle.
        let idle = day(&[0, 0, 40, 0, 2, 0], &[5.0, 0.0, 20.0, 0.0, 0.2, 0.0]);
        let forecast = of(9_000, ForecastChange::Anew, Some((400_000, 2)), Some(&idle));
        assert_eq!((forecast.per_minute, forecast.seconds, forecast.joules), (Some(300), Some(1_800), Some(5_400.0)));
        let said = forecast.sentence();
        assert!(
            said.contains("9000 passages here that are embedded anew: about 30 minutes of work for 2 cores"),
            "{said}"
        );
        assert!(said.contains("and some 5400 J"), "{said}");
        let mut unknown = idle.clone();
        (unknown.joules[2], unknown.chunks[2]) = (None, 900);
        let forecast = of(9_000, ForecastChange::Anew, Some((400_000, 2)), Some(&unknown));
        assert_eq!(forecast.joules, None, "passages whose joules are unknown count for none");
        let slow = of(1, ForecastChange::Anew, Some((90_000_000, 1)), None);
        assert_eq!((slow.per_minute, slow.seconds), (Some(1), Some(90)), "a minute and a half for one");
    }

    #[test]
    fn what_is_not_known_yet_is_said_so_with_the_reason() {
        for day in [None, Some(&day(&[0, 0], &[3.0, 0.0])), Some(&day(&[4], &[90.0])), Some(&day(&[], &[]))] {
            let forecast = of(9_000, ForecastChange::Anew, None, day);
            assert_eq!((forecast.per_minute, forecast.seconds, forecast.joules), (None, None, None));
            let said = forecast.sentence();
            assert!(
                said.contains("is not known yet, as this device has embedded fewer than 32 passages since"),
                "{said}"
            );
        }
        let none = of(0, ForecastChange::Anew, None, None).sentence();
        assert_eq!(none, "The collection home has 0 passages here that are embedded anew.");
    }

    #[test]
    fn going_back_and_what_is_so_already_are_told_apart() {
        let back = of(9_000, ForecastChange::Back, Some((400_000, 2)), None).sentence();
        assert!(
            back.contains("had large before. Vectors are kept for 7 days") && !back.contains("embedded anew"),
            "{back}"
        );
        assert!(back.ends_with("All of it would be about 30 minutes of work for 2 cores, by what this device has embedded since it was started, rests not counted, and if the model takes as long for each."), "{back}");
        let same = of(9_000, ForecastChange::None, None, None).sentence();
        assert_eq!(same, "The collection home is embedded with large already: nothing is embedded anew.");
    }
}
