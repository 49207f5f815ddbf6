//! The sensors of a root across changes, listings and failures.

use super::*;
use std::fs;

const ZONE: &str = "sys/class/thermal/thermal_zone";

struct Board(tempfile::TempDir);

impl Board {
    fn new(files: &[(&str, &str)]) -> Self {
        let board = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(path, text)| board.write(path, text));
        board
    }

    /// Two sensors of the CPU.
    fn two() -> Self {
        let board = Self::new(&[]);
        for (n, temp) in [(0, "50000"), (1, "40000")] {
            board.write(&format!("{ZONE}{n}/type"), "cpu-thermal\n");
            board.write(&format!("{ZONE}{n}/temp"), temp);
        }
        board
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_dir_all(self.0.path().join(path)).unwrap();
    }

    fn open(&self) -> Sensors {
        Sensors::open(self.0.path())
    }
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

fn sampled(sensors: &mut Sensors, second: u64) -> Sample {
    let mut sample = Sample::default();
    sensors.sample(at(second), Duration::ZERO, &|_, _| false, &mut sample);
    sample
}

#[test]
fn sensors_keep_their_order_when_another_one_becomes_the_hottest() {
    let board = Board::two();
    let mut sensors = board.open();
    let first = sampled(&mut sensors, 0).temperatures;
    assert_eq!(first[..], [Ok(50_000), Ok(40_000)]);
    board.write(&format!("{ZONE}1/temp"), "60000");
    assert!(!sensors.rescan(at(1)), "nothing changed but the heat");
    assert_eq!(sampled(&mut sensors, 1).temperatures[..], [Ok(50_000), Ok(60_000)]);
    assert_eq!(sensors.board().cpu_sensor(), Some("thermal_zone1"), "it leads now");
    board.remove(&format!("{ZONE}0"));
    assert!(sensors.rescan(at(2)));
}

#[test]
fn a_counter_continues_over_a_listing() {
    let zone = "sys/class/powercap/intel-rapl:0";
    let board = Board::new(&[]);
    for (file, text) in [("name", "package-0"), ("max_energy_range_uj", "262143328850"), ("energy_uj", "1000000")] {
        board.write(&format!("{zone}/{file}"), text);
    }
    let mut sensors = board.open();
    assert_eq!(sensors.watts(at(0), None), None, "the first value is only a start");
    board.write(&format!("{zone}/energy_uj"), "9000000");
    sensors.rescan(at(1));
    let watts = sensors.watts(at(2), None).unwrap();
    assert_eq!((watts.watts, watts.mean, watts.scope), (4.0, true, Scope::CpuPackage));
}

#[test]
fn a_second_package_is_summed_and_one_that_fails_loses_nothing() {
    let board = Board::new(&[]);
    for n in 0..2 {
        let zone = format!("sys/class/powercap/intel-rapl:{n}");
        for (file, text) in [("name", "package-0"), ("max_energy_range_uj", "99000000"), ("energy_uj", "1000000")] {
            board.write(&format!("{zone}/{file}"), text);
        }
    }
    let mut sensors = board.open();
    let mut watts = |second: u64, values: [&str; 2]| {
        for (n, text) in values.iter().enumerate() {
            board.write(&format!("sys/class/powercap/intel-rapl:{n}/energy_uj"), text);
        }
        sensors.watts(at(second), None).map(|watts| watts.watts)
    };
    assert_eq!(watts(0, ["1000000", "1000000"]), None);
    assert_eq!(watts(1, ["3000000", "2000000"]), Some(3.0));
    assert_eq!(watts(2, ["5000000", ""]), None);
    assert_eq!(watts(3, ["7000000", "4000000"]), Some(3.0), "four and two in two seconds");
}

#[test]
fn a_sensor_once_seen_is_looked_for_each_minute_until_it_is_back() {
    let supply = "sys/class/power_supply/BAT0";
    let (chip, zone) = ("sys/class/hwmon/hwmon0", format!("{ZONE}0"));
    let board = Board::two();
    let there = |board: &Board| {
        board.write(&format!("{supply}/type"), "Battery");
        board.write(&format!("{supply}/status"), "Full");
        board.write(&format!("{chip}/name"), "rpi_volt");
        board.write(&format!("{chip}/in0_lcrit_alarm"), "0");
        board.write(&format!("{zone}/type"), "cpu-thermal");
        board.write(&format!("{zone}/temp"), "50000");
    };
    there(&board);
    for gone in [supply, chip, &zone] {
        let mut sensors = board.open();
        sampled(&mut sensors, 0);
        assert!(!sensors.wants_rescan(at(0)));
        board.remove(gone);
        // The descriptor of a removed plain file can still be read; a device's would fail with ENODEV.
        sensors.rescan(at(1));
        assert!(!sensors.wants_rescan(at(60)), "{gone}");
        for minute in 1..5 {
            assert!(sensors.wants_rescan(at(minute * 61)), "{gone}: a listing that found nothing is not the last");
            sensors.rescan(at(minute * 61));
        }
        there(&board);
        sensors.rescan(at(400));
        assert!(!sensors.wants_rescan(at(999)), "{gone}");
    }
}

#[test]
fn files_that_are_gone_ask_for_a_listing_whatever_they_were() {
    for (path, text) in
        [("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "0"), ("sys/class/power_supply/AC/online", "1"), ("", "")]
    {
        let board = Board::two();
        board.write("sys/class/hwmon/hwmon0/name", "rpi_volt");
        board.write("sys/class/power_supply/AC/type", "Mains");
        if !path.is_empty() {
            board.write(path, text);
        }
        let mut sensors = board.open();
        if !path.is_empty() {
            // Listed, and gone before it was opened.
            fs::remove_file(board.0.path().join(path)).unwrap();
        }
        sampled(&mut sensors, 0);
        assert_eq!(sensors.wants_rescan(at(0)), !path.is_empty(), "{path}");
    }
}

#[test]
fn a_throttle_counter_that_comes_back_has_not_counted() {
    let path = |n: u8| format!("sys/devices/system/cpu/cpu{n}/thermal_throttle/package_throttle_count");
    let board = Board::two();
    board.write(&path(0), "5");
    board.write(&path(1), "900");
    let mut sensors = board.open();
    let mut count = |second| sampled(&mut sensors, second).throttle_count;
    assert_eq!(count(0), Some(0));
    board.write(&path(1), "");
    assert_eq!(count(1), Some(0));
    board.write(&path(1), "900");
    assert_eq!(count(2), Some(0), "it is back, and that is all");
    board.write(&path(1), "902");
    board.write(&path(0), "6");
    assert_eq!(count(3), Some(3));
}

#[test]
fn volts_of_another_rail_are_not_taken_for_a_low_supply() {
    let chip = "sys/class/hwmon/hwmon0";
    let board = Board::new(&[]);
    for (file, text) in [("name", "ina3221"), ("in1_label", "VDD_IN"), ("in1_input", "5048"), ("curr1_input", "960")] {
        board.write(&format!("{chip}/{file}"), text);
    }
    let mut sensors = board.open();
    for (text, volts) in
        [("5048", Some(5048)), ("4600", Some(4600)), ("0", None), ("3999", None), ("12000", None), ("-5", None)]
    {
        board.write(&format!("{chip}/in1_input"), text);
        assert_eq!(sampled(&mut sensors, 0).input_millivolts, volts, "{text}");
    }
}

#[test]
fn a_chip_that_its_owner_names_measures_the_device_also_after_a_listing() {
    let chip = "sys/class/hwmon/hwmon2";
    let board = Board::new(&[]);
    for (file, text) in [("name", "ina219"), ("in1_input", "5020"), ("curr1_input", "1"), ("power1_input", "4016000")] {
        board.write(&format!("{chip}/{file}"), text);
    }
    assert_eq!(board.open().watts(at(0), None), None, "it may be a battery's");
    let mut sensors = Sensors::open_metered(board.0.path(), Some("ina219"));
    sensors.rescan(at(1));
    let watts = sensors.watts(at(2), None).unwrap();
    assert_eq!((watts.watts, watts.method, watts.scope), (4.016, Method::RailMeasured, Scope::BoardInput));
    assert_eq!(sampled(&mut sensors, 2).input_millivolts, Some(5020));
}

#[test]
fn a_rail_may_fail_once_and_a_silent_one_is_replaced_by_the_battery() {
    let (chip, battery) = ("sys/class/hwmon/hwmon0", "sys/class/power_supply/BAT0");
    let board = Board::new(&[]);
    for (file, text) in [("name", "ina3221"), ("in1_label", "VDD_IN"), ("in1_input", "5000"), ("curr1_input", "1000")] {
        board.write(&format!("{chip}/{file}"), text);
    }
    for (file, text) in [("type", "Battery"), ("status", "Discharging"), ("power_now", "7000000")] {
        board.write(&format!("{battery}/{file}"), text);
    }
    let mut sensors = board.open();
    let mut method = |second| {
        let supplies = sampled(&mut sensors, second).supplies;
        sensors.watts(at(second), supplies).map(|watts| watts.method)
    };
    assert_eq!(method(0), Some(Method::RailMeasured));
    board.write(&format!("{chip}/curr1_input"), "");
    assert_eq!((method(1), method(59)), (None, None));
    assert_eq!(method(61), Some(Method::BatteryMeasured));
    board.write(&format!("{chip}/curr1_input"), "1000");
    assert_eq!(method(62), Some(Method::RailMeasured));
}

#[test]
fn a_quota_of_half_a_core_is_in_each_sample() {
    let board = Board::new(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/cpu.max", "50000 100000\n")]);
    let mut sensors = board.open();
    assert_eq!(sampled(&mut sensors, 0).process.quota, Some(0.5));
    board.write("sys/fs/cgroup/cpu.max", "max 100000\n");
    sensors.rescan(at(1));
    assert_eq!(sampled(&mut sensors, 1).process.quota, None);
}

#[test]
fn a_board_with_everything_stays_below_the_cap_of_open_files() {
    let board = Board::new(&[]);
    for n in 0..12 {
        board.write(&format!("{ZONE}{n}/type"), "cpu-thermal");
        board.write(&format!("{ZONE}{n}/temp"), "50000");
        board.write(&format!("sys/class/thermal/cooling_device{n}/type"), "Processor");
        board.write(&format!("sys/class/thermal/cooling_device{n}/cur_state"), "0");
        board.write(&format!("sys/devices/system/cpu/cpu{n}/thermal_throttle/package_throttle_count"), "0");
        for (file, text) in [("type", "USB"), ("online", "0"), ("voltage_now", "1")] {
            board.write(&format!("sys/class/power_supply/A{n}/{file}"), text);
        }
        for file in crate::energy::board::source::SUPPLY_FILES {
            let text = if file == "type" { "Battery" } else { "1" };
            board.write(&format!("sys/class/power_supply/B{n}/{file}"), text);
        }
    }
    board.write("sys/class/hwmon/hwmon0/name", "rpi_volt");
    board.write("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "0");
    assert!(board.open().files() <= SENSOR_FILES_MAX);
}
