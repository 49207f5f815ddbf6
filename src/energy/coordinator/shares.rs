//! What each agent of the host wants, and its share of what the whole device may do.

use super::{HostCoordinator, Out, Output, millis};
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage, PauseVersion};
use crate::energy::policy::gate::Backlog;
use crate::energy::reason::Reason;
use crate::limits::FOLLOWERS_MAX;
use heapless::LinearMap;

/// Share of the device by which headroom must have moved for followers to be told.
const STEP: f64 = 0.05;
/// A leader repeats its message to followers that work this often, whether it is new or not.
const RENEW: Duration = Duration::from_secs(10);

/// A follower's connection, numbered by who accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FollowerId(pub u64);

/// What an agent wants.
#[derive(Clone, Copy, Debug, Default)]
struct Wants {
    /// Since when its work waits, and how long it had waited then.
    waits: Option<(Instant, Duration)>,
    /// Since when it has had work without a break.
    works_since: Option<Instant>,
    answering: bool,
}

impl Wants {
    /// How long its work has waited; `None`: it has none.
    fn age(&self, now: Instant) -> Option<Duration> {
        self.waits.map(|(since, before)| before.saturating_add(now.since(since)))
    }
}

/// A follower.
#[derive(Clone, Copy, Debug)]
struct Follower {
    wants: Wants,
    process: i32,
    /// What it was told last, and when.
    told: Option<(LeaderMessage, Instant)>,
}

/// The agents of the host, as this one knows them: a leader knows all, a follower itself.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    cores: usize,
    own: Wants,
    /// How long the work had waited when the agent last stopped.
    waited: Duration,
    followers: LinearMap<FollowerId, Follower, FOLLOWERS_MAX>,
    /// What all agents of the host together may do.
    pub(super) whole: Decision,
    /// The whole, when all followers were told last.
    spread: Decision,
    /// What the leader knows of this follower: whether it has work, people wait, and its pause.
    told_leader: Option<(bool, bool, PauseVersion)>,
}

impl Shares {
    pub(super) fn new(cores: usize, waited: Duration) -> Self {
        Self {
            cores,
            own: Wants::default(),
            waited,
            followers: LinearMap::new(),
            whole: Decision { reason: Some(Reason::Rising), ..Decision::default() },
            spread: Decision::default(),
            told_leader: None,
        }
    }

    pub(super) fn forget_followers(&mut self) {
        self.followers.clear();
    }

    pub(super) const fn forget_told_leader(&mut self) {
        self.told_leader = None;
    }

    /// Since when this agent has had work, as far as it is known.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        self.own.works_since
    }

    pub(super) const fn is_answering(&self) -> bool {
        self.own.answering
    }

    /// How long this agent's own work has waited.
    pub(super) fn own_age(&self, now: Instant) -> Option<Duration> {
        self.own.age(now)
    }

    /// How long the work of any agent has waited, the oldest.
    pub(super) fn oldest(&self, now: Instant) -> Option<Duration> {
        self.followers.values().map(|follower| &follower.wants).chain([&self.own]).filter_map(|w| w.age(now)).max()
    }

    pub(super) fn own_part(&self) -> Decision {
        self.part(self.own.waits.is_some())
    }

    /// Who has no work yet may get some at any moment: it begins with what would be its part.
    pub(super) fn part(&self, working: bool) -> Decision {
        let all = self.followers.values().map(|follower| &follower.wants).chain([&self.own]);
        let all = all.filter(|wants| wants.waits.is_some()).count();
        self.whole.part(self.cores, all + usize::from(!working))
    }

    /// When a follower that works is to be told again.
    pub(super) fn renew_at(&self) -> Option<Instant> {
        let working = self.followers.values().filter(|follower| follower.wants.waits.is_some());
        working.filter_map(|follower| follower.told.map(|(_, at)| at + RENEW)).min()
    }
}

impl HostCoordinator {
    /// The agents that follow this one.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.shares.followers.len()
    }

    /// The processes of the agents that follow this one.
    #[must_use]
    pub fn processes(&self) -> heapless::Vec<i32, FOLLOWERS_MAX> {
        self.shares.followers.values().map(|follower| follower.process).collect()
    }

    /// What each agent of the host may do that has work, as far as this one decides it. Together they may do the whole
    /// at most.
    pub fn shares(&self) -> impl Iterator<Item = Decision> + '_ {
        let wants = self.shares.followers.values().map(|follower| &follower.wants).chain([&self.shares.own]);
        wants.filter(|wants| wants.waits.is_some()).map(|_| self.shares.part(true))
    }

    // ---- this agent -----------------------------------------------------------------------------------------------

    pub(super) fn on_demand(&mut self, now: Instant, backlog: Backlog, out: &mut Out) {
        // Work that begins is not kept waiting for the next of the rare samples.
        if backlog.oldest.is_some() && self.shares.own.waits.is_none() {
            self.sampling.changed(false);
        }
        let before = std::mem::take(&mut self.shares.waited);
        let own = &mut self.shares.own;
        own.waits = backlog.oldest.map(|oldest| (now, oldest + before));
        own.works_since = own.waits.and(own.works_since.or(Some(now)));
        self.tell_node(now, out);
        self.tell_others(now, out);
    }

    pub(super) fn on_answering(&mut self, now: Instant, yes: bool, out: &mut Out) {
        let before = std::mem::replace(&mut self.shares.own.answering, yes);
        if self.leads() {
            self.count_question(now, before, yes);
        }
        self.tell_others(now, out);
    }

    /// People began or ceased to wait for an answer of some agent.
    pub(super) fn count_question(&mut self, now: Instant, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.shares.whole = self.governor.question_began(now),
            (true, false) => self.shares.whole = self.governor.question_ended(now),
            _ => {}
        }
    }

    // ---- followers ------------------------------------------------------------------------------------------------

    pub(super) fn on_follower_joined(&mut self, now: Instant, id: FollowerId, process: i32, out: &mut Out) {
        let follower = Follower { wants: Wants::default(), process, told: None };
        if !self.leads() || self.shares.followers.insert(id, follower).is_err() {
            return out.push(Output::HangUp(id));
        }
        self.tell_others(now, out);
    }

    pub(super) fn on_follower_left(&mut self, now: Instant, id: FollowerId, out: &mut Out) {
        if let Some(gone) = self.shares.followers.remove(&id) {
            self.count_question(now, gone.wants.answering, false);
            self.tell_node(now, out);
            self.tell_others(now, out);
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
                let waits = oldest_ms.map(|age| (now, Duration::from_millis(age)));
                let before = std::mem::replace(
                    &mut follower.wants,
                    Wants { waits, works_since: waits.map(|(since, _)| since), answering },
                );
                if waits.is_some() {
                    // It counts the age of a message from when its work began.
                    follower.told = None;
                }
                if waits.is_some() && before.waits.is_none() {
                    self.sampling.changed(false);
                }
                self.count_question(now, before.answering, answering);
                self.tell_node(now, out);
                self.hear_pause(now, pause, out);
            }
            FollowerMessage::Hint(hint) => {
                if let Some((origin, hint)) = hint.into_hint() {
                    self.apply_hint(now, origin, hint, out);
                }
            }
        }
        self.tell_others(now, out);
    }

    // ---- what the others are told -----------------------------------------------------------------------------------

    /// Tells the other agents what is new for them.
    pub(super) fn tell_others(&mut self, now: Instant, out: &mut Out) {
        if self.leads() {
            self.tell_followers(now, out, |_| true);
        } else {
            self.tell_leader(now, out);
        }
    }

    /// Tells the followers what changed since they were told last, if it is much: a regulator's small steps wake nobody
    /// until they add up.
    pub(super) fn tell_if_moved(&mut self, now: Instant, out: &mut Out) {
        let (spread, whole) = (&self.shares.spread, &self.shares.whole);
        let moved = (spread.headroom.value() - whole.headroom.value()).abs() > STEP;
        if moved || super::lasting(spread) != super::lasting(whole) {
            self.shares.spread = self.shares.whole;
            self.tell_followers(now, out, |_| true);
        }
    }

    /// Repeats what holds to those that work and have not been told anything for a while.
    pub(super) fn renew(&mut self, now: Instant, out: &mut Out) {
        let due = |follower: &Follower| {
            let old = follower.told.is_some_and(|(_, at)| now.since(at) >= RENEW);
            old && follower.wants.waits.is_some()
        };
        self.tell_followers(now, out, due);
    }

    fn tell_followers(&mut self, now: Instant, out: &mut Out, whom: impl Fn(&Follower) -> bool) {
        debug_assert!(
            self.shares().map(|part| part.headroom.value()).sum::<f64>() <= self.shares.whole.headroom.value() + 1e-9,
            "the shares add up to more than the whole"
        );
        let pause = self.pause.version(now);
        let parts = [false, true].map(|working| self.shares.part(working));
        for (id, follower) in self.shares.followers.iter_mut().filter(|(_, follower)| whom(follower)) {
            let works = follower.wants.waits.is_some();
            let message = LeaderMessage { decision: parts[usize::from(works)], pause };
            let known = |(told, at): (LeaderMessage, Instant)| told == message && !(works && now.since(at) >= RENEW);
            if !follower.told.is_some_and(known) {
                follower.told = Some((message, now));
                out.push(Output::ToFollower(*id, message));
            }
        }
    }

    /// Tells the leader what this agent wants, where that is new. Its age alone is not: the leader counts on.
    pub(super) fn tell_leader(&mut self, now: Instant, out: &mut Out) {
        if !self.role.is_linked() {
            return;
        }
        let (age, answering, pause) = (self.shares.own_age(now), self.shares.own.answering, self.pause.version(now));
        let news = (age.is_some(), answering, pause);
        if self.shares.told_leader.replace(news) != Some(news) {
            out.push(Output::ToLeader(FollowerMessage::State { oldest_ms: age.map(millis), answering, pause }));
        }
    }
}
