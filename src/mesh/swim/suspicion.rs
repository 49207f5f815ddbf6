//! What peers say, weighed before foca believes it.

use super::packet;
use super::packet::{Id, KeyPrefix, name_of};
use super::timers::{Due, suspect};
use super::{Effect, Liveness, MemberState, Membership, Purpose};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    DENIED_MS, DENIERS, GENERATION_JUMP_MAX, MEMBER_BYTES_MAX, PROBE_MS, RENEW_MS, SUSPECT_ASK_MS, SUSPICION_MS,
};
use foca::{Member as Claim, Message, State, Timer};
use std::collections::BTreeMap;

impl Membership {
    /// A packet that this peer sent: its seal or its link proves that. False if it was not taken.
    pub fn packet(&mut self, now: Instant, from: PeerKey, bytes: &[u8]) -> bool {
        let name = name_of(from);
        let Some((header, claims)) = packet::parse(bytes).filter(|_| bytes.len() <= MEMBER_BYTES_MAX) else {
            return false;
        };
        // A member speaks for itself only.
        if header.src.name != name || !self.known.contains_key(&name) {
            return false;
        }
        let own = *self.foca.identity();
        if header.dst.name == own.name && header.dst.generation > own.generation {
            self.overtake(now, header.dst.generation);
        }
        if !self.meet(now, header.src) {
            return false;
        }
        let weighed = self.weigh(now, name, &claims);
        let rebuilt = if weighed == claims { None } else { Some(packet::build(&header, &weighed)) };
        self.call(now, |foca, hands| foca.handle_data(rebuilt.as_deref().unwrap_or(bytes), hands));
        self.tell_doubts(now);
        true
    }

    /// A part of the roll of this peer.
    pub fn told(&mut self, now: Instant, from: PeerKey, members: &[MemberState]) {
        let name = name_of(from);
        let claim = |told: &MemberState| {
            let state = match told.standing {
                Liveness::Alive => State::Alive,
                Liveness::Suspect => State::Suspect,
                Liveness::Down => State::Down,
                Liveness::Unknown => return None,
            };
            let id = Id { name: name_of(told.key), generation: told.generation };
            let ours = id.name == self.foca.identity().name;
            let same = self.known.get(&id.name).is_some_and(|known| known.key == told.key);
            (ours || same).then(|| Claim::new(id, told.incarnation, state))
        };
        let claims: Vec<_> = members.iter().filter_map(claim).collect();
        if let Some(itself) = claims.iter().find(|claim| claim.id().name == name)
            && !self.meet(now, *itself.id())
        {
            return;
        }
        let weighed = self.weigh(now, name, &claims);
        self.call(now, |foca, hands| foca.apply_many(weighed.into_iter(), true, hands));
        self.tell_doubts(now);
    }

    /// A peer itself is here in this life. False if it is known in a later one: it is told, and must overtake it.
    fn meet(&mut self, now: Instant, id: Id) -> bool {
        let Some(known) = self.known.get(&id.name) else { return false };
        let key = known.key;
        let Some((generation, up)) = known.life else {
            self.heard(now, key);
            return true;
        };
        if id.generation < generation {
            self.tell(now, Id { generation, ..id }, &[]);
            return false;
        }
        self.heard(now, key);
        if id.generation == generation && !up {
            // foca takes down for final. What speaks is not down, so foca forgets it, and meets it anew.
            self.call(now, |foca, hands| foca.handle_timer(Timer::RemoveDown(id), hands));
            // Others may believe the same; it has to know. Unless it is we who were away.
            let downs = self.known.values().filter(|known| known.life.is_some_and(|(_, up)| !up)).count();
            if downs <= self.count() {
                self.tell(now, id, &[Claim::down(id)]);
            }
        }
        true
    }

    /// Tells a peer what is believed of it, once a second at most.
    fn tell(&mut self, now: Instant, id: Id, claims: &[Claim<Id>]) {
        let packet = self.packet_to(id, Message::Gossip, claims);
        let Some(known) = self.known.get_mut(&id.name) else { return };
        if known.told.is_none_or(|told| now.since(told) >= Duration::from_millis(SUSPECT_ASK_MS)) {
            known.told = Some(now);
            self.effects.push(Effect::Send { to: known.key, packet, purpose: Purpose::Answer, all_ways: true });
        }
    }

    /// The claims that may be believed, each as far as it may.
    fn weigh(&mut self, now: Instant, from: KeyPrefix, claims: &[Claim<Id>]) -> Vec<Claim<Id>> {
        let own = *self.foca.identity();
        let liar = self.quarantine.is_liar(now, from);
        let needs = claims.iter().any(|claim| claim.state() == State::Down && claim.id().name != from);
        let entries: BTreeMap<KeyPrefix, Claim<Id>> = if needs {
            self.foca.iter_membership_state().map(|entry| (entry.id().name, entry.clone())).collect()
        } else {
            BTreeMap::new()
        };
        let mut about_us = false;
        let mut weighed = Vec::with_capacity(claims.len());
        for claim in claims {
            let name = claim.id().name;
            if name == own.name {
                // Once is enough: each makes us answer to some.
                if !about_us && self.about_us(now, from, claim) {
                    about_us = true;
                    weighed.push(claim.clone());
                }
                continue;
            }
            let Some(known) = self.known.get(&name) else { continue };
            let (generation, _) = known.life.unwrap_or((claim.id().generation, true));
            let itself = name == from;
            if claim.id().generation.saturating_sub(generation) > GENERATION_JUMP_MAX && !itself {
                continue;
            }
            match claim.state() {
                State::Alive => weighed.push(claim.clone()),
                _ if itself => weighed.push(claim.clone()),
                _ if liar => {}
                State::Suspect => {
                    self.accuse(now, claim);
                    weighed.push(claim.clone());
                }
                State::Down => weighed.extend(self.weigh_down(now, from, claim, entries.get(&name))),
            }
        }
        weighed
    }

    /// Notes since when somebody is said to be a suspect.
    fn accuse(&mut self, now: Instant, claim: &Claim<Id>) {
        let Some(known) = self.known.get_mut(&claim.id().name) else { return };
        let (generation, incarnation) = (claim.id().generation, claim.incarnation());
        if known.accused.is_none_or(|(life, times, _)| (life, times) < (generation, incarnation)) {
            known.accused = Some((generation, incarnation, now));
        }
    }

    /// What to believe when somebody says that a third one is down.
    fn weigh_down(
        &mut self,
        now: Instant,
        from: KeyPrefix,
        claim: &Claim<Id>,
        entry: Option<&Claim<Id>>,
    ) -> Option<Claim<Id>> {
        let entry = entry?;
        let (id, incarnation) = (*claim.id(), claim.incarnation());
        if id.generation < entry.id().generation {
            return None;
        }
        if id.generation == entry.id().generation {
            if entry.state() == State::Down || incarnation < entry.incarnation() {
                return None;
            }
            let fresh = |at: Instant| now.since(at) < Duration::from_millis(2 * PROBE_MS);
            let known = self.known.get(&id.name)?;
            // The time to refute, less what the news may have taken to get here.
            let long = |at: Instant| now.since(at) >= Duration::from_millis(SUSPICION_MS / 2);
            let accused = known.accused.filter(|(life, times, _)| (*life, *times) == (id.generation, incarnation));
            if entry.state() == State::Suspect
                && incarnation == entry.incarnation()
                && accused.is_some_and(|(.., at)| long(at))
                && !known.heard.is_some_and(fresh)
            {
                return Some(claim.clone());
            }
        }
        self.accuse(now, claim);
        // It was no suspect, or it was heard just now: it gets the time to refute.
        let known = self.known.get_mut(&id.name)?;
        if known.doubted.is_none() {
            known.doubted = Some((from, id.generation, incarnation));
            self.fresh_doubts.push(suspect(id, incarnation));
        }
        Some(suspect(id, incarnation))
    }

    /// Asks everybody who was doubted just now.
    fn tell_doubts(&mut self, now: Instant) {
        let wait = Duration::from_millis(SUSPICION_MS / 2);
        for claim in core::mem::take(&mut self.fresh_doubts) {
            self.timers.set(now, Due::Ask(claim.clone()));
            self.timers.set(now + wait, Due::Doubt(claim));
        }
    }

    /// The time of somebody who was said to be down is up.
    pub(super) fn on_doubt(&mut self, now: Instant, claim: &Claim<Id>) {
        let id = *claim.id();
        let Some((claimant, ..)) = self.known.get_mut(&id.name).and_then(|known| known.doubted.take()) else { return };
        let Some(entry) = self.entry(id.name) else { return };
        if entry == claim {
            let down = Claim::new(id, claim.incarnation(), State::Down);
            self.call(now, |foca, hands| foca.apply_many(core::iter::once(down), true, hands));
        } else if *entry.id() == id && entry.state() == State::Alive && entry.incarnation() > claim.incarnation() {
            self.refuted(now, claimant);
        }
    }

    /// A claim was refuted by the one that it was about.
    pub(super) fn refuted(&mut self, now: Instant, claimant: KeyPrefix) {
        if self.quarantine.refuted(now, claimant)
            && let Some(known) = self.known.get(&claimant)
        {
            self.effects.push(Effect::Liar(known.key));
        }
    }

    /// Whether foca is to hear of this claim about this agent itself.
    fn about_us(&mut self, now: Instant, from: KeyPrefix, claim: &Claim<Id>) -> bool {
        let own = self.generation();
        if claim.id().generation > own {
            self.overtake(now, claim.id().generation);
            return false;
        }
        if claim.id().generation < own {
            return false;
        }
        match claim.state() {
            State::Alive => false,
            // The last incarnation cannot be refuted; foca would give up.
            State::Suspect if claim.incarnation() >= u16::MAX - 1 => {
                self.overtake(now, own);
                false
            }
            State::Suspect => true,
            State::Down => {
                self.denied(now, from);
                false
            }
        }
    }

    /// Somebody says that this agent is down. One may lie or err; it takes another to be believed.
    fn denied(&mut self, now: Instant, from: KeyPrefix) {
        // Nobody dies so soon: being found dead takes a suspicion.
        if self.renewed.is_some_and(|at| now.since(at) < Duration::from_millis(SUSPICION_MS)) {
            self.refuted(now, from);
            return;
        }
        self.deniers.retain(|(who, at)| *who != from && now.since(*at) < Duration::from_millis(DENIED_MS));
        // There is room: the one before the last renews.
        let _ = self.deniers.push((from, now));
        if self.deniers.len() >= DENIERS {
            self.overtake(now, self.generation());
        }
    }

    /// Peers know this agent in the given life, or hold that one for ended: it takes the next one.
    fn overtake(&mut self, now: Instant, generation: u32) {
        let own = *self.foca.identity();
        let soon = self.renewed.is_some_and(|at| now.since(at) < Duration::from_millis(RENEW_MS));
        if soon || generation - own.generation > GENERATION_JUMP_MAX {
            return;
        }
        let Some(generation) = generation.checked_add(1) else { return };
        self.renewed = Some(now);
        self.deniers.clear();
        self.call(now, |foca, hands| foca.change_identity(Id { generation, ..own }, hands));
        // foca counts itself as alone until it is told anything.
        self.call(now, |foca, hands| foca.apply_many(core::iter::empty(), true, hands));
        self.effects.push(Effect::Renewed(generation));
    }
}
