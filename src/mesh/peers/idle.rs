//! Which links this agent wants, and which it ends.

use super::{Peer, Peers};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::{LINKS_CROWDED, LINKS_WANTED, PEERS_LINKED_ALL};
use crate::mesh::topology;

impl Peers {
    /// The next link to end because it is idle and not wanted.
    pub fn next_idle_link(&mut self, now: Instant) -> Option<PeerKey> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        self.next.set(None);
        let crowded = self.crowded();
        let peer = self.first(|peer| peer.idle_at(crowded).is_some_and(|at| at <= now))?;
        peer.link.ending = true;
        Some(peer.key)
    }

    /// Whether the link table is nearly full.
    pub(super) fn crowded(&self) -> bool {
        self.active().filter(|peer| peer.linked && !peer.link.ending).count() >= LINKS_CROWDED
    }

    /// Whether a link to this peer is to last, as far as is known before the next choice.
    #[must_use]
    pub fn wants(&self, key: PeerKey) -> bool {
        self.known.len() <= PEERS_LINKED_ALL || self.get(key).is_some_and(|peer| peer.wanted)
    }

    /// Chooses the wanted links: all in a small mesh, `LINKS_WANTED` neighbours in a large one. Peers for which `down`
    /// holds are passed over.
    pub fn choose(&mut self, own: PeerKey, down: impl Fn(PeerKey) -> bool) {
        self.next.set(None);
        if self.known.len() <= PEERS_LINKED_ALL {
            self.known.values_mut().for_each(|peer| peer.wanted = true);
            self.active = self.known.keys().copied().collect();
            return;
        }
        let reachable = |peer: &&Peer| !down(peer.key) && (peer.linked || !peer.addresses.all().is_empty());
        let keys: Vec<PeerKey> = self.known.values().filter(reachable).map(|peer| peer.key).collect();
        let wanted = topology::neighbours(&keys, own, LINKS_WANTED);
        self.known.values_mut().for_each(|peer| peer.wanted = wanted.contains(&peer.key));
        let dialled = |peer: &Peer| peer.redial.dialling || peer.redial.waiting.is_some();
        let active = |peer: &&Peer| peer.wanted || peer.linked || dialled(peer) || peer.name_at().is_some();
        self.active = self.known.values().filter(active).map(|peer| peer.key).collect();
    }
}
