//! The identifiers of the items, to compare two agents' tables by: hashes of the parts, lists, what is missing.

use super::{GossipTable, ItemRef};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::{GOSSIP_HOPS_MAX, GOSSIP_ORIGINS_MAX, TRUST_BUCKETS};
use crate::wire::certificate::exchange::Buckets;
use crate::wire::gossip::{Entries, Entry, Kind};
use sha2::{Digest, Sha256};

/// The part of the items in which one is compared: the upper four bits of its origin's key.
#[must_use]
pub const fn part_of(entry: &Entry) -> usize {
    (entry.origin[0] >> 4) as usize
}

impl GossipTable {
    /// The digest entries of all valid items.
    pub fn entries(&self, now: Instant) -> impl Iterator<Item = Entry> + '_ {
        self.origins.iter().flat_map(move |origin| {
            let live = Kind::ALL.into_iter().filter(move |kind| origin.values[*kind as usize].is_live(now));
            live.map(move |kind| origin.entry(kind))
        })
    }

    /// The hash of each part of the valid items (`wire::gossip::Gossip::Compare`).
    #[must_use]
    pub fn hashes(&self, now: Instant) -> Buckets {
        let mut parts: [Option<Sha256>; TRUST_BUCKETS] = Default::default();
        for entry in self.entries(now) {
            if let Some(part) = parts.get_mut(part_of(&entry)) {
                // Plain data always has an encoding.
                part.get_or_insert_default().update(postcard::to_allocvec(&entry).unwrap_or_default());
            }
        }
        let mut hashes = Buckets::default();
        for (hash, part) in hashes.0.iter_mut().zip(parts) {
            let digest = part.map(Sha256::finalize);
            if let Some(start) = digest.as_ref().and_then(|digest| digest.first_chunk()) {
                *hash = *start;
            }
        }
        hashes
    }

    /// The digest entries of items that arrived from the one moment on and before the other, as many as fit into one list,
    /// without those that came by request and those that the receiver brought or published itself.
    #[must_use]
    pub fn recent(&self, now: Instant, (from, until): (Instant, Instant), to: PeerKey) -> Entries {
        let mut list = Entries::new();
        for origin in self.origins.iter().filter(|origin| origin.key != to) {
            for kind in Kind::ALL {
                let value = &origin.values[kind as usize];
                let arrived = (from..until).contains(&value.since) && value.from != Some(to);
                if value.is_live(now) && arrived && value.hops < GOSSIP_HOPS_MAX {
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
}
