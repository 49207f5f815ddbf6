//! The links over which gossip items are pushed: PlumTree (Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees",
//! SRDS 2007).
//!
//! Each link is eager or lazy. A new item is pushed over the eager ones; over the lazy ones only its identifier goes, later
//! and with others (IHave). A link that brings an item which another eager link brought first is made lazy, at both ends
//! (Prune), so the eager links become a spanning tree, and an item crosses about one link for each agent. Who learns of an
//! item that it misses asks for it (IWant), and that makes the link eager again: the tree mends itself where a link or an
//! agent is gone, or a message was lost.
//!
//! It differs from the paper in three things. Identifiers are announced to a few lazy links at a time, in turns, and only
//! once the items are `GOSSIP_SETTLE_MS` old: whoever does not have one by then has missed it, and asks at once, without a
//! timer. A link is not pruned for an item whose first bringer is lazy by now: else two items that cross could cut off an
//! agent on both sides. And the tree is not reshaped for fewer hops.
//!
//! All agents share one tree, whatever the origin. A peer that lies can make links of its own eager or lazy, no other's.

use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    GOSSIP_ANNOUNCE_LINKS, GOSSIP_EAGER_FIRST, GOSSIP_PRUNE_MS, GOSSIP_RECENT_MS, GOSSIP_SETTLE_MS, LINKS_MAX,
};
use heapless::{LinearMap, Vec as Bounded};

const RECENT: Duration = Duration::from_millis(GOSSIP_RECENT_MS);
const SETTLE: Duration = Duration::from_millis(GOSSIP_SETTLE_MS);
const PRUNE: Duration = Duration::from_millis(GOSSIP_PRUNE_MS);

/// The linked peers, each eager or lazy, and when the lazy ones are told next.
#[derive(Debug)]
pub struct PushTree {
    links: LinearMap<PeerKey, Link, LINKS_MAX>,
    /// When the newest item arrived.
    newest: Option<Instant>,
    /// When the next lazy links are told.
    announce_at: Option<Instant>,
    rng: Rng,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    eager: bool,
    /// When this agent asked the peer to push nothing.
    pruned: Option<Instant>,
    /// Items that arrived before this moment were announced to it, or were none of its concern.
    told: Instant,
}

/// Items to announce to a lazy link: those that arrived from the one moment on, and before the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The peer.
    pub to: PeerKey,
    /// From this moment on.
    pub from: Instant,
    /// Before this one.
    pub until: Instant,
}

impl PushTree {
    /// No link. The seed is for the choice of a link that takes the place of a lost one.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { links: LinearMap::new(), newest: None, announce_at: None, rng: Rng::new(seed) }
    }

    /// A link is up. It is eager if it is one of the first, or one of few that is to last: a link for one probe is not.
    pub fn linked(&mut self, now: Instant, peer: PeerKey, lasting: bool) {
        let eager = self.links.values().filter(|link| link.eager).count();
        let link = Link { eager: eager == 0 || (lasting && eager < GOSSIP_EAGER_FIRST), pruned: None, told: now };
        if !self.links.contains_key(&peer) {
            // There are at most `LINKS_MAX` links.
            let _ = self.links.insert(peer, link);
        }
    }

    /// A link is gone. If it was eager, a lazy one takes its place, one that is to last if there is any: the peer to ask for that by an
    /// empty IWant.
    pub fn unlinked(&mut self, peer: PeerKey, lasts: impl Fn(PeerKey) -> bool) -> Option<PeerKey> {
        let gone = self.links.remove(&peer)?;
        if self.links.is_empty() {
            (self.newest, self.announce_at) = (None, None);
        }
        let lasting = self.links.iter().any(|(key, link)| !link.eager && lasts(*key));
        let lazy = || {
            let links = self.links.iter().filter(|(_, link)| !link.eager).map(|(key, _)| *key);
            links.filter(|key| !lasting || lasts(*key))
        };
        let count = if gone.eager { lazy().count() as u64 } else { 0 };
        if count == 0 {
            return None;
        }
        let chosen = lazy().nth(usize::try_from(self.rng.below(count)).unwrap_or(0))?;
        self.make_eager(chosen);
        Some(chosen)
    }

    /// The linked peers.
    pub fn links(&self) -> impl Iterator<Item = &PeerKey> {
        self.links.keys()
    }

    /// How many peers are linked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether nobody is linked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// The links to push an item over: the eager ones, without the one that brought it and without its origin.
    pub fn push_to(&self, from: PeerKey, origin: PeerKey) -> impl Iterator<Item = PeerKey> {
        let eager = self.links.iter().filter(|(_, link)| link.eager).map(|(key, _)| *key);
        eager.filter(move |key| *key != from && *key != origin)
    }

    /// There is a new item: it is announced to the lazy links in time.
    pub fn on_new_item(&mut self, now: Instant) {
        self.newest = Some(now);
        self.announce_at.get_or_insert(now + RECENT);
    }

    /// A link brought an item first: it pushes to this agent, so it is eager, unless a Prune is on its way there.
    pub fn on_first(&mut self, now: Instant, from: PeerKey) {
        if let Some(link) = self.links.get_mut(&from)
            && link.pruned.is_none_or(|at| now.since(at) >= PRUNE)
        {
            (link.eager, link.pruned) = (true, None);
        }
    }

    /// A link brought an item that another one had brought first (`None`: it is this agent's own): whether to send a Prune.
    #[must_use]
    pub fn on_duplicate(&mut self, now: Instant, from: PeerKey, first: Option<PeerKey>) -> bool {
        let served = first.is_none_or(|first| first != from && self.is_eager(first));
        match self.links.get_mut(&from) {
            // The last Prune may still be on its way.
            Some(link) if served && link.pruned.is_none_or(|at| now.since(at) >= PRUNE) => {
                (link.eager, link.pruned) = (false, Some(now));
                true
            }
            _ => false,
        }
    }

    /// A peer sent a Prune: it has what this link brings already.
    pub fn on_prune(&mut self, from: PeerKey) {
        if let Some(link) = self.links.get_mut(&from) {
            link.eager = false;
        }
    }

    /// A link is used for pushing from now on: its peer asked for items, or this agent asks it.
    pub fn make_eager(&mut self, peer: PeerKey) {
        if let Some(link) = self.links.get_mut(&peer) {
            (link.eager, link.pruned) = (true, None);
        }
    }

    fn is_eager(&self, peer: PeerKey) -> bool {
        self.links.get(&peer).is_some_and(|link| link.eager)
    }

    /// When the next lazy links are to be told.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.announce_at
    }

    /// What is to be announced now: to those lazy links that have waited longest. A link that is not to last gets nothing: its peer has
    /// links of its own for that.
    pub fn announcements(
        &mut self,
        now: Instant,
        lasts: impl Fn(PeerKey) -> bool,
    ) -> Bounded<Announcement, GOSSIP_ANNOUNCE_LINKS> {
        let mut due = Bounded::new();
        if self.announce_at.is_none_or(|at| at > now) {
            return due;
        }
        let until = now - SETTLE;
        let newest = self.newest.unwrap_or(Instant::ZERO);
        while !due.is_full() {
            let waits = |link: &Link| !link.eager && link.told <= newest && link.told < until;
            let waiting = self.links.iter_mut().filter(|(key, link)| waits(link) && lasts(**key));
            let Some((to, link)) = waiting.min_by_key(|(key, link)| (link.told, **key)) else { break };
            // There is room.
            let _ = due.push(Announcement { to: *to, from: link.told, until });
            link.told = until;
        }
        // An eager link gets items as they come. If it becomes lazy, the later ones are announced.
        self.links.values_mut().filter(|link| link.eager).for_each(|link| link.told = link.told.max(until));
        let more = self.links.iter().any(|(key, link)| !link.eager && link.told <= newest && lasts(*key));
        self.announce_at = more.then(|| now + RECENT);
        due
    }
}

#[cfg(test)]
mod tests;
