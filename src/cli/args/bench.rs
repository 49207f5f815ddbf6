//! The arguments of `wattle bench`.

use std::path::PathBuf;

/// The arguments of `wattle bench`.
#[derive(Clone, Debug, clap::Args)]
pub struct BenchArgs {
    /// A folder with a model. By default the one that the settings in the home name, else the one inside the program.
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
}
