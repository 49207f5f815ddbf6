//! The table of known peers.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{ASK_NAME_MS, PEERS_MAX, REDIAL_MS, REDIAL_MS_MAX};
use core::net::SocketAddr;
use heapless::Vec as Bounded;

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its public key.
    pub key: PeerKey,
    /// Its PeerId, as text.
    pub peer_id: String,
    /// Where to dial it; `None`: it dials us.
    pub address: Option<SocketAddr>,
    /// Its device's name, once it said it.
    pub device: Option<String>,
    /// Whether there is a link.
    pub linked: bool,
    dial_at: Option<Instant>,
    pause: Duration,
    /// When to ask for its name, while it is linked and has not said it.
    ask_name_at: Option<Instant>,
}

impl Peer {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.device.as_deref().unwrap_or(&self.peer_id)
    }
}

/// All known peers.
#[derive(Debug, Default)]
pub struct Peers {
    known: Bounded<Peer, PEERS_MAX>,
}

impl Peers {
    /// Gets to know a peer. Returns false if there is no room.
    pub fn know(&mut self, now: Instant, key: PeerKey, peer_id: String, address: Option<SocketAddr>) -> bool {
        if let Some(peer) = self.get_mut(key) {
            peer.address = address.or(peer.address);
            return true;
        }
        let dial_at = address.map(|_| now);
        let pause = Duration::from_millis(REDIAL_MS);
        self.known
            .push(Peer { key, peer_id, address, device: None, linked: false, dial_at, pause, ask_name_at: None })
            .is_ok()
    }

    /// A peer by its key.
    #[must_use]
    pub fn get(&self, key: PeerKey) -> Option<&Peer> {
        self.known.iter().find(|peer| peer.key == key)
    }

    fn get_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.known.iter_mut().find(|peer| peer.key == key)
    }

    /// All of them, in the order in which they became known.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.known.iter()
    }

    /// A link stands.
    pub fn linked(&mut self, now: Instant, key: PeerKey) {
        if let Some(peer) = self.get_mut(key) {
            (peer.linked, peer.dial_at, peer.pause) = (true, None, Duration::from_millis(REDIAL_MS));
            peer.ask_name_at = peer.device.is_none().then_some(now + Duration::from_millis(ASK_NAME_MS));
        }
    }

    /// The next linked peer that must be asked for its name now; it is asked again after a pause.
    pub fn nameless(&mut self, now: Instant) -> Option<PeerKey> {
        let peer = self.known.iter_mut().find(|peer| peer.ask_name_at.is_some_and(|at| at <= now))?;
        peer.ask_name_at = Some(now + peer.pause.max(Duration::from_millis(ASK_NAME_MS)));
        peer.pause = (peer.pause * 2).min(Duration::from_millis(REDIAL_MS_MAX));
        Some(peer.key)
    }

    /// A peer said its name.
    pub fn named(&mut self, key: PeerKey, device: String) {
        if let Some(peer) = self.get_mut(key) {
            peer.device = Some(device);
            peer.ask_name_at = None;
        }
    }

    /// A link or a dial is lost: it is dialled again after a pause that doubles each time.
    pub fn lost(&mut self, now: Instant, key: PeerKey) {
        if let Some(peer) = self.get_mut(key) {
            peer.linked = false;
            peer.ask_name_at = None;
            peer.dial_at = peer.address.map(|_| now + peer.pause);
            peer.pause = (peer.pause * 2).min(Duration::from_millis(REDIAL_MS_MAX));
        }
    }

    /// A dial came to nothing. Where a link stands all the same (the other side dialled too), nothing is lost.
    pub fn not_dialled(&mut self, now: Instant, key: PeerKey) {
        if self.get(key).is_some_and(|peer| !peer.linked) {
            self.lost(now, key);
        }
    }

    /// A peer left for good: it is not dialled again.
    pub fn retire(&mut self, key: PeerKey) {
        if let Some(peer) = self.get_mut(key) {
            (peer.address, peer.dial_at) = (None, None);
        }
    }

    /// The next peer to dial now; it is not due again before `lost` or `linked`.
    pub fn due(&mut self, now: Instant) -> Option<(PeerKey, SocketAddr)> {
        let peer = self.known.iter_mut().find(|peer| peer.dial_at.is_some_and(|at| at <= now))?;
        peer.dial_at = None;
        Some((peer.key, peer.address?))
    }

    /// When the next dial is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.known.iter().filter_map(|peer| earliest(peer.dial_at, peer.ask_name_at)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    const A: PeerKey = PeerKey([1; 32]);
    const ADDRESS: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7781);

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn a_peer_that_does_not_answer_is_dialled_ever_more_rarely_and_one_that_did_at_once_again() {
        let mut peers = Peers::default();
        assert!(peers.know(at(0), A, "12D3".to_owned(), Some(ADDRESS)));
        assert_eq!(peers.due(at(0)), Some((A, ADDRESS)));
        assert_eq!((peers.due(at(0)), peers.deadline()), (None, None), "one dial at a time");
        let mut pauses = Vec::new();
        for _ in 0..10 {
            peers.lost(at(0), A);
            pauses.push(peers.deadline().unwrap().millis());
            peers.due(at(u64::MAX));
        }
        assert_eq!(pauses[..3], [REDIAL_MS, 2 * REDIAL_MS, 4 * REDIAL_MS]);
        assert_eq!(pauses[9], REDIAL_MS_MAX);
        peers.linked(at(0), A);
        assert_eq!(peers.nameless(at(ASK_NAME_MS)), Some(A));
        peers.named(A, "attic".to_owned());
        assert_eq!(peers.nameless(at(u64::MAX)), None);
        peers.linked(at(0), A);
        peers.not_dialled(at(3), A);
        assert!(peers.get(A).unwrap().linked, "a dial that a link forestalled loses nothing");
        peers.lost(at(7), A);
        assert_eq!(peers.deadline(), Some(at(7 + REDIAL_MS)));
    }

    #[test]
    fn a_full_table_says_so_and_a_peer_without_an_address_is_never_dialled() {
        let mut peers = Peers::default();
        for n in (0..=u8::MAX).take(PEERS_MAX) {
            assert!(peers.know(at(0), PeerKey([n; 32]), String::new(), None));
        }
        assert!(!peers.know(at(0), PeerKey([255; 32]), String::new(), None));
        assert!(peers.know(at(0), A, String::new(), None), "it was known already");
        assert_eq!(peers.deadline(), None);
    }
}
