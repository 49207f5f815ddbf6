//! The ear for libp2p agents that are not Wattle: their announcements, which mdns-sd does not resolve.
//!
//! A second socket in the multicast group, on its own address: bound to the group, it takes no unicast packet away
//! from mdns-sd or Avahi. It only listens. It is open while some peer is not linked: each packet of the network's
//! multicast wakes the device twice meanwhile.

use crate::limits::DNS_BYTES_MAX;
use crate::net::diagnostics::ListenAddress;
use crate::wire::dns::texts;
use crate::wire::mdns::{PeerAdvert, Service, decode};
use log::debug;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use smol::Async;
use std::io::Result;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;

/// Announcements that are taken of one packet.
const HEARD_MAX: usize = 8;

/// The open socket.
pub(super) struct Libp2pBrowser {
    socket: Async<UdpSocket>,
    buffer: Box<[u8; DNS_BYTES_MAX]>,
}

impl Libp2pBrowser {
    /// Joins the group on the interface of each of these places that has IPv4. `None` if that is on none of them.
    pub(super) fn open(places: &[ListenAddress]) -> Option<Self> {
        let addresses = places.iter().filter_map(|place| match place.address.ip() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        });
        match join(addresses) {
            Ok(socket) => Some(Self { socket: socket?, buffer: Box::new([0; DNS_BYTES_MAX]) }),
            Err(error) => {
                debug!("Other libp2p agents are not listened to: {error}.");
                None
            }
        }
    }

    /// Waits for the next packet that announces libp2p agents. To give up waiting loses nothing.
    pub(super) async fn next(&mut self) -> Vec<PeerAdvert> {
        loop {
            let length = match self.socket.recv(&mut *self.buffer).await {
                Ok(length) => length,
                Err(error) => {
                    debug!("Other libp2p agents are not heard any more: {error}.");
                    return smol::future::pending().await;
                }
            };
            let mut heard = Vec::new();
            texts(self.buffer.get(..length).unwrap_or_default(), |data| {
                if heard.len() < HEARD_MAX {
                    heard.extend(decode(Service::Libp2p, data));
                }
            });
            if !heard.is_empty() {
                return heard;
            }
            // Somebody who sends without end must not hold up the others on this executor.
            smol::future::yield_now().await;
        }
    }
}

fn join(addresses: impl Iterator<Item = Ipv4Addr>) -> Result<Option<Async<UdpSocket>>> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(&socket, &SocketAddrV4::new(GROUP, PORT))?;
    let mut joined = false;
    for address in addresses {
        match sockopt::set_ip_add_membership(&socket, &GROUP, &address) {
            Ok(()) => joined = true,
            Err(error) => debug!("The multicast group cannot be joined at {address}: {error}."),
        }
    }
    if joined { Async::new(UdpSocket::from(socket)).map(Some) } else { Ok(None) }
}
