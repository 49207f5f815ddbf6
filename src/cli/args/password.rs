//! The commands of `wattle password`.

use clap::Subcommand;

/// The commands of `wattle password`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum PasswordCommand {
    /// Set the page's password: it is asked for twice, or read from standard input. Browsers that were let in by the one of before are asked again.
    Set,
    /// Take the password away: the page opens by a token alone, and browsers that were let in by it are asked again.
    Remove,
}
