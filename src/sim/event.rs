//! What happens to an agent of the pretend world, at its time.

use super::host::HostEvent;
use crate::base::id::SaveId;
use crate::node::input::Input;
use crate::store::change::Applied;
use core::net::SocketAddr;

/// One event.
#[derive(Debug)]
pub(super) enum Event {
    /// The node is told this.
    Input(Input),
    /// The disk has caught up with a save.
    Synced(SaveId, Vec<Applied>),
    /// A dial of this peer, at this address, ends.
    Dialled(usize, SocketAddr),
    /// A datagram arrives from this peer.
    Landed(usize, Vec<u8>),
    /// It has time again.
    Woken,
    /// A message arrives from this peer, as bytes.
    Arrived(usize, Vec<u8>),
    /// Something of the host that it shares with others.
    Host(HostEvent),
}
