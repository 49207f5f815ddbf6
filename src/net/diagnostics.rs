//! What this agent knows of the network around it, noted down as it happens, for `wattle doctor`.
//!
//! Some decisions of the sockets read them: whether an address may be dialled, whose announcements are looked at, and
//! whether anybody is still looked for. Peers are those that may link, so the table is as long as that list; unknown_peers
//! are the last few.

use crate::base::time::Instant;
use crate::limits::{GIVEN_MAX, LINK_ALLOWED_MAX, STRANGERS_MAX};
use crate::platform::clock;
use crate::wire::mdns::is_home;
use crate::wire::peer_id::PeerId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The notes. A handle: clones mean the same ones.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    notes: Arc<Mutex<Notes>>,
}

#[derive(Debug, Default)]
struct Notes {
    listen: Option<SocketAddr>,
    places: Vec<ListenAddress>,
    no_datagrams: Option<String>,
    garbage: u64,
    multicast: Multicast,
    given: Vec<(PeerId, IpAddr)>,
    peers: BTreeMap<PeerId, PeerNotes>,
    unknown_peers: VecDeque<(PeerId, SocketAddr, Instant)>,
}

#[derive(Debug, Default)]
struct PeerNotes {
    given: Vec<String>,
    linked: Option<SocketAddr>,
    seen: Option<(SocketAddr, Instant)>,
    dialled: Option<(SocketAddr, Instant, Option<String>)>,
    sent: u64,
    heard: u64,
    heard_at: Option<Instant>,
    keys: bool,
}

/// An interface on which other devices reach this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenAddress {
    /// The interface's name.
    pub interface: String,
    /// Where it listens there.
    pub address: SocketAddr,
    /// The address with the length of its network's prefix.
    pub prefix: u8,
}

/// How announcing and browsing goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multicast {
    /// Whether it runs.
    pub on: bool,
    /// Why not, or what failed last.
    pub why: Option<String>,
    /// Interfaces on which this agent's own announcement came back to it: the system sends and hears there.
    pub own_heard: Vec<String>,
    /// Announcements of other agents that were heard, members or not.
    pub others_heard: u64,
    /// How often it had to be started again.
    pub restarts: u64,
}

/// `GET /v1/network` answers this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// Where the agent listens, as bound.
    pub listen: Option<SocketAddr>,
    /// The addresses at which others reach it.
    pub places: Vec<ListenAddress>,
    /// Why no datagrams are sent or heard; null where they are.
    pub no_datagrams: Option<String>,
    /// Datagrams that nobody's key opened.
    pub garbage: u64,
    /// Announcing and browsing.
    pub multicast: Multicast,
    /// The peers that may link.
    pub peers: Vec<PeerReachability>,
    /// Devices that wanted to link and may not, the newest first.
    pub unknown_peers: Vec<UnknownPeer>,
}

/// How one peer was reached, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerReachability {
    /// Its PeerId.
    pub peer_id: String,
    /// What its owner said of where it is.
    pub given: Vec<String>,
    /// The far end of its link, while there is one.
    pub linked: Option<SocketAddr>,
    /// Where discovery heard it last.
    pub seen: Option<SocketAddr>,
    /// Milliseconds since then.
    pub seen_ms: Option<u64>,
    /// Where it was dialled last.
    pub dialled: Option<SocketAddr>,
    /// Milliseconds since then.
    pub dialled_ms: Option<u64>,
    /// Why that did not lead to a link.
    pub failed: Option<String>,
    /// Whether it gave the keys of its datagrams.
    pub keys: bool,
    /// Datagrams sent to it.
    pub sent: u64,
    /// Datagrams of it that were opened.
    pub heard: u64,
    /// Milliseconds since the last of them.
    pub heard_ms: Option<u64>,
}

/// A device that wanted to link and may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownPeer {
    /// Its PeerId, proven.
    pub peer_id: String,
    /// Where it came from.
    pub address: SocketAddr,
    /// Milliseconds since then.
    pub ms: u64,
}

impl Diagnostics {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn peer_notes(&self, peer: &PeerId, note: impl FnOnce(&mut PeerNotes)) {
        if let Some(peer_notes) = self.notes().peers.get_mut(peer) {
            note(peer_notes);
        }
    }

    /// Where the agent listens.
    pub fn listens(&self, at: SocketAddr) {
        self.notes().listen = Some(at);
    }

    /// A peer may link from now on. Beyond `LINK_ALLOWED_MAX` nothing is noted of it.
    pub fn admit(&self, peer: PeerId) {
        let mut notes = self.notes();
        if notes.peers.len() < LINK_ALLOWED_MAX {
            notes.peers.entry(peer).or_default();
        }
    }

    /// A peer may link no longer: nothing is known of it any more.
    pub fn expel(&self, peer: &PeerId) {
        let mut notes = self.notes();
        notes.peers.remove(peer);
        notes.given.retain(|(of, _)| of != peer);
    }

    /// Where its owner says that a peer is, as it was typed.
    pub fn said(&self, peer: &PeerId, given: String) {
        self.peer_notes(peer, |peer_notes| {
            if peer_notes.given.len() < GIVEN_MAX {
                peer_notes.given.push(given);
            }
        });
    }

    /// Whether a peer may link.
    #[must_use]
    pub fn is_known(&self, peer: &PeerId) -> bool {
        self.notes().peers.contains_key(peer)
    }

    /// The owner gave this address of a peer that may link, or a name that leads to it: it may be dialled wherever
    /// it lies.
    pub fn give(&self, peer: PeerId, address: IpAddr) {
        let mut notes = self.notes();
        let known = notes.peers.contains_key(&peer) && notes.given.len() < GIVEN_MAX * LINK_ALLOWED_MAX;
        if known && !notes.given.contains(&(peer, address)) {
            notes.given.push((peer, address));
        }
    }

    /// Whether an address may be dialled: it is of the home, on a network that this device is on, or the owner
    /// gave it.
    #[must_use]
    pub fn may_dial(&self, address: IpAddr) -> bool {
        let notes = self.notes();
        is_home(address)
            || notes.given.iter().any(|(_, given)| *given == address)
            || notes.places.iter().any(|place| same_network(place.address.ip(), address, place.prefix))
    }

    /// The addresses of this device, from now on.
    pub fn stands(&self, places: &[ListenAddress]) {
        self.notes().places = places.to_vec();
    }

    /// Where others reach this device: its addresses, each with the listener's port.
    #[must_use]
    pub fn places(&self) -> Vec<ListenAddress> {
        self.notes().places.clone()
    }

    /// The socket of datagrams could not be had.
    pub fn no_datagrams(&self, why: &str) {
        self.notes().no_datagrams = Some(why.to_owned());
    }

    /// A datagram that nobody's key opened.
    pub fn garbage(&self) {
        self.notes().garbage += 1;
    }

    /// A peer gave its keys.
    pub fn keyed(&self, peer: &PeerId) {
        self.peer_notes(peer, |peer_notes| peer_notes.keys = true);
    }

    /// A datagram was sent.
    pub fn sent(&self, peer: &PeerId) {
        self.peer_notes(peer, |peer_notes| peer_notes.sent += 1);
    }

    /// A datagram was opened.
    pub fn opened(&self, peer: &PeerId, now: Instant) {
        self.peer_notes(peer, |peer_notes| (peer_notes.heard, peer_notes.heard_at) = (peer_notes.heard + 1, Some(now)));
    }

    /// Something changed with multicast.
    pub fn multicast(&self, note: impl FnOnce(&mut Multicast)) {
        note(&mut self.notes().multicast);
    }

    /// Discovery heard where a peer is.
    pub fn seen(&self, peer: &PeerId, at: SocketAddr) {
        self.peer_notes(peer, |peer_notes| peer_notes.seen = Some((at, clock::now())));
    }

    /// A peer is dialled.
    pub fn dials(&self, peer: &PeerId, at: SocketAddr) {
        self.peer_notes(peer, |peer_notes| peer_notes.dialled = Some((at, clock::now(), None)));
    }

    /// A dial came to nothing.
    pub fn failed(&self, peer: &PeerId, at: SocketAddr, why: &str) {
        self.peer_notes(peer, |peer_notes| peer_notes.dialled = Some((at, clock::now(), Some(why.to_owned()))));
    }

    /// A link came up, or went.
    pub fn linked(&self, peer: &PeerId, at: Option<SocketAddr>) {
        self.peer_notes(peer, |peer_notes| peer_notes.linked = at);
    }

    /// Whether some peer that may link is not linked.
    #[must_use]
    pub fn is_lonely(&self) -> bool {
        self.notes().peers.values().any(|peer_notes| peer_notes.linked.is_none())
    }

    /// Whether there is a link to a peer.
    #[must_use]
    pub fn is_linked(&self, peer: &PeerId) -> bool {
        self.notes().peers.get(peer).is_some_and(|peer_notes| peer_notes.linked.is_some())
    }

    /// A device that may not link wanted to.
    pub fn unknown_peer(&self, peer: PeerId, at: SocketAddr) {
        let unknown_peers = &mut self.notes().unknown_peers;
        unknown_peers.retain(|(known, ..)| *known != peer);
        unknown_peers.truncate(STRANGERS_MAX - 1);
        unknown_peers.push_front((peer, at, clock::now()));
    }

    /// Everything, to be told.
    #[must_use]
    pub fn around(&self, now: Instant) -> NetworkReport {
        let notes = self.notes();
        let ms = |at: Instant| u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX);
        let reached = |(peer, peer_notes): (&PeerId, &PeerNotes)| PeerReachability {
            peer_id: peer.to_string(),
            given: peer_notes.given.clone(),
            linked: peer_notes.linked,
            seen: peer_notes.seen.map(|(at, _)| at),
            seen_ms: peer_notes.seen.map(|(_, when)| ms(when)),
            dialled: peer_notes.dialled.as_ref().map(|(at, ..)| *at),
            dialled_ms: peer_notes.dialled.as_ref().map(|(_, when, _)| ms(*when)),
            failed: peer_notes.dialled.as_ref().and_then(|(.., why)| why.clone()),
            keys: peer_notes.keys,
            sent: peer_notes.sent,
            heard: peer_notes.heard,
            heard_ms: peer_notes.heard_at.map(ms),
        };
        let unknown_peer = |(peer, at, when): &(PeerId, SocketAddr, Instant)| UnknownPeer {
            peer_id: peer.to_string(),
            address: *at,
            ms: ms(*when),
        };
        NetworkReport {
            listen: notes.listen,
            places: notes.places.clone(),
            no_datagrams: notes.no_datagrams.clone(),
            garbage: notes.garbage,
            multicast: notes.multicast.clone(),
            peers: notes.peers.iter().map(reached).collect(),
            unknown_peers: notes.unknown_peers.iter().map(unknown_peer).collect(),
        }
    }
}

/// Whether two addresses have the first `prefix` bits in common.
fn same_network(one: IpAddr, other: IpAddr, prefix: u8) -> bool {
    let alike = |difference: u128, bits: u8| prefix > 0 && difference.leading_zeros() >= u32::from(prefix.min(bits));
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            alike(u128::from(one.to_bits() ^ other.to_bits()) << 96 | (1 << 95), 32)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => alike(one.to_bits() ^ other.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_home_its_networks_and_what_the_owner_gave_may_be_dialled() {
        let network = Diagnostics::default();
        let at =
            |text: &str, prefix| ListenAddress { interface: "eth0".into(), address: text.parse().unwrap(), prefix };
        network.stands(&[at("[2001:db8:1::5]:7781", 64), at("203.0.113.5:7781", 29)]);
        for inside in ["192.168.1.1", "fd00::1", "2001:db8:1::9", "203.0.113.1"] {
            assert!(network.may_dial(ip(inside)), "{inside}");
        }
        for outside in ["8.8.8.8", "2001:db8:2::9", "203.0.113.8", "0.0.0.0"] {
            assert!(!network.may_dial(ip(outside)), "{outside}");
        }
        let peer = PeerId::from_public_key(&[1; 32]);
        network.give(peer, ip("8.8.8.8"));
        assert!(!network.may_dial(ip("8.8.8.8")), "a place of nobody that may link");
        network.admit(peer);
        network.give(peer, ip("8.8.8.8"));
        assert!(network.may_dial(ip("8.8.8.8")));
        network.expel(&peer);
        assert!(!network.may_dial(ip("8.8.8.8")), "its places go with it");
        assert!(same_network(ip("10.0.0.1"), ip("10.0.0.1"), 32) && !same_network(ip("10.0.0.1"), ip("10.0.0.1"), 0));
    }

    #[test]
    fn notes_are_of_peers_that_may_link_and_of_the_last_strangers() {
        let peer = |seed| PeerId::from_public_key(&[seed; 32]);
        let network = Diagnostics::default();
        network.admit(peer(1));
        network.said(&peer(1), "/dns4/nas.local/tcp/7781".into());
        network.sent(&peer(1));
        network.sent(&peer(2));
        for seed in 0..=u8::MAX {
            network.unknown_peer(peer(seed), SocketAddr::from(([10, 0, 0, 1], 9)));
        }
        let around = network.around(clock::now());
        assert_eq!((around.peers.len(), around.peers[0].sent, around.unknown_peers.len()), (1, 1, STRANGERS_MAX));
        assert_eq!(around.unknown_peers[0].peer_id, peer(u8::MAX).to_string());
        network.expel(&peer(1));
        network.sent(&peer(1));
        assert!(!network.is_known(&peer(1)) && network.around(clock::now()).peers.is_empty());
    }
}
