//! The table of known peers: whom to dial and when, which link to end, and by which transports a packet goes.
//!
//! A peer is dialled by one dial at a time. After a failure the pause doubles up to `REDIAL_MS_MAX`, with up to half as
//! much again by chance, because many agents lose the same peer at once; an agent without any link keeps the pauses
//! short for a while. A hint or a sign of life (`signs`) brings a dial forward at most once in `HINT_DIAL_MS`, so wrong ones cost little. In a
//! large mesh most peers have no link: a probe that no datagram can carry waits for one, which is dialled for it and
//! ended when it is idle.
//!
//! Which peers may be in the table is decided in `mesh::trust`; whether a peer is alive, in `mesh::swim`.

mod entries;
mod idle;
mod names;
mod peer;
mod signs;

pub use peer::Peer;

use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    DUPLICATE_RETRY_MS, LINK_DIALS_MAX, MEMBER_LIST_PAUSE_MS, NAME_REQUEST_MS, REDIAL_ALONE_MS_MAX, REDIAL_MS,
    REDIAL_MS_MAX, REDIAL_SOON_FOR_MS, REDIAL_SOON_MS_MAX,
};
use core::cell::Cell;
use core::net::SocketAddr;
use peer::{LinkState, Told};
use std::collections::{BTreeMap, BTreeSet};

/// The transports that a packet goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transports {
    /// By datagram.
    pub datagram: bool,
    /// Over the link.
    pub link: bool,
}

/// All known peers.
#[derive(Debug, Default)]
pub struct Peers {
    known: BTreeMap<PeerKey, Peer>,
    /// At least all that are linked, wanted or to be dialled: only they have deadlines.
    active: BTreeSet<PeerKey>,
    /// Spreads dials; `None` in tests that need exact pauses.
    rng: Option<Rng>,
    /// Since when dials fail while there is no link at all.
    alone_since: Option<Instant>,
    /// The deadline, cached; outer `None`: not computed yet.
    next: Cell<Option<Option<Instant>>>,
}

impl Peers {
    /// An empty table that spreads its dials with `rng`.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Self { rng: Some(rng), ..Self::default() }
    }

    /// A peer by its key.
    #[must_use]
    pub fn get(&self, key: PeerKey) -> Option<&Peer> {
        self.known.get(&key)
    }

    fn get_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.next.set(None);
        self.known.get_mut(&key)
    }

    /// All of them, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.known.values()
    }

    /// Takes an unproven address of a peer. A new one brings the dial forward, at most once in `HINT_DIAL_MS`.
    pub fn add_hint(&mut self, now: Instant, key: PeerKey, address: SocketAddr) {
        let Some(peer) = self.known.get_mut(&key) else { return };
        if peer.addresses.hint(address) && peer.bring_forward(now) {
            self.next.set(None);
        }
    }

    /// Takes the addresses that a peer sent of itself, and the far end of its link with the port of the first of them.
    pub fn add_listen_addresses(&mut self, now: Instant, key: PeerKey, addresses: &[SocketAddr]) {
        let remote = self.get(key).and_then(|peer| peer.link.remote);
        let seen = remote.into_iter().zip(addresses.first()).map(|(ip, first)| SocketAddr::new(ip, first.port()));
        for address in addresses.iter().copied().chain(seen) {
            self.add_hint(now, key, address);
        }
    }

    /// Where a peer that dialled this agent listens, by its own word and by where its link comes from, if no better address is known: once
    /// a link. None on this machine: there the owner says where agents are.
    pub fn listens_at(&mut self, key: PeerKey, addresses: &[SocketAddr]) -> Option<SocketAddr> {
        let is_asked = |peer: &&mut Peer| peer.linked && !peer.link.told.listens && peer.addresses.kept().is_empty();
        let peer = self.known.get_mut(&key).filter(is_asked)?;
        let remote = peer.link.remote.filter(|ip| !ip.is_loopback())?;
        let found = addresses.iter().copied().find(|address| address.ip() == remote);
        peer.link.told.listens = found.is_some();
        found
    }

    /// The peers with a link.
    pub fn all_linked(&self) -> impl Iterator<Item = PeerKey> {
        self.active().filter(|peer| peer.linked).map(|peer| peer.key)
    }

    fn active(&self) -> impl Iterator<Item = &Peer> {
        self.active.iter().filter_map(|key| self.known.get(key))
    }

    /// The first active peer for which `needs` holds.
    fn first(&mut self, needs: impl Fn(&Peer) -> bool) -> Option<&mut Peer> {
        let key = self.active().find(|peer| needs(peer))?.key;
        self.known.get_mut(&key)
    }

    /// A link came up, to or from this address. Returns the packet that waited for it, and whether the address is
    /// newly proven.
    pub fn linked(&mut self, now: Instant, key: PeerKey, address: SocketAddr) -> (Option<Vec<u8>>, bool) {
        let Some(peer) = self.known.get_mut(&key) else { return (None, false) };
        self.active.insert(key);
        self.next.set(None);
        self.alone_since = None;
        // The address that a peer dials from is not the one where it listens.
        let dialled = peer.redial.dialling && peer.addresses.all().contains(&address);
        let is_new = dialled && peer.addresses.keep(address);
        let named = peer.link.named;
        let name_request_at = (!named).then_some(now + Duration::from_millis(NAME_REQUEST_MS));
        peer.linked = true;
        let remote = Some(address.ip());
        let told = Told { listens: false, ..peer.link.told };
        let (ending, digest_unanswered) = (false, false);
        peer.link = LinkState { dialled, ending, remote, used: now, named, name_request_at, told, digest_unanswered };
        peer.datagrams.open();
        peer.redial.dialling = false;
        (peer.redial.pause, peer.redial.at) = (Duration::from_millis(REDIAL_MS), now);
        (peer.redial.waiting.take(), is_new)
    }

    /// Something was sent or received on the link.
    pub fn link_used(&mut self, now: Instant, key: PeerKey) {
        // This can only delay a deadline, so the cached one may stay: it is at worst too early.
        if let Some(peer) = self.known.get_mut(&key) {
            peer.link.used = now;
        }
    }

    /// A link or a dial failed: the peer is dialled again after a pause that doubles each time.
    pub fn unlinked(&mut self, now: Instant, key: PeerKey) {
        if let Some(peer) = self.get_mut(key) {
            (peer.linked, peer.redial.dialling, peer.link.name_request_at) = (false, false, None);
        }
        let longest = self.longest_pause(now);
        let Some(peer) = self.known.get_mut(&key) else { return };
        let pause = peer.redial.pause.min(longest);
        let half = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) / 2;
        let jitter = self.rng.as_mut().map_or(0, |rng| rng.below(half));
        peer.redial.at = now + pause + Duration::from_millis(jitter);
        peer.redial.pause = (pause * 2).min(Duration::from_millis(REDIAL_MS_MAX));
    }

    fn longest_pause(&mut self, now: Instant) -> Duration {
        if self.rng.is_none() || self.all_linked().next().is_some() {
            return Duration::from_millis(REDIAL_MS_MAX);
        }
        let since = *self.alone_since.get_or_insert(now);
        let soon = now.since(since) < Duration::from_millis(REDIAL_SOON_FOR_MS);
        Duration::from_millis(if soon { REDIAL_SOON_MS_MAX } else { REDIAL_ALONE_MS_MAX })
    }

    /// A dial failed. If there is a link all the same, because the other side dialled too, nothing changes.
    pub fn dial_failed(&mut self, now: Instant, key: PeerKey) {
        if self.get(key).is_some_and(|peer| !peer.linked) {
            self.unlinked(now, key);
            if let Some(peer) = self.get_mut(key) {
                peer.redial.waiting = None;
                peer.addresses.rotate();
            }
        }
    }

    /// A peer is linked with another device that has this agent's key: if the link to the peer ends, or is ended, it is dialled
    /// again after `DUPLICATE_RETRY_MS` and up to half as long more.
    pub fn contested(&mut self, now: Instant, key: PeerKey) {
        let jitter = self.rng.as_mut().map_or(0, |rng| rng.below(DUPLICATE_RETRY_MS / 2));
        if let Some(peer) = self.get_mut(key) {
            peer.redial.not_before = Some(now + Duration::from_millis(DUPLICATE_RETRY_MS + jitter));
        }
    }

    /// A peer left for good: it is never dialled again.
    pub fn mark_left(&mut self, key: PeerKey) {
        if let Some(peer) = self.get_mut(key) {
            peer.left = true;
            peer.redial.waiting = None;
        }
    }

    /// The next peer to dial now. It is not due again before `unlinked`, `dial_failed` or `linked`.
    pub fn next_dial(&mut self, now: Instant) -> Option<(PeerKey, SocketAddr)> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        self.next.set(None);
        if self.active().filter(|peer| peer.redial.dialling).count() >= LINK_DIALS_MAX {
            return None;
        }
        let peer = self.first(|peer| peer.dial_at().is_some_and(|at| at <= now))?;
        peer.redial.dialling = true;
        Some((peer.key, peer.addresses.current()?))
    }

    /// The transports for a packet: datagrams, the link while no datagram of the peer has arrived lately, or both. A
    /// packet that asks for an answer (`asks`) and finds neither waits for a link, which is dialled. `all`: the packet
    /// is urgent, use every transport.
    pub fn transports(&mut self, key: PeerKey, packet: &[u8], asks: bool, all: bool) -> Transports {
        let Some(peer) = self.known.get_mut(&key) else { return Transports { datagram: false, link: false } };
        if all {
            peer.datagrams.proven = false;
        }
        if asks {
            peer.datagrams.probe_sent();
        }
        let keyed = peer.datagrams.keyed;
        let transports = Transports { datagram: keyed, link: peer.linked && !peer.datagrams.proven };
        if asks && !peer.linked && (all || !keyed) {
            peer.redial.waiting = Some(packet.to_vec());
            self.active.insert(key);
            self.next.set(None);
        }
        transports
    }

    /// The peer is in this generation. In a new one it has lost its datagram keys, unless it is linked.
    pub fn on_generation(&mut self, key: PeerKey, generation: u32) {
        if let Some(peer) = self.get_mut(key)
            && peer.generation.replace(generation).is_some_and(|before| before != generation)
        {
            (peer.datagrams.keyed, peer.datagrams.proven) = (peer.linked, false);
        }
    }

    /// Whether the whole member list may be sent to it now: once in `MEMBER_LIST_PAUSE_MS`.
    pub fn may_send_list(&mut self, now: Instant, key: PeerKey) -> bool {
        let Some(peer) = self.known.get_mut(&key) else { return false };
        let pause = Duration::from_millis(MEMBER_LIST_PAUSE_MS);
        let may = peer.list_sent.is_none_or(|at| now.since(at) >= pause);
        if may {
            peer.list_sent = Some(now);
        }
        may
    }

    /// Whether to send it hashes of the member list in place of the list: not if it did not answer the last ones on this link.
    pub fn begin_digest(&mut self, key: PeerKey) -> bool {
        self.known.get_mut(&key).is_some_and(|peer| !core::mem::replace(&mut peer.link.digest_unanswered, true))
    }

    /// Hashes of its member list came.
    pub fn digest_received(&mut self, key: PeerKey) {
        if let Some(peer) = self.known.get_mut(&key) {
            peer.link.digest_unanswered = false;
        }
    }

    /// When the next dial, request for a name, save of one or end of a link is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if let Some(next) = self.next.get() {
            return next;
        }
        let full = self.active().filter(|peer| peer.redial.dialling).count() >= LINK_DIALS_MAX;
        let crowded = self.crowded();
        let dial = |peer: &Peer| if full { None } else { peer.dial_at() };
        let soonest = |peer: &Peer| earliest(dial(peer), earliest(peer.idle_at(crowded), peer.name_at()));
        let next = self.active().filter_map(soonest).min();
        self.next.set(Some(next));
        next
    }
}

#[cfg(test)]
mod test;
