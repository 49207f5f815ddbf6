//! How hot a device may become, and who says so (1.10).

use super::model::Board;
use super::sensor::is_cpu_zone;
use super::tree::Tree;
use super::zone::Zone;
use serde::{Deserialize, Serialize};

/// Degrees between which any limit is held: a trip can be nonsense (1.1: an MT7622 shipped with 47).
const CLAMP: (f64, f64) = (55.0, 95.0);
/// Degrees that a critical trip lies above the limit taken from it.
const BELOW_CRITICAL: f64 = 25.0;
/// Degrees where nothing says better.
const DEFAULT: f64 = 80.0;
/// Millidegrees of a hwmon maximum that can be meant; sentinels are far above (1.2).
const HWMON_MAX: std::ops::RangeInclusive<i64> = 40_000..=110_000;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitFrom {
    /// The kernel's passive trip point.
    Trip,
    /// The maximum of the hwmon chip.
    Hwmon,
    /// The table of boards.
    Board,
    /// The critical trip point, less 25 degrees.
    Critical,
    /// Nobody: 80 degrees.
    Default,
    /// The owner.
    Owner,
}

impl LimitFrom {
    /// One word for people and for JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trip => "trip",
            Self::Hwmon => "hwmon",
            Self::Board => "board",
            Self::Critical => "critical",
            Self::Default => "default",
            Self::Owner => "owner",
        }
    }
}

/// The limit in degrees, and who said it.
#[must_use]
pub fn limit(tree: &Tree, zones: &[Zone], board: Option<&Board>) -> (f64, LimitFrom) {
    let of_cpu = || zones.iter().filter(|zone| is_cpu_zone(&zone.kind));
    let degrees = |millis: i64| millis as f64 / 1000.0;
    let trip = of_cpu().filter_map(Zone::control_trip).min().map(|at| (degrees(at), LimitFrom::Trip));
    let (value, from) = trip
        .or_else(|| hwmon_maximum(tree).map(|at| (degrees(at), LimitFrom::Hwmon)))
        .or_else(|| board.and_then(|board| board.t_lim).map(|at| (at, LimitFrom::Board)))
        .or_else(|| {
            let critical = of_cpu().filter_map(Zone::critical_trip).min();
            critical.map(|at| (degrees(at) - BELOW_CRITICAL, LimitFrom::Critical))
        })
        .unwrap_or((DEFAULT, LimitFrom::Default));
    (value.clamp(CLAMP.0, CLAMP.1), from)
}

/// The lowest maximum that a chip of the CPU gives.
fn hwmon_maximum(tree: &Tree) -> Option<i64> {
    let folder = "sys/class/hwmon";
    let of_chip = |chip: &str| {
        let kind = tree.word(&format!("{folder}/{chip}/name"))?;
        let of_cpu = ["coretemp", "k10temp", "zenpower", "cpu_thermal"].contains(&kind);
        let files = tree.names(&format!("{folder}/{chip}"));
        let maxima = files.iter().filter(|file| of_cpu && file.starts_with("temp") && file.ends_with("_max"));
        let values = maxima.filter_map(|file| tree.integer(&format!("{folder}/{chip}/{file}")).ok());
        values.filter(|at| HWMON_MAX.contains(at)).min()
    };
    tree.names(folder).into_iter().filter_map(of_chip).min()
}
