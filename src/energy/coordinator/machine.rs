//! `HostCoordinator`: takes the inputs, and says what is allowed and when it wants to be called again.

use super::election::Role;
use super::input::Input;
use super::output::{Out, Output};
use super::pause::HostPause;
use super::persisted::PersistedState;
use super::sampling::Sampling;
use super::saves::SaveSchedule;
use super::shares::Shares;
use super::spending::Spending;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant, earliest};
use crate::energy::board::report::BoardReport;
use crate::energy::decision::Decision;
use crate::energy::governor::{Governor, Settings};
use crate::energy::host_protocol::HintMessage;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::hint_source::HintSource;
use crate::energy::policy::hours::Window;
use crate::energy::policy::wall::{Wall, Zone};
use crate::energy::sample::fault::Reading;

/// What a coordinator starts with.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// Cores of the device that its agents may use.
    pub cores: usize,
    /// The sensors that were found.
    pub found: &'a BoardReport,
    /// What the owner chose.
    pub settings: Settings,
    /// How long bulk work may wait for surplus energy.
    pub can_wait: Duration,
    /// Names this start of the system, where it is known.
    pub boot: Option<String>,
    /// What an earlier run saved.
    pub persisted: PersistedState,
}

/// The coordinator of one agent.
#[derive(Clone, Debug)]
pub struct HostCoordinator {
    pub(super) governor: Governor,
    pub(super) role: Role,
    pub(super) shares: Shares,
    pub(super) sampling: Sampling,
    pub(super) pause: HostPause,
    pub(super) hint_source: HintSource,
    /// Hints that a follower received while it had no leader.
    pub(super) hints: heapless::Deque<HintMessage, 8>,
    pub(super) spending: Spending,
    pub(super) saves: SaveSchedule,
    /// The time of day, and when it was read.
    wall: Option<(Instant, Wall)>,
    /// The decision that the node was sent last.
    sent_to_node: Option<Decision>,
    can_wait: Duration,
}

impl HostCoordinator {
    /// A coordinator that knows no leader yet: `Elected` makes it one, else it asks for a connection at its first `Wake`.
    #[must_use]
    pub fn new(now: Instant, wall: Option<Wall>, setup: Setup<'_>) -> Self {
        let Setup { cores, found, settings, can_wait, boot, persisted } = setup;
        let mut coordinator = Self {
            governor: Governor::new(cores, found, settings, persisted.learned),
            role: Role::seeking(now),
            shares: Shares::new(cores, Duration::from_millis(persisted.waited_ms)),
            sampling: Sampling::new(found),
            pause: HostPause::restore(now, wall, boot, &persisted),
            hint_source: HintSource::default(),
            hints: heapless::Deque::new(),
            spending: Spending::new(now, found, &persisted),
            saves: SaveSchedule::new(now, persisted),
            wall: wall.map(|wall| (now, wall)),
            sent_to_node: None,
            can_wait,
        };
        if let Some((core_watts, device_watts)) = coordinator.spending.calibrated_watts(cores) {
            coordinator.governor.set_core_watts(core_watts);
            coordinator.hint_source.set_device_watts(device_watts);
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
                self.saves.spent(now);
            }
            Input::Stop => self.spending.close(),
            Input::NodeFull => self.sent_to_node = None,
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
            Input::Burst(time) => self.on_burst(now, time, out),
            Input::Quiet(quiet) => self.on_quiet(now, quiet, out),
            Input::NewSupply => {
                self.governor.forget_supply();
                self.sampling.changed(false);
                self.update_others(now, out);
            }
            Input::Hint(from, bytes) => self.on_hint(now, from, bytes, out),
        }
    }

    /// When it wants a `Wake`; `None`: not before another input.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let late = self.sampling.late_at().filter(|_| self.leads());
        earliest(late, earliest(self.sampler_deadline(now), self.host_deadline(now)))
    }

    /// The part of the deadline for the thread that reads the sensors and saves the state: the next sample or save.
    #[must_use]
    pub fn sampler_deadline(&self, now: Instant) -> Option<Instant> {
        earliest(self.sample_at(now), self.save_at())
    }

    /// The part of the deadline for the thread that exchanges messages with the other agents. Neither part says when a
    /// read of the sensors is late: a runtime that saves wake-ups leaves that to the next call of `decision`.
    #[must_use]
    pub fn host_deadline(&self, now: Instant) -> Option<Instant> {
        if self.leads() { self.shares.renew_at() } else { self.role.deadline(now, self.shares.works_since()) }
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
        if self.replace_late_sample(now) {
            self.update_followers_if_moved(now, out);
        }
        if self.leads() {
            self.renew(now, out);
        } else {
            if self.role.seeks(now) {
                out.push(Output::Connect);
            }
            // What a silent leader allows becomes less with time.
            self.update_node(now, out);
        }
    }

    // ---- the time of day ------------------------------------------------------------------------------------------

    /// The time of day, if it is known; between two `Input::Time` it advances with `now`.
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

    /// Days since 1970; while the time is unknown, a negative number that counts days of running.
    pub(super) fn day(&self, now: Instant) -> i64 {
        self.wall(now).map_or_else(|| self.spending.day_of_running(now), |wall| wall.0.div_euclid(86_400))
    }

    // ---- what is allowed ------------------------------------------------------------------------------------------

    /// What this agent may do now. Its followers are sent a message if that moved much meanwhile.
    pub fn decision(&mut self, now: Instant, out: &mut Out) -> Decision {
        self.replace_late_sample(now);
        let decision = self.allowed(now);
        self.update_followers_if_moved(now, out);
        decision
    }

    /// Should sensor `at` be read once more before its value is used?
    #[must_use]
    pub fn doubts(&self, now: Instant, at: usize, reading: Reading) -> bool {
        self.governor.doubts(now, at, reading)
    }

    /// The work that waits on this host.
    pub(super) fn backlog(&self, now: Instant) -> Backlog {
        Backlog { oldest: self.shares.oldest(now), can_wait: self.can_wait }
    }

    fn allowed(&mut self, now: Instant) -> Decision {
        let decision = match &self.role {
            Role::Leads => {
                self.shares.whole = self.governor.decision(now);
                self.shares.own_part()
            }
            Role::Follows(following) => following.allowed(now, self.shares.works_since()),
        };
        // A pause that this agent knows holds at once, whether its leader knows it yet or not.
        if self.pause.holds(now) && !self.leads() { decision.paused() } else { decision }
    }

    /// Sends the node a decision that differs in more than headroom and duty: those it asks for when it starts a task.
    pub(super) fn update_node(&mut self, now: Instant, out: &mut Out) {
        let decision = self.allowed(now);
        if !self.sent_to_node.is_some_and(|sent| sent.is_like(&decision)) {
            self.sent_to_node = Some(decision);
            out.push(Output::Power(decision));
        }
    }

    // ---- what is saved --------------------------------------------------------------------------------------------

    /// The state to save.
    #[must_use]
    pub fn persisted(&self, now: Instant) -> PersistedState {
        PersistedState {
            v: PersistedState::VERSION,
            learned: Some(self.governor.learned()),
            pause: self.pause.persist(now, self.wall(now)),
            // Who began it only the driver knows.
            burst: None,
            said: self.pause.number(),
            waited_ms: self.shares.own_age_ms(now).unwrap_or(0),
            calibration: self.spending.calibration(),
            ledger: self.spending.ledger().clone(),
        }
    }

    /// Does it differ from what was saved last? An agent that did nothing writes nothing.
    #[must_use]
    pub fn is_new(&self, state: &PersistedState) -> bool {
        self.saves.is_new(state)
    }
}
