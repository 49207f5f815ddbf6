//! How a command reaches the agent of a home.

use super::args::DEFAULT_API;
use crate::http::client::{Client, Failure};
use crate::platform::home::{Home, HomeFile, at_home};
use crate::platform::running;
use std::net::SocketAddr;
use std::path::Path;

/// A client of the agent in this home, at its address.
pub(super) fn client_of(home: &Path, given: Option<SocketAddr>) -> Result<Client, Failure> {
    let at = Home::at(home);
    // Where it will answer is not known yet: another agent may be at the usual address.
    if let Some(why) = running::starting(&at).filter(|_| given.is_none()) {
        return Err(Failure::NoAgent(why));
    }
    if given.is_none() && at.file(HomeFile::Token).exists() && !running::is_running(&at) {
        // Nothing is sent: another program may listen there now.
        let up = at_home("wattle up", home);
        let why = format!("No agent runs with the home {}. Start one with `{up}`.", home.display());
        return Err(Failure::NoAgent(why));
    }
    Client::new(api_of(home, given), home)
}

/// Where the agent of this home answers: as given, or as it wrote down, or as its settings say.
pub(super) fn api_of(home: &Path, given: Option<SocketAddr>) -> SocketAddr {
    let at = Home::at(home);
    let set = || at.settings().ok().flatten()?.node.api;
    given.or_else(|| running::api_address(&at)).or_else(set).unwrap_or(DEFAULT_API)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_waits_for_an_agent_that_starts_for_the_first_time_and_asks_nobody_at_the_usual_address() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        home.token().unwrap();
        let Err(Failure::NoAgent(why)) = client_of(folder.path(), None) else { panic!("it is not up") };
        assert!(why.contains(running::STARTING) && !why.contains("wattle up"), "{why}");
        assert!(client_of(folder.path(), Some(DEFAULT_API)).is_ok(), "its address was typed");
        home.write(HomeFile::Api, b"127.0.0.1:7790\n").unwrap();
        assert!(client_of(folder.path(), None).is_ok());
    }
}
