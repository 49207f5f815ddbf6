//! Pretend seals of items: the shape of the true ones, with zeros for a signature. The twin of `io::session`.

use super::net;
use super::world::World;
use crate::node::input::Input;
use crate::wire::envelope::unsigned;
use crate::wire::gossip::{Fact, Kind, TYPE};
use crate::wire::peer_id::PeerId;

/// Counts of starts and of messages, device by device.
#[derive(Debug, Default)]
pub struct SimulatedSigner(Vec<(u32, u64)>);

impl SimulatedSigner {
    /// A device's agent starts.
    pub fn boot(&mut self, at: usize) {
        if self.0.len() <= at {
            self.0.resize(at + 1, (0, 0));
        }
        self.0[at] = (self.0[at].0 + 1, 0);
    }

    /// SimulatedSigner a fact of a device's agent.
    pub fn seal(&mut self, at: usize, fact: &Fact) -> Vec<u8> {
        let (boot, seq) = &mut self.0[at];
        *seq += 1;
        unsigned(PeerId::from_public_key(&net::key(at).0), TYPE, *boot, *seq, &fact.encode())
    }
}

/// Whether a pretend seal is whole: who forges one in the pretend world puts something else there.
#[must_use]
pub fn is_signed(message: &[u8]) -> bool {
    message.ends_with(&[0; 64])
}

impl World {
    /// Lets a device's agent hear something that nobody sent: what a liar says.
    pub fn hear(&mut self, at: usize, input: Input) {
        self.post(at, 0, input);
    }

    /// Messages on links of all devices so far, and their bytes before they are sealed.
    #[must_use]
    pub fn said(&self) -> (u64, u64) {
        let all = self.devices.iter().map(|device| device.sent);
        all.fold((0, 0), |sum, sent| {
            (sum.0 + sent.messages, sum.1 + sent.message_bytes - sent.messages * net::LINK_BYTES)
        })
    }

    /// How many running agents hold the newest item of this kind that a device's agent knows of itself.
    #[must_use]
    pub fn holding(&self, origin: usize, kind: Kind) -> usize {
        let agents = || self.devices.iter().filter_map(|device| device.agent.as_deref());
        let order = |agent: &super::agent::Agent| agent.node.heard_up_to(net::key(origin), kind);
        let newest = self.devices[origin].agent.as_deref().and_then(order);
        if newest.is_none() { 0 } else { agents().filter(|agent| order(agent) == newest).count() }
    }
}
