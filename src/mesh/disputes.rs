//! Which devices say that a vector that this device made for them was false, so that its owner learns it here too.
//!
//! It is what they say: nothing is decided by this table. What a device said stands for as long as it gives this device no work for that, `OFFENCE_MS` at
//! most, and its word is new once in that time, however often it says so. At most `LINKS_MAX` devices are in it, as each tells it over its link.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{LINKS_MAX, OFFENCE_MS};
use std::collections::BTreeMap;

/// What one device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dispute {
    /// When it said so first, or when that was new again.
    heard: Instant,
    /// When it said so last.
    last: Instant,
    /// How long before that it had found it.
    ago: Duration,
    /// Until when it gives this device no work.
    until: Instant,
}

/// The table.
#[derive(Debug, Default)]
pub struct Disputes {
    by: BTreeMap<PeerKey, Dispute>,
}

impl Disputes {
    /// A device says that a vector of this one was false: how long ago it found that, and for how long it gives this device no work. True if that is
    /// new: it never said so, or it is `OFFENCE_MS` since it was new last.
    pub fn told(&mut self, now: Instant, by: PeerKey, ago: Duration, left: Duration) -> bool {
        let longest = Duration::from_millis(OFFENCE_MS);
        self.by.retain(|_, dispute| now < dispute.heard + longest || now < dispute.until);
        let before = self.by.get(&by).copied();
        if before.is_none() && self.by.len() >= LINKS_MAX {
            let eldest = self.by.iter().min_by_key(|(_, dispute)| dispute.heard).map(|(by, _)| *by);
            eldest.map(|eldest| self.by.remove(&eldest));
        }
        // A device that bans this one again and again says so all the time.
        let is_new = before.is_none_or(|before| now >= before.heard + longest);
        let heard = before.filter(|_| !is_new).map_or(now, |before| before.heard);
        let (ago, until) = (ago.min(longest), now + left.min(longest));
        self.by.insert(by, Dispute { heard, last: now, ago, until });
        is_new
    }

    /// Who says so, how long ago each found it, and for how long it gives this device no work.
    pub fn list(&self, now: Instant) -> impl Iterator<Item = (PeerKey, Duration, Duration)> {
        let so = self.by.iter().filter(move |(_, dispute)| now < dispute.until);
        so.map(move |(by, dispute)| (*by, dispute.ago + now.since(dispute.last), dispute.until.since(now)))
    }

    /// Forgets a device.
    pub fn forget(&mut self, by: PeerKey) {
        self.by.remove(&by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerKey = PeerKey([1; 32]);

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_a_device_says_is_new_once_an_hour_and_stands_until_it_gives_work_again() {
        let mut disputes = Disputes::default();
        assert!(disputes.told(at(100), PEER, seconds(600), seconds(3000)));
        assert!(!disputes.told(at(160), PEER, seconds(660), seconds(2940)), "it says so once more");
        let list: Vec<_> = disputes.list(at(400)).collect();
        assert_eq!(list, [(PEER, seconds(900), seconds(2700))]);
        assert_eq!(disputes.list(at(3099)).count(), 1);
        assert_eq!(disputes.list(at(3100)).count(), 0, "it gives work again");
        assert!(!disputes.told(at(3101), PEER, seconds(1), seconds(0)), "its word is no news, however it is put");
        assert!(disputes.told(at(100 + OFFENCE_MS / 1000), PEER, seconds(0), seconds(1_000_000)));
        assert_eq!(disputes.list(at(100 + 2 * OFFENCE_MS / 1000)).count(), 0, "none stands for longer than an hour");
        disputes.told(at(9_000), PEER, seconds(0), seconds(3600));
        disputes.forget(PEER);
        assert_eq!(disputes.list(at(9_000)).count(), 0);
    }

    #[test]
    fn what_a_device_says_all_the_time_is_new_each_hour() {
        let mut disputes = Disputes::default();
        let hour = OFFENCE_MS / 1000;
        // It bans this device anew each time that it has given it work again.
        let news =
            (0..=2 * hour).step_by(60).filter(|second| disputes.told(at(*second), PEER, seconds(0), seconds(hour)));
        assert_eq!(news.collect::<Vec<_>>(), [0, hour, 2 * hour]);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut disputes = Disputes::default();
        let key = |n: u64| PeerKey(std::array::from_fn(|at| n.to_le_bytes()[at % 8]));
        (0..1_000).for_each(|n| _ = disputes.told(at(n), key(n), seconds(0), seconds(3600)));
        assert_eq!(disputes.by.len(), LINKS_MAX);
        assert!(disputes.by.contains_key(&key(999)), "the eldest made room");
    }
}
