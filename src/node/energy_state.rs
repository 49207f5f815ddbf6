//! What the node knows of energy: the governor's decision, the duty-cycle accounts, and what was reported.

use crate::base::id::TaskId;
use crate::base::time::Instant;
use crate::energy::decision::Decision;
use crate::energy::duty_cycle::DutyCycle;
use crate::energy::fraction::Fraction;
use crate::energy::policy::ages::Ages;
use crate::energy::reason::Reason;
use crate::limits::BACKGROUND_MAX;
use crate::scheduler::WorkAllowance;
use heapless::LinearMap;

/// The governor's side of the node.
#[derive(Debug, Default)]
pub(super) struct EnergyState {
    /// What the governor allows; `None`: this agent has no governor.
    pub(super) decision: Option<Decision>,
    pub(super) duty_cycle: DutyCycle,
    /// The duty-cycle account that each running task is charged to.
    pub(super) accounts: LinearMap<TaskId, usize, BACKGROUND_MAX>,
    /// When an account that had no credit has some again.
    pub(super) credit_at: Option<Instant>,
    /// Whether people wait for answers, as reported to the governor last.
    pub(super) answering: bool,
    /// No background task starts before this: the governor's decision about a query may still be on its way.
    pub(super) quiet_until: Option<Instant>,
    /// Since when nothing has started because of questions; moves on with each light task that starts all the same.
    pub(super) quiet_since: Option<Instant>,
    /// How long unfinished documents have been waiting.
    pub(super) ages: Ages,
    /// Since when work waits, as reported to the governor last.
    pub(super) demand_since: Option<Instant>,
    /// The reason in the last notice that work is held; `None` after the notice that it goes on.
    pub(super) held_notice: Option<Reason>,
}

/// What may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The duty-cycle account to charge.
    pub(super) account: usize,
    /// What the scheduler may start.
    pub(super) allowance: WorkAllowance,
}

/// What light work (scans, removals, reading) may use where there is no headroom. It is never nothing.
pub(super) fn light(decision: &Decision) -> Decision {
    let slowed = decision.reason.is_some_and(Reason::slows_light_work);
    let duty = if slowed { Fraction::LEAST } else { Fraction::TRICKLE };
    Decision { workers: 1, duty, chunks: 1, ..*decision }
}

/// Reasons that come and go within seconds: there is no notice of them.
pub(super) const fn is_momentary(reason: Reason) -> bool {
    matches!(reason, Reason::InUse | Reason::Answering | Reason::Rising)
}
