//! Which sensors are the CPU's: chosen by their type, name and label; the hottest that is believed leads.

use super::chip;
use super::temperature::Sensor;
use super::tree::Tree;
use super::zone::Zone;
use crate::energy::doubt::{Doubt, Doubts};
use crate::limits::CPU_SENSORS_MAX;

/// How the types of CPU zones begin, in lower case.
const CPU_ZONES: [&str; 10] =
    ["cpu", "soc", "package", "bigcore", "littlecore", "cluster", "x86_pkg_temp", "aml_thermal", "bcm2835", "tj"];
/// Substrings that no CPU zone's type contains.
const NOT_CPU: [&str; 8] = ["test_", "batt", "iwlwifi", "nvme", "pmic", "pch_", "ddr", "wifi"];
/// Substrings of the types of zones that have passive trips and are no CPU's.
const OTHERS: [&str; 24] = [
    "gpu", "npu", "vpu", "ve-", "video", "isp", "modem", "mdm", "wlan", "skin", "charg", "chg", "usb", "cam", "bat",
    "mem", "ram", "fan", "ambient", "board", "quiet", "disk", "led", "lcd",
];
/// ACPI's zone: believed only if it varies and there is no other sensor.
const ACPI: &str = "acpitz";

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
fn is_cpu_zone(kind: &str) -> bool {
    let lower = kind.to_ascii_lowercase();
    CPU_ZONES.iter().any(|start| lower.starts_with(start)) && !NOT_CPU.iter().any(|part| lower.contains(part))
}

/// May a zone of an unknown type measure a CPU? The kernel throttles by it, and nothing says that it is something else's.
fn is_candidate(zone: &Zone) -> bool {
    let lower = zone.kind.to_ascii_lowercase();
    let other = NOT_CPU.iter().chain(&OTHERS).any(|part| lower.contains(part));
    zone.kind != ACPI && !other && zone.control_trip().is_some()
}

/// The CPU's sensors of a tree, with what is doubtful in them.
#[derive(Clone, Debug)]
pub struct Chosen<'a> {
    /// The sensors.
    pub cpu: Choice,
    /// The zones among them, whose trip points are the CPU's.
    pub zones: Vec<&'a Zone>,
    /// What is doubted.
    pub doubts: Doubts,
}

/// The CPU's sensors of a tree.
#[must_use]
pub fn choose<'a>(tree: &Tree, zones: &'a [Zone]) -> Chosen<'a> {
    let (inputs, fan_value) = chip::cpu_inputs(tree);
    let known: Vec<&Zone> = zones.iter().filter(|zone| is_cpu_zone(&zone.kind)).collect();
    let doubts = Doubts::NONE.with(Doubt::FanValue, fan_value);
    if !known.is_empty() || !inputs.is_empty() {
        let group = known.iter().map(|zone| of_zone(zone)).chain(inputs);
        return Chosen { cpu: Choice::Group(ordered(group.collect())), zones: known, doubts };
    }
    // Of unknown zones those by which the kernel throttles, else what another chip calls the CPU's.
    let candidates: Vec<&Zone> = zones.iter().filter(|zone| is_candidate(zone)).collect();
    let mut group: Vec<Sensor> = candidates.iter().map(|zone| of_zone(zone)).collect();
    if group.is_empty() {
        group = chip::named_inputs(tree);
    }
    if !group.is_empty() {
        let doubts = doubts.with(Doubt::Candidate, true);
        return Chosen { cpu: Choice::Group(ordered(group)), zones: candidates, doubts };
    }
    let acpi = zones.iter().find(|zone| zone.kind == ACPI);
    Chosen { cpu: acpi.map_or(Choice::None, |zone| Choice::Doubtful(of_zone(zone))), zones: Vec::new(), doubts }
}

fn of_zone(zone: &Zone) -> Sensor {
    Sensor {
        name: zone.name.clone(),
        kind: zone.kind.clone(),
        label: None,
        path: zone.path(),
        offset: 0,
        reading: zone.temperature,
    }
}

/// The sensors that are read, the hottest first. Sorts are stable: zones before chips, low numbers before high ones.
/// Unknown and implausible readings come last. Which sensors are taken does not depend on which is the hottest now: a
/// chip's first one is its package.
fn ordered(mut group: Vec<Sensor>) -> Vec<Sensor> {
    group.sort_by_key(|sensor| sensor.heat().is_none());
    group.truncate(CPU_SENSORS_MAX);
    group.sort_by_key(|sensor| std::cmp::Reverse(sensor.heat()));
    group
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
        let zones = Zone::all(&tree);
        let found = choose(&tree, &zones).cpu;
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

    fn zone(tree: &mut Tree, n: usize, kind: &str, temp: &str, trip: Option<&str>) {
        let folder = format!("sys/class/thermal/thermal_zone{n}");
        tree.insert(&format!("{folder}/type"), Ok(kind.as_bytes()));
        tree.insert(&format!("{folder}/temp"), Ok(temp.as_bytes()));
        if let Some(trip) = trip {
            tree.insert(&format!("{folder}/trip_point_0_type"), Ok(b"passive"));
            tree.insert(&format!("{folder}/trip_point_0_temp"), Ok(trip.as_bytes()));
        }
    }

    #[test]
    fn a_zone_of_an_unknown_name_is_the_cpu_s_where_the_kernel_throttles_by_it_and_nothing_else_is_known() {
        let mut tree = Tree::default();
        zone(&mut tree, 0, "gpu-thermal", "70000", Some("95000"));
        zone(&mut tree, 1, "exynos-therm", "52000", Some("85000"));
        zone(&mut tree, 2, "surroundings", "31000", None);
        zone(&mut tree, 3, "off", "99000", Some("-274000"));
        let zones = Zone::all(&tree);
        let chosen = choose(&tree, &zones);
        assert_eq!(chosen.cpu.sensors().iter().map(|sensor| &*sensor.name).collect::<Vec<_>>(), ["thermal_zone1"]);
        assert_eq!((chosen.zones.len(), chosen.doubts), (1, Doubts::NONE.with(Doubt::Candidate, true)));
        zone(&mut tree, 4, "cpu-thermal", "41000", None);
        let zones = Zone::all(&tree);
        let chosen = choose(&tree, &zones);
        assert_eq!(chosen.cpu.sensors().iter().map(|sensor| &*sensor.name).collect::<Vec<_>>(), ["thermal_zone4"]);
        assert_eq!(chosen.doubts, Doubts::NONE, "one that is known is better evidence");
    }

    #[test]
    fn acpi_s_zone_stays_doubtful_although_it_has_a_trip_and_a_named_input_comes_before_it() {
        let mut tree = Tree::default();
        zone(&mut tree, 0, "acpitz", "26000", Some("90000"));
        assert!(matches!(choose(&tree, &Zone::all(&tree)).cpu, Choice::Doubtful(_)));
        for (file, text) in [("name", "thinkpad"), ("temp1_label", "CPU"), ("temp1_input", "48000")] {
            tree.insert(&format!("sys/class/hwmon/hwmon4/{file}"), Ok(text.as_bytes()));
        }
        let zones = Zone::all(&tree);
        let chosen = choose(&tree, &zones);
        assert_eq!(chosen.cpu.sensors()[0].name, "hwmon4/temp1");
        assert_eq!(chosen.doubts, Doubts::NONE.with(Doubt::Candidate, true));
    }
}
