//! Gossip: the newest item of each (origin, kind), forwarded with bounds and compared now and then.
//!
//! An origin signs an item and pushes it. A receiver that finds it new passes it on, at most `GOSSIP_HOPS_MAX` times; over
//! which links `mesh::push_tree` decides. What that misses, anti-entropy brings (Demers et al., "Epidemic Algorithms for
//! Replicated Database Maintenance", 1987): two agents compare the hashes of their items ([`GossipTable::hashes`]), list
//! those that differ ([`GossipTable::entries`]), and each requests what it misses, of one peer at a time ([`Requests`]).
//!
//! Of two items of an origin and kind the higher (boot, seq) wins. An unverified claim changes nothing:
//! [`GossipTable::novelty`] only says whether its signature is worth checking, and [`GossipTable::insert`] is given
//! only verified items. Origins are members, so invented ones cannot fill the table. Each link and each origin has a
//! budget of bytes. A newer item overwrites the bytes of the older one, so a steady flow allocates nothing.

use super::budget::{Budget, Rate};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    GOSSIP_BYTES_MAX, GOSSIP_FORGERY_BYTES, GOSSIP_HOPS_MAX, GOSSIP_LINK_BURST, GOSSIP_LINK_RATE, GOSSIP_LINKS_MAX,
    GOSSIP_ORIGIN_BURST, GOSSIP_ORIGIN_RATE, GOSSIP_ORIGINS_MAX, UPDATE_WAIT_MS,
};
use crate::wire::gossip::{Claim, Entry, Fact, Headroom, Kind, Relayed};
use heapless::LinearMap;

mod digest;
mod requests;

pub use digest::part_of;
pub use requests::Requests;

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
    /// The link that brought it first; `None` for an item of this agent itself.
    from: Option<PeerKey>,
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
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self { origins: Vec::new(), links: LinearMap::new(), own: None }
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

    /// If exactly this item is held: the link that brought it, `None` for an item of this agent itself.
    #[must_use]
    pub fn brought_by(&self, claim: &Claim) -> Option<Option<PeerKey>> {
        let value = &self.origins[self.at(&claim.origin).ok()?].values[claim.kind as usize];
        (value.order == claim.order).then_some(value.from)
    }

    /// Takes an item of a member whose signature was verified, and that this link brought.
    pub fn insert(&mut self, now: Instant, from: PeerKey, claim: &Claim, fact: &Fact, relayed: &Relayed) -> Insertion {
        match self.novelty(claim) {
            Novelty::New => {}
            Novelty::Known => return Insertion::Known,
            Novelty::Full => return Insertion::Full,
        }
        if valid_s(fact).is_some_and(|valid_s| u64::from(relayed.age_s) >= valid_s) {
            // It would be over at once, and its order would keep the same item with its true age out: who relays it says how old it is.
            return Insertion::Known;
        }
        let slot = self.slot(claim);
        let origin = &mut self.origins[usize::from(slot.origin)];
        if !origin.budget.spend(now, ORIGIN, relayed.message.len() as u64) {
            return Insertion::TooMuch;
        }
        origin.left |= matches!(fact, Fact::Removed(removed) if removed.peer == claim.origin.0);
        origin.values[claim.kind as usize].set(now, Some(from), claim, fact, relayed);
        Insertion::Inserted(slot)
    }

    /// An item came that may be held already. If it is the same one, and younger or nearer by the word of who relays it, that holds: a device that
    /// says more than is so ends nothing by it. It is never younger than the time that it has been held here.
    pub fn renew(&mut self, now: Instant, claim: &Claim, relayed: &Relayed) {
        let Ok(at) = self.at(&claim.origin) else { return };
        let value = &mut self.origins[at].values[claim.kind as usize];
        if value.order != claim.order || value.message != relayed.message || value.from.is_none() || !value.is_live(now)
        {
            return;
        }
        value.hops = value.hops.min(relayed.hops);
        let held = u16::try_from(now.since(value.since).as_secs()).unwrap_or(u16::MAX);
        let age_s = relayed.age_s.saturating_sub(held).min(value.age_s);
        let younger = Duration::from_secs(u64::from(value.age_s - age_s));
        value.until = value.until.map(|until| until + younger);
        value.age_s = age_s;
    }

    /// Takes an item of this agent itself, just signed.
    pub fn insert_own(&mut self, now: Instant, claim: &Claim, fact: &Fact, message: Vec<u8>) -> Option<ItemRef> {
        self.own = Some(claim.origin);
        if self.at(&claim.origin).is_err() && self.origins.len() >= GOSSIP_ORIGINS_MAX {
            return None;
        }
        let slot = self.slot(claim);
        let relayed = Relayed { hops: 0, age_s: 0, message };
        self.origins[usize::from(slot.origin)].values[claim.kind as usize].set(now, None, claim, fact, &relayed);
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

    /// Whether an item may cross a further link.
    #[must_use]
    pub fn may_forward(&self, slot: ItemRef) -> bool {
        let origin = self.origins.get(usize::from(slot.origin));
        origin.is_some_and(|origin| origin.values[slot.kind as usize].hops < GOSSIP_HOPS_MAX)
    }

    /// An item as the next receiver gets it: hops, age in seconds, the origin's message. `requested`: the receiver
    /// requested it, and does not forward it. `None` if it has expired.
    #[must_use]
    pub fn outgoing(&self, now: Instant, slot: ItemRef, requested: bool) -> Option<(u8, u16, &[u8])> {
        let value = &self.origins.get(usize::from(slot.origin))?.values[slot.kind as usize];
        let hops = if requested { GOSSIP_HOPS_MAX } else { value.hops.saturating_add(1).min(GOSSIP_HOPS_MAX) };
        value.is_live(now).then_some((hops, value.age(now), &value.message[..]))
    }

    /// This agent's own valid items that it published since then.
    pub fn own(&self, now: Instant, since: Instant) -> impl Iterator<Item = ItemRef> + '_ {
        let at = self.own.and_then(|own| self.at(&own).ok());
        let slots = move |at: usize| {
            let fresh = move |value: &Value| value.is_live(now) && value.since >= since;
            let values = &self.origins[at].values;
            let live = Kind::ALL.into_iter().filter(move |kind| fresh(&values[*kind as usize]));
            live.map(move |kind| ItemRef { origin: u16::try_from(at).unwrap_or(u16::MAX), kind })
        };
        at.into_iter().flat_map(slots)
    }

    /// The headroom of an origin, if there is a valid item.
    #[must_use]
    pub fn headroom(&self, now: Instant, origin: PeerKey) -> Option<Headroom> {
        match self.fact(now, origin, Kind::Headroom)? {
            Fact::Headroom(headroom) => Some(headroom),
            Fact::Collections(_) | Fact::Removed(_) | Fact::Update(_) => None,
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

/// How old what was published is.
impl GossipTable {
    /// Seconds since an origin said what its headroom is, by its own word and the receivers' clocks, if there is a valid item.
    #[must_use]
    pub fn headroom_age_s(&self, now: Instant, origin: PeerKey) -> Option<u16> {
        let value = &self.origins[self.at(&origin).ok()?].values[Kind::Headroom as usize];
        value.is_live(now).then(|| value.age(now))
    }
}

/// For how many seconds a fact holds after its origin sent it; `None`: until a newer one.
fn valid_s(fact: &Fact) -> Option<u64> {
    match fact {
        Fact::Headroom(headroom) => Some(u64::from(headroom.valid_s)),
        Fact::Update(_) => Some(UPDATE_WAIT_MS / 1000),
        Fact::Collections(_) | Fact::Removed(_) => None,
    }
}

impl Default for GossipTable {
    fn default() -> Self {
        Self::new()
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
    fn set(&mut self, now: Instant, from: Option<PeerKey>, claim: &Claim, fact: &Fact, relayed: &Relayed) {
        self.order = claim.order;
        self.from = from;
        self.hops = relayed.hops;
        self.age_s = relayed.age_s;
        self.since = now;
        let left = valid_s(fact).map(|valid_s| valid_s.saturating_sub(u64::from(relayed.age_s)));
        self.until = left.map(|left| now + Duration::from_secs(left));
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
