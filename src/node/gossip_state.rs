//! What the node keeps for gossip: the table of items, what this agent published last, and what is due.

use crate::base::hit::FileCoverage;
use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::energy::advertiser::HeadroomAdvertiser;
use crate::limits::{GOSSIP_DIGEST_MS, GOSSIP_LINKS_MAX};
use crate::mesh::gossip::{GossipTable, Requests};
use crate::mesh::push_tree::PushTree;
use crate::store::counts::StoreCounts;
use crate::wire::gossip::Fact;
use heapless::LinearMap;

/// The gossip side of the node.
#[derive(Debug)]
pub(super) struct GossipState {
    pub(super) items: GossipTable,
    /// The linked peers, and over which of these links items are pushed.
    pub(super) tree: PushTree,
    /// Items that were asked for just now.
    pub(super) requests: Requests,
    /// For the choice of partners.
    pub(super) rng: Rng,
    /// The headroom that was published last, and when the next is due.
    pub(super) headroom: HeadroomAdvertiser,
    /// The collections that were published last.
    pub(super) collections: Option<Fact>,
    /// Files of the shared collections by the last count, and how many of them are searched.
    pub(super) shared: Option<FileCoverage>,
    /// When the collections were counted last, and the store's counts then.
    pub(super) counted: Option<(Instant, StoreCounts)>,
    /// The count that is under way.
    pub(super) count: Count,
    /// When to compare all items with a random link next.
    pub(super) compare_at: Instant,
    /// When that was last begun.
    pub(super) compared: Option<Instant>,
    /// Peers over their budget that there was a notice of, and when.
    pub(super) over_budget_since: LinearMap<PeerKey, Instant, GOSSIP_LINKS_MAX>,
}

/// A count of the collections that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    None,
    UnderWay,
    /// Begun before a collection got another name or ring: what it finds is of no use.
    Stale,
}

impl GossipState {
    /// An empty table. The seed picks partners and the time of the first comparison.
    pub(super) fn new(now: Instant, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let first = Duration::from_millis(rng.below(GOSSIP_DIGEST_MS));
        Self {
            items: GossipTable::new(),
            tree: PushTree::new(rng.next()),
            requests: Requests::default(),
            headroom: HeadroomAdvertiser::new(rng.next()),
            rng,
            collections: None,
            shared: None,
            counted: None,
            count: Count::None,
            compare_at: now + first,
            compared: None,
            over_budget_since: LinearMap::new(),
        }
    }

    /// Removes the items of a peer.
    pub(super) fn remove_peer(&mut self, peer: PeerKey) {
        self.items.remove_peer(peer);
        self.over_budget_since.remove(&peer);
    }
}

/// A seed from an agent's name (FNV-1a): it differs between agents and is the same in every run of a simulation.
pub(super) fn seed_of(peer_id: &str, device: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    peer_id.bytes().chain(device.bytes()).fold(0xcbf2_9ce4_8422_2325, fold)
}
