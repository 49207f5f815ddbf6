//! The invariants of a host, checked after every input of a coordinator.

use super::state::Host;
use crate::energy::coordinator::Out;
use crate::sim::world::World;

impl World {
    /// The fractions that the leader gives add up to at most the whole; exactly the lock's holder leads; a follower has
    /// one connection, which goes to the leader.
    ///
    /// # Panics
    /// If one of them is violated.
    pub(super) fn check_host(&self, of: usize) {
        let Some(host) = self.host_of(of).map(|host| &self.hosts[host]) else { return };
        let leads = host.agents.iter().filter(|(_, agent)| agent.coordinator.as_ref().is_some_and(|c| c.leads()));
        for (at, _) in leads {
            assert_eq!(host.leader, Some(*at), "{at} leads without the lock: {}", self.describe());
            self.check_fractions(host, *at);
        }
        for (id, link) in &host.links {
            assert_eq!(host.leader, Some(link.leader), "{id:?} goes to an agent that does not lead");
            let again = host.links.values().filter(|other| other.follower == link.follower).count();
            assert_eq!(again, 1, "agent {} is connected {again} times", link.follower);
        }
    }

    fn check_fractions(&self, host: &Host, leader: usize) {
        let Some(coordinator) = host.agents[&leader].coordinator.as_ref() else { return };
        // A status moves the coordinator's state, so a copy is asked.
        let mut copy = coordinator.clone();
        let whole = copy.status(self.now, &mut Out::new()).decision;
        let (mut sum, mut cores) = (0.0, 0.0);
        for part in copy.shares() {
            sum += part.headroom.value();
            cores += part.workers as f64 * part.duty.value();
        }
        let most = whole.workers as f64 * whole.duty.value();
        assert!(sum <= whole.headroom.value() + 1e-9, "the fractions add up to {sum} of {whole:?}");
        assert!(cores <= most + 1e-9, "{cores} cores are given away of {most}: {whole:?}");
    }
}
