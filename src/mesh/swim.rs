//! Who is alive: SWIM by foca, weighed.
//!
//! Duty: packets, rolls and time in; packets, joins and losses out. What foca believes of anybody is weighed
//! first: only known peers are members; a packet speaks for the peer that sealed it; that somebody is down is
//! believed of a suspect only, so that whoever lives can refute it; who is heard is not down; who claims what is
//! refuted again and again is not listened to; what ran out while this agent slept is no evidence.
//! A generation is one life of a member: the count of its agent's starts, or one more than what it was
//! remembered for. Invariants: one timer of a kind a member; every table is bounded by `PEERS_MAX`.
//! Not here: ways and addresses (`peers`), sealing (`io`), items (`item`).

mod admit;
mod foca_runtime;
mod packet;
mod quarantine;
mod suspicion;
mod timers;

pub use packet::Purpose;

use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{DENIERS, LATE_MS, SUSPECT_ASK_MS, SUSPECTS_ASKED};
use foca::{Foca, Header, Member as Claim, Message, NoCustomBroadcast, OwnedNotification, State, Timer};
use foca_runtime::{FocaRuntime, SeededRng, config, suspicion};
use heapless::Vec as Bounded;
pub(crate) use packet::name_of;
use packet::{Id, KeyPrefix, PacketCodec};
use quarantine::Quarantine;
use std::collections::BTreeMap;
use timers::{Due, Timers};

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A packet to a peer.
    Send {
        /// To whom.
        to: PeerKey,
        /// The packet.
        packet: Vec<u8>,
        /// What for.
        purpose: Purpose,
        /// Whether it goes by all ways that there are: it was not answered, or the peer is suspected.
        all_ways: bool,
    },
    /// A member is there. The generation, and whether it had been down before.
    Up(PeerKey, u32, bool),
    /// A member began a new life without having been missed.
    Anew(PeerKey, u32),
    /// A member is down.
    Down(PeerKey),
    /// This agent found somebody dead. News that is worth more than datagrams: this packet goes over every link,
    /// readdressed.
    Found(Vec<u8>),
    /// This agent has a new generation: the next start must count above it.
    Renewed(u32),
    /// A member's claims that others are down are not listened to for a while.
    Liar(PeerKey),
    /// This agent slept for so long.
    Slept(Duration),
}

/// What is believed of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing was heard of it yet.
    Unknown,
    /// It answers.
    Alive,
    /// It did not answer; it has some seconds to refute.
    Suspect,
    /// It is down.
    Down,
}

/// A member, as rolls carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberState {
    /// Who.
    pub key: PeerKey,
    /// In which of its lives.
    pub generation: u32,
    /// How often it refuted in this life.
    pub incarnation: u16,
    /// What is believed of it.
    pub standing: Liveness,
}

#[derive(Debug)]
struct KnownPeer {
    key: PeerKey,
    /// In which life, and whether it is up; `None` before it was first heard of.
    life: Option<(u32, bool)>,
    /// When something of its present life came straight from it.
    heard: Option<Instant>,
    suspected: Option<Instant>,
    /// Of which life and incarnation it is said to be a suspect, and since when.
    accused: Option<(u32, u16, Instant)>,
    told: Option<Instant>,
    /// Who said that it is down without having said before that it is suspect, of which life and incarnation.
    doubted: Option<(KeyPrefix, u32, u16)>,
}

/// The machine.
pub struct Membership {
    foca: Foca<Id, PacketCodec, SeededRng, NoCustomBroadcast>,
    timers: Timers,
    known: BTreeMap<KeyPrefix, KnownPeer>,
    quarantine: Quarantine,
    /// Who said lately that this agent is down in its present life.
    deniers: Bounded<(KeyPrefix, Instant), DENIERS>,
    renewed: Option<Instant>,
    /// The last direct probe.
    ping: Option<(KeyPrefix, Vec<u8>, Instant)>,
    asked: usize,
    /// Doubts that have no timer yet; empty between two calls.
    fresh_doubts: Vec<Claim<Id>>,
    effects: Vec<Effect>,
}

impl core::fmt::Debug for Membership {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Member").field("id", self.foca.identity()).field("known", &self.known).finish_non_exhaustive()
    }
}

impl Membership {
    /// A machine for the agent with this key, in this life of it.
    #[must_use]
    pub fn new(key: PeerKey, generation: u32, rng: Rng) -> Self {
        let id = Id { name: name_of(key), generation };
        Self {
            foca: Foca::new(id, config(1), SeededRng(rng), PacketCodec),
            timers: Timers::default(),
            known: BTreeMap::new(),
            quarantine: Quarantine::default(),
            deniers: Bounded::new(),
            renewed: None,
            ping: None,
            asked: 0,
            fresh_doubts: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// This agent's generation.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.foca.identity().generation
    }

    /// Members that are up, this agent not counted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.foca.num_members()
    }

    /// Whether the peer is a member that is up.
    #[must_use]
    pub fn is_up(&self, key: PeerKey) -> bool {
        self.known.get(&name_of(key)).is_some_and(|known| known.life.is_some_and(|(_, up)| up))
    }

    /// Whether the peer was a member and is down.
    #[must_use]
    pub fn is_down(&self, key: PeerKey) -> bool {
        self.known.get(&name_of(key)).is_some_and(|known| known.life.is_some_and(|(_, up)| !up))
    }

    /// Everybody of whom something is believed, this agent first.
    #[must_use]
    pub fn roll(&self, own: PeerKey) -> Vec<MemberState> {
        let me = MemberState { key: own, generation: self.generation(), incarnation: 0, standing: Liveness::Alive };
        let told = |member: &Claim<Id>| {
            let standing = match member.state() {
                State::Alive => Liveness::Alive,
                State::Suspect => Liveness::Suspect,
                State::Down => Liveness::Down,
            };
            let key = self.known.get(&member.id().name)?.key;
            let (generation, incarnation) = (member.id().generation, member.incarnation());
            Some(MemberState { key, generation, incarnation, standing })
        };
        core::iter::once(me).chain(self.foca.iter_membership_state().filter_map(told)).collect()
    }

    /// When to call `tick`.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.deadline(self.foca.updates_backlog() > 0)
    }

    /// What follows from what was told; nothing is left behind.
    pub fn effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.effects)
    }

    /// Some input came, whatever it is. If this agent's own timers are late, it slept: nobody is blamed.
    pub fn wake(&mut self, now: Instant) {
        self.asked = 0;
        let late = self.deadline().map_or(Duration::ZERO, |deadline| now.since(deadline));
        if late > Duration::from_millis(LATE_MS) {
            self.timers.shift(late);
            self.effects.push(Effect::Slept(late));
        }
    }

    /// Does one thing that is due; call again until false.
    pub fn tick(&mut self, now: Instant) -> bool {
        let Some(due) = self.timers.pop(now, self.foca.updates_backlog() > 0) else { return false };
        match due {
            Due::Foca(timer) => self.on_timer(now, timer),
            Due::Ask(suspect) => self.ask(now, suspect),
            Due::Doubt(claim) => self.on_doubt(now, &claim),
        }
        true
    }

    /// Something came straight from a peer, by whatever way.
    pub fn heard(&mut self, now: Instant, key: PeerKey) {
        let name = name_of(key);
        let Some(known) = self.known.get_mut(&name) else { return };
        known.heard = Some(now);
        if let Some((claimant, ..)) = known.doubted.take() {
            self.refuted(now, claimant);
        }
    }

    /// Gives a packet of news to another peer than the one that it was made for.
    #[must_use]
    pub fn readdress(&self, mut packet: Vec<u8>, to: PeerKey) -> Vec<u8> {
        let name = name_of(to);
        if let Some((generation, _)) = self.known.get(&name).and_then(|known| known.life) {
            packet::readdress(&mut packet, Id { name, generation });
        }
        packet
    }

    fn on_timer(&mut self, now: Instant, timer: Timer<Id>) {
        match &timer {
            Timer::ChangeSuspectToDown { member_id, .. } => {
                let known = self.known.get_mut(&member_id.name);
                if let Some(known) = known.filter(|known| known.heard > known.suspected) {
                    // It was heard since. It stays a suspect until it refutes, and is asked again.
                    known.suspected = Some(now);
                    self.timers.set(now + suspicion(self.known.len() + 1), Due::Foca(timer));
                    return;
                }
            }
            Timer::SendIndirectProbe { probed_id, .. } => self.ping_again(probed_id.name),
            _ => {}
        }
        let suspect = match &timer {
            Timer::ChangeSuspectToDown { member_id, incarnation, .. } if self.is_up_in(*member_id) => {
                Some(Claim::new(*member_id, *incarnation, State::Down))
            }
            _ => None,
        };
        self.call(now, |foca, hands| foca.handle_timer(timer, hands));
        if let Some(dead) = suspect.filter(|suspect| !self.is_up_in(*suspect.id())) {
            let packet = self.packet_to(*self.foca.identity(), Message::Gossip, &[dead]);
            self.effects.push(Effect::Found(packet));
        }
    }

    fn is_up_in(&self, id: Id) -> bool {
        self.known.get(&id.name).is_some_and(|known| known.life == Some((id.generation, true)))
    }

    /// A probe was not answered in time: it goes by all ways, beside the indirect ones.
    fn ping_again(&mut self, name: KeyPrefix) {
        let Some((to, packet, at)) = self.ping.take_if(|(to, ..)| *to == name) else { return };
        if let Some(known) = self.known.get(&to).filter(|known| known.heard < Some(at)) {
            let send = Effect::Send { to: known.key, packet, purpose: Purpose::Probe, all_ways: true };
            self.effects.push(send);
        }
    }

    /// Tells a suspect that it is one, and asks whether it lives.
    fn ask(&mut self, now: Instant, suspect: Claim<Id>) {
        let name = suspect.id().name;
        if self.entry(name).is_none_or(|entry| *entry != suspect) {
            return;
        }
        if self.asked >= SUSPECTS_ASKED {
            return self.timers.set(now + Duration::from_millis(SUSPECT_ASK_MS / 10), Due::Ask(suspect));
        }
        self.asked += 1;
        let packet = self.packet_to(*suspect.id(), Message::Ping(0), core::slice::from_ref(&suspect));
        if let Some(known) = self.known.get(&name) {
            self.effects.push(Effect::Send { to: known.key, packet, purpose: Purpose::Probe, all_ways: true });
        }
        self.timers.set(now + Duration::from_millis(SUSPECT_ASK_MS), Due::Ask(suspect));
    }

    fn packet_to(&self, dst: Id, message: Message<Id>, claims: &[Claim<Id>]) -> Vec<u8> {
        packet::build(&Header { src: *self.foca.identity(), src_incarnation: 0, dst, message }, claims)
    }

    fn entry(&self, name: KeyPrefix) -> Option<&Claim<Id>> {
        self.foca.iter_membership_state().find(|entry| entry.id().name == name)
    }

    /// Calls foca and notes what it wants. Its errors are of packets that it did not take, or of duplicates:
    /// there is nothing to do about them.
    fn call(
        &mut self,
        now: Instant,
        call: impl FnOnce(
            &mut Foca<Id, PacketCodec, SeededRng, NoCustomBroadcast>,
            &mut FocaRuntime,
        ) -> Result<(), foca::Error>,
    ) {
        let mut hands = FocaRuntime::default();
        let _ = call(&mut self.foca, &mut hands);
        for change in hands.changes {
            self.on_change(&change);
        }
        for (after, timer) in hands.timers {
            self.set_timer(now, after, timer);
        }
        for (to, packet) in hands.packets {
            let Some(known) = self.known.get(&to.name) else { continue };
            if packet::is_ping(&packet) {
                self.ping = Some((to.name, packet.clone(), now));
            }
            let purpose = packet::purpose(&packet);
            self.effects.push(Effect::Send { to: known.key, packet, purpose, all_ways: false });
        }
    }

    fn set_timer(&mut self, now: Instant, after: Duration, timer: Timer<Id>) {
        if let Timer::ChangeSuspectToDown { member_id, incarnation, .. } = &timer {
            let (id, incarnation) = (*member_id, *incarnation);
            // foca sets one more for every failed probe of a suspect; the first counts.
            if self.timers.suspicion(id.name) == Some((id, incarnation)) {
                return;
            }
            if let Some(known) = self.known.get_mut(&id.name) {
                known.suspected = Some(now);
                known.accused.get_or_insert((id.generation, incarnation, now));
            }
            self.timers.set(now, Due::Ask(timers::suspect(id, incarnation)));
        }
        self.timers.set(now + after, Due::Foca(timer));
    }

    fn on_change(&mut self, change: &OwnedNotification<Id>) {
        let (id, up) = match change {
            OwnedNotification::MemberUp(id) => (*id, true),
            OwnedNotification::MemberDown(id) => (*id, false),
            OwnedNotification::Rename(_, id) => {
                if let Some(known) = self.known.get_mut(&id.name)
                    && let Some((generation, up)) = &mut known.life
                {
                    *generation = id.generation;
                    (known.heard, known.doubted) = (None, None);
                    if *up {
                        self.effects.push(Effect::Anew(known.key, id.generation));
                    }
                    self.timers.forget_suspicion(id.name);
                }
                return;
            }
            // Whether foca has members to probe, and renewals, which are ours.
            _ => return,
        };
        let Some(known) = self.known.get_mut(&id.name) else { return };
        let before = known.life.replace((id.generation, up));
        known.doubted = None;
        let was_down = before.is_some_and(|(_, up)| !up);
        self.effects.push(if up { Effect::Up(known.key, id.generation, was_down) } else { Effect::Down(known.key) });
        self.timers.forget_suspicion(id.name);
    }
}

#[cfg(test)]
mod test;
