//! Surplus from measured power: an average over minutes with delays, so that short clouds and spikes change nothing.

use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use serde::Deserialize;

/// Seconds over which power is averaged: a spike is not energy.
const AVERAGE: f64 = 300.0;
/// Above the threshold for this long: surplus.
const ENABLE: Duration = Duration::from_secs(60);
/// Below it for this long: none.
const DISABLE: Duration = Duration::from_secs(180);
/// Watts that a surplus has at least.
const WATTS_MIN: f64 = 50.0;
/// And at least so many times the board's own power.
const TIMES_BOARD: f64 = 2.0;
/// After so long without a value the average restarts.
const STALE: Duration = Duration::from_secs(900);

/// The averaged power that the home exports.
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
        meter.set_board_watts(board_watts);
        meter
    }

    /// The power of the board is known now.
    pub const fn set_board_watts(&mut self, board_watts: f64) {
        if board_watts > 0.0 {
            self.threshold = (TIMES_BOARD * board_watts.min(10_000.0)).max(WATTS_MIN);
        }
    }

    /// Takes the watts that flow into the grid (below 0: out of it), and gives the state.
    pub fn take(&mut self, now: Instant, watts: f64) -> Energy {
        if watts.is_finite() {
            let average = match self.average {
                Some((at, old)) if now.since(at) < STALE => {
                    let old_weight = (-now.since(at).as_secs_f64() / AVERAGE).exp();
                    old_weight * old + (1.0 - old_weight) * watts
                }
                _ => {
                    // One value is no average of five minutes, and a crossing before the gap is forgotten with it.
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

/// Watts into the grid, from evcc's state (whose power is positive while it is drawn). evcc does not promise this
/// format: what does not fit is no value.
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
    fn a_short_cloud_does_not_end_a_surplus_and_a_spike_does_not_start_one() {
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
    fn single_values_around_a_gap_are_no_surplus_and_an_early_spike_is_none() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let mut meter = SurplusMeter::new(7.0);
        let states = [0, 1200, 2400, 2430].map(|s| meter.take(at(s), 3000.0));
        assert_eq!(states, [Energy::Normal; 4], "twenty minutes without a value are not a minute of surplus");
        assert_eq!([2460, 2491].map(|s| meter.take(at(s), 3000.0)), [Energy::Normal, Energy::Surplus]);
        let mut early = SurplusMeter::new(7.0);
        early.take(at(0), 3000.0);
        assert!((30..600).step_by(30).all(|s| early.take(at(s), 0.0) == Energy::Normal), "a spike at the start");
    }

    #[test]
    fn a_large_device_has_a_surplus_only_from_twice_what_it_takes() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let state = |board: f64| {
            let mut meter = SurplusMeter::new(7.0);
            meter.set_board_watts(board);
            (0..20).map(|n| meter.take(at(n * 30), 90.0)).last()
        };
        assert_eq!(
            [state(f64::NAN), state(7.0), state(60.0)],
            [Energy::Surplus, Energy::Surplus, Energy::Normal].map(Some)
        );
    }

    #[test]
    fn both_formats_of_evcc_s_state_are_read_and_nothing_else() {
        assert_eq!(evcc_surplus(br#"{"pvPower":3000,"grid":{"power":-1200.5}}"#), Some(1200.5));
        assert_eq!(evcc_surplus(br#"{"gridPower":300}"#), Some(-300.0));
        for text in ["{}", "", "{\"grid\":{}}", "{\"gridPower\":\"x\"}", "{\"gridPower\":1e999}"] {
            assert_eq!(evcc_surplus(text.as_bytes()), None, "{text}");
        }
    }
}
