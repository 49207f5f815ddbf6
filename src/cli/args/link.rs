//! The arguments of `wattle link`.

/// The arguments of `wattle link`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct LinkArgs {
    /// Draw the phone's address, for its camera.
    #[arg(long)]
    pub qr: bool,
}
