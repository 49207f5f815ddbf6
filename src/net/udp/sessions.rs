//! Who is reached where by datagram, and with which keys. No socket: bytes and addresses in and out.

use crate::limits::DATAGRAM_PEERS_MAX;
use crate::wire::datagram::{self, Opening, Sealing};
use crate::wire::mdns::is_home;
use crate::wire::message::Keys;
use crate::wire::peer_id::PeerId;
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// One peer.
struct UdpSession {
    peer: PeerId,
    /// The far end of its link.
    link: SocketAddr,
    /// Where its datagrams come from; known with its keys.
    address: Option<SocketAddr>,
    sealing: Sealing,
    /// The last keys that it gave, and those before: what is on its way when keys change is not lost.
    openings: [Option<Opening>; 2],
}

/// All of them.
#[derive(Default)]
pub(super) struct UdpSessions {
    /// Those whose datagrams may be opened, linked before or not.
    admitted: BTreeSet<PeerId>,
    /// Those of them that had a link.
    sessions: Vec<UdpSession>,
}

impl UdpSessions {
    /// A peer may send datagrams, and be sent some. False if there is no room.
    pub(super) fn admit(&mut self, peer: PeerId) -> bool {
        let room = self.admitted.len() < DATAGRAM_PEERS_MAX || self.admitted.contains(&peer);
        if room {
            self.admitted.insert(peer);
        }
        room
    }

    /// A peer may not any more: its keys are forgotten.
    pub(super) fn expel(&mut self, peer: &PeerId) {
        self.admitted.remove(peer);
        self.sessions.retain(|udp_session| udp_session.peer != *peer);
    }

    /// This agent's keys towards `peer`, used from now on. False if it was not admitted.
    pub(super) fn greet(&mut self, peer: PeerId, link: SocketAddr, keys: &Keys) -> bool {
        if !self.admitted.contains(&peer) {
            return false;
        }
        let sealing = Sealing::new(keys.session, &keys.key);
        match self.udp_session(&peer) {
            Some(udp_session) => {
                udp_session.address = udp_session.address.map(|address| with_port(link, address.port()));
                (udp_session.link, udp_session.sealing) = (link, sealing);
            }
            None => self.sessions.push(UdpSession { peer, link, address: None, sealing, openings: [None, None] }),
        }
        true
    }

    /// The keys of `peer`. False if it was not greeted: keys come over a link only.
    pub(super) fn learn(&mut self, peer: PeerId, keys: &Keys) -> bool {
        let Some(udp_session) = self.udp_session(&peer) else { return false };
        udp_session.openings = [Some(Opening::new(keys.session, &keys.key)), udp_session.openings[0].take()];
        udp_session.address = Some(with_port(udp_session.link, keys.port));
        true
    }

    /// Seals into `buffer`: the length, and where to send it.
    pub(super) fn seal(&mut self, peer: &PeerId, packet: &[u8], buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let udp_session = self.udp_session(peer)?;
        let address = udp_session.address?;
        udp_session.sealing.seal(packet, buffer).ok().map(|length| (length, address))
    }

    /// Opens a datagram in place. Senders choose their sessions, so two may have the same: each is tried, and
    /// there are as many as somebody allowed took the trouble to make alike, `2 * DATAGRAM_PEERS_MAX` at most.
    pub(super) fn open<'a>(&mut self, datagram: &'a mut [u8], from: SocketAddr) -> Option<(PeerId, &'a [u8])> {
        let session = datagram::session(datagram)?;
        for udp_session in &mut self.sessions {
            let alike = |opening: &&mut Opening| opening.session() == session;
            for opening in udp_session.openings.iter_mut().flatten().filter(alike) {
                // What does not open is as it was, for the next key.
                let Some((newest, length)) = opening.open(datagram).ok().map(|it| (it.newest, it.packet.len())) else {
                    continue;
                };
                if newest && (is_home(from.ip()) || from.ip() == udp_session.link.ip()) {
                    // It moved to another network, or got another address: its seal says so. Not out of the home.
                    udp_session.address = Some(from);
                }
                return Some((udp_session.peer, datagram.get(datagram::HEAD..datagram::HEAD + length)?));
            }
        }
        None
    }

    fn udp_session(&mut self, peer: &PeerId) -> Option<&mut UdpSession> {
        self.sessions.iter_mut().find(|udp_session| udp_session.peer == *peer)
    }
}

/// The same place, its scope included, at another port.
fn with_port(mut place: SocketAddr, port: u16) -> SocketAddr {
    place.set_port(port);
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::datagram::DATAGRAM_BYTES_MAX;

    fn peer(seed: u8) -> PeerId {
        PeerId::from_public_key(&[seed; 32])
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn keys(session: u32, key: u8) -> Keys {
        Keys { session, key: [key; 32], port: 7781 }
    }

    /// What peer 1 seals for us with these keys.
    fn sealed(session: u32, key: u8, count: usize) -> Vec<Vec<u8>> {
        let mut sealing = Sealing::new(session, &[key; 32]);
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        (0..count).map(|_| sealing.seal(b"x", &mut buffer).map(|length| buffer[..length].to_vec()).unwrap()).collect()
    }

    fn linked() -> UdpSessions {
        let mut table = UdpSessions::default();
        assert!(table.admit(peer(1)));
        assert!(table.greet(peer(1), at("10.0.0.1:40000"), &keys(9, 9)));
        assert!(table.learn(peer(1), &keys(5, 1)));
        table
    }

    fn target(table: &mut UdpSessions) -> SocketAddr {
        table.seal(&peer(1), b"x", &mut [0; 64]).unwrap().1
    }

    #[test]
    fn datagrams_go_to_the_links_address_and_the_port_that_was_said() {
        assert_eq!(target(&mut linked()), at("10.0.0.1:7781"));
        let mut table = UdpSessions::default();
        assert!(table.admit(peer(1)));
        assert!(!table.learn(peer(1), &keys(5, 1)), "keys come over a link");
        assert!(table.greet(peer(1), at("10.0.0.1:40000"), &keys(9, 9)));
        assert_eq!(table.seal(&peer(1), b"x", &mut [0; 64]), None, "its port is not known yet");
    }

    #[test]
    fn a_peer_that_moved_is_followed_only_by_its_newest_seal() {
        let (mut table, datagrams) = (linked(), sealed(5, 1, 2));
        let mut forged = datagrams[1].clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(table.open(&mut forged, at("10.6.6.6:1")), None);
        assert_eq!(target(&mut table), at("10.0.0.1:7781"), "a forger moves nobody");
        assert!(table.open(&mut datagrams[1].clone(), at("10.0.0.2:7781")).is_some());
        assert_eq!(target(&mut table), at("10.0.0.2:7781"));
        assert!(table.open(&mut datagrams[0].clone(), at("10.6.6.6:1")).is_some(), "late, and heard");
        assert_eq!(target(&mut table), at("10.0.0.2:7781"), "but it says nothing of where the sender is now");
        assert!(table.open(&mut datagrams[1].clone(), at("10.6.6.6:1")).is_none(), "a replay is nothing");
        assert_eq!(target(&mut table), at("10.0.0.2:7781"));
    }

    #[test]
    fn nobody_is_followed_out_of_the_home() {
        let (mut table, datagrams) = (linked(), sealed(5, 1, 1));
        assert!(table.open(&mut datagrams[0].clone(), at("8.8.8.8:7781")).is_some());
        assert_eq!(target(&mut table), at("10.0.0.1:7781"));
    }

    #[test]
    fn new_keys_leave_room_for_what_is_on_its_way_and_the_third_ones_end_the_first() {
        let (mut table, first) = (linked(), sealed(5, 1, 3));
        assert!(table.greet(peer(1), at("10.0.0.3:40001"), &keys(10, 10)));
        assert!(table.open(&mut first[0].clone(), at("10.0.0.3:7781")).is_some(), "a new link ends no session");
        assert!(table.learn(peer(1), &keys(6, 2)));
        assert_eq!(target(&mut table), at("10.0.0.3:7781"));
        assert!(table.open(&mut first[1].clone(), at("10.0.0.3:7781")).is_some());
        assert!(table.open(&mut sealed(6, 2, 1)[0].clone(), at("10.0.0.3:7781")).is_some());
        assert!(table.learn(peer(1), &keys(7, 3)));
        assert!(table.open(&mut first[2].clone(), at("10.0.0.3:7781")).is_none());
    }

    #[test]
    fn two_peers_with_the_same_session_are_told_apart_by_their_keys_and_an_expelled_one_is_deaf() {
        let mut table = linked();
        assert!(table.admit(peer(2)));
        assert!(table.greet(peer(2), at("10.0.0.9:1"), &keys(1, 1)) && table.learn(peer(2), &keys(5, 8)));
        let (mut of_one, mut of_two) = (sealed(5, 1, 1).remove(0), sealed(5, 8, 1).remove(0));
        let again = of_two.clone();
        assert_eq!(table.open(&mut of_two, at("10.0.0.9:7781")), Some((peer(2), &b"x"[..])));
        assert_eq!(table.open(&mut of_one, at("10.0.0.1:7781")), Some((peer(1), &b"x"[..])));
        table.expel(&peer(2));
        assert_eq!(table.open(&mut again.clone(), at("10.0.0.9:7781")), None);
        assert_eq!(table.seal(&peer(2), b"x", &mut [0; 64]), None);
        let again = (at("10.0.0.9:1"), keys(1, 1));
        assert!(!table.greet(peer(2), again.0, &again.1) && !table.learn(peer(2), &keys(5, 8)), "it is not let in");
        assert!(table.admit(peer(2)) && !table.learn(peer(2), &keys(5, 8)), "its keys come over a new link");
        assert!(table.greet(peer(2), again.0, &again.1));
    }

    #[test]
    fn the_table_has_an_end() {
        let mut table = UdpSessions::default();
        let peer = |seed: u16| {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&seed.to_be_bytes());
            PeerId::from_public_key(&key)
        };
        let fits = (0..2_000).filter(|seed| table.admit(peer(*seed))).count();
        assert_eq!(fits, DATAGRAM_PEERS_MAX);
        let greeted = (0..2_000).filter(|seed| table.greet(peer(*seed), at("10.0.0.1:1"), &keys(1, 1))).count();
        assert_eq!(greeted, DATAGRAM_PEERS_MAX);
        assert!(table.greet(peer(0), at("10.0.0.1:2"), &keys(2, 2)), "who is in stays in");
    }
}
