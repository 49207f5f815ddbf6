//! Small trees in which one reading contradicts better ones: what is believed, what may run, and which doubt is told. Each
//! was built by hand from the facts of a public report; the first column says what is wrong with the device.

use wattle::energy::board::report::BoardReport;
use wattle::energy::board::tree::Tree;
use wattle::energy::reason::Reason;
use wattle::energy::report::Report;
use wattle::energy::sample::fault::Fault;

const SUPPLY: &str = "sys/class/power_supply";
const THERMAL: &str = "sys/class/thermal";
const HWMON: &str = "sys/class/hwmon";

/// Files as "path text" lines below one folder; a text that begins with "!" is an errno.
fn add(tree: &mut Tree, folder: &str, files: &str) {
    for line in files.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        let (path, text) = line.split_once(' ').unwrap();
        let path = format!("{folder}/{path}");
        let fits = match text.strip_prefix('!') {
            Some(errno) => tree.insert(&path, Err(Fault::from_errno(errno.parse().unwrap()))),
            None => tree.insert(&path, Ok(format!("{text}\n").as_bytes())),
        };
        assert!(fits, "{path}");
    }
}

/// A cool laptop at the mains, with the files of its supplies.
fn laptop(supplies: &str) -> Report {
    let mut tree = Tree::default();
    add(&mut tree, HWMON, "hwmon0/name coretemp; hwmon0/temp1_input 45000");
    add(&mut tree, SUPPLY, "AC/type Mains; AC/online 1; BAT0/type Battery; BAT0/present 1");
    add(&mut tree, SUPPLY, supplies);
    Report::glance(&BoardReport::of(&tree), 4)
}

fn device(thermal: &str, hwmon: &str) -> Report {
    let mut tree = Tree::default();
    add(&mut tree, THERMAL, thermal);
    add(&mut tree, HWMON, hwmon);
    Report::glance(&BoardReport::of(&tree), 4)
}

fn doubts(report: &Report, part: &str) -> bool {
    report.doubts.iter().any(|doubt| doubt.contains(part))
}

#[test]
fn a_worn_out_battery_does_not_stop_a_device_on_mains() {
    for (what, supplies) in [
        ("0 %, held", "BAT0/status Not charging; BAT0/capacity 0; BAT0/energy_full 0; BAT0/capacity_level Critical"),
        ("0 %, silent", "BAT0/status Unknown; BAT0/capacity 0; BAT0/energy_full 0"),
        ("1 %, no gauge of power", "BAT0/status Not charging; BAT0/capacity 1"),
        ("0 %, \"full\"", "BAT0/status Full; BAT0/capacity 0; BAT0/current_now 0; BAT0/voltage_now 11000000"),
        ("0 %, no status", "BAT0/capacity 0"),
        ("0 %, charged with nothing", "BAT0/status Charging; BAT0/capacity 0; BAT0/energy_full 0; BAT0/power_now 0"),
        ("0 %, emptied by nothing", "BAT0/status Discharging; BAT0/capacity 0; BAT0/power_now 0"),
        (
            "one dead, one full",
            "BAT0/status Unknown; BAT0/capacity 0; BAT1/type Battery; BAT1/status Full; BAT1/capacity 100",
        ),
    ] {
        let report = laptop(supplies);
        assert_eq!((report.headroom, report.reason), (1.0, None), "{what}");
        assert!(doubts(&report, "counts as broken"), "{what}: {:?}", report.doubts);
    }
    for (what, supplies, reason) in [
        ("being charged", "BAT0/status Charging; BAT0/capacity 3; BAT0/power_now 20000000", Reason::BatteryLow),
        ("being emptied", "BAT0/status Discharging; BAT0/capacity 3; BAT0/power_now 9000000", Reason::BatteryLow),
        ("unplugged", "AC/online 0; BAT0/status Unknown; BAT0/capacity 0", Reason::BatteryLow),
        ("a weak charger", "BAT0/status Discharging; BAT0/capacity 80; BAT0/power_now 3000000", Reason::WeakCharger),
    ] {
        let report = laptop(supplies);
        assert_eq!((report.headroom, report.reason), (0.0, Some(reason)), "{what}");
        assert!(report.doubts.is_empty(), "{what}: {:?}", report.doubts);
    }
}

#[test]
fn a_battery_that_gives_no_current_means_mains() {
    for supplies in [
        "AC/online 0; BAT0/status Full; BAT0/capacity 100; BAT0/power_now 0",
        "AC/online 0; BAT0/status Not charging; BAT0/capacity 60; BAT0/current_now 0; BAT0/voltage_now 12000000",
        "BAT0/status Discharging; BAT0/capacity 60; BAT0/power_now 0",
    ] {
        let report = laptop(supplies);
        assert_eq!((report.headroom, report.reason), (1.0, None), "{supplies}");
        assert!(doubts(&report, "no current leaves it"), "{supplies}");
    }
    let real = laptop("AC/online 0; BAT0/status Discharging; BAT0/capacity 60; BAT0/power_now 0");
    assert_eq!(real.reason, Some(Reason::OnBattery), "status and plug agree against a driver that measures nothing");
}

#[test]
fn a_gauge_that_lost_count_does_not_hide_what_the_battery_holds() {
    let report = laptop("BAT0/status Charging; BAT0/capacity 0; BAT0/energy_now 45000000; BAT0/energy_full 50000000");
    assert_eq!((report.battery_pct, report.headroom), (Some(90), 1.0));
    assert!(doubts(&report, "percentage contradicts"));
    let report = laptop("BAT0/status Full; BAT0/capacity 97; BAT0/capacity_level Critical");
    assert_eq!((report.headroom, report.reason), (1.0, None));
}

#[test]
fn the_die_s_temperature_is_judged_and_not_the_fan_s_number() {
    let amd = |inputs: &str| device("", &format!("hwmon0/name k10temp; {inputs}"));
    let report =
        amd("hwmon0/temp1_label Tctl; hwmon0/temp1_input 82000; hwmon0/temp2_label Tdie; hwmon0/temp2_input 55000");
    assert_eq!((report.cpu_temp_c, report.headroom), (Some(55.0), 1.0));
    assert_eq!(report.sensors[0].label.as_deref(), Some("Tdie"));
    assert!(doubts(&report, "number for its fan"));
    let hot =
        amd("hwmon0/temp1_label Tctl; hwmon0/temp1_input 99000; hwmon0/temp2_label Tdie; hwmon0/temp2_input 79500");
    assert_eq!((hot.headroom, hot.reason), (0.0, Some(Reason::TooHot)), "a die that is hot is hot");
    let alone = amd("hwmon0/temp1_label Tctl; hwmon0/temp1_input 79500");
    assert_eq!(alone.reason, Some(Reason::TooHot), "nothing contradicts it");
}

#[test]
fn one_core_or_zone_that_lies_does_not_stop_the_device() {
    let cores = "hwmon0/name coretemp; hwmon0/temp1_label Package id 0; hwmon0/temp1_input 46000; \
                 hwmon0/temp2_label Core 0; hwmon0/temp2_input 44000; hwmon0/temp3_label Core 1; hwmon0/temp3_input 100000";
    let report = device("", cores);
    assert_eq!((report.cpu_temp_c, report.headroom), (Some(46.0), 1.0));
    let zones = "thermal_zone0/type bigcore0-thermal; thermal_zone0/temp 110000; thermal_zone1/type bigcore1-thermal; \
                 thermal_zone1/temp 47000; thermal_zone2/type littlecore-thermal; thermal_zone2/temp 45000";
    let report = device(zones, "");
    assert_eq!((report.cpu_sensor.as_deref(), report.cpu_temp_c), (Some("thermal_zone1"), Some(47.0)));
    assert_eq!(report.headroom, 1.0);
    assert!(doubts(&report, "above all others"));
    let two = "thermal_zone0/type cpu-thermal; thermal_zone0/temp 100000; thermal_zone1/type soc-thermal; \
               thermal_zone1/temp 47000";
    assert_eq!(device(two, "").reason, Some(Reason::TooHot), "of two the hotter one leads");
}

#[test]
fn a_zone_of_an_unknown_name_by_which_the_kernel_throttles_is_taken_for_the_cpu_s() {
    let trip = "thermal_zone0/type exynos-therm; thermal_zone0/temp 52000; thermal_zone0/trip_point_0_type passive; \
                thermal_zone0/trip_point_0_temp 75000; thermal_zone1/type gpu-thermal; thermal_zone1/temp 90000; \
                thermal_zone1/trip_point_0_type passive; thermal_zone1/trip_point_0_temp 95000";
    let report = device(trip, "");
    assert_eq!((report.cpu_sensor.as_deref(), report.t_lim_c, report.headroom), (Some("thermal_zone0"), 75.0, 1.0));
    assert!(doubts(&report, "No sensor is known"));
    let hot = device(&trip.replace("52000", "74000"), "");
    assert_eq!((hot.headroom, hot.reason), (0.0, Some(Reason::TooHot)), "and its heat counts");
    let board = "hwmon2/name asusec; hwmon2/temp1_label CPU; hwmon2/temp1_input 50000; hwmon2/temp2_label Chipset; \
                 hwmon2/temp2_input 78000";
    assert_eq!(device("", board).cpu_temp_c, Some(50.0));
}

#[test]
fn throttling_of_a_cool_cpu_does_not_count_as_heat() {
    let cool = "thermal_zone0/type x86_pkg_temp; thermal_zone0/temp 41000; cooling_device0/type Processor; \
                cooling_device0/cur_state 3";
    let report = device(cool, "");
    assert_eq!((report.headroom, report.reason, report.throttling), (1.0, None, Some(true)));
    assert!(doubts(&report, "does not count as heat"));
    let warm = device(&cool.replace("41000", "70000"), "");
    assert_eq!(warm.reason, Some(Reason::Throttled));
    // The CPU is cool, and the case at which the kernel throttles is not.
    let skin = "thermal_zone1/type skin; thermal_zone1/temp 44000; thermal_zone1/trip_point_0_type passive; \
                thermal_zone1/trip_point_0_temp 45000";
    let report = device(&format!("{cool}; {skin}"), "");
    assert_eq!((report.reason, report.doubts.len()), (Some(Reason::Throttled), 0));
    let silent = device(&format!("{cool}; {}", skin.replace("44000", "!11")), "");
    assert_eq!(silent.reason, Some(Reason::Throttled), "what does not answer contradicts nothing");
}
