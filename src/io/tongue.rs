//! Talking over links: what the node says is sealed and sent, what comes is opened and handed to the node.

use super::driver::Event;
use super::link::{Channel, LinkEvent, Links};
use super::network::Network;
use super::probe::Probe;
use crate::base::id::PeerKey;
use crate::limits::LINK_EVENTS_MAX;
use crate::mesh::trust::{Rights, Trust};
use crate::node::input::{Input, LinkInput};
use crate::wire::message::{BadMessage, Form, Opener, Sealer};
use crate::wire::peer::PeerId;
use crate::wire::rumour::{self, Fact};
use crate::wire::talk::Talk;
use core::net::SocketAddr;
use ed25519_dalek::SigningKey;
use log::{debug, info, warn};
use smol::channel::{Sender, bounded};
use std::net::TcpListener;

/// An agent's tongue and ears.
#[derive(Debug)]
pub struct Tongue {
    links: Links,
    sealer: Sealer,
    opener: Opener,
    probe: Probe,
    network: Network,
    events: Sender<Event>,
}

impl Tongue {
    /// For these links. `sealer` counts on from this start of the agent.
    #[must_use]
    pub fn new(
        links: Links,
        sealer: Sealer,
        trust: &Trust,
        probe: Probe,
        network: Network,
        events: Sender<Event>,
    ) -> Self {
        let mut tongue = Self { links, sealer, opener: Opener::new(), probe, network, events };
        trust.iter().for_each(|(peer, rights)| tongue.admit(peer, rights));
        tongue
    }

    /// Opens the links on `listener` for the peers of `trust`, and the datagrams beside it. `boot` is the number of this
    /// start, and on the disk: it orders this agent's messages after all of the starts before.
    ///
    /// # Errors
    /// One sentence: the listener broke.
    pub fn open(
        boot: u32,
        key: &SigningKey,
        listener: TcpListener,
        trust: &Trust,
        network: Network,
        events: Sender<Event>,
    ) -> Result<Self, String> {
        let at = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
        network.listens(at);
        let probe = Probe::open(at, events.clone(), network.clone());
        let to_driver = events.clone();
        let (tell, told) = bounded(LINK_EVENTS_MAX);
        // Nobody who may link is refused in the moment between.
        let links = Links::open(listener, key.clone(), &linking(trust), tell)
            .map_err(|error| format!("The agent cannot listen for other devices: {error}."))?;
        smol::spawn(async move {
            while let Ok(event) = told.recv().await {
                if events.send(Event::Link(event)).await.is_err() {
                    return;
                }
            }
        })
        .detach();
        Ok(Self::new(links, Sealer::new(key.clone(), boot), trust, probe, network, to_driver))
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
            room &= self.opener.allow(peer);
        } else {
            self.opener.forget(&peer);
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
    /// dialled, whoever hinted at it.
    pub fn dial(&self, peer: PeerKey, address: SocketAddr) {
        let id = PeerId::from_public_key(&peer.0);
        if self.network.may_dial(address.ip()) {
            self.network.dials(&id, address);
            return self.links.dial(id, address);
        }
        self.network.failed(&id, address, "the address is not of this home, and was not given with --peer");
        let events = self.events.clone();
        smol::spawn(async move {
            // The driver may have stopped.
            let _ = events.send(Event::Input(Input::Link(peer, LinkInput::NotDialled))).await;
        })
        .detach();
    }

    /// Ends the link to a peer that nobody here needs.
    pub fn hang_up(&self, peer: PeerKey) {
        self.links.hang_up(&PeerId::from_public_key(&peer.0), "nobody here needs it");
    }

    /// Sends a packet as a sealed datagram. It may be lost.
    pub fn probe(&mut self, peer: PeerKey, packet: &[u8]) {
        self.probe.send(&PeerId::from_public_key(&peer.0), packet);
    }

    /// Says something, in the form in which the peer speaks. What a full or lost link does not take is not said;
    /// the node waits for no answer longer than its deadline.
    pub fn say(&mut self, peer: PeerKey, talk: &Talk) {
        let peer = PeerId::from_public_key(&peer.0);
        let form = self.links.form(&peer);
        // Both buffers were used before, and will be again.
        let (mut body, mut frame) = (self.links.frame(), self.links.frame());
        talk.put(form, body.buffer());
        match self.sealer.seal_into(form, talk.kind(), &[], &body, frame.buffer()) {
            Ok(()) => {
                if let Err(error) = self.links.send(&peer, channel(form, talk), frame) {
                    debug!("A message to {peer} was not sent: {error}.");
                }
            }
            Err(error) => warn!("A message to {peer} was not sent: {error}"),
        }
    }

    /// Seals a fact of this agent's own, as a rumour.
    pub fn seal(&mut self, fact: &Fact) -> Option<Vec<u8>> {
        let sealed = self.sealer.seal(rumour::TYPE, &[], &fact.seal());
        sealed.inspect_err(|error| warn!("A rumour of this agent's own was not told: {error}")).ok()
    }

    /// Whether a rumour that somebody handed on was signed by its origin, an agent that is listened to.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn verify(&self, message: &[u8]) -> Result<(), BadMessage> {
        self.opener.verify(message).map(|_| ())
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
    pub fn hear(&mut self, event: LinkEvent) -> Option<Input> {
        let key = |peer: &PeerId| PeerKey(*peer.public_key());
        match event {
            LinkEvent::Up { peer, address, .. } => {
                let address = address.socket()?;
                self.network.linked(&peer, Some(address));
                if let Some(keys) = self.probe.greet(peer, address) {
                    self.say(key(&peer), &Talk::Keys(keys));
                }
                Some(Input::Link(key(&peer), LinkInput::Up(address)))
            }
            LinkEvent::Down { peer, why } => {
                self.network.linked(&peer, None);
                Some(Input::Link(key(&peer), LinkInput::Down(why)))
            }
            LinkEvent::Stranger { peer, address } => {
                self.network.stranger(peer, address);
                None
            }
            LinkEvent::DialFailed { peer, address, why } => {
                debug!("{peer} was not reached at {address}: {why}.");
                if let Some(address) = address.socket() {
                    self.network.failed(&peer, address, &why);
                }
                Some(Input::Link(key(&peer), LinkInput::NotDialled))
            }
            LinkEvent::Frame { peer, channel, bytes } => {
                let said = match self.opener.open_from(&peer, channel.form(), &bytes) {
                    Ok(opened) => Talk::read(channel.form(), opened.kind, opened.body),
                    Err(error) => {
                        info!("A message of {peer} was not taken. {error}");
                        None
                    }
                };
                if let Some(Talk::Keys(keys)) = &said {
                    self.network.keyed(&peer);
                    self.probe.learn(peer, keys);
                    return None;
                }
                said.map(|talk| Input::Link(key(&peer), LinkInput::Said(Box::new(talk))))
            }
        }
    }

    /// Ends every link.
    pub async fn close(self) {
        self.links.close().await;
    }
}

/// Those of a table that may have a link.
pub(super) fn linking(trust: &Trust) -> Vec<PeerId> {
    let may = trust.iter().filter(|(_, rights)| rights.contains(Rights::LINK));
    may.map(|(peer, _)| PeerId::from_public_key(&peer.0)).collect()
}

/// Membership, rumours and the keys of datagrams do not wait behind passages.
const fn channel(form: Form, talk: &Talk) -> Channel {
    match (form, talk) {
        (Form::Json, _) => Channel::Json,
        (Form::Postcard, Talk::Member(_) | Talk::Gossip(_) | Talk::Keys(_)) => Channel::Gossip,
        (Form::Postcard, Talk::Hello { .. } | Talk::Roll { .. } | Talk::Ask(_) | Talk::Answer(_) | Talk::Echo(_)) => {
            Channel::Task
        }
    }
}
