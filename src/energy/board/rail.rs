//! Which sensor measures the power of the whole board, for energy that is measured instead of modelled: a labelled
//! hwmon rail, NVIDIA's JetPack 4 driver, or Intel's RAPL packages.

use super::tree::Tree;
use crate::energy::accounting::task::{Method, Scope};
use crate::limits::PACKAGES_MAX;

const HWMON: &str = "sys/class/hwmon";
/// Labels of rails that feed the whole board (jetson_stats#900).
const TOTALS: [&str; 4] = ["VDD_IN", "VIN_SYS_5V0", "VIN", "POM_5V_IN"];
/// hwmon chips that measure the current of a rail, with their number of channels.
const CHIPS: [(&str, u8); 8] = [
    ("ina3221", 3),
    ("ina4230", 4),
    ("ina219", 1),
    ("ina220", 1),
    ("ina226", 1),
    ("ina230", 1),
    ("ina231", 1),
    ("ina238", 1),
];

/// How watts are read. A rail without a label of `TOTALS` is ignored unless the owner names its chip: an ina219 on a
/// battery HAT measures what flows into the battery.
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
    /// Microwatts, as hwmon has them.
    Microwatts {
        /// The file of the power.
        microwatts: String,
        /// The file of the voltage, where there is one.
        millivolts: Option<String>,
    },
    /// Counters in microjoules that wrap, to be summed.
    Counter {
        /// The files, each with the value after which it wraps.
        microjoules: Vec<(String, u64)>,
        /// What they count: a rail of the board, or the CPU's packages.
        of: Scope,
    },
}

/// Can this chip measure a rail? `owners` is the chip that the owner named.
#[must_use]
pub fn is_meter(chip: &str, owners: Option<&str>) -> bool {
    CHIPS.iter().any(|(name, _)| *name == chip) || owners == Some(chip)
}

impl Rail {
    /// The best rail of a tree; `None` where none can be read: then joules are modelled, and marked so. `owners` is the
    /// hwmon chip that measures the whole device, as named by its owner.
    #[must_use]
    pub fn find(tree: &Tree, owners: Option<&str>) -> Option<Self> {
        let owners = owners.and_then(|chip| chip_of_owner(tree, chip));
        owners.or_else(|| labelled(tree)).or_else(|| jetpack4(tree)).or_else(|| packages(tree))
    }

    /// Method and scope of its joules.
    #[must_use]
    pub const fn kind(&self) -> (Method, Scope) {
        match self {
            Self::Counter { of: Scope::CpuPackage, .. } => (Method::PackageMeasured, Scope::CpuPackage),
            _ => (Method::RailMeasured, Scope::BoardInput),
        }
    }
}

/// The rail whose label is one of `TOTALS`.
fn labelled(tree: &Tree) -> Option<Rail> {
    let chips = tree.names(HWMON).into_iter().filter_map(|chip| {
        let name = tree.word(&format!("{HWMON}/{chip}/name"))?;
        CHIPS.iter().find(|(known, _)| *known == name).map(|(_, channels)| (chip, *channels))
    });
    let mut channels = chips.flat_map(|(chip, channels)| (1..=channels).map(move |n| (chip, n)));
    channels.find_map(|(chip, n)| {
        let folder = format!("{HWMON}/{chip}");
        let label = |kind: &str| tree.word(&format!("{folder}/{kind}{n}_label"));
        let is_total = ["in", "power"].into_iter().filter_map(label).any(|label| TOTALS.contains(&label));
        if is_total { channel(tree, &folder, n) } else { None }
    })
}

/// The first channel of the chip that the owner named; `None` where there is no such chip, or it measures no power.
#[must_use]
pub fn chip_of_owner(tree: &Tree, named: &str) -> Option<Rail> {
    let mut chips = tree.names(HWMON).into_iter().map(|chip| format!("{HWMON}/{chip}"));
    chips
        .find(|folder| tree.word(&format!("{folder}/name")) == Some(named))
        .and_then(|folder| channel(tree, &folder, 1))
}

/// The best of a channel's files: a counter misses nothing between two samples.
fn channel(tree: &Tree, folder: &str, n: u8) -> Option<Rail> {
    let path = |file: &str| format!("{folder}/{file}");
    let (energy, power) = (path(&format!("energy{n}_input")), path(&format!("power{n}_input")));
    let (volts, amperes) = (path(&format!("in{n}_input")), path(&format!("curr{n}_input")));
    if tree.integer(&energy).is_ok() {
        // hwmon's counters have 64 bits: they do not wrap within a device's life.
        return Some(Rail::Counter { microjoules: vec![(energy, u64::MAX)], of: Scope::BoardInput });
    }
    if tree.has(&power) {
        return Some(Rail::Microwatts { microwatts: power, millivolts: tree.has(&volts).then_some(volts) });
    }
    (tree.has(&volts) && tree.has(&amperes)).then_some(Rail::Product { millivolts: volts, milliamperes: amperes })
}

fn jetpack4(tree: &Tree) -> Option<Rail> {
    let driver = "sys/bus/i2c/drivers/ina3221x";
    let devices = tree.names(driver).into_iter().map(|device| format!("{driver}/{device}/iio:device0"));
    let mut rails = devices.flat_map(|device| (0..3).map(move |n| (device.clone(), n)));
    let total = rails
        .find(|(device, n)| tree.word(&format!("{device}/rail_name_{n}")).is_some_and(|label| TOTALS.contains(&label)));
    total.map(|(device, n)| Rail::Milliwatts(format!("{device}/in_power{n}_input")))
}

/// RAPL's packages, where the owner made them readable: by default only root may read them. All of them or none: half
/// of a server's CPUs is no figure for the server.
fn packages(tree: &Tree) -> Option<Rail> {
    let folder = "sys/class/powercap";
    let all = tree
        .names(folder)
        .into_iter()
        .filter(|zone| tree.word(&format!("{folder}/{zone}/name")).is_some_and(|name| name.starts_with("package")));
    let counter = |zone: &str| {
        let path = |file: &str| format!("{folder}/{zone}/{file}");
        let range = u64::try_from(tree.integer(&path("max_energy_range_uj")).ok()?).ok()?;
        tree.integer(&path("energy_uj")).ok()?;
        Some((path("energy_uj"), range))
    };
    let microjoules: Vec<_> = all.map(counter).collect::<Option<_>>()?;
    let fits = (1..=PACKAGES_MAX).contains(&microjoules.len());
    fits.then_some(Rail::Counter { microjoules, of: Scope::CpuPackage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::sample::fault::Fault;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        files.iter().for_each(|(path, text)| assert!(tree.insert(path, Ok(text.as_bytes()))));
        tree
    }

    const CHIP: [(&str, &str); 5] = [
        ("sys/class/hwmon/hwmon2/name", "ina219\n"),
        ("sys/class/hwmon/hwmon2/in0_input", "12\n"),
        ("sys/class/hwmon/hwmon2/in1_input", "5020\n"),
        ("sys/class/hwmon/hwmon2/curr1_input", "800\n"),
        ("sys/class/hwmon/hwmon2/power1_input", "4016000\n"),
    ];

    #[test]
    fn a_chip_counts_when_its_label_or_its_owner_says_that_it_measures_everything() {
        let mut chip = tree(&CHIP);
        assert_eq!(Rail::find(&chip, None), None, "it may be a battery's");
        assert_eq!(Rail::find(&chip, Some("ina226")), None, "another chip was named");
        let owners = Rail::find(&chip, Some("ina219")).unwrap();
        assert_eq!(owners.kind(), (Method::RailMeasured, Scope::BoardInput));
        let file = |name: &str| format!("sys/class/hwmon/hwmon2/{name}");
        let (microwatts, millivolts) = (file("power1_input"), Some(file("in1_input")));
        assert_eq!(owners, Rail::Microwatts { microwatts, millivolts });
        chip.insert("sys/class/hwmon/hwmon2/in1_label", Ok(b"VIN\n"));
        assert_eq!(Rail::find(&chip, None), Some(owners));
        chip.insert("sys/class/hwmon/hwmon2/in1_label", Ok(b"VBAT\n"));
        assert_eq!(Rail::find(&chip, None), None);
        let product = tree(&CHIP[..4]);
        let (millivolts, milliamperes) = (file("in1_input"), file("curr1_input"));
        assert_eq!(Rail::find(&product, Some("ina219")), Some(Rail::Product { millivolts, milliamperes }));
    }

    #[test]
    fn a_rail_with_a_counter_is_of_the_board() {
        let mut chip = tree(&[
            ("sys/class/hwmon/hwmon0/name", "ina4230\n"),
            ("sys/class/hwmon/hwmon0/power2_label", "VDD_IN\n"),
            ("sys/class/hwmon/hwmon0/power2_input", "0\n"),
        ]);
        assert!(matches!(Rail::find(&chip, None), Some(Rail::Microwatts { .. })));
        chip.insert("sys/class/hwmon/hwmon0/energy2_input", Ok(b"987654321\n"));
        let Some(rail @ Rail::Counter { .. }) = Rail::find(&chip, None) else { panic!("a counter") };
        assert_eq!(rail.kind(), (Method::RailMeasured, Scope::BoardInput));
    }

    #[test]
    fn the_packages_of_a_server_are_counted_together_or_not_at_all() {
        let mut tree = tree(&[
            ("sys/class/powercap/intel-rapl:0/name", "package-0\n"),
            ("sys/class/powercap/intel-rapl:0/energy_uj", "5\n"),
            ("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "100\n"),
            ("sys/class/powercap/intel-rapl:1/name", "package-1\n"),
            ("sys/class/powercap/intel-rapl:1/max_energy_range_uj", "200\n"),
        ]);
        tree.insert("sys/class/powercap/intel-rapl:1/energy_uj", Err(Fault::Denied));
        assert_eq!(Rail::find(&tree, None), None);
        tree.insert("sys/class/powercap/intel-rapl:1/energy_uj", Ok(b"7\n"));
        let rail = Rail::find(&tree, None).unwrap();
        assert_eq!(rail.kind(), (Method::PackageMeasured, Scope::CpuPackage));
        let Rail::Counter { microjoules, .. } = rail else { panic!("counters") };
        assert_eq!(microjoules.iter().map(|(_, range)| *range).collect::<Vec<_>>(), [100, 200]);
    }
}
