//! What feeds the device: mains, a battery, or unknown. From the files of the kernel's power supply class.

use super::tree::Tree;
use crate::energy::sample::fault::Fault;
use crate::energy::sample::text;
use crate::limits::{BATTERIES_MAX, CHARGERS_MAX};
use serde::{Deserialize, Serialize};

const FOLDER: &str = "sys/class/power_supply";

/// Where the power comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A battery of the device is being emptied.
    Battery,
    /// There is a battery, and it is unknown whether it is being emptied.
    Unknown,
    /// Mains, or a device without a battery.
    Ac,
}

/// Whether a battery is charged or discharged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// Not known.
    #[default]
    Unknown,
    /// Being emptied.
    Discharging,
    /// Being filled.
    Charging,
    /// Neither: full, or held at a threshold.
    Resting,
}

/// The power supplies of a device together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supplies {
    /// Is a mains or USB supply connected? `None`: there is no such supply.
    pub mains: Option<bool>,
    /// The device's own batteries; `None`: it has none.
    pub battery: Option<Battery>,
}

/// The batteries of a device, as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Battery {
    /// The flow of all: one that is being emptied decides.
    pub flow: Flow,
    /// Percent; of several weighted by capacity, or the emptiest where capacities are unknown. `None`: unknown, not 0.
    pub percent: Option<u8>,
    /// Do all of them report a critical level?
    pub critical: bool,
    /// Microwatt-hours of all when full, where known.
    pub full_uwh: Option<u64>,
    /// Microwatts drawn or stored now, without a sign: drivers differ in it.
    pub power_uw: Option<u64>,
}

impl Supplies {
    /// Where the power comes from.
    #[must_use]
    pub fn source(&self) -> Source {
        let Some(battery) = self.battery else { return Source::Ac };
        match (battery.flow, self.mains) {
            // A charger that is too weak leaves the battery being emptied.
            (Flow::Discharging, _) | (Flow::Resting | Flow::Unknown, Some(false)) => Source::Battery,
            // A battery that is charging gets its power from somewhere, also where a port reports nothing plugged in.
            (_, Some(true)) | (Flow::Charging, _) => Source::Ac,
            (Flow::Resting | Flow::Unknown, None) => Source::Unknown,
        }
    }

    /// Reads all supplies of a tree.
    #[must_use]
    pub fn read(tree: &Tree) -> Self {
        let mut all = Self::default();
        for name in names(tree) {
            all.add(|file| tree.bytes(&format!("{FOLDER}/{name}/{file}")).ok());
        }
        all
    }

    /// Adds one supply from the content of its files; of several batteries one that is emptied decides. A supply of
    /// unknown type may be a battery.
    pub fn add<'a>(&mut self, bytes: impl Fn(&str) -> Option<&'a [u8]>) {
        let word = |file| bytes(file).and_then(text::word);
        match word("type") {
            Some("Battery" | "UPS") if word("present") != Some("0") => self.add_battery(Battery::read(&bytes)),
            // Older kernels have USB_DCP, USB_PD and more.
            Some(kind) if kind == "Mains" || kind == "Wireless" || kind.starts_with("USB") => {
                let online = bytes("online").and_then(|bytes| text::integer(bytes).ok()).map(|state| state >= 1);
                self.mains = self.mains.max(online);
            }
            Some(_) => {}
            None => self.add_battery(Battery::default()),
        }
    }

    fn add_battery(&mut self, one: Battery) {
        self.battery = Some(self.battery.map_or(one, |other| other.and(one)));
    }
}

/// The files of a supply that are read.
pub const SUPPLY_FILES: [&str; 11] = [
    "type",
    "present",
    "online",
    "status",
    "capacity",
    "capacity_level",
    "energy_full",
    "charge_full",
    "power_now",
    "current_now",
    "voltage_now",
];

/// The device's own supplies, by their folders' names.
fn names(tree: &Tree) -> Vec<&str> {
    let is_there = |name: &str| {
        let kind = tree.bytes(&format!("{FOLDER}/{name}/type"));
        kind != Err(Fault::Gone) && !is_foreign(tree, name)
    };
    tree.names(FOLDER).into_iter().filter(|name| is_there(name)).collect()
}

/// Names and paths of the files of each supply that are sampled: of the batteries first, then of the chargers, of which
/// only `online` matters.
#[must_use]
pub fn files(tree: &Tree) -> Vec<Vec<(&'static str, String)>> {
    let path = |name: &str, file: &str| format!("{FOLDER}/{name}/{file}");
    let is_charger = |name: &&str| {
        let kind = tree.word(&path(name, "type"));
        kind.is_some_and(|kind| kind != "Battery" && kind != "UPS")
    };
    let (chargers, batteries): (Vec<&str>, Vec<&str>) = names(tree).into_iter().partition(is_charger);
    let of = |name: &str, wanted: &[&'static str]| {
        let there = wanted.iter().filter(|file| tree.has(&path(name, file)));
        there.map(|file| (*file, path(name, file))).collect()
    };
    let of_battery = |name: &str| {
        let readable = |file| tree.integer(&path(name, file)).is_ok();
        let full = if readable("energy_full") { "energy_full" } else { "charge_full" };
        let power = if readable("power_now") { "power_now" } else { "current_now" };
        of(name, &["type", "present", "status", "capacity", "capacity_level", full, power, "voltage_now"])
    };
    let batteries = batteries.into_iter().take(BATTERIES_MAX).map(of_battery);
    batteries.chain(chargers.into_iter().take(CHARGERS_MAX).map(|name| of(name, &["type", "online"]))).collect()
}

/// Supplies that are not the device's own: of mice and keyboards, of the kernel's self-test, of a port that may be
/// empty.
fn is_foreign(tree: &Tree, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let scope = tree.word(&format!("{FOLDER}/{name}/scope"));
    scope == Some("Device")
        || ["hidpp_", "test_", "ucsi-source-psy"].iter().any(|start| lower.starts_with(start))
        || lower.contains("wacom")
}

impl Battery {
    fn read<'a>(bytes: &impl Fn(&str) -> Option<&'a [u8]>) -> Self {
        let word = |file| bytes(file).and_then(text::word);
        let integer = |file| bytes(file).and_then(|bytes| text::integer(bytes).ok());
        let magnitude = |file| integer(file).map(i64::unsigned_abs);
        // Some fuel gauges report 101 (raspberrypi/linux#2906).
        let percent = integer("capacity").map(|percent| u8::try_from(percent.clamp(0, 100)));
        let volts = magnitude("voltage_now");
        let times_volts = |file| Some(magnitude(file)?.checked_mul(volts?)? / 1_000_000);
        Self {
            flow: match word("status") {
                Some("Discharging") => Flow::Discharging,
                Some("Charging") => Flow::Charging,
                Some("Full" | "Not charging") => Flow::Resting,
                _ => Flow::Unknown,
            },
            percent: percent.and_then(Result::ok),
            critical: word("capacity_level") == Some("Critical"),
            full_uwh: magnitude("energy_full").or_else(|| times_volts("charge_full")),
            power_uw: magnitude("power_now").or_else(|| times_volts("current_now")),
        }
    }

    fn and(self, other: Self) -> Self {
        let rank = |flow| match flow {
            Flow::Discharging => 3,
            Flow::Charging => 2,
            Flow::Unknown => 1,
            Flow::Resting => 0,
        };
        let sum = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        Self {
            flow: if rank(self.flow) >= rank(other.flow) { self.flow } else { other.flow },
            percent: together((self.percent, self.full_uwh), (other.percent, other.full_uwh)),
            critical: self.critical && other.critical,
            full_uwh: sum(self.full_uwh, other.full_uwh),
            power_uw: sum(self.power_uw, other.power_uw),
        }
    }
}

/// The percent of two batteries, each with its capacity.
fn together(one: (Option<u8>, Option<u64>), other: (Option<u8>, Option<u64>)) -> Option<u8> {
    let (Some(a), Some(b)) = (one.0, other.0) else { return one.0.or(other.0) };
    let held = one.1.zip(other.1).and_then(|(full_a, full_b)| {
        let all = full_a.checked_add(full_b).filter(|all| *all > 0)?;
        let of = |percent: u8, full: u64| u64::from(percent).checked_mul(full);
        u8::try_from(of(a, full_a)?.checked_add(of(b, full_b)?)? / all).ok()
    });
    Some(held.unwrap_or_else(|| a.min(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Supplies {
        let mut tree = Tree::default();
        files.iter().for_each(|(path, text)| assert!(tree.insert(&format!("{FOLDER}/{path}"), Ok(text.as_bytes()))));
        Supplies::read(&tree)
    }

    #[test]
    fn a_device_without_a_battery_of_its_own_is_on_mains() {
        assert_eq!(tree(&[]).source(), Source::Ac);
        let mouse = [("m/type", "Battery"), ("m/scope", "Device"), ("m/status", "Discharging")];
        assert_eq!(tree(&mouse).source(), Source::Ac);
        let port = [("ucsi-source-psy-USBC000:001/type", "USB"), ("ucsi-source-psy-USBC000:001/online", "0")];
        assert_eq!(tree(&port).source(), Source::Ac);
    }

    #[test]
    fn a_charger_counts_only_while_the_battery_is_not_emptied() {
        for (status, online, source) in [
            ("Not charging", "1", Source::Ac),
            ("Full", "1", Source::Ac),
            ("Unknown", "1", Source::Ac),
            ("Charging", "2", Source::Ac),
            ("Discharging", "1", Source::Battery),
            ("Full", "0", Source::Battery),
        ] {
            let files = [("B/type", "Battery"), ("B/status", status), ("A/type", "Mains"), ("A/online", online)];
            assert_eq!(tree(&files).source(), source, "{status}, online {online}");
        }
        assert_eq!(tree(&[("B/type", "Battery"), ("B/status", "Charging")]).source(), Source::Ac);
        assert_eq!(tree(&[("B/type", "Battery"), ("B/status", "Full")]).source(), Source::Unknown);
    }

    #[test]
    fn a_charging_battery_means_mains_although_a_port_is_offline() {
        let files = [("B/type", "Battery"), ("B/status", "Charging"), ("A/type", "Mains"), ("A/online", "0")];
        assert_eq!(tree(&files).source(), Source::Ac);
    }

    #[test]
    fn a_supply_of_unknown_type_may_be_a_battery() {
        let mut tree = Tree::default();
        tree.insert(&format!("{FOLDER}/x/type"), Err(Fault::Later));
        assert_eq!(Supplies::read(&tree).source(), Source::Unknown);
        tree.insert(&format!("{FOLDER}/x/type"), Err(Fault::Gone));
        assert_eq!(Supplies::read(&tree).source(), Source::Ac, "there is none");
    }

    #[test]
    fn two_batteries_are_weighted_by_capacity_or_as_full_as_the_emptier_one() {
        let two = |full: &'static str| {
            let mut files = vec![
                ("A/type", "Battery"),
                ("A/capacity", "100"),
                ("A/energy_full", "10000000"),
                ("B/type", "Battery"),
                ("B/capacity", "10"),
            ];
            files.extend((!full.is_empty()).then_some(("B/energy_full", full)));
            tree(&files).battery.unwrap().percent
        };
        assert_eq!(two("80000000"), Some(20));
        assert_eq!(two(""), Some(10), "the capacity of the empty one is unknown");
        assert_eq!(two("9223372036854775807"), Some(10));
    }

    #[test]
    fn a_battery_behind_three_chargers_is_sampled() {
        let mut tree = Tree::default();
        for n in 0..4 {
            for (file, text) in [("type", "USB"), ("online", "0"), ("voltage_now", "0"), ("current_now", "0")] {
                tree.insert(&format!("{FOLDER}/CROS_USBPD_CHARGER{n}/{file}"), Ok(text.as_bytes()));
            }
        }
        for (file, text) in [("type", "Battery"), ("status", "Discharging"), ("charge_full", "1"), ("current_now", "1")]
        {
            tree.insert(&format!("{FOLDER}/sbs-9-000b/{file}"), Ok(text.as_bytes()));
        }
        let files = files(&tree);
        assert_eq!(files.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2, 2, 2, 2]);
        assert!(files[0].iter().all(|(_, path)| path.contains("sbs-9-000b")));
    }

    #[test]
    fn negative_signs_and_percents_beyond_a_hundred_are_corrected() {
        let supplies = tree(&[
            ("B/type", "Battery"),
            ("B/capacity", "101"),
            ("B/current_now", "-756000"),
            ("B/voltage_now", "12600000"),
        ]);
        let battery = supplies.battery.unwrap();
        assert_eq!((battery.percent, battery.power_uw), (Some(100), Some(9_525_600)));
        assert_eq!((battery.flow, battery.full_uwh), (Flow::Unknown, None));
    }
}
