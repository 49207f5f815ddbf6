//! What the sockets of a simulated agent know of starts: its own, and those of its peers.

use crate::base::id::PeerKey;
use std::collections::BTreeMap;

/// What a running agent's sockets know of starts.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// The count that this agent's messages are signed with.
    pub(super) signing: u32,
    /// The mark of its start.
    pub(super) mark: u64,
    /// The latest start of each peer whose messages were accepted, and its mark.
    pub(super) latest: BTreeMap<PeerKey, (u32, u64)>,
    /// The second device with a peer's key, while it is told so.
    pub(super) second: BTreeMap<PeerKey, usize>,
}
