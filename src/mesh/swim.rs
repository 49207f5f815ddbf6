//! Membership: which members are alive, by SWIM (Das, Gupta, Motivala: "SWIM: Scalable Weakly-consistent
//! Infection-style Process Group Membership Protocol", 2002) with suspicion and incarnations, as the crate foca
//! implements it.
//!
//! foca trusts every packet. This machine validates what peers claim before foca sees it (`suspicion`):
//!
//! - Only known peers are members, and a packet counts for the peer whose keys or link it came by.
//! - A claim that a member is down is believed at once only of a member that has been a suspect for a while. Any other
//!   is asked first and has time to refute it.
//! - A member from which something arrives directly is not down.
//! - A member whose claims keep being refuted is quarantined: what it claims of others is ignored for a while.
//! - A timeout that expired while this agent was suspended proves nothing: every timer is shifted.
//!
//! A generation numbers the runs of a member: its agent's count of starts, or one more than the generation that peers
//! hold for ended. Within a generation a member refutes suspicion by a higher incarnation, as in SWIM.
//!
//! There is at most one timer of a kind for each member, and every table is bounded by `PEERS_MAX`. Transports and
//! addresses are in `peers`, the encryption of datagrams in `net::udp`, gossip items in `gossip`.

mod digest;
mod foca_runtime;
mod generation;
mod members;
mod packet;
mod probe;
mod quarantine;
mod raises;
mod suspicion;
mod timers;

pub use digest::part_of;
pub use packet::Purpose;

use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{DOWN_CLAIMANTS, LATE_MS};
use foca::{Foca, Header, Member as Claim, Message, NoCustomBroadcast, OwnedNotification, State, Timer};
use foca_runtime::{FocaRuntime, SeededRng, config, suspicion};
use heapless::Vec as Bounded;
pub(crate) use packet::name_of;
use packet::{Id, KeyPrefix, PacketCodec};
use quarantine::Quarantine;
use raises::Raises;
use std::collections::BTreeMap;
use timers::{Due, Timers};

/// What the machine wants done, or has found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A packet to a peer.
    Send {
        /// The receiver.
        to: PeerKey,
        /// The packet.
        packet: Vec<u8>,
        /// Its purpose.
        purpose: Purpose,
        /// Whether it goes by every transport: an earlier one was not answered, or the peer is a suspect.
        all_transports: bool,
    },
    /// A member is up: its generation, and whether it was down before.
    Up(PeerKey, u32, bool),
    /// A member restarted, in this generation, before it was noticed to be down.
    Restarted(PeerKey, u32),
    /// A member is down.
    Down(PeerKey),
    /// A member says that it stops; `Down` follows.
    Stops(PeerKey),
    /// This agent found a member down by its own probes. The packet that says so goes over every link, readdressed:
    /// datagrams may be lost.
    FoundDown(Vec<u8>),
    /// Others suspect this member. The packet tells it so, for it to refute that, and goes to it if it is linked: by gossip alone it may be the only
    /// one that does not hear of it, where most of the others have no way to it yet.
    Warn(PeerKey, Vec<u8>),
    /// This agent has taken a new generation: that of the next start must be higher.
    Renewed(u32),
    /// A member names far higher generations of this agent than it has, again and again; it is not believed.
    FalseCount(PeerKey),
    /// A member is quarantined: its claims that others are down are ignored for a while.
    Quarantined(PeerKey),
    /// This agent was suspended for so long.
    Suspended(Duration),
}

/// The state of a peer, as this agent believes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing is known of it yet.
    Unknown,
    /// It answers.
    Alive,
    /// It did not answer; it has some seconds to refute the suspicion.
    Suspect,
    /// It is down.
    Down,
}

/// A member, as an entry of the member list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberState {
    /// Its key.
    pub key: PeerKey,
    /// Its generation.
    pub generation: u32,
    /// How often it refuted a suspicion in this generation.
    pub incarnation: u16,
    /// Its state.
    pub liveness: Liveness,
}

#[derive(Debug)]
struct KnownPeer {
    key: PeerKey,
    /// The generation, and whether it is up; `None` before anything is known of it.
    status: Option<(u32, bool)>,
    /// When something of its present generation last arrived directly from it.
    contact: Option<Instant>,
    /// When foca last began to suspect it.
    suspected: Option<Instant>,
    /// The generation and incarnation in which peers claim it as a suspect, and since when.
    suspect_claim: Option<(u32, u16, Instant)>,
    /// When this agent last sent it what it believes of it.
    corrected: Option<Instant>,
    /// The generation of what arrived directly from it last.
    direct: Option<u32>,
    /// Until when two devices are known to have its key.
    contested: Option<Instant>,
    /// A claim that it is down, which it has time to refute: the claimant, the generation and the incarnation.
    down_claim: Option<(KeyPrefix, u32, u16)>,
}

/// The membership machine.
pub struct Membership {
    foca: Foca<Id, PacketCodec, SeededRng, NoCustomBroadcast>,
    timers: Timers,
    known: BTreeMap<KeyPrefix, KnownPeer>,
    quarantine: Quarantine,
    /// The members that lately claimed that this agent is down in its present generation.
    down_claimants: Bounded<(KeyPrefix, Instant), DOWN_CLAIMANTS>,
    /// What members said of this agent's generation.
    raises: Raises,
    /// When this agent last took a new generation.
    renewed: Option<Instant>,
    /// The last direct probe that foca sent.
    ping: Option<(KeyPrefix, Vec<u8>, Instant)>,
    /// Suspects probed since the last wake.
    suspects_probed: usize,
    /// Suspects told by `Effect::Warn` since the last wake.
    warned: usize,
    /// Claims that a member is down which have no timer yet; empty between two calls.
    new_down_claims: Vec<Claim<Id>>,
    effects: Vec<Effect>,
}

impl core::fmt::Debug for Membership {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Membership")
            .field("id", self.foca.identity())
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

impl Membership {
    /// A machine for the agent with this key, in this generation.
    #[must_use]
    pub fn new(key: PeerKey, generation: u32, rng: Rng) -> Self {
        let id = Id { name: name_of(key), generation };
        Self {
            foca: Foca::new(id, config(1), SeededRng(rng), PacketCodec),
            timers: Timers::default(),
            known: BTreeMap::new(),
            quarantine: Quarantine::default(),
            down_claimants: Bounded::new(),
            raises: Raises::default(),
            renewed: None,
            ping: None,
            suspects_probed: 0,
            warned: 0,
            new_down_claims: Vec::new(),
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
        self.known.get(&name_of(key)).is_some_and(|known| known.status.is_some_and(|(_, up)| up))
    }

    /// Whether the peer was a member and is down.
    #[must_use]
    pub fn is_down(&self, key: PeerKey) -> bool {
        self.known.get(&name_of(key)).is_some_and(|known| known.status.is_some_and(|(_, up)| !up))
    }

    /// The member list: every member whose state is known, this agent first.
    #[must_use]
    pub fn member_list(&self, own: PeerKey) -> Vec<MemberState> {
        let me = MemberState { key: own, generation: self.generation(), incarnation: 0, liveness: Liveness::Alive };
        let entry = |member: &Claim<Id>| {
            let liveness = match member.state() {
                State::Alive => Liveness::Alive,
                State::Suspect => Liveness::Suspect,
                State::Down => Liveness::Down,
            };
            let key = self.known.get(&member.id().name)?.key;
            let (generation, incarnation) = (member.id().generation, member.incarnation());
            Some(MemberState { key, generation, incarnation, liveness })
        };
        core::iter::once(me).chain(self.foca.iter_membership_state().filter_map(entry)).collect()
    }

    /// When to call `tick`.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.deadline(self.foca.updates_backlog() > 0)
    }

    /// Takes the effects since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.effects)
    }

    /// Call this first at every wake, whatever its reason. If this machine's timers are late, the agent was suspended:
    /// all of them are shifted, so that no timeout is taken for evidence.
    pub fn wake(&mut self, now: Instant) {
        (self.suspects_probed, self.warned) = (0, 0);
        let late = self.deadline().map_or(Duration::ZERO, |deadline| now.since(deadline));
        if late > Duration::from_millis(LATE_MS) {
            self.timers.shift(late);
            self.effects.push(Effect::Suspended(late));
        }
    }

    /// Handles one timer that is due; call it until it returns false.
    pub fn tick(&mut self, now: Instant) -> bool {
        let Some(due) = self.timers.pop(now, self.foca.updates_backlog() > 0) else { return false };
        match due {
            Due::Foca(timer) => self.on_timer(now, timer),
            Due::ProbeSuspect(suspect) => self.probe_suspect(now, suspect),
            Due::DownClaim(claim) => self.on_down_claim_due(now, &claim),
        }
        true
    }

    /// Something arrived directly from a peer, by whatever transport.
    pub fn record_contact(&mut self, now: Instant, key: PeerKey) {
        let name = name_of(key);
        let Some(known) = self.known.get_mut(&name) else { return };
        known.contact = Some(now);
        if let Some((claimant, ..)) = known.down_claim.take() {
            self.refuted(now, claimant);
        }
    }

    /// Addresses a packet of [`Effect::FoundDown`] to a peer.
    #[must_use]
    pub fn readdress(&self, mut packet: Vec<u8>, to: PeerKey) -> Vec<u8> {
        let name = name_of(to);
        if let Some((generation, _)) = self.known.get(&name).and_then(|known| known.status) {
            packet::readdress(&mut packet, Id { name, generation });
        }
        packet
    }

    fn on_timer(&mut self, now: Instant, timer: Timer<Id>) {
        match &timer {
            Timer::ChangeSuspectToDown { member_id, .. } => {
                let known = self.known.get_mut(&member_id.name);
                if let Some(known) = known.filter(|known| known.contact > known.suspected) {
                    // Something arrived from it since. It stays a suspect until it refutes, and gets as long again.
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
        self.call(now, |foca, runtime| foca.handle_timer(timer, runtime));
        if let Some(down) = suspect.filter(|suspect| !self.is_up_in(*suspect.id())) {
            let packet = self.packet_to(*self.foca.identity(), Message::Gossip, &[down]);
            self.effects.push(Effect::FoundDown(packet));
        }
    }

    fn is_up_in(&self, id: Id) -> bool {
        self.known.get(&id.name).is_some_and(|known| known.status == Some((id.generation, true)))
    }

    fn packet_to(&self, dst: Id, message: Message<Id>, claims: &[Claim<Id>]) -> Vec<u8> {
        packet::build(&Header { src: *self.foca.identity(), src_incarnation: 0, dst, message }, claims)
    }

    fn entry(&self, name: KeyPrefix) -> Option<&Claim<Id>> {
        self.foca.iter_membership_state().find(|entry| entry.id().name == name)
    }

    /// Calls foca, and carries out what it wants. Its errors concern packets that it refused, or duplicates: there is
    /// nothing to do about them.
    fn call(
        &mut self,
        now: Instant,
        call: impl FnOnce(
            &mut Foca<Id, PacketCodec, SeededRng, NoCustomBroadcast>,
            &mut FocaRuntime,
        ) -> Result<(), foca::Error>,
    ) {
        let mut runtime = FocaRuntime::default();
        let _ = call(&mut self.foca, &mut runtime);
        for change in runtime.changes {
            self.on_change(&change);
        }
        for (after, timer) in runtime.timers {
            self.set_timer(now, after, timer);
        }
        for (to, packet) in runtime.packets {
            let Some(known) = self.known.get(&to.name) else { continue };
            if packet::is_ping(&packet) {
                self.ping = Some((to.name, packet.clone(), now));
            }
            let purpose = packet::purpose(&packet);
            self.effects.push(Effect::Send { to: known.key, packet, purpose, all_transports: false });
        }
    }

    fn set_timer(&mut self, now: Instant, after: Duration, timer: Timer<Id>) {
        if let Timer::ChangeSuspectToDown { member_id, incarnation, .. } = &timer {
            let (id, incarnation) = (*member_id, *incarnation);
            // foca sets another one for every failed probe of a suspect; the first counts.
            if self.timers.suspicion(id.name) == Some((id, incarnation)) {
                return;
            }
            if let Some(known) = self.known.get_mut(&id.name) {
                known.suspected = Some(now);
                known.suspect_claim.get_or_insert((id.generation, incarnation, now));
            }
            self.timers.set(now, Due::ProbeSuspect(timers::suspect(id, incarnation)));
        }
        self.timers.set(now + after, Due::Foca(timer));
    }

    fn on_change(&mut self, change: &OwnedNotification<Id>) {
        let (id, up) = match change {
            OwnedNotification::MemberUp(id) => (*id, true),
            OwnedNotification::MemberDown(id) => (*id, false),
            OwnedNotification::Rename(_, id) => {
                if let Some(known) = self.known.get_mut(&id.name)
                    && let Some((generation, up)) = &mut known.status
                {
                    *generation = id.generation;
                    (known.contact, known.down_claim) = (None, None);
                    if *up {
                        self.effects.push(Effect::Restarted(known.key, id.generation));
                    }
                    self.timers.forget_suspicion(id.name);
                }
                return;
            }
            // Whether foca has members to probe, and renewals, which this machine does by itself.
            _ => return,
        };
        let Some(known) = self.known.get_mut(&id.name) else { return };
        let before = known.status.replace((id.generation, up));
        known.down_claim = None;
        let was_down = before.is_some_and(|(_, up)| !up);
        self.effects.push(if up { Effect::Up(known.key, id.generation, was_down) } else { Effect::Down(known.key) });
        self.timers.forget_suspicion(id.name);
    }
}

#[cfg(test)]
mod test;
