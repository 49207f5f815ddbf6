//! Temperature inputs of hwmon chips: which of them are the CPU's, by the chip's name and by the labels that its driver
//! gives them.
//!
//! A driver of a CPU has several inputs, and not each is a temperature of the die. AMD's `Tctl` is a number for the fan
//! that lies 10 to 49 degrees above the die on some models (Documentation/hwmon/k10temp; lm-sensors#101): where the chip
//! gives the die as well (`Tdie`, `Tccd1`), that is used, else the model's known offset is taken off. Intel's `Package id 0`
//! is the highest of its cores: where it answers, a single core that lies cannot lead.

use super::temperature::Sensor;
use super::tree::Tree;

const HWMON: &str = "sys/class/hwmon";
/// The file with the CPU's name, which is read where a chip of AMD is.
pub const CPU_INFO: &str = "proc/cpuinfo";
/// The hwmon chips that measure a CPU.
pub const CPU_CHIPS: [&str; 4] = ["coretemp", "k10temp", "zenpower", "cpu_thermal"];
/// Chips whose reading takes the machine's firmware up to half a second, during which nothing else runs.
const SLOW_CHIPS: [&str; 1] = ["dell_smm"];
/// Millidegrees by which `Tctl` lies above the die, by the start of the CPU's name (`tctl_offset_table` of Linux,
/// drivers/hwmon/k10temp.c).
const OFFSETS: [(&str, i64); 6] = [
    ("AMD Ryzen 5 1600X", 20_000),
    ("AMD Ryzen 7 1700X", 20_000),
    ("AMD Ryzen 7 1800X", 20_000),
    ("AMD Ryzen 7 2700X", 10_000),
    ("AMD Ryzen Threadripper 19", 27_000),
    ("AMD Ryzen Threadripper 29", 27_000),
];
/// Parts of labels that name something near the CPU which is not its die. `CPUTIN` is a pin that many boards leave open.
const NOT_DIE: [&str; 6] = ["vrm", "vcore", "socket", "fan", "opt", "cputin"];

/// What an input measures, by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The die: AMD's `Tdie`, `Tccd1`.
    Die,
    /// All of a package: Intel's `Package id 0`, on older kernels `Physical id 0`.
    Package,
    /// One core.
    Core,
    /// AMD's number for the fan.
    Control,
    /// No label, or one that says nothing.
    Unknown,
}

impl Part {
    fn of(label: Option<&str>) -> Self {
        let lower = label.unwrap_or_default().to_ascii_lowercase();
        let starts = |start: &str| lower.starts_with(start);
        if starts("tdie") || starts("tccd") {
            Self::Die
        } else if starts("package id") || starts("physical id") {
            Self::Package
        } else if starts("core ") {
            Self::Core
        } else if starts("tctl") {
            Self::Control
        } else {
            Self::Unknown
        }
    }
}

/// The inputs of the chips that are known to measure a CPU, and whether a number for the fan was left out or corrected.
pub(super) fn cpu_inputs(tree: &Tree) -> (Vec<Sensor>, bool) {
    let (mut found, mut fan_value) = (Vec::new(), false);
    for chip in tree.names(HWMON) {
        let kind = tree.word(&format!("{HWMON}/{chip}/name")).unwrap_or_default();
        if CPU_CHIPS.contains(&kind) {
            let (inputs, has_fan_value) = of_chip(tree, chip, kind);
            found.extend(inputs);
            fan_value |= has_fan_value;
        }
    }
    (found, fan_value)
}

fn of_chip(tree: &Tree, chip: &str, kind: &str) -> (Vec<Sensor>, bool) {
    let mut inputs: Vec<(Part, Sensor)> = inputs(tree, chip)
        .map(|stem| {
            let sensor = sensor(tree, chip, stem, kind);
            (Part::of(sensor.label.as_deref()), sensor)
        })
        .collect();
    let answers = |part: Part| inputs.iter().any(|(other, sensor)| *other == part && sensor.heat().is_some());
    let (die, package) = (answers(Part::Die), answers(Part::Package));
    let mut fan_value = false;
    let offset = if kind == "k10temp" { offset(tree) } else { 0 };
    inputs.retain_mut(|(part, sensor)| match part {
        Part::Control if die => {
            fan_value = true;
            false
        }
        Part::Core if package => false,
        // Drivers of before gave it without a label.
        Part::Control | Part::Unknown if offset > 0 => {
            fan_value = true;
            sensor.offset = offset;
            sensor.reading = sensor.reading.map(|raw| raw.saturating_sub(offset));
            true
        }
        _ => true,
    });
    (inputs.into_iter().map(|(_, sensor)| sensor).collect(), fan_value)
}

/// The inputs of other chips whose label names the CPU, as those of mainboards and of embedded controllers do. They count
/// where nothing else is known.
pub(super) fn named_inputs(tree: &Tree) -> Vec<Sensor> {
    let named = |chip: &&str, stem: &&str| names_cpu(tree.word(&format!("{HWMON}/{chip}/{stem}_label")));
    let chips = tree.names(HWMON).into_iter().filter(|chip| may_be_named(tree, chip));
    chips
        .flat_map(|chip| inputs(tree, chip).filter(move |stem| named(&chip, stem)).map(move |stem| (chip, stem)))
        .map(|(chip, stem)| {
            let kind = tree.word(&format!("{HWMON}/{chip}/name")).unwrap_or_default();
            sensor(tree, chip, stem, kind)
        })
        .collect()
}

/// The files of such inputs, below the root; known from the labels alone.
#[must_use]
pub fn named_files(tree: &Tree) -> Vec<String> {
    let chips = tree.names(HWMON).into_iter().filter(|chip| may_be_named(tree, chip));
    let of = |chip: &str| {
        let folder = format!("{HWMON}/{chip}");
        let stems: Vec<String> = tree
            .names(&folder)
            .into_iter()
            .filter_map(|file| file.strip_suffix("_label"))
            .filter(|stem| stem.starts_with("temp") && names_cpu(tree.word(&format!("{folder}/{stem}_label"))))
            .map(|stem| format!("{folder}/{stem}_input"))
            .collect();
        stems
    };
    chips.flat_map(of).collect()
}

/// Does a label name the CPU's temperature?
fn names_cpu(label: Option<&str>) -> bool {
    let lower = label.unwrap_or_default().to_ascii_lowercase();
    let of_cpu = lower == "cpu"
        || ["cpu ", "cpu_", "package", "tdie", "tctl", "soc"].iter().any(|start| lower.starts_with(start));
    of_cpu && !NOT_DIE.iter().any(|part| lower.contains(part))
}

fn may_be_named(tree: &Tree, chip: &str) -> bool {
    let kind = tree.word(&format!("{HWMON}/{chip}/name")).unwrap_or_default();
    !CPU_CHIPS.contains(&kind) && !SLOW_CHIPS.contains(&kind)
}

/// The temperature inputs of a chip: `temp1`.
fn inputs<'a>(tree: &'a Tree, chip: &str) -> impl Iterator<Item = &'a str> {
    let files = tree.names(&format!("{HWMON}/{chip}"));
    files.into_iter().filter_map(|file| file.strip_suffix("_input")).filter(|stem| stem.starts_with("temp"))
}

fn sensor(tree: &Tree, chip: &str, stem: &str, kind: &str) -> Sensor {
    let path = format!("{HWMON}/{chip}/{stem}_input");
    Sensor {
        name: format!("{chip}/{stem}"),
        kind: kind.to_owned(),
        label: tree.word(&format!("{HWMON}/{chip}/{stem}_label")).map(str::to_owned),
        reading: tree.integer(&path),
        path,
        offset: 0,
    }
}

/// The offset of this CPU's `Tctl`, by its name.
fn offset(tree: &Tree) -> i64 {
    let info = tree.bytes(CPU_INFO).unwrap_or_default();
    let name = info.split(|byte| *byte == b'\n').find_map(|line| {
        let line = std::str::from_utf8(line).ok()?.strip_prefix("model name")?;
        line.split_once(':').map(|(_, name)| name.trim())
    });
    let known = OFFSETS.iter().find(|(start, _)| name.is_some_and(|name| name.starts_with(start)));
    known.map_or(0, |(_, offset)| *offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip(kind: &str, inputs: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        tree.insert("sys/class/hwmon/hwmon0/name", Ok(kind.as_bytes()));
        for (n, (label, temp)) in (1..).zip(inputs) {
            let stem = format!("sys/class/hwmon/hwmon0/temp{n}");
            tree.insert(&format!("{stem}_input"), Ok(temp.as_bytes()));
            if !label.is_empty() {
                tree.insert(&format!("{stem}_label"), Ok(label.as_bytes()));
            }
        }
        tree
    }

    fn seen(tree: &Tree) -> (Vec<(String, Option<f64>)>, bool) {
        let (inputs, fan_value) = cpu_inputs(tree);
        (inputs.iter().map(|sensor| (sensor.name.clone(), sensor.degrees())).collect(), fan_value)
    }

    #[test]
    fn the_die_is_used_where_a_chip_gives_a_number_for_the_fan_as_well() {
        for kind in ["k10temp", "zenpower"] {
            let tree = chip(kind, &[("Tctl", "82000"), ("Tdie", "55000"), ("Tccd1", "54500")]);
            let due = vec![("hwmon0/temp2".to_owned(), Some(55.0)), ("hwmon0/temp3".to_owned(), Some(54.5))];
            assert_eq!(seen(&tree), (due, true), "{kind}");
            // Older kernels have them the other way round.
            let tree = chip(kind, &[("Tdie", "55000"), ("Tctl", "82000")]);
            assert_eq!(seen(&tree), (vec![("hwmon0/temp1".to_owned(), Some(55.0))], true), "{kind}");
            let tree = chip(kind, &[("Tctl", "97000"), ("Tccd1", "51000")]);
            assert_eq!(seen(&tree).0, [("hwmon0/temp2".to_owned(), Some(51.0))]);
            // A die that does not answer, or gives nonsense, leaves the number for the fan: too warm is the smaller error.
            let tree = chip(kind, &[("Tctl", "61000"), ("Tdie", "-650788984")]);
            assert_eq!(seen(&tree).0[0], ("hwmon0/temp1".to_owned(), Some(61.0)));
        }
    }

    #[test]
    fn the_offset_of_a_known_model_is_taken_off_where_its_die_is_not_given() {
        for (name, label, offset) in [
            ("AMD Ryzen 7 1800X Eight-Core Processor", "Tctl", 20_000),
            ("AMD Ryzen 7 1800X Eight-Core Processor", "", 20_000),
            ("AMD Ryzen Threadripper 2990WX 32-Core Processor", "Tctl", 27_000),
            ("AMD Ryzen 7 3700X 8-Core Processor", "Tctl", 0),
            ("AMD Ryzen 7 1800X Eight-Core Processor", "Tccd1", 0),
        ] {
            let mut tree = chip("k10temp", &[(label, "75000")]);
            let info =
                format!("processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: {name}\ncache size\t: 512 KB\n");
            tree.insert(CPU_INFO, Ok(info.as_bytes()));
            let (inputs, _) = cpu_inputs(&tree);
            assert_eq!((inputs[0].offset, inputs[0].reading), (offset, Ok(75_000 - offset)), "{name}, {label}");
        }
    }

    #[test]
    fn a_core_that_contradicts_its_package_does_not_lead() {
        let tree = chip("coretemp", &[("Package id 0", "46000"), ("Core 0", "45000"), ("Core 1", "100000")]);
        assert_eq!(seen(&tree).0, [("hwmon0/temp1".to_owned(), Some(46.0))]);
        let tree = chip("coretemp", &[("Package id 0", "x"), ("Core 0", "45000"), ("Core 1", "51000")]);
        assert_eq!(seen(&tree).0.len(), 3, "without its package each core counts");
        let tree = chip("coretemp", &[("", "45000"), ("", "47000")]);
        assert_eq!(seen(&tree).0.len(), 2);
    }

    #[test]
    fn other_chips_count_by_the_label_that_names_the_cpu() {
        let tree =
            chip("asusec", &[("Chipset", "60000"), ("CPU", "45000"), ("CPU VRM", "70000"), ("CPUTIN", "116000")]);
        assert_eq!(named_files(&tree), ["sys/class/hwmon/hwmon0/temp2_input"]);
        let found = named_inputs(&tree);
        assert_eq!((found.len(), found[0].degrees()), (1, Some(45.0)));
        assert!(named_files(&chip("dell_smm", &[("CPU", "45000")])).is_empty(), "its reading stops the machine");
        assert!(named_files(&chip("coretemp", &[("CPU", "45000")])).is_empty(), "it is known by its name");
    }
}
