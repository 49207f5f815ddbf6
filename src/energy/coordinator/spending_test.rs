//! Tests of how joules get from a sample to the ledger and the status.

use super::persisted::{Calibration, PersistedState};
use super::*;
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::ledger::Line;
use crate::energy::accounting::meter::Watts;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::report::BoardReport;
use crate::energy::board::tree::Tree;
use crate::energy::input::{ProcessSample, Sample};
use crate::energy::user_activity::Ticks;

fn leader(persisted: PersistedState, found: &BoardReport) -> HostCoordinator {
    let mut leader = tests::started(persisted, found);
    handle(&mut leader, 0, Input::Elected);
    leader
}

fn handle(coordinator: &mut HostCoordinator, seconds: u64, input: Input<'_>) {
    coordinator.handle(at(seconds), input, &mut Out::new());
}

fn status(coordinator: &mut HostCoordinator, seconds: u64) -> Status<'_> {
    coordinator.status(at(seconds), &mut Out::new())
}

fn found(files: &[(&str, &str)]) -> BoardReport {
    let mut tree = Tree::default();
    files.iter().for_each(|(path, text)| assert!(tree.insert(path, Ok(text.as_bytes()))));
    BoardReport::of(&tree)
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

/// A second after which this process has used `cpu_ms` of CPU time in all, and no other any.
fn second(leader: &mut HostCoordinator, now: u64, cpu_ms: u64, watts: Option<f64>) {
    let ticks = Ticks { busy: cpu_ms / 10, nice: 0, own: cpu_ms / 10, per_second: 100 };
    let process = ProcessSample { cpu: Some(Duration::from_millis(cpu_ms)), quota: None };
    let sample = Sample { ticks: Some(ticks), process, ..Sample::default() };
    let (method, scope) = (Method::RailMeasured, Scope::BoardInput);
    let watts = watts.map(|watts| Watts { watts, mean: false, method, scope });
    handle(leader, now, Input::Sample(&sample, watts));
}

fn lines(leader: &HostCoordinator, now: u64) -> Vec<Line> {
    leader.spending.ledger().day(leader.day(at(now))).map(|totals| totals.lines().collect()).unwrap_or_default()
}

#[test]
fn a_task_is_recorded_with_its_part_of_the_measured_power_when_the_sample_comes() {
    let mut leader = leader(PersistedState::default(), &found(&[]));
    (1..4).for_each(|now| second(&mut leader, now, 0, Some(2.6)));
    let idle = status(&mut leader, 3).baseline.unwrap();
    assert_eq!((idle.watts, idle.scope), (2.6, Scope::BoardInput));
    handle(&mut leader, 3, Input::Demand(tests::WORK));
    handle(&mut leader, 3, Input::TaskEnded { cpu: Duration::from_millis(500), chunks: 2 });
    assert_eq!(lines(&leader, 3), [], "the task waits for the sample");
    second(&mut leader, 4, 500, Some(4.6));
    let all = lines(&leader, 4);
    assert_eq!((all.len(), all[0].method, all[0].scope), (1, Method::RailMeasured, Some(Scope::BoardInput)));
    assert!((all[0].part.joules - 1.0).abs() < 1e-9, "{all:?}");
    assert_eq!((all[0].part.tasks, all[0].part.chunks), (1, 2));
    handle(&mut leader, 4, Input::TaskEnded { cpu: Duration::from_millis(500), chunks: 1 });
    handle(&mut leader, 4, Input::Stop);
    assert_eq!(lines(&leader, 4)[0].part.tasks, 2, "no task is lost when the agent stops");
}

#[test]
fn joules_of_a_calibration_by_the_cpu_package_are_of_the_package() {
    let calibration = Some(Calibration { idle_watts: 3.0, core_watts: 4.0, scope: Scope::CpuPackage });
    let state = PersistedState { calibration, ..PersistedState::default() };
    let mut leader = leader(state, &found(&[]));
    handle(&mut leader, 1, Input::TaskEnded { cpu: Duration::from_secs(2), chunks: 1 });
    let line = lines(&leader, 1)[0];
    assert_eq!((line.method, line.scope), (Method::ModelCalibrated, Some(Scope::CpuPackage)));
    assert_eq!(line.part.joules, 8.0);
    let status = status(&mut leader, 1);
    let (idle, (ledger, today)) = (status.baseline.unwrap(), status.ledger);
    assert_eq!((idle.watts, idle.scope), (3.0, Scope::CpuPackage));
    assert_eq!(ledger.days().map(|(day, _)| day).collect::<Vec<_>>(), [today]);
}

#[test]
fn without_a_sensor_and_a_table_joules_and_idle_are_unknown_and_a_doubted_sensor_has_no_goal() {
    let acpi =
        found(&[("sys/class/thermal/thermal_zone0/type", "acpitz"), ("sys/class/thermal/thermal_zone0/temp", "40000")]);
    let mut leader = leader(PersistedState::default(), &acpi);
    handle(&mut leader, 1, Input::TaskEnded { cpu: Duration::from_secs(2), chunks: 1 });
    assert_eq!((lines(&leader, 1)[0].method, lines(&leader, 1)[0].scope), (Method::Unknown, None));
    let sample = |leader: &mut HostCoordinator, now, raw| {
        let mut sample = Sample::default();
        sample.temperatures.push(Ok(raw)).unwrap();
        handle(leader, now, Input::Sample(&sample, None));
        let status = status(leader, now);
        (status.baseline.map(|idle| idle.watts), status.target, status.sensor_is_proven)
    };
    assert_eq!(sample(&mut leader, 2, 40_000), (None, None, false));
    sample(&mut leader, 3, 41_000);
    assert_eq!(sample(&mut leader, 4, 41_000), (None, Some(76.0), true));
}
