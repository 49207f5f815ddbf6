//! The commands of the appliance's card.

use clap::Subcommand;
use std::path::PathBuf;

/// The commands of the appliance's card.
#[derive(Clone, Debug, Subcommand)]
pub enum CardCommand {
    /// Read wattle.txt on the boot partition, set this system up as it says, write wattle-report.txt beside it, and take its secrets away. For
    /// root, before the agent starts.
    Apply {
        /// The boot partition.
        #[arg(long, value_name = "DIR", default_value = "/boot/firmware")]
        boot: PathBuf,

        /// The system that is set up.
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    /// Take over the page's password that was left there. For the agent's user, before the agent starts.
    Take {
        /// The folder in which it was left.
        #[arg(long, value_name = "DIR", default_value = "/data/card")]
        boot: PathBuf,
    },
}
