//! The state that the threads share, told the time: late sensors, several agents, what reaches the node.

use super::*;
use crate::energy::board::tree::Tree;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::hint::Energy;
use crate::io::governor::keep::Kept;
use crate::io::hints::Places;
use smol::channel::{Receiver, bounded};

fn core() -> (Core, Receiver<Event>) {
    let (events, pushed) = bounded(64);
    let setup = Setup {
        home: "/nowhere".into(),
        sensors: "/nowhere".into(),
        meter: None,
        settings: Default::default(),
        plan: Vec::new(),
        can_wait: Duration::ZERO,
        trusted_clock: false,
        hint_files: Places::new(None, None),
        meeting: None,
    };
    let mut core = Core::new(at(0), None, 4, &findings(), &setup, Kept::default(), events);
    core.lead(at(0), true);
    (core, pushed)
}

/// A device with one sensor, on mains.
fn findings() -> Findings {
    let mut tree = Tree::default();
    for (file, text) in [("type", "cpu-thermal\n"), ("temp", "40000\n")] {
        assert!(tree.insert(&format!("sys/class/thermal/thermal_zone0/{file}"), Ok(text.as_bytes())));
    }
    Findings::of(&tree)
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// A cool second, as the sampling thread makes it.
fn second(core: &mut Core, ms: u64) {
    core.begin_reading(at(ms));
    let mut sample = Sample { backlog: core.backlog(at(ms)), ..Sample::default() };
    // A sensor has noise; one that stands still is not believed to be one.
    sample.temperatures.push(Ok(40_000 + i64::try_from(ms / 1000 % 3).unwrap() * 487)).unwrap();
    sample.supplies = Some(Default::default());
    core.end_reading(at(ms), &sample, None, false);
}

const WORK: Backlog = Backlog { oldest: Some(Duration::ZERO), can_wait: Duration::ZERO };

#[test]
fn a_sensor_that_never_answers_delays_nobody_and_earns_no_work() {
    let (mut core, _pushed) = core();
    core.demand(at(0), WORK);
    (1..30).for_each(|s| second(&mut core, s * 1000));
    let before = core.decision(at(29_500)).headroom;
    assert!(before.value() > 0.5, "it has risen: {before:?}");
    core.begin_reading(at(30_000));
    for ms in (30_000..60_000).step_by(100) {
        core.notice_late(at(ms));
        let decision = core.decision(at(ms));
        assert!(decision.headroom <= before, "more for a silent sensor: {decision:?}");
    }
    let decision = core.decision(at(60_000));
    assert_eq!(decision.reason, Some(Reason::SensorSilent));
    assert!(decision.headroom.value() <= 0.35, "{decision:?}");
    let late = Sample { backlog: core.backlog(at(60_000)), ..Sample::default() };
    core.end_reading(at(60_000), &late, None, true);
    (61..90).for_each(|s| second(&mut core, s * 1000));
    assert!(core.decision(at(90_000)).headroom.value() > 0.5, "and back when it answers");
}

#[test]
fn the_node_is_told_of_modes_and_reasons_and_fetches_duties_itself() {
    let (mut core, pushed) = core();
    core.demand(at(0), WORK);
    (1..120).for_each(|s| second(&mut core, s * 1000));
    let mut told = Vec::new();
    while let Ok(Event::Input(Input::Power(decision))) = pushed.try_recv() {
        told.push((decision.workers, decision.mode, decision.reason));
    }
    assert_eq!(told.last(), Some(&(4, Mode::Full, None)), "{told:?}");
    assert!(told.windows(2).all(|two| two[0] != two[1]), "each is news: {told:?}");
    assert!(told.len() < 20, "two minutes of slewing are few words: {told:?}");
}

#[test]
fn agents_with_work_share_the_host_and_a_question_at_one_clears_it() {
    let (mut core, _pushed) = core();
    core.demand(at(0), WORK);
    (1..120).for_each(|s| second(&mut core, s * 1000));
    assert_eq!(core.decision(at(120_000)).workers, 4, "alone with its work");
    assert!(core.follower(at(120_000), 1, Some(Duration::from_secs(9)), false));
    assert_eq!((core.decision(at(120_001)).workers, core.for_follower(1).workers), (2, 2));
    assert!(core.follower(at(120_000), 2, None, false), "an idle one takes nothing");
    assert_eq!(core.decision(at(120_001)).workers, 2);
    assert_eq!(core.backlog(at(121_000)).oldest, Some(Duration::from_secs(121)));
    core.follower(at(121_000), 2, None, true);
    assert_eq!(core.decision(at(121_000)).reason, Some(Reason::Answering));
    core.left(at(121_000), 2);
    assert_eq!(core.decision(at(122_900)).reason, Some(Reason::Answering), "two seconds longer");
    assert_eq!(core.decision(at(123_100)).workers, 2);
    core.left(at(123_200), 1);
    assert_eq!(core.decision(at(123_300)).workers, 4);
}

#[test]
fn an_agent_whose_leader_is_gone_holds_its_word_for_a_moment_and_then_does_little() {
    let (mut core, _pushed) = core();
    core.lead(at(0), false);
    let word = Decision { workers: 3, duty: Share::ALL, headroom: Share::ALL, ..Decision::default() };
    core.led(at(10), word);
    assert_eq!(core.decision(at(99_000)), word);
    core.orphaned(at(100_000));
    assert_eq!(core.decision(at(104_000)), word);
    let careful = core.decision(at(105_001));
    assert_eq!((careful.workers, careful.duty), (1, Share::TRICKLE));
}

#[test]
fn hints_lift_and_are_forgotten_and_bad_ones_change_nothing() {
    let (mut core, _pushed) = core();
    assert!(core.put_hint(at(0), br#"{"v":1,"state":"surplus","ttl_s":10}"#).is_ok());
    assert!(core.put_hint(at(1), b"{}").is_err());
    assert_eq!(core.governor.policy.energy(at(9_999), None).0, Energy::Surplus);
    assert_eq!(core.governor.policy.energy(at(10_000), None).0, Energy::Unknown);
}

#[test]
fn what_work_has_waited_is_counted_on_over_a_restart() {
    let (mut core, _pushed) = core();
    core.demand(at(1000), WORK);
    let kept = core.kept(at(61_000));
    assert_eq!(kept.waited_ms, 60_000);
    let (events, _inbox) = bounded(1);
    let setup = Setup {
        home: "/nowhere".into(),
        sensors: "/nowhere".into(),
        meter: None,
        settings: Default::default(),
        plan: Vec::new(),
        can_wait: Duration::ZERO,
        trusted_clock: false,
        hint_files: Places::new(None, None),
        meeting: None,
    };
    let mut again = Core::new(at(0), None, 4, &findings(), &setup, kept, events);
    again.demand(at(5000), WORK);
    assert_eq!(again.backlog(at(6000)).oldest, Some(Duration::from_secs(61)));
}

#[test]
fn three_falls_of_the_voltage_cost_a_worker_and_that_outlives_a_restart() {
    let (mut core, _pushed) = core();
    core.demand(at(0), WORK);
    for fall in 1..=3_u64 {
        let sample =
            Sample { under_voltage: Some(true), backlog: core.backlog(at(fall * 3_600_000)), ..Sample::default() };
        core.end_reading(at(fall * 3_600_000), &sample, None, false);
        assert_eq!(core.decision(at(fall * 3_600_000)).workers, 0, "at once");
        assert_eq!(core.decision(at(fall * 3_600_000)).reason, Some(Reason::UnderVoltage));
        let calm = Sample { under_voltage: Some(false), ..sample };
        core.end_reading(at(fall * 3_600_000 + 2000), &calm, None, false);
        assert!(core.due_to_keep(at(fall * 3_600_000 + 2001)).is_some(), "an hour passed, or it is urgent");
    }
    let kept = core.kept(at(12_000_000));
    assert_eq!(kept.learned.unwrap().workers, Some(3));
}
