//! The plant table: the shipped governor on every simulated board, beside an oracle, bang-bang control and no governor.
//!
//! `cargo bench --bench energy --no-default-features`. Nothing is timed here: the figures are of simulated hours.

#![allow(clippy::print_stdout, reason = "a bench prints")]

use wattle::sim::power::burst::bursts;
use wattle::sim::power::control::{Kind, MARGIN};
use wattle::sim::power::figures::Figures;
use wattle::sim::power::plant::PLANTS;
use wattle::sim::power::trial::Trial;

const SEEDS: [u64; 3] = [1, 2, 3];

fn main() {
    bursts_table();
    margins_table();
    println!(
        "plant         air  scenario   of oracle  bang-bang  none   | overshoot late  s>T_lim  sd    swing  modes | bang-bang sd  none s>T_lim"
    );
    for plant in PLANTS {
        for air in [22.0, 30.0] {
            for scenario in ["steady", "step +8", "bursts"] {
                let figures = |kind: Kind| {
                    SEEDS.map(|seed| {
                        let mut trial = Trial::hour(plant, kind, air, seed);
                        match scenario {
                            "step +8" => trial.step = Some((1800, 8.0)),
                            "bursts" => trial.bursts = bursts(seed, trial.seconds),
                            _ => {}
                        }
                        Figures::of(&trial.run(), plant.limit, plant.limit - MARGIN)
                    })
                };
                let oracle = figures(Kind::Oracle);
                let [ours, bang, none] = [Kind::Governor, Kind::BangBang, Kind::Ungoverned].map(figures);
                let ratio = |f: &[Figures; 3]| {
                    f.iter().zip(&oracle).map(|(f, o)| f.work / o.work).fold(f64::INFINITY, f64::min)
                };
                let worst =
                    |f: &[Figures; 3], of: fn(&Figures) -> f64| f.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
                println!(
                    "{:13} {air:3}  {scenario:9}  {:9.3}  {:9.3}  {:5.3}  | {:9.2} {:5.2}  {:7}  {:4.2}  {:5.3}  {:5} | {:12.2}  {:7}",
                    plant.name,
                    ratio(&ours),
                    ratio(&bang),
                    ratio(&none),
                    worst(&ours, |f| f.overshoot),
                    worst(&ours, |f| f.overshoot_late),
                    worst(&ours, |f| f.above_limit as f64),
                    worst(&ours, |f| f.deviation),
                    worst(&ours, |f| f.duty_swing),
                    worst(&ours, |f| f.mode_changes as f64),
                    worst(&bang, |f| f.deviation),
                    worst(&none, |f| f.above_limit as f64),
                );
            }
        }
    }
}

fn bursts_table() {
    println!("seconds above the limit with bursts of foreign work: governor, oracle, no background, no governor");
    for plant in PLANTS {
        for air in [22.0, 30.0] {
            for seed in SEEDS {
                let mut trial = Trial::hour(plant, Kind::Governor, air, seed);
                trial.bursts = bursts(seed, trial.seconds);
                let above = [Kind::Governor, Kind::Oracle, Kind::Nothing, Kind::Ungoverned]
                    .map(|kind| Figures::of(&trial.with(kind).run(), plant.limit, plant.limit - MARGIN).above_limit);
                if above[0] > 0 || above[1] > 0 {
                    println!("{:13} {air:3}  seed {seed}  {above:?}", plant.name);
                }
            }
        }
    }
}

/// Where T4 and T2 exclude each other (docs/energy.md): what each degree of margin costs and avoids, beside an oracle
/// that holds the same target.
fn margins_table() {
    println!(
        "bursts, worst of the seeds: margin, governor's and oracle's share of the 4 degree oracle, seconds above the limit"
    );
    for (plant, air) in [("pi3b_bare", 30.0), ("pi4_bare", 22.0), ("pi4_bare", 30.0)] {
        for margin in 4..=10 {
            let mut row = [(f64::INFINITY, 0); 2];
            for seed in SEEDS {
                let mut trial = Trial::hour(wattle::sim::power::plant::plant(plant), Kind::Oracle, air, seed);
                trial.bursts = bursts(seed, trial.seconds);
                let target = trial.plant.limit - MARGIN;
                let whole = Figures::of(&trial.run(), trial.plant.limit, target).work;
                trial.margin = f64::from(margin);
                for (kind, (share, above)) in [Kind::Governor, Kind::Oracle].into_iter().zip(&mut row) {
                    let figures = Figures::of(&trial.with(kind).run(), trial.plant.limit, target);
                    (*share, *above) = (share.min(figures.work / whole), (*above).max(figures.above_limit));
                }
            }
            let [(ours, hot), (best, best_hot)] = row;
            println!("{plant:13} {air:3}  {margin:2}  {ours:.3}  {best:.3}  {hot:4} {best_hot:4}");
        }
    }
}
