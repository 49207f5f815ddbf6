//! Signs of life of a peer without a link: it is dialled at once, not at the end of its pause.
//!
//! While a partition lasts, the pauses grow to `REDIAL_MS_MAX`. When it heals, the first datagram across it, or the word of the first
//! member that is linked again, ends them; otherwise what was removed on one side would be trusted on the other for another minute.

use super::Peers;
use crate::base::id::PeerKey;
use crate::base::time::Instant;

impl Peers {
    /// A peer is alive, by a datagram of its own or by the word of others.
    pub fn is_alive(&mut self, now: Instant, key: PeerKey) {
        if self.known.get_mut(&key).is_some_and(|peer| peer.bring_forward(now)) {
            self.next.set(None);
        }
    }

    /// A datagram of the peer arrived.
    pub fn datagram_received(&mut self, key: PeerKey) {
        if let Some(peer) = self.known.get_mut(&key) {
            peer.datagrams.received();
        }
    }
}
