//! What feeds the device: mains, a battery, or unknown. From the files of the kernel's power supply class.
//!
//! One number of a worn-out battery or a lying gauge does not outweigh the rest: a battery that is empty and is not charged
//! beside connected mains is broken; one that gives no current does not feed the device; a percentage that contradicts
//! the charge, or the level, of the same battery is not believed. `Supplies::doubts` says so.

use super::tree::Tree;
use crate::energy::doubt::{Doubt, Doubts};
use crate::energy::sample::fault::Fault;
use crate::energy::sample::text;
use crate::limits::{BATTERIES_MAX, CHARGERS_MAX};
use serde::{Deserialize, Serialize};

const FOLDER: &str = "sys/class/power_supply";

/// Percent below which a battery is nearly empty.
pub const EMPTY: u8 = 15;
/// Percent of its charge from which a battery is far from empty, whatever its percentage says.
const FAR_FROM_EMPTY: u64 = 45;
/// Percent from which a critical level contradicts the percentage.
const NOT_CRITICAL: u8 = 30;
/// Percent that a gauge may report at most; 101 is rounding (raspberrypi/linux#2906), 255 stands for unknown.
const PERCENT: std::ops::RangeInclusive<i64> = 0..=110;
/// Microwatts below which nothing flows: the smallest board takes four times as much.
const NO_FLOW_UW: u64 = 100_000;

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
    /// One of its readings contradicts the others.
    pub doubts: Doubts,
}

impl Supplies {
    /// Where the power comes from.
    #[must_use]
    pub fn source(&self) -> Source {
        let Some(battery) = self.battery else { return Source::Ac };
        match (battery.flow, self.mains) {
            _ if self.gives_nothing() => Source::Ac,
            // A charger that is too weak leaves the battery being emptied.
            (Flow::Discharging, _) | (Flow::Resting | Flow::Unknown, Some(false)) => Source::Battery,
            // A battery that is charging gets its power from somewhere, also where a port reports nothing plugged in.
            (_, Some(true)) | (Flow::Charging, _) => Source::Ac,
            (Flow::Resting | Flow::Unknown, None) => Source::Unknown,
        }
    }

    /// Does the battery give no current although a status says that it feeds the device? A running device takes power, so
    /// something else feeds it: mains that is reported, or a port that is not. A status alone is not enough where both the
    /// status and the port speak for the battery.
    fn gives_nothing(&self) -> bool {
        self.battery.is_some_and(|battery| {
            battery.is_measured_still()
                && match battery.flow {
                    Flow::Discharging => self.mains == Some(true),
                    Flow::Resting => self.mains != Some(true),
                    Flow::Charging | Flow::Unknown => false,
                }
        })
    }

    /// Is the battery nearly empty and not charged beside connected mains? Then it is broken, and nothing is gained by
    /// waiting for its charge.
    #[must_use]
    pub fn has_dead_battery(&self) -> bool {
        self.mains == Some(true) && self.battery.is_some_and(|battery| battery.is_empty() && battery.is_still())
    }

    /// What is doubted.
    #[must_use]
    pub fn doubts(&self) -> Doubts {
        let own = self.battery.map_or(Doubts::NONE, |battery| battery.doubts);
        own.with(Doubt::DeadBattery, self.has_dead_battery()).with(Doubt::NoCurrent, self.gives_nothing())
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
            Some(kind) if is_charger(kind) => {
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
pub const SUPPLY_FILES: [&str; 13] = [
    "type",
    "present",
    "online",
    "status",
    "capacity",
    "capacity_level",
    "energy_full",
    "charge_full",
    "energy_now",
    "charge_now",
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

/// The files of one supply that are sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledFiles {
    /// What stands in its `type`, where that need not be read again: a charger stays one.
    pub kind: Option<&'static str>,
    /// Names and paths.
    pub files: Vec<(&'static str, String)>,
}

/// The files of each supply that are sampled: of the batteries first, then of the chargers, of which only `online` matters.
#[must_use]
pub fn files(tree: &Tree) -> Vec<SampledFiles> {
    let path = |name: &str, file: &str| format!("{FOLDER}/{name}/{file}");
    let may_be_battery = |name: &&str| {
        let kind = tree.word(&path(name, "type"));
        kind.is_none_or(|kind| kind == "Battery" || kind == "UPS")
    };
    let is_charger = |name: &&str| tree.word(&path(name, "type")).is_some_and(is_charger);
    let of = |name: &str, wanted: &[&'static str]| {
        let there = wanted.iter().filter(|file| tree.has(&path(name, file)));
        there.map(|file| (*file, path(name, file))).collect()
    };
    let of_battery = |name: &str| {
        let readable = |file| tree.integer(&path(name, file)).is_ok();
        let either = |one, other| if readable(one) { one } else { other };
        let full = either("energy_full", "charge_full");
        let now = either("energy_now", "charge_now");
        let power = either("power_now", "current_now");
        let wanted = ["type", "present", "status", "capacity", "capacity_level", full, now, power, "voltage_now"];
        SampledFiles { kind: None, files: of(name, &wanted) }
    };
    let all = names(tree);
    let batteries = all.iter().copied().filter(may_be_battery).take(BATTERIES_MAX).map(of_battery);
    let chargers = all.iter().copied().filter(is_charger).take(CHARGERS_MAX);
    batteries.chain(chargers.map(|name| SampledFiles { kind: Some("Mains"), files: of(name, &["online"]) })).collect()
}

/// Is it a supply from outside? Older kernels have USB_DCP, USB_PD and more.
fn is_charger(kind: &str) -> bool {
    kind == "Mains" || kind == "Wireless" || kind.starts_with("USB")
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
        let percent = integer("capacity").filter(|percent| PERCENT.contains(percent));
        let percent = percent.and_then(|percent| u8::try_from(percent.min(100)).ok());
        let volts = magnitude("voltage_now");
        let times_volts = |file| Some(magnitude(file)?.checked_mul(volts?)? / 1_000_000);
        let (level, charge) = (word("capacity_level"), percent_of_charge(magnitude));
        // The charge that it holds is made of two numbers; a gauge that lost count gives 0 beside them.
        let is_empty = percent.is_some_and(|percent| percent < EMPTY);
        let is_charged = charge.is_some_and(|charge| u64::from(charge) >= FAR_FROM_EMPTY);
        let level_is_high = matches!(level, Some("High" | "Full"));
        let level_is_low = level == Some("Critical");
        let wrong_percent = is_empty && (is_charged || level_is_high);
        let percent = match (wrong_percent, is_charged) {
            (false, _) => percent.or(charge),
            (true, true) => charge,
            (true, false) => None,
        };
        let wrong_level = level_is_low && percent.is_some_and(|percent| percent >= NOT_CRITICAL);
        Self {
            flow: match word("status") {
                Some("Discharging") => Flow::Discharging,
                Some("Charging") => Flow::Charging,
                Some("Full" | "Not charging") => Flow::Resting,
                _ => Flow::Unknown,
            },
            percent,
            critical: level_is_low && !wrong_level,
            full_uwh: magnitude("energy_full").or_else(|| times_volts("charge_full")),
            power_uw: magnitude("power_now").or_else(|| times_volts("current_now")),
            doubts: Doubts::NONE.with(Doubt::Percentage, wrong_percent || wrong_level),
        }
    }

    /// Is it nearly empty?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.critical || self.percent.is_some_and(|percent| percent < EMPTY)
    }

    /// Is it measured that nothing flows?
    fn is_measured_still(&self) -> bool {
        self.power_uw.is_some_and(|power| power < NO_FLOW_UW)
    }

    /// Does nothing say that it is charged or emptied?
    fn is_still(&self) -> bool {
        match self.flow {
            Flow::Discharging => self.is_measured_still(),
            // One that holds nothing when it is full cannot be charged.
            Flow::Charging => self.is_measured_still() && self.full_uwh == Some(0),
            Flow::Resting | Flow::Unknown => self.power_uw.is_none() || self.is_measured_still(),
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
        let doubts = self.doubts.and(other.doubts);
        // An empty battery that is left alone beside one that is charged says nothing about that one.
        let alone = |one: &Self, other: &Self| one.is_empty() && one.is_still() && other.flow == Flow::Charging;
        if alone(&self, &other) || alone(&other, &self) {
            let charged = if self.flow == Flow::Charging { self } else { other };
            return Self { doubts: doubts.with(Doubt::DeadBattery, true), ..charged };
        }
        Self {
            flow: if rank(self.flow) >= rank(other.flow) { self.flow } else { other.flow },
            percent: together((self.percent, self.full_uwh), (other.percent, other.full_uwh)),
            critical: self.critical && other.critical,
            full_uwh: sum(self.full_uwh, other.full_uwh),
            power_uw: sum(self.power_uw, other.power_uw),
            doubts,
        }
    }
}

/// Percent by what a battery holds and what it holds when it is full, in watt-hours or ampere-hours.
fn percent_of_charge(magnitude: impl Fn(&'static str) -> Option<u64>) -> Option<u8> {
    let of = |now, full| {
        let full = magnitude(full).filter(|full| *full > 0)?;
        u8::try_from(magnitude(now)?.checked_mul(100)?.checked_div(full)?.min(100)).ok()
    };
    of("energy_now", "energy_full").or_else(|| of("charge_now", "charge_full"))
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
#[path = "source_test.rs"]
mod tests;
