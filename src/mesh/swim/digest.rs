//! Hashes of the member list, to compare two agents' lists by (`wire::message::MemberDigest`).

use super::{Liveness, MemberState, Membership};
use crate::base::id::PeerKey;
use crate::limits::TRUST_BUCKETS;
use crate::wire::certificate::exchange::Buckets;
use sha2::{Digest, Sha256};

/// The part of the list in which a member is compared: the upper four bits of its key.
#[must_use]
pub const fn part_of(key: PeerKey) -> usize {
    (key.0[0] >> 4) as usize
}

impl Membership {
    /// The hash of each part of the members that are not down, with their generations; this agent's own key is `own`.
    ///
    /// Suspicions and incarnations are left out: they change within seconds, and travel with the probes. So are members that are down: who
    /// joined later need not know of them.
    #[must_use]
    pub fn hashes(&self, own: PeerKey) -> Buckets {
        let mut up: Vec<MemberState> = self.member_list(own);
        up.retain(|member| member.liveness != Liveness::Down);
        up.sort_unstable_by_key(|member| member.key);
        let mut parts: [Option<Sha256>; TRUST_BUCKETS] = Default::default();
        for member in up {
            let hash = parts[part_of(member.key)].get_or_insert_default();
            hash.update(member.key.0);
            hash.update(member.generation.to_le_bytes());
        }
        let first = |part: Sha256| *part.finalize().first_chunk().unwrap_or(&[0; 8]);
        Buckets(parts.map(|part| part.map_or([0; 8], first)))
    }
}
