//! The flow of links: a link comes up, carries messages, goes down and is dialled again.

use super::input::LinkInput;
use super::output::{HangUp, Notice, Output};
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::mesh::trust::Rights;
use crate::wire::message::{Echo, Message};

impl Node {
    pub(super) fn on_link(&mut self, now: Instant, peer: PeerKey, input: LinkInput, out: &mut Out) {
        if peer == self.config.key {
            if let LinkInput::Duplicate { linked, other } = input {
                self.on_own_key(now, (linked, other), out);
            }
            return;
        }
        // Events of an expelled peer may still be on their way; they are dropped unless it is a guest.
        if self.peers.get(peer).is_none() {
            return self.on_guest(now, peer, input, out);
        }
        match input {
            LinkInput::Up(address) => {
                self.tell_link(now, peer, out);
                out.push(self.hello(peer, false));
                self.on_linked(now, peer, address, out);
                self.scheduler.worker_linked(peer);
                self.exchange_holdings(peer, out);
                self.share_gossip(now, peer, out);
                self.greet(now, peer, false, out);
                self.tell_duplicates(now, peer, out);
            }
            LinkInput::Started(address, mark) => self.on_started(now, peer, address, mark, out),
            LinkInput::Duplicate { linked, other } => self.on_second_device(now, peer, (linked, other), out),
            LinkInput::Refused(why) => self.on_refused(now, peer, &why, out),
            LinkInput::LatestStart(proven) => self.on_latest_start(now, peer, proven, out),
            LinkInput::Down(why) => {
                out.push(Output::Notice(Notice::Unlinked(self.title(Some(peer)), why)));
                self.mesh.news.is_unlinked(peer);
                self.peers.unlinked(now, peer);
                self.queries.holdings.forget(peer);
                self.stop_waiting_for(now, peer, out);
                self.scheduler.worker_unlinked(now, peer);
                self.on_unlinked(peer, out);
                self.mesh.trust.unlinked(peer);
            }
            LinkInput::DialFailed => self.peers.dial_failed(now, peer),
            LinkInput::Received(message) => {
                self.peers.link_used(now, peer);
                self.mesh.records.refusals.accepted(peer);
                self.member.record_contact(now, peer);
                self.on_message(now, peer, *message, out);
            }
        }
    }

    /// Tells that a device has a link, unless its return is told otherwise.
    fn tell_link(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        let title = self.title(Some(peer));
        let has_name = self.peers.get(peer).is_some_and(|peer| peer.device.is_some());
        if self.mesh.news.is_linked(now, peer, has_name.then_some(&title)) {
            out.push(Output::Notice(Notice::Linked(title)));
        }
    }

    fn on_message(&mut self, now: Instant, peer: PeerKey, message: Message, out: &mut Out) {
        if !self.trust.may(peer, Rights::needed_for(&message)) {
            return;
        }
        if self.is_frozen(now, peer) {
            // What it takes back is not read either.
            self.queries.holdings.forget(peer);
            if self.hold_back(peer, &message, out) {
                return;
            }
        }
        match message {
            Message::Hello { device, ask, listen } => {
                self.peers.add_listen_addresses(now, peer, &listen);
                // A device that was just let in has dialled this one: at the next start either finds the other.
                if let Some(address) = self.peers.listens_at(peer, &listen) {
                    out.push(Output::SaveAddresses(peer, vec![address]));
                }
                self.on_name(now, peer, device, out);
                if ask {
                    out.push(self.hello(peer, false));
                }
            }
            Message::Coming(_) => out.push(Output::GiveWay),
            Message::Query(query) => self.on_peer_query(peer, query, out),
            Message::Answer(answer) => self.on_peer_answer(now, peer, answer, out),
            Message::Vectors(vectors) => self.on_peer_vectors(now, peer, &vectors),
            Message::Coverage(coverage) => self.on_peer_coverage(peer, &coverage),
            Message::Unembedded(told) => self.queries.local.add_peer_unembedded(told.id, peer, told.files),
            Message::Unusable(told) => self.on_unusable(peer, told),
            Message::Filters(filters) => self.queries.keep_filters(peer, filters),
            Message::Holdings(holdings) => self.on_holdings(peer, holdings),
            Message::Filtered(filtered) => self.queries.local.add_peer_filtered(filtered.id, peer),
            Message::Unread(unread) => self.queries.local.add_peer_unread(unread.id, peer),
            Message::CutShort(cut) => self.queries.local.add_peer_cut_short(cut.id, peer),
            Message::Work(work) => self.on_work(now, peer, work, out),
            Message::Why(why) => self.on_why(now, peer, why, out),
            Message::Echo(Echo { answer: true, .. }) => {}
            Message::Echo(echo) => out.push(Output::Send(peer, Message::Echo(Echo { answer: true, ..echo }))),
            Message::Member(packet) => self.on_packet(now, peer, &packet, true, out),
            Message::MemberList { ask, members } => self.on_member_list(now, peer, ask, &members, out),
            Message::MemberDigest(digest) => self.on_member_digest(now, peer, digest, out),
            Message::Gossip(gossip) => self.on_gossip(now, peer, gossip, out),
            Message::Duplicate(told) => self.on_duplicate_told(now, peer, &told, out),
            Message::Trust(exchange) => self.on_exchange(now, peer, exchange, out),
            // Keys of datagrams and proofs of starts, which the session has taken already.
            Message::Keys(_) | Message::LatestStart(_) => {}
        }
    }

    pub(super) fn hello(&self, peer: PeerKey, ask: bool) -> Output {
        Output::Send(peer, Message::Hello { device: self.config.device.clone(), ask, listen: self.mesh.listen.clone() })
    }

    /// Asks linked peers for their name until they have given it, has names saved that waited, dials the peers that are due, and
    /// ends links that are not needed.
    pub(super) fn dial(&mut self, now: Instant, out: &mut Out) {
        while let Some((peer, name)) = self.peers.next_name_to_save(now) {
            out.push(Output::SaveName(peer, name));
        }
        while let Some(peer) = self.peers.next_unnamed(now) {
            out.push(self.hello(peer, true));
        }
        while let Some((peer, address)) = self.peers.next_dial(now) {
            out.push(Output::Dial(peer, address));
        }
        self.look_for_own_key(now, out);
        while let Some(peer) = self.peers.next_idle_link(now) {
            out.push(Output::HangUp(peer, HangUp::NotNeeded));
        }
    }
}
