//! Announcements of libp2p agents that are not Wattle, which mdns-sd does not resolve.
//!
//! A second socket in the multicast group. It is bound to the group's address, so it takes no unicast packet away from
//! mdns-sd or Avahi, and it only receives. It is open only while some admitted peer has no link: while it is open, each
//! multicast packet of the network wakes the device twice.

use crate::limits::{ADVERTS_PACKET_MAX, DNS_BYTES_MAX};
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

/// The open socket.
pub(super) struct Libp2pBrowser {
    socket: Async<UdpSocket>,
    buffer: Box<[u8; DNS_BYTES_MAX]>,
}

impl Libp2pBrowser {
    /// Joins the group on the interface of each of these addresses that is IPv4. `None` if no group was joined.
    pub(super) fn open(listening: &[ListenAddress]) -> Option<Self> {
        let addresses = listening.iter().filter_map(|one| match one.address.ip() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        });
        match join(addresses) {
            Ok(socket) => Some(Self { socket: socket?, buffer: Box::new([0; DNS_BYTES_MAX]) }),
            Err(error) => {
                debug!("Announcements of other libp2p agents cannot be received: {error}.");
                None
            }
        }
    }

    /// Waits for the next packet that announces libp2p agents. Cancel-safe.
    pub(super) async fn next(&mut self) -> Vec<PeerAdvert> {
        loop {
            let length = match self.socket.recv(&mut *self.buffer).await {
                Ok(length) => length,
                Err(error) => {
                    debug!("Announcements of other libp2p agents are not received any more: {error}.");
                    return smol::future::pending().await;
                }
            };
            let mut adverts = Vec::new();
            texts(self.buffer.get(..length).unwrap_or_default(), |data| {
                if adverts.len() < ADVERTS_PACKET_MAX {
                    adverts.extend(decode(Service::Libp2p, data));
                }
            });
            if !adverts.is_empty() {
                return adverts;
            }
            // A sender that floods the group must not block the other tasks of this executor.
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
