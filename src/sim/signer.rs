//! The simulated signature of gossip items: the encoding of real ones, with 64 zero bytes for the signature. It takes
//! the place of the key in `net::session`.

use crate::base::id::PeerKey;
use crate::wire::envelope::unsigned;
use crate::wire::gossip::{Fact, TYPE};
use crate::wire::peer_id::PeerId;

/// Boot and sequence numbers, device by device.
#[derive(Debug, Default)]
pub struct SimulatedSigner(Vec<(u32, u64)>);

impl SimulatedSigner {
    /// A device's agent starts, or goes on, with this count of starts.
    pub fn boot(&mut self, at: usize, boot: u32) {
        if self.0.len() <= at {
            self.0.resize(at + 1, (0, 0));
        }
        self.0[at] = (boot, 0);
    }

    /// Makes the message in which a device's agent, which has this key, publishes a fact.
    pub fn sign(&mut self, at: usize, key: PeerKey, fact: &Fact) -> Vec<u8> {
        let (boot, seq) = &mut self.0[at];
        *seq += 1;
        unsigned(PeerId::from_public_key(&key.0), TYPE, *boot, *seq, &fact.encode())
    }
}

/// Whether a simulated signature is valid; a forger in the simulation writes other bytes there.
#[must_use]
pub fn is_signed(message: &[u8]) -> bool {
    message.ends_with(&[0; 64])
}
