//! Surplus from measured power (4.8): an average over minutes, an hour of sun is not a cloud's gap.

use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use serde::Deserialize;

/// Time over which power is averaged: evcc's users want energy, not spikes.
const AVERAGE: f64 = 300.0;
/// Above the threshold for this long: surplus.
const ENABLE: Duration = Duration::from_secs(60);
/// Below it for this long: none.
const DISABLE: Duration = Duration::from_secs(180);
/// Watts that a surplus has at least.
const WATTS_MIN: f64 = 50.0;
/// And as many times the board's own.
const TIMES_BOARD: f64 = 2.0;
/// After so long without a value the average begins anew.
const STALE: Duration = Duration::from_secs(900);

/// Watts that the home gives away, averaged.
#[derive(Clone, Debug)]
pub struct SurplusMeter {
    threshold: f64,
    /// The last value, and the average up to it.
    average: Option<(Instant, f64)>,
    crossed: Option<Instant>,
    surplus: bool,
}

impl SurplusMeter {
    /// A meter for a board that takes so many watts.
    #[must_use]
    pub fn new(board_watts: f64) -> Self {
        let mut meter = Self { threshold: WATTS_MIN, average: None, crossed: None, surplus: false };
        meter.know_watts(board_watts);
        meter
    }

    /// The board was found to take so many watts.
    pub const fn know_watts(&mut self, board_watts: f64) {
        if board_watts > 0.0 {
            self.threshold = (TIMES_BOARD * board_watts.min(10_000.0)).max(WATTS_MIN);
        }
    }

    /// Takes the watts that flow into the grid (below 0: out of it), and says what that means.
    pub fn take(&mut self, now: Instant, watts: f64) -> Energy {
        if watts.is_finite() {
            let average = match self.average {
                Some((at, old)) if now.since(at) < STALE => {
                    let kept = (-now.since(at).as_secs_f64() / AVERAGE).exp();
                    kept * old + (1.0 - kept) * watts
                }
                _ => {
                    // One value is no word of five minutes, and what crossed before a gap is forgotten with the average.
                    self.crossed = None;
                    0.0
                }
            };
            self.average = Some((now, average));
            let wants = average > self.threshold;
            let (since, due) = (self.crossed, if wants { ENABLE } else { DISABLE });
            if wants == self.surplus {
                self.crossed = None;
            } else if since.is_some_and(|since| now.since(since) >= due) {
                (self.surplus, self.crossed) = (wants, None);
            } else {
                self.crossed = since.or(Some(now));
            }
        }
        if self.surplus { Energy::Surplus } else { Energy::Normal }
    }
}

#[derive(Deserialize)]
struct Evcc {
    #[serde(default)]
    grid: Option<EvccGrid>,
    #[serde(default, rename = "gridPower")]
    grid_power: Option<f64>,
}

#[derive(Deserialize)]
struct EvccGrid {
    power: f64,
}

/// Watts into the grid, from evcc's state (4.8; its power is positive while it is drawn). The shape comes without a
/// promise of its makers: what does not fit is no value.
#[must_use]
pub fn evcc_surplus(bytes: &[u8]) -> Option<f64> {
    let state: Evcc = serde_json::from_slice(bytes).ok()?;
    let drawn = state.grid.map(|grid| grid.power).or(state.grid_power)?;
    drawn.is_finite().then_some(-drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_no_evening_and_a_spike_is_no_sun() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let mut meter = SurplusMeter::new(7.0);
        assert!((0..60).all(|s| meter.take(at(s), 20.0) == Energy::Normal));
        assert!((60..70).all(|s| meter.take(at(s), 900.0) == Energy::Normal), "ten seconds of a kettle switched off");
        let spike = (70..400).filter(|s| meter.take(at(*s), 20.0) == Energy::Surplus).count();
        assert_eq!(spike, 0);
        let began = (400..1000).find(|s| meter.take(at(*s), 400.0) == Energy::Surplus).unwrap();
        assert!((460..520).contains(&began), "{began}");
        assert!((1000..1060).all(|s| meter.take(at(s), -200.0) == Energy::Surplus), "a cloud of a minute");
        let ended = (1060..3000).find(|s| meter.take(at(*s), -200.0) == Energy::Normal).unwrap();
        assert!((1180..1600).contains(&ended), "{ended}");
    }

    #[test]
    fn one_value_and_another_after_a_gap_are_no_surplus_and_an_early_spike_is_none() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let mut meter = SurplusMeter::new(7.0);
        let words = [0, 1200, 2400, 2430].map(|s| meter.take(at(s), 3000.0));
        assert_eq!(words, [Energy::Normal; 4], "twenty minutes of silence are not a minute of sun");
        assert_eq!([2460, 2491].map(|s| meter.take(at(s), 3000.0)), [Energy::Normal, Energy::Surplus]);
        let mut early = SurplusMeter::new(7.0);
        early.take(at(0), 3000.0);
        assert!((30..600).step_by(30).all(|s| early.take(at(s), 0.0) == Energy::Normal), "a spike at the start");
    }

    #[test]
    fn a_large_device_has_a_surplus_only_from_twice_what_it_takes() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let word = |board: f64| {
            let mut meter = SurplusMeter::new(7.0);
            meter.know_watts(board);
            (0..20).map(|n| meter.take(at(n * 30), 90.0)).last()
        };
        assert_eq!(
            [word(f64::NAN), word(7.0), word(60.0)],
            [Energy::Surplus, Energy::Surplus, Energy::Normal].map(Some)
        );
    }

    #[test]
    fn evcc_s_state_is_read_in_both_its_shapes_and_nothing_else() {
        assert_eq!(evcc_surplus(br#"{"pvPower":3000,"grid":{"power":-1200.5}}"#), Some(1200.5));
        assert_eq!(evcc_surplus(br#"{"gridPower":300}"#), Some(-300.0));
        for text in ["{}", "", "{\"grid\":{}}", "{\"gridPower\":\"x\"}", "{\"gridPower\":1e999}"] {
            assert_eq!(evcc_surplus(text.as_bytes()), None, "{text}");
        }
    }
}
