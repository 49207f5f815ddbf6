//! What happens to a simulated agent at a moment.

use super::host::HostEvent;
use crate::base::id::{PeerKey, SaveId};
use crate::node::input::Input;
use crate::store::change::Applied;
use core::net::SocketAddr;

/// One event.
#[derive(Debug)]
pub(super) enum Event {
    /// An input of the node.
    Input(Input),
    /// A save reaches the disk.
    Synced(SaveId, Vec<Applied>),
    /// A save of records reaches the disk.
    RecordsSynced(u64, Vec<u8>),
    /// A dial of this peer, at this address, ends.
    Dialled(PeerKey, SocketAddr),
    /// A datagram arrives from this peer.
    DatagramArrived(usize, Vec<u8>),
    /// A suspension ends.
    Resumed,
    /// A message arrives from this peer, signed with this count of its starts, as bytes.
    MessageArrived(usize, u32, Vec<u8>),
    /// Something on the host that it shares with other agents.
    Host(HostEvent),
}
