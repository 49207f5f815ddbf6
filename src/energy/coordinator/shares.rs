//! What each agent of the host wants, and its share of what the whole device may do.

use super::burst::HostBurst;
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::host_protocol::{LeaderMessage, PauseVersion};
use crate::energy::reason::Reason;
use crate::limits::FOLLOWERS_MAX;
use heapless::LinearMap;

/// A leader repeats its message to followers that work this often, whether it is new or not.
pub(super) const RENEW: Duration = Duration::from_secs(10);

/// A follower's connection, numbered by the side that accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FollowerId(pub u64);

/// What an agent wants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Demand {
    /// Since when its work waits, and how long it had waited then.
    waits: Option<(Instant, Duration)>,
    /// Since when it has had work without a break.
    works_since: Option<Instant>,
    pub(super) answering: bool,
}

impl Demand {
    /// What a follower reports: work of this age, or none, and whether people wait for its answers.
    pub(super) fn reported(now: Instant, oldest: Option<Duration>, answering: bool) -> Self {
        Self { waits: oldest.map(|age| (now, age)), works_since: oldest.map(|_| now), answering }
    }

    pub(super) const fn has_work(&self) -> bool {
        self.waits.is_some()
    }

    /// How long its work has waited; `None`: it has none.
    fn age(&self, now: Instant) -> Option<Duration> {
        self.waits.map(|(since, before)| before.saturating_add(now.since(since)))
    }
}

/// A follower, as its leader knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Follower {
    pub(super) demand: Demand,
    pub(super) process: i32,
    /// The last message that it was sent, and when.
    pub(super) sent: Option<(LeaderMessage, Instant)>,
}

impl Follower {
    /// Was it last sent a message at least `RENEW` ago, while it has work?
    pub(super) fn wants_renewal(&self, now: Instant) -> bool {
        self.demand.has_work() && self.sent.is_some_and(|(_, at)| now.since(at) >= RENEW)
    }
}

/// The agents of the host, as this one knows them: a leader knows all, a follower only itself.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    cores: usize,
    own: Demand,
    /// How long the work had waited when the agent last stopped.
    waited: Duration,
    pub(super) followers: LinearMap<FollowerId, Follower, FOLLOWERS_MAX>,
    /// What all agents of the host together may do.
    pub(super) whole: Decision,
    /// The whole, when all followers were last sent their share.
    pub(super) sent: Decision,
    /// Whether work goes on beside other programs for a while.
    pub(super) burst: HostBurst,
    /// What the leader knows of this follower: whether it has work, whether people wait, and its pause.
    sent_to_leader: Option<(bool, bool, PauseVersion)>,
}

impl Shares {
    pub(super) fn new(cores: usize, waited: Duration) -> Self {
        Self {
            cores,
            own: Demand::default(),
            waited,
            followers: LinearMap::new(),
            whole: Decision { reason: Some(Reason::Rising), ..Decision::default() },
            sent: Decision::default(),
            burst: HostBurst::default(),
            sent_to_leader: None,
        }
    }

    pub(super) fn forget_followers(&mut self) {
        self.followers.clear();
    }

    pub(super) const fn forget_sent_to_leader(&mut self) {
        self.sent_to_leader = None;
    }

    /// Notes this state as sent to the leader; false if it was sent before.
    pub(super) fn is_new_for_leader(&mut self, state: (bool, bool, PauseVersion)) -> bool {
        self.sent_to_leader.replace(state) != Some(state)
    }

    /// The oldest work of this agent has this age, or there is none. True if there was none before.
    pub(super) fn set_own_work(&mut self, now: Instant, oldest: Option<Duration>) -> bool {
        let begins = oldest.is_some() && !self.own.has_work();
        let before = std::mem::take(&mut self.waited);
        self.own.waits = oldest.map(|oldest| (now, oldest + before));
        self.own.works_since = self.own.waits.and(self.own.works_since.or(Some(now)));
        begins
    }

    /// Gives the value before.
    pub(super) const fn set_answering(&mut self, yes: bool) -> bool {
        std::mem::replace(&mut self.own.answering, yes)
    }

    /// Since when this agent has had work without a break.
    pub(super) const fn works_since(&self) -> Option<Instant> {
        self.own.works_since
    }

    pub(super) const fn is_answering(&self) -> bool {
        self.own.answering
    }

    /// How long this agent's own work has waited, in milliseconds.
    pub(super) fn own_age_ms(&self, now: Instant) -> Option<u64> {
        self.own.age(now).map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
    }

    fn demands(&self) -> impl Iterator<Item = &Demand> {
        self.followers.values().map(|follower| &follower.demand).chain([&self.own])
    }

    /// How long the oldest work of all agents has waited.
    pub(super) fn oldest(&self, now: Instant) -> Option<Duration> {
        self.demands().filter_map(|demand| demand.age(now)).max()
    }

    /// How many agents have work.
    pub(super) fn working(&self) -> usize {
        self.demands().filter(|demand| demand.has_work()).count()
    }

    pub(super) fn own_part(&self) -> Decision {
        self.part(self.own.has_work())
    }

    /// The share of an agent that has work, or has none: that may begin to work at any moment, and then starts with the
    /// share that it would have.
    pub(super) fn part(&self, has_work: bool) -> Decision {
        self.whole.part(self.cores, self.working() + usize::from(!has_work))
    }

    /// When a follower that works is to be sent its share again.
    pub(super) fn renew_at(&self) -> Option<Instant> {
        let working = self.followers.values().filter(|follower| follower.demand.has_work());
        working.filter_map(|follower| follower.sent.map(|(_, at)| at + RENEW)).min()
    }
}
