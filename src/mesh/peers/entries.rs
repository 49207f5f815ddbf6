//! Adding and removing peers: whoever may link gets an entry.

use super::{Peer, Peers};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::PEERS_MAX;
use core::net::SocketAddr;

impl Peers {
    /// Adds a peer; it is dialled once an address is known and a link is wanted. False if there is no room.
    pub fn add_peer(&mut self, now: Instant, key: PeerKey, peer_id: String) -> bool {
        if self.known.len() >= PEERS_MAX && !self.known.contains_key(&key) {
            return false;
        }
        self.next.set(None);
        self.known.entry(key).or_insert_with(|| Peer::new(now, key, peer_id));
        true
    }

    /// Takes an address that the owner gave. No hint displaces it.
    pub fn add_given_address(&mut self, key: PeerKey, address: SocketAddr) {
        if let Some(peer) = self.get_mut(key) {
            peer.addresses.keep(address);
        }
    }

    /// Removes a peer, its addresses, and the packet that waited for its link.
    pub fn remove_peer(&mut self, key: PeerKey) -> Option<Peer> {
        self.next.set(None);
        self.active.remove(&key);
        self.known.remove(&key)
    }
}
