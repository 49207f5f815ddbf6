//! P1 on the whole governor; questions, pauses, reasons, and how often it wakes (C2, the pure part).

use crate::gates::{WARM, at, governor, sample, sample_at, warmed_up};
use wattle::base::level::Energy;
use wattle::base::time::{Duration, Instant};
use wattle::energy::board::sensor::Choice;
use wattle::energy::board::source::{Battery, Flow, Supplies};
use wattle::energy::fraction::Fraction;
use wattle::energy::governor::{Governor, Settings};
use wattle::energy::input::Sample;
use wattle::energy::mode::Mode;
use wattle::energy::policy::gate;
use wattle::energy::policy::hint::{Hint, Origin};
use wattle::energy::policy::hours::{QuietHours, Window};
use wattle::energy::policy::pause::Pause;
use wattle::energy::policy::wall::{Wall, Zone};
use wattle::energy::rank::Rank;
use wattle::energy::reason::Reason;
use wattle::energy::user_activity::Ticks;
use wattle::sim::power::control::board_report;

#[test]
fn when_hints_end_the_device_is_back_to_normal_at_once() {
    let mut quiet = QuietHours::default();
    assert!(quiet.add(Window { days: Window::DAILY, from: 0, to: 0 }, Fraction::TRICKLE));
    let policy = gate::Settings { quiet, zone: Zone::new(0, &[]), ..gate::Settings::default() };
    let mut governor = Governor::new(4, &board_report(80.0), Settings { policy, ..Settings::default() }, None);
    let known = Sample { wall: Some(Wall(1_000_000)), ..sample() };
    let hint = Hint::parse(br#"{"v":1,"state":"surplus","ttl_s":120}"#, known.wall).unwrap();
    governor.policy.hint(at(0), Origin::File, hint);
    let energies: Vec<_> = (0..130).map(|s| governor.sample(at(s), &known)).collect();
    assert_eq!((energies[119].energy, energies[119].headroom), (Energy::Surplus, Fraction::ALL));
    assert_eq!((energies[121].energy, energies[121].reason), (Energy::Unknown, Some(Reason::QuietHours)));
    assert!(energies[121].headroom <= Fraction::TRICKLE);
}

#[test]
fn an_idle_device_is_back_to_normal_within_a_second_of_a_hint_s_end() {
    for (ttl, late_ms) in [(31, 5_000), (63, 1_700), (120, 997)] {
        let mut governor = governor();
        let mut idle = sample();
        idle.backlog.oldest = None;
        let json = format!(r#"{{"v":1,"state":"surplus","ttl_s":{ttl}}}"#);
        let mut now = at(0);
        governor.policy.hint(now, Origin::Put, Hint::parse(json.as_bytes(), None).unwrap());
        let mut ended = None;
        while ended.is_none() && now < at(300) {
            let decision = governor.sample(now, &idle);
            ended = (decision.energy != Energy::Surplus).then_some(now);
            // A caller may ask again later than the deadline, and must not get a later one.
            let due = governor.deadline(now).unwrap();
            let late = Instant::from_millis(now.millis() + late_ms);
            assert!(due > now && governor.deadline(late).unwrap() <= due, "a deadline that passed is still due");
            now = due;
        }
        assert!(ended.unwrap() >= at(ttl) && ended.unwrap() <= at(ttl + 1), "{ended:?} of {ttl} s");
    }
}

#[test]
fn the_ends_of_a_pause_and_of_a_question_s_quiet_stay_due_after_they_passed() {
    let mut governor = warmed_up();
    governor.query_began(at(WARM));
    governor.query_ended(Instant::from_millis(70_500));
    governor.sample(at(71), &sample());
    let due = Instant::from_millis(72_500);
    assert_eq!(governor.deadline(at(80)), Some(at(72)), "a sample is due before");
    governor.sample(at(72), &sample());
    assert_eq!([at(72), due, at(80)].map(|now| governor.deadline(now)), [Some(due); 3]);
    governor.sample(at(80), &sample());
    assert_eq!(governor.deadline(at(80)), Some(at(81)));
    governor.policy.pause(Pause::lasting(at(81), Duration::from_secs(1000)));
    (81..200).for_each(|s| _ = governor.sample(at(s), &sample_at(s)));
    governor.sample(at(1079), &sample());
    assert_eq!(governor.deadline(at(1079)), Some(at(1081)), "not five seconds later");
}

#[test]
fn conditions_that_come_and_go_hold_the_lower_mode_with_its_reason() {
    let mut governor = governor();
    let battery = |flow| Battery { flow, percent: Some(90), ..Battery::default() };
    let supplies = |plugged: bool| Supplies {
        mains: Some(plugged),
        battery: Some(battery(if plugged { Flow::Resting } else { Flow::Discharging })),
    };
    let mut reasons = Vec::new();
    for second in 0..1200 {
        let plugged = second % 70 < 60;
        let decision = governor.sample(at(second), &Sample { supplies: Some(supplies(plugged)), ..sample_at(second) });
        if plugged && decision.reason == Some(Reason::Flapping) {
            assert!(decision.mode < Mode::Full);
            reasons.push(second);
        }
    }
    assert!(reasons.len() > 300, "a loose plug: {} s", reasons.len());
}

#[test]
fn a_question_stops_workers_until_two_seconds_after_and_work_is_back_at_once() {
    let mut governor = warmed_up();
    let during = governor.query_began(Instant::from_millis(70_200));
    assert_eq!((during.workers, during.reason, during.mode), (0, Some(Reason::Answering), Mode::Full));
    assert!(during.besides.only_questions, "nothing else holds the work");
    governor.query_ended(Instant::from_millis(70_900));
    assert_eq!(governor.decision(Instant::from_millis(72_899)).workers, 0);
    assert_eq!(governor.deadline(Instant::from_millis(71_000)), Some(at(WARM)), "a sample is overdue");
    assert_eq!(governor.sample(at(71), &sample()).workers, 0);
    let due = governor.deadline(at(72)).unwrap();
    assert!(due <= Instant::from_millis(72_900));
    let back = governor.decision(Instant::from_millis(72_900));
    assert_eq!((back.workers, back.headroom), (4, Fraction::ALL));
}

#[test]
fn beside_a_question_it_is_known_whether_something_else_holds_the_work_too() {
    let mut governor = warmed_up();
    governor.query_began(at(WARM));
    let asked = |governor: &mut Governor, second, sample: Sample| {
        let decision = governor.sample(at(second), &sample);
        assert_eq!(decision.workers, 0);
        (decision.reason, decision.besides.only_questions)
    };
    assert_eq!(asked(&mut governor, 71, sample_at(71)), (Some(Reason::Answering), true));
    let battery = Battery { flow: Flow::Discharging, percent: Some(80), ..Battery::default() };
    let unplugged = Supplies { mains: Some(false), battery: Some(battery) };
    let on_battery = Sample { supplies: Some(unplugged), ..sample_at(72) };
    assert_eq!(asked(&mut governor, 72, on_battery), (Some(Reason::Answering), false), "the battery holds it");
    governor.policy.pause(Pause::lasting(at(WARM), Duration::from_secs(7200)));
    assert_eq!(asked(&mut governor, 73, sample_at(73)), (Some(Reason::Paused), false));
}

#[test]
fn a_pause_is_a_reason_of_its_own() {
    let mut governor = warmed_up();
    governor.policy.pause(Pause::lasting(at(WARM), Duration::from_secs(7200)));
    let paused = governor.sample(at(71), &sample());
    assert_eq!((paused.workers, paused.reason), (0, Some(Reason::Paused)));
    assert!(paused.reason.unwrap().to_string().contains("wattle resume"));
    governor.policy.resume();
    let back =
        (72..300).map(|s| governor.sample(at(s), &sample_at(s))).find(|decision| decision.headroom == Fraction::ALL);
    assert!(back.is_some());
}

#[test]
fn half_is_used_of_a_device_without_a_sensor() {
    let mut found = board_report(80.0);
    found.cpu = Choice::None;
    let mut governor = Governor::new(4, &found, Settings::default(), None);
    let without_sensor = Sample { temperatures: Default::default(), ..sample() };
    let last = (0..90).map(|s| governor.sample(at(s), &without_sensor)).last().unwrap();
    assert_eq!((last.headroom, last.reason, last.workers), (Fraction::new(0.5), Some(Reason::NoSensor), 2));
}

#[test]
fn before_the_first_sample_nothing_runs_and_wake_ups_are_rare() {
    let mut governor = governor();
    assert_eq!(governor.decision(at(0)).workers, 0);
    // C2: 60 samples a minute with work, 12 without or when off for long.
    let wakes = |governor: &mut Governor, sample: &Sample, from: u64| {
        let mut wakes = 0;
        let mut now = at(from);
        while now < at(from + 60) {
            governor.sample(now, sample);
            wakes += 1;
            now = governor.deadline(now).unwrap();
        }
        wakes
    };
    assert!(wakes(&mut governor, &sample(), 0) <= 66);
    let mut idle = sample();
    idle.backlog.oldest = None;
    assert!(wakes(&mut governor, &idle, 100) <= 14);
    governor.policy.pause(Pause::OPEN);
    wakes(&mut governor, &sample(), 200);
    assert!(wakes(&mut governor, &sample(), 300) <= 14, "off");
}

#[test]
fn every_reason_has_a_sentence_and_a_code() {
    let mut codes = std::collections::BTreeSet::new();
    for reason in [
        Reason::Free,
        Reason::Warm,
        Reason::TooHot,
        Reason::Throttled,
        Reason::SensorSilent,
        Reason::NoSensor,
        Reason::Silence,
        Reason::UnderVoltage,
        Reason::WeakSupply,
        Reason::OnBattery,
        Reason::WeakCharger,
        Reason::BatteryLow,
        Reason::Charging,
        Reason::BatteryUnknown,
        Reason::InUse,
        Reason::Quota,
        Reason::Answering,
        Reason::Pressure,
        Reason::Paused,
        Reason::QuietHours,
        Reason::TimeUnknown,
        Reason::Scarce,
        Reason::WaitingForSurplus,
        Reason::Rising,
        Reason::LeaderSilent,
        Reason::Flapping,
    ] {
        assert!(codes.insert(serde_json::to_string(&reason).unwrap()), "{reason:?}");
        assert!(reason.to_string().len() > 5);
    }
}

#[test]
fn an_acpi_zone_is_believed_once_it_was_seen_to_vary() {
    let mut found = board_report(80.0);
    let Choice::Group(group) = &found.cpu else { panic!("a device with a sensor") };
    found.cpu = Choice::Doubtful(group[0].clone());
    let mut governor = Governor::new(4, &found, Settings::default(), None);
    let first = (0..90).map(|s| governor.sample(at(s), &sample())).last().unwrap();
    assert_eq!((first.headroom, first.reason), (Fraction::new(0.5), Some(Reason::NoSensor)));
    let later = (90..190).map(|s| governor.sample(at(s), &sample_at(s))).last().unwrap();
    assert_eq!(later.headroom, Fraction::ALL);
}

/// What is decided on a device of four cores of which other programs take `busy`, `nice` of it niced, second by second.
fn beside(
    governor: &mut Governor,
    seconds: std::ops::Range<u64>,
    busy: u64,
    nice: u64,
) -> wattle::energy::decision::Decision {
    let ticks = |second| Ticks { busy: busy * second, nice: nice * second, own: 0, per_second: 100 };
    seconds
        .map(|second| governor.sample(at(second), &Sample { ticks: Some(ticks(second)), ..sample_at(second) }))
        .last()
        .unwrap()
}

#[test]
fn a_burst_works_beside_busy_cores_within_seconds_and_niced_programs_hold_nothing() {
    // Four loops of other programs: nothing, and with a burst everything, at a rank that gets its share of the cores.
    let mut governor = governor();
    let held = beside(&mut governor, 0..90, 400, 0);
    assert_eq!((held.workers, held.reason, held.rank), (0, Some(Reason::InUse), Rank::Last));
    governor.burst(at(90), Some(at(690)));
    let hurried = beside(&mut governor, 90..94, 400, 0);
    assert_eq!((hurried.workers, hurried.reason, hurried.rank), (4, None, Rank::Hurried));
    let over = beside(&mut governor, 690..700, 400, 0);
    assert_eq!((over.workers, over.reason, over.rank), (0, Some(Reason::InUse), Rank::Last));
    // Four niced loops: all cores, beside them.
    let mut governor = self::governor();
    let beside_niced = beside(&mut governor, 0..90, 400, 400);
    assert_eq!((beside_niced.workers, beside_niced.reason, beside_niced.rank), (4, None, Rank::BesideNiced));
    // A cold start of a burst: the first mode rises with the samples, and only the slew of heat holds it.
    let mut governor = self::governor();
    governor.burst(at(0), Some(at(600)));
    let cold = beside(&mut governor, 0..21, 0, 0);
    assert_eq!((cold.mode, cold.workers), (Mode::Full, 4), "in 20 s in place of 60");
}
