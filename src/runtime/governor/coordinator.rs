//! The state that the threads share: the governor itself, what each agent of the host wants, what was told to whom.

mod host;
mod people;
mod told;

use super::Setup;
use super::state_file::Kept;
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::ledger::Ledger;
use crate::energy::accounting::meter::{Cpu, Meter, Model, Recorded, Task, Watts};
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::findings::BoardReport;
use crate::energy::board::source::Supplies;
use crate::energy::decision::Decision;
use crate::energy::fraction::Fraction;
use crate::energy::governor::Governor;
use crate::energy::input::Sample;
use crate::energy::mode::Mode;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::hint_source::HintSource;
use crate::energy::policy::pause::Pause;
use crate::energy::policy::wall::{Wall, Zone};
use crate::energy::reason::Reason;
use crate::energy::sample::fault::{Fault, Reading};
use crate::limits::{FOLLOWERS_MAX, SENSOR_LATE_MS};
use crate::node::input::Input;
use heapless::LinearMap;
use smol::channel::Sender;

/// Fraction of the device by which headroom must have moved for followers to be told.
const STEP: f64 = 0.05;
/// A follower's last word is believed for this long after its leader is gone or not yet found.
const ORPHAN: Duration = Duration::from_secs(5);
/// A leader repeats its word to followers that work this often, whether it is new or not.
pub(super) const RENEW: Duration = Duration::from_secs(10);
/// A follower that works believes a word for this long: two renewals may be late. A leader that hangs, or whose sensors
/// do, thus allows nothing for ever.
const STALE: Duration = Duration::from_secs(25);

/// What others are to be told after a change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change {
    /// The other agents of the host.
    pub(super) others: bool,
    /// The thread that samples.
    pub(super) sampling: bool,
}

/// What an agent wants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Demand {
    /// Since when its work waits, and how long it had waited then.
    waits: Option<(Instant, Duration)>,
    answering: bool,
}

/// Who decides.
#[derive(Clone, Copy, Debug)]
enum Role {
    Leads,
    /// Another agent decides.
    Follows {
        /// What it allows.
        word: Decision,
        /// When it said so last.
        heard: Instant,
        /// Since when it is gone, or not yet found.
        gone: Option<Instant>,
    },
}

/// The shared state.
#[derive(Debug)]
pub(super) struct HostCoordinator {
    pub(super) governor: Governor,
    pub(super) stopped: bool,
    /// A read of the sensors is under way since.
    pub(super) reading: Option<Instant>,
    pub(super) sensors: usize,
    late_fed: Option<Instant>,
    supplies: Option<Supplies>,
    cores: usize,
    role: Role,
    own: Demand,
    followers: LinearMap<u64, Demand, FOLLOWERS_MAX>,
    whole: Decision,
    /// What the followers were woken for last.
    spread: Decision,
    pushed: Option<Decision>,
    inputs: Sender<Input>,
    /// The newest word of a person on a pause: its number, and what it said.
    said: u64,
    pause: Option<Pause>,
    can_wait: Duration,
    /// What the work had waited when the agent last stopped.
    waited: Duration,
    puts: HintSource,
    /// The time of day, and when it was looked up.
    wall: Option<(Instant, Wall)>,
    meter: Meter,
    ledger: Ledger,
    calibration: Option<super::state_file::Calibration>,
    began: Instant,
    keeping: told::PersistedState,
    /// The sensors are to be listed anew.
    pub(super) rescan: bool,
    sample_now: bool,
    /// The processes of the followers.
    pids: Vec<(u64, i32)>,
    /// Hints that came to a follower, and that its leader does not have yet.
    pub(super) outgoing: heapless::Deque<crate::energy::host_protocol::Hint, 8>,
}

impl HostCoordinator {
    pub(super) fn new(
        now: Instant,
        wall: Option<Wall>,
        cores: usize,
        found: &BoardReport,
        setup: &Setup,
        kept: Kept,
        inputs: Sender<Input>,
    ) -> Self {
        let mut governor = Governor::new(cores, found, setup.settings.clone(), kept.learned);
        for (window, energy) in &setup.plan {
            if !governor.policy.plan(*window, *energy) {
                log::warn!("Part of the energy schedule does not fit and is left out.");
            }
        }
        let pause = kept.pause.map(|kept| Pause::recall(now, wall, kept));
        let of_table = found.board.as_ref().and_then(|board| board.core_watts);
        let table = |core_watts| Model { method: Method::ModelDefault, scope: Scope::BoardInput, core_watts };
        let model = kept.calibration.map(super::state_file::Calibration::model).or(of_table.map(table));
        let meter = Meter::new(model, kept.calibration.map(|kept| (kept.idle_watts, kept.scope)));
        let mut core = Self {
            governor,
            stopped: false,
            reading: None,
            sensors: found.cpu.sensors().len(),
            late_fed: None,
            supplies: None,
            cores,
            role: Role::Leads,
            own: Demand::default(),
            followers: LinearMap::new(),
            whole: Decision { reason: Some(Reason::Rising), ..Decision::default() },
            spread: Decision::default(),
            pushed: None,
            inputs,
            said: kept.said,
            pause,
            can_wait: setup.can_wait,
            waited: Duration::from_millis(kept.waited_ms),
            puts: HintSource::default(),
            wall: wall.map(|wall| (now, wall)),
            meter,
            calibration: kept.calibration,
            began: now,
            keeping: told::PersistedState::new(now, &kept),
            ledger: kept.ledger,
            rescan: false,
            sample_now: true,
            pids: Vec::new(),
            outgoing: heapless::Deque::new(),
        };
        core.know_watts();
        core.apply_pause();
        core
    }

    // ---- the agent's own words ------------------------------------------------------------------------------------

    pub(super) fn demand(&mut self, now: Instant, backlog: Backlog) -> Change {
        // Work that begins is not kept waiting for the next of the rare samples.
        self.sample_now |= backlog.oldest.is_some() && self.own.waits.is_none();
        self.own.waits = backlog.oldest.map(|oldest| (now, oldest + std::mem::take(&mut self.waited)));
        self.push(now);
        Change { others: true, sampling: true }
    }

    pub(super) fn answering(&mut self, now: Instant, yes: bool) -> Change {
        let before = std::mem::replace(&mut self.own.answering, yes);
        if self.leads() {
            self.people(now, before, yes);
        }
        Change { others: true, sampling: false }
    }

    pub(super) fn spent(&mut self, now: Instant, cpu: Duration, chunks: usize) -> Change {
        let booked = self.meter.ended(now, Task { day: self.day(now), cpu, chunks: chunks as u64 });
        self.book(booked);
        if self.stopped {
            let last = self.meter.close();
            self.book(last);
        }
        Change::default()
    }

    fn book(&mut self, booked: Option<Recorded>) {
        if let Some(booked) = booked {
            self.ledger.book(booked);
        }
    }

    pub(super) fn stop(&mut self) -> Change {
        self.stopped = true;
        let booked = self.meter.close();
        self.book(booked);
        Change { others: true, sampling: true }
    }

    // ---- the time of day ------------------------------------------------------------------------------------------

    /// The time of day, as far as it is known; it goes on by itself between two looks.
    pub(super) fn wall(&self, now: Instant) -> Option<Wall> {
        let seconds = |at| i64::try_from(now.since(at).as_secs()).unwrap_or(0);
        self.wall.map(|(at, wall)| Wall(wall.0.saturating_add(seconds(at))))
    }

    /// It was looked up, with the zone where that may have changed.
    pub(super) fn set_time(&mut self, now: Instant, wall: Option<Wall>, zone: Option<Zone>) {
        self.wall = wall.map(|wall| (now, wall));
        if let Some(zone) = zone {
            self.governor.policy.set_zone(zone);
        }
    }

    // ---- samples --------------------------------------------------------------------------------------------------

    /// The work that waits on this host.
    pub(super) fn backlog(&self, now: Instant) -> Backlog {
        let ages = self.followers.values().chain([&self.own]).filter_map(|wants| wants.waits);
        Backlog { oldest: ages.map(|wants| age(now, wants)).max(), can_wait: self.can_wait }
    }

    /// When to sample next; `None`: not at all, another agent does.
    pub(super) fn sample_at(&self, now: Instant) -> Option<Instant> {
        if !self.leads() {
            return None;
        }
        if self.sample_now { Some(now) } else { self.governor.deadline(now) }
    }

    /// The sensors were looked for: others may be there than before.
    pub(super) fn look_at(&mut self, found: &BoardReport) {
        self.sensors = found.cpu.sensors().len();
        self.governor.found(found);
        self.sample_now = true;
    }

    /// The kernel says that a supply or a sensor changed; or came or went, then they are listed anew.
    pub(super) const fn something_changed(&mut self, relist: bool) {
        self.sample_now = true;
        self.rescan |= relist;
    }

    pub(super) const fn begin_reading(&mut self, now: Instant) {
        self.sample_now = false;
        self.reading = Some(now);
    }

    pub(super) fn pids(&self) -> &[(u64, i32)] {
        &self.pids
    }

    pub(super) const fn cores(&self) -> usize {
        self.cores
    }

    /// What was read; unknown where it came late. `watts` were measured with it.
    pub(super) fn end_reading(&mut self, now: Instant, sample: &Sample, watts: Option<Watts>, late: bool) -> Change {
        if late {
            self.notice_late(now + Duration::from_millis(SENSOR_LATE_MS + 1));
            self.reading = None;
            return self.news();
        }
        self.reading = None;
        self.late_fed = None;
        self.supplies = sample.supplies;
        self.measure(now, sample, watts);
        self.whole = self.governor.sample(now, sample);
        self.push(now);
        self.keeping.notice(self.governor.learned());
        self.news()
    }

    /// Power and CPU time since the last sample, for the tasks that ended meanwhile.
    fn measure(&mut self, now: Instant, sample: &Sample, watts: Option<Watts>) {
        let busy = sample
            .ticks
            .map(|ticks| Duration::from_millis(ticks.busy.saturating_mul(1000) / u64::from(ticks.per_second.max(1))));
        let cpu = sample.mine.zip(busy).map(|(mine, busy)| Cpu { mine, busy });
        let booked = self.meter.sample(now, watts, cpu, self.own.waits.is_some());
        self.book(booked);
    }

    /// Feeds an unknown sample in place of one that its sensors keep back (C5), once a second.
    pub(super) fn notice_late(&mut self, now: Instant) {
        let late = self.reading.is_some_and(|since| now.since(since) > Duration::from_millis(SENSOR_LATE_MS));
        if !late || !self.leads() || self.late_fed.is_some_and(|at| now.since(at) < Duration::from_secs(1)) {
            return;
        }
        self.late_fed = Some(now);
        let unknown: Reading = Err(Fault::Later);
        // A device without a battery has none now either; what a battery says may have changed meanwhile.
        let supplies = self.supplies.filter(|supplies| supplies.battery.is_none());
        let mut sample = Sample { wall: self.wall(now), backlog: self.backlog(now), supplies, ..Sample::default() };
        for _ in 0..self.sensors {
            // As many as the governor knows.
            let _ = sample.temperatures.push(unknown);
        }
        self.whole = self.governor.sample(now, &sample);
    }

    // ---- what is allowed ------------------------------------------------------------------------------------------

    pub(super) fn decision(&mut self, now: Instant) -> Decision {
        let decision = match self.role {
            Role::Leads => {
                self.whole = self.governor.decision(now);
                self.part(self.own.waits.is_some())
            }
            Role::Follows { word, heard, gone } => {
                let silent = self.own.waits.is_some_and(|(since, _)| now.since(heard.max(since)) > STALE);
                if silent || gone.is_some_and(|since| now.since(since) > ORPHAN) { careful(word) } else { word }
            }
        };
        // A pause is the word of a person here: it waits for no other agent.
        if self.pause.is_some_and(|pause| pause.holds(now)) && !self.leads() { paused(decision) } else { decision }
    }

    /// Whether followers must hear of what changed since they were woken last: a regulator's small steps wake nobody
    /// until they add up.
    pub(super) fn news(&mut self) -> Change {
        let moved = (self.spread.headroom.value() - self.whole.headroom.value()).abs();
        let others = !self.followers.is_empty() && (told(&self.spread) != told(&self.whole) || moved > STEP);
        if others {
            self.spread = self.whole;
        }
        Change { others, sampling: false }
    }

    /// Tells the node of what it must know at once; a change of duty alone is pulled.
    fn push(&mut self, now: Instant) {
        let decision = self.decision(now);
        if self.pushed.as_ref().map(told) != Some(told(&decision))
            && self.inputs.try_send(Input::Power(decision)).is_ok()
        {
            self.pushed = Some(decision);
        }
    }
}

/// A decision without what moves from second to second.
const fn told(decision: &Decision) -> Decision {
    Decision { duty: Fraction::NONE, headroom: Fraction::NONE, ..*decision }
}

fn age(now: Instant, (since, before): (Instant, Duration)) -> Duration {
    before.saturating_add(now.since(since))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Nothing, because a person said so.
fn paused(decision: Decision) -> Decision {
    let off = Decision { energy: decision.energy, on_battery: decision.on_battery, ..Decision::default() };
    Decision { reason: Some(Reason::Paused), ..off }
}

/// What a follower may do whose leader is silent: little.
fn careful(decision: Decision) -> Decision {
    if decision.workers == 0 {
        return decision;
    }
    let reason = Some(Reason::LeaderSilent);
    Decision {
        headroom: Fraction::TRICKLE,
        reason,
        mode: Mode::Trickle,
        workers: 1,
        duty: Fraction::TRICKLE,
        chunks: 1,
        ..decision
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod joules_test;
