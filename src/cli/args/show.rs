//! The arguments of `wattle show`.

use std::path::PathBuf;

/// The arguments of `wattle show`.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// The document's path on this device, as a search shows it, as it stands in a watched folder, or the end of it.
    #[arg(value_name = "PATH")]
    pub path: PathBuf,

    /// Begin with the passage of this number, counted from 0.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub from: usize,
}
