//! The simulated network: who is linked with whom, which directions are cut, delays and losses. It takes the place of
//! `net::link` and `net::udp`.

use super::conversations::Conversations;
use super::false_worker::FalseWorker;
use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::LINKS_MAX;
use crate::wire::message::HitVector;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a datagram beside its packet: IPv4 and UDP headers (28), session, counter and tag (28), frame (4).
pub const DATAGRAM_BYTES: u64 = 60;

/// Bytes of a message on a link beside its body: envelope and signature (236), yamux (12), Noise (18), TCP
/// and IPv4 (40). Acknowledgements of TCP are not counted.
pub const LINK_BYTES: u64 = 306;

/// The network between the devices.
#[derive(Debug)]
pub struct Net {
    /// Both directions of each link.
    links: BTreeSet<(usize, usize)>,
    /// Both directions between agents that hold keys for each other's datagrams.
    sessions: BTreeSet<(usize, usize)>,
    /// Directions that are cut.
    cuts: BTreeSet<(usize, usize)>,
    /// Copied devices: the copy, and the device whose key it has.
    pub(super) copies: BTreeMap<usize, usize>,
    /// Devices that send the question's own vector beside each text: the vector of the last question to each.
    pub(super) liars: BTreeMap<usize, Option<HitVector>>,
    /// Agents of before: they ignore hashes of member lists, and send none.
    pub old: BTreeSet<usize>,
    /// Devices that send false vectors of what is lent to them.
    pub(super) false_workers: BTreeMap<usize, FalseWorker>,
    /// When the last message from one agent to another arrives.
    arrivals: BTreeMap<(usize, usize), Instant>,
    /// Of devices that are paired.
    pub(super) conversations: Conversations,
    /// Messages lost, in a thousand. (TCP loses none; a link that breaks and comes back does.)
    pub loss_permille: u64,
    /// Datagrams lost, in a thousand.
    pub datagram_loss_permille: u64,
    /// Milliseconds that a message takes at most.
    pub delay_ms_max: u64,
}

impl Default for Net {
    fn default() -> Self {
        Self::new()
    }
}

/// The key of the agent with this number. Its first bytes are random, so that keys are spread over the key space.
#[must_use]
pub fn key(agent: usize) -> PeerKey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&Rng::new(agent as u64).next().to_be_bytes());
    key[24..].copy_from_slice(&(agent as u64).to_be_bytes());
    PeerKey(key)
}

/// The agent with this key.
#[must_use]
pub fn agent(key: PeerKey) -> usize {
    key.0[24..].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// Where the agent with this number is dialled.
#[must_use]
pub fn address(agent: usize) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), u16::try_from(7000 + agent).unwrap_or(u16::MAX))
}

impl Net {
    /// No link yet, nothing cut, nothing lost, up to 40 ms late.
    #[must_use]
    pub fn new() -> Self {
        Self {
            links: BTreeSet::new(),
            sessions: BTreeSet::new(),
            cuts: BTreeSet::new(),
            copies: BTreeMap::new(),
            liars: BTreeMap::new(),
            old: BTreeSet::new(),
            false_workers: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            conversations: Conversations::default(),
            loss_permille: 0,
            datagram_loss_permille: 0,
            delay_ms_max: 40,
        }
    }

    /// Whether the two are linked.
    #[must_use]
    pub fn linked(&self, a: usize, b: usize) -> bool {
        self.links.contains(&(a, b))
    }

    /// Everybody linked with this agent.
    #[must_use]
    pub fn links_of(&self, of: usize) -> Vec<usize> {
        self.links.range((of, 0)..(of + 1, 0)).map(|(_, other)| *other).collect()
    }

    /// Links the two, with new keys; false if they are linked already.
    pub fn link(&mut self, a: usize, b: usize) -> bool {
        let new = self.links.insert((a, b));
        for pair in [(a, b), (b, a)] {
            self.links.insert(pair);
            self.sessions.insert(pair);
        }
        new
    }

    /// Whether a dial succeeds: no direction is cut and both have room for one more link.
    #[must_use]
    pub fn can_dial(&self, a: usize, b: usize) -> bool {
        let free = |of: usize| self.links_of(of).len() < LINKS_MAX || self.linked(a, b);
        !self.cuts.contains(&(a, b)) && !self.cuts.contains(&(b, a)) && free(a) && free(b)
    }

    /// Ends a link; true if there was one.
    pub fn unlink(&mut self, a: usize, b: usize) -> bool {
        self.links.remove(&(b, a));
        self.links.remove(&(a, b))
    }

    /// Everybody linked with this agent; their links are gone after this.
    pub fn unlink_all(&mut self, of: usize) -> Vec<usize> {
        let gone = self.links_of(of);
        for other in &gone {
            self.unlink(of, *other);
        }
        gone
    }

    /// The agent's process ended: its datagram sessions are gone.
    pub fn forget_keys(&mut self, of: usize) {
        self.sessions.retain(|(a, b)| *a != of && *b != of);
    }

    /// The datagram session of two agents is gone.
    pub fn forget_keys_of(&mut self, a: usize, b: usize) {
        self.sessions.remove(&(a, b));
        self.sessions.remove(&(b, a));
    }

    /// Cuts both directions between the two; true if that breaks a link.
    pub fn cut(&mut self, a: usize, b: usize) -> bool {
        self.cuts.insert((b, a));
        self.cut_one_way(a, b)
    }

    /// Cuts one direction; true if that breaks a link: TCP needs both.
    pub fn cut_one_way(&mut self, from: usize, to: usize) -> bool {
        self.cuts.insert((from, to));
        self.unlink(from, to)
    }

    /// Heals every cut.
    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    /// How many milliseconds a message takes; `None`: it is lost. Those of a link arrive in the order in which they were sent.
    pub(super) fn message_delay_ms(&mut self, now: Instant, rng: &mut Rng, from: usize, to: usize) -> Option<u64> {
        let lost = rng.below(1000) < self.loss_permille;
        let delay = Duration::from_millis(1 + rng.below(self.delay_ms_max));
        if lost {
            return None;
        }
        let last = self.arrivals.entry((from, to)).or_default();
        *last = (*last).max(now + delay);
        u64::try_from(last.since(now).as_millis()).ok()
    }

    /// How long a datagram takes; `None`: it is lost, or the receiver has no keys for it.
    pub fn datagram_delay_ms(&self, rng: &mut Rng, from: usize, to: usize) -> Option<u64> {
        let lost = rng.below(1000) < self.datagram_loss_permille;
        let delay = 1 + rng.below(self.delay_ms_max);
        let passes = self.sessions.contains(&(from, to)) && !self.cuts.contains(&(from, to));
        (!lost && passes).then_some(delay)
    }
}
