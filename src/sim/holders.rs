//! Holders of keys, and their counts of starts: what `net::session` and `net::link` decide of them, in the pretend world.
//!
//! A copy of a device has its key. Of two links with one key the older one stays if its device answers, as in
//! `net::link::table`. A receiver refuses messages of earlier starts, and those of another start with the same count, as in
//! `wire::envelope` (where their numbers were used before), and proves to their sender which start it knows.

use super::event::Event;
use super::net;
use super::starts::Starts;
use super::world::{World, link_down};
use crate::base::id::PeerKey;
use crate::node::input::{Input, LinkInput};
use crate::node::output::Output;
use crate::wire::envelope::BadMessage;
use crate::wire::message::Message;
use core::net::SocketAddr;

impl World {
    /// From its next start on a device is a copy of another one: it has that one's key and its count of starts.
    pub fn copy_card(&mut self, of: usize, to: usize) {
        self.net.copies.insert(to, of);
        self.devices[to].boots = self.devices[of].boots;
    }

    /// The key of a device.
    #[must_use]
    pub fn key_of(&self, at: usize) -> PeerKey {
        net::key(self.net.copies.get(&at).copied().unwrap_or(at))
    }

    /// The device that a device means by a key: the one that it is linked with, else the one that was not copied.
    pub(super) fn holder(&self, at: usize, key: PeerKey) -> usize {
        let linked =
            self.net.copies.keys().copied().find(|copy| self.key_of(*copy) == key && self.net.linked(at, *copy));
        linked.unwrap_or_else(|| net::agent(key))
    }

    /// The device with this key at this address.
    pub(super) fn device_at(&self, key: PeerKey, address: SocketAddr) -> Option<usize> {
        (0..self.devices.len()).find(|at| self.key_of(*at) == key && net::address(*at) == address)
    }

    pub(super) fn begin_start(&mut self, at: usize) {
        let mark = self.rng.next();
        let signing = self.devices[at].boots;
        self.devices[at].starts = Starts { signing, mark, ..Starts::default() };
        self.signer.boot(at, signing);
    }

    /// `at` dialled `peer`, which is there: a link comes up, unless another device with the key of `at` holds it.
    pub(super) fn link_up(&mut self, at: usize, peer: usize, address: SocketAddr) {
        let (key, other_key) = (self.key_of(at), self.key_of(peer));
        // The dialled side sees a port on which the dialler does not listen.
        let from = SocketAddr::new(net::address(at).ip(), 1);
        let standing = self.holder(peer, key);
        if standing != at && self.net.linked(peer, standing) {
            if self.devices[standing].agent.is_some() && self.devices[standing].suspended.is_none() {
                self.devices[peer].starts.second.insert(key, at);
                let linked = net::address(standing);
                self.handle(at, Input::Link(other_key, LinkInput::Up(address)));
                self.process(peer, Event::Input(Input::Link(key, LinkInput::Duplicate { linked, other: from })));
                self.schedule(at, 2_000, Event::Input(link_down(other_key)));
                return;
            }
            self.net.unlink(peer, standing);
            self.unlinked(peer, standing);
            self.unlinked(standing, peer);
        }
        if self.net.link(at, peer) {
            for (one, other, address) in [(peer, at, from), (at, peer, address)] {
                let (key, mark) = (self.key_of(other), self.devices[other].starts.mark);
                self.process(one, Event::Input(Input::Link(key, LinkInput::Up(address))));
                self.process(one, Event::Input(Input::Link(key, LinkInput::Started(address, mark))));
                self.prove_start(one, key);
            }
        }
    }

    /// A message of `from`, signed with this count of starts: the input that it becomes.
    pub(super) fn accept(&mut self, at: usize, from: usize, boot: u32, message: Message) -> Input {
        let key = self.key_of(from);
        let mark = self.devices[from].starts.mark;
        let (latest, known) = self.devices[at].starts.latest.entry(key).or_insert((boot, mark));
        let input = if boot < *latest {
            LinkInput::Refused(BadMessage::EarlierStart { boot, latest: *latest })
        } else if boot == *latest && mark != *known {
            LinkInput::Refused(BadMessage::Replay)
        } else {
            (*latest, *known) = (boot, mark);
            LinkInput::Received(Box::new(message))
        };
        Input::Link(key, input)
    }

    /// Carries out what the sockets do about starts and second devices.
    pub(super) fn on_holders(&mut self, at: usize, output: Output) {
        match output {
            Output::RaiseBoot(number) => self.raise_boot(at, number),
            Output::ProveStart(peer) => self.prove_start(at, peer),
            Output::TellDuplicate(peer, message) => self.tell_duplicate(at, peer, message),
            _ => {}
        }
    }

    /// A device tells a linked peer the latest start that it knows of it.
    fn prove_start(&mut self, at: usize, peer: PeerKey) {
        let (to, own) = (self.holder(at, peer), self.key_of(at));
        // As `net::session`: what this run signed itself says nothing new.
        let own_start = (self.devices[to].starts.signing, self.devices[to].starts.mark);
        if let Some((latest, mark)) = self.devices[at].starts.latest.get(&peer).copied()
            && (latest > own_start.0 || latest == own_start.0 && mark != own_start.1)
            && let Some(delay) = self.net.message_delay_ms(self.now, &mut self.rng, at, to)
        {
            self.post(to, delay, Input::Link(own, LinkInput::LatestStart(Some(latest))));
        }
    }

    /// A device tells the second device with a peer's key.
    fn tell_duplicate(&mut self, at: usize, peer: PeerKey, message: Message) {
        let own = self.key_of(at);
        if let Some(to) = self.devices[at].starts.second.remove(&peer) {
            self.post(to, 1, Input::Link(own, LinkInput::Received(Box::new(message))));
        }
    }

    /// A device signs with this count of starts from now on.
    fn raise_boot(&mut self, at: usize, boot: u32) {
        self.devices[at].starts.signing = boot;
        self.signer.boot(at, boot);
    }
}
