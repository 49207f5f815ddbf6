//! What the parts of discovery share: who this agent is, where it listens, and where its findings go.

use crate::net::diagnostics::{Diagnostics, ListenAddress};
use crate::node::input::Input;
use crate::wire::mdns::is_scoped;
use crate::wire::peer_id::PeerId;
use smol::channel::Sender;
use std::net::SocketAddr;

/// The settings of discovery, and the channels that it reports by.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// This agent's PeerId.
    pub own: PeerId,
    /// Where it listens, as bound.
    pub listen: SocketAddr,
    /// Whether multicast may be used.
    pub multicast: bool,
    /// The notes for `wattle doctor`.
    pub network: Diagnostics,
    /// To the driver.
    pub inputs: Sender<Input>,
}

impl Discovery {
    /// Sends the node this agent's addresses; false when the driver is gone.
    pub(super) async fn send_addresses(&self, listening: &[ListenAddress]) -> bool {
        let mut addresses: Vec<SocketAddr> = listening.iter().map(|one| one.address).collect();
        // The scope of an address is a number of this device's interfaces: to another device it means nothing.
        addresses.retain(|address| !is_scoped(address.ip()));
        self.inputs.send(Input::ListenAddresses(addresses)).await.is_ok()
    }
}
