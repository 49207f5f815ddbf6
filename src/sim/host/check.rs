//! What must hold on a host after every input of a coordinator.

use super::state::Host;
use crate::energy::coordinator::Out;
use crate::sim::world::World;

impl World {
    /// The shares of who has work add up to the whole at most; who leads holds the lock, and nobody else leads; who
    /// follows is connected once, and to who leads.
    ///
    /// # Panics
    /// If one of them does not hold.
    pub(super) fn check_host(&self, of: usize) {
        let Some(host) = self.host_of(of).map(|host| &self.hosts[host]) else { return };
        let leads = host.agents.iter().filter(|(_, agent)| agent.coordinator.as_ref().is_some_and(|c| c.leads()));
        for (at, _) in leads {
            assert_eq!(host.leader, Some(*at), "{at} leads without the lock: {}", self.describe());
            self.check_shares(host, *at);
        }
        for (id, link) in &host.links {
            assert_eq!(host.leader, Some(link.leader), "{id:?} leads to nobody who leads");
            let again = host.links.values().filter(|other| other.follower == link.follower).count();
            assert_eq!(again, 1, "agent {} is connected {again} times", link.follower);
        }
    }

    fn check_shares(&self, host: &Host, leader: usize) {
        let Some(coordinator) = host.agents[&leader].coordinator.as_ref() else { return };
        // Asking moves it; a twin is asked.
        let mut twin = coordinator.clone();
        let whole = twin.status(self.now, &mut Out::new()).decision;
        let (mut sum, mut cores) = (0.0, 0.0);
        for part in twin.shares() {
            sum += part.headroom.value();
            cores += part.workers as f64 * part.duty.value();
        }
        let most = whole.workers as f64 * whole.duty.value();
        assert!(sum <= whole.headroom.value() + 1e-9, "shares of {sum} where the whole is {whole:?}");
        assert!(cores <= most + 1e-9, "{cores} cores where {most} may work: {whole:?}");
    }
}
