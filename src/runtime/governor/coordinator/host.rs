//! The agents of the host: who leads, what each wants, and what each may do.

use super::{Change, Demand, HostCoordinator, Role, age, millis};
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::host_protocol::FollowerMessage;

impl HostCoordinator {
    /// Leads from now on, or follows somebody who has said nothing yet.
    pub(in crate::runtime::governor) fn lead(&mut self, now: Instant, leads: bool) -> Change {
        self.role = if leads { Role::Leads } else { Role::Follows { word: self.whole, heard: now, gone: Some(now) } };
        self.followers.clear();
        self.pids.clear();
        self.sample_now = true;
        self.apply_pause();
        self.push(now);
        Change { others: false, sampling: true }
    }

    pub(in crate::runtime::governor) const fn leads(&self) -> bool {
        matches!(self.role, Role::Leads)
    }

    /// The leader's word.
    pub(in crate::runtime::governor) fn led(&mut self, now: Instant, decision: Decision) {
        self.role = Role::Follows { word: decision, heard: now, gone: None };
        self.push(now);
    }

    /// The leader is gone.
    pub(in crate::runtime::governor) fn orphaned(&mut self, now: Instant) {
        if let Role::Follows { gone: gone @ None, .. } = &mut self.role {
            *gone = Some(now);
        }
    }

    /// A follower's word; it may be new. False if there is no room for it.
    pub(in crate::runtime::governor) fn follower(
        &mut self,
        now: Instant,
        id: u64,
        oldest: Option<Duration>,
        answering: bool,
    ) -> bool {
        let before = self.followers.get(&id).copied().unwrap_or_default();
        let wants = Demand { waits: oldest.map(|age| (now, age)), answering };
        self.sample_now |= wants.waits.is_some() && before.waits.is_none();
        if self.followers.insert(id, wants).is_err() {
            return false;
        }
        self.people(now, before.answering, answering);
        self.push(now);
        true
    }

    /// A follower's process: what it spends is our own work.
    pub(in crate::runtime::governor) fn works_for(&mut self, id: u64, pid: i32) {
        self.pids.push((id, pid));
    }

    /// A follower is gone.
    pub(in crate::runtime::governor) fn left(&mut self, now: Instant, id: u64) {
        self.pids.retain(|(other, _)| *other != id);
        if let Some(before) = self.followers.remove(&id) {
            self.people(now, before.answering, false);
            self.push(now);
        }
    }

    /// What a follower may do now.
    pub(in crate::runtime::governor) fn for_follower(&self, id: u64) -> Decision {
        self.part(self.works(id))
    }

    /// What this agent says to its leader.
    pub(in crate::runtime::governor) fn as_follower(&self, now: Instant) -> FollowerMessage {
        let oldest = self.own.waits.map(|wants| age(now, wants));
        FollowerMessage::State { oldest_ms: oldest.map(millis), answering: self.own.answering, said: self.said(now) }
    }

    /// Does a follower work? It is told again and again then.
    pub(in crate::runtime::governor) fn works(&self, id: u64) -> bool {
        self.followers.get(&id).is_some_and(|wants| wants.waits.is_some())
    }

    pub(super) fn part(&self, working: bool) -> Decision {
        let all = self.followers.values().chain([&self.own]).filter(|wants| wants.waits.is_some()).count();
        // Who has no work yet may get some at any moment: it begins with what would be its part.
        self.whole.part(self.cores, all + usize::from(!working))
    }

    pub(super) fn people(&mut self, now: Instant, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.whole = self.governor.question_began(now),
            (true, false) => self.whole = self.governor.question_ended(now),
            _ => {}
        }
    }
}
