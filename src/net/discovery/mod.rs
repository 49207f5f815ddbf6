//! Devices of a home find each other: multicast DNS, and the addresses of this device.
//!
//! Duty: announce this agent and browse for others by `_wattle._tcp.local.` and libp2p's `_p2p._udp.local.`; keep
//! watch over the interfaces. In/out: `Input::Seen` of peers that may link, `Input::Here`; notes for the doctor.
//! Invariants: an agent that listens on this machine only sends no multicast; no host or user name leaves; what is
//! heard is a hint, taken only of peers that may link and only where it lies in the home.
//! Limits: one address an interface; `ADDRESSES_MAX` of them; mdns-sd answers once a second at most and doubles the
//! pause between its queries up to an hour. A daemon that fails is started again after a pause that doubles.
//! Not here: whom to dial and when (`node`), the TXT records (`wire::announce`).

mod browse;
mod daemon;
pub mod interface;
mod libp2p;
mod supervisor;

use super::diagnostics::{Diagnostics, ListenAddress};
use crate::node::input::Input;
use crate::wire::mdns::is_scoped;
use crate::wire::peer_id::PeerId;
use smol::channel::Sender;
use std::net::SocketAddr;
use supervisor::Supervisor;

/// What discovery must know.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// Who this agent is.
    pub own: PeerId,
    /// Where it listens, as bound.
    pub listen: SocketAddr,
    /// Whether multicast may be used.
    pub multicast: bool,
    /// The notes.
    pub network: Diagnostics,
    /// To the driver.
    pub inputs: Sender<Input>,
}

impl Discovery {
    /// Runs until the driver is gone. The first look at the interfaces is over when this returns.
    pub fn begin(self) {
        let places = interface::places(self.listen);
        self.network.stands(&places);
        smol::spawn(self.run(places)).detach();
    }

    async fn run(self, places: Vec<ListenAddress>) {
        let beyond = !self.listen.ip().is_loopback();
        if !beyond || !self.multicast {
            let why = if self.multicast { "the agent listens on this machine only" } else { "it is switched off" };
            self.network.multicast(|multicast| multicast.why = Some(why.to_owned()));
        }
        // Loopback does not move.
        if self.tell_here(&places).await && beyond {
            Supervisor::new(&self, places).run().await;
        }
    }

    /// Tells the node where this agent is reached; false when the driver is gone.
    async fn tell_here(&self, places: &[ListenAddress]) -> bool {
        let mut addresses: Vec<SocketAddr> = places.iter().map(|place| place.address).collect();
        // An address with a scope means nothing to somebody on another interface.
        addresses.retain(|address| !is_scoped(address.ip()));
        self.inputs.send(Input::Here(addresses)).await.is_ok()
    }
}
