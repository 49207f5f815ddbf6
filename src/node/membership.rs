//! The flow of membership: SWIM packets, the exchange of member lists, and the choice of links.
//!
//! The protocol is in `mesh::swim` (SWIM: Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style
//! Process Group Membership Protocol", DSN 2002), the links and addresses in `mesh::peers`. Packets go as datagrams
//! and, where those do not pass, over the link. The exchange of member lists is in `member_lists`.

use super::mesh_state::Unsaved;
use super::output::{HangUp, Notice, Output};
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::MEMBER_LIST_RETRY_MS;
use crate::mesh::conduct::Offence;
use crate::mesh::swim::{Effect, Liveness, MemberState, Purpose};
use crate::wire::message::Message;
use core::net::SocketAddr;

/// How a member came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// It was not known in this run.
    First,
    /// It was down.
    Again,
    /// It has started anew.
    Restarted,
}

impl Node {
    /// A SWIM packet of a peer, by datagram or over the link.
    pub(super) fn on_packet(&mut self, now: Instant, peer: PeerKey, packet: &[u8], link: bool, out: &mut Out) {
        let accepted = self.member.packet(now, peer, packet);
        if accepted && !link {
            self.peers.datagram_received(peer);
        }
        // Of one that is down it changes nothing, but it has come: the way there is open again.
        if !link && self.member.is_down(peer) {
            self.peers.is_alive(now, peer);
        }
        self.carry_out_effects(now, link.then_some(peer), out);
    }

    /// The boot counter is on the disk: the packets that carry it are sent.
    pub(super) fn on_boot_counter_saved(&mut self, now: Instant, number: u32, out: &mut Out) {
        // First: packets that were held go in messages, which are signed with the new number then.
        self.go_on(now, number, out);
        if let Some(unsaved) = self.mesh.boot.unsaved.take_if(|unsaved| unsaved.generation <= number) {
            unsaved.held.into_iter().for_each(|output| out.push(output));
        }
    }

    /// Discovery found an address of a peer.
    pub(super) fn on_seen(&mut self, now: Instant, peer: PeerKey, address: SocketAddr, out: &mut Out) {
        if peer == self.config.key {
            return self.dial_other_holder(now, address, out);
        }
        self.on_candidate(now, peer, address, out);
        self.peers.add_hint(now, peer, address);
        self.mesh.choose_links_soon(now);
    }

    /// A link is up: sends this agent's entry, unless the link is not to last, and asks for the peer's member list if none came since the start.
    pub(super) fn on_linked(&mut self, now: Instant, peer: PeerKey, address: SocketAddr, out: &mut Out) {
        let (waiting, is_new) = self.peers.linked(now, peer, address);
        if let Some(packet) = waiting.filter(|packet| !self.member.answered_by_link(now, peer, packet)) {
            self.mesh.send(Output::Send(peer, Message::Member(packet)), out);
        }
        if let Some(known) = self.peers.get(peer).filter(|_| is_new) {
            out.push(Output::SaveAddresses(peer, known.addresses.kept().to_vec()));
        }
        self.mesh.choose_links_soon(now);
        // Each end has the other's entry from the lists of others.
        if self.is_passing_link(peer) {
            return;
        }
        let me = MemberState {
            key: self.config.key,
            generation: self.member.generation(),
            incarnation: 0,
            liveness: Liveness::Alive,
        };
        let list = Message::MemberList { ask: !self.mesh.list_received, members: vec![self.entry(me)] };
        self.mesh.send(Output::Send(peer, list), out);
        if !self.mesh.list_received {
            self.mesh.exchange_at = now + Duration::from_millis(MEMBER_LIST_RETRY_MS);
        }
    }

    /// Whether a link with this member is for one probe, or for the first of many by datagram, as most are in a large mesh.
    pub(super) fn is_passing_link(&self, peer: PeerKey) -> bool {
        self.mesh.list_received && !self.peers.wants(peer) && self.member.is_up(peer)
    }

    /// Does what is due: SWIM's timers, the choice of links, the exchange of lists, notices.
    pub(super) fn run_membership(&mut self, now: Instant, out: &mut Out) {
        while self.member.tick(now) {
            self.carry_out_effects(now, None, out);
        }
        self.carry_out_effects(now, None, out);
        if self.mesh.choose_at.is_some_and(|at| at <= now) {
            (self.mesh.choose_at, self.mesh.chosen_at) = (None, now);
            let (peers, member) = (&mut self.peers, &self.member);
            peers.choose(self.config.key, |key| member.is_down(key));
        }
        if self.exchange_due().is_some_and(|at| at <= now) {
            self.exchange_member_lists(now, out);
        }
        out.extend(self.mesh.news.take().map(Output::Notice));
    }

    /// Carries out SWIM's effects. An answer to a packet that came over the link goes back over it as well.
    pub(super) fn carry_out_effects(&mut self, now: Instant, link: Option<PeerKey>, out: &mut Out) {
        let effects = self.member.effects();
        for effect in &effects {
            // First: packets of the same step carry the new generation already.
            if let Effect::Renewed(generation) = effect {
                let held = self.mesh.boot.unsaved.take().map_or_else(Vec::new, |unsaved| unsaved.held);
                self.mesh.boot.unsaved = Some(Unsaved { generation: *generation, held });
                out.push(Output::SaveBootCounter(*generation));
            }
        }
        for effect in effects {
            match effect {
                Effect::Send { to, packet, purpose, all_transports } => {
                    let back = link == Some(to) && purpose == Purpose::Answer;
                    self.send_packet(to, packet, purpose, all_transports || back, out);
                }
                Effect::Up(peer, generation, was_down) => {
                    self.mesh.stopped.remove(&peer);
                    self.on_up(now, peer, generation, if was_down { Sight::Again } else { Sight::First });
                    self.mesh.choose_links_soon(now);
                }
                Effect::Restarted(peer, generation) => self.on_up(now, peer, generation, Sight::Restarted),
                Effect::Stops(peer) => _ = self.mesh.stopped.insert(peer, now),
                Effect::Down(peer) => {
                    let name = self.name_of(peer);
                    let stopped = self.mesh.stopped.contains_key(&peer);
                    self.mesh.news.is_down(peer, name, stopped);
                    self.mesh.choose_links_soon(now);
                    self.scheduler.worker_down(now, peer);
                    // Nothing waits for a member that is down.
                    if self.peers.get(peer).is_some_and(|peer| peer.linked) {
                        out.push(Output::HangUp(peer, HangUp::DeviceDown));
                    }
                }
                Effect::FoundDown(packet) => {
                    for peer in self.peers.all_linked().collect::<Vec<_>>() {
                        if self.member.is_up(peer) {
                            let packet = self.member.readdress(packet.clone(), peer);
                            self.mesh.send(Output::Send(peer, Message::Member(packet)), out);
                        }
                    }
                }
                Effect::Warn(peer, packet) => {
                    if self.peers.get(peer).is_some_and(|peer| peer.linked) {
                        self.mesh.send(Output::Send(peer, Message::Member(packet)), out);
                    }
                }
                Effect::Renewed(_) => {}
                Effect::FalseCount(peer) => self.on_offence(now, peer, Offence::FalseCount, out),
                Effect::Quarantined(peer) => out.push(Output::Notice(Notice::Quarantined(self.name_of(peer)))),
                Effect::Suspended(time) => {
                    if time >= Duration::from_millis(MEMBER_LIST_RETRY_MS) {
                        out.push(Output::Notice(Notice::Suspended(time)));
                    }
                    (self.mesh.list_received, self.mesh.exchange_at) = (false, now);
                }
            }
        }
    }

    /// A member is up.
    fn on_up(&mut self, now: Instant, peer: PeerKey, generation: u32, sight: Sight) {
        let name = self.name_of(peer);
        let is_linked = self.peers.get(peer).is_some_and(|peer| peer.linked);
        let news = &mut self.mesh.news;
        match sight {
            Sight::First => news.is_new(now, peer, name, is_linked),
            Sight::Again => news.is_up_again(now, peer, name, is_linked),
            Sight::Restarted => news.has_restarted(now, peer, name, is_linked),
        }
        if sight == Sight::First {
            self.scheduler.worker_seen(peer);
        } else {
            // It knows nothing of what was lent to it.
            self.scheduler.worker_restarted(now, peer);
        }
        self.peers.on_generation(peer, generation);
        self.peers.is_alive(now, peer);
    }

    /// This agent stops: the members that are linked are told, so that they do not have to find it out.
    pub(super) fn say_farewell(&self, out: &mut Out) {
        // Nobody has seen a generation that is not on the disk yet.
        if self.mesh.boot.unsaved.is_some() {
            return;
        }
        for peer in self.peers.all_linked() {
            if let Some(packet) = self.member.farewell(peer) {
                // Not by datagram as well: the second of two copies would look like a member that is back.
                out.push(Output::Send(peer, Message::Member(packet)));
            }
        }
    }

    fn send_packet(&mut self, to: PeerKey, packet: Vec<u8>, purpose: Purpose, all_transports: bool, out: &mut Out) {
        let transports = self.peers.transports(to, &packet, purpose == Purpose::Probe, all_transports);
        let linked = self.peers.get(to).is_some_and(|peer| peer.linked);
        if transports.link || (all_transports && linked) {
            self.mesh.send(Output::Send(to, Message::Member(packet.clone())), out);
        }
        if transports.datagram {
            self.mesh.send(Output::SwimPacket(to, packet), out);
        } else if purpose == Purpose::Update && !transports.link {
            // An update may go to any member: a linked one gets it in place of one that cannot be reached.
            if let Some(other) = self.random_linked() {
                let packet = self.member.readdress(packet, other);
                self.mesh.send(Output::SwimPacket(other, packet), out);
            }
        }
    }

    /// A linked peer at random.
    pub(super) fn random_linked(&mut self) -> Option<PeerKey> {
        let linked = self.peers.all_linked().count() as u64;
        let chosen = usize::try_from(self.mesh.rng.below(linked)).unwrap_or(0);
        self.peers.all_linked().nth(chosen)
    }

    pub(super) fn name_of(&self, peer: PeerKey) -> String {
        self.title(Some(peer))
    }

    /// When something of the mesh is due.
    pub(super) fn mesh_deadline(&self) -> Option<Instant> {
        let own = earliest(self.exchange_due(), self.mesh.choose_at);
        earliest(own, earliest(self.member.deadline(), self.peers.deadline()))
    }

    /// Members that are up, this agent not counted.
    #[must_use]
    pub fn members_up(&self) -> usize {
        self.member.count()
    }

    /// Whether the peer is a member that is up.
    #[must_use]
    pub fn is_up(&self, peer: PeerKey) -> bool {
        self.member.is_up(peer)
    }

    /// This agent's generation.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.member.generation()
    }
}
