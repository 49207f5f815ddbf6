//! The commands of `wattle tls`.

use clap::Subcommand;
use std::path::PathBuf;

/// The commands of `wattle tls`.
#[derive(Clone, Debug, Subcommand)]
pub enum TlsCommand {
    /// Encrypt the page and the API for other devices, from the next start of the agent on. Each browser installs the root certificate of this
    /// device once; `wattle tls root` says how.
    On,
    /// Encrypt them no more, from the next start on. The root certificate stays, so that `wattle tls on` needs no new one.
    Off,
    /// Show whether they are encrypted, and by which certificate.
    Status,
    /// Print the root certificate of this device, with its fingerprint, and how phones and computers install it.
    Root {
        /// A new file for the certificate, in place of printing it.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,

        /// Draw the address from which a phone loads it, for its camera.
        #[arg(long)]
        qr: bool,
    },
}
