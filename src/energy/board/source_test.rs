//! What trees of power supplies give.

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
fn a_charging_battery_means_mains_although_a_port_is_offline() {
    let files = [("B/type", "Battery"), ("B/status", "Charging"), ("A/type", "Mains"), ("A/online", "0")];
    assert_eq!(tree(&files).source(), Source::Ac);
}

#[test]
fn a_supply_of_unknown_type_may_be_a_battery() {
    let mut tree = Tree::default();
    tree.insert(&format!("{FOLDER}/x/type"), Err(Fault::Later));
    assert_eq!(Supplies::read(&tree).source(), Source::Unknown);
    tree.insert(&format!("{FOLDER}/x/type"), Err(Fault::Gone));
    assert_eq!(Supplies::read(&tree).source(), Source::Ac, "there is none");
}

#[test]
fn two_batteries_are_weighted_by_capacity_or_as_full_as_the_emptier_one() {
    let two = |full: &'static str| {
        let mut files = vec![
            ("A/type", "Battery"),
            ("A/capacity", "100"),
            ("A/energy_full", "10000000"),
            ("B/type", "Battery"),
            ("B/capacity", "10"),
        ];
        files.extend((!full.is_empty()).then_some(("B/energy_full", full)));
        tree(&files).battery.unwrap().percent
    };
    assert_eq!(two("80000000"), Some(20));
    assert_eq!(two(""), Some(10), "the capacity of the empty one is unknown");
    assert_eq!(two("9223372036854775807"), Some(10));
}

#[test]
fn a_battery_behind_three_chargers_is_sampled() {
    let mut tree = Tree::default();
    for n in 0..4 {
        for (file, text) in [("type", "USB"), ("online", "0"), ("voltage_now", "0"), ("current_now", "0")] {
            tree.insert(&format!("{FOLDER}/CROS_USBPD_CHARGER{n}/{file}"), Ok(text.as_bytes()));
        }
    }
    for (file, text) in [("type", "Battery"), ("status", "Discharging"), ("charge_full", "1"), ("current_now", "1")] {
        tree.insert(&format!("{FOLDER}/sbs-9-000b/{file}"), Ok(text.as_bytes()));
    }
    let all = files(&tree);
    assert_eq!(all.iter().map(|one| one.files.len()).collect::<Vec<_>>(), [4, 1, 1, 1, 1]);
    assert!(all[0].files.iter().all(|(_, path)| path.contains("sbs-9-000b")));
}

#[test]
fn negative_signs_and_percents_beyond_a_hundred_are_corrected() {
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

const WORN_OUT: [(&str, &str); 5] =
    [("A/type", "Mains"), ("A/online", "1"), ("B/type", "Battery"), ("B/present", "1"), ("B/capacity", "0")];

fn worn_out(more: &[(&str, &str)]) -> Supplies {
    tree(&[&WORN_OUT, more].concat())
}

#[test]
fn a_battery_that_is_empty_and_is_not_charged_beside_mains_is_broken() {
    let broken: [&[(&str, &str)]; 6] = [
        &[("B/status", "Not charging"), ("B/energy_full", "0"), ("B/capacity_level", "Critical")],
        &[("B/status", "Unknown"), ("B/power_now", "0")],
        &[("B/capacity", "7"), ("B/status", "Full")],
        &[],
        &[("B/status", "Discharging"), ("B/power_now", "0")],
        &[("B/status", "Charging"), ("B/power_now", "0"), ("B/energy_full", "0")],
    ];
    for more in broken {
        let supplies = worn_out(more);
        assert_eq!((supplies.source(), supplies.has_dead_battery()), (Source::Ac, true), "{more:?}");
        assert!(supplies.doubts().has(Doubt::DeadBattery));
    }
    let sound: [&[(&str, &str)]; 5] = [
        &[("B/status", "Charging"), ("B/power_now", "9000000")],
        &[("B/status", "Charging")],
        &[("B/status", "Discharging"), ("B/power_now", "5000000")],
        &[("B/status", "Unknown"), ("B/power_now", "5000000")],
        &[("B/status", "Unknown"), ("A/online", "0")],
    ];
    for more in sound {
        assert!(!worn_out(more).has_dead_battery(), "{more:?}");
    }
}

#[test]
fn a_battery_that_gives_no_current_does_not_feed_the_device() {
    let supplies = |status, online: &'static str, power| {
        let mut files = vec![("B/type", "Battery"), ("B/status", status), ("B/capacity", "80"), ("B/power_now", power)];
        files.extend((!online.is_empty()).then_some([("A/type", "Mains"), ("A/online", online)]).into_iter().flatten());
        let supplies = tree(&files);
        (supplies.source(), supplies.doubts().has(Doubt::NoCurrent))
    };
    // A port that is not reported, a threshold that older kernels call discharging.
    assert_eq!(supplies("Full", "0", "0"), (Source::Ac, true));
    assert_eq!(supplies("Full", "", "0"), (Source::Ac, true));
    assert_eq!(supplies("Not charging", "0", "20000"), (Source::Ac, true));
    assert_eq!(supplies("Discharging", "1", "0"), (Source::Ac, true));
    assert_eq!(supplies("Full", "1", "0"), (Source::Ac, false), "nothing contradicts that");
    // Two readings against one, or a current.
    assert_eq!(supplies("Discharging", "0", "0"), (Source::Battery, false), "some drivers measure no power");
    assert_eq!(supplies("Unknown", "0", "0"), (Source::Battery, false));
    assert_eq!(supplies("Full", "0", "7000000"), (Source::Battery, false));
    assert_eq!(supplies("Discharging", "1", "4000000"), (Source::Battery, false), "a weak charger");
}

#[test]
fn a_percentage_that_contradicts_charge_or_level_is_not_believed() {
    let battery = |files: &[(&str, &str)]| {
        let battery = tree(&[&[("B/type", "Battery")], files].concat()).battery.unwrap();
        (battery.percent, battery.critical, battery.doubts.has(Doubt::Percentage))
    };
    let charge = [("B/energy_now", "30000000"), ("B/energy_full", "50000000")];
    assert_eq!(battery(&[&charge[..], &[("B/capacity", "0")]].concat()), (Some(60), false, true));
    assert_eq!(battery(&[&charge[..], &[("B/capacity", "58")]].concat()), (Some(58), false, false));
    assert_eq!(battery(&charge), (Some(60), false, false), "no gauge, and a charge");
    assert_eq!(battery(&[("B/charge_now", "1"), ("B/charge_full", "0"), ("B/capacity", "3")]).0, Some(3));
    assert_eq!(battery(&[("B/capacity", "2"), ("B/capacity_level", "Full")]), (None, false, true));
    assert_eq!(battery(&[("B/capacity", "80"), ("B/capacity_level", "Critical")]), (Some(80), false, true));
    assert_eq!(battery(&[("B/capacity", "8"), ("B/capacity_level", "Critical")]), (Some(8), true, false));
    assert_eq!(battery(&[("B/capacity_level", "Critical")]), (None, true, false));
    assert_eq!(battery(&[("B/capacity", "255")]).0, None, "unknown, and not full");
}

#[test]
fn a_dead_battery_beside_one_that_is_charged_does_not_count() {
    let two = tree(&[
        ("A/type", "Mains"),
        ("A/online", "1"),
        ("B/type", "Battery"),
        ("B/capacity", "0"),
        ("B/status", "Unknown"),
        ("C/type", "Battery"),
        ("C/capacity", "70"),
        ("C/status", "Charging"),
    ]);
    let battery = two.battery.unwrap();
    assert_eq!((battery.percent, battery.flow), (Some(70), Flow::Charging));
    assert_eq!(two.doubts(), Doubts::NONE.with(Doubt::DeadBattery, true));
}
