//! The files of sensors: any content of any of them gives a report and a decision within their bounds.
//!
//! The input is a sequence of records: a byte that selects a file, a byte of length, then the content; length 255 makes
//! the read fail.

use wattle::energy::board::limit::limit_lines;
use wattle::energy::board::quota;
use wattle::energy::board::rail::Rail;
use wattle::energy::board::report::BoardReport;
use wattle::energy::board::source;
use wattle::energy::board::tree::Tree;
use wattle::energy::report::Report;
use wattle::energy::sample::fault::Fault;
use wattle::energy::sample::text;
use wattle::energy::sample::uevent::Uevent;
use wattle::limits::{BATTERIES_MAX, BATTERY_FILES_MAX, CHARGERS_MAX};

const FILES: [&str; 53] = [
    "sys/class/thermal/thermal_zone0/type",
    "sys/class/thermal/thermal_zone0/temp",
    "sys/class/thermal/thermal_zone0/policy",
    "sys/class/thermal/thermal_zone0/offset",
    "sys/class/thermal/thermal_zone0/trip_point_0_type",
    "sys/class/thermal/thermal_zone0/trip_point_0_temp",
    "sys/class/thermal/thermal_zone0/trip_point_1_type",
    "sys/class/thermal/thermal_zone0/trip_point_1_temp",
    "sys/class/thermal/thermal_zone1/type",
    "sys/class/thermal/thermal_zone1/temp",
    "sys/class/thermal/cooling_device0/type",
    "sys/class/thermal/cooling_device0/cur_state",
    "sys/class/hwmon/hwmon0/name",
    "sys/class/hwmon/hwmon0/temp1_input",
    "sys/class/hwmon/hwmon0/temp1_max",
    "sys/class/hwmon/hwmon0/in0_lcrit_alarm",
    "sys/class/hwmon/hwmon1/name",
    "sys/class/hwmon/hwmon1/in1_label",
    "sys/class/hwmon/hwmon1/in1_input",
    "sys/class/hwmon/hwmon1/curr1_input",
    "sys/class/power_supply/BAT0/type",
    "sys/class/power_supply/BAT0/scope",
    "sys/class/power_supply/BAT0/present",
    "sys/class/power_supply/BAT0/status",
    "sys/class/power_supply/BAT0/capacity",
    "sys/class/power_supply/BAT0/capacity_level",
    "sys/class/power_supply/BAT0/charge_full",
    "sys/class/power_supply/BAT0/current_now",
    "sys/class/power_supply/BAT0/voltage_now",
    "sys/class/power_supply/BAT0/power_now",
    "sys/class/power_supply/AC/type",
    "sys/class/power_supply/AC/online",
    "sys/class/powercap/intel-rapl:0/name",
    "sys/class/powercap/intel-rapl:0/energy_uj",
    "sys/class/powercap/intel-rapl:0/max_energy_range_uj",
    "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/rail_name_0",
    "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_power0_input",
    "proc/device-tree/model",
    "sys/class/dmi/id/product_name",
    "sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq",
    "sys/class/hwmon/hwmon1/power1_label",
    "sys/class/hwmon/hwmon1/power1_input",
    "sys/class/hwmon/hwmon1/energy1_input",
    "sys/class/power_supply/BAT0/energy_full",
    "sys/class/power_supply/BAT1/type",
    "sys/class/power_supply/BAT1/capacity",
    "sys/class/power_supply/BAT1/energy_full",
    "boot/firmware/config.txt",
    "proc/self/cgroup",
    "sys/fs/cgroup/cpu.max",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us",
    "sys/class/powercap/intel-rapl:1/name",
];
const FAULTS: [Fault; 4] = [Fault::Later, Fault::Gone, Fault::Failing, Fault::Denied];

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let mut tree = Tree::default();
    let mut rest = data;
    while let [file, length, after @ ..] = rest {
        let path = FILES[usize::from(*file) % FILES.len()];
        let (content, after) = after.split_at(usize::from(*length % 255).min(after.len()));
        let read = if *length == 255 { Err(FAULTS[content.len() % FAULTS.len()]) } else { Ok(content) };
        tree.insert(path, read);
        rest = after;
    }
    let found = BoardReport::of(&tree);
    assert!((40.0..=95.0).contains(&found.t_lim), "a limit of {}", found.t_lim);
    assert!(found.cpu_degrees().is_none_or(|degrees| (-30.0..125.0).contains(&degrees)));
    assert!(found.supplies.battery.and_then(|battery| battery.percent).is_none_or(|percent| percent <= 100));
    assert!(quota::cores(&tree).is_none_or(|cores| cores.is_finite() && cores > 0.0));
    let files = source::files(&tree);
    assert!(
        files.len() <= BATTERIES_MAX + CHARGERS_MAX && files.iter().all(|one| one.files.len() <= BATTERY_FILES_MAX)
    );
    for rail in [Rail::find(&tree, None), Rail::find(&tree, Some("ina219"))].into_iter().flatten() {
        let _ = rail.kind();
    }
    let report = Report::glance(&found, 4);
    assert!((0.0..=1.0).contains(&report.headroom));
    assert!(report.sensors.iter().all(|line| line.temp_c.is_none_or(|degrees| (-30.0..125.0).contains(&degrees))));
    // The texts that are read once a second, and the kernel's events.
    let _ = (text::busy_ticks(data), text::process_ticks(data), text::pressure(data), text::cgroup_millicores(data));
    let _ = (quota::files(data), limit_lines(data));
    let _ = (text::field(data, b"MemAvailable"), Uevent::parse(data));
}

fn record(path: &str, content: &str) -> Vec<u8> {
    let at = FILES.iter().position(|file| *file == path).unwrap();
    [&[u8::try_from(at).unwrap(), u8::try_from(content.len()).unwrap()], content.as_bytes()].concat()
}

/// A Pi, a laptop on its battery, a board with a rail, and an event.
pub fn seeds() -> Vec<Vec<u8>> {
    let tree =
        |files: &[(&str, &str)]| files.iter().flat_map(|(path, content)| record(path, content)).collect::<Vec<u8>>();
    let pi = tree(&[
        ("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"),
        ("sys/class/thermal/thermal_zone0/temp", "47400\n"),
        ("sys/class/thermal/thermal_zone0/offset", "450000\n"),
        ("sys/class/thermal/thermal_zone0/trip_point_0_type", "active\n"),
        ("sys/class/thermal/thermal_zone0/trip_point_0_temp", "50000\n"),
        ("sys/class/hwmon/hwmon0/name", "rpi_volt\n"),
        ("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "0\n"),
    ]);
    let laptop = tree(&[
        ("sys/class/power_supply/BAT0/type", "Battery\n"),
        ("sys/class/power_supply/BAT0/status", "Discharging\n"),
        ("sys/class/power_supply/BAT0/capacity", "79\n"),
        ("sys/class/power_supply/BAT0/current_now", "-1800000\n"),
        ("sys/class/power_supply/BAT0/voltage_now", "12162000\n"),
        ("sys/class/power_supply/AC/type", "Mains\n"),
        ("sys/class/power_supply/AC/online", "0\n"),
        ("sys/class/powercap/intel-rapl:0/name", "package-0\n"),
        ("sys/class/powercap/intel-rapl:0/energy_uj", "123\n"),
        ("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n"),
    ]);
    let rail = tree(&[
        ("sys/class/hwmon/hwmon1/name", "ina3221\n"),
        ("sys/class/hwmon/hwmon1/in1_label", "VDD_IN\n"),
        ("sys/class/hwmon/hwmon1/in1_input", "4960\n"),
        ("sys/class/hwmon/hwmon1/curr1_input", "912\n"),
    ]);
    let meter = tree(&[
        ("sys/class/hwmon/hwmon1/name", "ina219\n"),
        ("sys/class/hwmon/hwmon1/in1_input", "5020\n"),
        ("sys/class/hwmon/hwmon1/power1_input", "4016000\n"),
        ("boot/firmware/config.txt", "[all]\ntemp_limit=70\n"),
        ("proc/self/cgroup", "4:cpu,cpuacct:/\n0::/\n"),
        ("sys/fs/cgroup/cpu.max", "50000 100000\n"),
    ]);
    let event = b"change@/d\0ACTION=change\0SUBSYSTEM=power_supply\0".to_vec();
    vec![pi, laptop, rail, event, meter]
}
