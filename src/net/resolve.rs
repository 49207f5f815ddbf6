//! Looks up the DNS names of peers that the owner gave by name (`/dns4/nas.local/tcp/7781/p2p/…`).
//!
//! A name is looked up again, with a pause that doubles, while there is no link to the peer; each address is a hint for
//! the node. The PeerId in the multiaddr identifies the peer, whatever the name resolves to.

use super::diagnostics::Diagnostics;
use super::dial_rules::is_metadata;
use crate::base::id::PeerKey;
use crate::config::{Family, Name};
use crate::limits::{ADDRESSES_MAX, RESOLVE_MS, RESOLVE_MS_MAX};
use crate::node::input::Input;
use crate::platform::blocking;
use crate::wire::peer_id::PeerId;
use log::debug;
use smol::Timer;
use smol::channel::Sender;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// Looks up a name until the driver is gone, at times when the peer may link and has no link.
pub fn keep_looking_up(peer: PeerId, name: Name, network: Diagnostics, inputs: Sender<Input>) {
    smol::spawn(async move {
        let mut pause = Duration::from_millis(RESOLVE_MS);
        while !inputs.is_closed() {
            if network.is_linked(&peer) {
                pause = Duration::from_millis(RESOLVE_MS);
            } else if network.is_known(&peer) {
                // What a name leads to is hearsay too, as far as metadata services go.
                for address in look_up(&name).await.into_iter().filter(|address| !is_metadata(address.ip())) {
                    network.add_given_address(peer, address);
                    network.seen(&peer, address);
                    let _ = inputs.send(Input::PeerDiscovered(PeerKey(*peer.public_key()), address)).await;
                }
            }
            Timer::after(pause).await;
            pause = (pause * 2).min(Duration::from_millis(RESOLVE_MS_MAX));
        }
    })
    .detach();
}

async fn look_up(name: &Name) -> Vec<SocketAddr> {
    let (host, port, family) = (name.name.clone(), name.port, name.family);
    let found = blocking::run(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter)).await;
    match found {
        Some(Ok(addresses)) => {
            let of_family = |address: &SocketAddr| match family {
                Family::Any => true,
                Family::V4 => address.is_ipv4(),
                Family::V6 => address.is_ipv6(),
            };
            addresses.into_iter().filter(of_family).take(ADDRESSES_MAX).collect()
        }
        Some(Err(error)) => {
            debug!("The name {} could not be looked up: {error}.", name.name);
            Vec::new()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_name_is_resolved_without_dns() {
        let name = Name { name: "127.0.0.1".to_owned(), port: 9, family: Family::Any };
        assert_eq!(smol::block_on(look_up(&name)), ["127.0.0.1:9".parse().unwrap()]);
        assert!(smol::block_on(look_up(&Name { family: Family::V6, ..name })).is_empty());
    }
}
