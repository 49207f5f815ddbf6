//! The commands about the ways into the page and the API: which file does each.

use super::args::DoorCommand;
use super::output::Stop;
use super::{link, open, password, token};
use crate::http::client::{Client, Failure};
use std::net::SocketAddr;
use std::path::Path;

/// Runs one of the commands for the agent of this home, which answers at `api`.
pub(super) fn run(
    what: DoorCommand,
    client: impl Fn() -> Result<Client, Failure>,
    home: &Path,
    api: SocketAddr,
) -> Result<(), Stop> {
    match what {
        DoorCommand::Token { what } => smol::block_on(token::token(&client()?, what)),
        DoorCommand::Password { what } => smol::block_on(password::password(&client()?, what)),
        DoorCommand::Open(args) => open::open(client, home, api, args),
        DoorCommand::Link(args) => link::link(home, api, args),
    }
}
