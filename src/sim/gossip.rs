//! Gossip seen from outside: items that are injected, and how far an item has spread.

use super::agent::Agent;
use super::net;
use super::world::World;
use crate::node::input::Input;
use crate::wire::gossip::Kind;

impl World {
    /// Hands a device's agent an input that no device caused, such as a forged message.
    pub fn inject(&mut self, at: usize, input: Input) {
        self.post(at, 0, input);
    }

    /// Messages sent on links by all devices so far, and their bytes before they are signed and encrypted.
    #[must_use]
    pub fn messages_sent(&self) -> (u64, u64) {
        let all = self.devices.iter().map(|device| &device.sent);
        all.fold((0, 0), |sum, sent| {
            (sum.0 + sent.messages, sum.1 + sent.message_bytes - sent.messages * net::LINK_BYTES)
        })
    }

    /// How many running agents hold the newest item of this kind that a device's agent has of itself.
    #[must_use]
    pub fn holding(&self, origin: usize, kind: Kind) -> usize {
        let agents = || self.devices.iter().filter_map(|device| device.agent.as_deref());
        let order = |agent: &Agent| agent.node.newest_gossip(net::key(origin), kind);
        let newest = self.devices[origin].agent.as_deref().and_then(order);
        if newest.is_none() { 0 } else { agents().filter(|agent| order(agent) == newest).count() }
    }
}
