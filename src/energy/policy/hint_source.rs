//! The bodies that `PUT /v1/energy/hint` and files may hold: our own hint, evcc's state, the grid's carbon intensity.

use super::grid::{Grid, intensity};
use super::hint::{Hint, HintError, Origin};
use super::surplus::{SurplusMeter, evcc_surplus};
use super::wall::Wall;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::limits::{GRID_BYTES_MAX, HINT_BYTES_MAX};

/// Watts of a small board, where no better figure is known: evcc's surplus counts from twice as much, and from 50 W at
/// least.
const BOARD_WATTS: f64 = 7.0;
/// A value of evcc holds this long: it is sent every half minute or so.
const EVCC_TTL: Duration = Duration::from_secs(300);
/// A value of the grid holds this long: it is given for half hours and hours.
const GRID_TTL: Duration = Duration::from_secs(3600);

/// The result of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A hint.
    Hint(Origin, Hint),
    /// A figure that was stored and is no hint yet.
    Noted,
}

/// Turns bodies into hints; remembers the figures that need a history.
#[derive(Clone, Debug)]
pub struct HintSource {
    surplus: SurplusMeter,
    grid: Grid,
}

impl Default for HintSource {
    fn default() -> Self {
        Self { surplus: SurplusMeter::new(BOARD_WATTS), grid: Grid::default() }
    }
}

impl HintSource {
    /// The power of the whole device with all cores busy: calibrated, measured, or from the table of boards.
    pub const fn set_device_watts(&mut self, watts: f64) {
        self.surplus.set_board_watts(watts);
    }

    /// Takes the bytes of any of the formats, recognised by their fields.
    ///
    /// # Errors
    /// What is wrong with them, read as our own hint.
    pub fn take(&mut self, now: Instant, bytes: &[u8], wall: Option<Wall>) -> Result<Received, HintError> {
        if bytes.len() > GRID_BYTES_MAX {
            return Err(HintError::TooLarge);
        }
        if let Some(watts) = evcc_surplus(bytes) {
            let energy = self.surplus.take(now, watts);
            return Ok(Received::Hint(Origin::Evcc, hint(energy, EVCC_TTL, "evcc")));
        }
        if let Some(grams) = intensity(bytes) {
            // The first day of values has no percentile.
            return Ok(match self.grid.take(now, grams) {
                Energy::Unknown => Received::Noted,
                energy => Received::Hint(Origin::Grid, hint(energy, GRID_TTL, "grid")),
            });
        }
        if bytes.len() > HINT_BYTES_MAX {
            return Err(HintError::TooLarge);
        }
        Hint::parse(bytes, wall).map(|hint| Received::Hint(Origin::Put, hint))
    }
}

fn hint(energy: Energy, ttl: Duration, source: &str) -> Hint {
    Hint { energy, ttl, source: source.try_into().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn each_format_is_recognised_by_its_fields() {
        let mut puts = HintSource::default();
        let own = br#"{"v":1,"state":"surplus","ttl_s":900,"source":"home-assistant"}"#;
        assert!(matches!(puts.take(at(0), own, None), Ok(Received::Hint(Origin::Put, _))));
        let Ok(Received::Hint(Origin::Evcc, first)) = puts.take(at(0), br#"{"gridPower":-3000}"#, None) else {
            panic!()
        };
        assert_eq!(first.energy, Energy::Normal, "a minute above the threshold first");
        puts.take(at(31), br#"{"gridPower":-3000}"#, None).unwrap();
        puts.take(at(62), br#"{"gridPower":-3000}"#, None).unwrap();
        let Ok(Received::Hint(Origin::Evcc, later)) = puts.take(at(93), br#"{"grid":{"power":-3000}}"#, None) else {
            panic!()
        };
        assert_eq!(later.energy, Energy::Surplus);
        assert_eq!(puts.take(at(0), br#"{"zone":"DE","carbonIntensity":310}"#, None), Ok(Received::Noted));
        let long = vec![b' '; GRID_BYTES_MAX + 1];
        for bad in [&b"{}"[..], b"", b"[]", b"{\"v\":1}", &long] {
            assert!(puts.take(at(0), bad, None).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_grid_value_counts_once_a_quarter_of_an_hour_however_often_it_is_sent() {
        let mut puts = HintSource::default();
        let mut results = Vec::new();
        for minute in 0..48 * 60 {
            let grams = if minute / 360 % 2 == 0 { 500 } else { 100 };
            let body = format!("{{\"carbonIntensity\":{grams}}}");
            results.push(puts.take(at(minute * 60), body.as_bytes(), None).unwrap());
        }
        assert!(results[..24 * 60].iter().all(|result| *result == Received::Noted), "a day without a percentile");
        let last: Vec<_> = results[47 * 60..].iter().collect();
        assert!(
            last.iter()
                .all(|result| matches!(result, Received::Hint(Origin::Grid, hint) if hint.energy == Energy::Surplus))
        );
    }
}
