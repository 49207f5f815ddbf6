//! What the governor decides, for the pool of workers and for status.

use super::fraction::Fraction;
use super::mode::Mode;
use super::reason::Reason;
use crate::base::level::Energy;
use serde::{Deserialize, Serialize};

/// What background workers may do now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The share of the device's cores that may be used.
    pub headroom: Fraction,
    /// Why not more.
    pub reason: Option<Reason>,
    /// How much the device works.
    pub mode: Mode,
    /// Workers.
    pub workers: usize,
    /// The share of its time that each of them may run.
    pub duty: Fraction,
    /// Chunks of a batch at most.
    pub chunks: usize,
    /// Percent to clamp the workers' threads to, where the kernel can.
    pub clamp_percent: Option<u8>,
    /// How much energy there is.
    pub energy: Energy,
    /// What feeds the device.
    pub on_battery: bool,
}

impl Decision {
    /// What one of the agents of a host may do, of which so many have work: they share the cores evenly, and whoever
    /// has work has a part as long as there is any. The parts add up to the whole.
    #[must_use]
    pub fn part(&self, cores: usize, agents: usize) -> Self {
        if agents <= 1 || self.workers == 0 {
            return *self;
        }
        let share = self.headroom.value() * cores as f64 / agents as f64;
        let part = Fraction::new(share / cores.max(1) as f64);
        let workers = part.cores(cores).max(1);
        // The headroom is the part's as well: peers of several agents of a host must not hope for the host several times.
        Self { headroom: part, workers, duty: Fraction::new(share / workers as f64), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn the_parts_of_the_agents_of_a_host_add_up_to_the_whole_and_nobody_starves() {
        let mut rng = Rng::new(3);
        for _ in 0..20_000 {
            let cores = 1 + usize::try_from(rng.below(16)).unwrap();
            let headroom = Fraction::new(rng.below(1001) as f64 / 1000.0);
            let workers = headroom.cores(cores);
            let duty = Fraction::new(headroom.value() * cores as f64 / workers.max(1) as f64);
            let whole = Decision { headroom, workers, duty, ..Decision::default() };
            let agents = 1 + usize::try_from(rng.below(32)).unwrap();
            let part = whole.part(cores, agents);
            let used = part.workers as f64 * part.duty.value() * agents as f64;
            let due = headroom.value() * cores as f64;
            assert!((used - due).abs() < 1e-9, "{used} of {due}: {whole:?} for {agents}");
            assert_eq!(part.workers > 0 && part.duty > Fraction::NONE, workers > 0);
            let offered = agents as f64 * part.headroom.value();
            assert!((offered - headroom.value()).abs() < 1e-9, "{agents} agents offer {offered} of {headroom:?}");
        }
    }
}
