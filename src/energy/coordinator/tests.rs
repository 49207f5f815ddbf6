//! Tests of one coordinator: late sensors, what the node is sent, hints, the time of day, what is saved.

use super::persisted::PersistedState;
use super::*;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::energy::board::report::BoardReport;
use crate::energy::board::tree::Tree;
use crate::energy::decision::Decision;
use crate::energy::governor::Settings;
use crate::energy::input::Sample;
use crate::energy::mode::Mode;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::pause::Pause;
use crate::energy::policy::wall::{Wall, Zone};
use crate::energy::reason::Reason;
use crate::energy::sample::fault::{Fault, Reading};
use crate::limits::SPENT_SAVE_MS;

/// A coordinator on a device of four cores.
pub(super) fn started(persisted: PersistedState, found: &BoardReport) -> HostCoordinator {
    let (settings, can_wait) = (Settings::default(), Duration::ZERO);
    HostCoordinator::new(at(0), None, Setup { cores: 4, found, settings, can_wait, boot: None, persisted })
}

/// One that knows no other agent yet.
pub(super) fn seeker() -> HostCoordinator {
    started(PersistedState::default(), &board_report())
}

/// One that leads.
pub(super) fn leader() -> HostCoordinator {
    let mut leader = seeker();
    handle(&mut leader, 0, Input::Elected);
    leader
}

/// One that is connected to a leader that has sent nothing.
pub(super) fn follower() -> HostCoordinator {
    let mut follower = seeker();
    handle(&mut follower, 0, Input::Wake);
    handle(&mut follower, 0, Input::LeaderFound);
    follower
}

/// A device with one sensor, on mains.
pub(super) fn board_report() -> BoardReport {
    let mut tree = Tree::default();
    for (file, text) in [("type", "cpu-thermal\n"), ("temp", "40000\n")] {
        assert!(tree.insert(&format!("sys/class/thermal/thermal_zone0/{file}"), Ok(text.as_bytes())));
    }
    BoardReport::of(&tree)
}

pub(super) fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// The outputs of an input.
pub(super) fn handle(coordinator: &mut HostCoordinator, ms: u64, input: Input<'_>) -> Vec<Output> {
    let mut out = Out::new();
    coordinator.handle(at(ms), input, &mut out);
    out.drain().collect()
}

pub(super) fn decision(coordinator: &mut HostCoordinator, ms: u64) -> Decision {
    coordinator.decision(at(ms), &mut Out::new())
}

/// One second on a cool device whose sensors answer at once.
pub(super) fn second(coordinator: &mut HostCoordinator, ms: u64) -> Vec<Output> {
    let mut outputs = handle(coordinator, ms, Input::Wake);
    let mut sample = Sample::default();
    // A real sensor has noise; one whose value stands still is not trusted.
    sample.temperatures.push(Ok(40_000 + i64::try_from(ms / 1000 % 3).unwrap() * 487)).unwrap();
    sample.supplies = Some(Default::default());
    outputs.extend(handle(coordinator, ms, Input::Sample(&sample, None)));
    outputs
}

pub(super) const WORK: Backlog = Backlog { oldest: Some(Duration::ZERO), can_wait: Duration::ZERO };
pub(super) const READ: Output = Output::ReadSensors { relist: false };

#[test]
fn other_quiet_hours_hold_at_once_at_the_agent_that_leads() {
    use crate::energy::fraction::Fraction;
    use crate::energy::policy::hours::{QuietHours, Window};
    let mut leader = leader();
    handle(&mut leader, 0, Input::Time(Some(Wall(3600)), Some(&Zone::new(0, &[]))));
    handle(&mut leader, 0, Input::Demand(WORK));
    (1..90).for_each(|s| _ = second(&mut leader, s * 1000));
    assert!(decision(&mut leader, 89_500).headroom.value() > 0.5);
    let mut hours = QuietHours::default();
    assert!(hours.add(Window { days: Window::DAILY, from: 0, to: 420 }, Fraction::NONE));
    let told = handle(&mut leader, 89_600, Input::Quiet(&hours));
    assert!(told.iter().any(|output| matches!(output, Output::Power(_))), "the node is told: {told:?}");
    let held = decision(&mut leader, 89_600);
    assert_eq!((held.headroom.value(), held.reason), (0.0, Some(Reason::QuietHours)));
    assert_eq!(leader.quiet_hours(), &hours);
    handle(&mut leader, 89_700, Input::Quiet(&QuietHours::default()));
    assert_ne!(decision(&mut leader, 89_700).reason, Some(Reason::QuietHours));
}

#[test]
fn a_sensor_that_never_answers_delays_no_decision_and_raises_no_headroom() {
    let mut leader = leader();
    handle(&mut leader, 0, Input::Demand(WORK));
    (1..90).for_each(|s| _ = second(&mut leader, s * 1000));
    let before = decision(&mut leader, 89_500).headroom;
    assert!(before.value() > 0.5, "it has risen: {before:?}");
    assert_eq!(handle(&mut leader, 90_000, Input::Wake), [READ]);
    for ms in (90_000..120_000).step_by(100) {
        let decision = decision(&mut leader, ms);
        assert!(decision.headroom <= before, "headroom rose without a reading: {decision:?}");
    }
    let silent = decision(&mut leader, 120_000);
    assert_eq!(silent.reason, Some(Reason::SensorSilent));
    assert!(silent.headroom.value() <= 0.35, "{silent:?}");
    handle(&mut leader, 120_000, Input::SampleLate);
    (121..240).for_each(|s| _ = second(&mut leader, s * 1000));
    assert!(decision(&mut leader, 240_000).headroom.value() > 0.5, "it rises again once the sensor answers");
}

#[test]
fn a_late_read_is_unknown_by_the_deadline_alone_and_once_a_second_from_then_on() {
    let mut leader = leader();
    handle(&mut leader, 0, Input::Wake);
    assert_eq!(leader.deadline(at(0)), Some(at(251)));
    for due in [251, 1251, 2251] {
        assert_eq!(leader.deadline(at(due - 1)), Some(at(due)));
        handle(&mut leader, due, Input::Wake);
    }
    assert!(leader.host_deadline(at(3000)).is_none() && leader.sampler_deadline(at(3000)).is_none());
}

#[test]
fn the_node_is_sent_new_modes_and_reasons_but_not_every_duty() {
    let mut leader = leader();
    let mut outputs = handle(&mut leader, 0, Input::Demand(WORK));
    (1..120).for_each(|s| outputs.extend(second(&mut leader, s * 1000)));
    let power = |output: &Output| match output {
        Output::Power(decision) => Some((decision.workers, decision.mode, decision.reason)),
        _ => None,
    };
    let sent: Vec<_> = outputs.iter().filter_map(power).collect();
    assert_eq!(sent.last(), Some(&(4, Mode::Full, None)), "{sent:?}");
    assert!(sent.windows(2).all(|two| two[0] != two[1]), "each differs from the one before: {sent:?}");
    assert!(sent.len() < 20, "two minutes of rising headroom are few inputs: {sent:?}");
}

#[test]
fn a_decision_that_the_node_had_no_room_for_is_sent_again() {
    let mut leader = leader();
    let is_sent = |outputs: &[Output]| outputs.iter().any(|output| matches!(output, Output::Power(_)));
    assert!(!is_sent(&handle(&mut leader, 5, Input::Demand(WORK))), "the node knows that nothing is allowed yet");
    handle(&mut leader, 6, Input::NodeFull);
    assert!(is_sent(&second(&mut leader, 7)));
}

#[test]
fn the_age_of_waiting_work_continues_over_a_restart() {
    let mut first = leader();
    handle(&mut first, 1000, Input::Demand(WORK));
    let state = first.persisted(at(61_000));
    assert_eq!(state.waited_ms, 60_000);
    let mut again = started(state, &board_report());
    handle(&mut again, 5000, Input::Demand(WORK));
    assert_eq!(again.backlog(at(6000)).oldest, Some(Duration::from_secs(61)));
}

#[test]
fn a_pause_ends_when_it_was_to_end_however_often_the_agent_starts_on_a_device_without_a_clock() {
    let begun = |now, boot: &str, persisted| {
        let (settings, can_wait, found) = (Settings::default(), Duration::ZERO, board_report());
        let boot = Some(boot.to_owned());
        HostCoordinator::new(at(now), None, Setup { cores: 4, found: &found, settings, can_wait, boot, persisted })
    };
    let mut first = begun(0, "a", PersistedState::default());
    handle(&mut first, 0, Input::Pause(Some(Pause::lasting(at(0), Duration::from_secs(3600)))));
    let ends = |agent: &HostCoordinator| agent.pause().and_then(|pause| pause.until());
    // What was saved when the pause was set is not saved again.
    let saved = first.persisted(at(0));
    let second = begun(1_200_000, "a", saved.clone());
    let third = begun(2_400_000, "a", second.persisted(at(1_200_000)));
    assert_eq!((ends(&second), ends(&third)), (Some(at(3_600_000)), Some(at(3_600_000))));
    let late = begun(3_600_000, "a", saved.clone());
    assert!(late.pause().is_none_or(|pause| !pause.holds(at(3_600_000))), "it ended meanwhile");
    assert_eq!(late.persisted(at(3_600_000)).pause, None);
    assert_eq!(ends(&begun(5_000, "b", saved)), Some(at(3_605_000)), "after a reboot nobody knows how much has passed");
}

#[test]
fn hints_hold_for_their_time_and_invalid_ones_change_nothing() {
    let mut leader = leader();
    let good = br#"{"v":1,"state":"surplus","ttl_s":10}"#;
    let taken = handle(&mut leader, 0, Input::Hint(HintFrom::Api, good));
    assert!(matches!(taken[..], [Output::Power(Decision { energy: Energy::Surplus, .. })]), "{taken:?}");
    assert!(matches!(handle(&mut leader, 1, Input::Hint(HintFrom::Api, b"{}"))[..], [Output::HintRefused(_)]));
    assert_eq!(leader.governor.policy.energy(at(9_999), None).0, Energy::Surplus);
    assert_eq!(leader.governor.policy.energy(at(10_000), None).0, Energy::Unknown);
}

#[test]
fn a_hint_file_counts_from_when_it_was_written() {
    let mut leader = leader();
    handle(&mut leader, 0, Input::Time(Some(Wall(2_000_000_000)), None));
    let hint = br#"{"v":1,"state":"surplus","ttl_s":900}"#;
    let from = |written| Input::Hint(HintFrom::HintFile { written }, hint);
    handle(&mut leader, 0, from(2_000_000_000 - 1000));
    assert_eq!(leader.governor.policy.energy(at(0), None).0, Energy::Unknown, "it had expired before it was read");
    handle(&mut leader, 0, from(2_000_000_000 - 600));
    assert_eq!(leader.governor.policy.energy(at(299_000), None).0, Energy::Surplus);
    assert_eq!(leader.governor.policy.energy(at(300_000), None).0, Energy::Unknown);
}

#[test]
fn the_time_of_day_advances_between_two_readings_of_the_clock() {
    let mut leader = leader();
    assert_eq!(leader.wall(at(5)), None);
    handle(&mut leader, 0, Input::Time(Some(Wall(12 * 3600)), Some(&Zone::new(3600, &[]))));
    let now = at(4 * 3_600_000);
    let pause = Pause::until_clock(now, leader.wall(now), leader.zone(), 18 * 60).unwrap();
    assert_eq!(
        pause.until(),
        Some(at(5 * 3_600_000)),
        "from noon UTC, four hours later, it is five in this zone: one hour until six"
    );
}

#[test]
fn an_agent_that_did_nothing_writes_nothing_and_a_write_that_failed_is_tried_again_soon() {
    let mut follower = follower();
    let state = follower.persisted(at(0));
    handle(&mut follower, 0, Input::Saved(Some(&state)));
    assert_eq!(follower.sampler_deadline(at(0)), Some(at(3_600_000)));
    assert!(!follower.is_new(&follower.persisted(at(3_600_000))));
    assert_eq!(handle(&mut follower, 3_600_000, Input::Wake).last(), Some(&Output::Save));
    assert_eq!(follower.sampler_deadline(at(3_600_000)), None, "one at a time");
    let ended = Input::TaskEnded { cpu: Duration::from_millis(200), chunks: 4 };
    handle(&mut follower, 3_700_000, ended);
    assert!(follower.is_new(&follower.persisted(at(3_700_001))));
    handle(&mut follower, 3_700_001, Input::Saved(None));
    assert_eq!(follower.sampler_deadline(at(3_700_001)), Some(at(3_760_001)));
    assert!(follower.is_new(&follower.persisted(at(3_760_001))), "and it is still new");
}

#[test]
fn what_work_took_is_saved_within_minutes_and_no_oftener_than_that() {
    let spent = || Input::TaskEnded { cpu: Duration::from_millis(200), chunks: 4 };
    let saves = |agent: &mut HostCoordinator, ms: u64| handle(agent, ms, Input::Wake).contains(&Output::Save);
    let mut follower = follower();
    let state = follower.persisted(at(0));
    handle(&mut follower, 0, Input::Saved(Some(&state)));
    (1..=60).for_each(|s| _ = handle(&mut follower, s * 1000, spent()));
    assert_eq!(follower.sampler_deadline(at(60_000)), Some(at(1000 + SPENT_SAVE_MS)), "from the first on");
    assert!(saves(&mut follower, 1000 + SPENT_SAVE_MS));
    // While that is written more ends, which it may not have.
    handle(&mut follower, 602_000, spent());
    let state = follower.persisted(at(602_000));
    handle(&mut follower, 603_000, Input::Saved(Some(&state)));
    assert_eq!(follower.sampler_deadline(at(603_000)), Some(at(603_000 + SPENT_SAVE_MS)));
    assert!(saves(&mut follower, 603_000 + SPENT_SAVE_MS));
    handle(&mut follower, 1_204_000, Input::Saved(Some(&state)));
    assert_eq!(follower.sampler_deadline(at(1_204_000)), Some(at(1_204_000 + 3_600_000)), "nothing was done since");
}

#[test]
fn three_falls_of_the_voltage_cost_a_worker_and_that_outlives_a_restart() {
    let mut leader = leader();
    handle(&mut leader, 0, Input::Demand(WORK));
    for fall in 1..=3_u64 {
        let ms = fall * 3_600_000;
        let sample = Sample { under_voltage: Some(true), ..Sample::default() };
        handle(&mut leader, ms, Input::Sample(&sample, None));
        let stopped = decision(&mut leader, ms);
        assert_eq!((stopped.workers, stopped.reason), (0, Some(Reason::UnderVoltage)), "at once");
        assert_eq!(leader.save_at(), Some(Instant::ZERO), "each fall is saved at once");
        let calm = Sample { under_voltage: Some(false), ..sample };
        handle(&mut leader, ms + 2000, Input::Sample(&calm, None));
        let state = leader.persisted(at(ms));
        handle(&mut leader, ms, Input::Saved(Some(&state)));
        assert!(leader.save_at() > Some(at(ms + 1)));
    }
    assert_eq!(leader.persisted(at(12_000_000)).learned.unwrap().workers, Some(3));
}

#[test]
fn a_change_is_sampled_at_once_and_sensors_are_listed_only_when_one_comes_or_goes() {
    let mut leader = leader();
    second(&mut leader, 1000);
    handle(&mut leader, 1001, Input::DeviceChanged { relist: false });
    assert_eq!(handle(&mut leader, 1001, Input::Wake), [READ]);
    handle(&mut leader, 1002, Input::DeviceChanged { relist: true });
    handle(&mut leader, 1002, Input::DeviceChanged { relist: false });
    assert_eq!(handle(&mut leader, 1003, Input::Wake), [], "a read is under way");
    handle(&mut leader, 1004, Input::Sample(&Sample::default(), None));
    assert_eq!(handle(&mut leader, 1004, Input::Wake), [Output::ReadSensors { relist: true }]);
}

#[test]
fn a_disk_that_hangs_counts_as_a_sensor_that_hangs() {
    let mut leader = leader();
    handle(&mut leader, 0, Input::Demand(WORK));
    (1..90).for_each(|s| _ = second(&mut leader, s * 1000));
    // A pause that was set and ended at another agent is saved at once.
    let pause = crate::energy::host_protocol::PauseVersion { number: 5, ..Default::default() };
    let message = crate::energy::host_protocol::FollowerMessage::State { oldest_ms: None, answering: false, pause };
    handle(&mut leader, 89_100, Input::FollowerJoined { id: FollowerId(1), process: 1 });
    handle(&mut leader, 89_100, Input::FromFollower(FollowerId(1), message));
    assert!(handle(&mut leader, 89_200, Input::Wake).contains(&Output::Save));
    for ms in (89_200..119_200).step_by(500) {
        decision(&mut leader, ms);
    }
    assert_eq!(decision(&mut leader, 119_200).reason, Some(Reason::SensorSilent));
    let state = leader.persisted(at(119_200));
    handle(&mut leader, 119_200, Input::Saved(Some(&state)));
    assert_eq!(handle(&mut leader, 121_000, Input::Wake), [READ], "the sensors are read again");
}

#[test]
fn sensors_that_are_listed_late_are_unknown_until_they_are_found() {
    let mut leader = leader();
    handle(&mut leader, 0, Input::SensorsAwaited);
    assert_eq!(leader.sampler_deadline(at(0)), None);
    handle(&mut leader, 251, Input::Wake);
    assert_eq!(leader.sampling.late_at(), Some(at(1251)), "a sample of unknown values was used");
    handle(&mut leader, 5000, Input::SensorsFound(&board_report()));
    assert_eq!(handle(&mut leader, 5000, Input::Wake), [READ]);
    let reading: Reading = Err(Fault::Later);
    assert!(!leader.doubts(at(5000), 0, reading), "there is nothing to compare it with");
}
