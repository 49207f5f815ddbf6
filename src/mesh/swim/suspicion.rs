//! Validation of what peers claim, before foca sees it. The rules are in the head of the parent module.

use super::packet;
use super::packet::{Id, KeyPrefix, name_of};
use super::timers::{Due, suspect};
use super::{Effect, Liveness, MemberState, Membership, Purpose};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    DOWN_CLAIM_MS, DOWN_CLAIMANTS, HEARSAY_JUMP_MAX, MEMBER_BYTES_MAX, PROBE_MS, RAISE_ALONE_MAX, SUSPECT_PROBE_MS,
    SUSPECTS_PROBED_MAX, SUSPICION_MS,
};
use foca::{Member as Claim, Message, State, Timer};
use std::collections::BTreeMap;

impl Membership {
    /// Whether what a member says of others is not believed for now, because it was refuted again and again.
    #[must_use]
    pub fn is_quarantined(&self, now: Instant, key: PeerKey) -> bool {
        self.quarantine.contains(now, name_of(key))
    }

    /// Takes a packet of a peer, proven by its datagram keys or its link. False if it was refused.
    pub fn packet(&mut self, now: Instant, from: PeerKey, bytes: &[u8]) -> bool {
        let name = name_of(from);
        let Some((header, claims)) = packet::parse(bytes).filter(|_| bytes.len() <= MEMBER_BYTES_MAX) else {
            return false;
        };
        // The source must be the peer itself.
        if header.src.name != name || !self.known.contains_key(&name) {
            return false;
        }
        let own = *self.foca.identity();
        if header.dst.name == own.name && header.dst.generation > own.generation {
            self.renew_above(now, name, header.dst.generation);
        }
        if !self.on_contact(now, header.src) {
            return false;
        }
        let accepted = self.validate(now, name, &claims);
        let rebuilt = if accepted == claims { None } else { Some(packet::build(&header, &accepted)) };
        self.call(now, |foca, runtime| foca.handle_data(rebuilt.as_deref().unwrap_or(bytes), runtime));
        self.probe_claimed_down(now);
        true
    }

    /// The packet with which this agent, before it stops, tells a peer that it is down: nobody has to suspect it first. `None`
    /// if the peer is no member that is up.
    #[must_use]
    pub fn farewell(&self, to: PeerKey) -> Option<Vec<u8>> {
        let name = name_of(to);
        let (generation, up) = self.known.get(&name)?.status?;
        let down = Claim::new(*self.foca.identity(), 0, State::Down);
        up.then(|| self.packet_to(Id { name, generation }, Message::Gossip, &[down]))
    }

    /// Takes a part of the member list of a peer.
    pub fn apply_member_list(&mut self, now: Instant, from: PeerKey, members: &[MemberState]) {
        let name = name_of(from);
        let claim = |entry: &MemberState| {
            let state = match entry.liveness {
                Liveness::Alive => State::Alive,
                Liveness::Suspect => State::Suspect,
                Liveness::Down => State::Down,
                Liveness::Unknown => return None,
            };
            let id = Id { name: name_of(entry.key), generation: entry.generation };
            let own = id.name == self.foca.identity().name;
            let same = self.known.get(&id.name).is_some_and(|known| known.key == entry.key);
            (own || same).then(|| Claim::new(id, entry.incarnation, state))
        };
        let claims: Vec<_> = members.iter().filter_map(claim).collect();
        if let Some(itself) = claims.iter().find(|claim| claim.id().name == name)
            && !self.on_contact(now, *itself.id())
        {
            return;
        }
        let accepted = self.validate(now, name, &claims);
        self.call(now, |foca, runtime| foca.apply_many(accepted.into_iter(), true, runtime));
        self.probe_claimed_down(now);
    }

    /// Something arrived directly from a peer in this generation. False if a later one is known: the peer is sent that,
    /// and must renew.
    fn on_contact(&mut self, now: Instant, id: Id) -> bool {
        let Some(known) = self.known.get(&id.name) else { return false };
        let key = known.key;
        let Some((generation, up)) = known.status else {
            self.contact_in(now, key, id.generation);
            return true;
        };
        if id.generation < generation {
            if known.direct > Some(id.generation) && !self.is_contested(now, id.name) {
                self.correct(now, Id { generation, ..id }, &[]);
                return false;
            }
            // Others named the later one, and the member itself knows better.
            self.believe_itself(now, id.name);
            self.contact_in(now, key, id.generation);
            return true;
        }
        self.contact_in(now, key, id.generation);
        if id.generation == generation && !up {
            // In foca, down is final within a generation. This peer is not down, so foca removes it and meets it again.
            self.call(now, |foca, runtime| foca.handle_timer(Timer::RemoveDown(id), runtime));
            // Others may believe that it is down, so it must learn that. If most members are down here, it was
            // rather this agent that was cut off.
            let downs = self.known.values().filter(|known| known.status.is_some_and(|(_, up)| !up)).count();
            if downs <= self.count() {
                self.correct(now, id, &[Claim::down(id)]);
            }
        }
        true
    }

    /// Something of this generation arrived directly from a peer.
    fn contact_in(&mut self, now: Instant, key: PeerKey, generation: u32) {
        self.record_contact(now, key);
        if let Some(known) = self.known.get_mut(&name_of(key)) {
            known.direct = Some(generation);
        }
    }

    /// Sends a peer what this agent believes of it, once in `SUSPECT_PROBE_MS` at most.
    fn correct(&mut self, now: Instant, id: Id, claims: &[Claim<Id>]) {
        let packet = self.packet_to(id, Message::Gossip, claims);
        let Some(known) = self.known.get_mut(&id.name) else { return };
        if known.corrected.is_none_or(|at| now.since(at) >= Duration::from_millis(SUSPECT_PROBE_MS)) {
            known.corrected = Some(now);
            self.effects.push(Effect::Send { to: known.key, packet, purpose: Purpose::Answer, all_transports: true });
        }
    }

    /// The claims for foca: those that are believed, and for one that is not believed yet a suspicion.
    fn validate(&mut self, now: Instant, from: KeyPrefix, claims: &[Claim<Id>]) -> Vec<Claim<Id>> {
        let own = *self.foca.identity();
        let quarantined = self.quarantine.contains(now, from);
        let any_down = claims.iter().any(|claim| claim.state() == State::Down && claim.id().name != from);
        let entries: BTreeMap<KeyPrefix, Claim<Id>> = if any_down {
            self.foca.iter_membership_state().map(|entry| (entry.id().name, entry.clone())).collect()
        } else {
            BTreeMap::new()
        };
        let mut own_claim = false;
        let mut accepted = Vec::with_capacity(claims.len());
        for claim in claims {
            let name = claim.id().name;
            if name == own.name {
                // One is enough: for each, foca sends packets.
                if !own_claim && self.validate_own(now, from, claim) {
                    own_claim = true;
                    accepted.push(claim.clone());
                }
                continue;
            }
            let Some(known) = self.known.get(&name) else { continue };
            let (generation, _) = known.status.unwrap_or((claim.id().generation, true));
            let itself = name == from;
            // What others say of it counts little beside what it says itself.
            let (heard, most) = known.direct.map_or((generation, RAISE_ALONE_MAX), |heard| (heard, HEARSAY_JUMP_MAX));
            let jump = claim.id().generation.saturating_sub(heard);
            if !itself && (jump > most || self.is_contested(now, name)) {
                continue;
            }
            // One that was taken for down says of its earlier generation that it is: that is no stop.
            let is_of_now = known.direct.is_none_or(|direct| claim.id().generation >= direct);
            if itself && is_of_now && claim.state() == State::Down && claim.id().generation >= generation {
                self.effects.push(Effect::Stops(known.key));
            }
            match claim.state() {
                State::Alive => accepted.push(claim.clone()),
                _ if itself => accepted.push(claim.clone()),
                _ if quarantined => {}
                State::Suspect => {
                    self.note_suspect_claim(now, claim);
                    accepted.push(claim.clone());
                }
                State::Down => accepted.extend(self.validate_down(now, from, claim, entries.get(&name))),
            }
        }
        accepted
    }

    /// Notes since when a member is claimed to be a suspect, and has it told that the first time.
    fn note_suspect_claim(&mut self, now: Instant, claim: &Claim<Id>) {
        let (id, incarnation) = (*claim.id(), claim.incarnation());
        let packet = self.packet_to(id, Message::Gossip, &[suspect(id, incarnation)]);
        let Some(known) = self.known.get_mut(&id.name) else { return };
        if known.suspect_claim.is_none_or(|(of, times, _)| (of, times) < (id.generation, incarnation)) {
            known.suspect_claim = Some((id.generation, incarnation, now));
            if self.warned < SUSPECTS_PROBED_MAX {
                self.warned += 1;
                self.effects.push(Effect::Warn(known.key, packet));
            }
        }
    }

    /// What foca gets of a claim that a third member is down.
    fn validate_down(
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
            // The time to refute, less what the claim may have taken to get here.
            let long = |at: Instant| now.since(at) >= Duration::from_millis(SUSPICION_MS / 2);
            let suspect_claim =
                known.suspect_claim.filter(|(of, times, _)| (*of, *times) == (id.generation, incarnation));
            if entry.state() == State::Suspect
                && incarnation == entry.incarnation()
                && suspect_claim.is_some_and(|(.., at)| long(at))
                && !known.contact.is_some_and(fresh)
            {
                return Some(claim.clone());
            }
        }
        self.note_suspect_claim(now, claim);
        // It was not a suspect, or something just arrived from it: it gets time to refute.
        let known = self.known.get_mut(&id.name)?;
        if known.down_claim.is_none() {
            known.down_claim = Some((from, id.generation, incarnation));
            self.new_down_claims.push(suspect(id, incarnation));
        }
        Some(suspect(id, incarnation))
    }

    /// Probes every member that was just claimed to be down, and sets the end of its time to refute.
    fn probe_claimed_down(&mut self, now: Instant) {
        let wait = Duration::from_millis(SUSPICION_MS / 2);
        for claim in core::mem::take(&mut self.new_down_claims) {
            self.timers.set(now, Due::ProbeSuspect(claim.clone()));
            self.timers.set(now + wait, Due::DownClaim(claim));
        }
    }

    /// The time to refute a claim of being down is over.
    pub(super) fn on_down_claim_due(&mut self, now: Instant, claim: &Claim<Id>) {
        let id = *claim.id();
        let Some((claimant, ..)) = self.known.get_mut(&id.name).and_then(|known| known.down_claim.take()) else {
            return;
        };
        let Some(entry) = self.entry(id.name) else { return };
        if entry == claim {
            let down = Claim::new(id, claim.incarnation(), State::Down);
            self.call(now, |foca, runtime| foca.apply_many(core::iter::once(down), true, runtime));
        } else if *entry.id() == id && entry.state() == State::Alive && entry.incarnation() > claim.incarnation() {
            self.refuted(now, claimant);
        }
    }

    /// A claim was refuted by the member that it was about.
    pub(super) fn refuted(&mut self, now: Instant, claimant: KeyPrefix) {
        if self.quarantine.refuted(now, claimant)
            && let Some(known) = self.known.get(&claimant)
        {
            self.effects.push(Effect::Quarantined(known.key));
        }
    }

    /// Whether foca gets this claim about this agent itself.
    fn validate_own(&mut self, now: Instant, from: KeyPrefix, claim: &Claim<Id>) -> bool {
        let own = self.generation();
        if claim.id().generation > own {
            self.renew_above(now, from, claim.id().generation);
            return false;
        }
        if claim.id().generation < own {
            return false;
        }
        match claim.state() {
            State::Alive => false,
            // The last incarnation cannot be refuted; foca would give up.
            State::Suspect if claim.incarnation() >= u16::MAX - 1 => {
                self.renew(now, own);
                false
            }
            State::Suspect => true,
            State::Down => {
                self.on_own_down_claim(now, from);
                false
            }
        }
    }

    /// A member claims that this agent is down. One member may be wrong or malicious: `DOWN_CLAIMANTS` of them must claim it
    /// before this agent takes a new generation.
    fn on_own_down_claim(&mut self, now: Instant, from: KeyPrefix) {
        // Too soon after the last generation began: to be found down takes a suspicion first.
        if self.renewed.is_some_and(|at| now.since(at) < Duration::from_millis(SUSPICION_MS)) {
            self.refuted(now, from);
            return;
        }
        self.down_claimants.retain(|(who, at)| *who != from && now.since(*at) < Duration::from_millis(DOWN_CLAIM_MS));
        // There is room: the last one renews, which clears the list.
        let _ = self.down_claimants.push((from, now));
        if self.down_claimants.len() >= DOWN_CLAIMANTS {
            self.renew(now, self.generation());
        }
    }
}
