//! What simulated agents send each other: counted, checked, lost or delayed.

use super::event::Event;
use super::net;
use super::world::World;
use crate::base::id::PeerKey;
use crate::limits::{FRAME_TASK_MAX, MEMBER_BYTES_MAX};
use crate::wire::gossip::Gossip;
use crate::wire::message::Message;

/// A message's kind, with what gossip is of.
const fn kind(message: &Message) -> &'static str {
    match message {
        Message::Gossip(Gossip::Push(_)) => "gossip: items",
        Message::Gossip(Gossip::IHave { .. }) => "gossip: identifiers",
        Message::Gossip(Gossip::IWant(_)) => "gossip: requests",
        Message::Gossip(Gossip::Prune) => "gossip: prunes",
        Message::Gossip(Gossip::Compare { .. }) => "gossip: hashes",
        Message::MemberList { members, .. } if members.len() == 1 => "roll: own entry",
        other => other.kind(),
    }
}

impl World {
    pub(super) fn send(&mut self, at: usize, peer: PeerKey, message: &Message) {
        let (bytes, to) = (message.encode(), self.holder(at, peer));
        if matches!(message, Message::MemberDigest(_)) && [at, to].iter().any(|of| self.net.old.contains(of)) {
            return;
        }
        assert!(bytes.len() <= FRAME_TASK_MAX, "a message of {} bytes is larger than a frame", bytes.len());
        self.check_leaves(at, &bytes);
        self.fold(to, &bytes);
        let sent = &mut self.devices[at].sent;
        let length = bytes.len() as u64 + net::LINK_BYTES;
        (sent.messages, sent.message_bytes) = (sent.messages + 1, sent.message_bytes + length);
        let of_kind = sent.kinds.entry(kind(message)).or_default();
        *of_kind = (of_kind.0 + 1, of_kind.1 + length);
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
