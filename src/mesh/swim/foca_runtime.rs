//! What foca needs from its caller: random numbers, its configuration, and a record of what it wants done.

use super::packet::Id;
use crate::base::rng::Rng;
use crate::base::time::Duration;
use crate::limits::{
    DOWN_ANNOUNCE_MS, MEMBER_BYTES_MAX, PROBE_MS, PROBE_REPLY_MS, PROBES_INDIRECT, REMEMBER_DOWN_MS, SUSPICION_MS,
    SWIM_FANOUT, SWIM_GOSSIP_MS,
};
use core::convert::Infallible;
use core::num::{NonZeroU8, NonZeroUsize};
use foca::{Config, Notification, OwnedNotification, PeriodicParams, Runtime, Timer};

/// This agent's seeded generator, as foca takes it.
#[derive(Clone, Debug)]
pub(super) struct SeededRng(pub(super) Rng);

impl rand_core::TryRng for SeededRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [a, b, c, d, ..] = self.0.next().to_be_bytes();
        Ok(u32::from_be_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.0.next().to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}

/// What one call of foca wants done.
#[derive(Debug, Default)]
pub(super) struct FocaRuntime {
    pub(super) packets: Vec<(Id, Vec<u8>)>,
    pub(super) timers: Vec<(Duration, Timer<Id>)>,
    pub(super) changes: Vec<OwnedNotification<Id>>,
}

impl Runtime<Id> for FocaRuntime {
    fn notify(&mut self, notification: Notification<'_, Id>) {
        self.changes.push(notification.to_owned());
    }

    fn send_to(&mut self, to: Id, data: &[u8]) {
        self.packets.push((to, data.to_vec()));
    }

    fn submit_after(&mut self, event: Timer<Id>, after: Duration) {
        self.timers.push((after, event));
    }
}

/// How long a suspect has to refute, in a mesh of this size.
pub(super) fn suspicion(size: usize) -> Duration {
    Duration::from_millis(SUSPICION_MS).mul_f64(decades(size).max(1.0))
}

fn decades(size: usize) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX)).log10()
}

/// foca's `Config::new_lan`, which needs its feature `std`, without the periodic announce: the exchange of whole member
/// lists over links does more.
pub(super) fn config(size: usize) -> Config {
    let many = |n: usize| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
    let every = |ms, n| Some(PeriodicParams { frequency: Duration::from_millis(ms), num_members: many(n) });
    // How often a change is passed on: 4 times the decimal logarithm of the size, 1 to 255.
    let times = (1..=u8::MAX).take_while(|times| f64::from(*times) <= 4.0 * decades(size + 1)).last().unwrap_or(1);
    Config {
        probe_period: Duration::from_millis(PROBE_MS),
        probe_rtt: Duration::from_millis(PROBE_REPLY_MS),
        num_indirect_probes: many(PROBES_INDIRECT),
        max_transmissions: NonZeroU8::new(times).unwrap_or(NonZeroU8::MIN),
        suspect_to_down_after: suspicion(size),
        remove_down_after: Some(Duration::from_millis(REMEMBER_DOWN_MS)),
        max_packet_size: many(MEMBER_BYTES_MAX),
        // If on, healthy members take new identities: each one that is notified that it was down renews itself.
        notify_down_members: false,
        periodic_announce: None,
        periodic_announce_to_down_members: every(DOWN_ANNOUNCE_MS, 2),
        periodic_gossip: every(SWIM_GOSSIP_MS, SWIM_FANOUT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_those_of_a_local_network_and_grow_with_its_logarithm() {
        assert_eq!(suspicion(5), Duration::from_secs(4));
        assert_eq!(suspicion(100), Duration::from_secs(8));
        let times = |size| config(size).max_transmissions.get();
        assert_eq!((times(0), times(5), times(500)), (1, 3, 10));
    }
}
