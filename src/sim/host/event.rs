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
    /// Its coordinator wants to be woken.
    Due,
    /// Its coordinator has news for the node.
    Power,
    /// A read of the sensors ends that began then.
    Read(Instant, Box<Sample>),
    /// Its state is on its disk.
    Saved(Box<PersistedState>),
    /// A try to connect ends, or to take the lock.
    Connected(Option<FollowerId>),
    Campaigned,
    /// A follower's connection reaches the agent that leads.
    Joined(FollowerId),
    /// Bytes come over a connection.
    Arrived(FollowerId, Vec<u8>),
    /// A connection ended.
    Closed(FollowerId, Link),
    /// The hardware has no power left.
    Flat,
}
