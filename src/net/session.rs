//! Sessions with all peers: what the node sends is signed, encoded and queued; what arrives is verified, decoded and
//! passed to the node. What is refused is reported to the node as such, which counts it and tells people.
//!
//! One [`PeerSession`] manages the sessions of every peer. It joins the links (`link`), the datagrams (`udp`), this
//! agent's signing key and the verifier, which checks the signature and the replay window of each sender (both in
//! `wire::envelope`). Events of the links become inputs of the node in [`PeerSession::on_link_event`]; datagrams go to
//! the driver's channel directly. When a link comes up, this agent sends the peer fresh keys for its datagrams.
//!
//! `mesh::trust` decides what a peer may do; [`PeerSession::set_rights`] carries that into the link table, the
//! verifier, the datagram table and the diagnostics. A message that a full queue does not take is dropped: the node
//! waits for no answer beyond its own deadline.

mod guests;

use super::blocks::Blocks;
use super::diagnostics::Diagnostics;
use super::link::{Channel, Frame, LinkEvent, LinkInfo, Links};
use super::udp::UdpTransport;
use crate::base::id::PeerKey;
use crate::limits::FRAME_TASK_MAX;
use crate::mesh::trust::{Rights, Trust};
use crate::node::input::{Input, LinkInput};
use crate::node::output::HangUp;
use crate::wire::certificate::{Chain, Record};
use crate::wire::envelope::{BadMessage, Encoding, Signer, Verifier, proven_start};
use crate::wire::gossip;
use crate::wire::gossip::Fact;
use crate::wire::message::{LatestStart, Message};
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;
use ed25519_dalek::SigningKey;
use log::{debug, warn};
use smol::channel::Sender;
use std::net::TcpListener;

/// The sessions with all peers of an agent.
#[derive(Debug)]
pub struct PeerSession {
    own: PeerId,
    links: Links,
    signer: Signer,
    verifier: Verifier,
    udp: UdpTransport,
    diagnostics: Diagnostics,
}

impl PeerSession {
    /// Sessions over these links. The boot counter in `signer` is that of this start of the agent.
    #[must_use]
    pub fn new(links: Links, signer: Signer, trust: &Trust, udp: UdpTransport, diagnostics: Diagnostics) -> Self {
        let own = links.own();
        let mut session = Self { own, links, signer, verifier: Verifier::new(), udp, diagnostics };
        trust.iter().for_each(|(peer, rights)| _ = session.set_rights(peer, rights));
        session
    }

    /// Opens the links on `listener` for the peers of `trust`, and a UDP socket on the same port. `boot` is the number
    /// of this start, already on the disk: it orders this agent's messages after those of earlier starts. Datagrams go
    /// to `inputs`, link events to `events`; pass those to `on_link_event`.
    ///
    /// # Errors
    /// A sentence: the listener cannot be used.
    pub fn open(
        boot: u32,
        key: &SigningKey,
        listener: TcpListener,
        trust: &Trust,
        diagnostics: Diagnostics,
        inputs: Sender<Input>,
        events: Sender<LinkEvent>,
    ) -> Result<Self, String> {
        let at = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
        diagnostics.listens(at);
        let udp = UdpTransport::open(at, inputs, diagnostics.clone());
        // The peers are allowed from the first moment: none of them is refused before `new` sets its rights.
        let links = Links::open(listener, key.clone(), &linking(trust), events)
            .map_err(|error| format!("The agent cannot listen for other devices: {error}."))?;
        Ok(Self::new(links, Signer::new(key.clone(), boot), trust, udp, diagnostics))
    }

    /// A peer may do this from now on, and nothing else. Without any right its link ends, and everything it sends is
    /// refused. Returns where a device that was not known before has announced itself.
    pub fn set_rights(&mut self, peer: PeerKey, rights: Rights) -> Vec<SocketAddr> {
        let peer = PeerId::from_public_key(&peer.0);
        let mut has_room = true;
        if rights.contains(Rights::LINK) {
            has_room &= self.links.add_peer(peer);
            self.diagnostics.add_peer(peer);
        } else {
            self.links.remove_peer(&peer, "it may not link any more");
            self.diagnostics.remove_peer(&peer);
        }
        if rights.contains(Rights::SIGN) {
            has_room &= self.verifier.add_peer(peer);
        } else {
            self.verifier.remove_peer(&peer);
        }
        if rights.contains(Rights::PROBE) {
            has_room &= self.udp.add_peer(peer);
        } else {
            self.udp.remove_peer(&peer);
        }
        debug_assert!(has_room, "`limits` asserts that every list holds all peers of the trust table");
        if rights.contains(Rights::LINK) { self.diagnostics.announced_at(&peer) } else { Vec::new() }
    }

    /// Sets the addresses at which this agent is reached, for identify.
    pub fn set_identify_addresses(&self, addresses: &[SocketAddr]) {
        self.links.set_identify_addresses(addresses);
    }

    /// Dials a peer; the result comes as an event. An address outside the home network that the owner did not give is
    /// not dialled, and that result is returned at once.
    #[must_use]
    pub fn dial(&self, peer: PeerKey, address: SocketAddr) -> Option<Input> {
        let id = PeerId::from_public_key(&peer.0);
        if self.diagnostics.may_dial(&id, address) {
            self.diagnostics.dials(&id, address);
            self.links.dial(id, address);
            return None;
        }
        self.diagnostics.failed(
            &id,
            address,
            "the address is not of this home, or of this device itself, and was not given with --peer",
        );
        Some(Input::Link(peer, LinkInput::DialFailed))
    }

    /// Ends the link to a peer.
    pub fn hang_up(&self, peer: PeerKey, why: HangUp) {
        let peer = PeerId::from_public_key(&peer.0);
        match why {
            HangUp::NotNeeded => self.links.hang_up(&peer, "nobody here needs it"),
            HangUp::DeviceDown => self.links.hang_up(&peer, "the device is down"),
            HangUp::NotAdmitted => self.links.part(&peer, "it has no certificate that counts here"),
        }
    }

    /// Sends a packet as an encrypted datagram. It may be lost.
    pub fn probe(&mut self, peer: PeerKey, packet: &[u8]) {
        self.udp.send(&PeerId::from_public_key(&peer.0), packet);
    }

    /// Sends a message in the encoding that the peer uses. It is dropped if there is no link or its queue is full.
    pub fn send(&mut self, peer: PeerKey, message: &Message) {
        let peer = PeerId::from_public_key(&peer.0);
        let encoding = self.links.encoding(&peer);
        if let Some(frame) = self.signed(&peer, encoding, message)
            && let Err(error) = self.links.send(&peer, channel(encoding, message), frame)
        {
            debug!("A message to {peer} was not sent: {error}.");
        }
    }

    fn signed(&mut self, peer: &PeerId, encoding: Encoding, message: &Message) -> Option<Frame> {
        // Both buffers are reused.
        let large = matches!(message, Message::Work(_));
        let mut body = self.links.frame_for(if large { FRAME_TASK_MAX } else { 0 });
        message.put(encoding, body.buffer());
        let mut frame = self.links.frame_for(body.len());
        match self.signer.sign_into(encoding, message.kind(), &[], &body, frame.buffer()) {
            Ok(()) => Some(frame),
            Err(error) => {
                warn!("A message to {peer} was not sent: {error}");
                None
            }
        }
    }

    /// Signs a fact of this agent as a gossip item.
    pub fn sign(&mut self, fact: &Fact) -> Option<Vec<u8>> {
        let signed = self.signer.sign(gossip::TYPE, &[], &fact.encode());
        signed.inspect_err(|error| warn!("A gossip item of this agent was not sent: {error}")).ok()
    }

    /// Signs records of which this agent is the issuer.
    #[must_use]
    pub fn sign_records(&self, records: Vec<Record>) -> Vec<Record> {
        records.into_iter().map(|record| self.signer.sign_record(record)).collect()
    }

    /// Verifies that a relayed gossip item was signed by its origin, and that this peer's signature counts.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify_relayed(&self, message: &[u8]) -> Result<(), BadMessage> {
        self.verifier.verify_relayed(message).map(|_| ())
    }

    /// The measured round-trip times to linked peers, in microseconds.
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

    /// The linked peers from which nothing comes although an answer is overdue, each with the seconds for which that has been so.
    #[must_use]
    pub fn silent(&self) -> Vec<(PeerKey, u64)> {
        let known = self.links.known().into_iter();
        known.filter_map(|known| Some((PeerKey(*known.peer.public_key()), known.silent?.as_secs()))).collect()
    }

    /// Pings a peer whose link just came up, so that its round-trip time is known at once. Later times come from the
    /// pings of silent links.
    fn measure(&self, peer: PeerId) {
        let links = self.links.clone();
        smol::spawn(async move {
            if let Err(why) = links.ping(&peer).await {
                debug!("The round-trip time to {peer} was not measured: {why}.");
            }
        })
        .detach();
    }

    /// Turns an event of the links into an input of the node, if it is one.
    pub fn on_link_event(&mut self, event: LinkEvent) -> Option<Input> {
        let key = |peer: &PeerId| PeerKey(*peer.public_key());
        match event {
            LinkEvent::Up { peer, address, .. } => {
                let address = address.socket()?;
                self.diagnostics.linked(&peer, Some(address));
                self.measure(peer);
                self.prove_start(key(&peer));
                self.send_keys(peer, address);
                Some(Input::Link(key(&peer), LinkInput::Up(address)))
            }
            LinkEvent::Started { peer, address, start } => {
                Some(Input::Link(key(&peer), LinkInput::Started(address.socket()?, start)))
            }
            LinkEvent::Duplicate { peer, linked, other } => {
                let (linked, other) = (linked.socket()?, other.socket()?);
                Some(Input::Link(key(&peer), LinkInput::Duplicate { linked, other }))
            }
            LinkEvent::Down { peer, why } => {
                self.diagnostics.linked(&peer, None);
                Some(Input::Link(key(&peer), LinkInput::Down(why)))
            }
            LinkEvent::UnknownPeer { peer, address, .. } => {
                self.diagnostics.unknown_peer(peer, address);
                None
            }
            LinkEvent::Presented { peer, certificates, .. } => {
                Some(Input::Presented(key(&peer), Box::new(Chain::decode(&certificates)?)))
            }
            LinkEvent::Guest { peer, address, what } => Some(self.conversation(&peer, address, what)),
            LinkEvent::GuestFailed { address, why, met } => {
                debug!("No device was reached at {address} to be paired: {why}.");
                Some(Input::GuestFailed(address, Self::lost(&why, met)))
            }
            LinkEvent::GuestsCrowded { address, refused } => Some(Input::GuestsCrowded { address, refused }),
            LinkEvent::DialFailed { peer, address, why } => {
                debug!("{peer} was not reached at {address}: {why}.");
                if let Some(address) = address.socket() {
                    self.diagnostics.failed(&peer, address, &why);
                }
                Some(Input::Link(key(&peer), LinkInput::DialFailed))
            }
            LinkEvent::Frame { peer, channel, bytes } => {
                let message = match self.verifier.verify_from(&peer, channel.encoding(), &bytes) {
                    Ok(verified) => Message::read(channel.encoding(), verified.kind, verified.body)?,
                    Err(error) => return Some(Input::Link(key(&peer), LinkInput::Refused(error))),
                };
                let input = match message {
                    Message::Keys(keys) => {
                        self.diagnostics.keyed(&peer);
                        self.udp.set_receive_keys(peer, &keys);
                        return None;
                    }
                    Message::LatestStart(start) => {
                        let proven = proven_start(&self.own, &start.message);
                        // What this run signed itself, before a link came back, says nothing new.
                        if proven.is_some_and(|(boot, seq)| self.signer.has_reached(boot, seq)) {
                            return None;
                        }
                        LinkInput::LatestStart(proven.map(|(boot, _)| boot))
                    }
                    message => LinkInput::Received(Box::new(message)),
                };
                Some(Input::Link(key(&peer), input))
            }
        }
    }

    /// Ends every link.
    pub async fn close(self) {
        self.links.close().await;
    }
}

/// Counts of starts, and second devices with a peer's key.
impl PeerSession {
    /// Sends a message to the second device with a peer's key.
    pub fn tell_duplicate(&mut self, peer: PeerKey, message: &Message) {
        let peer = PeerId::from_public_key(&peer.0);
        if let Some(frame) = self.signed(&peer, Encoding::Postcard, message)
            && let Err(error) = self.links.send_to_duplicate(&peer, frame)
        {
            debug!("The second device with the key {peer} was not told so: {error}.");
        }
    }

    /// Sends a peer a message of its latest start that was accepted here, if there is one: if its count of starts is lower, it
    /// learns so by its own signature.
    pub fn prove_start(&mut self, peer: PeerKey) {
        let message = self.verifier.latest_start(&PeerId::from_public_key(&peer.0)).to_vec();
        if !message.is_empty() {
            self.send(peer, &Message::LatestStart(LatestStart { message }));
        }
    }

    /// Signs everything from now on with this count of starts, which is on the disk, and sends every linked peer keys again:
    /// those that were signed with a lower one were refused.
    pub fn raise_boot(&mut self, boot: u32) {
        self.signer.raise(boot);
        for LinkInfo { peer, address, .. } in self.links.known() {
            if let Some(address) = address.socket() {
                self.send_keys(peer, address);
            }
        }
    }

    fn send_keys(&mut self, peer: PeerId, address: SocketAddr) {
        if let Some(keys) = self.udp.new_send_keys(peer, address) {
            self.send(PeerKey(*peer.public_key()), &Message::Keys(keys));
        }
    }
}

/// Public documents.
impl PeerSession {
    /// Serves these blocks by bitswap to whoever connects from now on.
    pub fn serve_blocks(&self, blocks: Blocks) {
        self.links.serve_blocks(blocks);
    }
}

/// The peers that may have a link.
#[must_use]
pub fn linking(trust: &Trust) -> Vec<PeerId> {
    let may = trust.iter().filter(|(_, rights)| rights.contains(Rights::LINK));
    may.map(|(peer, _)| PeerId::from_public_key(&peer.0)).collect()
}

/// The channel of a message. Membership, gossip and datagram keys do not wait behind chunks of documents.
const fn channel(encoding: Encoding, message: &Message) -> Channel {
    match (encoding, message) {
        (Encoding::Json, _) => Channel::Json,
        (
            Encoding::Postcard,
            Message::Member(_)
            | Message::MemberDigest(_)
            | Message::Gossip(_)
            | Message::Keys(_)
            | Message::LatestStart(_)
            | Message::Duplicate(_)
            | Message::Trust(_),
        ) => Channel::Gossip,
        (
            Encoding::Postcard,
            Message::Hello { .. }
            | Message::MemberList { .. }
            | Message::Query(_)
            | Message::Answer(_)
            | Message::Vectors(_)
            | Message::Coverage(_)
            | Message::Unread(_)
            | Message::Unembedded(_)
            | Message::Unusable(_)
            | Message::Filters(_)
            | Message::Filtered(_)
            | Message::Holdings(_)
            | Message::CutShort(_)
            | Message::Coming(_)
            | Message::Work(_)
            | Message::Why(_)
            | Message::Echo(_),
        ) => Channel::Task,
    }
}
