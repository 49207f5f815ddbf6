//! How things stand, as plain data for the API and the page.

use super::Node;
use super::gossip::PeerGossip;
use crate::base::id::{Fingerprint, PeerKey};
use crate::base::time::Instant;
use crate::mesh::peers::Peer;
use crate::mesh::swim::Liveness;
use crate::store::change::Ledger;
use crate::store::record::Source;
use core::net::SocketAddr;
use std::collections::BTreeMap;

/// One look at a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The agent's PeerId.
    pub peer_id: String,
    /// The device's name.
    pub device: String,
    /// The counts.
    pub ledger: Ledger,
    /// What is watched.
    pub sources: Vec<Source>,
    /// The model's name.
    pub model: String,
    /// The model's fingerprint.
    pub fingerprint: Fingerprint,
    /// The known peers.
    pub peers: Vec<PeerStatus>,
    /// What they told of themselves.
    pub heard: Vec<PeerGossip>,
    /// What the driver knows.
    pub driver: FromDriver,
    /// Background tasks and saves under way.
    pub running: usize,
    /// Whether some folder is being looked through.
    pub looking: bool,
    /// Why background work is held, if it is.
    pub held: Option<String>,
}

/// What the driver adds to a status; empty in a pretend world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromDriver {
    /// The time to linked peers and back, in microseconds.
    pub round_trips: Vec<(PeerKey, u64)>,
    /// Panics of the process since it started.
    pub panics: u64,
}

/// A known peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its public key.
    pub key: PeerKey,
    /// Its PeerId.
    pub peer_id: String,
    /// Its name, once it said it.
    pub device: Option<String>,
    /// Whether there is a link.
    pub linked: bool,
    /// What the mesh believes of it.
    pub standing: Liveness,
    /// In which of its lives it is; 0 where nothing is known.
    pub generation: u32,
    /// Where it would be dialled.
    pub address: Option<SocketAddr>,
}

impl Node {
    /// How things stand.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        Status {
            peer_id: self.config.peer_id.clone(),
            device: self.config.device.clone(),
            ledger: *self.scheduler.ledger(),
            sources: self.scheduler.sources().to_vec(),
            model: self.config.model.clone(),
            fingerprint: self.config.fingerprint,
            peers: self.known(),
            heard: self.heard(now),
            driver: FromDriver::default(),
            running: self.scheduler.under_way(),
            looking: self.scheduler.scanning(),
            held: self.scheduler.held_reason(),
        }
    }

    fn known(&self) -> Vec<PeerStatus> {
        let roll: BTreeMap<_, _> = self.member.roll(self.config.key).into_iter().map(|told| (told.key, told)).collect();
        let known = |peer: &Peer| {
            let told = roll.get(&peer.key);
            PeerStatus {
                key: peer.key,
                peer_id: peer.peer_id.clone(),
                device: peer.device.clone(),
                linked: peer.linked,
                standing: told.map_or(Liveness::Unknown, |told| told.standing),
                generation: told.map_or(0, |told| told.generation),
                address: peer.addresses.current(),
            }
        };
        self.peers.iter().map(known).collect()
    }
}
