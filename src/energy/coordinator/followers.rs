//! What the agents of the host want, and what their leader sends them.

use super::machine::HostCoordinator;
use super::output::{Out, Output};
use super::shares::{Demand, Follower, FollowerId};
use crate::base::time::{Duration, Instant};
use crate::energy::decision::{Besides, Decision};
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage, Tail};
use crate::energy::policy::gate::Backlog;
use crate::limits::{BURST_S_MAX, FOLLOWERS_MAX};

/// Followers are sent a message once headroom moved by more than this share of the device.
const STEP: f64 = 0.05;

impl HostCoordinator {
    /// How many agents follow this one.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.shares.followers.len()
    }

    /// The processes of the agents that follow this one.
    #[must_use]
    pub fn processes(&self) -> heapless::Vec<i32, FOLLOWERS_MAX> {
        self.shares.followers.values().map(|follower| follower.process).collect()
    }

    /// The share of each agent of the host that has work, as far as this agent decides it. Together they are the whole at
    /// most.
    pub fn shares(&self) -> impl Iterator<Item = Decision> + '_ {
        (0..self.shares.working()).map(|_| self.shares.part(true))
    }

    // ---- this agent -----------------------------------------------------------------------------------------------

    pub(super) fn on_demand(&mut self, now: Instant, backlog: Backlog, out: &mut Out) {
        if self.shares.set_own_work(now, backlog.oldest) {
            // Samples are rare without work: work that begins does not wait for the next one.
            self.sampling.changed(false);
        }
        self.update_node(now, out);
        self.update_others(now, out);
    }

    pub(super) fn on_answering(&mut self, now: Instant, yes: bool, out: &mut Out) {
        let before = self.shares.set_answering(yes);
        if self.leads() {
            self.count_query(now, before, yes);
        }
        self.update_others(now, out);
    }

    /// People began or ceased to wait for an answer of some agent.
    pub(super) fn count_query(&mut self, now: Instant, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.shares.whole = self.governor.query_began(now),
            (true, false) => self.shares.whole = self.governor.query_ended(now),
            _ => {}
        }
    }

    // ---- followers ------------------------------------------------------------------------------------------------

    pub(super) fn on_follower_joined(&mut self, now: Instant, id: FollowerId, process: i32, out: &mut Out) {
        let follower = Follower { demand: Demand::default(), process, sent: None };
        if !self.leads() || self.shares.followers.insert(id, follower).is_err() {
            return out.push(Output::HangUp(id));
        }
        self.update_others(now, out);
    }

    pub(super) fn on_follower_left(&mut self, now: Instant, id: FollowerId, out: &mut Out) {
        if let Some(gone) = self.shares.followers.remove(&id) {
            self.count_query(now, gone.demand.answering, false);
            self.update_node(now, out);
            self.update_others(now, out);
        }
    }

    pub(super) fn on_follower_message(
        &mut self,
        now: Instant,
        id: FollowerId,
        message: FollowerMessage,
        out: &mut Out,
    ) {
        match message {
            FollowerMessage::State { oldest_ms, answering, pause } => {
                let Some(follower) = self.shares.followers.get_mut(&id) else { return };
                let demand = Demand::reported(now, oldest_ms.map(Duration::from_millis), answering);
                let before = std::mem::replace(&mut follower.demand, demand);
                if demand.has_work() {
                    // The follower counts how old its leader's message is from when its work began: send a new one.
                    follower.sent = None;
                }
                if demand.has_work() && !before.has_work() {
                    self.sampling.changed(false);
                }
                self.count_query(now, before.answering, answering);
                self.update_node(now, out);
                self.merge_pause(now, pause, out);
            }
            FollowerMessage::Burst(millis) => {
                let most = now + Duration::from_secs(BURST_S_MAX);
                self.extend_burst(now, Some(Instant::from_millis(millis).min(most)), out);
            }
            FollowerMessage::Hint(hint) => {
                if let Some((origin, hint)) = hint.into_hint() {
                    self.apply_hint(now, origin, hint, out);
                }
            }
        }
        self.update_others(now, out);
    }

    // ---- what the other agents are sent ---------------------------------------------------------------------------

    /// Sends the other agents what is new for them.
    pub(super) fn update_others(&mut self, now: Instant, out: &mut Out) {
        if self.leads() {
            self.update_followers(now, out, |_| true);
        } else {
            self.update_leader(now, out);
        }
    }

    /// Sends the followers their shares if those changed much since the last time: a controller's small steps wake
    /// nobody until they add up.
    pub(super) fn update_followers_if_moved(&mut self, now: Instant, out: &mut Out) {
        let (sent, whole) = (&self.shares.sent, &self.shares.whole);
        let doubts = self.doubted().faults();
        let heard = |follower: &Follower| follower.sent.is_none_or(|(message, _)| message.more.doubts == doubts);
        let moved =
            (sent.headroom.value() - whole.headroom.value()).abs() > STEP || !self.shares.followers.values().all(heard);
        if moved || !sent.is_like(whole) {
            self.shares.sent = self.shares.whole;
            self.update_followers(now, out, |_| true);
        }
    }

    /// Repeats the last message to the followers that work and were not sent one for a while.
    pub(super) fn renew(&mut self, now: Instant, out: &mut Out) {
        self.update_followers(now, out, |follower| follower.wants_renewal(now));
    }

    fn update_followers(&mut self, now: Instant, out: &mut Out, whom: impl Fn(&Follower) -> bool) {
        debug_assert!(
            self.shares().map(|part| part.headroom.value()).sum::<f64>() <= self.shares.whole.headroom.value() + 1e-9,
            "the shares add up to more than the whole"
        );
        let pause = self.pause.version(now);
        let (rank, burst_until) = (self.shares.whole.rank, self.shares.burst.millis(now));
        let Besides { only_questions, in_use, lasting } = self.shares.whole.besides;
        let more = Tail { rank, burst_until, doubts: self.doubted().faults(), only_questions, in_use, lasting };
        let parts = [false, true].map(|has_work| self.shares.part(has_work));
        for (id, follower) in self.shares.followers.iter_mut().filter(|(_, follower)| whom(follower)) {
            let message = LeaderMessage { decision: parts[usize::from(follower.demand.has_work())], pause, more };
            let is_known = follower.sent.is_some_and(|(sent, _)| sent == message);
            if !is_known || follower.wants_renewal(now) {
                follower.sent = Some((message, now));
                out.push(Output::ToFollower(*id, message));
            }
        }
    }
}
