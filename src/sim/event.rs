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
    /// Something in a conversation of devices that are paired.
    Guest(GuestEvent),
    /// Something on the host that it shares with other agents.
    Host(HostEvent),
}

/// What happens in a conversation at one end of it.
#[derive(Debug)]
pub(super) enum GuestEvent {
    /// A dial arrives at this address, of whoever must answer.
    Dialled(SocketAddr, Option<usize>),
    /// A frame arrives from the device at the other end, in the conversation with this number.
    Frame(usize, u64, Vec<u8>),
    /// The device at the other end, or this one, ends the conversation with this number.
    Ended(usize, u64),
}
