//! What `wattle energy` can be told.

use clap::Subcommand;

/// The commands of `wattle energy`.
#[derive(Clone, Debug, Subcommand)]
pub enum EnergyCommand {
    /// Measure what a busy core costs here: no load, one core, all cores, each for a while. The device's own sensor is
    /// used, or you read the watts off a plug. Run it while the agent is stopped; the result is kept in the home.
    Calibrate {
        /// Seconds of each load, 10 to 600.
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=600))]
        seconds: u64,
    },
    /// Say that the power supply is another one now: background work again uses the core that it gave up because the old
    /// supply was too weak.
    NewSupply,
    /// Show the quiet hours of the running agent, or set others in their place, which hold at once and stand in config.toml.
    Quiet {
        /// Days, times and what may be used meanwhile, as "sun-thu 22:00-07:00 25%"; without days on every day, without a
        /// share nothing.
        #[arg(value_name = "HOURS", num_args = 0.., conflicts_with = "none")]
        hours: Vec<String>,
        /// There are none any more.
        #[arg(long)]
        none: bool,
    },
}
