//! Who may be a member: peers that this machine gets to know, and forgets.

use super::foca_runtime::config;
use super::packet::name_of;
use super::{KnownPeer, Membership};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::PEERS_MAX;
use foca::{Member as Claim, State, Timer};

impl Membership {
    /// Gets to know a peer: it may be a member from now on. False if there is no room.
    pub fn know(&mut self, key: PeerKey) -> bool {
        let name = name_of(key);
        if let Some(known) = self.known.get(&name) {
            return known.key == key;
        }
        if self.known.len() >= PEERS_MAX || name == self.foca.identity().name {
            return false;
        }
        let (life, heard, suspected, accused) = (None, None, None, None);
        self.known.insert(name, KnownPeer { key, life, heard, suspected, accused, told: None, doubted: None });
        self.fit();
        true
    }

    /// Forgets a peer: it is no member from now on, and whatever anybody says of it is left out. Nobody is told:
    /// each agent decides for itself whom it deals with, and the others would have to refute a death.
    pub fn forget(&mut self, now: Instant, key: PeerKey) {
        let name = name_of(key);
        if self.known.get(&name).is_none_or(|known| known.key != key) {
            return;
        }
        // First, so that nothing that foca wants done about it is.
        self.known.remove(&name);
        if let Some(entry) = self.entry(name).cloned() {
            let (id, incarnation) = (*entry.id(), entry.incarnation());
            // foca forgets only who is down.
            let down = Claim::new(id, incarnation, State::Down);
            self.call(now, |foca, hands| {
                foca.apply_many(core::iter::once(down), false, &mut *hands)?;
                foca.handle_timer(Timer::RemoveDown(id), hands)
            });
        }
        self.timers.forget(name);
        self.quarantine.forget(name);
        self.deniers.retain(|(denier, _)| *denier != name);
        self.ping.take_if(|(probed, ..)| *probed == name);
        // Who was said by it to be down is not down for that.
        for known in self.known.values_mut() {
            known.doubted.take_if(|(claimant, ..)| *claimant == name);
        }
        self.fit();
    }

    /// Fits foca's times to the size of the mesh.
    fn fit(&mut self) {
        // Only the probes' times may not change, and they do not.
        let _ = self.foca.set_config(config(self.known.len() + 1));
    }
}
