//! The thermal gate by itself; tests/energy/heat.rs runs it in the loop with simulated boards.

use super::estimate::STEP_MAX;
use super::pi_controller::SLEW;
use super::target::LOWERED_MAX;
use super::*;

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

fn warm(degrees: f64) -> Option<Temperature> {
    Some(Temperature { degrees, still: Duration::ZERO })
}

/// A gate for 80 degrees after `seconds` at `degrees`, with all that it allowed done.
fn after(seconds: u64, degrees: f64) -> (ThermalController, Gate) {
    let mut thermal = ThermalController::new(80.0, Some(50.0), false, Settings::default());
    let mut gate = Gate::OPEN;
    for second in 0..=seconds {
        let ran = gate.at_most;
        gate = thermal.sample(at(second), warm(degrees), false, ran);
    }
    (thermal, gate)
}

#[test]
fn a_cold_board_opens_by_the_slew_and_no_faster() {
    assert!((after(10, 40.0).1.at_most.value() - 0.5).abs() < 1e-9);
    assert_eq!(after(30, 40.0).1, Gate::OPEN);
}

#[test]
fn near_the_limit_it_shuts_for_five_seconds() {
    let (mut thermal, gate) = after(60, 78.6);
    assert_eq!((gate.at_most, gate.reason), (Fraction::NONE, Reason::TooHot));
    let shut: Vec<bool> =
        (61..80).map(|s| thermal.sample(at(s), warm(60.0), false, Fraction::NONE).reason == Reason::TooHot).collect();
    // The median holds the last hot value for one more second; then five seconds from there.
    assert_eq!(shut.iter().filter(|shut| **shut).count(), 5, "{shut:?}");
}

#[test]
fn throttling_holds_it_low_for_a_minute_and_lowers_the_target_that_recovers_slowly() {
    let (mut thermal, _) = after(60, 50.0);
    assert!((thermal.target() - 76.0).abs() < 1e-9);
    let gate = thermal.sample(at(61), warm(50.0), true, Fraction::ALL);
    assert_eq!((gate.at_most, gate.reason), (THROTTLED, Reason::Throttled));
    assert!((thermal.target() - 74.0).abs() < 0.01);
    let held =
        (62..140).filter(|s| thermal.sample(at(*s), warm(50.0), false, Fraction::NONE).reason == Reason::Throttled);
    assert_eq!(held.count(), 59);
    (140..661).for_each(|s| {
        thermal.sample(at(s), warm(50.0), false, Fraction::NONE);
    });
    assert!((thermal.target() - 75.0).abs() < 0.02, "a degree in ten minutes: {}", thermal.target());
}

#[test]
fn throttling_without_end_lowers_the_target_no_further_than_its_bound() {
    let (mut thermal, _) = after(5, 50.0);
    (6..10_000).for_each(|s| {
        thermal.sample(at(s), warm(50.0), s % 70 == 0, Fraction::NONE);
    });
    assert!(thermal.target() >= 76.0 - LOWERED_MAX);
}

#[test]
fn while_the_sensor_is_silent_nothing_rises_and_after_five_seconds_it_falls() {
    let (mut thermal, before) = after(14, 40.0);
    assert!((before.at_most.value() - 0.7).abs() < 1e-9);
    for second in 15..40 {
        let gate = thermal.sample(at(second), None, false, Fraction::ALL);
        let due = if second <= 19 { before.at_most.value() } else { SILENT_AT_MOST };
        assert!((gate.at_most.value() - due).abs() < 1e-9, "second {second}: {gate:?}");
        assert_eq!(gate.reason, Reason::SensorSilent);
    }
    let mut never = ThermalController::new(80.0, None, false, Settings::default());
    let first = never.sample(at(0), None, false, Fraction::NONE).at_most.value();
    assert!((first - SILENT_AT_MOST).abs() < 1e-9, "a sensor that never answered is a silent one");
}

#[test]
fn without_a_sensor_half_is_used_and_silent_mode_keeps_the_fan_off() {
    let mut without_sensor = ThermalController::new(80.0, None, true, Settings::default());
    assert_eq!(without_sensor.sample(at(0), None, false, Fraction::NONE), Gate::at(NO_SENSOR, Reason::NoSensor));
    let silent =
        |fan| ThermalController::new(80.0, fan, false, Settings { silent: true, ..Settings::default() }).target();
    assert!((silent(Some(50.0)) - 47.0).abs() < 1e-9, "a Pi 5");
    assert!((silent(None) - 76.0).abs() < 1e-9, "no fan to keep off");
    let margin = |margin| ThermalController::new(80.0, None, false, Settings { margin, silent: false }).target();
    assert!((margin(0.0) - 77.0).abs() < 1e-9 && (margin(99.0) - 70.0).abs() < 1e-9);
}

#[test]
fn a_sensor_that_vanishes_raises_nothing_until_one_is_seen_again() {
    let after_sensor_lost = |mut thermal: ThermalController, from: u64| {
        thermal.set_limit(80.0, None, true);
        let gates: Vec<f64> =
            (from..from + 60).map(|s| thermal.sample(at(s), None, false, Fraction::NONE).at_most.value()).collect();
        (gates, thermal)
    };
    let (hot, before) = after(60, 78.6);
    assert_eq!(before.reason, Reason::TooHot);
    let (gates, mut hot) = after_sensor_lost(hot, 61);
    assert!(gates.iter().all(|at_most| *at_most == 0.0), "too hot, and then unseen: {gates:?}");
    let (gates, _) = after_sensor_lost(after(4, 40.0).0, 5);
    assert!(gates.iter().all(|at_most| (at_most - 0.2).abs() < 1e-9), "{gates:?}");
    assert!(after_sensor_lost(after(60, 40.0).0, 61).0.iter().all(|at_most| *at_most <= SILENT_AT_MOST));
    let silent = ThermalController::new(80.0, None, false, Settings::default());
    assert!(
        after_sensor_lost(silent, 0).0.iter().all(|at_most| *at_most <= SILENT_AT_MOST),
        "it was listed, and never answered"
    );
    // Listed again: from what it was, by the slew.
    hot.set_limit(80.0, None, false);
    let again: Vec<f64> =
        (121..130).map(|s| hot.sample(at(s), warm(40.0), false, Fraction::NONE).at_most.value()).collect();
    assert!(again[0] < 1e-9 && again.windows(2).all(|two| two[1] - two[0] < SLEW + 1e-9), "{again:?}");
}

#[test]
fn after_a_silence_work_rises_by_the_slew_and_not_by_the_time_that_was_silent() {
    for silence in [7, 20, 29, 40] {
        let (mut thermal, _) = after(60, 40.0);
        for second in 61..61 + silence {
            thermal.sample(at(second), None, false, Fraction::NONE);
        }
        let back = thermal.sample(at(61 + silence), warm(40.0), false, Fraction::NONE).at_most.value();
        assert!(back <= SILENT_AT_MOST + SLEW + 1e-9, "{silence} s of silence, then {back}");
        // No sample for up to 40 s: it earns what one idle sample earns.
        let (mut thermal, before) = after(8, 40.0);
        let late = thermal.sample(at(8 + silence), warm(40.0), false, Fraction::ALL).at_most.value();
        assert!(late <= before.at_most.value() + STEP_MAX * SLEW + 1e-9, "{late}");
    }
}

#[test]
fn what_was_learned_is_taken_up_and_nonsense_is_not() {
    let mut thermal = ThermalController::new(80.0, None, false, Settings::default());
    thermal.restore(0.6);
    assert!((thermal.learned() - 0.6).abs() < 1e-9);
    for nonsense in [f64::NAN, -1.0, 0.0] {
        thermal.restore(nonsense);
        assert!((thermal.learned() - 0.6).abs() < 1e-9);
    }
    thermal.restore(f64::INFINITY);
    assert!((thermal.learned() - 1.0).abs() < 1e-9);
}

#[test]
fn a_sensor_that_stands_still_earns_no_more_work() {
    let mut thermal = ThermalController::new(80.0, None, false, Settings::default());
    let mut gate = Gate::OPEN;
    let mut seen = Vec::new();
    for second in 0..400 {
        let still = Duration::from_secs(second);
        let ran = gate.at_most;
        gate = thermal.sample(at(second), Some(Temperature { degrees: 74.0, still }), false, ran);
        seen.push(gate.at_most.value());
    }
    assert!((seen[30] - seen[399]).abs() < 1e-9, "{} and then {}", seen[30], seen[399]);
}
