//! The arguments of `wattle join` and `wattle mesh`.

use clap::Subcommand;
use std::path::PathBuf;

/// The commands of `wattle mesh`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum MeshCommand {
    /// Make a mesh if this device has none, and print its recovery phrase: once, to be kept on paper. `wattle pair` makes the
    /// mesh too, without the phrase.
    Create,
}

/// The arguments of `wattle join`.
#[derive(Clone, Debug, clap::Args)]
pub struct JoinArgs {
    /// The eight digits, or the text of the QR code.
    #[arg(value_name = "CODE", num_args = 0..=8, required_unless_present = "invite")]
    pub code: Vec<String>,

    /// Where the other device is, as 192.168.1.5 or 192.168.1.5:7781, or a name in place of the number. Without it, the
    /// network is searched.
    #[arg(long, value_name = "ADDRESS")]
    pub at: Vec<String>,

    /// The file of an invite, in place of a code.
    #[arg(long, value_name = "FILE", conflicts_with = "code")]
    pub invite: Option<PathBuf>,

    /// Print JSON for programs.
    #[arg(long)]
    pub json: bool,
}
