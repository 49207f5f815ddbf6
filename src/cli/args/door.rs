//! The commands about the ways into the page and the API.

use super::link::{LinkArgs, OpenArgs};
use super::password::PasswordCommand;
use super::tls::TlsCommand;
use super::token::TokenCommand;
use clap::Subcommand;

/// The commands about the ways into the page and the API.
#[derive(Clone, Debug, Subcommand)]
pub enum DoorCommand {
    /// Give programs and people tokens of their own: each may do what its role says, and can be revoked alone.
    Token {
        /// What to do.
        #[command(subcommand)]
        what: TokenCommand,
    },
    /// Give the page a password, which a person types in place of a token; or take it away.
    Password {
        /// What to do.
        #[command(subcommand)]
        what: PasswordCommand,
    },
    /// Encrypt the page for other devices, with a certificate of this device's own.
    Tls {
        /// What to do.
        #[command(subcommand)]
        what: TlsCommand,
    },
    /// Open the page in this desktop's browser, and print its addresses, with what opens it.
    Open(OpenArgs),
    /// Print the page's address again, with what opens it: for a browser on this machine, and for a phone.
    Link(LinkArgs),
}
