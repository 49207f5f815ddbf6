//! Talking over links: what the node says is sealed and sent, what comes is opened and handed to the node.

use super::diagnostics::Diagnostics;
use super::link::{Channel, LinkEvent, Links};
use super::udp::UdpTransport;
use crate::base::id::PeerKey;
use crate::mesh::trust::{Rights, Trust};
use crate::node::input::{Input, LinkInput};
use crate::wire::envelope::{BadMessage, Encoding, Signer, Verifier};
use crate::wire::gossip;
use crate::wire::gossip::Fact;
use crate::wire::message::Message;
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;
use ed25519_dalek::SigningKey;
use log::{debug, info, warn};
use smol::channel::Sender;
use std::net::TcpListener;

/// An agent's session and ears.
#[derive(Debug)]
pub struct PeerSession {
    links: Links,
    signer: Signer,
    verifier: Verifier,
    probe: UdpTransport,
    network: Diagnostics,
}

impl PeerSession {
    /// For these links. `signer` counts on from this start of the agent.
    #[must_use]
    pub fn new(links: Links, signer: Signer, trust: &Trust, probe: UdpTransport, network: Diagnostics) -> Self {
        let mut session = Self { links, signer, verifier: Verifier::new(), probe, network };
        trust.iter().for_each(|(peer, rights)| session.admit(peer, rights));
        session
    }

    /// Opens the links on `listener` for the peers of `trust`, and the datagrams beside it. `boot` is the number of this
    /// start, and on the disk: it orders this agent's messages after all of the starts before. Datagrams come as
    /// `inputs`, what happens on links as `events`, for `on_link_event`.
    ///
    /// # Errors
    /// One sentence: the listener broke.
    pub fn open(
        boot: u32,
        key: &SigningKey,
        listener: TcpListener,
        trust: &Trust,
        network: Diagnostics,
        inputs: Sender<Input>,
        events: Sender<LinkEvent>,
    ) -> Result<Self, String> {
        let at = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
        network.listens(at);
        let probe = UdpTransport::open(at, inputs, network.clone());
        // Nobody who may link is refused in the moment between.
        let links = Links::open(listener, key.clone(), &linking(trust), events)
            .map_err(|error| format!("The agent cannot listen for other devices: {error}."))?;
        Ok(Self::new(links, Signer::new(key.clone(), boot), trust, probe, network))
    }

    /// A peer may do this from now on, and nothing else.
    pub fn admit(&mut self, peer: PeerKey, rights: Rights) {
        let peer = PeerId::from_public_key(&peer.0);
        let mut room = true;
        if rights.contains(Rights::LINK) {
            room &= self.links.allow(peer);
            self.network.admit(peer);
        } else {
            self.links.refuse(&peer, "it may not link any more");
            self.network.expel(&peer);
        }
        if rights.contains(Rights::SIGN) {
            room &= self.verifier.allow(peer);
        } else {
            self.verifier.forget(&peer);
        }
        if rights.contains(Rights::PROBE) {
            room &= self.probe.admit(peer);
        } else {
            self.probe.expel(&peer);
        }
        debug_assert!(room, "whoever the table admits fits into every list: `limits` says so");
    }

    /// A peer may do nothing any more: its link ends, and whatever it sends is refused.
    pub fn expel(&mut self, peer: PeerKey) {
        self.admit(peer, Rights::NONE);
    }

    /// Where this agent is reached from now on.
    pub fn stand_at(&self, places: &[SocketAddr]) {
        self.links.stand_at(places);
    }

    /// Dials a peer; the answer comes as an event. An address out of the home that the owner did not give is not
    /// dialled, whoever hinted at it: that answer is returned at once.
    #[must_use]
    pub fn dial(&self, peer: PeerKey, address: SocketAddr) -> Option<Input> {
        let id = PeerId::from_public_key(&peer.0);
        if self.network.may_dial(address.ip()) {
            self.network.dials(&id, address);
            self.links.dial(id, address);
            return None;
        }
        self.network.failed(&id, address, "the address is not of this home, and was not given with --peer");
        Some(Input::Link(peer, LinkInput::DialFailed))
    }

    /// Ends the link to a peer that nobody here needs.
    pub fn hang_up(&self, peer: PeerKey) {
        self.links.hang_up(&PeerId::from_public_key(&peer.0), "nobody here needs it");
    }

    /// Sends a packet as a sealed datagram. It may be lost.
    pub fn probe(&mut self, peer: PeerKey, packet: &[u8]) {
        self.probe.send(&PeerId::from_public_key(&peer.0), packet);
    }

    /// Says something, in the encoding in which the peer speaks. What a full or lost link does not take is not message;
    /// the node waits for no answer longer than its deadline.
    pub fn send(&mut self, peer: PeerKey, talk: &Message) {
        let peer = PeerId::from_public_key(&peer.0);
        let encoding = self.links.encoding(&peer);
        // Both buffers were used before, and will be again.
        let (mut body, mut frame) = (self.links.frame(), self.links.frame());
        talk.put(encoding, body.buffer());
        match self.signer.sign_into(encoding, talk.kind(), &[], &body, frame.buffer()) {
            Ok(()) => {
                if let Err(error) = self.links.send(&peer, channel(encoding, talk), frame) {
                    debug!("A message to {peer} was not sent: {error}.");
                }
            }
            Err(error) => warn!("A message to {peer} was not sent: {error}"),
        }
    }

    /// Seals a fact of this agent's own, as a gossip item.
    pub fn sign(&mut self, fact: &Fact) -> Option<Vec<u8>> {
        let sealed = self.signer.sign(gossip::TYPE, &[], &fact.encode());
        sealed.inspect_err(|error| warn!("A rumour of this agent's own was not told: {error}")).ok()
    }

    /// Whether a gossip item that somebody handed on was signed by its origin, an agent that is listened to.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn verify_relayed(&self, message: &[u8]) -> Result<(), BadMessage> {
        self.verifier.verify_relayed(message).map(|_| ())
    }

    /// The time to each linked peer and back, in microseconds, as far as it was measured.
    #[must_use]
    pub fn round_trips(&self) -> Vec<(PeerKey, u64)> {
        let known = self.links.known().into_iter();
        known
            .filter_map(|known| {
                let micros = u64::try_from(known.ping?.as_micros()).unwrap_or(u64::MAX);
                Some((PeerKey(*known.peer.public_key()), micros))
            })
            .collect()
    }

    /// What an event of the links means to the node; `None` if nothing.
    pub fn on_link_event(&mut self, event: LinkEvent) -> Option<Input> {
        let key = |peer: &PeerId| PeerKey(*peer.public_key());
        match event {
            LinkEvent::Up { peer, address, .. } => {
                let address = address.socket()?;
                self.network.linked(&peer, Some(address));
                if let Some(keys) = self.probe.greet(peer, address) {
                    self.send(key(&peer), &Message::Keys(keys));
                }
                Some(Input::Link(key(&peer), LinkInput::Up(address)))
            }
            LinkEvent::Down { peer, why } => {
                self.network.linked(&peer, None);
                Some(Input::Link(key(&peer), LinkInput::Down(why)))
            }
            LinkEvent::UnknownPeer { peer, address } => {
                self.network.unknown_peer(peer, address);
                None
            }
            LinkEvent::DialFailed { peer, address, why } => {
                debug!("{peer} was not reached at {address}: {why}.");
                if let Some(address) = address.socket() {
                    self.network.failed(&peer, address, &why);
                }
                Some(Input::Link(key(&peer), LinkInput::DialFailed))
            }
            LinkEvent::Frame { peer, channel, bytes } => {
                let message = match self.verifier.open_from(&peer, channel.encoding(), &bytes) {
                    Ok(opened) => Message::read(channel.encoding(), opened.kind, opened.body),
                    Err(error) => {
                        info!("A message of {peer} was not taken. {error}");
                        None
                    }
                };
                if let Some(Message::Keys(keys)) = &message {
                    self.network.keyed(&peer);
                    self.probe.learn(peer, keys);
                    return None;
                }
                message.map(|talk| Input::Link(key(&peer), LinkInput::Received(Box::new(talk))))
            }
        }
    }

    /// Ends every link.
    pub async fn close(self) {
        self.links.close().await;
    }
}

/// Those of a table that may have a link.
pub fn linking(trust: &Trust) -> Vec<PeerId> {
    let may = trust.iter().filter(|(_, rights)| rights.contains(Rights::LINK));
    may.map(|(peer, _)| PeerId::from_public_key(&peer.0)).collect()
}

/// Membership, items and the keys of datagrams do not wait behind passages.
const fn channel(encoding: Encoding, talk: &Message) -> Channel {
    match (encoding, talk) {
        (Encoding::Json, _) => Channel::Json,
        (Encoding::Postcard, Message::Member(_) | Message::Gossip(_) | Message::Keys(_)) => Channel::Gossip,
        (
            Encoding::Postcard,
            Message::Hello { .. } | Message::Roll { .. } | Message::Ask(_) | Message::Answer(_) | Message::Echo(_),
        ) => Channel::Task,
    }
}
