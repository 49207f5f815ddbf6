//! Pretend links: who is linked with whom, what is cut, how late and how lossy. The twin of `io::link`.

use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::BTreeSet;

/// The network of a pretend home.
#[derive(Debug)]
pub struct Net {
    /// Pairs of agents with a link, the smaller first.
    links: BTreeSet<(usize, usize)>,
    /// Pairs between which nothing passes.
    cuts: BTreeSet<(usize, usize)>,
    /// Messages lost, in a thousand. (TCP loses none; a link that breaks and comes back does.)
    pub loss_permille: u64,
    /// Milliseconds that a message takes at most.
    pub delay_ms_max: u64,
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Default for Net {
    fn default() -> Self {
        Self::new()
    }
}

/// The key of the agent with this number.
#[must_use]
pub fn key(agent: usize) -> PeerKey {
    PeerKey([u8::try_from(agent + 1).unwrap_or(u8::MAX); 32])
}

/// The agent with this key.
#[must_use]
pub fn agent(key: PeerKey) -> usize {
    usize::from(key.0[0]) - 1
}

/// Where the agent with this number is dialled.
#[must_use]
pub fn address(agent: usize) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), u16::try_from(7000 + agent).unwrap_or(u16::MAX))
}

impl Net {
    /// No link yet, nothing cut, nothing lost, up to 40 ms late.
    #[must_use]
    pub const fn new() -> Self {
        Self { links: BTreeSet::new(), cuts: BTreeSet::new(), loss_permille: 0, delay_ms_max: 40 }
    }

    /// Whether the two are linked.
    #[must_use]
    pub fn linked(&self, a: usize, b: usize) -> bool {
        self.links.contains(&pair(a, b))
    }

    /// Links the two; false if they are linked already or something is in between.
    pub fn link(&mut self, a: usize, b: usize) -> bool {
        !self.cuts.contains(&pair(a, b)) && self.links.insert(pair(a, b))
    }

    /// Whether a dial could pass.
    #[must_use]
    pub fn open(&self, a: usize, b: usize) -> bool {
        !self.cuts.contains(&pair(a, b))
    }

    /// Everybody linked with this agent; their links are gone after this.
    pub fn unlink_all(&mut self, of: usize) -> Vec<usize> {
        let gone: Vec<_> = self.links.iter().copied().filter(|(a, b)| *a == of || *b == of).collect();
        self.links.retain(|pair| !gone.contains(pair));
        gone.into_iter().map(|(a, b)| if a == of { b } else { a }).collect()
    }

    /// Cuts the way between the two; true if a link is lost by that.
    pub fn cut(&mut self, a: usize, b: usize) -> bool {
        self.cuts.insert(pair(a, b));
        self.links.remove(&pair(a, b))
    }

    /// Heals every cut.
    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    /// How long a message takes; `None`: it is lost.
    pub fn passage_ms(&self, rng: &mut Rng) -> Option<u64> {
        let lost = rng.below(1000) < self.loss_permille;
        let delay = 1 + rng.below(self.delay_ms_max);
        (!lost).then_some(delay)
    }
}
