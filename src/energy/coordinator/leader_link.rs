//! How an agent becomes the leader, and what a follower and its leader send each other, from the follower's side.

use super::election::Role;
use super::machine::HostCoordinator;
use super::output::{Out, Output};
use crate::base::time::Instant;
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage};

impl HostCoordinator {
    /// Does this agent lead?
    #[must_use]
    pub const fn leads(&self) -> bool {
        matches!(self.role, Role::Leads)
    }

    pub(super) fn on_elected(&mut self, now: Instant, out: &mut Out) {
        self.role = Role::Leads;
        self.shares.forget_followers();
        self.sampling.changed(false);
        self.apply_pause();
        self.shares.whole = self.governor.burst(now, self.shares.burst.until(now));
        if self.shares.is_answering() {
            self.count_query(now, false, true);
        }
        self.update_node(now, out);
    }

    pub(super) fn on_leader_found(&mut self, now: Instant, out: &mut Out) {
        if !self.role.connected() {
            return;
        }
        self.shares.forget_sent_to_leader();
        while let Some(hint) = self.hints.pop_front() {
            out.push(Output::ToLeader(FollowerMessage::Hint(hint)));
        }
        self.tell_burst(now, out);
        self.update_leader(now, out);
    }

    pub(super) fn on_leader_message(&mut self, now: Instant, message: LeaderMessage, out: &mut Out) {
        if !self.role.received(now, &message) {
            return;
        }
        self.learn_burst(now, message.more.burst_until);
        self.update_node(now, out);
        self.merge_pause(now, message.pause, out);
        self.update_leader(now, out);
    }

    /// Sends the leader what this agent wants, if that is new. An age that only grew is not: the leader counts it on.
    pub(super) fn update_leader(&mut self, now: Instant, out: &mut Out) {
        if !self.role.is_linked() {
            return;
        }
        let (oldest_ms, answering) = (self.shares.own_age_ms(now), self.shares.is_answering());
        let pause = self.pause.version(now);
        if self.shares.is_new_for_leader((oldest_ms.is_some(), answering, pause)) {
            out.push(Output::ToLeader(FollowerMessage::State { oldest_ms, answering, pause }));
        }
    }
}
