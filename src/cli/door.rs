//! The commands about the ways into the page and the API: which file does each.

use super::args::DoorCommand;
use super::output::Stop;
use super::{link, open, password, tls, token};
use crate::http::client::{Client, Failure};
use std::net::SocketAddr;
use std::path::Path;

/// Runs one of the commands for the agent of this home, which answers at `api`.
pub(super) fn run(
    what: DoorCommand,
    client: impl Fn() -> Result<Client, Failure>,
    (home, api): (&Path, SocketAddr),
    as_json: bool,
) -> Result<(), Stop> {
    match what {
        DoorCommand::Token { what } => smol::block_on(token::token(&client()?, what, as_json)),
        DoorCommand::Password { what } => smol::block_on(password::password(&client()?, what, as_json)),
        DoorCommand::Tls { what } => tls::tls(home, what, as_json),
        DoorCommand::Open(args) => open::open(client, (home, api), args, as_json),
        DoorCommand::Link(args) => link::link(home, api, args, as_json),
    }
}
