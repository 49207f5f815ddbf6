//! Whether the agent is at rest, for people.
//!
//! At rest nothing waits that this agent may do now, and nothing is in hand. Between two tasks nothing runs for a moment, by the duty cycle, a
//! question, or the way of the next texts of another device to this one: work that is queued and allowed goes on, and is no rest. What is held
//! for a reason that lasts waits, and the reason is told (`why`). Files are read whatever holds the embedding.

use super::Node;
use crate::base::time::Instant;
use crate::energy::decision::Decision;
use crate::energy::reason::Reason;

impl Node {
    /// Whether something is in hand, or waits and comes next.
    pub(super) fn is_working(&self, now: Instant) -> bool {
        self.busy() || self.reads_next() || self.may_embed() && (self.has_next() || self.has_next_of_others(now))
    }

    /// Whether background work is held by nothing that lasts: a question passes within a moment, and each of the steps in which work rises within half a
    /// minute.
    pub(super) fn may_embed(&self) -> bool {
        let passes = |decision: &Decision| matches!(decision.told(), Some(Reason::Answering | Reason::Rising));
        let may = |decision: &Decision| decision.workers > 0 || passes(decision);
        !self.scheduler.stands_still() && self.energy.decision.as_ref().is_none_or(may)
    }

    /// Whether work of this device waits for nothing but its turn. Of work that has not got on for long that is not said, nor while a question holds it.
    fn has_next(&self) -> bool {
        self.scheduler.waits_for_nothing() && !self.energy.stall.is_long()
    }

    /// Likewise files that are to be read: that is light work, which no hold stops.
    fn reads_next(&self) -> bool {
        self.scheduler.has_to_read() && !self.scheduler.stands_still() && !self.energy.stall.is_long()
    }

    /// Whether texts of others are here, or were a moment ago while more of them are offered. Of offers alone nothing may come.
    fn has_next_of_others(&self, now: Instant) -> bool {
        let between = || self.scheduler.offered() > 0 && self.energy.stall.is_between_batches(now);
        self.scheduler.borrowed() > 0 || between()
    }
}
