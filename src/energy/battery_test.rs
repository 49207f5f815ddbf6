//! The battery gate by itself.

use super::*;

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

fn supplies(mains: Option<bool>, flow: Flow, percent: u8) -> Option<Supplies> {
    let battery = Battery { flow, percent: Some(percent), full_uwh: Some(50_000_000), ..Battery::default() };
    Some(Supplies { mains, battery: Some(battery) })
}

#[test]
fn unplugging_stops_everything_at_the_next_sample() {
    let mut gate = BatteryGate::new(4, None, Settings::default());
    let charged = gate.sample(at(0), supplies(Some(true), Flow::Resting, 90));
    assert_eq!((charged.gate, charged.source), (Gate::OPEN, Source::Ac));
    let unplugged = gate.sample(at(1), supplies(Some(false), Flow::Discharging, 90));
    assert_eq!((unplugged.gate.at_most, unplugged.gate.reason), (Fraction::NONE, Reason::OnBattery));
}

#[test]
fn a_charge_that_wanders_between_the_levels_switches_at_most_once_each_way() {
    let mut gate = BatteryGate::new(4, None, Settings { trickle_on_battery: true });
    let walk = (39..=61).chain((39..61).rev()).chain(40..=61).chain((45..61).rev());
    let mut runs = Vec::new();
    for (step, percent) in walk.enumerate() {
        let outcome = gate.sample(at(step as u64 * 60), supplies(Some(false), Flow::Discharging, percent));
        runs.push(outcome.gate.at_most > Fraction::NONE);
    }
    let changes = runs.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes, 3, "on at 60, off at 39, on at 60 again and no more");
    let mut up = BatteryGate::new(4, None, Settings { trickle_on_battery: true });
    let mut on = |percent| up.sample(at(0), supplies(Some(false), Flow::Discharging, percent)).gate.at_most;
    assert!(
        (39..60).all(|percent| on(percent) == Fraction::NONE) && on(60) > Fraction::NONE && on(40) > Fraction::NONE
    );
    assert_eq!(on(39), Fraction::NONE);
}

#[test]
fn work_rises_with_the_charge_and_a_nearly_empty_battery_stops_it() {
    let mut gate = BatteryGate::new(4, None, Settings::default());
    let mut on = |percent| gate.sample(at(0), supplies(Some(true), Flow::Charging, percent)).gate.at_most.value();
    assert_eq!([on(14), on(15), on(30), on(80), on(100)], [0.0, 0.25, 0.25, 1.0, 1.0]);
    assert!((on(55) - 0.625).abs() < 1e-9);
}

#[test]
fn a_charger_that_gives_too_little_is_noticed() {
    let mut gate = BatteryGate::new(4, None, Settings::default());
    let mut last = None;
    for minute in 0..40 {
        let percent = 90 - u8::try_from(minute / 10).unwrap();
        last = Some(gate.sample(at(minute * 60), supplies(Some(true), Flow::Resting, percent)));
    }
    assert_eq!(last.map(|outcome| outcome.gate.reason), Some(Reason::WeakCharger));
    let risen = gate.sample(at(41 * 60), supplies(Some(true), Flow::Charging, 88));
    assert_ne!(risen.gate.reason, Reason::WeakCharger, "a charge that rises ends it");
}

#[test]
fn a_little_on_battery_costs_at_most_two_percent_of_it_an_hour() {
    let mut gate = BatteryGate::new(4, Some(0.9), Settings { trickle_on_battery: true });
    let outcome = gate.sample(at(0), supplies(Some(false), Flow::Discharging, 90));
    // 50 Wh a battery: 1 W of 3.6 W; more than the trickle of a quarter.
    assert_eq!(outcome.gate.at_most, Fraction::TRICKLE);
    let mut laptop = BatteryGate::new(8, Some(5.0), Settings { trickle_on_battery: true });
    let outcome = laptop.sample(at(0), supplies(Some(false), Flow::Discharging, 90));
    assert!((outcome.gate.at_most.value() - 1.0 / 40.0).abs() < 1e-9);
}

#[test]
fn a_charge_that_fell_on_battery_is_no_weak_charger_after_plugging_in_and_one_step_is_no_slope() {
    let mut gate = BatteryGate::new(4, None, Settings::default());
    gate.sample(at(0), supplies(Some(false), Flow::Discharging, 79));
    gate.sample(at(700), supplies(Some(false), Flow::Discharging, 78));
    for second in (800..4000).step_by(100) {
        let percent = if second < 2000 { 78 } else { 77 };
        let plugged = gate.sample(at(second), supplies(Some(true), Flow::Resting, percent));
        assert_eq!((plugged.gate, plugged.source), (Gate::OPEN, Source::Ac), "after {second} s");
    }
}

#[test]
fn on_a_charger_that_is_too_weak_as_little_runs_as_on_battery_and_no_less() {
    let mut gate = BatteryGate::new(4, Some(0.9), Settings { trickle_on_battery: true });
    let mut on = |mains| gate.sample(at(0), supplies(Some(mains), Flow::Discharging, 90)).gate;
    assert_eq!((on(false).at_most, on(true).at_most), (Fraction::TRICKLE, Fraction::TRICKLE));
    assert_eq!(on(true).reason, Reason::WeakCharger);
}

#[test]
fn an_unknown_core_is_taken_for_a_laptop_s_until_it_is_measured() {
    let mut gate = BatteryGate::new(8, None, Settings { trickle_on_battery: true });
    let on = |gate: &mut BatteryGate| gate.sample(at(0), supplies(Some(false), Flow::Discharging, 90)).gate.at_most;
    // 1 W an hour of a battery of 50 Wh, of 64 W.
    assert!((on(&mut gate).value() - 1.0 / 64.0).abs() < 1e-9);
    gate.set_core_watts(Some(0.5));
    assert_eq!(on(&mut gate), Fraction::TRICKLE);
    gate.set_core_watts(Some(f64::NAN));
    assert_eq!(on(&mut gate), Fraction::TRICKLE, "NaN is ignored");
}

#[test]
fn supplies_that_cannot_be_read_never_allow_more_than_before() {
    let mut gate = BatteryGate::new(4, None, Settings::default());
    let unread = |gate: &mut BatteryGate| gate.sample(at(9), None);
    assert_eq!(unread(&mut gate).gate, Gate::at(UNKNOWN, Reason::BatteryUnknown));
    gate.sample(at(0), Some(Supplies::default()));
    assert_eq!(unread(&mut gate).gate, Gate::OPEN, "there never was a battery");
    gate.sample(at(0), supplies(Some(true), Flow::Resting, 90));
    assert_eq!(unread(&mut gate).gate, Gate::at(UNKNOWN, Reason::BatteryUnknown));
    for (supplies, reason) in [
        (supplies(Some(false), Flow::Discharging, 90), Reason::OnBattery),
        (supplies(Some(true), Flow::Charging, 5), Reason::BatteryLow),
    ] {
        gate.sample(at(0), supplies);
        let outcomes = [unread(&mut gate), unread(&mut gate)];
        assert!(outcomes.iter().all(|outcome| outcome.gate == Gate::at(Fraction::NONE, reason)), "{outcomes:?}");
        assert!(outcomes.iter().all(|outcome| outcome.source != Source::Ac && !outcome.may_be_lifted));
    }
}

#[test]
fn a_broken_battery_beside_mains_holds_nothing_and_an_empty_one_that_is_charged_does() {
    let mut gate = BatteryGate::new(4, None, Settings::default());
    for flow in [Flow::Resting, Flow::Unknown] {
        let outcome = gate.sample(at(0), supplies(Some(true), flow, 0));
        assert_eq!((outcome.gate, outcome.source, outcome.may_be_lifted), (Gate::OPEN, Source::Ac, false));
        assert_eq!(gate.doubts(), Doubts::NONE.with(Doubt::DeadBattery, true));
    }
    let empty = gate.sample(at(0), supplies(Some(true), Flow::Charging, 3));
    assert_eq!((empty.gate.reason, gate.doubts()), (Reason::BatteryLow, Doubts::NONE));
    let unplugged = gate.sample(at(0), supplies(Some(false), Flow::Unknown, 0));
    assert_eq!(unplugged.gate, Gate::at(Fraction::NONE, Reason::BatteryLow));
}

#[test]
fn a_battery_that_is_charged_for_an_hour_without_rising_is_broken() {
    let mut gate = BatteryGate::new(4, None, Settings::default());
    let mut on = |second, percent| gate.sample(at(second), supplies(Some(true), Flow::Charging, percent)).gate;
    assert!((0..60).all(|minute| on(minute * 60, 4).reason == Reason::BatteryLow));
    assert_eq!(on(3600, 4), Gate::OPEN);
    assert_eq!(on(3660, 5).reason, Reason::BatteryLow, "it rises after all, and the hour begins anew");
    assert_eq!(on(7200, 5).reason, Reason::BatteryLow);
}

#[test]
fn a_gauge_that_says_empty_for_half_an_hour_while_the_device_runs_is_not_believed() {
    let (unknown, battery) = (Gate::at(UNKNOWN, Reason::BatteryUnknown), Gate::at(Fraction::NONE, Reason::OnBattery));
    for (mains, flow, due) in [(None, Flow::Unknown, unknown), (Some(false), Flow::Discharging, battery)] {
        let mut gate = BatteryGate::new(4, None, Settings::default());
        let mut on = |second| gate.sample(at(second), supplies(mains, flow, 0)).gate;
        assert_eq!(on(0), Gate::at(Fraction::NONE, Reason::BatteryLow));
        assert_eq!(on(1799).at_most, Fraction::NONE);
        assert_eq!(on(1800), due, "as on a battery whose charge is unknown");
        assert!(gate.doubts().has(Doubt::EmptyGauge));
    }
}
