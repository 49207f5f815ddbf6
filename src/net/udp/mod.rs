//! Encrypted datagrams for the packets of the membership machine: one UDP socket on the port of the links.
//!
//! When a link comes up, each side sends the other over it fresh keys for the datagrams that it will send
//! ([`UdpTransport::new_send_keys`], [`UdpTransport::set_receive_keys`]). An AEAD encrypts datagrams
//! (`wire::datagram`). Those that can be decrypted go to the driver as `Input::SwimPacket`; nothing else does.
//!
//! Invariants: before the tag of a datagram is verified nothing is sent, no table changes and nothing is allocated;
//! only then does a new source address of the peer count. A session outlives the loss of its link, until the next keys
//! or until the peer is expelled. `DATAGRAM_PEERS_MAX` peers have sessions, each with two keys to decrypt and one to
//! encrypt. If the driver's channel is full, datagrams are dropped.
//!
//! When to probe which peer, and when to use the link instead, is decided in `mesh`.

mod sessions;

use super::diagnostics::Diagnostics;
use crate::base::id::PeerKey;
use crate::node::input::Input;
use crate::platform::clock;
use crate::wire::datagram::DATAGRAM_BYTES_MAX;
use crate::wire::message::Keys;
use crate::wire::peer_id::PeerId;
use log::{debug, info};
use sessions::UdpSessions;
use smol::Async;
use smol::channel::Sender;
use smol::future::{or, yield_now};
use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroize;

/// Datagrams received before the task yields: a burst must not delay the links.
const BATCH: usize = 32;

/// The socket and its sessions. It closes when it is dropped.
pub struct UdpTransport {
    socket: Option<Socket>,
    table: Arc<Mutex<UdpSessions>>,
    diagnostics: Diagnostics,
    buffer: Box<[u8; DATAGRAM_BYTES_MAX]>,
}

struct Socket {
    socket: Arc<Async<UdpSocket>>,
    local: SocketAddr,
    /// Ends the task that receives.
    _running: Sender<()>,
}

impl fmt::Debug for UdpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UdpTransport({:?})", self.socket.as_ref().map(|socket| socket.local))
    }
}

impl UdpTransport {
    /// Opens the socket at the address and port of the listener. If that is taken, the agent runs without datagrams:
    /// everything goes over the links.
    #[must_use]
    pub fn open(at: SocketAddr, inputs: Sender<Input>, diagnostics: Diagnostics) -> Self {
        let table = Arc::new(Mutex::new(UdpSessions::default()));
        let socket = match UdpSocket::bind(at).and_then(Async::new) {
            Ok(socket) => {
                let socket = Arc::new(socket);
                let (running, over) = smol::channel::bounded::<()>(1);
                let receiver = UdpReceiver {
                    socket: Arc::clone(&socket),
                    table: Arc::clone(&table),
                    inputs,
                    diagnostics: diagnostics.clone(),
                };
                smol::spawn(or(receiver.run(), async move {
                    // Closed when the transport is dropped; nothing is ever sent.
                    let _ = over.recv().await;
                }))
                .detach();
                Some(Socket { socket, local: at, _running: running })
            }
            Err(error) => {
                info!(
                    "The UDP port {} cannot be used: {error}. Devices keep track of each other over their links \
                     instead, which takes longer to notice a loss.",
                    at.port()
                );
                diagnostics.no_datagrams(&error.to_string());
                None
            }
        };
        Self { socket, table, diagnostics, buffer: Box::new([0; DATAGRAM_BYTES_MAX]) }
    }

    fn table(&self) -> MutexGuard<'_, UdpSessions> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link to `peer` came up from or to `remote`: returns fresh keys, to be sent over it, for the datagrams that
    /// this agent will send. `None` without a socket, without random numbers, or if the peer may not exchange
    /// datagrams.
    #[must_use]
    pub fn new_send_keys(&self, peer: PeerId, remote: SocketAddr) -> Option<Keys> {
        let port = self.socket.as_ref()?.local.port();
        let (mut session, mut key) = ([0; 4], [0; 32]);
        if let Err(error) = getrandom::fill(&mut session).and_then(|()| getrandom::fill(&mut key)) {
            info!("No datagrams to {peer}: the system gives no random numbers: {error}.");
            return None;
        }
        let keys = Keys { session: u32::from_le_bytes(session), key, port };
        key.zeroize();
        self.table().set_send_keys(peer, remote, &keys).then_some(keys)
    }

    /// `peer` sent over its link the keys of its datagrams.
    pub fn set_receive_keys(&self, peer: PeerId, keys: &Keys) {
        if !self.table().set_receive_keys(peer, keys) {
            debug!("The keys of {peer} are not used: there was no link to it, or it may not send datagrams.");
        }
    }

    /// Exchanges datagrams with `peer` from now on; false if `DATAGRAM_PEERS_MAX` others may already.
    #[must_use]
    pub fn add_peer(&self, peer: PeerId) -> bool {
        self.table().add_peer(peer)
    }

    /// Exchanges no datagrams with `peer` from now on, and forgets its keys.
    pub fn remove_peer(&self, peer: &PeerId) {
        self.table().remove_peer(peer);
    }

    /// Sends one packet. It may be lost, and is dropped without keys or if the system refuses it.
    pub fn send(&mut self, peer: &PeerId, packet: &[u8]) {
        let Some(Socket { socket, local, .. }) = &self.socket else { return };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((length, to)) = table.encrypt(peer, packet, &mut *self.buffer) else { return };
        drop(table);
        let encrypted = self.buffer.get(..length).unwrap_or_default();
        match socket.get_ref().send_to(encrypted, reachable_from(*local, to)) {
            Ok(_) => self.diagnostics.sent(peer),
            Err(error) => debug!("A datagram to {peer} at {to} was not sent: {error}."),
        }
    }
}

/// An IPv6 socket reaches IPv4 addresses only in their mapped form.
fn reachable_from(local: SocketAddr, to: SocketAddr) -> SocketAddr {
    match to.ip() {
        IpAddr::V4(ip) if local.is_ipv6() => SocketAddrV6::new(ip.to_ipv6_mapped(), to.port(), 0, 0).into(),
        _ => to,
    }
}

/// What the receiving task holds.
struct UdpReceiver {
    socket: Arc<Async<UdpSocket>>,
    table: Arc<Mutex<UdpSessions>>,
    inputs: Sender<Input>,
    diagnostics: Diagnostics,
}

impl UdpReceiver {
    async fn run(self) {
        // One byte more than the largest: a longer datagram is seen to be too long, not cut off.
        let mut buffer = Box::new([0; DATAGRAM_BYTES_MAX + 1]);
        loop {
            for _ in 0..BATCH {
                match self.socket.recv_from(&mut *buffer).await {
                    Ok((length, from)) => self.receive(buffer.get_mut(..length).unwrap_or_default(), from),
                    // For example an ICMP port unreachable for a datagram sent earlier; it needs no action.
                    Err(error) => debug!("No datagram could be received just now: {error}."),
                }
            }
            yield_now().await;
        }
    }

    /// Allocates nothing for a datagram that cannot be decrypted.
    fn receive(&self, datagram: &mut [u8], from: SocketAddr) {
        let decrypted = self.table.lock().unwrap_or_else(PoisonError::into_inner).decrypt(datagram, from);
        let Some((peer, packet)) = decrypted else { return self.diagnostics.garbage() };
        self.diagnostics.received(&peer, clock::now());
        let input = Input::SwimPacket(PeerKey(*peer.public_key()), packet.to_vec());
        if self.inputs.try_send(input).is_err() {
            debug!("A datagram of {peer} was lost: the agent is busy.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    fn peer(seed: u8) -> PeerId {
        PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
    }

    fn open() -> (UdpTransport, SocketAddr, smol::channel::Receiver<Input>) {
        let (inputs, received) = smol::channel::bounded(8);
        let at = UdpSocket::bind(HERE).unwrap().local_addr().unwrap();
        (UdpTransport::open(at, inputs, Diagnostics::default()), at, received)
    }

    fn next(received: &smol::channel::Receiver<Input>) -> (PeerKey, Vec<u8>) {
        match received.recv_blocking() {
            Ok(Input::SwimPacket(peer, packet)) => (peer, packet),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_agents_that_exchanged_keys_receive_each_others_datagrams_and_nobody_else_is_answered() {
        let ((mut one, one_at, one_received), (mut two, two_at, two_received)) = (open(), open());
        assert!(one.add_peer(peer(2)) && two.add_peer(peer(1)));
        one.send(&peer(2), b"too early");
        let keys = one.new_send_keys(peer(2), two_at).unwrap();
        two.set_receive_keys(peer(1), &keys);
        let keys = two.new_send_keys(peer(1), one_at).unwrap();
        two.set_receive_keys(peer(1), &one.new_send_keys(peer(2), two_at).unwrap());
        one.set_receive_keys(peer(2), &keys);
        let unknown_peer = UdpSocket::bind(HERE).unwrap();
        for length in [0, 1, 27, 28, 200, DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MAX + 1, 9_000] {
            unknown_peer.send_to(&vec![7; length], one_at).unwrap();
        }
        two.send(&peer(1), b"hello");
        assert_eq!(next(&one_received), (PeerKey(*peer(2).public_key()), b"hello".to_vec()));
        one.send(&peer(2), b"and back");
        assert_eq!(next(&two_received), (PeerKey(*peer(1).public_key()), b"and back".to_vec()));
        assert!(one_received.is_empty());
        unknown_peer.set_nonblocking(true).unwrap();
        assert!(
            unknown_peer.recv_from(&mut [0; 64]).is_err(),
            "nothing is sent back for a datagram that cannot be decrypted"
        );
    }

    #[test]
    fn with_a_taken_port_the_agent_runs_without_datagrams() {
        let taken = UdpSocket::bind(HERE).unwrap();
        let (inputs, _received) = smol::channel::bounded(1);
        let mut udp = UdpTransport::open(taken.local_addr().unwrap(), inputs, Diagnostics::default());
        assert!(udp.add_peer(peer(2)));
        assert!(udp.new_send_keys(peer(2), HERE).is_none());
        udp.send(&peer(2), b"nowhere");
    }
}
