//! The sensors of one CPU as one temperature: the highest that is believed.
//!
//! A single sensor that contradicts all others does not lead: neither one that is far hotter than they are, nor one that
//! gives a constant while they move. Heat that is real is seen by more than one of three sensors, and by the kernel's own
//! throttling.

use super::constant::Constants;
use super::fault::Reading;
use super::plausibility::Plausibility;
use crate::base::time::{Duration, Instant};
use crate::energy::doubt::{Doubt, Doubts};
use crate::limits::CPU_SENSORS_MAX;
use heapless::Vec;

/// Degrees above all others from which one sensor of three or more is not believed: neighbouring cores and clusters of one
/// die differ by less (15 at a burst on an RK3588).
const ALONE: f64 = 30.0;

/// Readings of the group's sensors, always in the same order.
pub type Readings = Vec<Reading, CPU_SENSORS_MAX>;

/// The sensors of a group, each with its checks.
#[derive(Clone, Debug, Default)]
pub struct Group {
    sensors: [Plausibility; CPU_SENSORS_MAX],
    constants: Constants,
    doubts: Doubts,
}

/// The temperature of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature {
    /// Degrees Celsius.
    pub degrees: f64,
    /// For how long the hottest sensor has given the very same number.
    pub still: Duration,
}

impl Group {
    /// Should sensor `at` be read once more before its value counts?
    #[must_use]
    pub fn doubts(&self, now: Instant, at: usize, reading: Reading) -> bool {
        reading.is_ok_and(|raw| self.sensors.get(at).is_some_and(|sensor| sensor.doubts(now, raw)))
    }

    /// The highest believed temperature; `None` where no sensor is believed.
    pub fn take(&mut self, now: Instant, readings: &Readings, duty: f64) -> Option<Temperature> {
        let mut believed: Vec<(usize, f64), CPU_SENSORS_MAX> = Vec::new();
        let mut constant = false;
        for (at, (sensor, reading)) in self.sensors.iter_mut().zip(readings).enumerate() {
            let Some(degrees) = sensor.take(now, *reading, duty) else { continue };
            if self.constants.take(now, at, *reading) {
                constant = true;
            } else {
                // There are as many places as sensors.
                let _ = believed.push((at, degrees));
            }
        }
        let found = hottest(&believed);
        self.doubts =
            Doubts::NONE.with(Doubt::Constant, constant).with(Doubt::HotAlone, found.is_some_and(|(_, alone)| alone));
        let (leads, _) = found?;
        let degrees = believed.iter().find(|(at, _)| *at == leads).map(|(_, degrees)| *degrees)?;
        Some(Temperature { degrees, still: self.sensors.get(leads)?.still_for(now) })
    }

    /// What was doubted at the last readings.
    #[must_use]
    pub const fn doubted(&self) -> Doubts {
        self.doubts
    }

    /// Forgets the past, after a suspend.
    pub fn clear(&mut self) {
        self.sensors.iter_mut().for_each(Plausibility::clear);
        self.constants = Constants::default();
    }
}

/// The first of the hottest sensors, given with its degrees, and whether a single hotter one was left out because it
/// contradicts all others.
#[must_use]
pub fn hottest(sensors: &[(usize, f64)]) -> Option<(usize, bool)> {
    let first = |without: Option<usize>| {
        let others = sensors.iter().filter(|(at, _)| Some(*at) != without);
        others.rev().max_by(|a, b| a.1.total_cmp(&b.1)).copied()
    };
    let (top, degrees) = first(None)?;
    match first(Some(top)) {
        Some((second, below)) if sensors.len() >= 3 && degrees - below > ALONE => Some((second, true)),
        _ => Some((top, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::sample::fault::Fault;

    #[test]
    fn an_implausible_sensor_does_not_hide_one_that_works() {
        let mut group = Group::default();
        let readings = |list: &[Reading]| Readings::from_slice(list).unwrap();
        let now = Instant::from_millis(0);
        let some = group.take(now, &readings(&[Ok(6_280_400), Err(Fault::Later), Ok(51_000), Ok(50_000)]), 0.0);
        assert_eq!(some.map(|t| t.degrees), Some(51.0));
        assert_eq!(group.take(now, &readings(&[Err(Fault::Gone)]), 0.0), None);
        assert_eq!(group.take(now, &readings(&[]), 0.0), None);
    }

    #[test]
    fn one_of_three_sensors_that_is_far_hotter_than_the_others_does_not_lead_and_one_of_two_does() {
        let at = |degrees: &[f64]| hottest(&degrees.iter().copied().enumerate().collect::<std::vec::Vec<_>>());
        assert_eq!(at(&[45.0, 100.0, 47.0]), Some((2, true)));
        assert_eq!(at(&[45.0, 76.0, 47.0]), Some((1, false)), "a hot cluster");
        assert_eq!(at(&[45.0, 100.0]), Some((1, false)), "the hotter of two is the safe one");
        assert_eq!(at(&[45.0, 100.0, 99.0]), Some((1, false)));
        assert_eq!(at(&[50.0, 50.0]), Some((0, false)));
        assert_eq!(at(&[]), None);
        let mut group = Group::default();
        let lies = Readings::from_slice(&[Ok(45_000), Ok(100_000), Ok(47_000)]).unwrap();
        assert_eq!(group.take(Instant::ZERO, &lies, 0.0).map(|t| t.degrees), Some(47.0));
        assert_eq!(group.doubted(), Doubts::NONE.with(Doubt::HotAlone, true));
    }

    #[test]
    fn a_constant_beside_a_sensor_that_moves_does_not_lead_for_ever() {
        let mut group = Group::default();
        let mut seen = std::vec::Vec::new();
        for second in 0..900_u64 {
            // The load comes and goes, and one of the two sensors shows it.
            let warm = 45_000 + if second / 60 % 2 == 0 { 0 } else { 8_000 };
            let now = Instant::from_millis(second * 1000);
            let readings = Readings::from_slice(&[Ok(90_000), Ok(warm)]).unwrap();
            seen.push((group.take(now, &readings, 0.0).map(|t| t.degrees), group.doubted().has(Doubt::Constant)));
        }
        assert_eq!((seen[200], seen[899].1), ((Some(90.0), false), true));
        assert!(seen[899].0.is_some_and(|degrees| degrees < 55.0), "{:?}", seen[899]);
        let moved = Readings::from_slice(&[Ok(89_000), Ok(45_000)]).unwrap();
        let now = Instant::from_millis(900_000);
        assert_eq!(group.take(now, &moved, 0.0).map(|t| t.degrees), Some(89.0), "it moves after all");
    }

    #[test]
    fn sensors_that_all_stand_still_are_believed() {
        let mut group = Group::default();
        let readings = Readings::from_slice(&[Ok(50_000), Ok(48_000)]).unwrap();
        let last = (0..5000).map(|s| group.take(Instant::from_millis(s * 1000), &readings, 0.0)).last().unwrap();
        assert_eq!((last.map(|t| t.degrees), group.doubted()), (Some(50.0), Doubts::NONE));
    }
}
