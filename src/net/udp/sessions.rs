//! The datagram sessions: the address and the keys of each peer. Without a socket: bytes and addresses in and out.

use crate::limits::DATAGRAM_PEERS_MAX;
use crate::wire::datagram::{self, Decryptor, Encryptor};
use crate::wire::mdns::is_home;
use crate::wire::message::Keys;
use crate::wire::peer_id::PeerId;
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The session with one peer.
struct UdpSession {
    peer: PeerId,
    /// The address at the other end of its link.
    link: SocketAddr,
    /// Where its datagrams come from and go to; known once it sent its keys.
    address: Option<SocketAddr>,
    encryptor: Encryptor,
    /// The last keys that it sent and those before, so that datagrams on their way are not lost when keys change.
    decryptors: [Option<Decryptor>; 2],
}

/// The sessions with all peers.
#[derive(Default)]
pub(super) struct UdpSessions {
    /// The peers that may exchange datagrams.
    allowed: BTreeSet<PeerId>,
    /// A session for each of them that has had a link.
    sessions: Vec<UdpSession>,
}

impl UdpSessions {
    /// A peer may exchange datagrams from now on. False if there is no room.
    pub(super) fn add_peer(&mut self, peer: PeerId) -> bool {
        let room = self.allowed.len() < DATAGRAM_PEERS_MAX || self.allowed.contains(&peer);
        if room {
            self.allowed.insert(peer);
        }
        room
    }

    /// A peer may not any more; its keys are forgotten.
    pub(super) fn remove_peer(&mut self, peer: &PeerId) {
        self.allowed.remove(peer);
        self.sessions.retain(|session| session.peer != *peer);
    }

    /// Sets this agent's keys for datagrams to `peer`. False if the peer may not exchange datagrams.
    pub(super) fn set_send_keys(&mut self, peer: PeerId, link: SocketAddr, keys: &Keys) -> bool {
        if !self.allowed.contains(&peer) {
            return false;
        }
        let encryptor = Encryptor::new(keys.session, &keys.key);
        match self.session(&peer) {
            Some(session) => {
                session.address = session.address.map(|address| with_port(link, address.port()));
                (session.link, session.encryptor) = (link, encryptor);
            }
            None => self.sessions.push(UdpSession { peer, link, address: None, encryptor, decryptors: [None, None] }),
        }
        true
    }

    /// Sets the keys of `peer`. False if there was no link to it before: keys come over a link only.
    pub(super) fn set_receive_keys(&mut self, peer: PeerId, keys: &Keys) -> bool {
        let Some(session) = self.session(&peer) else { return false };
        session.decryptors = [Some(Decryptor::new(keys.session, &keys.key)), session.decryptors[0].take()];
        session.address = Some(with_port(session.link, keys.port));
        true
    }

    /// Encrypts into `buffer`; returns the length and the address to send to.
    pub(super) fn encrypt(&mut self, peer: &PeerId, packet: &[u8], buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let session = self.session(peer)?;
        let address = session.address?;
        session.encryptor.encrypt(packet, buffer).ok().map(|length| (length, address))
    }

    /// Decrypts a datagram in place. Each sender chooses its session number, so several peers may have the same one:
    /// every key of that number is tried, `2 * DATAGRAM_PEERS_MAX` at most.
    pub(super) fn decrypt<'a>(&mut self, datagram: &'a mut [u8], from: SocketAddr) -> Option<(PeerId, &'a [u8])> {
        let number = datagram::session(datagram)?;
        for session in &mut self.sessions {
            let same = |decryptor: &&mut Decryptor| decryptor.session() == number;
            for decryptor in session.decryptors.iter_mut().flatten().filter(same) {
                // A datagram that is not decrypted is unchanged, for the next key.
                let Some((newest, length)) = decryptor.decrypt(datagram).ok().map(|it| (it.newest, it.packet.len()))
                else {
                    continue;
                };
                if newest && (is_home(from.ip()) || from.ip() == session.link.ip()) {
                    // The peer has got another address, as its authenticated datagram shows. Addresses outside the
                    // home network are not followed.
                    session.address = Some(from);
                }
                return Some((session.peer, datagram.get(datagram::HEAD..datagram::HEAD + length)?));
            }
        }
        None
    }

    fn session(&mut self, peer: &PeerId) -> Option<&mut UdpSession> {
        self.sessions.iter_mut().find(|session| session.peer == *peer)
    }
}

/// The same address, its scope included, with another port.
fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
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

    /// Datagrams of peer 1, encrypted with these keys.
    fn encrypted(session: u32, key: u8, count: usize) -> Vec<Vec<u8>> {
        let mut encryptor = Encryptor::new(session, &[key; 32]);
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        (0..count)
            .map(|_| encryptor.encrypt(b"x", &mut buffer).map(|length| buffer[..length].to_vec()).unwrap())
            .collect()
    }

    fn linked() -> UdpSessions {
        let mut table = UdpSessions::default();
        assert!(table.add_peer(peer(1)));
        assert!(table.set_send_keys(peer(1), at("10.0.0.1:40000"), &keys(9, 9)));
        assert!(table.set_receive_keys(peer(1), &keys(5, 1)));
        table
    }

    fn target(table: &mut UdpSessions) -> SocketAddr {
        table.encrypt(&peer(1), b"x", &mut [0; 64]).unwrap().1
    }

    #[test]
    fn datagrams_go_to_the_links_address_and_the_port_that_came_with_the_keys() {
        assert_eq!(target(&mut linked()), at("10.0.0.1:7781"));
        let mut table = UdpSessions::default();
        assert!(table.add_peer(peer(1)));
        assert!(!table.set_receive_keys(peer(1), &keys(5, 1)), "keys come over a link");
        assert!(table.set_send_keys(peer(1), at("10.0.0.1:40000"), &keys(9, 9)));
        assert_eq!(table.encrypt(&peer(1), b"x", &mut [0; 64]), None, "its port is not known yet");
    }

    #[test]
    fn a_new_address_counts_only_from_the_newest_authentic_datagram() {
        let (mut table, datagrams) = (linked(), encrypted(5, 1, 2));
        let mut forged = datagrams[1].clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(table.decrypt(&mut forged, at("10.6.6.6:1")), None);
        assert_eq!(target(&mut table), at("10.0.0.1:7781"), "a forged datagram moves nobody");
        assert!(table.decrypt(&mut datagrams[1].clone(), at("10.0.0.2:7781")).is_some());
        assert_eq!(target(&mut table), at("10.0.0.2:7781"));
        assert!(table.decrypt(&mut datagrams[0].clone(), at("10.6.6.6:1")).is_some(), "late, and taken");
        assert_eq!(
            target(&mut table),
            at("10.0.0.2:7781"),
            "but a late datagram does not show where the sender is now"
        );
        assert!(table.decrypt(&mut datagrams[1].clone(), at("10.6.6.6:1")).is_none(), "a replay is refused");
        assert_eq!(target(&mut table), at("10.0.0.2:7781"));
    }

    #[test]
    fn an_address_outside_the_home_is_not_followed() {
        let (mut table, datagrams) = (linked(), encrypted(5, 1, 1));
        assert!(table.decrypt(&mut datagrams[0].clone(), at("8.8.8.8:7781")).is_some());
        assert_eq!(target(&mut table), at("10.0.0.1:7781"));
    }

    #[test]
    fn the_keys_before_still_decrypt_and_the_third_ones_end_the_first() {
        let (mut table, first) = (linked(), encrypted(5, 1, 3));
        assert!(table.set_send_keys(peer(1), at("10.0.0.3:40001"), &keys(10, 10)));
        assert!(table.decrypt(&mut first[0].clone(), at("10.0.0.3:7781")).is_some(), "a new link ends no session");
        assert!(table.set_receive_keys(peer(1), &keys(6, 2)));
        assert_eq!(target(&mut table), at("10.0.0.3:7781"));
        assert!(table.decrypt(&mut first[1].clone(), at("10.0.0.3:7781")).is_some());
        assert!(table.decrypt(&mut encrypted(6, 2, 1)[0].clone(), at("10.0.0.3:7781")).is_some());
        assert!(table.set_receive_keys(peer(1), &keys(7, 3)));
        assert!(table.decrypt(&mut first[2].clone(), at("10.0.0.3:7781")).is_none());
    }

    #[test]
    fn two_peers_with_the_same_session_number_differ_by_their_keys_and_an_expelled_one_is_refused() {
        let mut table = linked();
        assert!(table.add_peer(peer(2)));
        assert!(
            table.set_send_keys(peer(2), at("10.0.0.9:1"), &keys(1, 1)) && table.set_receive_keys(peer(2), &keys(5, 8))
        );
        let (mut of_one, mut of_two) = (encrypted(5, 1, 1).remove(0), encrypted(5, 8, 1).remove(0));
        let again = of_two.clone();
        assert_eq!(table.decrypt(&mut of_two, at("10.0.0.9:7781")), Some((peer(2), &b"x"[..])));
        assert_eq!(table.decrypt(&mut of_one, at("10.0.0.1:7781")), Some((peer(1), &b"x"[..])));
        table.remove_peer(&peer(2));
        assert_eq!(table.decrypt(&mut again.clone(), at("10.0.0.9:7781")), None);
        assert_eq!(table.encrypt(&peer(2), b"x", &mut [0; 64]), None);
        let again = (at("10.0.0.9:1"), keys(1, 1));
        assert!(
            !table.set_send_keys(peer(2), again.0, &again.1) && !table.set_receive_keys(peer(2), &keys(5, 8)),
            "it may not exchange datagrams"
        );
        assert!(
            table.add_peer(peer(2)) && !table.set_receive_keys(peer(2), &keys(5, 8)),
            "its keys come over a new link"
        );
        assert!(table.set_send_keys(peer(2), again.0, &again.1));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut table = UdpSessions::default();
        let peer = |seed: u16| {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&seed.to_be_bytes());
            PeerId::from_public_key(&key)
        };
        let fits = (0..2_000).filter(|seed| table.add_peer(peer(*seed))).count();
        assert_eq!(fits, DATAGRAM_PEERS_MAX);
        let linked_peers =
            (0..2_000).filter(|seed| table.set_send_keys(peer(*seed), at("10.0.0.1:1"), &keys(1, 1))).count();
        assert_eq!(linked_peers, DATAGRAM_PEERS_MAX);
        assert!(table.set_send_keys(peer(0), at("10.0.0.1:2"), &keys(2, 2)), "a peer in the table stays");
    }
}
