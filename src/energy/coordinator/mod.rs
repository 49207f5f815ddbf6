//! The coordinator of the agents of one host: who leads them, what each may do, what a person's pause is, and what
//! outlives a restart.
//!
//! Duty: the agents of one user on one device share its heat and its supply, so one of them leads: its governor decides
//! for the whole device, and its followers do their share of that. Every agent runs one `HostCoordinator`; the leader's
//! has the samples handed in, a follower's repeats what its leader allows. In/out: `Input`s at `handle`, `Output`s in
//! an `Out`; `deadline` says when it wants to be woken; `decision` is what this agent may do at this moment.
//! Invariants: shares add up to the whole at most; the newest pause wins at every agent; a reading that does not come
//! is unknown, never the last one; a leader that is silent or gone allows little. Limits: `FOLLOWERS_MAX` followers,
//! `FOLLOWERS_MAX` followers. Not here: sockets, the lock that elects, files, threads (`io::governor`).
//!
//! An agent leads when it holds the host's lock (`Elected`); the system gives the lock to one process and takes it back
//! when that process ends, so there are no votes and no terms. An agent without the lock connects to who has it, tells
//! it what it wants (`FollowerMessage`), and obeys what comes back (`LeaderMessage`). When the connection ends it holds
//! to the last message for a few seconds, then to a trickle, and campaigns for the lock meanwhile.

mod election;
mod hints;
mod input;
mod output;
mod pause;
pub mod persisted;
mod sampling;
mod shares;
mod spending;
mod status;

pub use hints::HintFrom;
pub use input::Input;
pub use output::{Out, Output};
pub use shares::FollowerId;
pub use status::Status;

use super::board::findings::BoardReport;
use super::decision::Decision;
use super::fraction::Fraction;
use super::governor::{Governor, Settings};
use super::host_protocol::HintMessage;
use super::policy::gate::Backlog;
use super::policy::hint_source::HintSource;
use super::policy::hours::Window;
use super::policy::wall::{Wall, Zone};
use super::reason::Reason;
use super::sample::fault::Reading;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant, earliest};
use election::Role;
use pause::HostPause;
use persisted::{PersistedState, SaveSchedule};
use sampling::Sampling;
use shares::Shares;
use spending::Spending;

/// What a coordinator begins with.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// Cores of the device, as far as its agents may use them.
    pub cores: usize,
    /// The sensors that were found.
    pub found: &'a BoardReport,
    /// What the owner chose.
    pub settings: Settings,
    /// How long bulk work may wait for surplus.
    pub can_wait: Duration,
    /// What an earlier run left.
    pub persisted: PersistedState,
}

/// The coordinator of one agent.
#[derive(Clone, Debug)]
pub struct HostCoordinator {
    governor: Governor,
    role: Role,
    shares: Shares,
    sampling: Sampling,
    pause: HostPause,
    puts: HintSource,
    /// Hints that came to a follower, and that no leader has yet.
    hints: heapless::Deque<HintMessage, 8>,
    spending: Spending,
    saves: SaveSchedule,
    /// The time of day, and when it was looked up.
    wall: Option<(Instant, Wall)>,
    /// What the node was told last.
    told_node: Option<Decision>,
    can_wait: Duration,
}

impl HostCoordinator {
    /// A coordinator that knows no leader yet: `Elected` makes it one, else it asks for a connection when it is woken.
    #[must_use]
    pub fn new(now: Instant, wall: Option<Wall>, setup: Setup<'_>) -> Self {
        let Setup { cores, found, settings, can_wait, persisted } = setup;
        let mut coordinator = Self {
            governor: Governor::new(cores, found, settings, persisted.learned),
            role: Role::seeking(now),
            shares: Shares::new(cores, Duration::from_millis(persisted.waited_ms)),
            sampling: Sampling::new(found),
            pause: HostPause::recall(now, wall, &persisted),
            puts: HintSource::default(),
            hints: heapless::Deque::new(),
            spending: Spending::new(now, found, &persisted),
            saves: SaveSchedule::new(now, persisted),
            wall: wall.map(|wall| (now, wall)),
            told_node: None,
            can_wait,
        };
        if let Some((core_watts, device_watts)) = coordinator.spending.calibrated_watts(cores) {
            coordinator.governor.know_watts(core_watts);
            coordinator.puts.know_watts(device_watts);
        }
        coordinator.apply_pause();
        coordinator
    }

    /// Adds hours to the energy schedule; false where they do not fit.
    pub fn plan(&mut self, window: Window, energy: Energy) -> bool {
        self.governor.policy.plan(window, energy)
    }

    /// Takes one input and decides what follows.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, out: &mut Out) {
        match input {
            Input::Wake => self.on_wake(now, out),
            Input::Demand(backlog) => self.on_demand(now, backlog, out),
            Input::Answering(yes) => self.on_answering(now, yes, out),
            Input::TaskEnded { cpu, chunks } => {
                let day = self.day(now);
                self.spending.ended(now, day, cpu, chunks);
            }
            Input::Stop => self.spending.close(),
            Input::NodeFull => self.told_node = None,
            Input::Time(wall, zone) => self.set_time(now, wall, zone),
            Input::SensorsAwaited => self.sampling.await_listing(now),
            Input::SensorsFound(found) => {
                self.sampling.found(found);
                self.governor.found(found);
            }
            Input::DeviceChanged { relist } => self.sampling.changed(relist),
            Input::Resumed => self.governor.resumed(),
            Input::Sample(sample, watts) => self.on_sample(now, sample, watts, out),
            Input::SampleLate => self.on_sample_late(now, out),
            Input::Saved(state) => {
                self.saves.saved(now, state);
                self.sampling.end_saving();
            }
            Input::Elected => self.on_elected(now, out),
            Input::NotElected => self.role.not_elected(now),
            Input::LeaderFound => self.on_leader_found(now, out),
            Input::LeaderAbsent => out.push(Output::Campaign),
            Input::LeaderLost => {
                self.role.lost(now);
                out.push(Output::Campaign);
            }
            Input::FollowerJoined { id, process } => self.on_follower_joined(now, id, process, out),
            Input::FollowerLeft(id) => self.on_follower_left(now, id, out),
            Input::FromFollower(id, message) => self.on_follower_message(now, id, message, out),
            Input::FromLeader(message) => self.on_leader_message(now, message, out),
            Input::Pause(pause) => self.on_pause(now, pause, out),
            Input::NewSupply => {
                self.governor.forget_supply();
                self.sampling.changed(false);
                self.tell_others(now, out);
            }
            Input::Hint(from, bytes) => self.on_hint(now, from, bytes, out),
        }
    }

    /// When it wants to be woken; `None`: not before something is said.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let late = self.sampling.late_at().filter(|_| self.leads());
        earliest(late, earliest(self.sampler_deadline(now), self.host_deadline(now)))
    }

    /// The part of the deadline that who reads the sensors and writes the state has to keep: the next sample or save.
    #[must_use]
    pub fn sampler_deadline(&self, now: Instant) -> Option<Instant> {
        earliest(self.sample_at(now), self.save_at())
    }

    /// The part of the deadline that who talks with the other agents has to keep. Neither part says when a read of the
    /// sensors is late: who saves wake-ups lets it be noticed by whoever asks next what is allowed.
    #[must_use]
    pub fn host_deadline(&self, now: Instant) -> Option<Instant> {
        if self.leads() { self.shares.renew_at() } else { self.role.deadline(now, self.shares.waits_since()) }
    }

    fn on_wake(&mut self, now: Instant, out: &mut Out) {
        if self.sample_at(now).is_some_and(|at| at <= now) {
            let relist = self.sampling.begin_reading(now);
            out.push(Output::ReadSensors { relist });
        } else if self.save_at().is_some_and(|at| at <= now) {
            self.saves.begin();
            if self.leads() {
                self.sampling.begin_saving(now);
            }
            out.push(Output::Save);
        }
        if self.notice_late(now) {
            self.tell_if_moved(now, out);
        }
        if self.leads() {
            self.renew(now, out);
        } else {
            if self.role.seeks(now) {
                out.push(Output::Connect);
            }
            // What a silent leader allows becomes less by itself.
            self.tell_node(now, out);
        }
    }

    // ---- the time of day ------------------------------------------------------------------------------------------

    /// The time of day, as far as it is known; it goes on by itself between two looks.
    #[must_use]
    pub fn wall(&self, now: Instant) -> Option<Wall> {
        let seconds = |at| i64::try_from(now.since(at).as_secs()).unwrap_or(0);
        self.wall.map(|(at, wall)| Wall(wall.0.saturating_add(seconds(at))))
    }

    /// The zone of the owner's clocks.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        self.governor.policy.zone()
    }

    fn set_time(&mut self, now: Instant, wall: Option<Wall>, zone: Option<&Zone>) {
        self.wall = wall.map(|wall| (now, wall));
        if let Some(zone) = zone {
            self.governor.policy.set_zone(zone.clone());
        }
    }

    /// Days since 1970; days of running, below 0, while the time is unknown.
    fn day(&self, now: Instant) -> i64 {
        self.wall(now).map_or_else(|| self.spending.day_of_running(now), |wall| wall.0.div_euclid(86_400))
    }

    // ---- what is allowed ------------------------------------------------------------------------------------------

    /// What this agent may do now. Its followers hear of it where it moved much meanwhile.
    pub fn decision(&mut self, now: Instant, out: &mut Out) -> Decision {
        self.notice_late(now);
        let decision = self.allowed(now);
        self.tell_if_moved(now, out);
        decision
    }

    /// Should sensor `at` be read once more before its value is handed in?
    #[must_use]
    pub fn doubts(&self, now: Instant, at: usize, reading: Reading) -> bool {
        self.governor.doubts(now, at, reading)
    }

    /// The work that waits on this host.
    fn backlog(&self, now: Instant) -> Backlog {
        Backlog { oldest: self.shares.oldest(now), can_wait: self.can_wait }
    }

    fn allowed(&mut self, now: Instant) -> Decision {
        let decision = match &self.role {
            Role::Leads => {
                self.shares.whole = self.governor.decision(now);
                self.shares.own_part()
            }
            Role::Follows(following) => following.allowed(now, self.shares.waits_since()),
        };
        // A pause is the word of a person here: it waits for no other agent.
        if self.pause.holds(now) && !self.leads() { paused(decision) } else { decision }
    }

    /// Tells the node of what it must know at once; a change of duty alone it asks for itself.
    fn tell_node(&mut self, now: Instant, out: &mut Out) {
        let decision = self.allowed(now);
        if self.told_node.as_ref().map(lasting) != Some(lasting(&decision)) {
            self.told_node = Some(decision);
            out.push(Output::Power(decision));
        }
    }
}

/// A decision without what moves from second to second.
const fn lasting(decision: &Decision) -> Decision {
    Decision { duty: Fraction::NONE, headroom: Fraction::NONE, ..*decision }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Nothing, because a person said so.
fn paused(decision: Decision) -> Decision {
    let off = Decision { energy: decision.energy, on_battery: decision.on_battery, ..Decision::default() };
    Decision { reason: Some(Reason::Paused), ..off }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod agents_test;

#[cfg(test)]
mod spending_test;
