//! The API's address for other devices, with TLS where config.toml says so; who chooses the page's password there; and the end of what listens.

use crate::base::finding::{Area, Finding};
use crate::base::time::Duration;
use crate::cli::options::UpOptions;
use crate::http::Server;
use crate::http::keys::Keys;
use crate::http::lan_listener::LanListener;
use crate::http::tls::Tls;
use crate::limits::{FIRST_VISIT_LOOK_MS, FIRST_VISIT_OVER_LOOK_MS};
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::platform::home::Home;
use crate::platform::host::host_name;
use crate::runtime::handle::NodeHandle;
use std::net::SocketAddr;

/// The key of the finding that the first visitor is awaited.
const FIRST_VISITOR: &str = "first-visitor";

/// Opens it, if the owner has. With TLS on it never speaks without: what is in the way of TLS is in the way of the start.
///
/// # Errors
/// One sentence: what is in the way.
pub(super) fn lan_listener(
    home: &Home,
    options: &UpOptions,
    (node_handle, keys): (&NodeHandle, &Keys),
) -> Result<Option<LanListener>, String> {
    let Some(address) = options.open_api else { return Ok(None) };
    let tls = if options.config.tls { Some(Tls::new(home.tls_root()?, &host_name(), address)?) } else { None };
    if options.network.first_visitor {
        smol::spawn(tell_of_visitor(address, keys.clone(), node_handle.findings().clone())).detach();
    }
    LanListener::at(address, node_handle.clone(), keys.clone(), tls).map(Some)
}

/// Has it a finding as long as anybody in the network may choose the page's password, and one where nobody may any more and there is none.
async fn tell_of_visitor(address: SocketAddr, keys: Keys, findings: Findings) {
    while let Some((finding, pause)) = told(address, keys.awaits_first_visitor(), keys.has_password()) {
        findings.set(FIRST_VISITOR, finding);
        clock::sleep_until(Some(clock::now() + Duration::from_millis(pause))).await;
    }
    findings.clear(FIRST_VISITOR);
}

/// What is told of it, and milliseconds until the next look; `None` once there is a password.
fn told(address: SocketAddr, is_awaited: bool, has_password: bool) -> Option<(Finding, u64)> {
    match (has_password, is_awaited) {
        (true, _) => None,
        (false, true) => Some((of_visitor(address), FIRST_VISIT_LOOK_MS)),
        (false, false) => Some((of_no_visitor(address), FIRST_VISIT_OVER_LOOK_MS)),
    }
}

/// The agent was started for a first visitor, and none may choose the page's password any more, which has none.
pub(crate) fn of_no_visitor(address: SocketAddr) -> Finding {
    let what = format!(
        "The page at {address} has no password, and opens by a token alone: the agent was started with --first-visitor, and no first visitor chooses one \
         any more, as half an hour of running is over, or the home was restored or lost its note of it. Set one at the command line."
    );
    Finding { area: Area::State, what, command: Some("wattle password set".to_owned()) }
}

/// Anybody in the network may choose the page's password.
pub(crate) fn of_visitor(address: SocketAddr) -> Finding {
    let what = format!(
        "Whoever opens the page at {address} first chooses its password, and may do everything then: the agent was started with --first-visitor. That ends \
         with the first password, and after half an hour. Choose one now, on the page or at the command line."
    );
    Finding { area: Area::State, what, command: Some("wattle password set".to_owned()) }
}

/// Ends what listens: what is being answered is answered first.
pub(super) async fn close(server: Server, lan: Option<LanListener>) {
    server.stop().await;
    if let Some(lan) = lan {
        lan.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_a_password_is_looked_at_seldom_once_nobody_is_awaited_as_that_may_be_for_years() {
        let at = "192.168.1.4:7780".parse().unwrap();
        let awaited = told(at, true, false).unwrap();
        let over = told(at, false, false).unwrap();
        assert!(awaited.0.what.contains("first chooses its password") && over.0.what.contains("no first visitor"));
        assert!(
            awaited.1 <= 5_000 && over.1 >= 30_000,
            "a finding that is over is gone soon, and a home at rest sleeps"
        );
        assert_eq!(told(at, false, true), None);
    }
}
