//! The state that the threads share, told the time: late sensors, several agents, what reaches the node.

use super::*;
use crate::base::level::Energy;
use crate::energy::board::tree::Tree;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::wall::Zone;
use crate::platform::hint_files::{ChangedHint, HintFile, HintPaths};
use crate::runtime::governor::state_file::Kept;
use smol::channel::{Receiver, bounded};

/// A governor that finds nothing and meets nobody.
pub(super) fn setup() -> Setup {
    Setup {
        home: "/nowhere".into(),
        sensors: "/nowhere".into(),
        meter: None,
        settings: Default::default(),
        plan: Vec::new(),
        can_wait: Duration::ZERO,
        trusted_clock: false,
        hint_files: HintPaths::new(None, None),
        meeting: None,
    }
}

fn core() -> (HostCoordinator, Receiver<Input>) {
    let (inputs, pushed) = bounded(64);
    let mut core = HostCoordinator::new(at(0), None, 4, &findings(), &setup(), Kept::default(), inputs);
    core.lead(at(0), true);
    (core, pushed)
}

/// A device with one sensor, on mains.
fn findings() -> BoardReport {
    let mut tree = Tree::default();
    for (file, text) in [("type", "cpu-thermal\n"), ("temp", "40000\n")] {
        assert!(tree.insert(&format!("sys/class/thermal/thermal_zone0/{file}"), Ok(text.as_bytes())));
    }
    BoardReport::of(&tree)
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// A cool second, as the sampling thread makes it.
fn second(core: &mut HostCoordinator, ms: u64) {
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
    (1..90).for_each(|s| second(&mut core, s * 1000));
    let before = core.decision(at(89_500)).headroom;
    assert!(before.value() > 0.5, "it has risen: {before:?}");
    core.begin_reading(at(90_000));
    for ms in (90_000..120_000).step_by(100) {
        core.notice_late(at(ms));
        let decision = core.decision(at(ms));
        assert!(decision.headroom <= before, "more for a silent sensor: {decision:?}");
    }
    let decision = core.decision(at(120_000));
    assert_eq!(decision.reason, Some(Reason::SensorSilent));
    assert!(decision.headroom.value() <= 0.35, "{decision:?}");
    let late = Sample { backlog: core.backlog(at(120_000)), ..Sample::default() };
    core.end_reading(at(120_000), &late, None, true);
    (121..240).for_each(|s| second(&mut core, s * 1000));
    assert!(core.decision(at(240_000)).headroom.value() > 0.5, "and back when it answers");
}

#[test]
fn the_node_is_told_of_modes_and_reasons_and_fetches_duties_itself() {
    let (mut core, pushed) = core();
    core.demand(at(0), WORK);
    (1..120).for_each(|s| second(&mut core, s * 1000));
    let mut told = Vec::new();
    while let Ok(Input::Power(decision)) = pushed.try_recv() {
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
    let word = Decision { workers: 3, duty: Fraction::ALL, headroom: Fraction::ALL, ..Decision::default() };
    core.led(at(10), word);
    assert_eq!(core.decision(at(99_000)), word);
    core.orphaned(at(100_000));
    assert_eq!(core.decision(at(104_000)), word);
    let careful = core.decision(at(105_001));
    assert_eq!((careful.workers, careful.duty), (1, Fraction::TRICKLE));
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
    let (inputs, _inbox) = bounded(1);
    let mut again = HostCoordinator::new(at(0), None, 4, &findings(), &setup(), kept, inputs);
    again.demand(at(5000), WORK);
    assert_eq!(again.backlog(at(6000)).oldest, Some(Duration::from_secs(61)));
}

#[test]
fn a_follower_hears_small_steps_once_they_add_up_and_of_sensors_that_keep_the_leader_waiting() {
    let (mut core, _pushed) = core();
    core.demand(at(0), WORK);
    core.follower(at(0), 1, Some(Duration::ZERO), false);
    (1..60).for_each(|s| second(&mut core, s * 1000));
    core.news();
    let sink = |percent: u32| {
        core.whole.headroom = Fraction::new(f64::from(100 - percent) / 100.0);
        core.news().others
    };
    let woken = (1..80).map(sink).filter(|woken| *woken).count();
    assert!((10..=16).contains(&woken), "a percent each time is news now and then: {woken}");
    (60..120).for_each(|s| second(&mut core, s * 1000));
    core.news();
    core.begin_reading(at(120_000));
    let mut rung = false;
    for ms in (120_000..130_000).step_by(500) {
        core.notice_late(at(ms));
        rung |= core.news().others;
    }
    assert!(rung && core.for_follower(1).headroom.value() <= 0.35, "{:?}", core.for_follower(1));
}

#[test]
fn a_leader_that_says_nothing_for_long_is_believed_in_little_while_there_is_work() {
    let (mut core, _pushed) = core();
    core.lead(at(0), false);
    let word = Decision { workers: 3, duty: Fraction::ALL, headroom: Fraction::ALL, ..Decision::default() };
    core.led(at(0), word);
    assert_eq!(core.decision(at(9_000_000)), word, "nobody renews it without work");
    core.demand(at(9_000_000), WORK);
    assert_eq!(core.decision(at(9_024_000)), word);
    let careful = core.decision(at(9_026_000));
    assert_eq!((careful.workers, careful.reason), (1, Some(Reason::LeaderSilent)));
    core.led(at(9_027_000), word);
    assert_eq!(core.decision(at(9_028_000)), word);
}

#[test]
fn the_newest_word_on_a_pause_holds_whoever_comes_back_with_an_older_one() {
    let (mut first, _inbox) = core();
    first.set_pause(at(10), Some(Pause::OPEN));
    let (mut second, _inbox2) = core();
    second.lead(at(0), false);
    second.hear_said(at(20), first.said(at(20)));
    assert!(second.keep_at() <= at(20), "who may lead next keeps it at once");
    assert_eq!(second.decision(at(21)).reason, Some(Reason::Paused), "also while it follows, whatever its leader says");
    second.lead(at(30), true);
    second.set_pause(at(40), None);
    // The first comes back, with what it knew.
    let kept = first.kept(at(25));
    assert!(kept.pause.is_some());
    first.hear_said(at(50), second.said(at(50)));
    assert_eq!((first.pause(), first.said(at(50))), (None, second.said(at(50))));
    // One that knows nothing undoes nothing.
    let (newcomer, _inbox3) = core();
    first.set_pause(at(60), Some(Pause::lasting(at(60), Duration::from_secs(9))));
    first.hear_said(at(61), newcomer.said(at(61)));
    assert!(first.pause().is_some());
}

#[test]
fn the_time_of_day_goes_on_by_itself_between_two_looks() {
    let (mut core, _pushed) = core();
    assert_eq!(core.wall(at(5)), None);
    core.set_time(at(0), Some(Wall(12 * 3600)), Some(Zone::new(3600, &[])));
    let pause =
        core.pause_of(at(4 * 3_600_000), crate::runtime::governor::report::Paused::Until(18 * 60)).unwrap().unwrap();
    assert_eq!(pause.until(), Some(at(5 * 3_600_000)), "five o'clock at noon and four hours, until six");
}

#[test]
fn an_agent_that_did_nothing_writes_nothing_and_a_write_that_failed_is_tried_again_soon() {
    let (mut core, _pushed) = core();
    let kept = core.kept(at(0));
    core.was_kept(at(0), Some(kept));
    assert!(core.keep_at() == at(3_600_000) && !core.is_new(&core.kept(at(3_600_000))));
    core.spent(at(3_700_000), Duration::from_millis(200), 4);
    assert!(core.is_new(&core.kept(at(3_700_001))));
    core.was_kept(at(3_700_001), None);
    assert_eq!(core.keep_at(), at(3_760_001));
    assert!(core.is_new(&core.kept(at(3_760_001))), "and still new");
}

#[test]
fn a_hint_that_lay_in_its_file_has_lived_for_that_while() {
    let (mut core, _pushed) = core();
    core.set_time(at(0), Some(Wall(2_000_000_000)), None);
    let bytes = br#"{"v":1,"state":"surplus","ttl_s":900}"#.to_vec();
    let mut file = ChangedHint { which: HintFile::Hint, written: 2_000_000_000 - 1000, bytes };
    core.file_hint(at(0), &file).unwrap();
    assert_eq!(core.governor.policy.energy(at(0), None).0, Energy::Unknown, "it was over before it was read");
    file.written += 400;
    core.file_hint(at(0), &file).unwrap();
    assert_eq!(core.governor.policy.energy(at(299_000), None).0, Energy::Surplus);
    assert_eq!(core.governor.policy.energy(at(300_000), None).0, Energy::Unknown);
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
        assert_eq!(core.keep_at(), Instant::ZERO, "each fall is kept at once");
        let calm = Sample { under_voltage: Some(false), ..sample };
        core.end_reading(at(fall * 3_600_000 + 2000), &calm, None, false);
        let kept = core.kept(at(fall * 3_600_000));
        core.was_kept(at(fall * 3_600_000), Some(kept));
        assert!(core.keep_at() > at(fall * 3_600_000 + 1));
    }
    let kept = core.kept(at(12_000_000));
    assert_eq!(kept.learned.unwrap().workers, Some(3));
}
