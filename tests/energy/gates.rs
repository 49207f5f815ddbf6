//! S1, S3, B1, P3, P5 on the whole governor: nothing starts what safety stops, and a better input never means less
//! work.

use wattle::base::level::Energy;
use wattle::base::rng::Rng;
use wattle::base::time::{Duration, Instant};
use wattle::energy::battery;
use wattle::energy::board::source::{Battery, Flow, Source, Supplies};
use wattle::energy::decision::Decision;
use wattle::energy::duty_cycle::{DutyCycle, Verdict};
use wattle::energy::fraction::Fraction;
use wattle::energy::governor::{Governor, Learned, Settings};
use wattle::energy::input::Sample;
use wattle::energy::mode::Mode;
use wattle::energy::policy::gate::{self, Backlog};
use wattle::energy::policy::hint::{Hint, Origin};
use wattle::energy::policy::hours::{QuietHours, Window};
use wattle::energy::policy::wall::{Wall, Zone};
use wattle::energy::reason::Reason;
use wattle::energy::sample::group::Readings;
use wattle::energy::sample::text::Stall;
use wattle::energy::user_activity::Ticks;
use wattle::sim::power::control::board_report;

pub(crate) fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

pub(crate) fn governor() -> Governor {
    Governor::new(4, &board_report(80.0), Settings::default(), None)
}

/// A sample of a cool device on mains with work; its sensor moves a little, as sensors do.
pub(crate) fn sample_at(second: u64) -> Sample {
    Sample {
        temperatures: Readings::from_slice(&[Ok(45_000 + if second.is_multiple_of(2) { 0 } else { 550 })]).unwrap(),
        supplies: Some(Supplies::default()),
        backlog: Backlog { oldest: Some(Duration::ZERO), can_wait: Duration::ZERO },
        under_voltage: Some(false),
        ..Sample::default()
    }
}

/// Seconds until a cold device works at full: two steps of half a minute.
pub(crate) const WARM: u64 = 70;

pub(crate) fn sample() -> Sample {
    sample_at(0)
}

/// A governor that has just risen to full; its last sample is of second `WARM` - 1.
pub(crate) fn warmed_up() -> Governor {
    let mut governor = governor();
    let last = (0..WARM).map(|s| governor.sample(at(s), &sample_at(s))).last().unwrap();
    assert_eq!((last.headroom, last.mode, last.workers, last.reason), (Fraction::ALL, Mode::Full, 4, None));
    governor
}

#[test]
fn a_falling_voltage_stops_every_start_at_once_and_everything_within_one_task() {
    let mut governor = warmed_up();
    let mut duty_cycle = DutyCycle::default();
    let full = governor.decision(at(WARM));
    assert!(matches!(duty_cycle.verdict(at(WARM), 0, &full), Verdict::Run { .. }));
    // A uevent triggers a sample at once.
    let stopped = governor.sample(Instant::from_millis(70_100), &Sample { under_voltage: Some(true), ..sample() });
    assert_eq!((stopped.headroom, stopped.workers, stopped.mode), (Fraction::NONE, 0, Mode::Off));
    assert_eq!(stopped.reason, Some(Reason::UnderVoltage));
    for worker in 0..4 {
        assert_eq!(duty_cycle.verdict(Instant::from_millis(70_100), worker, &stopped), Verdict::No);
    }
    // Without the uevent, the next sample a second later sees it.
    let mut slow = warmed_up();
    let seen = slow.sample(at(WARM), &Sample { under_voltage: Some(true), ..sample() });
    assert_eq!((seen.workers, seen.reason), (0, Some(Reason::UnderVoltage)));
}

#[test]
fn a_supply_that_fell_three_times_in_a_day_is_remembered_over_a_restart() {
    let mut governor = warmed_up();
    for n in 1..=3 {
        governor.sample(at(n * 3600), &Sample { under_voltage: Some(true), ..sample() });
        governor.sample(at(n * 3600 + 1), &sample());
    }
    let stored = serde_json::to_string(&governor.learned()).unwrap();
    let learned: Learned = serde_json::from_str(&stored).unwrap();
    let mut again = Governor::new(4, &board_report(80.0), Settings::default(), Some(learned));
    let last = (0..600).map(|s| again.sample(at(s), &sample_at(s))).last().unwrap();
    assert_eq!((last.workers, last.reason), (3, Some(Reason::WeakSupply)));
}

#[test]
fn unplugging_switches_off_at_the_event() {
    let mut governor = warmed_up();
    let battery = Battery { flow: Flow::Discharging, percent: Some(90), ..Battery::default() };
    let supplies = Some(Supplies { mains: Some(false), battery: Some(battery) });
    let decision = governor.sample(Instant::from_millis(70_010), &Sample { supplies, ..sample() });
    assert_eq!((decision.mode, decision.workers, decision.reason), (Mode::Off, 0, Some(Reason::OnBattery)));
    assert!(decision.on_battery);
}

fn hint(energy: Energy) -> Hint {
    Hint { energy, ttl: Duration::from_secs(3600), source: heapless::String::new() }
}

fn up_to(rng: &mut Rng, end: u64) -> i64 {
    i64::try_from(rng.below(end)).unwrap()
}

fn any_supplies(rng: &mut Rng) -> Option<Supplies> {
    // A device on mains most of the time: else the battery would decide everything.
    if !rng.one_in(4) {
        return Some(Supplies::default());
    }
    let flow = [Flow::Unknown, Flow::Discharging, Flow::Charging, Flow::Resting][rng.below(4) as usize];
    let percent = (!rng.one_in(4)).then(|| rng.below(101) as u8);
    let full_uwh = (!rng.one_in(3)).then_some(50_000_000);
    let critical = rng.one_in(9);
    let battery = (!rng.one_in(3)).then(|| Battery { flow, percent, critical, full_uwh, ..Battery::default() });
    let mains = [None, Some(true), Some(false)][rng.below(3) as usize];
    (!rng.one_in(8)).then_some(Supplies { mains, battery })
}

/// A governor with random settings: a trickle on battery, quiet nights, a deadline.
fn any_governor(rng: &mut Rng) -> Governor {
    let mut quiet = QuietHours::default();
    let cap = [Fraction::NONE, Fraction::TRICKLE, Fraction::new(0.5)][rng.below(3) as usize];
    assert!(rng.one_in(2) || quiet.add(Window { days: Window::DAILY, from: 22 * 60, to: 7 * 60 }, cap));
    let policy = gate::Settings {
        quiet,
        zone: Zone::new(0, &[]),
        max_defer: Duration::from_secs(1 + rng.below(7200)),
        expects_surplus: rng.one_in(2),
    };
    let battery = battery::Settings { trickle_on_battery: !rng.one_in(3) };
    let mut governor = Governor::new(4, &board_report(80.0), Settings { policy, battery, ..Settings::default() }, None);
    governor.set_core_watts(0.9);
    // Warmed up, at noon: else the steps of the mode would decide everything.
    let noon = |s| Sample { wall: Some(Wall(12 * 3600)), throttle_count: Some(7), ..sample_at(s) };
    (0..WARM).for_each(|s| _ = governor.sample(at(s), &noon(s)));
    governor
}

/// Any sample that follows one at `degrees` with so many ticks.
fn any_sample(rng: &mut Rng, degrees: &mut i64, ticks: &mut (u64, u64), stalled: &mut u64) -> Sample {
    *degrees = (*degrees + up_to(rng, 3000) - 1300).clamp(30_000, 81_000);
    ticks.0 += if rng.one_in(9) { rng.below(400) } else { rng.below(20) };
    ticks.1 += rng.below(100);
    *stalled += if rng.one_in(12) { rng.below(900_000) } else { 0 };
    let mut sample = Sample {
        temperatures: Readings::from_slice(&[Ok(*degrees)]).unwrap(),
        under_voltage: Some(rng.one_in(200)),
        cooling: Some(i64::from(rng.one_in(100))),
        ticks: Some(Ticks { busy: ticks.0 + ticks.1, nice: 0, own: ticks.1, per_second: 100 }),
        ..sample()
    };
    sample.pressure.memory = Stall { some: Some(*stalled), full: None };
    sample.pressure.disk = Stall { some: None, full: Some(*stalled / 2 * rng.below(2)) };
    sample.throttle_count = (!rng.one_in(9)).then(|| 7 + u64::from(rng.one_in(60)));
    sample.input_millivolts = (!rng.one_in(4)).then(|| if rng.one_in(12) { 4700 } else { 5050 });
    if rng.one_in(9) {
        sample.under_voltage = None;
    }
    sample.wall = (!rng.one_in(5)).then(|| Wall(up_to(rng, 48) * 1800));
    let age = Duration::from_secs(rng.below(10_000));
    sample.backlog = Backlog { oldest: Some(age), can_wait: Duration::from_secs(rng.below(10_000)) };
    if rng.one_in(30) {
        sample.temperatures = Readings::from_slice(&[Err(wattle::energy::sample::fault::Fault::Later)]).unwrap();
    }
    sample
}

#[test]
fn no_hint_lifts_a_safety_gate() {
    let mut rng = Rng::new(3);
    let mut tried = [0; 4];
    for _ in 0..600 {
        let mut governor = any_governor(&mut rng);
        let (mut degrees, mut ticks, mut stalled) = (45_000, (0, 0), 0);
        let mut supplies = any_supplies(&mut rng);
        for second in WARM..WARM + 120 {
            let energy = [Energy::Surplus, Energy::Surplus, Energy::Normal, Energy::Scarce][rng.below(4) as usize];
            governor.policy.hint(at(second), Origin::Put, hint(energy));
            if rng.one_in(40) {
                supplies = any_supplies(&mut rng);
            }
            // A person may ask for a burst at any moment: it lifts the gate of use, and no other.
            if rng.one_in(20) {
                governor.burst(at(second), Some(at(second + rng.below(30))));
            }
            let sample = Sample { supplies, ..any_sample(&mut rng, &mut degrees, &mut ticks, &mut stalled) };
            let decision = governor.sample(at(second), &sample);
            let gates = *governor.gates();
            for gate in [gates.thermal, gates.supply, gates.user_activity] {
                assert!(decision.headroom <= gate.at_most, "{gate:?} was exceeded: {decision:?}");
            }
            let battery = gates.battery;
            assert!(decision.headroom <= battery.gate.at_most || battery.may_be_lifted && gates.lifts);
            if battery.may_be_lifted {
                let supplies = sample.supplies.unwrap().battery.unwrap();
                assert!(!supplies.critical && supplies.percent.is_none_or(|percent| percent >= 15));
            }
            // On battery and where nothing can be read: a trickle at most, whatever hint, hour and deadline.
            if battery.source != Source::Ac {
                assert!(decision.headroom <= Fraction::TRICKLE && decision.on_battery, "{battery:?}: {decision:?}");
            }
            let works = decision.headroom > Fraction::NONE;
            tried[0] += u32::from(works && battery.source == Source::Battery);
            tried[1] += u32::from(works && sample.supplies.is_none());
            tried[2] +=
                u32::from(works && gates.lifts && battery.may_be_lifted && decision.headroom > battery.gate.at_most);
            tried[3] += u32::from(
                decision.reason.is_some_and(|reason| matches!(reason, Reason::QuietHours | Reason::WaitingForSurplus)),
            );
        }
    }
    assert!(tried.iter().all(|times| *times > 20), "work on battery, unread, on surplus and in quiet hours: {tried:?}");
}

/// The same sample with one thing better.
fn better(sample: &Sample, which: u64, by: i64) -> Sample {
    let mut good = sample.clone();
    match which {
        0 => {
            for reading in &mut good.temperatures {
                *reading = reading.map(|raw| raw - by);
            }
        }
        1 => good.under_voltage = Some(false),
        2 => good.cooling = Some(0),
        3 => good.ticks = good.ticks.map(|ticks| Ticks { busy: ticks.own + (ticks.busy - ticks.own) / 2, ..ticks }),
        4 => good.pressure.memory.some = Some(0),
        5 => good.supplies = Some(Supplies::default()),
        6 => {
            if let Some(battery) = good.supplies.as_mut().and_then(|supplies| supplies.battery.as_mut()) {
                battery.critical = false;
                battery.percent = battery.percent.map(|percent| (percent + 3).min(100));
            }
        }
        7 => {
            if let Some(Supplies { mains: Some(mains @ false), .. }) = good.supplies.as_mut() {
                *mains = true;
            }
        }
        8 => good.pressure.disk.full = Some(0),
        9 => good.throttle_count = Some(0),
        10 => good.input_millivolts = Some(5100),
        // Noon: no quiet hours.
        _ => good.wall = Some(Wall(12 * 3600)),
    }
    good
}

#[test]
fn a_better_input_never_means_less_work() {
    let mut rng = Rng::new(4);
    let mut more = [0; 12];
    for _ in 0..600 {
        let mut governor = any_governor(&mut rng);
        let (mut degrees, mut ticks, mut stalled) = (45_000, (0, 0), 0);
        let mut supplies = any_supplies(&mut rng);
        for second in WARM..WARM + 100 {
            if rng.one_in(40) {
                supplies = any_supplies(&mut rng);
            }
            let sample = Sample { supplies, ..any_sample(&mut rng, &mut degrees, &mut ticks, &mut stalled) };
            let which = rng.below(12);
            let mut other = governor.clone();
            let better = better(&sample, which, up_to(&mut rng, 3000));
            let (base, good): (Decision, Decision) =
                (governor.sample(at(second), &sample), other.sample(at(second), &better));
            assert!(good.headroom >= base.headroom, "{which}: {sample:?} gave {base:?}, {better:?} gave {good:?}");
            more[usize::try_from(which).unwrap()] += u32::from(good.headroom > base.headroom);
        }
    }
    assert!(more.iter().filter(|count| **count > 0).count() >= 11, "better inputs gave more work: {more:?}");
}

#[test]
fn a_better_hint_never_means_less_work() {
    for supplies in [Supplies::default(), charging(20), charging(70)] {
        let headrooms = [Energy::Scarce, Energy::Unknown, Energy::Normal, Energy::Surplus].map(|energy| {
            let mut governor = governor();
            governor.policy.hint(at(0), Origin::Put, hint(energy));
            let sample = Sample { supplies: Some(supplies), ..sample() };
            (0..90).map(|s| governor.sample(at(s), &sample)).last().unwrap().headroom
        });
        assert!(headrooms.is_sorted(), "{headrooms:?}");
        assert_eq!(headrooms[3], Fraction::ALL);
    }
}

fn charging(percent: u8) -> Supplies {
    let battery = Battery { flow: Flow::Charging, percent: Some(percent), ..Battery::default() };
    Supplies { mains: Some(true), battery: Some(battery) }
}
