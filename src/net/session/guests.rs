//! Conversations of devices that are paired: what the links report of them becomes inputs of the node, with random bytes for the
//! answers; what the node says goes out as it is, since the messages of pairing have no envelope.

use super::PeerSession;
use crate::base::id::PeerKey;
use crate::mesh::pairing::failure::Lost;
use crate::net::link::GuestEvent;
use crate::node::input::{GuestInput, Input};
use crate::wire::envelope::Encoding;
use crate::wire::multistream::BadNegotiation;
use crate::wire::pairing::exchange::EXCHANGE_RANDOM_BYTES;
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;
use log::{debug, warn};

impl PeerSession {
    /// Why a conversation that this agent dialled did not begin; `met`: the device that was meant answered.
    pub(super) fn lost(why: &str, met: bool) -> Lost {
        let no_protocol = [BadNegotiation::Refused, BadNegotiation::NotMultistream];
        match met {
            false => Lost::NoLink,
            true if no_protocol.iter().any(|refused| why == refused.to_string()) => Lost::NoProtocol,
            true => Lost::TurnedAway,
        }
    }

    /// Sets the certificates that dialled peers are shown.
    pub fn show_certificates(&self, certificates: Vec<u8>) {
        self.links.set_certificates(certificates);
    }

    /// A peer that showed certificates which are not taken gets one short link, on which it is told so.
    pub fn hear_out(&self, peer: PeerKey) {
        self.links.hear_out(PeerId::from_public_key(&peer.0));
    }

    /// Begins a conversation as a guest. An address outside the home network that the owner did not give is not dialled, and that
    /// result is returned at once.
    #[must_use]
    pub fn dial_as_guest(&self, peer: Option<PeerKey>, address: SocketAddr, given: bool) -> Option<Input> {
        let peer = peer.map(|peer| PeerId::from_public_key(&peer.0));
        if given || peer.is_some_and(|peer| self.diagnostics.may_dial(&peer, address)) {
            self.links.dial_as_guest(peer, address);
            return None;
        }
        Some(Input::GuestFailed(address, Lost::NoLink))
    }

    /// Sends a frame or line in a conversation. If it cannot be taken, the conversation ends.
    pub fn send_to_guest(&self, peer: PeerKey, bytes: Vec<u8>) {
        let peer = PeerId::from_public_key(&peer.0);
        if !self.links.send_to_guest(&peer, bytes) {
            self.links.end_guest(&peer);
        }
    }

    /// Ends a conversation after what was sent.
    pub fn end_guest(&self, peer: PeerKey) {
        self.links.end_guest(&PeerId::from_public_key(&peer.0));
    }

    /// Whether devices that may not link are searched for too; those that were found before are returned.
    #[must_use]
    pub fn search_admins(&self, on: bool) -> Vec<Input> {
        let found = self.diagnostics.search_admins(on).into_iter();
        found.map(|(peer, address)| Input::PeerDiscovered(PeerKey(*peer.public_key()), address)).collect()
    }

    /// A peer has let this device in at this address: it may be dialled there, also on this machine.
    pub fn reached(&self, peer: PeerKey, address: SocketAddr) {
        self.diagnostics.add_given_address(PeerId::from_public_key(&peer.0), address);
    }

    /// What happened in a conversation, as an input of the node, with random bytes for an answer.
    pub(super) fn conversation(&self, peer: &PeerId, address: SocketAddr, what: GuestEvent) -> Input {
        let encoding = |json| if json { Encoding::Json } else { Encoding::Postcard };
        let what = match what {
            GuestEvent::Began { dialled, json } => GuestInput::Began { dialled, encoding: encoding(json) },
            GuestEvent::Frame(bytes) => {
                let mut random = Box::new([0; EXCHANGE_RANDOM_BYTES]);
                match getrandom::fill(&mut *random) {
                    Ok(()) => GuestInput::Received { bytes, random },
                    Err(error) => {
                        warn!("No device can be paired: the system gives no random numbers: {error}.");
                        self.links.end_guest(peer);
                        GuestInput::Ended
                    }
                }
            }
            GuestEvent::Ended(why) => {
                debug!("The conversation with {peer} ended: {why}.");
                GuestInput::Ended
            }
        };
        Input::Guest(PeerKey(*peer.public_key()), address, what)
    }
}
