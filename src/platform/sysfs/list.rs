//! Lists the sensor files of a device, read once. Folders and file names are a fixed list; nothing is walked.

use super::file::once;
use super::root::Root;
use crate::energy::board::chip::{CPU_CHIPS, CPU_INFO, named_files};
use crate::energy::board::limit::{CONFIGS, limit_lines};
use crate::energy::board::quota;
use crate::energy::board::rail::is_meter;
use crate::energy::board::source::SUPPLY_FILES;
use crate::energy::board::tree::Tree;
use crate::limits::{SENSOR_BYTES_MAX, SENSOR_FOLDERS_MAX, SYSTEM_CONFIG_BYTES_MAX};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Files that are read wherever the root has them.
const SINGLE: [&str; 5] = [
    "proc/device-tree/model",
    "sys/firmware/devicetree/base/model",
    "sys/class/dmi/id/product_name",
    "sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq",
    quota::GROUPS,
];

/// Everything below `root` that concerns heat and power.
#[must_use]
pub fn tree(root: &Path) -> Tree {
    below(&Root::new(root), None)
}

/// The same; `meter` is the hwmon chip that measures the whole device, as named by its owner.
pub(super) fn below(root: &Root, meter: Option<&str>) -> Tree {
    let mut listing = Listing { root, tree: Tree::default() };
    SINGLE.iter().for_each(|path| listing.read(path));
    CONFIGS.iter().for_each(|path| listing.config(path));
    let quotas = listing.tree.bytes(quota::GROUPS).map(quota::files).unwrap_or_default();
    quotas.iter().for_each(|path| listing.read(path));
    listing.each("sys/class/thermal", |_, file| {
        let trip =
            file.strip_prefix("trip_point_").is_some_and(|rest| rest.ends_with("_type") || rest.ends_with("_temp"));
        trip || matches!(file, "type" | "temp" | "policy" | "offset" | "cur_state")
    });
    listing.each("sys/class/hwmon", |chip, file| of_chip(chip, file, meter));
    named_files(&listing.tree).iter().for_each(|path| listing.read(path));
    if listing.has_chip("k10temp") {
        listing.read(CPU_INFO);
    }
    listing.each("sys/class/power_supply", |_, file| file == "scope" || SUPPLY_FILES.contains(&file));
    listing.each("sys/class/powercap", |kind, file| {
        matches!(file, "name" | "max_energy_range_uj") || file == "energy_uj" && kind.starts_with("package")
    });
    listing.each("sys/bus/i2c/drivers/ina3221x", |_, file| file == "iio:device0");
    listing.each("sys/devices/system/cpu", |_, file| file == "thermal_throttle");
    listing.tree
}

/// Which files of a hwmon chip are read. Of chips that are not the CPU's only the labels of temperatures: one of them may
/// name the CPU. Of `rpi_volt` only the alarm, also where the owner names that chip: reading
/// its voltages is a transaction with the firmware.
fn of_chip(chip: &str, file: &str, meter: Option<&str>) -> bool {
    let starts = |start: &str| file.starts_with(start);
    file == "name"
        || match chip {
            "rpi_volt" => file == "in0_lcrit_alarm",
            _ if CPU_CHIPS.contains(&chip) => {
                starts("temp") && ["_input", "_max", "_label"].iter().any(|end| file.ends_with(end))
            }
            _ if starts("temp") => file.ends_with("_label"),
            _ if is_meter(chip, meter) => {
                let channel = starts("in") || starts("curr") || starts("power") || starts("energy");
                channel && (file.ends_with("_input") || file.ends_with("_label"))
            }
            _ => false,
        }
}

struct Listing<'a> {
    root: &'a Root,
    tree: Tree,
}

impl Listing<'_> {
    fn read(&mut self, path: &str) {
        let mut buffer = [0; SENSOR_BYTES_MAX];
        let full = self.root.below(path);
        if full.exists() {
            let content = once(&full, &mut buffer);
            // A full tree is far larger than any board's: the rest is left out.
            let _ = self.tree.insert(path, content.map(|length| &buffer[..length]));
        }
    }

    /// Is there a hwmon chip of this name?
    fn has_chip(&self, name: &str) -> bool {
        let folder = "sys/class/hwmon";
        self.tree.names(folder).iter().any(|chip| self.tree.word(&format!("{folder}/{chip}/name")) == Some(name))
    }

    /// Of the settings of a Raspberry Pi's firmware, which may be long, only the lines that concern heat.
    fn config(&mut self, path: &str) {
        let full = self.root.below(path);
        // Opening a pipe would block.
        if !full.is_file() {
            return;
        }
        let Ok(file) = fs::File::open(full) else { return };
        let mut bytes = Vec::new();
        if file.take(SYSTEM_CONFIG_BYTES_MAX as u64).read_to_end(&mut bytes).is_ok() {
            let _ = self.tree.insert(path, Ok(&limit_lines(&bytes)));
        }
    }

    /// Reads the wanted files of each folder below `folder`; `wanted` gets the content of the folder's `name` file and
    /// the name of a file.
    fn each(&mut self, folder: &str, wanted: impl Fn(&str, &str) -> bool) {
        for name in names(&self.root.below(folder)) {
            let base = format!("{folder}/{name}");
            self.read(&format!("{base}/name"));
            let kind = self.tree.word(&format!("{base}/name")).unwrap_or_default().to_owned();
            for file in names(&self.root.below(&base)).iter().filter(|file| wanted(&kind, file)) {
                match file.as_str() {
                    "iio:device0" => self.deeper(&format!("{base}/{file}"), |file| {
                        file.starts_with("rail_name_") || file.starts_with("in_power") && file.ends_with("_input")
                    }),
                    "thermal_throttle" => {
                        self.deeper(&format!("{base}/{file}"), |file| file.ends_with("_throttle_count"));
                    }
                    _ => self.read(&format!("{base}/{file}")),
                }
            }
        }
    }

    fn deeper(&mut self, base: &str, wanted: impl Fn(&str) -> bool) {
        for file in names(&self.root.below(base)).iter().filter(|file| wanted(file)) {
            self.read(&format!("{base}/{file}"));
        }
    }
}

/// Names in a folder, in order; none where there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.take(SENSOR_FOLDERS_MAX).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn nothing_is_read_whose_reading_disturbs_the_firmware() {
        let volt = "sys/class/hwmon/hwmon3";
        let root = board(&[
            (&format!("{volt}/name"), "rpi_volt\n"),
            (&format!("{volt}/in0_lcrit_alarm"), "0\n"),
            (&format!("{volt}/in0_input"), "880\n"),
            (&format!("{volt}/in1_input"), "1100\n"),
            ("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n"),
            ("sys/class/powercap/intel-rapl:0/name", "psys\n"),
            ("sys/class/powercap/intel-rapl:0/energy_uj", "1\n"),
            ("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"),
            ("sys/class/thermal/thermal_zone0/temp", "40000\n"),
        ]);
        let tree = tree(root.path());
        // The tree has every file that was read.
        let read: Vec<&str> = tree.paths().collect();
        assert_eq!(
            read,
            [
                "sys/class/hwmon/hwmon3/in0_lcrit_alarm",
                "sys/class/hwmon/hwmon3/name",
                "sys/class/powercap/intel-rapl:0/name",
                "sys/class/thermal/thermal_zone0/temp",
                "sys/class/thermal/thermal_zone0/type",
            ]
        );
    }

    #[test]
    fn a_tree_of_another_device_gives_its_board_and_not_this_one_s() {
        let root = board(&[("sys/firmware/devicetree/base/model", "Raspberry Pi 5 Model B Rev 1.0\0"), ("etc/x", "")]);
        fs::create_dir_all(root.path().join("proc")).unwrap();
        std::os::unix::fs::symlink("/sys/firmware/devicetree/base", root.path().join("proc/device-tree")).unwrap();
        let listed = tree(root.path());
        assert_eq!(listed.device_word("proc/device-tree/model"), Some("Raspberry Pi 5 Model B Rev 1.0"));
    }

    #[test]
    fn a_chip_that_its_owner_names_is_listed_and_the_firmware_s_voltages_never_are() {
        let root = board(&[
            ("sys/class/hwmon/hwmon0/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon0/in1_input", "1100\n"),
            ("sys/class/hwmon/hwmon1/name", "ltc2945\n"),
            ("sys/class/hwmon/hwmon1/power1_input", "4000000\n"),
            ("sys/class/hwmon/hwmon1/power1_min", "1\n"),
        ]);
        let listed = |meter| below(&Root::new(root.path()), meter).paths().map(str::to_owned).collect::<Vec<_>>();
        let names = ["sys/class/hwmon/hwmon0/name", "sys/class/hwmon/hwmon1/name"];
        assert_eq!(listed(None), names);
        assert_eq!(listed(Some("rpi_volt")), names);
        assert_eq!(listed(Some("ltc2945")), [&names[..], &["sys/class/hwmon/hwmon1/power1_input"]].concat());
    }

    #[test]
    fn a_long_config_of_the_firmware_is_read_to_its_end() {
        let text = format!("# {}\ntemp_limit=75\n", "x".repeat(9000));
        let root = board(&[("boot/firmware/config.txt", &text)]);
        assert_eq!(tree(root.path()).bytes("boot/firmware/config.txt"), Ok(&b"temp_limit=75\n"[..]));
    }

    #[test]
    fn an_endless_tree_is_cut_and_circular_links_end() {
        let root = tempfile::tempdir().unwrap();
        let zones = root.path().join("sys/class/thermal");
        fs::create_dir_all(&zones).unwrap();
        for n in 0..SENSOR_FOLDERS_MAX + 100 {
            let zone = zones.join(format!("thermal_zone{n}"));
            fs::create_dir(&zone).unwrap();
            fs::write(zone.join("type"), "cpu-thermal\n").unwrap();
        }
        std::os::unix::fs::symlink(&zones, zones.join("thermal_zone0/device")).unwrap();
        assert!(tree(root.path()).len() <= SENSOR_FOLDERS_MAX);
    }
}
