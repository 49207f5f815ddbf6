//! The arguments of commands about a watched place.

use std::path::PathBuf;

/// The arguments of `wattle forget`.
#[derive(Clone, Debug, clap::Args)]
pub struct ForgetArgs {
    /// What to forget.
    #[command(flatten)]
    pub place: PlaceArgs,

    /// Forget only documents that you keep without their files, in a watched folder or at any place in it.
    #[arg(long)]
    pub kept: bool,
}

/// The arguments of `wattle keep`, and the place of `wattle forget`.
#[derive(Clone, Debug, clap::Args)]
pub struct PlaceArgs {
    /// The folder or file; nothing need be there any more.
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}
