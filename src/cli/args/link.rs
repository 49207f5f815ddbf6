//! The arguments of `wattle link` and `wattle open`.

/// The arguments of `wattle link`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct LinkArgs {
    /// Draw the phone's address, for its camera.
    #[arg(long)]
    pub qr: bool,
}

/// The arguments of `wattle open`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct OpenArgs {
    /// Print the page's address for this machine alone, with the token that opens it, and start no browser.
    #[arg(long, visible_alias = "no-browser")]
    pub print: bool,
}
