//! Talking over links: what the node says is sealed and sent, what comes is opened and handed to the node.

use super::driver::Event;
use super::home::{Home, write_file};
use super::link::{Channel, LinkEvent, Links};
use crate::base::id::PeerKey;
use crate::limits::LINK_EVENTS_MAX;
use crate::node::input::{Input, LinkInput};
use crate::wire::message::{Form, Opener, Sealer};
use crate::wire::peer::PeerId;
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
            LinkEvent::Frame { peer, channel, bytes } => {
                let said = match self.opener.open_as(channel.form(), &bytes) {
                    Ok(opened) if opened.sender == peer => Talk::read(channel.form(), opened.kind, opened.body),
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

/// Membership does not wait behind passages.
const fn channel(form: Form, talk: &Talk) -> Channel {
    match (form, talk) {
        (Form::Json, _) => Channel::Json,
        (Form::Postcard, Talk::Member(_)) => Channel::Gossip,
        (Form::Postcard, Talk::Hello { .. } | Talk::Keys(_) | Talk::Ask(_) | Talk::Answer(_) | Talk::Echo(_)) => {
            Channel::Task
        }
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
