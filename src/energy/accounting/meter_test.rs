//! Synthetic traces: what is recorded is our share of the energy measured above idle, and nothing else.

use super::*;
use crate::base::rng::Rng;

const TABLE: Model = Model { method: Method::ModelDefault, scope: Scope::BoardInput, core_watts: 0.75 };

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn unit(rng: &mut Rng) -> f64 {
    rng.below(1_000_001) as f64 / 1e6
}

fn rail(watts: f64) -> Option<Watts> {
    Some(Watts { watts, mean: false, method: Method::RailMeasured, scope: Scope::BoardInput })
}

fn battery(watts: f64) -> Option<Watts> {
    Some(Watts { watts, mean: false, method: Method::BatteryMeasured, scope: Scope::Battery })
}

fn counter(watts: f64) -> Option<Watts> {
    Some(Watts { watts, mean: true, method: Method::PackageMeasured, scope: Scope::CpuPackage })
}

fn task(cpu: f64) -> Task {
    Task { day: 1, cpu: Duration::from_secs_f64(cpu), chunks: 1 }
}

/// A device sampled each second; CPU time adds up.
struct Device {
    meter: Meter,
    ms: u64,
    mine: f64,
    busy: f64,
}

impl Device {
    fn new(model: Option<Model>) -> Self {
        Self { meter: Meter::new(model, None), ms: 0, mine: 0.0, busy: 0.0 }
    }

    /// One that was seen idle.
    fn idle(model: Option<Model>, watts: f64) -> Self {
        let mut device = Self::new(model);
        (0..5).for_each(|_| assert_eq!(device.second(rail(watts), 0.0, 0.0), None));
        device
    }

    fn second(&mut self, watts: Option<Watts>, mine: f64, others: f64) -> Option<Recorded> {
        (self.ms, self.mine, self.busy) = (self.ms + 1000, self.mine + mine, self.busy + mine + others);
        let time = Duration::from_secs_f64;
        let cpu = Cpu { mine: time(self.mine), busy: time(self.busy) };
        self.meter.sample(at(self.ms), watts, Some(cpu), mine > 0.0)
    }

    fn ended(&mut self, cpu: f64) -> Option<Recorded> {
        self.meter.ended(at(self.ms), task(cpu))
    }
}

fn joules(recorded: Option<Recorded>) -> f64 {
    recorded.unwrap().joules.joules.unwrap()
}

#[test]
fn an_hour_of_a_game_is_not_charged_to_the_next_task() {
    let mut device = Device::idle(None, 20.0);
    (0..3600).for_each(|_| assert_eq!(device.second(rail(100.0), 0.001, 4.0), None));
    (0..3).for_each(|_| assert_eq!(device.second(rail(100.0), 0.0, 4.0), None));
    assert_eq!(device.ended(0.2), None, "recorded when the sample arrives");
    let recorded = device.second(rail(100.0), 0.2, 4.0);
    // 80 W above idle for a second, of which 0.2 of 4.2 CPU seconds were ours.
    assert!((joules(recorded) - 80.0 * 0.2 / 4.2).abs() < 1e-6, "{recorded:?}");
    assert_eq!(recorded.unwrap().joules.attribution, Attribution::CpuShare);
}

#[test]
fn a_task_between_two_samples_has_its_joules() {
    let mut device = Device::idle(None, 2.6);
    device.ended(0.3);
    let recorded = device.second(rail(3.35), 0.3, 0.0);
    assert!((joules(recorded) - 0.375).abs() < 1e-6, "half of the rise of 0.75 W in a second: {recorded:?}");
    let recorded = recorded.unwrap();
    let joules = recorded.joules;
    assert_eq!((joules.method, joules.scope, joules.err_pct), (Method::RailMeasured, Scope::BoardInput, 10));
    assert_eq!((joules.attribution, recorded.tasks, recorded.chunks), (Attribution::Exclusive, 1, 1));
}

#[test]
fn a_task_is_not_charged_with_what_other_agents_of_the_host_used() {
    let mut device = Device::idle(None, 2.6);
    device.second(rail(5.6), 1.0, 3.0);
    device.ended(2.0);
    let recorded = device.second(rail(5.6), 1.0, 3.0);
    assert!((joules(recorded) - (1.5 + 3.0) / 4.0).abs() < 1e-6, "a quarter of the CPU time was ours: {recorded:?}");
}

#[test]
fn recorded_joules_add_up_to_our_share_above_idle() {
    let mut rng = Rng::new(3);
    for gauge in [rail as fn(f64) -> Option<Watts>, counter] {
        let mut device = Device::new(Some(TABLE));
        (0..30).for_each(|_| assert_eq!(device.second(gauge(2.6), 0.0, 0.0), None));
        let (mut truth, mut recorded, mut tasks, mut before, mut running) = (0.0, 0.0, 0, 2.6, 0.0);
        for second in 0..2000 {
            let (mine, others) = (0.2 + 2.0 * unit(&mut rng), 1.5 * unit(&mut rng));
            let watts = 2.6 + 0.8 * (mine + others);
            let failed = rng.one_in(10) && gauge(1.0).is_some_and(|watts| !watts.mean);
            running += mine;
            while running > 0.4 || second == 1999 && running > 0.0 {
                let cpu = if second == 1999 { running } else { 0.1 + 0.3 * unit(&mut rng) };
                running -= cpu;
                tasks += 1;
                assert_eq!(device.ended(cpu), None);
            }
            let mean = if gauge(1.0).unwrap().mean { watts } else { f64::midpoint(before, watts) };
            truth += (mean - 2.6) * mine / (mine + others);
            before = watts;
            let read = if failed && second != 1999 { None } else { gauge(watts) };
            if let Some(some) = device.second(read, mine, others) {
                assert_ne!(some.joules.method, Method::ModelDefault, "second {second}");
                recorded += some.joules.joules.unwrap();
                tasks -= some.tasks;
            }
        }
        assert_eq!(tasks, 0, "each task was recorded");
        assert!((recorded - truth).abs() < truth * 0.1, "{recorded} of {truth}");
    }
}

#[test]
fn energy_that_no_task_used_does_not_change_later_tasks() {
    let mut device = Device::idle(None, 2.6);
    // Hours in which half of our CPU time is queries and writing; then a game, then nothing else again.
    let seconds = |device: &mut Device, count: u64, watts: f64, others: f64| {
        let mut last = 0.0;
        for _ in 0..count {
            device.ended(0.5);
            last = joules(device.second(rail(watts), 1.0, others));
        }
        last
    };
    assert!((seconds(&mut device, 7200, 3.6, 0.0) - 0.5).abs() < 0.01);
    let game = seconds(&mut device, 600, 42.6, 3.0);
    assert!((game - 5.0).abs() < 0.5, "40 W, a quarter of the CPU time, half of it a task's: {game}");
    let after = seconds(&mut device, 600, 3.6, 0.0);
    assert!((after - 0.5).abs() < 0.1, "{after}");
}

#[test]
fn the_model_applies_again_after_battery_and_the_battery_after_a_minute() {
    let mut device = Device::new(Some(TABLE));
    let method = |device: &mut Device, watts: Option<Watts>| {
        let at_once = device.ended(0.5);
        let later = device.second(watts, 0.5, 0.0);
        at_once.or(later).map(|recorded| recorded.joules.method)
    };
    assert_eq!(method(&mut device, None), Some(Method::ModelDefault));
    for second in 0..50 {
        // Idle on battery first, so that its idle power is known.
        if second < 10 {
            device.second(battery(5.0), 0.0, 0.0);
        } else {
            assert_eq!(method(&mut device, battery(6.0)), Some(Method::ModelDefault), "second {second}");
        }
    }
    (0..20).for_each(|_| assert_eq!(device.second(battery(6.0), 0.5, 0.0), None));
    assert_eq!(method(&mut device, battery(6.0)), Some(Method::BatteryMeasured));
    (0..11).for_each(|_| _ = device.second(None, 0.5, 0.0));
    assert_eq!(method(&mut device, None), Some(Method::ModelDefault), "on mains again");
}

#[test]
fn one_failed_read_of_a_rail_does_not_change_the_method() {
    let mut device = Device::idle(Some(TABLE), 2.6);
    device.second(rail(3.6), 1.0, 0.0);
    device.ended(1.0);
    let first = device.second(rail(3.6), 1.0, 0.0);
    device.ended(1.0);
    assert_eq!(device.second(None, 1.0, 0.0), None, "it waits for the next value");
    device.ended(1.0);
    let second = device.second(rail(3.6), 1.0, 0.0);
    assert_eq!(second.unwrap().joules.method, Method::RailMeasured);
    assert_eq!(second.unwrap().tasks, 2);
    // Half a joule in the second of the rise and one in each of three; of four CPU seconds three belong to tasks.
    assert!((joules(first) - 1.5 / 2.0).abs() < 1e-6 && (joules(second) - 2.75 * 2.0 / 3.0).abs() < 1e-6);
}

#[test]
fn a_device_that_was_never_seen_idle_is_modelled_and_0_watts_are_no_idle() {
    let mut device = Device::new(Some(TABLE));
    device.second(rail(5.6), 4.0, 0.0);
    device.second(rail(0.0), 0.0, 0.0);
    device.second(rail(f64::NAN), 0.0, 0.0);
    device.second(rail(6553.5), 0.0, 0.0);
    for _ in 0..20 {
        device.second(rail(5.6), 4.0, 0.0);
        let recorded = device.ended(1.0).unwrap();
        assert_eq!((recorded.joules.method, recorded.joules.joules), (Method::ModelDefault, Some(0.75)));
        assert_eq!(recorded.joules.scope, Scope::BoardInput);
    }
    assert_eq!(device.meter.baseline(at(device.ms)), None, "unknown, not 0");
    (0..3).for_each(|_| _ = device.second(rail(2.6), 0.0, 0.0));
    let baseline = device.meter.baseline(at(device.ms)).unwrap();
    assert_eq!((baseline.method, baseline.scope), (Method::RailMeasured, Scope::BoardInput));
    assert!(baseline.watts >= 2.6 && baseline.watts < 4.2, "{baseline:?}");
    let unknown = Device::new(None).ended(1.0).unwrap();
    assert_eq!(unknown.joules, Joules::UNKNOWN);
}

#[test]
fn work_that_raises_no_power_is_never_recorded_as_0() {
    let mut device = Device::idle(Some(TABLE), 2.6);
    for _ in 0..200 {
        let recorded = device.ended(1.0).or(device.second(rail(2.6), 1.0, 0.0));
        assert!(
            recorded.is_none_or(|recorded| recorded.joules.joules.is_some_and(|joules| joules > 0.0)),
            "{recorded:?}"
        );
    }
    device.ended(1.0);
    assert!(device.meter.close().is_some_and(|recorded| recorded.joules.joules.unwrap() > 0.5));
}

#[test]
fn tasks_that_ended_when_the_agent_stops_are_charged_at_the_last_rate() {
    let mut device = Device::idle(None, 2.6);
    device.second(rail(3.6), 1.0, 0.0);
    device.ended(2.0);
    let recorded = device.second(rail(3.6), 1.0, 0.0);
    assert!((joules(recorded) - 1.5).abs() < 1e-6);
    assert_eq!(device.meter.close(), None);
    device.ended(0.4);
    let last = device.meter.close();
    assert!((joules(last) - 0.3).abs() < 1e-6, "{last:?}");
    assert_eq!(last.unwrap().joules.method, Method::RailMeasured);
}

#[test]
fn a_calibration_gives_idle_power_to_methods_of_its_scope_only() {
    let calibrated = Meter::new(None, Some((2.6, Scope::BoardInput)));
    assert_eq!(calibrated.baseline(at(0)).unwrap().method, Method::ModelCalibrated);
    let mut device = Device { meter: calibrated, ms: 0, mine: 0.0, busy: 0.0 };
    device.second(rail(3.6), 1.0, 0.0);
    device.second(rail(3.6), 1.0, 0.0);
    device.ended(1.0);
    assert!((joules(device.second(rail(3.6), 1.0, 0.0)) - 1.0).abs() < 1e-6, "at once, though it never was idle");
    let mut device = Device { meter: Meter::new(None, Some((2.6, Scope::BoardInput))), ms: 0, mine: 0.0, busy: 0.0 };
    (0..3).for_each(|_| _ = device.second(counter(9.0), 1.0, 0.0));
    assert_eq!(device.ended(1.0).unwrap().joules, Joules::UNKNOWN, "a board's idle is not a package's");
}

#[test]
fn the_model_lies_within_its_printed_error_of_a_measured_rail_for_most_tasks() {
    // Boards of one kind differ by up to a third, their work by a little; the rail has its own error.
    let mut rng = Rng::new(7);
    let (mut within, mut all) = (0, 0);
    for _ in 0..200 {
        let truth = 0.75 * (0.7 + 0.6 * unit(&mut rng));
        let near = calibrate(&[(0, 2.6), (1, 2.6 + truth), (4, 2.6 + 4.0 * truth)]).unwrap().0;
        for (method, core_watts) in [(Method::ModelDefault, 0.75), (Method::ModelCalibrated, near)] {
            let mut device = Device::idle(None, 2.6);
            let mut model = Meter::new(Some(Model { method, core_watts, ..TABLE }), None);
            device.second(rail(2.6 + truth), 0.0, 0.0);
            let seconds = 1 + rng.below(20);
            for _ in 0..seconds {
                device.second(rail(2.6 + truth * (0.95 + 0.1 * unit(&mut rng))), 1.0, 0.0);
            }
            let cpu = seconds as f64;
            device.ended(cpu);
            let measured = joules(device.second(rail(2.6 + truth), 0.0, 0.0));
            let modelled = model.ended(at(0), task(cpu)).unwrap().joules;
            let off = (modelled.joules.unwrap() - measured).abs() / measured.max(modelled.joules.unwrap()) * 100.0;
            within += u32::from(off <= f64::from(modelled.err_pct));
            all += 1;
        }
    }
    assert!(within * 100 >= all * 95, "{within} of {all}");
}

#[test]
fn a_calibration_needs_power_that_rises_with_the_work() {
    let (core, idle) = calibrate(&[(0, 2.6), (1, 3.35), (4, 5.6)]).unwrap();
    assert!((core - 0.75).abs() < 1e-9 && (idle - 2.6).abs() < 1e-9);
    assert_eq!(calibrate(&[(0, 3.0), (4, 2.0)]), None);
    assert_eq!(calibrate(&[(1, 3.0)]), None);
    assert_eq!(calibrate(&[]), None);
}
