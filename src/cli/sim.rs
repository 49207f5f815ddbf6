//! `wattle sim`: runs a scenario of the simulator and prints its report. No agent is asked.

use super::args::{Seeds, SimArgs};
use super::exit::Exit;
use super::output::{Stop, compact, print_as_is, print_next};
use super::text::one_line;
use crate::limits::SCENARIO_BYTES_MAX;
use crate::platform::{clock, panics};
use crate::sim::scenario::report::Report;
use crate::sim::scenario::{Scenario, run};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Runs the scenario in this file, whose path is absolute.
pub(super) fn sim(file: &Path, args: &SimArgs, as_json: bool) -> Result<(), Stop> {
    let scenario = read(file)?;
    let scenario = if args.round_robin { scenario.round_robin() } else { scenario };
    let seeds = args.seeds.clone().unwrap_or(Seeds(args.seed..args.seed.saturating_add(1))).0;
    let count = seeds.end - seeds.start;
    if !as_json {
        print_as_is(&format!("{}\n", one_line(&scenario.about)))?;
    }
    let (began, mut wrong) = (clock::now(), Vec::new());
    for seed in seeds {
        let ran = panics::guard(|| run(&scenario, seed));
        if !ran.as_ref().is_ok_and(Report::well) {
            wrong.push(seed.to_string());
        }
        let told = match ran {
            Ok(report) if as_json => compact(&serde_json::to_value(&report).unwrap_or_default()),
            Ok(report) => report.text(),
            Err(why) if as_json => compact(&serde_json::json!({ "seed": seed, "violated": why })),
            Err(why) => format!("seed {seed}: an invariant is violated: {why}\n"),
        };
        print_next(&told)?;
    }
    if !as_json && count > 1 {
        let well = count - wrong.len() as u64;
        let seconds = clock::now().since(began).as_secs_f64();
        print_as_is(&format!("{well} of {count} seeds are as expected, in {seconds:.1} s.\n"))?;
        if !wrong.is_empty() {
            print_as_is(&format!("Not: {}\n", wrong.join(", ")))?;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Stop::Reported(Exit::NotDone)) }
}

fn read(path: &Path) -> Result<Scenario, Stop> {
    let cannot = |why: &str| Stop::NotDone(format!("The scenario {} cannot be read: {why}.", path.display()));
    let file = File::open(path).map_err(|error| cannot(&error.to_string()))?;
    // One byte more than it may have, so that a larger one is noticed.
    let mut text = String::new();
    let most = SCENARIO_BYTES_MAX as u64 + 1;
    file.take(most).read_to_string(&mut text).map_err(|error| cannot(&error.to_string()))?;
    Scenario::parse(&text).map_err(|error| cannot(&error.to_string()))
}
