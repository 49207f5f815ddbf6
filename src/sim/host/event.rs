//! What happens to the agents of a host.

use crate::base::time::Instant;
use crate::energy::coordinator::FollowerId;
use crate::energy::coordinator::persisted::PersistedState;
use crate::energy::input::Sample;

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Link {
    pub(super) follower: usize,
    pub(super) leader: usize,
}

/// What happens to an agent of a host.
#[derive(Debug)]
pub(in crate::sim) enum HostEvent {
    /// A deadline of its coordinator.
    Due,
    /// Its coordinator has a new decision for the node.
    Power,
    /// A read of the sensors ends; it began at this moment.
    Read(Instant, Box<Sample>),
    /// Its state is on its disk.
    Saved(Box<PersistedState>),
    /// An attempt to connect ends; `None`: it failed.
    Connected(Option<FollowerId>),
    /// It tries to take the lock.
    Campaigned,
    /// A follower's connection reaches the leader.
    Joined(FollowerId),
    /// Bytes arrive over a connection.
    Arrived(FollowerId, Vec<u8>),
    /// A connection ended.
    Closed(FollowerId, Link),
    /// The hardware has no power left.
    Flat,
}
