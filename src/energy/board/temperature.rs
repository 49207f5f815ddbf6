//! One temperature sensor: where it is read, what it is called, and what it shows.

use crate::energy::sample::fault::Reading;
use crate::energy::sample::plausibility::in_range;

/// One sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensor {
    /// For people: `thermal_zone0`, `hwmon2/temp1`.
    pub name: String,
    /// Its type: `cpu-thermal`, `coretemp`.
    pub kind: String,
    /// What its driver says that it measures: `Tdie`, `Package id 0`.
    pub label: Option<String>,
    /// The file, below the root.
    pub path: String,
    /// Millidegrees that the file lies above the temperature.
    pub offset: i64,
    /// Millidegrees, as read now, less the offset.
    pub reading: Reading,
}

impl Sensor {
    /// Degrees Celsius; `None` where it could not be read or is implausible.
    #[must_use]
    pub fn degrees(&self) -> Option<f64> {
        self.heat().map(|raw| raw as f64 / 1000.0)
    }

    /// Millidegrees, if plausible.
    pub(super) fn heat(&self) -> Option<i64> {
        self.reading.ok().filter(|raw| in_range(*raw))
    }
}
