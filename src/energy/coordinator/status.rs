//! How things stand, for people and programs.

use super::{HostCoordinator, Out};
use crate::base::level::Energy;
use crate::base::time::Instant;
use crate::energy::accounting::ledger::Ledger;
use crate::energy::accounting::meter::Baseline;
use crate::energy::decision::Decision;
use crate::energy::policy::hint::Origin;
use crate::energy::policy::pause::Pause;

/// What a coordinator knows. A follower samples nothing: what its own governor would say is not known.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// What may be done: by the whole device where this agent leads, else by this agent.
    pub decision: Decision,
    /// This agent leads.
    pub leads: bool,
    /// How many follow it.
    pub followers: usize,
    /// Degrees at which the device is held; `None`: it is not known here, or nothing is held at any degree.
    pub goal: Option<f64>,
    /// The only sensor there is may be doubted by what it is; it has been seen to vary, and leads.
    pub sensor_is_proven: bool,
    /// The limit that the owner chose in place of the one found.
    pub own_limit: Option<f64>,
    /// Cores that foreign work takes.
    pub foreign_cores: Option<f64>,
    /// How much energy there is, and whose word that is.
    pub energy: (Energy, Option<(Origin, &'a str)>),
    /// The pause that holds.
    pub pause: Option<Pause>,
    /// What the device takes without our work.
    pub baseline: Option<Baseline>,
    /// Joules of days, and which of them is today.
    pub ledger: (&'a Ledger, i64),
}

impl HostCoordinator {
    /// How things stand now.
    pub fn status(&mut self, now: Instant, out: &mut Out) -> Status<'_> {
        let own = self.decision(now, out);
        let leads = self.leads();
        let sighted = leads && !self.governor.is_blind();
        let goal = (sighted && self.sampling.sensors() > 0).then(|| self.governor.goal());
        let energy = self.governor.policy.energy(now, self.wall(now));
        Status {
            decision: if leads { self.shares.whole } else { own },
            leads,
            followers: self.followers(),
            goal,
            sensor_is_proven: sighted,
            own_limit: self.governor.own_limit(),
            foreign_cores: leads.then(|| self.governor.foreign_cores()),
            energy: if leads { energy } else { (own.energy, None) },
            pause: self.pause().filter(|pause| pause.holds(now)),
            baseline: self.spending.baseline(now),
            ledger: (self.spending.ledger(), self.day(now)),
        }
    }
}
