//! Conversations of devices that are paired, on simulated devices: dials, frames in their order, and ends, as in `net::link::guests`.
//!
//! A conversation is a TCP connection: it keeps the order of what is sent, and what the network loses ends it for both.

use super::event::{Event, GuestEvent};
use super::net;
use super::world::World;
use crate::mesh::pairing::failure::Lost;
use crate::node::input::{GuestInput, Input};
use crate::node::output::Output;
use crate::wire::envelope::Encoding;

impl World {
    /// Carries out what pairing wants.
    pub(super) fn on_guest_output(&mut self, at: usize, output: Output) {
        match output {
            Output::DialAsGuest { peer, address, .. } => {
                let delay = 1 + self.rng.below(self.net.delay_ms_max);
                self.schedule(at, delay, Event::Guest(GuestEvent::Dialled(address, peer.map(net::agent))));
            }
            Output::SendToGuest(peer, bytes) => {
                let to = net::agent(peer);
                let Some((number, delay)) = self.next_arrival(at, to) else { return };
                match self.net.message_delay_ms(self.now, &mut self.rng, at, to) {
                    Some(_) => self.schedule(to, delay, Event::Guest(GuestEvent::Frame(at, number, bytes))),
                    None => self.end_conversation(at, to),
                }
            }
            Output::EndGuest(peer) => {
                let to = net::agent(peer);
                if let Some((number, delay)) = self.next_arrival(at, to) {
                    // Both ends after what was sent.
                    self.schedule(to, delay, Event::Guest(GuestEvent::Ended(at, number)));
                    self.schedule(at, delay, Event::Guest(GuestEvent::Ended(to, number)));
                }
            }
            Output::SearchAdmins(true) => {
                for other in self.running().filter(|other| *other != at).collect::<Vec<_>>() {
                    let delay = 1 + self.rng.below(self.net.delay_ms_max);
                    self.post(at, delay, Input::PeerDiscovered(net::key(other), net::address(other)));
                }
            }
            Output::KeepAddresses(peer, addresses) => {
                self.devices[at].peers.addresses.insert(peer, addresses);
                let delay = 1 + self.rng.below(30);
                self.post(at, delay, Input::AddressesKept(peer, Ok(())));
            }
            Output::SaveInvites(_) => self.post(at, 1, Input::InvitesSaved(Ok(()))),
            // For sockets and people alone.
            _ => {}
        }
    }

    /// What is due at one end of a conversation.
    pub(super) fn on_guest_event(&mut self, at: usize, event: GuestEvent) {
        match event {
            GuestEvent::Dialled(address, expected) => {
                let host = (0..self.devices.len()).find(|other| net::address(*other) == address);
                let answers = |host: &usize| {
                    let device = &self.devices[*host];
                    device.agent.is_some() && device.suspended.is_none() && self.net.can_dial(at, *host)
                };
                let host = host.filter(answers).filter(|host| expected.is_none_or(|expected| expected == *host));
                let Some(host) = host else { return self.handle(at, Input::GuestFailed(address, Lost::NoLink)) };
                self.net.conversations.begin(self.now, at, host);
                let began = |dialled| GuestInput::Began { dialled, encoding: Encoding::Postcard };
                self.handle(host, Input::Guest(net::key(at), net::address(at), began(false)));
                self.handle(at, Input::Guest(net::key(host), address, began(true)));
            }
            GuestEvent::Frame(from, number, bytes) if self.net.conversations.number(at, from) == Some(number) => {
                if !self.net.can_dial(at, from) {
                    return self.end_conversation(at, from);
                }
                let mut random = Box::new([0; 64]);
                random.chunks_mut(8).for_each(|part| part.copy_from_slice(&self.rng.next().to_le_bytes()));
                self.handle(
                    at,
                    Input::Guest(net::key(from), net::address(from), GuestInput::Received { bytes, random }),
                );
            }
            GuestEvent::Ended(other, number) => {
                if self.net.conversations.number(at, other) == Some(number) {
                    self.end_conversation(at, other);
                }
            }
            GuestEvent::Frame(..) => {}
        }
    }

    /// A device's power is cut: its conversations end at the other end.
    pub(super) fn end_conversations(&mut self, at: usize) {
        for (guest, host) in self.net.conversations.of(at) {
            self.end_conversation(guest, host);
        }
    }

    /// Ends the conversation of two devices at both ends, if there is one.
    fn end_conversation(&mut self, a: usize, b: usize) {
        for (guest, host) in [(a, b), (b, a)] {
            if self.net.conversations.end(guest, host) {
                for (at, other) in [(guest, host), (host, guest)] {
                    self.post(at, 1, Input::Guest(net::key(other), net::address(other), GuestInput::Ended));
                }
            }
        }
    }

    /// The number of the conversation of two devices, and in how many milliseconds what is sent now arrives.
    fn next_arrival(&mut self, from: usize, to: usize) -> Option<(u64, u64)> {
        let delay = 1 + self.rng.below(self.net.delay_ms_max);
        self.net.conversations.next_arrival(self.now, delay, from, to)
    }
}
