//! What the governor decides, for the executor's workers and for status.

use super::fraction::Fraction;
use super::measured::Measured;
use super::mode::Mode;
use super::rank::Rank;
use super::reason::Reason;
use crate::base::level::Energy;
use serde::{Deserialize, Serialize};

/// What background workers may do now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The share of the device's cores that may be used.
    pub headroom: Fraction,
    /// Why not more; `None`: nothing limits it.
    pub reason: Option<Reason>,
    /// The mode.
    pub mode: Mode,
    /// How many workers may run.
    pub workers: usize,
    /// The share of its time that each of them may run.
    pub duty: Fraction,
    /// The most chunks in a batch.
    pub chunks: usize,
    /// Percent to clamp the workers' threads to, if the kernel can.
    pub clamp_percent: Option<u8>,
    /// How much energy there is.
    pub energy: Energy,
    /// The device does not run on mains, or it is not known to.
    pub on_battery: bool,
    /// How the workers' threads stand among other programs. Between agents it travels beside the decision, whose encoding
    /// is that of earlier releases.
    #[serde(skip)]
    pub rank: Rank,
    /// What holds the work besides a question. It travels like the rank.
    #[serde(skip)]
    pub besides: Besides,
    /// The figure behind the reason, where there is one. It travels nowhere: a follower does not know it.
    #[serde(skip)]
    pub measured: Option<Measured>,
}

/// What holds the work besides a question that is being answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Besides {
    /// Nothing but questions holds the work: without them a worker were allowed.
    pub only_questions: bool,
    /// The device is in use by people or other programs, so that without the questions no worker were allowed either.
    pub in_use: bool,
    /// Why no worker were allowed without the questions; `None`: some were, or a leader of an earlier release did not tell.
    pub lasting: Option<Reason>,
}

impl Decision {
    /// Why not more, as every place tells it that people read: what lasts, whether a question is being answered besides or not. A question is
    /// the reason only where nothing else is: it holds work for a moment, and all places say so, or none does.
    #[must_use]
    pub const fn told(&self) -> Option<Reason> {
        match (self.reason, self.besides.lasting) {
            (Some(Reason::Answering), _) if self.besides.in_use => Some(Reason::InUse),
            (Some(Reason::Answering), Some(lasting)) => Some(lasting),
            (reason, _) => reason,
        }
    }

    /// What one of `agents` agents of a host that have work may do. They share the cores evenly, and each gets a share as
    /// long as anything is allowed. The shares add up to the whole.
    #[must_use]
    pub fn part(&self, cores: usize, agents: usize) -> Self {
        if agents <= 1 || self.workers == 0 {
            return *self;
        }
        let share = self.headroom.value() * cores as f64 / agents as f64;
        let part = Fraction::new(share / cores.max(1) as f64);
        let workers = part.cores(cores).max(1);
        // The headroom is that of the part too: else each agent of the host would offer peers the whole host.
        Self { headroom: part, workers, duty: Fraction::new(share / workers as f64), ..*self }
    }

    /// Equal but for headroom, duty and what was measured, which change from second to second?
    #[must_use]
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let steady =
            |decision: &Self| Self { duty: Fraction::NONE, headroom: Fraction::NONE, measured: None, ..*decision };
        steady(self) == steady(other)
    }

    /// Nothing is allowed, because a person paused the work.
    #[must_use]
    pub(super) fn paused(&self) -> Self {
        let off = Self { energy: self.energy, on_battery: self.on_battery, ..Self::default() };
        Self { reason: Some(Reason::Paused), ..off }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn a_question_is_told_as_the_reason_only_where_nothing_that_lasts_holds_the_work() {
        let asked = |besides| Decision { reason: Some(Reason::Answering), besides, ..Decision::default() }.told();
        assert_eq!(asked(Besides { only_questions: true, ..Besides::default() }), Some(Reason::Answering));
        assert_eq!(asked(Besides { lasting: Some(Reason::OnBattery), ..Besides::default() }), Some(Reason::OnBattery));
        // A leader of an earlier release tells only that.
        assert_eq!(asked(Besides { in_use: true, ..Besides::default() }), Some(Reason::InUse));
        let warm = Decision { reason: Some(Reason::Warm), workers: 1, ..Decision::default() };
        assert_eq!((warm.told(), Decision::default().told()), (Some(Reason::Warm), None));
    }

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
