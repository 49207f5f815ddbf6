//! F1, F2, F3, B3: what must be concluded from each tree (EXPECT.tsv), and what not.

use crate::trees::{folder, names, tree};
use std::collections::BTreeSet;
use std::fs;
use wattle::energy::accounting::task::Scope;
use wattle::energy::board::limit::LimitFrom;
use wattle::energy::board::rail::Rail;
use wattle::energy::board::report::BoardReport;
use wattle::energy::board::source::{Flow, Source};
use wattle::energy::reason::Reason;
use wattle::energy::report::Report;
use wattle::energy::sample::text::{Stall, pressure};

const EXPECTED: usize = 16;

#[test]
fn every_tree_gives_the_expected_sensor_limit_and_source() {
    let table = fs::read_to_string(folder().join("EXPECT.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let [name, sensor, degrees, limit, from, source] = row[..6] else { panic!("{row:?}") };
        seen += 1;
        let found = BoardReport::of(&tree(name));
        let ours = [
            found.cpu_sensor().unwrap_or("-").to_owned(),
            found.cpu_degrees().map_or("-".to_owned(), |degrees| format!("{degrees}")),
            format!("{}", found.t_lim),
            found.t_lim_from.as_str().to_owned(),
            format!("{:?}", found.source()).to_lowercase(),
        ];
        let degrees = degrees.parse::<f64>().map_or("-".to_owned(), |degrees| format!("{degrees}"));
        let due = [sensor.to_owned(), degrees, limit.to_owned(), from.to_owned(), source.to_owned()];
        let same = ours.iter().zip(&due).all(|(ours, due)| due.split('|').any(|due| due == ours));
        println!("{name:34} {}", ours.join("  "));
        if !same {
            wrong.push(format!("{name}: {ours:?} where {due:?} is expected"));
        }
    }
    assert_eq!(seen, EXPECTED, "the table has another number of rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_tree_has_a_row_or_is_listed_without_one() {
    let table = fs::read_to_string(folder().join("EXPECT.tsv")).unwrap();
    let rows: BTreeSet<&str> = table.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    let all = names();
    let without: Vec<&str> = all.iter().map(String::as_str).filter(|name| !rows.contains(name)).collect();
    assert_eq!(
        without,
        [
            "psi-variants",
            "rpi4b-rpios-gpiofan-hot+firmware-throttled",
            "rpi4b-rpios-gpiofan-hot+undervoltage",
            "rpi5-rpios-activecooler+fan-tach-lies",
            "rpi5-rpios-activecooler+kernel-2026-voltages",
            "rpi5-rpios-activecooler+load-60s"
        ]
    );
    all.iter().for_each(|name| {
        let _ = BoardReport::of(&tree(name));
    });
}

#[test]
fn boards_are_named_where_the_tree_identifies_them() {
    let board = |name| BoardReport::of(&tree(name)).board.map(|board| board.name);
    assert_eq!(board("rpi3b-rpios-throttled").as_deref(), Some("Raspberry Pi 3B"));
    assert_eq!(board("rpizero2w-rpios").as_deref(), Some("Raspberry Pi Zero 2 W"));
    assert_eq!(board("rpi4b-rpios-gpiofan-hot").as_deref(), Some("Raspberry Pi 4"));
    assert_eq!(board("rpi5-rpios-activecooler").as_deref(), Some("Raspberry Pi 5"));
    assert_eq!(board("rpi4b-ups-hat-ina219").as_deref(), Some("Raspberry Pi"));
    assert_eq!(board("vm-no-sensors"), None);
}

#[test]
fn throttling_voltage_and_fans_are_read_where_there_are_files() {
    let found = |name| BoardReport::of(&tree(name));
    assert_eq!(found("rk3588-rock5b-vendor").throttling, Some(false));
    assert_eq!(
        found("rpi3b-rpios-throttled").throttling,
        None,
        "a Pi throttles without Linux seeing it: unknown, not false"
    );
    assert_eq!(found("x86-laptop-bat-discharging").throttling, Some(false), "powerclamp's -1 is idle");
    assert_eq!(found("rpi4b-rpios-gpiofan-hot").under_voltage, Some(false));
    assert_eq!(found("rpi4b-rpios-gpiofan-hot+undervoltage").under_voltage, Some(true));
    assert_eq!(found("vm-no-sensors").under_voltage, None);
    assert_eq!(found("rpi5-rpios-activecooler").fan_trip, Some(50.0));
    let hot = found("rpi5-rpios-activecooler+load-60s");
    assert_eq!((hot.cpu_degrees(), hot.throttling), (Some(55.1), None), "a fan that runs is no throttling");
    assert_eq!(found("rpi4b-rpios-gpiofan-hot+firmware-throttled").cpu_degrees(), Some(80.828));
}

#[test]
fn no_file_of_the_firmware_s_mailbox_is_ever_read() {
    // C4, the pure part: the paths that `platform` opens.
    for name in names() {
        let found = BoardReport::of(&tree(&name));
        let sensors = found.cpu.sensors().iter().map(|sensor| sensor.path.clone());
        let paths = sensors.chain(found.under_voltage_path).chain(found.throttle_paths);
        for path in paths {
            assert!(!path.contains("get_throttled") && !path.contains("cpuinfo_cur_freq"), "{name}: {path}");
            assert!(!path.contains("in0_input"), "{name}: {path}");
        }
    }
}

#[test]
fn batteries_are_read_without_believing_signs_scopes_or_percents() {
    let battery = |name| BoardReport::of(&tree(name)).supplies.battery;
    let ups = battery("rpi-max17040-ups").unwrap();
    assert_eq!((ups.percent, ups.flow), (Some(100), Flow::Unknown), "101 percent, status Unknown");
    assert_eq!(battery("rk3568-nanopi-r5s-test-battery"), None, "the kernel's self-test is no battery");
    assert_eq!(battery("x86-desktop-mouse-battery-only"), None);
    let dell = battery("x86-laptop-dell-charge-units").unwrap();
    assert_eq!((dell.flow, dell.power_uw), (Flow::Discharging, Some(9_525_600)), "its current is positive");
    let laptop = BoardReport::of(&tree("x86-laptop-bat-discharging"));
    assert_eq!((laptop.source(), laptop.supplies.mains), (Source::Battery, Some(false)));
    assert_eq!(laptop.supplies.battery.unwrap().full_uwh, Some(50_060_000));
    assert_eq!(laptop.t_lim_from, LimitFrom::Default);
}

#[test]
fn pressure_is_read_in_all_its_formats_and_unknown_where_it_is_missing() {
    let variants = tree("psi-variants");
    let stall = |path| variants.bytes(path).map(pressure);
    assert_eq!(stall("old-kernel/proc/pressure/cpu"), Ok(Stall { some: Some(1_195_993), full: None }));
    assert_eq!(stall("idle/proc/pressure/irq").unwrap().full, Some(8494));
    assert!(stall("disabled-5.4/proc/pressure/cpu").is_err() && stall("disabled-6.x/proc/pressure").is_err());
}

#[test]
fn rails_that_feed_a_whole_board_are_found_and_others_ignored() {
    let rail = |name| Rail::find(&tree(name), None);
    let value = |name, file: &str| tree(name).integer(file);
    // EXPECT.txt of the tree: 5048 mV x 960 mA.
    let orin = "jetson-orin-nano-jp6";
    let Some(Rail::Product { millivolts, milliamperes }) = rail(orin) else { panic!("a product") };
    assert_eq!((value(orin, &millivolts), value(orin, &milliamperes)), (Ok(5048), Ok(960)));
    let nano = "jetson-nano-jp4-ina3221x";
    let Some(Rail::Milliwatts(milliwatts)) = rail(nano) else { panic!("milliwatts") };
    assert_eq!(value(nano, &milliwatts), Ok(2000));
    let hat = tree("rpi4b-ups-hat-ina219");
    assert_eq!(rail("rpi4b-ups-hat-ina219"), None, "it measures the battery of a HAT");
    let owners = Rail::find(&hat, Some("ina219"));
    let Some(Rail::Microwatts { microwatts, .. }) = owners else { panic!("named by its owner") };
    assert_eq!(hat.integer(&microwatts), Ok(176_000));
    assert_eq!(rail("x86-laptop-bat-discharging"), None, "only root reads RAPL: unknown, not 0");
    let mut opened = tree("x86-laptop-bat-discharging");
    opened.insert("sys/class/powercap/intel-rapl:0/energy_uj", Ok(b"240422366267\n"));
    let Some(Rail::Counter { microjoules, of }) = Rail::find(&opened, None) else {
        panic!("a package that can be read")
    };
    assert_eq!((microjoules[0].1, of), (262_143_328_850, Scope::CpuPackage));
}

#[test]
fn a_report_of_each_tree_says_what_may_run_and_why() {
    for name in names().iter().filter(|name| *name != "psi-variants") {
        let report = Report::glance(&BoardReport::of(&tree(name)), 4);
        let json = serde_json::to_value(&report).unwrap();
        let keys = ["board", "cpu_sensor", "cpu_temp_c", "t_lim_c", "t_lim_from", "power_source", "battery_pct"];
        assert!(keys.iter().all(|key| json.get(key).is_some()), "{name}: {json}");
        println!("{name:46} headroom {:.2} {:?}", report.headroom, report.reason);
    }
    let glance = |name| {
        let report = Report::glance(&BoardReport::of(&tree(name)), 4);
        (report.headroom, report.reason)
    };
    assert_eq!(glance("rpi5-rpios-activecooler"), (1.0, None));
    assert_eq!(glance("rpi3b-rpios-throttled"), (0.0, Some(Reason::TooHot)));
    assert_eq!(glance("vm-no-sensors"), (0.5, Some(Reason::NoSensor)));
    assert_eq!(glance("x86-laptop-bat-discharging"), (0.0, Some(Reason::OnBattery)));
    assert_eq!(glance("rpi4b-rpios-gpiofan-hot+undervoltage"), (0.0, Some(Reason::UnderVoltage)));
    assert_eq!(glance("rpi-max17040-ups"), (0.25, Some(Reason::BatteryUnknown)));
}
