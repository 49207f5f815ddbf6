//! Which refusals of unknown devices are told: new keys cost nothing, so all of them together have one budget.

use crate::base::time::Instant;
use crate::limits::{UNKNOWN_PEERS_A_MINUTE, UNKNOWN_PEERS_BURST};
use crate::mesh::budget::{Budget, Rate};
use crate::wire::peer_id::PeerId;

/// Thousandths of a device, so that a rate of so many a minute is a whole number of them a second.
const MILLI: u64 = 1000;
const TOLD: Rate = Rate { per_second: UNKNOWN_PEERS_A_MINUTE * MILLI / 60, burst: UNKNOWN_PEERS_BURST * MILLI };

/// The unknown devices that were refused.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// The last one: repeated tries of one device are told once.
    last: Option<PeerId>,
    told: Budget,
}

impl Strangers {
    /// Whether people are told that this one was refused.
    pub(super) fn is_told(&mut self, now: Instant, peer: PeerId) -> bool {
        self.last.replace(peer) != Some(peer) && self.told.spend(now, TOLD, MILLI)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;

    #[test]
    fn a_device_that_comes_again_is_told_once_and_of_many_keys_a_few_are() {
        let (mut strangers, now) = (Strangers::default(), Instant::from_millis(60_000));
        let peer = |n: u8| PeerId::from_public_key(&[n; 32]);
        assert!(strangers.is_told(now, peer(0)) && !strangers.is_told(now, peer(0)));
        let told = (1..=200).filter(|n| strangers.is_told(now, peer(*n))).count();
        assert_eq!(told as u64, UNKNOWN_PEERS_BURST - 1);
        let later = now + Duration::from_secs(60);
        let told = (1..=200).filter(|n| strangers.is_told(later, peer(*n))).count();
        assert_eq!(told as u64, UNKNOWN_PEERS_A_MINUTE);
    }
}
