//! The API at one more address, for other devices, from the moment when this device has that address.

use super::{Server, Timeouts, serve};
use crate::platform::home::Token;
use crate::runtime::handle::NodeHandle;
use smol::Timer;
use smol::channel::{Receiver, bounded};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Between two looks whether the address is there: at boot an agent is often up before the network is.
const AGAIN: Duration = Duration::from_secs(10);

/// The listener, or the wait for its address.
#[derive(Debug)]
pub struct LanListener {
    server: Receiver<Server>,
    waits: Option<smol::Task<()>>,
}

impl LanListener {
    /// Opens it, now or when the address is there.
    ///
    /// # Errors
    /// One sentence, where waiting would not help.
    pub fn at(address: SocketAddr, gate: NodeHandle, token: Token) -> Result<Self, String> {
        let (there, server) = bounded(1);
        let begin = move || -> std::io::Result<()> {
            let server = serve(TcpListener::bind(address)?, gate.clone(), token.clone(), Timeouts::default())?;
            println!(
                "The API is open to other devices at http://{address}, with the token; what passes is not encrypted."
            );
            // The one place for it is free.
            let _ = there.try_send(server);
            Ok(())
        };
        match begin() {
            Ok(()) => Ok(Self { server, waits: None }),
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                log::warn!("This device does not have the address {address} now; the API is opened there once it has.");
                let waits = smol::spawn(async move {
                    while begin().is_err() {
                        Timer::after(AGAIN).await;
                    }
                });
                Ok(Self { server, waits: Some(waits) })
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(format!(
                "The address {address} is taken, so the API cannot be opened there. Choose another with --open-api or in \
                 config.toml (api.open)."
            )),
            Err(error) => Err(format!("The API cannot be opened at {address}: {error}.")),
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        if let Some(waits) = self.waits {
            waits.cancel().await;
        }
        if let Ok(server) = self.server.try_recv() {
            server.stop().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_there_yet_is_waited_for_and_a_taken_one_is_told() {
        let (gate, _asked) = NodeHandle::new();
        let home = tempfile::tempdir().unwrap();
        let token = crate::platform::home::Home::at(home.path()).token().unwrap();
        // Of RFC 5737's addresses for documentation, which no device has.
        let later = LanListener::at("192.0.2.1:7780".parse().unwrap(), gate.clone(), token.clone()).unwrap();
        assert!(later.waits.is_some());
        smol::block_on(later.stop());
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let why = LanListener::at(taken.local_addr().unwrap(), gate.clone(), token.clone()).unwrap_err();
        assert!(why.contains("is taken") && why.contains("--open-api"), "{why}");
        let address = taken.local_addr().unwrap();
        drop(taken);
        let open = LanListener::at(address, gate, token).unwrap();
        assert!(open.waits.is_none() && std::net::TcpStream::connect(address).is_ok());
        smol::block_on(open.stop());
    }
}
