//! P1 on the whole governor, questions, pauses, reasons, and how often it wants to be woken (C2, the pure part).

use crate::gates::{WARM, at, governor, sample, sample_at, warmed_up};
use wattle::base::time::{Duration, Instant};
use wattle::energy::board::sensor::Choice;
use wattle::energy::governor::{Governor, Settings};
use wattle::energy::input::Sample;
use wattle::energy::mode::Mode;
use wattle::energy::policy::gate;
use wattle::energy::policy::hint::{Energy, Hint, Origin};
use wattle::energy::policy::hours::{QuietHours, Window};
use wattle::energy::policy::pause::Pause;
use wattle::energy::policy::wall::{Wall, Zone};
use wattle::energy::reason::Reason;
use wattle::energy::share::Share;
use wattle::sim::power::control::findings;

#[test]
fn when_hints_cease_the_device_is_as_normal_within_their_time() {
    let mut quiet = QuietHours::default();
    assert!(quiet.add(Window { days: Window::DAILY, from: 0, to: 0 }, Share::TRICKLE));
    let policy = gate::Settings { quiet, zone: Zone::new(0, &[]), ..gate::Settings::default() };
    let mut governor = Governor::new(4, &findings(80.0), Settings { policy, ..Settings::default() }, None);
    let known = Sample { wall: Some(Wall(1_000_000)), ..sample() };
    let hint = Hint::parse(br#"{"v":1,"state":"surplus","ttl_s":120}"#, known.wall).unwrap();
    governor.policy.hint(at(0), Origin::File, hint);
    let energies: Vec<_> = (0..130).map(|s| governor.sample(at(s), &known)).collect();
    assert_eq!((energies[119].energy, energies[119].headroom), (Energy::Surplus, Share::ALL));
    assert_eq!((energies[121].energy, energies[121].reason), (Energy::Unknown, Some(Reason::QuietHours)));
    assert!(energies[121].headroom <= Share::TRICKLE);
}

#[test]
fn a_question_clears_the_device_until_two_seconds_after_and_work_is_back_at_once() {
    let mut governor = warmed_up();
    let asked = governor.question_began(Instant::from_millis(70_200));
    assert_eq!((asked.workers, asked.reason, asked.mode), (0, Some(Reason::Answering), Mode::Full));
    governor.question_ended(Instant::from_millis(70_900));
    assert_eq!(governor.decision(Instant::from_millis(72_899)).workers, 0);
    assert_eq!(governor.deadline(Instant::from_millis(71_000)), Some(at(WARM)), "a sample is overdue");
    assert_eq!(governor.sample(at(71), &sample()).workers, 0);
    let due = governor.deadline(at(72)).unwrap();
    assert!(due <= Instant::from_millis(72_900));
    let back = governor.decision(Instant::from_millis(72_900));
    assert_eq!((back.workers, back.headroom), (4, Share::ALL));
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
        (72..300).map(|s| governor.sample(at(s), &sample_at(s))).find(|decision| decision.headroom == Share::ALL);
    assert!(back.is_some());
}

#[test]
fn nothing_is_claimed_of_a_device_without_a_sensor() {
    let mut found = findings(80.0);
    found.cpu = Choice::None;
    let mut governor = Governor::new(4, &found, Settings::default(), None);
    let blind = Sample { temperatures: Default::default(), ..sample() };
    let last = (0..90).map(|s| governor.sample(at(s), &blind)).last().unwrap();
    assert_eq!((last.headroom, last.reason, last.workers), (Share::new(0.5), Some(Reason::NoSensor), 2));
}

#[test]
fn before_the_first_sample_nothing_runs_and_it_is_woken_seldom() {
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
fn every_reason_is_a_sentence_and_a_code() {
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
    let mut found = findings(80.0);
    let Choice::Group(group) = &found.cpu else { panic!("a device with a sensor") };
    found.cpu = Choice::Doubtful(group[0].clone());
    let mut governor = Governor::new(4, &found, Settings::default(), None);
    let first = (0..90).map(|s| governor.sample(at(s), &sample())).last().unwrap();
    assert_eq!((first.headroom, first.reason), (Share::new(0.5), Some(Reason::NoSensor)));
    let later = (90..190).map(|s| governor.sample(at(s), &sample_at(s))).last().unwrap();
    assert_eq!(later.headroom, Share::ALL);
}
