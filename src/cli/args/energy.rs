//! What `wattle energy` can be told.

use crate::base::time::Duration;
use crate::config::duration;
use crate::limits::HINT_TTL_S_MAX;
use clap::{Subcommand, ValueEnum};

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
    /// Say how much energy there is for a while, as the sun on the roof or the price of power have it. With surplus, work that waits is
    /// done; when it is scarce, only what is asked for is.
    Hint {
        /// How much there is.
        #[arg(value_enum)]
        supply: Supply,
        /// For how long: 30m, and an hour at most. A hint that nobody repeats ends by itself.
        #[arg(value_name = "TIME", default_value = "1h", value_parser = hint_time)]
        time: Duration,
    },
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

/// How much energy there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Supply {
    /// More than usual.
    Surplus,
    /// As usual.
    Normal,
    /// Less than usual.
    Scarce,
}

impl Supply {
    /// The word of `PUT /v1/energy/hint`.
    #[must_use]
    pub const fn state(self) -> &'static str {
        match self {
            Self::Surplus => "surplus",
            Self::Normal => "normal",
            Self::Scarce => "scarce",
        }
    }
}

fn hint_time(text: &str) -> Result<Duration, String> {
    let time = duration(text).filter(|time| time.as_secs() <= HINT_TTL_S_MAX);
    time.ok_or_else(|| format!("it is a time as 30m or 1h, {} minutes at most", HINT_TTL_S_MAX / 60))
}
