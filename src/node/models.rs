//! Devices whose vectors are of another model than this one's: neither can search for the other, nor embed for it.

use super::Node;
use crate::base::finding::{Area, Finding};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::PEERS_MAX;
use crate::wire::gossip::{Fact, Kind};

impl Node {
    /// A device asks, or offers work, with vectors of this model.
    pub(super) fn on_model(&mut self, peer: PeerKey, model: [u8; 32]) {
        let others = &mut self.mesh.records.other_models;
        if model == self.config.fingerprint.0 {
            others.remove(&peer);
        } else if others.len() < PEERS_MAX {
            others.insert(peer);
        }
    }

    /// Whether a device has another model, by what it asked or offered last, or by what it publishes of its collections.
    pub(super) fn has_other_model(&self, now: Instant, peer: PeerKey) -> bool {
        let published = match self.gossip.items.fact(now, peer, Kind::Collections) {
            Some(Fact::Collections(list)) => list.iter().any(|of| of.model != self.config.fingerprint.0),
            _ => false,
        };
        published || self.mesh.records.other_models.contains(&peer)
    }

    /// Why a device does not embed for this one, where that is not for the moment only.
    pub(super) fn no_help(&self, now: Instant, peer: PeerKey) -> Option<String> {
        if self.has_other_model(now, peer) {
            return Some(
                "has another model: it does not embed for this device; `wattle doctor` says what helps".to_owned(),
            );
        }
        let banned = self.lent(now).find(|lent| lent.peer == peer && lent.banned)?;
        Some(format!(
            "gets no work for {} min more: a vector of it was false",
            banned.banned_for.as_secs().div_ceil(60)
        ))
    }

    pub(super) fn findings_of_models(&self, now: Instant) -> impl Iterator<Item = Finding> {
        let others = self.peers.iter().filter(move |peer| self.has_other_model(now, peer.key));
        others.map(|peer| of_other_model(&self.title(Some(peer.key))))
    }
}

/// A device has another model.
pub(crate) fn of_other_model(name: &str) -> Finding {
    let what = format!(
        "{name} has another model than this device: neither finds what the other one has, and neither embeds for the other. Install the same \
         version of wattle on both, and start both without --models, or with the same model; `wattle status` on each names its model."
    );
    Finding { area: Area::Peers, what, command: None }
}
