//! The API at one more address, for other devices, with TLS where its owner switched that on. At boot an agent is often up before the network: the listener opens as
//! soon as this device has the address.

use super::keys::Keys;
use super::tls::Tls;
use super::{Server, Timeouts, serve_with};
use crate::platform::home::Token;
use crate::platform::stdout::say;
use crate::runtime::handle::NodeHandle;
use smol::Timer;
use smol::channel::{Receiver, bounded};
use std::io::{ErrorKind, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Between two attempts to bind an address that this device does not have yet.
const RETRY: Duration = Duration::from_secs(10);

/// The open listener, or the task that waits for its address.
#[derive(Debug)]
pub struct LanListener {
    server: Receiver<Server>,
    waiting: Option<smol::Task<()>>,
}

impl LanListener {
    /// Opens the listener now, or once this device has the address.
    ///
    /// # Errors
    /// One sentence: why the address can never be opened.
    pub fn at(address: SocketAddr, node: NodeHandle, keys: Keys, tls: Option<Tls>) -> Result<Self, String> {
        let (opened, server) = bounded(1);
        keys.outside().opens(address, tls.is_some());
        let begin = move || -> std::io::Result<()> {
            let listener = TcpListener::bind(address)?;
            let server = serve_with(listener, node.clone(), keys.clone(), Timeouts::default(), tls.clone())?;
            let token = std::io::stdout().is_terminal().then(|| keys.owner());
            say(&invitation(address, token, tls.is_some()));
            keys.outside().listens();
            // The channel has room for one, and this is the only one.
            let _ = opened.try_send(server);
            Ok(())
        };
        match begin() {
            Ok(()) => Ok(Self { server, waiting: None }),
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                log::warn!(
                    "This device does not have the address {address} now; the API is opened there once it has. `wattle link` names those that it has."
                );
                let waiting = smol::spawn(async move {
                    while begin().is_err() {
                        Timer::after(RETRY).await;
                    }
                });
                Ok(Self { server, waiting: Some(waiting) })
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(format!(
                "The address {address} is taken, so the API cannot be opened there. Choose another with --open-api or in \
                 config.toml (api.open)."
            )),
            Err(error) => Err(format!("The API cannot be opened at {address}: {error}.")),
        }
    }

    /// Stops serving, or waiting.
    pub async fn stop(self) {
        if let Some(waiting) = self.waiting {
            waiting.cancel().await;
        }
        if let Ok(server) = self.server.try_recv() {
            server.stop().await;
        }
    }
}

/// What is needed to open the page on a phone. `token` only where its owner alone reads along: not in a journal or a pipe.
fn invitation(address: SocketAddr, token: Option<&Token>, is_encrypted: bool) -> String {
    let (scheme, readers) = if is_encrypted {
        ("https", "It is encrypted; `wattle tls root` says what a browser that warns has to install, once.")
    } else {
        ("http", "Everybody on this network can read the traffic; `wattle tls on` encrypts it.")
    };
    match token {
        Some(token) => {
            format!("On a phone or another device open {scheme}://{address}/#token={}   {readers}", token.reveal())
        }
        None => format!(
            "On a phone or another device open {scheme}://{address}/#token=TOKEN, with what the file api-token in the agent's home \
             holds in place of TOKEN. {readers}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_for_a_phone_is_whole_on_a_terminal_and_holds_no_token_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        let token = crate::platform::home::Home::at(home.path()).token().unwrap();
        let address = "192.168.1.4:7780".parse().unwrap();
        let whole = format!("open http://192.168.1.4:7780/#token={} ", token.reveal());
        assert!(invitation(address, Some(&token), false).contains(&whole));
        assert!(invitation(address, Some(&token), true).contains(&whole.replace("http:", "https:")));
        let piped = invitation(address, None, false);
        assert!(piped.contains("#token=TOKEN") && piped.contains("api-token") && !piped.contains(token.reveal()));
    }

    #[test]
    fn an_address_that_is_not_there_yet_is_waited_for_and_a_taken_one_is_an_error() {
        let (node, _requests) = NodeHandle::new();
        let home = tempfile::tempdir().unwrap();
        let keys = Keys::load(home.path(), crate::platform::home::Home::at(home.path()).token().unwrap());
        // RFC 5737 reserves these addresses for documentation: no device has them.
        let later = LanListener::at("192.0.2.1:7780".parse().unwrap(), node.clone(), keys.clone(), None).unwrap();
        assert!(later.waiting.is_some());
        smol::block_on(later.stop());
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let why = LanListener::at(taken.local_addr().unwrap(), node.clone(), keys.clone(), None).unwrap_err();
        assert!(why.contains("is taken") && why.contains("--open-api"), "{why}");
        let address = taken.local_addr().unwrap();
        drop(taken);
        let open = LanListener::at(address, node, keys, None).unwrap();
        assert!(open.waiting.is_none() && std::net::TcpStream::connect(address).is_ok());
        smol::block_on(open.stop());
    }
}
