//! What feeds the device: mains, a battery, or nobody can tell (1.5, 4.4).

use super::tree::Tree;
use crate::energy::sample::text;
use serde::{Deserialize, Serialize};

const FOLDER: &str = "sys/class/power_supply";

/// Where the power comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A battery of the device is being emptied.
    Battery,
    /// There is a battery, and no word whether it is emptied.
    Unknown,
    /// Mains, or a device without a battery.
    Ac,
}

/// Which way a battery goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// Nobody says.
    #[default]
    Unknown,
    /// Being emptied.
    Discharging,
    /// Being filled.
    Charging,
    /// Neither: full, or held at a threshold.
    Resting,
}

/// What the power supplies of a device say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supplies {
    /// Is a mains or USB supply connected? `None`: there is none to ask.
    pub mains: Option<bool>,
    /// The device's own batteries; `None`: it has none.
    pub battery: Option<Battery>,
}

/// The batteries of a device, as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Battery {
    /// Which way the fullest word of them goes: one that is emptied decides.
    pub flow: Flow,
    /// Percent; the fullest of several. `None`: unknown, which is not 0.
    pub percent: Option<u8>,
    /// Does one of them call itself critical?
    pub critical: bool,
    /// Microwatt-hours of all when full, where they say.
    pub full_uwh: Option<u64>,
    /// Microwatts drawn or stored now, without a sign: signs lie (1.5).
    pub power_uw: Option<u64>,
}

impl Supplies {
    /// Judges.
    #[must_use]
    pub fn source(&self) -> Source {
        let Some(battery) = self.battery else { return Source::Ac };
        match (battery.flow, self.mains) {
            // A charger that is too weak is a battery being emptied (4.4).
            (Flow::Discharging, _) | (_, Some(false)) => Source::Battery,
            (_, Some(true)) | (Flow::Charging, None) => Source::Ac,
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

    /// Adds one supply, by what its files hold; of several batteries one that is emptied decides.
    pub fn add<'a>(&mut self, bytes: impl Fn(&str) -> Option<&'a [u8]>) {
        let word = |file| bytes(file).and_then(text::word);
        match word("type") {
            Some("Battery" | "UPS") if word("present") != Some("0") => {
                let one = Battery::read(&bytes);
                self.battery = Some(self.battery.map_or(one, |other| other.and(one)));
            }
            Some("Mains" | "USB" | "Wireless") => {
                let online = bytes("online").and_then(|bytes| text::integer(bytes).ok()).map(|state| state >= 1);
                self.mains = self.mains.max(online);
            }
            _ => {}
        }
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
#[must_use]
pub fn names(tree: &Tree) -> Vec<&str> {
    tree.names(FOLDER).into_iter().filter(|name| !is_foreign(tree, name)).collect()
}

/// Supplies that are not the device's own: of mice and keyboards, of a kernel's self-test, of a port that may be
/// empty (1.5).
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
        // Fuel gauges say 101 (raspberrypi/linux#2906).
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
            percent: self.percent.max(other.percent),
            critical: self.critical && other.critical,
            full_uwh: sum(self.full_uwh, other.full_uwh),
            power_uw: sum(self.power_uw, other.power_uw),
        }
    }
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
    fn signs_and_percents_beyond_a_hundred_are_put_right() {
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
