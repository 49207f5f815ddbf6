//! Which sensors are the CPU's: chosen by their type and name; the hottest of the group leads.

use super::tree::Tree;
use super::zone::Zone;
use crate::energy::sample::fault::Reading;
use crate::energy::sample::plausibility::in_range;
use crate::limits::CPU_SENSORS_MAX;

const HWMON: &str = "sys/class/hwmon";

/// How the types of CPU zones begin.
const CPU_ZONES: [&str; 11] = [
    "cpu",
    "soc",
    "package",
    "bigcore",
    "littlecore",
    "cluster",
    "x86_pkg_temp",
    "aml_thermal",
    "bcm2835",
    "CPU-therm",
    "tj",
];
/// Substrings that no CPU zone's type contains.
const NOT_CPU: [&str; 8] = ["test_", "batt", "iwlwifi", "nvme", "pmic", "pch_", "ddr", "wifi"];
/// The hwmon chips that measure a CPU.
const CPU_CHIPS: [&str; 4] = ["coretemp", "k10temp", "zenpower", "cpu_thermal"];
/// ACPI's zone: believed only if it varies and there is no other sensor.
const ACPI: &str = "acpitz";

/// One sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensor {
    /// For people: `thermal_zone0`, `hwmon2/temp1`.
    pub name: String,
    /// Its type: `cpu-thermal`, `coretemp`.
    pub kind: String,
    /// The file, below the root.
    pub path: String,
    /// Millidegrees, as read now.
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

/// The sensors of the CPU's temperature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The CPU's sensors, the hottest first.
    Group(Vec<Sensor>),
    /// Only ACPI's, which may be a constant: believed once it was seen to vary.
    Doubtful(Sensor),
    /// None: the governor has no sensor, and reports so.
    None,
}

impl Choice {
    /// The sensors to read, in the order of `Sample::temperatures`.
    #[must_use]
    pub fn sensors(&self) -> &[Sensor] {
        match self {
            Self::Group(group) => group,
            Self::Doubtful(one) => std::slice::from_ref(one),
            Self::None => &[],
        }
    }
}

/// Does a zone of this type measure a CPU?
#[must_use]
pub fn is_cpu_zone(kind: &str) -> bool {
    let lower = kind.to_ascii_lowercase();
    CPU_ZONES.iter().any(|start| kind.starts_with(start)) && !NOT_CPU.iter().any(|part| lower.contains(part))
}

/// The CPU's sensors of a tree.
#[must_use]
pub fn choose(tree: &Tree, zones: &[Zone]) -> Choice {
    let of_zone = |zone: &Zone| Sensor {
        name: zone.name.clone(),
        kind: zone.kind.clone(),
        path: zone.path(),
        reading: zone.temperature,
    };
    let mut group: Vec<Sensor> = zones.iter().filter(|zone| is_cpu_zone(&zone.kind)).map(of_zone).collect();
    group.extend(chips(tree));
    // Sorts are stable: zones before chips, low numbers before high ones. Unknown and implausible readings come last.
    // Which sensors are taken does not depend on which is the hottest now: a chip's first one is its package.
    group.sort_by_key(|sensor| sensor.heat().is_none());
    group.truncate(CPU_SENSORS_MAX);
    group.sort_by_key(|sensor| std::cmp::Reverse(sensor.heat()));
    if !group.is_empty() {
        return Choice::Group(group);
    }
    zones.iter().find(|zone| zone.kind == ACPI).map_or(Choice::None, |zone| Choice::Doubtful(of_zone(zone)))
}

fn chips(tree: &Tree) -> Vec<Sensor> {
    let mut found = Vec::new();
    for chip in tree.names(HWMON) {
        let kind = tree.word(&format!("{HWMON}/{chip}/name")).unwrap_or_default();
        if !CPU_CHIPS.contains(&kind) {
            continue;
        }
        let files = tree.names(&format!("{HWMON}/{chip}"));
        let inputs = files.iter().filter_map(|file| file.strip_suffix("_input"));
        found.extend(inputs.filter(|stem| stem.starts_with("temp")).map(|stem| {
            let path = format!("{HWMON}/{chip}/{stem}_input");
            let reading = tree.integer(&path);
            Sensor { name: format!("{chip}/{stem}"), kind: kind.to_owned(), path, reading }
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensor_with_an_implausible_value_does_not_lead() {
        let mut tree = Tree::default();
        for (n, temp) in ["228000", "41000", "-650788984", "45000"].iter().enumerate() {
            let folder = format!("sys/class/thermal/thermal_zone{n}");
            tree.insert(&format!("{folder}/type"), Ok(b"cpu-thermal"));
            tree.insert(&format!("{folder}/temp"), Ok(temp.as_bytes()));
        }
        let found = choose(&tree, &Zone::all(&tree));
        let names: Vec<&str> = found.sensors().iter().map(|sensor| sensor.name.as_str()).collect();
        assert_eq!(names, ["thermal_zone3", "thermal_zone1", "thermal_zone0", "thermal_zone2"]);
        assert_eq!(found.sensors()[2].degrees(), None);
    }

    #[test]
    fn zones_of_batteries_radios_and_memories_are_no_cpu() {
        for kind in ["cpu-thermal", "soc-thermal", "bigcore0-thermal", "CPU-therm", "x86_pkg_temp", "tj-thermal"] {
            assert!(is_cpu_zone(kind), "{kind}");
        }
        for kind in ["test_battery", "soc-battery", "iwlwifi_1", "PMIC-Die", "ddr-thermal", "gpu-thermal", "acpitz"] {
            assert!(!is_cpu_zone(kind), "{kind}");
        }
    }
}
