//! What the node keeps of what devices share: this one's, as it was told, and that of linked peers.

use crate::base::collection_name::is_same;
use crate::base::filter::Filter;
use crate::base::id::PeerKey;
use crate::wire::holdings::{Holding, HoldingList};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of what devices share.
#[derive(Debug, Default)]
pub(super) struct HoldingState {
    /// What this device shares, as its peers were told.
    pub(super) own: Option<HoldingList>,
    /// Whether that may have changed since the last count began.
    pub(super) is_changed: bool,
    /// Whether the last answer of this device lacked a part of its index. Until one lacks nothing again, whoever has the same files may
    /// find what this device does not.
    pub(super) is_cut: bool,
    /// What linked peers said.
    pub(super) of_peers: BTreeMap<PeerKey, HoldingList>,
    /// How many of its shared files this device cannot use, as its peers were told.
    pub(super) own_unusable: u64,
    /// Peers that were told of some, and then of none by one message alone: it is said once more, as they may have missed it.
    pub(super) cleared: BTreeSet<PeerKey>,
    /// The same of linked peers that said so.
    pub(super) unusable: BTreeMap<PeerKey, u64>,
}

impl HoldingState {
    /// Nothing is known of a peer any more.
    pub(super) fn forget(&mut self, peer: PeerKey) {
        self.of_peers.remove(&peer);
        self.unusable.remove(&peer);
        self.cleared.remove(&peer);
    }

    /// How many of its shared files a linked peer cannot use, as it said; 0 if it did not.
    pub(super) fn unusable_of(&self, peer: PeerKey) -> u64 {
        self.unusable.get(&peer).copied().unwrap_or(0)
    }

    /// Whether a peer is known to share all of its collections by name; then this one is among them or not.
    pub(super) fn is_known_without(&self, peer: PeerKey, collection: &str) -> bool {
        let has = |list: &HoldingList| list.iter().any(|holding| is_same(&holding.name, collection));
        self.of_peers.get(&peer).is_some_and(|list| !has(list))
    }

    /// Whether a peer is known to have nothing for a question with this filter that this device does not have.
    pub(super) fn has_nothing_else(&self, peer: PeerKey, filter: &Filter) -> bool {
        let Some(theirs) = self.of_peers.get(&peer).filter(|_| filter.devices.is_empty()) else { return false };
        let is_asked = |holding: &&Holding| {
            filter.collections.is_empty() || filter.collections.iter().any(|asked| is_same(asked, &holding.name))
        };
        // A path or a time may fit there and not here.
        let own = self.own.iter().filter(|_| !self.is_cut && filter.takes_all_files());
        let is_here = |holding: &Holding| {
            own.clone()
                .flat_map(|list| list.iter())
                .any(|own| own.content == holding.content && own.files == holding.files)
        };
        theirs.iter().filter(is_asked).all(is_here)
    }
}
