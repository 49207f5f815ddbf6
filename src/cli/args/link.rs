//! The arguments of `wattle link`.

/// The arguments of `wattle link`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct LinkArgs {
    /// Draw the phone's address, for its camera.
    #[arg(long, conflicts_with = "json")]
    pub qr: bool,

    /// Print JSON for programs.
    #[arg(long)]
    pub json: bool,
}
