//! What simulated agents send each other: counted, checked, lost or delayed.

use super::event::Event;
use super::net;
use super::world::World;
use crate::base::id::PeerKey;
use crate::limits::{FRAME_TASK_MAX, MEMBER_BYTES_MAX};
use crate::wire::message::Message;

impl World {
    pub(super) fn send(&mut self, at: usize, peer: PeerKey, message: &Message) {
        let (bytes, to) = (message.encode(), self.holder(at, peer));
        assert!(bytes.len() <= FRAME_TASK_MAX, "a message of {} bytes is larger than a frame", bytes.len());
        self.check_leaves(at, &bytes);
        self.fold(to, &bytes);
        let sent = &mut self.devices[at].sent;
        sent.messages += 1;
        sent.message_bytes += bytes.len() as u64 + net::LINK_BYTES;
        if let Some(delay) = self.net.message_delay_ms(self.now, &mut self.rng, at, to) {
            let boot = self.devices[at].starts.signing;
            self.schedule(to, delay, Event::MessageArrived(at, boot, bytes));
        }
    }

    pub(super) fn send_datagram(&mut self, at: usize, peer: PeerKey, packet: Vec<u8>) {
        assert!(packet.len() <= MEMBER_BYTES_MAX, "a packet of {} bytes is too long", packet.len());
        let to = self.holder(at, peer);
        self.fold(to, &packet);
        let sent = &mut self.devices[at].sent;
        sent.datagrams += 1;
        sent.datagram_bytes += packet.len() as u64 + net::DATAGRAM_BYTES;
        if let Some(delay) = self.net.datagram_delay_ms(&mut self.rng, at, to) {
            self.schedule(to, delay, Event::DatagramArrived(at, packet));
        }
    }
}
