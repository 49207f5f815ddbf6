//! Observations of the network, recorded as they happen, for `wattle doctor` (`GET /v1/network`).
//!
//! They answer why a peer is not reached: where this agent listens, whether multicast works, and for each peer that may
//! link when it was last announced, dialled and linked, and how many datagrams were exchanged with it. Three decisions
//! of the other files in `net` read them too: whether an address may be dialled, whose announcements are taken, and
//! whether discovery still has to search. The table of peers is bounded by `LINK_ALLOWED_MAX`; of unknown peers that
//! tried to link only the last few are held.

mod report;

use super::dial_rules::DialRules;
use crate::base::time::Instant;
use crate::limits::{GIVEN_MAX, JOIN_CANDIDATES_MAX, LINK_ALLOWED_MAX, UNKNOWN_PEERS_MAX};
use crate::platform::clock;
use crate::wire::peer_id::PeerId;
pub use report::{ListenAddress, Multicast, NetworkReport, PeerReachability, Times, UnknownPeer};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A handle to the observations; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    records: Arc<Mutex<Records>>,
}

#[derive(Debug, Default)]
struct Records {
    listen: Option<SocketAddr>,
    listen_addresses: Vec<ListenAddress>,
    no_datagrams: Option<String>,
    garbage: u64,
    multicast: Multicast,
    rules: DialRules,
    peers: BTreeMap<PeerId, PeerRecord>,
    unknown_peers: VecDeque<(PeerId, SocketAddr, Instant, u64)>,
    /// Announcements of devices that may not link, the newest first: one of them may be an admin, or be admitted later.
    announced: VecDeque<(PeerId, SocketAddr)>,
    /// Whether an admin is searched for.
    searching: bool,
    /// Devices are never looked for.
    no_search: bool,
}

#[derive(Debug, Default)]
struct PeerRecord {
    given: Vec<String>,
    linked: Option<SocketAddr>,
    /// When that link came up.
    linked_since: Option<Instant>,
    /// When its last link went down.
    unlinked: Option<Instant>,
    seen: Option<(SocketAddr, Instant)>,
    /// The dial that ended last, or the first one, and why it led to no link.
    dialled: Option<(SocketAddr, Instant, Option<String>)>,
    /// Datagrams that were sent to it over this link: what went to an agent that has ended gets no answer.
    sent: u64,
    received: u64,
    received_at: Option<Instant>,
    keys: bool,
}

impl Diagnostics {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, peer: &PeerId, update: impl FnOnce(&mut PeerRecord)) {
        if let Some(record) = self.records().peers.get_mut(peer) {
            update(record);
        }
    }

    /// Where the agent listens.
    pub fn listens(&self, at: SocketAddr) {
        self.records().listen = Some(at);
    }

    /// A peer may link from now on. Beyond `LINK_ALLOWED_MAX` nothing is recorded of it.
    pub fn add_peer(&self, peer: PeerId) {
        let mut records = self.records();
        if records.peers.len() < LINK_ALLOWED_MAX {
            records.peers.entry(peer).or_default();
        }
    }

    /// A peer may not link any more: its records are removed. What its owner gave stays, for the case that it is let in again.
    pub fn remove_peer(&self, peer: &PeerId) {
        let mut records = self.records();
        records.peers.remove(peer);
    }

    /// The owner gave this address or name of a peer, as typed.
    pub fn add_given_text(&self, peer: &PeerId, given: String) {
        self.record(peer, |record| {
            if record.given.len() < GIVEN_MAX {
                record.given.push(given);
            }
        });
    }

    /// Whether a peer may link.
    #[must_use]
    pub fn is_known(&self, peer: &PeerId) -> bool {
        self.records().peers.contains_key(peer)
    }

    /// The owner gave this address of a peer, or a name that resolves to it: once the peer may link, it may be dialled there even
    /// outside the home network.
    pub fn add_given_address(&self, peer: PeerId, address: SocketAddr) {
        self.records().rules.give(peer, address);
    }

    /// This agent's API listens here: no peer does.
    pub fn api(&self, address: SocketAddr) {
        self.records().rules.api(address);
    }

    /// Whether an address of a peer may be dialled, see `dial_rules`.
    #[must_use]
    pub fn may_dial(&self, peer: &PeerId, address: SocketAddr) -> bool {
        let records = self.records();
        let own: Vec<_> = records.listen_addresses.iter().map(|own| (own.address.ip(), own.prefix)).collect();
        records.rules.may_dial(peer, address, &own)
    }

    /// Sets the addresses of this device.
    pub fn set_listen_addresses(&self, addresses: &[ListenAddress]) {
        self.records().listen_addresses = addresses.to_vec();
    }

    /// The addresses at which others reach this device.
    #[must_use]
    pub fn listen_addresses(&self) -> Vec<ListenAddress> {
        self.records().listen_addresses.clone()
    }

    /// The UDP socket could not be opened.
    pub fn no_datagrams(&self, why: &str) {
        self.records().no_datagrams = Some(why.to_owned());
    }

    /// A datagram arrived that no key decrypts.
    pub fn garbage(&self) {
        self.records().garbage += 1;
    }

    /// A peer sent the keys of its datagrams.
    pub fn keyed(&self, peer: &PeerId) {
        self.record(peer, |record| record.keys = true);
    }

    /// A datagram was sent.
    pub fn sent(&self, peer: &PeerId) {
        self.record(peer, |record| record.sent += 1);
    }

    /// A datagram of a peer arrived and was decrypted.
    pub fn received(&self, peer: &PeerId, now: Instant) {
        self.record(peer, |record| (record.received, record.received_at) = (record.received + 1, Some(now)));
    }

    /// Updates the state of multicast DNS.
    pub fn multicast(&self, update: impl FnOnce(&mut Multicast)) {
        update(&mut self.records().multicast);
    }

    /// Discovery found an address of a peer.
    pub fn seen(&self, peer: &PeerId, at: SocketAddr) {
        self.record(peer, |record| record.seen = Some((at, clock::now())));
    }

    /// A peer is dialled. What the last dial came to stays until this one has ended too, so that whoever asks in between hears why.
    pub fn dials(&self, peer: &PeerId, at: SocketAddr) {
        self.record(peer, |record| match record.dialled {
            Some((.., Some(_))) => {}
            _ => record.dialled = Some((at, clock::now(), None)),
        });
    }

    /// A dial failed.
    pub fn failed(&self, peer: &PeerId, at: SocketAddr, why: &str) {
        self.record(peer, |record| record.dialled = Some((at, clock::now(), Some(why.to_owned()))));
    }

    /// A link came up (`at`) or went down (`None`).
    pub fn linked(&self, peer: &PeerId, at: Option<SocketAddr>) {
        self.record(peer, |record| {
            let was_linked = std::mem::replace(&mut record.linked, at).is_some();
            if at.is_some() || was_linked {
                // What a dial came to before the link, or beside it, says nothing of the next one.
                if let Some((.., why)) = &mut record.dialled {
                    *why = None;
                }
                record.unlinked = at.is_none().then(clock::now);
                record.linked_since = at.map(|_| clock::now());
                record.sent = 0;
            }
        });
    }

    /// Whether devices are ever looked for: not by an agent that listens on this machine only, nor where multicast is switched off.
    #[must_use]
    pub fn may_search(&self) -> bool {
        !self.records().no_search
    }

    /// Devices are never looked for.
    pub fn never_searches(&self) {
        self.records().no_search = true;
    }

    /// Whether a peer that may link has no link, or an admin is searched for.
    #[must_use]
    pub fn has_unlinked_peer(&self) -> bool {
        let records = self.records();
        records.searching || records.peers.values().any(|record| record.linked.is_none())
    }

    /// Whether there is a link to a peer.
    #[must_use]
    pub fn is_linked(&self, peer: &PeerId) -> bool {
        self.records().peers.get(peer).is_some_and(|record| record.linked.is_some())
    }

    /// A device that may not link tried to.
    pub fn unknown_peer(&self, peer: PeerId, at: SocketAddr) {
        let unknown_peers = &mut self.records().unknown_peers;
        let before =
            unknown_peers.iter().position(|(known, ..)| *known == peer).and_then(|at| unknown_peers.remove(at));
        let tries = before.map_or(0, |(.., tries)| tries);
        unknown_peers.truncate(UNKNOWN_PEERS_MAX - 1);
        unknown_peers.push_front((peer, at, clock::now(), tries + 1));
    }

    /// A device that may not link announced itself; whether the node is told, because an admin is searched for.
    #[must_use]
    pub fn announced(&self, peer: PeerId, at: SocketAddr) -> bool {
        let mut records = self.records();
        records.announced.retain(|known| *known != (peer, at));
        records.announced.truncate(JOIN_CANDIDATES_MAX - 1);
        records.announced.push_front((peer, at));
        records.searching
    }

    /// Whether an admin is searched for from now on; if so, where devices that may not link announced themselves.
    #[must_use]
    pub fn search_admins(&self, on: bool) -> Vec<(PeerId, SocketAddr)> {
        let mut records = self.records();
        records.searching = on;
        if on { records.announced.iter().copied().collect() } else { Vec::new() }
    }

    /// Where a peer announced itself before it could link, and where the owner says that it is.
    #[must_use]
    pub fn announced_at(&self, peer: &PeerId) -> Vec<SocketAddr> {
        let records = self.records();
        let announced = records.announced.iter().filter(|(of, _)| of == peer).map(|(_, at)| *at);
        announced.chain(records.rules.given(peer)).collect()
    }

    /// A report of everything.
    #[must_use]
    pub fn report(&self, now: Instant) -> NetworkReport {
        let records = self.records();
        let ms = |at: Instant| u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX);
        let peer_report = |(peer, record): (&PeerId, &PeerRecord)| PeerReachability {
            peer_id: peer.to_string(),
            given: record.given.clone(),
            linked: record.linked,
            seen: record.seen.map(|(at, _)| at),
            dialled: record.dialled.as_ref().map(|(at, ..)| *at),
            failed: record.dialled.as_ref().and_then(|(.., why)| why.clone()),
            keys: record.keys,
            sent: record.sent,
            received: record.received,
            received_ms: record.received_at.map(ms),
            times: Times {
                linked_ms: record.linked_since.map(ms),
                unlinked_ms: record.unlinked.map(ms),
                seen_ms: record.seen.map(|(_, when)| ms(when)),
                dialled_ms: record.dialled.as_ref().map(|(_, when, _)| ms(*when)),
            },
        };
        let unknown_peer = |(peer, at, when, tries): &(PeerId, SocketAddr, Instant, u64)| UnknownPeer {
            tries: *tries,
            peer_id: peer.to_string(),
            address: *at,
            ms: ms(*when),
        };
        NetworkReport {
            listen: records.listen,
            listen_addresses: records.listen_addresses.clone(),
            no_datagrams: records.no_datagrams.clone(),
            garbage: records.garbage,
            multicast: records.multicast.clone(),
            peers: records.peers.iter().map(peer_report).collect(),
            unknown_peers: records.unknown_peers.iter().map(unknown_peer).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
