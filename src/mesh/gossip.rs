//! Gossip: the newest item of each (origin, kind), forwarded with bounds and compared now and then.
//!
//! An origin signs an item and sends it to its links. A receiver that finds it new passes it on to `GOSSIP_FANOUT`
//! links chosen at random, at most `GOSSIP_HOPS_MAX` times (rumor mongering after Demers et al., "Epidemic Algorithms
//! for Replicated Database Maintenance", 1987). What forwarding misses, anti-entropy brings: two agents compare the
//! digests of their items ([`GossipTable::entries`]), and one requests what it misses.
//!
//! Of two items of an origin and kind the higher (boot, seq) wins. An unverified claim changes nothing:
//! [`GossipTable::novelty`] only says whether its signature is worth checking, and [`GossipTable::insert`] is given
//! only verified items. Origins are members, so invented ones cannot fill the table. Each link and each origin has a
//! budget of bytes. A newer item overwrites the bytes of the older one, so a steady flow allocates nothing.

use super::budget::{Budget, Rate};
use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    GOSSIP_BYTES_MAX, GOSSIP_FANOUT, GOSSIP_FORGERY_BYTES, GOSSIP_HOPS_MAX, GOSSIP_LINK_BURST, GOSSIP_LINK_RATE,
    GOSSIP_LINKS_MAX, GOSSIP_ORIGIN_BURST, GOSSIP_ORIGIN_RATE, GOSSIP_ORIGINS_MAX,
};
use crate::wire::gossip::{Claim, Entries, Entry, Fact, Headroom, Kind, Relayed};
use heapless::{LinearMap, Vec as Bounded};

const LINK: Rate = Rate { per_second: GOSSIP_LINK_RATE, burst: GOSSIP_LINK_BURST };
const ORIGIN: Rate = Rate { per_second: GOSSIP_ORIGIN_RATE, burst: GOSSIP_ORIGIN_BURST };

/// Bytes reserved for an item that is not a list of collections.
const SHORT: usize = 256;

/// All gossip items that one agent holds.
#[derive(Debug)]
pub struct GossipTable {
    /// Sorted by key, each once.
    origins: Vec<Origin>,
    links: LinearMap<PeerKey, Budget, GOSSIP_LINKS_MAX>,
    own: Option<PeerKey>,
    rng: Rng,
}

#[derive(Debug)]
struct Origin {
    key: PeerKey,
    budget: Budget,
    /// Whether it has signed that it left for good.
    left: bool,
    values: [Value; Kind::ALL.len()],
}

/// The newest item of an origin and kind. An expired one keeps its order, so a relay cannot bring it back with a lower
/// age.
#[derive(Debug, Default)]
struct Value {
    order: (u32, u64),
    hops: u8,
    age_s: u16,
    since: Instant,
    until: Option<Instant>,
    message: Vec<u8>,
}

/// Refers to an item of the table; valid until the next input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemRef {
    origin: u16,
    kind: Kind,
}

/// Whether an unverified item would be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It would be the newest: its signature is worth checking.
    New,
    /// This or a newer one is held, or its origin has left.
    Known,
    /// There is no room for another origin.
    Full,
}

/// The outcome for a verified item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// It is the newest now.
    Inserted(ItemRef),
    /// This or a newer one was held.
    Known,
    /// Its origin sends too much. A later comparison brings it.
    TooMuch,
    /// There is no room for another origin.
    Full,
}

impl GossipTable {
    /// An empty table. The seed is for the choice of links.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { origins: Vec::new(), links: LinearMap::new(), own: None, rng: Rng::new(seed) }
    }

    /// Charges a link for bytes that it sent or requested. False if its budget is used up: drop what it sent.
    #[must_use]
    pub fn spend(&mut self, now: Instant, link: PeerKey, bytes: usize) -> bool {
        self.account(now, link).is_some_and(|budget| budget.spend(now, LINK, bytes as u64))
    }

    /// Charges a link that sent an item which its origin did not sign.
    pub fn penalise_forgery(&mut self, now: Instant, link: PeerKey) {
        if let Some(budget) = self.account(now, link) {
            budget.fine(now, LINK, GOSSIP_FORGERY_BYTES);
        }
    }

    /// The budget of a link. It outlives the link, so reconnecting does not renew it.
    fn account(&mut self, now: Instant, link: PeerKey) -> Option<&mut Budget> {
        if !self.links.contains_key(&link) && self.links.is_full() {
            let unused = self.links.iter().find(|(_, budget)| budget.is_clear(now)).map(|(key, _)| *key)?;
            self.links.remove(&unused);
        }
        if !self.links.contains_key(&link) {
            self.links.insert(link, Budget::default()).ok()?;
        }
        self.links.get_mut(&link)
    }

    /// Whether an unverified item would be new. Changes nothing.
    #[must_use]
    pub fn novelty(&self, claim: &Claim) -> Novelty {
        match self.at(&claim.origin) {
            _ if self.own == Some(claim.origin) => Novelty::Known,
            Ok(at) if self.origins[at].takes(claim.kind, claim.order) => Novelty::New,
            Ok(_) => Novelty::Known,
            Err(_) if self.origins.len() < GOSSIP_ORIGINS_MAX => Novelty::New,
            Err(_) => Novelty::Full,
        }
    }

    /// Takes an item of a member whose signature was verified.
    pub fn insert(&mut self, now: Instant, claim: &Claim, fact: &Fact, relayed: &Relayed) -> Insertion {
        match self.novelty(claim) {
            Novelty::New => {}
            Novelty::Known => return Insertion::Known,
            Novelty::Full => return Insertion::Full,
        }
        let slot = self.slot(claim);
        let origin = &mut self.origins[usize::from(slot.origin)];
        if !origin.budget.spend(now, ORIGIN, relayed.message.len() as u64) {
            return Insertion::TooMuch;
        }
        origin.left |= matches!(fact, Fact::Removed(removed) if removed.peer == claim.origin.0);
        origin.values[claim.kind as usize].set(now, claim, fact, relayed);
        Insertion::Inserted(slot)
    }

    /// Takes an item of this agent itself, just signed.
    pub fn insert_own(&mut self, now: Instant, claim: &Claim, fact: &Fact, message: Vec<u8>) -> Option<ItemRef> {
        self.own = Some(claim.origin);
        if self.at(&claim.origin).is_err() && self.origins.len() >= GOSSIP_ORIGINS_MAX {
            return None;
        }
        let slot = self.slot(claim);
        let relayed = Relayed { hops: 0, age_s: 0, message };
        self.origins[usize::from(slot.origin)].values[claim.kind as usize].set(now, claim, fact, &relayed);
        Some(slot)
    }

    /// The slot of a claim. The caller has checked that there is room for its origin.
    fn slot(&mut self, claim: &Claim) -> ItemRef {
        let at = self.at(&claim.origin).unwrap_or_else(|at| {
            self.origins.insert(at, Origin::new(claim.origin));
            at
        });
        ItemRef { origin: u16::try_from(at).unwrap_or(u16::MAX), kind: claim.kind }
    }

    fn at(&self, origin: &PeerKey) -> Result<usize, usize> {
        self.origins.binary_search_by(|known| known.key.cmp(origin))
    }

    /// The links to pass a new item on to: a few at random, without the link that sent it and without its origin.
    pub fn links_to_forward(
        &mut self,
        slot: ItemRef,
        from: PeerKey,
        linked: &[PeerKey],
    ) -> Bounded<PeerKey, GOSSIP_FANOUT> {
        let Some(origin) = self.origins.get(usize::from(slot.origin)) else { return Bounded::new() };
        if origin.values[slot.kind as usize].hops >= GOSSIP_HOPS_MAX {
            return Bounded::new();
        }
        let key = origin.key;
        self.pick(linked.iter().filter(|link| **link != from && **link != key))
    }

    /// Up to `N` links at random, each with the same probability (reservoir sampling).
    pub fn pick<'a, const N: usize>(&mut self, links: impl Iterator<Item = &'a PeerKey>) -> Bounded<PeerKey, N> {
        let mut picked = Bounded::new();
        for (seen, link) in (1..).zip(links) {
            if picked.push(*link).is_err() {
                // Each link seen so far stays with the same probability.
                let index = usize::try_from(self.rng.below(seen)).unwrap_or(usize::MAX);
                if let Some(slot) = picked.get_mut(index) {
                    *slot = *link;
                }
            }
        }
        picked
    }

    /// An item as the next receiver gets it: hops, age in seconds, the origin's message. `requested`: the receiver
    /// requested it, and does not forward it. `None` if it has expired.
    #[must_use]
    pub fn outgoing(&self, now: Instant, slot: ItemRef, requested: bool) -> Option<(u8, u16, &[u8])> {
        let value = &self.origins.get(usize::from(slot.origin))?.values[slot.kind as usize];
        let hops = if requested { GOSSIP_HOPS_MAX } else { value.hops.saturating_add(1).min(GOSSIP_HOPS_MAX) };
        value.is_live(now).then_some((hops, value.age(now), &value.message[..]))
    }

    /// The digest entries of all valid items.
    pub fn entries(&self, now: Instant) -> impl Iterator<Item = Entry> + '_ {
        self.origins.iter().flat_map(move |origin| {
            let live = Kind::ALL.into_iter().filter(move |kind| origin.values[*kind as usize].is_live(now));
            live.map(move |kind| origin.entry(kind))
        })
    }

    /// The digest entries of items that arrived since then, as many as fit into one list, without those that came by
    /// request.
    #[must_use]
    pub fn recent(&self, now: Instant, since: Instant) -> Entries {
        let mut list = Entries::new();
        for origin in &self.origins {
            for kind in Kind::ALL {
                let value = &origin.values[kind as usize];
                if value.is_live(now) && value.since >= since && value.hops < GOSSIP_HOPS_MAX {
                    // The next comparison finds what has no room here.
                    let _ = list.push(origin.entry(kind));
                }
            }
        }
        list
    }

    /// The entries of another agent's list that this agent misses. It wants unknown origins only if `is_member` holds.
    #[must_use]
    pub fn missing(&self, list: &[Entry], is_member: impl Fn(&[u8; 8]) -> bool) -> Entries {
        let lacks = |entry: &&Entry| match self.find(&entry.origin) {
            Some(at) => {
                let origin = &self.origins[at];
                self.own != Some(origin.key) && origin.takes(entry.kind, (entry.boot, entry.seq))
            }
            None => self.origins.len() < GOSSIP_ORIGINS_MAX && is_member(&entry.origin),
        };
        list.iter().filter(lacks).copied().collect()
    }

    /// The valid item of an entry's origin and kind, whatever its order, and its length in bytes.
    #[must_use]
    pub fn find_item(&self, now: Instant, entry: &Entry) -> Option<(ItemRef, usize)> {
        let at = self.find(&entry.origin)?;
        let value = &self.origins[at].values[entry.kind as usize];
        let slot = ItemRef { origin: u16::try_from(at).ok()?, kind: entry.kind };
        value.is_live(now).then_some((slot, value.message.len()))
    }

    fn find(&self, prefix: &[u8; 8]) -> Option<usize> {
        let at = self.origins.partition_point(|origin| origin.key.0[..8] < prefix[..]);
        self.origins.get(at).filter(|origin| origin.key.0[..8] == prefix[..]).map(|_| at)
    }

    /// This agent's own valid items.
    pub fn own(&self, now: Instant) -> impl Iterator<Item = ItemRef> + '_ {
        let at = self.own.and_then(|own| self.at(&own).ok());
        let slots = move |at: usize| {
            let values = &self.origins[at].values;
            let live = Kind::ALL.into_iter().filter(move |kind| values[*kind as usize].is_live(now));
            live.map(move |kind| ItemRef { origin: u16::try_from(at).unwrap_or(u16::MAX), kind })
        };
        at.into_iter().flat_map(slots)
    }

    /// The headroom of an origin, if there is a valid item.
    #[must_use]
    pub fn headroom(&self, now: Instant, origin: PeerKey) -> Option<Headroom> {
        match self.fact(now, origin, Kind::Headroom)? {
            Fact::Headroom(headroom) => Some(headroom),
            Fact::Collections(_) | Fact::Removed(_) => None,
        }
    }

    /// The newest fact of an origin and kind, if valid. Decodes it each time, so do not call it in loops.
    #[must_use]
    pub fn fact(&self, now: Instant, origin: PeerKey, kind: Kind) -> Option<Fact> {
        let value = &self.origins[self.at(&origin).ok()?].values[kind as usize];
        let message = value.is_live(now).then_some(&value.message)?;
        Some(Claim::with_fact(message)?.1)
    }

    /// The newest (boot, seq) of an origin and kind, valid or not.
    #[must_use]
    pub fn order(&self, origin: PeerKey, kind: Kind) -> Option<(u32, u64)> {
        let value = &self.origins[self.at(&origin).ok()?].values[kind as usize];
        (value.order != (0, 0)).then_some(value.order)
    }

    /// Removes every item of an origin, also the one by which it left: if it is admitted again, it starts afresh.
    pub fn remove_peer(&mut self, origin: PeerKey) {
        self.origins.retain(|known| known.key != origin);
    }

    /// Removes the origins for which `is_member` does not hold. An origin with a removal stays for ever.
    pub fn retain_origins(&mut self, is_member: impl Fn(&PeerKey) -> bool) {
        let own = self.own;
        self.origins.retain(|origin| {
            let removal = &origin.values[Kind::Removed as usize];
            removal.order != (0, 0) || own == Some(origin.key) || is_member(&origin.key)
        });
    }
}

impl Origin {
    fn new(key: PeerKey) -> Self {
        Self { key, budget: Budget::default(), left: false, values: Default::default() }
    }

    fn takes(&self, kind: Kind, order: (u32, u64)) -> bool {
        let accepts = !self.left || kind == Kind::Removed;
        accepts && order > self.values[kind as usize].order
    }

    fn entry(&self, kind: Kind) -> Entry {
        let mut origin = [0; 8];
        origin.copy_from_slice(&self.key.0[..8]);
        let (boot, seq) = self.values[kind as usize].order;
        Entry { origin, kind, boot, seq }
    }
}

impl Value {
    fn set(&mut self, now: Instant, claim: &Claim, fact: &Fact, relayed: &Relayed) {
        self.order = claim.order;
        self.hops = relayed.hops;
        self.age_s = relayed.age_s;
        self.since = now;
        self.until = match fact {
            Fact::Headroom(headroom) => {
                let left = u64::from(headroom.valid_s).saturating_sub(u64::from(relayed.age_s));
                Some(now + Duration::from_secs(left))
            }
            Fact::Collections(_) | Fact::Removed(_) => None,
        };
        if self.message.capacity() == 0 {
            self.message.reserve_exact(if claim.kind == Kind::Collections { GOSSIP_BYTES_MAX } else { SHORT });
        }
        self.message.clear();
        self.message.extend_from_slice(&relayed.message);
    }

    fn is_live(&self, now: Instant) -> bool {
        !self.message.is_empty() && self.until.is_none_or(|until| now < until)
    }

    /// Seconds since the origin signed it. Rounded up, so that no relay makes it younger.
    fn age(&self, now: Instant) -> u16 {
        let here = now.since(self.since).as_millis().div_ceil(1000);
        self.age_s.saturating_add(u16::try_from(here).unwrap_or(u16::MAX))
    }
}

#[cfg(test)]
mod tests;
