//! T1 to T6 on the simulated boards: the shipped governor for simulated hours, beside an oracle and a bang-bang
//! control. Three seeds, all plants, both ambients; `cargo test --bench energy` prints the whole table.

use wattle::energy::sample::fault::{Fault, Reading};
use wattle::energy::sample::slope::Median;
use wattle::sim::power::burst::{Burst, bursts};
use wattle::sim::power::control::{Kind, MARGIN};
use wattle::sim::power::figures::Figures;
use wattle::sim::power::plant::{PLANTS, Plant, plant};
use wattle::sim::power::sensor::{Failing, Readout};
use wattle::sim::power::trial::{Second, Trial};

const SEEDS: [u64; 3] = [1, 2, 3];
const AIRS: [f64; 2] = [22.0, 30.0];

fn figures(trial: &Trial) -> Figures {
    Figures::of(&trial.run(), trial.plant.limit, trial.plant.limit - MARGIN)
}

fn hours(kind: Kind) -> impl Iterator<Item = Trial> {
    let all = PLANTS.into_iter().flat_map(|plant| AIRS.map(|air| (plant, air)));
    all.flat_map(move |(plant, air)| SEEDS.map(|seed| Trial::hour(plant, kind, air, seed)))
}

fn named(trial: &Trial) -> String {
    format!("{} at {} degrees, seed {}", trial.plant.name, trial.air, trial.seed)
}

/// Bars that a trial misses; empty where it holds all.
fn missed_in_still_air(trial: &Trial, ours: &Figures, oracle: &Figures) -> Vec<String> {
    let name = named(trial);
    let of_oracle = ours.work / oracle.work;
    let real = trial.plant.is_real;
    let mut missed = Vec::new();
    let mut hold = |holds: bool, what: String| {
        if !holds {
            missed.push(format!("{name}: {what}"));
        }
    };
    hold(ours.above_limit == 0, format!("T1, {} s above the limit", ours.above_limit));
    hold(!real || ours.overshoot <= 1.5, format!("T1, {:.2} degrees over the target", ours.overshoot));
    hold(!real || ours.overshoot_late <= 1.0, format!("T1, {:.2} degrees over it late", ours.overshoot_late));
    hold(of_oracle >= if real { 0.95 } else { 0.93 }, format!("T2, {of_oracle:.3} of the oracle"));
    hold(ours.deviation <= 0.6, format!("T3, a deviation of {:.2} degrees", ours.deviation));
    hold(ours.duty_swing <= 0.10, format!("T3, a duty that swings by {:.3}", ours.duty_swing));
    hold(ours.mode_changes <= 2, format!("T3, {} changes of mode", ours.mode_changes));
    missed
}

#[test]
fn in_still_air_the_target_is_held_without_oscillation_and_little_work_is_lost() {
    let mut missed = Vec::new();
    for trial in hours(Kind::Governor) {
        missed.extend(missed_in_still_air(&trial, &figures(&trial), &figures(&trial.with(Kind::Oracle))));
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn bang_bang_fails_the_same_bars_wherever_heat_is_the_limit() {
    let (mut tried, mut held) = (0, Vec::new());
    // One seed is enough: the saw-tooth does not come from noise.
    for trial in hours(Kind::BangBang).filter(|trial| trial.seed == SEEDS[0]) {
        let ungoverned = figures(&trial.with(Kind::Ungoverned));
        // Where the board stays below the target even without a governor, there is nothing to oscillate about.
        if ungoverned.overshoot < 0.0 {
            continue;
        }
        tried += 1;
        let ours = figures(&trial);
        if ours.deviation <= 0.6 && ours.duty_swing <= 0.10 {
            held.push(named(&trial));
        }
    }
    assert!(tried >= 10, "only {tried} trials were limited by heat");
    assert!(held.is_empty(), "bang-bang held T3 on {held:?}");
}

#[test]
fn eight_degrees_more_outside_cost_little_work_and_no_second_above_the_limit() {
    for mut trial in hours(Kind::Governor) {
        trial.step = Some((1800, 8.0));
        let ours = figures(&trial);
        let of_oracle = ours.work / figures(&trial.with(Kind::Oracle)).work;
        let bar = if trial.plant.is_real { 0.95 } else { 0.93 };
        assert!(of_oracle >= bar, "T2, {}: {of_oracle:.3} of the oracle", named(&trial));
        assert_eq!(ours.above_limit, 0, "{}", named(&trial));
    }
}

/// Seconds in which the median of three readings was within 1.5 degrees of the limit and work was allowed.
fn guard_breaches(trace: &[Second], plant: &Plant) -> usize {
    let mut median = Median::default();
    let near = |second: &&Second| {
        let Ok(raw) = second.reading else { return false };
        median.take(raw as f64 / 1000.0) >= plant.limit - 1.5
    };
    trace.iter().filter(near).filter(|second| second.allowed > 0.0).count()
}

#[test]
fn under_foreign_load_work_stops_near_the_limit_and_little_of_it_is_lost() {
    for mut trial in hours(Kind::Governor) {
        trial.bursts = bursts(trial.seed, trial.seconds);
        let trace = trial.run();
        let ours = Figures::of(&trace, trial.plant.limit, trial.plant.limit - MARGIN);
        let oracle = figures(&trial.with(Kind::Oracle));
        let of_oracle = ours.work / oracle.work;
        assert!(of_oracle >= 0.93, "T2, {}: {of_oracle:.3} of the oracle", named(&trial));
        assert_eq!(guard_breaches(&trace, &trial.plant), 0, "T4, {}", named(&trial));
        let hot =
            trace.iter().filter(|second| second.die > trial.plant.limit && second.foreign < 1.0 && second.ran > 0.0);
        assert_eq!(hot.count(), 0, "T4, {}: above the limit by our own work", named(&trial));
        // T4 allows the seconds of a run without background work and 5 more. Together with T2 that is impossible where
        // the target is the limit less 4 degrees: four cores of foreign work heat the die of a bare Pi 4 by that at
        // once, and the oracle, which holds the target exactly, is above the limit as long. So the bar here is the
        // larger of the two; on the torture case, which is no real board, the oracle's and 25 s. The two tests below
        // show both sides of it.
        let alone = figures(&trial.with(Kind::Nothing)).above_limit;
        let due = alone.max(oracle.above_limit) + if trial.plant.is_real { 5 } else { 25 };
        assert!(ours.above_limit <= due, "T4, {}: {} s, {alone} s alone", named(&trial), ours.above_limit);
    }
}

/// Degrees of margin with which every real board meets T4, found by `margins_table` of benches/energy.rs.
const T4_MARGIN: f64 = 8.0;

#[test]
fn with_twice_the_margin_bursts_cost_no_more_than_five_seconds_above_the_limit() {
    let mut worst = 0;
    for mut trial in hours(Kind::Governor).filter(|trial| trial.plant.is_real) {
        trial.bursts = bursts(trial.seed, trial.seconds);
        trial.margin = T4_MARGIN;
        let (ours, alone) = (figures(&trial).above_limit, figures(&trial.with(Kind::Nothing)).above_limit);
        assert!(ours <= alone + 5, "T4, {}: {ours} s, {alone} s alone", named(&trial));
        worst = worst.max(ours - alone.min(ours));
    }
    println!(
        "T4 with a margin of {T4_MARGIN} degrees: {worst} s above the limit at most, beyond those without background work"
    );
}

#[test]
fn where_four_degrees_miss_t4_no_control_can_meet_both_t4_and_t2() {
    // The boards and rooms that miss T4 at 4 degrees, with the least margin that meets it there.
    for (name, air, margin) in [("pi3b_bare", 30.0, 7.0), ("pi4_bare", 30.0, 8.0)] {
        let (mut most, mut hot) = (0.0_f64, [0; 2]);
        for seed in SEEDS {
            let mut trial = Trial::hour(plant(name), Kind::Oracle, air, seed);
            trial.bursts = bursts(seed, trial.seconds);
            let whole = figures(&trial).work;
            for (degrees, hot) in [margin, margin - 1.0].into_iter().zip(&mut hot) {
                trial.margin = degrees;
                let figures = figures(&trial);
                *hot = figures.above_limit.max(*hot);
                most = if degrees < margin { most } else { most.max(figures.work / whole) };
            }
        }
        println!("{name} at {air}: {hot:?} s above the limit at {margin} degrees and one less, {most:.3} of the work");
        assert!(hot[0] <= 5 && hot[1] > 5, "{name}: {margin} is the least margin: {hot:?} s");
        assert!(most < 0.93, "{name}: even the oracle does {most:.3} of the work at that margin");
    }
}

/// Seconds from the end of a burst at 2460 s until the duty is nine tenths of what it was before.
fn seconds_to_recover(trace: &[Second]) -> usize {
    let mean = |from: usize, to: usize| trace[from..to].iter().map(|s| s.ran).sum::<f64>() / (to - from) as f64;
    let before = mean(2280, 2400);
    (2460..3500).find(|at| mean(*at, at + 10) >= 0.9 * before).map_or(9999, |at| at - 2460)
}

#[test]
fn after_a_minute_of_all_cores_work_is_back_within_four() {
    let mut slowest = 0;
    for (plant, air) in PLANTS.into_iter().flat_map(|plant| AIRS.map(|air| (plant, air))) {
        for seed in SEEDS {
            let mut trial = Trial::hour(plant, Kind::Governor, air, seed);
            trial.bursts = vec![Burst { from: 2400, to: 2460, cores: 4.0 }];
            let trace = trial.run();
            let back = seconds_to_recover(&trace);
            // The body of the torture case takes minutes to cool under any control, and its sensor of whole degrees
            // makes the duty swing: there, a quarter more than the oracle takes (of eight seeds, 1.22 times at most).
            let bar = if plant.is_real { 240 } else { seconds_to_recover(&trial.with(Kind::Oracle).run()) * 5 / 4 };
            slowest = if plant.is_real { slowest.max(back) } else { slowest };
            assert!(back <= bar, "T5, {}: {back} s where {bar} s are due", named(&trial));
            // From the end of the burst: heat above the limit is then the burst's, and none of our work runs.
            let over = trace[2460..].iter().filter(|s| s.die > plant.limit && s.ran > 0.0).count();
            assert_eq!(over, 0, "T5, {}: the ramp went over the limit", named(&trial));
        }
    }
    println!("T5: back to nine tenths within {slowest} s at the slowest, on real boards");
}

fn failing(from: u32, to: u32, gives: Readout) -> Failing {
    Failing { from, to, gives }
}

#[test]
fn a_faulty_sensor_never_raises_the_work() {
    let faults: [(&str, Failing); 7] = [
        ("silent for 30 s", failing(1500, 1530, Readout::Fault(Fault::Later))),
        ("one spike", failing(1500, 1501, Readout::Raw(85_000))),
        ("one impossible value", failing(1500, 1501, Readout::Raw(-650_788_984))),
        ("stuck for 200 s", failing(1500, 1700, Readout::Stuck)),
        // The agent then lists its sensors again, finds none, and could take itself for a device that never had one.
        ("gone", failing(1500, 3600, Readout::Fault(Fault::Gone))),
        ("gone for ten minutes", failing(1500, 2100, Readout::Fault(Fault::Gone))),
        ("gone while it rises", failing(12, 600, Readout::Fault(Fault::Gone))),
    ];
    for trial in hours(Kind::Governor) {
        let (plant, real) = (trial.plant, trial.plant.is_real);
        for (what, fault) in faults {
            let trial = Trial { failing: vec![fault], ..trial.clone() };
            let trace = trial.run();
            let unknown = |reading: &Reading| !matches!(reading, Ok(raw) if (-30_000..125_000).contains(raw));
            let rises = trace.windows(2).filter(|pair| unknown(&pair[1].reading) && pair[1].allowed > pair[0].allowed);
            assert_eq!(rises.count(), 0, "T6, {}, {what}: more work while nothing was known", named(&trial));
            let ours = Figures::of(&trace, plant.limit, plant.limit - MARGIN);
            assert!(!real || ours.overshoot <= 2.0, "T6, {}, {what}: {:.2} over", named(&trial), ours.overshoot);
            assert!(
                !real || ours.overshoot_late <= 1.5,
                "T6, {}, {what}: {:.2} late",
                named(&trial),
                ours.overshoot_late
            );
            assert_eq!(ours.above_limit, 0, "T6, {}, {what}", named(&trial));
        }
    }
}

#[test]
fn whole_tasks_by_credit_meet_the_bars_of_a_smooth_duty() {
    let mut missed = Vec::new();
    for name in ["pi4_bare", "zero2w_bare"] {
        for (agents, seed) in [1, 2].into_iter().flat_map(|agents| SEEDS.map(|seed| (agents, seed))) {
            let mut trial = Trial::hour(plant(name), Kind::Governor, 30.0, seed);
            trial.agents = Some(agents);
            let (ours, oracle) = (figures(&trial), figures(&trial.with(Kind::Oracle)));
            println!(
                "{name} with {agents} agents, seed {seed}: {:.3} of the oracle, {:.2} and late {:.2} degrees over, {} s above \
                 the limit, deviation {:.2}, swing {:.3}, {} changes of mode",
                ours.work / oracle.work,
                ours.overshoot,
                ours.overshoot_late,
                ours.above_limit,
                ours.deviation,
                ours.duty_swing,
                ours.mode_changes
            );
            missed.extend(missed_in_still_air(&trial, &ours, &oracle));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_does_not() {
    let mut trial = Trial::hour(plant("pi4_bare"), Kind::Governor, 22.0, 5);
    trial.seconds = 300;
    let dies = |trial: &Trial| trial.run().iter().map(|second| second.die.to_bits()).collect::<Vec<_>>();
    let first = dies(&trial);
    assert_eq!(first, dies(&trial));
    trial.seed = 6;
    assert_ne!(first, dies(&trial));
}
