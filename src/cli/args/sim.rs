//! The arguments of `wattle sim`.

use std::path::PathBuf;

/// The arguments of `wattle sim`.
#[derive(Clone, Debug, clap::Args)]
pub struct SimArgs {
    /// The scenario, a file in TOML; `tests/sim/scenarios` in the source has some.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The seed of all chance: the same one gives the same run.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Run all of these seeds, of which the last is not one.
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with = "seed")]
    pub seeds: Option<Seeds>,

    /// Give each chunk to the next device in turn at once, whatever its energy, to compare with.
    #[arg(long)]
    pub round_robin: bool,
}

/// Seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(pub std::ops::Range<u64>);

/// The most seeds of one call.
const SEEDS_MAX: u64 = 100_000;

fn seeds(text: &str) -> Result<Seeds, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = text.split_once("..").and_then(|(from, to)| Some(number(from)?..number(to)?));
    range
        .filter(|range| !range.is_empty() && range.end - range.start <= SEEDS_MAX)
        .map(Seeds)
        .ok_or_else(|| format!("seeds are two numbers as 0..200, {SEEDS_MAX} at most"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_that_is_not_empty_and_not_without_an_end() {
        assert_eq!(seeds("0..200"), Ok(Seeds(0..200)));
        for wrong in ["", "5", "5..5", "9..3", "0..", "..", "0..100001", "-1..3"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
