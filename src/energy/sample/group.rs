//! The sensors of one CPU as one temperature: the highest that is believed.

use super::fault::Reading;
use super::plausibility::Plausibility;
use crate::base::time::{Duration, Instant};
use crate::limits::CPU_SENSORS_MAX;
use heapless::Vec;

/// Readings of the group's sensors, always in the same order.
pub type Readings = Vec<Reading, CPU_SENSORS_MAX>;

/// The sensors of a group, each with its checks.
#[derive(Clone, Debug, Default)]
pub struct Group {
    sensors: [Plausibility; CPU_SENSORS_MAX],
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
        let mut highest: Option<Temperature> = None;
        for (sensor, reading) in self.sensors.iter_mut().zip(readings) {
            let Some(degrees) = sensor.take(now, *reading, duty) else { continue };
            if highest.is_none_or(|so_far| degrees > so_far.degrees) {
                highest = Some(Temperature { degrees, still: sensor.still_for(now) });
            }
        }
        highest
    }

    /// Forgets the past, after a suspend.
    pub fn clear(&mut self) {
        self.sensors.iter_mut().for_each(Plausibility::clear);
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
}
