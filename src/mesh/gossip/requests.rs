//! Which items were asked for just now: several links announce an item that is missing, and one is to send it.

use crate::base::time::{Duration, Instant};
use crate::limits::{GOSSIP_REQUEST_MS, GOSSIP_REQUESTS_MAX};
use crate::wire::gossip::{Entries, Entry, Kind};
use std::collections::BTreeMap;

const REQUEST: Duration = Duration::from_millis(GOSSIP_REQUEST_MS);

/// The requests of the last `GOSSIP_REQUEST_MS`.
#[derive(Debug, Default)]
pub struct Requests {
    asked: BTreeMap<([u8; 8], Kind), Asked>,
}

/// The number of the item, as (boot, seq), and when it was asked for.
type Asked = ((u32, u64), Instant);

impl Requests {
    /// Of these items, those that nobody was asked for just now: they are asked for with this.
    #[must_use]
    pub fn begin(&mut self, now: Instant, missing: &[Entry]) -> Entries {
        self.asked.retain(|_, (_, at)| now.since(*at) < REQUEST);
        let mut want = Entries::new();
        for entry in missing {
            let (key, order) = ((entry.origin, entry.kind), (entry.boot, entry.seq));
            if self.asked.get(&key).is_some_and(|(asked, _)| *asked >= order) {
                continue;
            }
            if self.asked.len() < GOSSIP_REQUESTS_MAX {
                self.asked.insert(key, (order, now));
            }
            // As many as one list names fit into another.
            let _ = want.push(*entry);
        }
        want
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_asked_of_one_peer_at_a_time_and_a_newer_one_at_once() {
        let mut requests = Requests::default();
        let entry = |seq| Entry { origin: [1; 8], kind: Kind::Headroom, boot: 1, seq };
        let at = Instant::from_millis;
        assert_eq!(requests.begin(at(5_000), &[entry(7)])[..], [entry(7)]);
        assert!(requests.begin(at(5_999), &[entry(7), entry(6)]).is_empty(), "the answer is on its way");
        assert_eq!(requests.begin(at(5_999), &[entry(8)])[..], [entry(8)]);
        assert_eq!(requests.begin(at(6_999), &[entry(8)])[..], [entry(8)], "it did not come");
        for n in 0..2 * GOSSIP_REQUESTS_MAX {
            let origin = n.to_be_bytes();
            assert_eq!(requests.begin(at(7_000), &[Entry { origin, ..entry(1) }]).len(), 1);
        }
        assert!(requests.asked.len() <= GOSSIP_REQUESTS_MAX);
    }
}
