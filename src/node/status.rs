//! How things stand, as plain data for the API and the page.

use crate::base::id::{Fingerprint, PeerKey};
use crate::mesh::swim::Liveness;
use crate::store::change::Ledger;
use crate::store::record::Source;
use crate::wire::gossip::{Collection, Headroom};
use core::net::SocketAddr;

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

/// What a peer told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerGossip {
    /// Who.
    pub peer: PeerKey,
    /// How much background work it allows, if that is known just now.
    pub headroom: Option<Headroom>,
    /// What it holds for the members.
    pub collections: Vec<Collection>,
}
