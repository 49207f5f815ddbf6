//! The flow of member lists: what SWIM's packets missed is found by exchanging lists, as in memberlist.
//!
//! At the join an agent asks for a whole list. Later, every `MEMBER_LIST_MS` (30 s; in a large mesh more rarely), it exchanges lists with
//! a random linked peer. Above `MEMBER_LIST_COMPARED` members the two send hashes of their lists first, and then only
//! the parts that differ: nearly always none does.

use super::output::Output;
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    MEMBER_ADDRESSES_LACKING_ONE_IN, MEMBER_LIST_ADDRESSES_MAX, MEMBER_LIST_COMPARED, MEMBER_LIST_MAX,
    MEMBER_LIST_MEMBERS, MEMBER_LIST_MS, MEMBER_LIST_RETRY_MS, MEMBER_LIST_WHOLE_ONE_IN,
};
use crate::mesh::swim::{Liveness, MemberState, part_of};
use crate::wire::certificate::exchange::Buckets;
use crate::wire::message::{Entry, MemberDigest, Message};

impl Node {
    /// Part of a peer's member list.
    pub(super) fn on_member_list(&mut self, now: Instant, peer: PeerKey, ask: bool, members: &[Entry], out: &mut Out) {
        let state = |entry: &Entry| {
            let liveness = match entry.standing {
                0 => Liveness::Alive,
                1 => Liveness::Suspect,
                _ => Liveness::Down,
            };
            MemberState { key: entry.key, generation: entry.generation, incarnation: entry.incarnation, liveness }
        };
        for entry in members {
            entry.addresses.iter().for_each(|address| self.peers.add_hint(now, entry.key, *address));
        }
        self.mesh.list_received |= members.len() > 1;
        self.mesh.choose_links_soon(now);
        self.member.apply_member_list(now, peer, &members.iter().map(state).collect::<Vec<_>>());
        self.carry_out_effects(now, Some(peer), out);
        if ask && self.peers.may_send_list(now, peer) {
            self.send_member_list(peer, false, out);
        }
    }

    /// A member's entry for the list, with its addresses.
    pub(super) fn entry(&self, state: MemberState) -> Entry {
        let addresses = match self.peers.get(state.key) {
            Some(peer) => peer.addresses.all(),
            None => &self.mesh.listen,
        };
        Entry {
            key: state.key,
            generation: state.generation,
            incarnation: state.incarnation,
            standing: match state.liveness {
                Liveness::Alive | Liveness::Unknown => 0,
                Liveness::Suspect => 1,
                Liveness::Down => 2,
            },
            addresses: addresses.iter().copied().take(MEMBER_LIST_ADDRESSES_MAX).collect(),
        }
    }

    /// Sends everybody that this agent knows, itself first, in as many messages as it takes.
    pub(super) fn send_member_list(&mut self, peer: PeerKey, ask: bool, out: &mut Out) {
        self.send_members(peer, ask, |_| true, out);
    }

    /// Sends the members for which `wanted` holds.
    fn send_members(&mut self, peer: PeerKey, ask: bool, wanted: impl Fn(PeerKey) -> bool, out: &mut Out) {
        let mut members = self.member.member_list(self.config.key);
        members.retain(|member| wanted(member.key));
        let entries: Vec<_> = members.into_iter().map(|state| self.entry(state)).collect();
        let parts = entries.chunks(MEMBER_LIST_MAX);
        let last = parts.len();
        for (at, part) in parts.enumerate() {
            let ask = ask && at + 1 == last;
            self.mesh.send(Output::Send(peer, Message::MemberList { ask, members: part.to_vec() }), out);
        }
    }

    /// The hashes of this agent's member list.
    #[must_use]
    pub fn member_hashes(&self) -> Buckets {
        self.member.hashes(self.config.key)
    }

    fn send_member_digest(&mut self, peer: PeerKey, ask: bool, out: &mut Out) {
        let digest = MemberDigest { ask, hashes: self.member_hashes() };
        self.mesh.send(Output::Send(peer, Message::MemberDigest(digest)), out);
    }

    /// Hashes of a peer's member list: it gets this agent's if it asks for them, and the members of the parts that differ.
    pub(super) fn on_member_digest(&mut self, now: Instant, peer: PeerKey, theirs: MemberDigest, out: &mut Out) {
        self.peers.digest_received(peer);
        let own = self.member_hashes();
        let differs = |key: PeerKey| own.0.get(part_of(key)) != theirs.hashes.0.get(part_of(key));
        if theirs.ask {
            self.send_member_digest(peer, false, out);
        }
        if own != theirs.hashes && self.peers.may_send_list(now, peer) {
            self.send_members(peer, false, differs, out);
        }
    }

    pub(super) fn exchange_member_lists(&mut self, now: Instant, out: &mut Out) {
        let peer = self.random_linked();
        // Until a list has come, ask again soon; after that the pause doubles from `MEMBER_LIST_RETRY_MS` to `MEMBER_LIST_MS`,
        // because an agent that has just joined may have missed some changes. Without a link there is nobody to ask.
        let pause = if self.mesh.list_received || peer.is_none() { self.mesh.pause } else { MEMBER_LIST_RETRY_MS };
        let longest = MEMBER_LIST_MS * self.member.count().max(MEMBER_LIST_MEMBERS) as u64 / MEMBER_LIST_MEMBERS as u64;
        self.mesh.pause = if self.mesh.list_received { (2 * pause).min(longest) } else { MEMBER_LIST_RETRY_MS };
        let jittered = pause - pause / 10 + self.mesh.rng.below(pause / 5);
        self.mesh.exchange_at = now + Duration::from_millis(jittered);
        let Some(peer) = peer else { return };
        // The whole list from time to time all the same: it brings addresses as well.
        let compares = self.mesh.list_received && self.member.count() > MEMBER_LIST_COMPARED && !self.lacks_addresses();
        if compares && !self.mesh.rng.one_in(MEMBER_LIST_WHOLE_ONE_IN) && self.peers.begin_digest(peer) {
            self.send_member_digest(peer, true, out);
        } else {
            self.send_member_list(peer, true, out);
        }
    }

    /// Whether this agent has no address of many members: SWIM's packets name them without. A probe of such a one fails, and it is suspected.
    fn lacks_addresses(&self) -> bool {
        let has_none = |member: &MemberState| {
            self.peers.get(member.key).is_some_and(|peer| !peer.linked && peer.addresses.all().is_empty())
        };
        let lacking = self.member.member_list(self.config.key).iter().filter(|member| has_none(member)).count();
        lacking * MEMBER_ADDRESSES_LACKING_ONE_IN > self.member.count()
    }

    /// When to exchange member lists; `None` while nobody is linked, so that an agent without links sleeps.
    pub(super) fn exchange_due(&self) -> Option<Instant> {
        self.has_links().then_some(self.mesh.exchange_at)
    }
}
