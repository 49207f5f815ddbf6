//! A host and its agents.

use super::event::Link;
use super::hardware::Hardware;
use crate::base::time::Instant;
use crate::energy::coordinator::persisted::PersistedState;
use crate::energy::coordinator::{FollowerId, HostCoordinator};
use std::collections::{BTreeMap, BTreeSet};

/// A host.
#[derive(Debug)]
pub struct Host {
    /// What its agents share.
    pub hardware: Hardware,
    /// Which agent holds its lock.
    pub leader: Option<usize>,
    pub(super) agents: BTreeMap<usize, HostAgent>,
    /// Connections, from a follower to the agent that leads.
    pub(super) links: BTreeMap<FollowerId, Link>,
    pub(super) next_link: u64,
    /// Agents that reach nobody over the socket.
    pub(super) cut: BTreeSet<usize>,
    /// How long a read of its sensors takes, in milliseconds.
    pub read_ms: u64,
}

/// One of its agents. What is on its disk outlives it.
#[derive(Debug, Default)]
pub(super) struct HostAgent {
    pub(super) coordinator: Option<Box<HostCoordinator>>,
    /// Its `energy.json`.
    pub(super) persisted: PersistedState,
    /// When the world wakes its coordinator.
    pub(super) due: Option<Instant>,
}
