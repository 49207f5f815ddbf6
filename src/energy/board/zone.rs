//! A thermal zone of the kernel, and which of its trip points are valid.

use super::tree::Tree;
use crate::energy::sample::fault::Reading;

const FOLDER: &str = "sys/class/thermal";
/// Trip points of one zone that are looked at; the kernel allows 64.
const TRIPS_MAX: usize = 64;
/// Valid millidegrees of a trip point: others are disabled (0, -274000, -32768000) or nonsense.
const TRIP: std::ops::RangeInclusive<i64> = 40_000..=110_000;
/// Millidegrees below its trip at which a zone is far from it; hysteresis is at most half of that.
const BELOW_TRIP: i64 = 10_000;
/// A critical trip point may lie higher than the others: up to the end of a sensor's range.
const CRITICAL: std::ops::Range<i64> = 40_000..125_000;

/// One zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its folder's name: `thermal_zone0`.
    pub name: String,
    /// Its type: `cpu-thermal`.
    pub kind: String,
    /// The kernel's thermal governor of it: `step_wise`, `power_allocator`.
    pub policy: Option<String>,
    /// Millidegrees now.
    pub temperature: Reading,
    /// The sensor's calibration offset; on a Raspberry Pi it identifies the chip.
    pub offset: Option<i64>,
    trips: Vec<(String, i64)>,
}

impl Zone {
    /// All zones, in the order of their numbers. Those without a type are left out.
    #[must_use]
    pub fn all(tree: &Tree) -> Vec<Self> {
        let names = tree.names(FOLDER).into_iter().filter(|name| name.starts_with("thermal_zone"));
        names.filter_map(|name| Self::read(tree, name)).collect()
    }

    fn read(tree: &Tree, name: &str) -> Option<Self> {
        let path = |file: &str| format!("{FOLDER}/{name}/{file}");
        let trip = |at: usize| {
            let kind = tree.word(&path(&format!("trip_point_{at}_type")))?;
            Some((kind.to_owned(), tree.integer(&path(&format!("trip_point_{at}_temp"))).ok()?))
        };
        Some(Self {
            name: name.to_owned(),
            kind: tree.word(&path("type"))?.to_owned(),
            policy: tree.word(&path("policy")).map(str::to_owned),
            temperature: tree.integer(&path("temp")),
            offset: tree.integer(&path("offset")).ok(),
            trips: (0..TRIPS_MAX).filter_map(trip).collect(),
        })
    }

    /// The file of its temperature, below the root.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}/temp", self.name)
    }

    /// The passive trip point at which the kernel begins to throttle, in millidegrees: with `power_allocator` the
    /// highest, which is the control point (the lowest only switches it on); else the lowest. Trip numbers are not
    /// sorted.
    #[must_use]
    pub fn control_trip(&self) -> Option<i64> {
        let passive = self.valid_trips("passive");
        if self.policy.as_deref() == Some("power_allocator") { passive.max() } else { passive.min() }
    }

    /// The critical trip, in millidegrees, at which the kernel switches off.
    #[must_use]
    pub fn critical_trip(&self) -> Option<i64> {
        self.trips.iter().filter(|(kind, at)| kind == "critical" && CRITICAL.contains(at)).map(|(_, at)| *at).min()
    }

    /// The lowest active trip, in millidegrees, at which a fan starts.
    #[must_use]
    pub fn first_fan_trip(&self) -> Option<i64> {
        self.valid_trips("active").min()
    }

    /// Is it far below the temperature at which the kernel throttles by it? So is a zone without such a trip; one that does
    /// not answer is not.
    #[must_use]
    pub fn is_below_its_trip(&self) -> bool {
        self.control_trip().is_none_or(|trip| self.temperature.is_ok_and(|now| now < trip - BELOW_TRIP))
    }

    fn valid_trips(&self, wanted: &str) -> impl Iterator<Item = i64> {
        self.trips.iter().filter(move |(kind, at)| kind == wanted && TRIP.contains(at)).map(|(_, at)| *at)
    }
}

/// How far the kernel throttles the CPU now: the sum of the states of its CPU cooling devices; `None` where there is
/// none. Fans are left out: they cool, they do not throttle. `intel_powerclamp` has the state -1 when idle.
#[must_use]
pub fn throttling(tree: &Tree) -> Option<i64> {
    let states = cooling_paths(tree).into_iter().filter_map(|path| tree.integer(&path).ok());
    states.map(|state| state.max(0)).reduce(i64::saturating_add)
}

/// The files with the states of the CPU's cooling devices.
#[must_use]
pub fn cooling_paths(tree: &Tree) -> Vec<String> {
    let devices = tree.names(FOLDER).into_iter().filter(|name| name.starts_with("cooling_device"));
    let of_cpu = devices.filter(|name| {
        let kind = tree.word(&format!("{FOLDER}/{name}/type")).unwrap_or_default();
        kind.starts_with("thermal-cpufreq") || kind.starts_with("cpufreq-cpu") || kind == "Processor"
    });
    of_cpu.map(|name| format!("{FOLDER}/{name}/cur_state")).collect()
}
