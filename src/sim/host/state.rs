//! A host and its agents.

use super::event::Link;
use super::hardware::Hardware;
use crate::base::time::{Duration, Instant};
use crate::energy::coordinator::persisted::PersistedState;
use crate::energy::coordinator::{FollowerId, HostCoordinator};
use crate::energy::governor::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// A host.
#[derive(Debug)]
pub struct Host {
    /// The hardware that its agents share.
    pub hardware: Hardware,
    /// Which agent holds its lock.
    pub leader: Option<usize>,
    pub(super) agents: BTreeMap<usize, HostAgent>,
    /// Connections from followers to the leader.
    pub(super) links: BTreeMap<FollowerId, Link>,
    pub(super) next_link: u64,
    /// Agents that are cut off from the socket.
    pub(super) cut: BTreeSet<usize>,
    /// How long a read of its sensors takes, in milliseconds.
    pub read_ms: u64,
    /// What its owner set.
    pub settings: HostSettings,
}

/// What the owner of a host set.
#[derive(Clone, Debug, Default)]
pub struct HostSettings {
    /// Of the governor.
    pub governor: Settings,
    /// How long work can wait for surplus energy.
    pub can_wait: Duration,
}

/// One of its agents. `persisted` is on its disk and outlives a crash.
#[derive(Debug, Default)]
pub(super) struct HostAgent {
    pub(super) coordinator: Option<Box<HostCoordinator>>,
    /// The contents of its `energy.json`.
    pub(super) persisted: PersistedState,
    /// When its coordinator is to be woken.
    pub(super) due: Option<Instant>,
}
