//! Which peers may be members.

use super::foca_runtime::config;
use super::packet::name_of;
use super::{KnownPeer, Membership};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::PEERS_MAX;
use foca::{Member as Claim, State, Timer};

impl Membership {
    /// Adds a peer that may be a member from now on. False if there is no room.
    pub fn add_peer(&mut self, key: PeerKey) -> bool {
        let name = name_of(key);
        if let Some(known) = self.known.get(&name) {
            return known.key == key;
        }
        if self.known.len() >= PEERS_MAX || name == self.foca.identity().name {
            return false;
        }
        let (status, contact, suspected, suspect_claim) = (None, None, None, None);
        let (corrected, direct, contested, down_claim) = (None, None, None, None);
        let known =
            KnownPeer { key, status, contact, suspected, suspect_claim, corrected, direct, contested, down_claim };
        self.known.insert(name, known);
        self.fit_to_size();
        true
    }

    /// Removes a peer: it is not a member any more, and claims about it are ignored. Nothing is sent to the others:
    /// each agent decides for itself which peers it admits, and a claim that the peer is down would have to be refuted.
    pub fn remove_peer(&mut self, now: Instant, key: PeerKey) {
        let name = name_of(key);
        if self.known.get(&name).is_none_or(|known| known.key != key) {
            return;
        }
        // Before the calls below, so that no effect of foca concerns it.
        self.known.remove(&name);
        if let Some(entry) = self.entry(name).cloned() {
            let (id, incarnation) = (*entry.id(), entry.incarnation());
            // foca removes only members that are down.
            let down = Claim::new(id, incarnation, State::Down);
            self.call(now, |foca, runtime| {
                foca.apply_many(core::iter::once(down), false, &mut *runtime)?;
                foca.handle_timer(Timer::RemoveDown(id), runtime)
            });
        }
        self.timers.forget(name);
        self.quarantine.forget(name);
        self.raises.forget(name);
        self.down_claimants.retain(|(claimant, _)| *claimant != name);
        self.ping.take_if(|(probed, ..)| *probed == name);
        // Its own claims that others are down are void.
        for known in self.known.values_mut() {
            known.down_claim.take_if(|(claimant, ..)| *claimant == name);
        }
        self.fit_to_size();
    }

    /// Adapts the timeouts of foca to the size of the mesh.
    fn fit_to_size(&mut self) {
        // It fails only if the times of probes change, which they do not.
        let _ = self.foca.set_config(config(self.known.len() + 1));
    }
}
