//! Which sensor measures all that a board takes (1.2, 1.6): for joules that are measured, not modelled.

use super::tree::Tree;
use crate::energy::account::task::{Method, Scope};
use crate::energy::sample::fault::Fault;

/// Labels of rails that feed the whole board (1.2; jetson_stats#900).
const TOTALS: [&str; 4] = ["VDD_IN", "VIN_SYS_5V0", "VIN", "POM_5V_IN"];
/// Microwatts that can be (1.10: below 500 W).
const MICROWATTS: std::ops::Range<i64> = 0..500_000_000;

/// How watts are read. A rail without a label that says "all of the board" is left alone: an ina219 on a battery HAT
/// measures what flows into the battery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rail {
    /// Millivolts times milliamperes: `ina3221` has no power file.
    Product {
        /// The file of the voltage.
        millivolts: String,
        /// The file of the current.
        milliamperes: String,
    },
    /// Milliwatts: NVIDIA's driver of `JetPack` 4.
    Milliwatts(String),
    /// A counter in microjoules that wraps.
    Counter {
        /// The file of the counter.
        microjoules: String,
        /// Where it begins anew.
        range: u64,
    },
}

impl Rail {
    /// The best rail of a tree; `None` where none can be read: then joules are modelled, and said to be.
    #[must_use]
    pub fn find(tree: &Tree) -> Option<Self> {
        ina3221(tree).or_else(|| jetpack4(tree)).or_else(|| package(tree))
    }

    /// How joules of it are found, and what they are of.
    #[must_use]
    pub const fn kind(&self) -> (Method, Scope) {
        match self {
            Self::Product { .. } | Self::Milliwatts(_) => (Method::RailMeasured, Scope::BoardInput),
            Self::Counter { .. } => (Method::PackageMeasured, Scope::CpuPackage),
        }
    }

    /// Microwatts now, for rails that tell them.
    ///
    /// # Errors
    /// The class of the failed read; `Garbage` for watts that cannot be, and for a counter.
    pub fn microwatts(&self, tree: &Tree) -> Result<i64, Fault> {
        let value = match self {
            Self::Product { millivolts, milliamperes } => {
                tree.integer(millivolts)?.checked_mul(tree.integer(milliamperes)?)
            }
            Self::Milliwatts(path) => tree.integer(path)?.checked_mul(1000),
            Self::Counter { .. } => None,
        };
        value.filter(|value| MICROWATTS.contains(value)).ok_or(Fault::Garbage)
    }
}

fn ina3221(tree: &Tree) -> Option<Rail> {
    let folder = "sys/class/hwmon";
    let is_ina = |chip: &&str| tree.word(&format!("{folder}/{chip}/name")) == Some("ina3221");
    // Channels 1 to 3 are buses; 4 to 7 are shunts, in microvolts.
    let channels = tree.names(folder).into_iter().filter(is_ina).flat_map(|chip| (1..=3).map(move |n| (chip, n)));
    let mut totals = channels.filter(|(chip, n)| {
        tree.word(&format!("{folder}/{chip}/in{n}_label")).is_some_and(|label| TOTALS.contains(&label))
    });
    totals.next().map(|(chip, n)| Rail::Product {
        millivolts: format!("{folder}/{chip}/in{n}_input"),
        milliamperes: format!("{folder}/{chip}/curr{n}_input"),
    })
}

fn jetpack4(tree: &Tree) -> Option<Rail> {
    let driver = "sys/bus/i2c/drivers/ina3221x";
    let devices = tree.names(driver).into_iter().map(|device| format!("{driver}/{device}/iio:device0"));
    let mut rails = devices.flat_map(|device| (0..3).map(move |n| (device.clone(), n)));
    let total = rails
        .find(|(device, n)| tree.word(&format!("{device}/rail_name_{n}")).is_some_and(|label| TOTALS.contains(&label)));
    total.map(|(device, n)| Rail::Milliwatts(format!("{device}/in_power{n}_input")))
}

/// RAPL's package, where somebody made it readable: by default only root may (1.6).
fn package(tree: &Tree) -> Option<Rail> {
    let folder = "sys/class/powercap";
    tree.names(folder).into_iter().find_map(|zone| {
        let path = |file: &str| format!("{folder}/{zone}/{file}");
        let is_package = tree.word(&path("name")).is_some_and(|name| name.starts_with("package"));
        let range = u64::try_from(tree.integer(&path("max_energy_range_uj")).ok()?).ok()?;
        let readable = tree.integer(&path("energy_uj")).is_ok();
        (is_package && readable).then(|| Rail::Counter { microjoules: path("energy_uj"), range })
    })
}
