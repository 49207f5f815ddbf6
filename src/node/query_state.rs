//! The queries under way: of people at this device, and of peers.

use crate::base::id::{PeerKey, TaskId};
use crate::base::rng::Rng;
use crate::limits::PEER_QUERIES_MAX;
use crate::query::pending::PendingQueries;
use heapless::Vec as Bounded;

/// All queries under way.
#[derive(Debug)]
pub(super) struct QueryState {
    /// Of people at this device.
    pub(super) local: PendingQueries,
    /// Of peers.
    pub(super) of_peers: Bounded<PeerQuery, PEER_QUERIES_MAX>,
    /// Draws the texts of peers that are checked after an answer.
    pub(super) rng: Rng,
}

/// A peer's query.
#[derive(Debug)]
pub(super) struct PeerQuery {
    /// The task that answers it.
    pub(super) task: TaskId,
    /// Who asked.
    pub(super) peer: PeerKey,
    /// The query's number at that peer.
    pub(super) id: u64,
}

impl QueryState {
    pub(super) fn new(rng: Rng) -> Self {
        Self { local: PendingQueries::default(), of_peers: Bounded::new(), rng }
    }

    /// Whether anybody waits for an answer.
    pub(super) fn any(&self) -> bool {
        self.local.any() || !self.of_peers.is_empty()
    }
}
