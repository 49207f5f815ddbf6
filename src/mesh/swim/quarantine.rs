//! Quarantine of members whose claims that others are down keep being refuted.

use super::packet::KeyPrefix;
use crate::base::time::{Duration, Instant};
use crate::limits::{PEERS_MAX, QUARANTINE_MS, REFUTED_MAX, REFUTED_PAUSE_MS};
use heapless::Vec as Bounded;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
struct Refutations {
    refuted: Bounded<Instant, REFUTED_MAX>,
    quarantined_until: Option<Instant>,
}

/// The refutations of each member.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    records: BTreeMap<KeyPrefix, Refutations>,
}

impl Quarantine {
    /// A claim of `who` was refuted. True if `who` is quarantined from now on.
    pub(super) fn refuted(&mut self, now: Instant, who: KeyPrefix) -> bool {
        if self.records.len() >= PEERS_MAX && !self.records.contains_key(&who) {
            return false;
        }
        let record = self.records.entry(who).or_default();
        let recent = |at: &Instant| now.since(*at) < Duration::from_millis(QUARANTINE_MS);
        record.refuted.retain(recent);
        let separate = record.refuted.last().is_none_or(|at| now.since(*at) >= Duration::from_millis(REFUTED_PAUSE_MS));
        if separate {
            // Full means that it is quarantined already.
            let _ = record.refuted.push(now);
        }
        let begins = record.refuted.is_full() && record.quarantined_until.is_none_or(|until| until <= now);
        if begins {
            record.quarantined_until = Some(now + Duration::from_millis(QUARANTINE_MS));
        }
        begins
    }

    /// Forgets the refutations of a peer.
    pub(super) fn forget(&mut self, who: KeyPrefix) {
        self.records.remove(&who);
    }

    /// Whether its claims that others are down are ignored.
    pub(super) fn contains(&self, now: Instant, who: KeyPrefix) -> bool {
        self.records.get(&who).is_some_and(|record| record.quarantined_until.is_some_and(|until| now < until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_refuted_claims_within_ten_minutes_quarantine_a_member_for_ten_minutes() {
        let mut quarantine = Quarantine::default();
        let at = |seconds: u64| Instant::from_millis(seconds * 1000);
        let who = [1; 8];
        assert!(!quarantine.refuted(at(0), who) && !quarantine.refuted(at(1), who), "several at once count as one");
        assert!(!quarantine.refuted(at(100), who) && !quarantine.contains(at(100), who));
        assert!(!quarantine.refuted(at(700), who), "the first is forgotten by then");
        assert!(quarantine.refuted(at(710), who) || quarantine.refuted(at(720), who));
        assert!(quarantine.contains(at(721), who) && !quarantine.contains(at(721), [2; 8]));
        assert!(!quarantine.contains(at(721 + 600), who));
    }

    #[test]
    fn a_million_claimants_take_no_more_room_than_the_known_peers() {
        let mut quarantine = Quarantine::default();
        for n in 0..1_000_000_u64 {
            quarantine.refuted(Instant::ZERO, n.to_le_bytes());
        }
        assert_eq!(quarantine.records.len(), PEERS_MAX);
    }
}
