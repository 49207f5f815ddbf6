//! The way of joules from a sample to the ledger, and what is told of them.

use super::*;
use crate::energy::accounting::ledger::Line;
use crate::energy::board::tree::Tree;
use crate::energy::user_activity::Ticks;
use crate::runtime::governor::state_file::{Calibration, Kept};
use smol::channel::bounded;

fn core(kept: Kept, found: &BoardReport) -> HostCoordinator {
    let (inputs, _) = bounded(64);
    let mut core = HostCoordinator::new(at(0), None, 4, found, &tests::setup(), kept, inputs);
    core.lead(at(0), true);
    core
}

fn found(files: &[(&str, &str)]) -> BoardReport {
    let mut tree = Tree::default();
    files.iter().for_each(|(path, text)| assert!(tree.insert(path, Ok(text.as_bytes()))));
    BoardReport::of(&tree)
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

/// A second in which we used `mine` milliseconds of CPU, and others none.
fn second(core: &mut HostCoordinator, now: u64, cpu_ms: u64, watts: Option<f64>) {
    let ticks = Ticks { busy: cpu_ms / 10, own: cpu_ms / 10, per_second: 100 };
    let mine = Some(Duration::from_millis(cpu_ms));
    let sample = Sample { ticks: Some(ticks), mine, backlog: core.backlog(at(now)), ..Sample::default() };
    let (method, scope) = (Method::RailMeasured, Scope::BoardInput);
    let watts = watts.map(|watts| Watts { watts, mean: false, method, scope });
    core.end_reading(at(now), &sample, watts, false);
}

fn lines(core: &HostCoordinator, now: u64) -> Vec<Line> {
    core.ledger.day(core.day(at(now))).map(|totals| totals.lines().collect()).unwrap_or_default()
}

#[test]
fn a_task_is_booked_with_its_part_of_the_rail_when_the_sample_comes() {
    let mut core = core(Kept::default(), &found(&[]));
    (1..4).for_each(|now| second(&mut core, now, 0, Some(2.6)));
    let unknown = core.current(at(3), &found(&[]));
    assert_eq!((unknown.more.idle_watts, unknown.more.idle_scope), (Some(2.6), Some(Scope::BoardInput)));
    core.demand(at(3), Backlog { oldest: Some(Duration::ZERO), can_wait: Duration::ZERO });
    core.spent(at(3), Duration::from_millis(500), 2);
    assert_eq!(lines(&core, 3), [], "it waits for the sample");
    second(&mut core, 4, 500, Some(4.6));
    let all = lines(&core, 4);
    assert_eq!((all.len(), all[0].method, all[0].scope), (1, Method::RailMeasured, Some(Scope::BoardInput)));
    assert!((all[0].part.joules - 1.0).abs() < 1e-9, "{all:?}");
    assert_eq!((all[0].part.tasks, all[0].part.chunks), (1, 2));
    core.spent(at(4), Duration::from_millis(500), 1);
    core.stop();
    assert_eq!(lines(&core, 4)[0].part.tasks, 2, "none is lost when the agent stops");
}

#[test]
fn joules_of_a_calibration_by_the_cpu_package_are_of_the_package() {
    let calibration = Some(Calibration { idle_watts: 3.0, core_watts: 4.0, scope: Scope::CpuPackage });
    let mut core = core(Kept { calibration, ..Kept::default() }, &found(&[]));
    core.spent(at(1), Duration::from_secs(2), 1);
    let line = lines(&core, 1)[0];
    assert_eq!((line.method, line.scope), (Method::ModelCalibrated, Some(Scope::CpuPackage)));
    assert_eq!(line.part.joules, 8.0);
    let told = core.current(at(1), &found(&[])).more;
    assert_eq!((told.idle_watts, told.idle_scope), (Some(3.0), Some(Scope::CpuPackage)));
    assert_eq!((told.today.len(), told.days.len()), (1, 0));
}

#[test]
fn without_a_sensor_and_a_table_joules_and_idle_are_unknown_and_a_doubted_sensor_has_no_goal() {
    let acpi =
        found(&[("sys/class/thermal/thermal_zone0/type", "acpitz"), ("sys/class/thermal/thermal_zone0/temp", "40000")]);
    let mut core = core(Kept::default(), &acpi);
    core.spent(at(1), Duration::from_secs(2), 1);
    assert_eq!((lines(&core, 1)[0].method, lines(&core, 1)[0].scope), (Method::Unknown, None));
    let sample = |core: &mut HostCoordinator, now, raw| {
        let mut sample = Sample::default();
        sample.temperatures.push(Ok(raw)).unwrap();
        core.end_reading(at(now), &sample, None, false);
        core.current(at(now), &acpi)
    };
    let doubted = sample(&mut core, 2, 40_000);
    assert_eq!((doubted.more.idle_watts, doubted.more.goal_c, doubted.report.cpu_temp_c), (None, None, None));
    sample(&mut core, 3, 41_000);
    let proven = sample(&mut core, 4, 41_000);
    assert_eq!((proven.more.goal_c, proven.report.cpu_temp_c), (Some(76.0), Some(40.0)));
}

#[test]
fn a_change_is_sampled_at_once_and_only_what_comes_or_goes_is_listed() {
    let mut core = core(Kept::default(), &found(&[]));
    core.begin_reading(at(1));
    core.something_changed(false);
    assert_eq!((core.sample_at(at(1)), core.rescan), (Some(at(1)), false));
    core.something_changed(true);
    core.something_changed(false);
    assert!(core.rescan);
}
