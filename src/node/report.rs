//! The flow of a status: the node's machines read into plain data.

use super::Node;
use super::status::{FromDriver, PeerStatus, Status};
use crate::base::time::Instant;
use crate::mesh::peers::Peer;
use crate::mesh::swim::Liveness;
use std::collections::BTreeMap;

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
