//! The story of the mesh: packets and rolls come and go, members join, are lost and return, links are chosen.

use super::mesh_state::Unsaved;
use super::output::{Notice, Output};
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{ROLL_ADDRESSES_MAX, ROLL_MEMBERS_MAX, ROLL_MS, ROLL_RETRY_MS};
use crate::mesh::swim::{Effect, Liveness, MemberState, Purpose};
use crate::wire::message::{Entry, Message};
use core::net::SocketAddr;

impl Node {
    /// A packet of a peer's membership machine came, by datagram or over the link.
    pub(super) fn on_packet(&mut self, now: Instant, peer: PeerKey, packet: &[u8], link: bool, out: &mut Out) {
        let taken = self.member.packet(now, peer, packet);
        if taken && !link {
            self.peers.datagram(peer);
        }
        self.carry(now, link.then_some(peer), out);
    }

    /// The next start will count above this number: what tells of it may leave.
    pub(super) fn on_boot_kept(&mut self, number: u32, out: &mut Out) {
        if let Some(unsaved) = self.mesh.unsaved.take_if(|unsaved| unsaved.generation <= number) {
            unsaved.held.into_iter().for_each(|output| out.push(output));
        }
    }

    /// Discovery heard of a peer.
    pub(super) fn on_seen(&mut self, now: Instant, peer: PeerKey, address: SocketAddr) {
        self.peers.hint(now, peer, address);
        self.mesh.choose_soon(now);
    }

    /// A link stands: the peer learns of this agent, and is asked for all that it knows where that is needed.
    pub(super) fn on_linked(&mut self, now: Instant, peer: PeerKey, address: SocketAddr, out: &mut Out) {
        let (waiting, news) = self.peers.linked(now, peer, address);
        if let Some(packet) = waiting {
            self.mesh.send(Output::Send(peer, Message::Member(packet)), out);
        }
        if let Some(known) = self.peers.get(peer).filter(|_| news) {
            out.push(Output::Remember(peer, known.addresses.kept().to_vec()));
        }
        let me = MemberState {
            key: self.config.key,
            generation: self.member.generation(),
            incarnation: 0,
            standing: Liveness::Alive,
        };
        let roll = Message::Roll { ask: !self.mesh.told, members: vec![self.entry(me)] };
        self.mesh.send(Output::Send(peer, roll), out);
        if !self.mesh.told {
            self.mesh.roll_at = now + Duration::from_millis(ROLL_RETRY_MS);
        }
        self.mesh.choose_soon(now);
    }

    /// A part of a peer's list.
    pub(super) fn on_roll(&mut self, now: Instant, peer: PeerKey, ask: bool, members: &[Entry], out: &mut Out) {
        let told = |entry: &Entry| {
            let standing = match entry.standing {
                0 => Liveness::Alive,
                1 => Liveness::Suspect,
                _ => Liveness::Down,
            };
            MemberState { key: entry.key, generation: entry.generation, incarnation: entry.incarnation, standing }
        };
        for entry in members {
            entry.addresses.iter().for_each(|address| self.peers.hint(now, entry.key, *address));
        }
        self.mesh.told |= members.len() > 1;
        self.mesh.choose_soon(now);
        self.member.told(now, peer, &members.iter().map(told).collect::<Vec<_>>());
        self.carry(now, Some(peer), out);
        if ask && self.peers.may_roll(now, peer) {
            self.give_roll(peer, false, out);
        }
    }

    /// Everybody that this agent knows of, itself first.
    fn entry(&self, told: MemberState) -> Entry {
        let addresses = match self.peers.get(told.key) {
            Some(peer) => peer.addresses.all(),
            None => &self.mesh.listen,
        };
        Entry {
            key: told.key,
            generation: told.generation,
            incarnation: told.incarnation,
            standing: match told.standing {
                Liveness::Alive | Liveness::Unknown => 0,
                Liveness::Suspect => 1,
                Liveness::Down => 2,
            },
            addresses: addresses.iter().copied().take(ROLL_ADDRESSES_MAX).collect(),
        }
    }

    fn give_roll(&mut self, peer: PeerKey, ask: bool, out: &mut Out) {
        let entries: Vec<_> = self.member.roll(self.config.key).into_iter().map(|told| self.entry(told)).collect();
        let parts = entries.chunks(ROLL_MEMBERS_MAX);
        let last = parts.len();
        for (at, part) in parts.enumerate() {
            let ask = ask && at + 1 == last;
            self.mesh.send(Output::Send(peer, Message::Roll { ask, members: part.to_vec() }), out);
        }
    }

    /// Does what is due in the mesh.
    pub(super) fn keep_mesh(&mut self, now: Instant, out: &mut Out) {
        while self.member.tick(now) {
            self.carry(now, None, out);
        }
        self.carry(now, None, out);
        if self.mesh.choose_at.is_some_and(|at| at <= now) {
            (self.mesh.choose_at, self.mesh.chosen) = (None, now);
            let (peers, member) = (&mut self.peers, &self.member);
            peers.choose(self.config.key, |key| member.is_down(key));
        }
        if self.roll_due().is_some_and(|at| at <= now) {
            self.exchange_roll(now, out);
        }
        for (names, notice) in [
            (&mut self.mesh.joined, Notice::Joined as fn(Vec<String>) -> Notice),
            (&mut self.mesh.back, Notice::Back),
            (&mut self.mesh.lost, Notice::Lost),
        ] {
            if !names.is_empty() {
                out.push(Output::Notice(notice(core::mem::take(names))));
            }
        }
    }

    fn exchange_roll(&mut self, now: Instant, out: &mut Out) {
        let peer = self.some_linked();
        // Whoever links is asked at once; alone, there is no hurry. Who has just joined has missed some news.
        let pause = if self.mesh.told || peer.is_none() { self.mesh.pause } else { ROLL_RETRY_MS };
        self.mesh.pause = if self.mesh.told { (2 * pause).min(ROLL_MS) } else { ROLL_RETRY_MS };
        let spread = pause - pause / 10 + self.mesh.rng.below(pause / 5);
        self.mesh.roll_at = now + Duration::from_millis(spread);
        if let Some(peer) = peer {
            self.give_roll(peer, true, out);
        }
    }

    /// Carries out what the membership machine wants. An answer goes back the way that the question came.
    fn carry(&mut self, now: Instant, link: Option<PeerKey>, out: &mut Out) {
        let effects = self.member.effects();
        for effect in &effects {
            // Before all: packets of the same step carry the new generation already.
            if let Effect::Renewed(generation) = effect {
                let held = self.mesh.unsaved.take().map_or_else(Vec::new, |unsaved| unsaved.held);
                self.mesh.unsaved = Some(Unsaved { generation: *generation, held });
                out.push(Output::BootAtLeast(*generation));
            }
        }
        for effect in effects {
            match effect {
                Effect::Send { to, packet, purpose, all_ways } => {
                    let back = link == Some(to) && purpose == Purpose::Answer;
                    self.send_packet(to, packet, purpose, all_ways || back, out);
                }
                Effect::Up(peer, generation, was_down) => {
                    let name = self.name_of(peer);
                    if was_down {
                        self.mesh.back.push(name);
                    } else {
                        self.mesh.joined.push(name);
                    }
                    self.peers.anew(peer, generation);
                    self.mesh.choose_soon(now);
                }
                Effect::Anew(peer, generation) => {
                    let name = self.name_of(peer);
                    self.mesh.back.push(name);
                    self.peers.anew(peer, generation);
                }
                Effect::Down(peer) => {
                    let name = self.name_of(peer);
                    self.mesh.lost.push(name);
                    self.mesh.choose_soon(now);
                    // Nobody is to wait for what it would say.
                    if self.peers.get(peer).is_some_and(|peer| peer.linked) {
                        out.push(Output::HangUp(peer));
                    }
                }
                Effect::Found(packet) => {
                    for peer in self.peers.all_linked().collect::<Vec<_>>() {
                        if self.member.is_up(peer) {
                            let packet = self.member.readdress(packet.clone(), peer);
                            self.mesh.send(Output::Send(peer, Message::Member(packet)), out);
                        }
                    }
                }
                Effect::Renewed(_) => {}
                Effect::Liar(peer) => out.push(Output::Notice(Notice::Liar(self.name_of(peer)))),
                Effect::Slept(time) => {
                    if time >= Duration::from_millis(ROLL_RETRY_MS) {
                        out.push(Output::Notice(Notice::Slept(time)));
                    }
                    (self.mesh.told, self.mesh.roll_at) = (false, now);
                }
            }
        }
    }

    fn send_packet(&mut self, to: PeerKey, packet: Vec<u8>, purpose: Purpose, all_ways: bool, out: &mut Out) {
        let ways = self.peers.ways(to, &packet, purpose == Purpose::Probe, all_ways);
        let linked = self.peers.get(to).is_some_and(|peer| peer.linked);
        if ways.link || (all_ways && linked) {
            self.mesh.send(Output::Send(to, Message::Member(packet.clone())), out);
        }
        if ways.datagram {
            self.mesh.send(Output::Member(to, packet), out);
        } else if purpose == Purpose::News && !ways.link {
            // News is for anybody: somebody linked hears it in place of one that there is no way to.
            if let Some(other) = self.some_linked() {
                let packet = self.member.readdress(packet, other);
                self.mesh.send(Output::Member(other, packet), out);
            }
        }
    }

    fn some_linked(&mut self) -> Option<PeerKey> {
        let linked = self.peers.all_linked().count() as u64;
        let chosen = usize::try_from(self.mesh.rng.below(linked)).unwrap_or(0);
        self.peers.all_linked().nth(chosen)
    }

    fn name_of(&self, peer: PeerKey) -> String {
        self.peers.get(peer).map_or_else(|| "a device that left".to_owned(), |peer| peer.name().to_owned())
    }

    /// When to exchange rolls: never while nobody is linked, for an agent that is alone sleeps.
    fn roll_due(&self) -> Option<Instant> {
        self.linked_somewhere().then_some(self.mesh.roll_at)
    }

    /// When something is due in the mesh.
    pub(super) fn mesh_deadline(&self) -> Option<Instant> {
        let own = earliest(self.roll_due(), self.mesh.choose_at);
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
