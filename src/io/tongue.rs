//! Talking over links: what the node says is sealed and sent, what comes is opened and handed to the node.

use super::driver::Event;
use super::events::{Events, Kind};
use super::home::{Home, write_file};
use super::link::{Channel, LinkEvent, Links, Refusal};
use crate::base::id::PeerKey;
use crate::limits::LINK_EVENTS_MAX;
use crate::node::input::{Input, LinkInput};
use crate::wire::message::{BadMessage, Opener, Sealer};
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
}

impl Tongue {
    /// For these links. `sealer` counts on from this start of the agent.
    #[must_use]
    pub fn new(links: Links, sealer: Sealer, peers: &[PeerId]) -> Self {
        let mut opener = Opener::new();
        for peer in peers {
            if !opener.allow(*peer) {
                warn!("There is no room to listen to {peer}.");
            }
        }
        Self { links, sealer, opener }
    }

    /// Opens the links on `listener` for these peers. Counts this start of the agent, on the disk, before the
    /// first message can leave: the count orders its messages after all of the starts before.
    ///
    /// # Errors
    /// One sentence: the count cannot be kept, or the listener broke.
    pub fn open(
        home: &Home,
        key: &SigningKey,
        listener: TcpListener,
        peers: &[PeerId],
        events: Sender<Event>,
    ) -> Result<Self, String> {
        let boot = count_boot(home)?;
        let (tell, told) = bounded(LINK_EVENTS_MAX);
        let links = Links::open(listener, key.clone(), peers, tell)
            .map_err(|error| format!("The agent cannot listen for other devices: {error}."))?;
        smol::spawn(async move {
            while let Ok(event) = told.recv().await {
                if events.send(Event::Link(event)).await.is_err() {
                    return;
                }
            }
        })
        .detach();
        Ok(Self::new(links, Sealer::new(key.clone(), boot), peers))
    }

    /// Where it listens, with its name.
    #[must_use]
    pub fn address(&self) -> String {
        self.links.listen_addresses().first().map(ToString::to_string).unwrap_or_default()
    }

    /// Dials a peer; the answer comes as an event.
    pub fn dial(&self, peer: PeerKey, address: SocketAddr) {
        self.links.dial(PeerId::from_public_key(&peer.0), address);
    }

    /// Says something. What a full or lost link does not take is not said; the node waits for no answer longer
    /// than its deadline.
    pub fn say(&mut self, peer: PeerKey, talk: &Talk) {
        let peer = PeerId::from_public_key(&peer.0);
        match self.sealer.seal(talk.kind(), &[], &talk.seal()) {
            Ok(bytes) => {
                if let Err(error) = self.links.send(&peer, channel(talk), bytes) {
                    debug!("A message to {peer} was not sent: {error}.");
                }
            }
            Err(error) => warn!("A message to {peer} was not sent: {error}"),
        }
    }

    /// Writes down who was not let in, for as long as there are links.
    pub fn tell_refusals(&self, events: Events) -> impl Future<Output = ()> + use<> {
        let refusals = self.links.refusals();
        async move {
            while let Ok(Refusal { peer, address }) = refusals.recv().await {
                let what = format!("An unknown device wanted to link and was refused: {peer} at {}.", address.ip());
                events.note(Kind::Refused, &peer.to_string(), what);
            }
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
                Some(Input::Link(key(&peer), LinkInput::Up(address)))
            }
            LinkEvent::Down { peer, why } => Some(Input::Link(key(&peer), LinkInput::Down(why))),
            LinkEvent::DialFailed { peer, address, why } => {
                debug!("{peer} was not reached at {address}: {why}.");
                Some(Input::Link(key(&peer), LinkInput::NotDialled))
            }
            LinkEvent::Frame { peer, bytes, .. } => {
                let said = match self.opener.open(&bytes) {
                    // The type is signed too: a rumour's body is never read as direct talk.
                    Ok(opened) if opened.sender == peer => {
                        Talk::parse(opened.body).filter(|talk| talk.kind() == opened.kind)
                    }
                    Ok(opened) => {
                        info!("{peer} passed on a message of {}; direct talk is of oneself only.", opened.sender);
                        None
                    }
                    Err(error) => {
                        info!("A message of {peer} was not taken. {error}");
                        None
                    }
                };
                said.map(|talk| Input::Link(key(&peer), LinkInput::Said(Box::new(talk))))
            }
        }
    }

    /// Ends every link.
    pub async fn close(self) {
        self.links.close().await;
    }
}

/// Membership and rumours do not wait behind passages.
const fn channel(talk: &Talk) -> Channel {
    match talk {
        Talk::Member(_) | Talk::Gossip(_) => Channel::Gossip,
        Talk::Hello { .. } | Talk::Keys(_) | Talk::Ask(_) | Talk::Answer(_) => Channel::Task,
    }
}

/// The number of this start, from 1, written before it is used. A lost file begins anew: peers that remember
/// a higher one would drop what this agent says, so the file's loss is told.
fn count_boot(home: &Home) -> Result<u32, String> {
    let path = home.file("boot");
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| {
            format!(
                "The count of starts, {}, is damaged. Write into it a number above all starts so far.",
                path.display()
            )
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0_u32,
        Err(error) => return Err(format!("The count of starts, {}, cannot be read: {error}.", path.display())),
    };
    let boot = before.saturating_add(1);
    write_file(&path, format!("{boot}\n").as_bytes())
        .map_err(|error| format!("The count of starts, {}, cannot be written: {error}.", path.display()))?;
    Ok(boot)
}
