//! What the governor's threads share: the coordinator behind a lock, and its outputs for each thread.

use super::pause_request::BurstFrom;
use super::state_file;
use super::time::Time;
use super::waker::Waker;
use crate::base::time::{Duration, Instant, earliest};
use crate::energy::board::report::BoardReport;
use crate::energy::coordinator::persisted::{PersistedBurst, PersistedState};
use crate::energy::coordinator::{HostCoordinator, Input, Out, Output};
use crate::energy::day::{Day, DayReport, Moment};
use crate::energy::decision::Decision;
use crate::energy::fraction::Fraction;
use crate::energy::host_protocol::FollowerMessage;
use crate::energy::policy::hint::HintError;
use crate::energy::policy::wall::Wall;
use crate::limits::FOLLOWERS_MAX;
use crate::node::input::Input as NodeInput;
use crate::platform::clock;
use crate::platform::findings::Findings;
use crate::platform::sysfs;
use smol::channel::Sender;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Outputs that may wait for the host thread: the newest message for each agent, as many hints as a follower keeps, and
/// a few more.
const HOST_WORK_MAX: usize = 2 * FOLLOWERS_MAX + 16;

/// What the threads share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Wakes the sampling thread.
    pub(super) changed: Condvar,
    /// Wakes the host thread, which exchanges messages with the other agents.
    pub(super) host: Waker,
    pub(super) time: Mutex<Time>,
    pub(super) home: PathBuf,
    /// Held while the state is written, so that an older state never overwrites a newer one.
    pub(super) saving: Mutex<()>,
    pub(super) sensors: PathBuf,
    /// The sensors as last read for a report.
    pub(super) found: Mutex<BoardReport>,
    /// A read for a report is under way.
    pub(super) reading: AtomicBool,
    /// How long a burst lasts; zero: the owner wants none without asking for it.
    pub(super) burst: Duration,
    /// When the burst that was last begun here ends, and who began it.
    pub(super) burst_from: Mutex<Option<(Instant, BurstFrom)>>,
    /// Where what is doubted is shown.
    pub(super) findings: Findings,
}

/// The coordinator, and its outputs that were not carried out yet.
#[derive(Debug)]
pub(super) struct State {
    pub(super) coordinator: HostCoordinator,
    out: Out,
    inputs: Sender<NodeInput>,
    pub(super) stopped: bool,
    /// For the sampling thread: read the sensors; true: list them again before.
    pub(super) read: Option<bool>,
    /// For the sampling thread: save the state.
    pub(super) save: bool,
    /// The agent started without its sensors, because listing them took long.
    pub(super) awaits_sensors: bool,
    /// For the host thread.
    host_work: VecDeque<Output>,
    /// When each thread wakes by itself.
    pub(super) sampler_wakes: Option<Instant>,
    pub(super) host_wakes: Option<Instant>,
    /// The last 24 hours, for people.
    pub(super) day: Day,
}

/// The threads to wake.
#[derive(Clone, Copy, Debug, Default)]
struct Wake {
    sampler: bool,
    host: bool,
}

impl State {
    /// What was worked before this moment is in no slot of the day.
    pub(super) fn new(now: Instant, coordinator: HostCoordinator, inputs: Sender<NodeInput>) -> Self {
        let mut state = Self {
            coordinator,
            out: Out::new(),
            inputs,
            stopped: false,
            read: None,
            save: false,
            awaits_sensors: false,
            host_work: VecDeque::new(),
            sampler_wakes: None,
            host_wakes: None,
            day: Day::default(),
        };
        state.see(now, None, None);
        state
    }

    /// Keeps what a sample saw, and what was worked, for people.
    fn see(&mut self, now: Instant, watts: Option<f64>, ran: Option<Fraction>) {
        let (degrees, worked) = self.coordinator.moment(now);
        self.day.see(now, &Moment { watts, degrees, ran, worked });
    }

    /// Gives the coordinator an input and routes its outputs. Returns why a hint was refused.
    fn handle(&mut self, now: Instant, input: Input<'_>) -> Option<HintError> {
        let ends_task = matches!(input, Input::TaskEnded { .. });
        self.coordinator.handle(now, input, &mut self.out);
        // An agent that follows another one has no samples: each task counts at its end.
        if ends_task && !self.coordinator.leads() {
            self.see(now, None, None);
        }
        self.route(now)
    }

    fn route(&mut self, now: Instant) -> Option<HintError> {
        let mut refused = None;
        let mut out = std::mem::take(&mut self.out);
        for output in out.drain() {
            match output {
                Output::Power(decision) => {
                    if self.inputs.try_send(NodeInput::Power(decision)).is_err() {
                        // This input has no outputs: it makes the next decision be sent again.
                        self.coordinator.handle(now, Input::NodeFull, &mut Out::new());
                    }
                }
                Output::ReadSensors { relist } => self.read = Some(self.read.unwrap_or(false) | relist),
                Output::Save => self.save = true,
                Output::HintRefused(error) => refused = Some(error),
                output => self.queue(output),
            }
        }
        self.out = out;
        refused
    }

    /// Queues an output for the host thread. It replaces an older message that waits for the same agent.
    fn queue(&mut self, output: Output) {
        match &output {
            Output::ToFollower(id, _) => {
                self.host_work.retain(|other| !matches!(other, Output::ToFollower(queued, _) if queued == id));
            }
            Output::ToLeader(FollowerMessage::State { .. }) => {
                let stale = |other: &Output| matches!(other, Output::ToLeader(FollowerMessage::State { .. }));
                self.host_work.retain(|other| !stale(other));
            }
            _ => {}
        }
        if self.host_work.len() < HOST_WORK_MAX {
            self.host_work.push_back(output);
        }
    }

    /// The threads that have something to do before they wake by themselves.
    fn threads_to_wake(&self, now: Instant) -> Wake {
        let sooner = |due: Option<Instant>, wakes: Option<Instant>| due.is_some() && earliest(due, wakes) != wakes;
        Wake {
            sampler: self.read.is_some()
                || self.save
                || sooner(self.coordinator.sampler_deadline(now), self.sampler_wakes),
            host: !self.host_work.is_empty() || sooner(self.coordinator.host_deadline(now), self.host_wakes),
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the coordinator an input and wakes the threads that then have something to do.
    ///
    /// # Errors
    /// What is wrong with a hint.
    pub(super) fn handle(&self, now: Instant, input: Input<'_>) -> Result<(), HintError> {
        let mut state = self.lock();
        let refused = state.handle(now, input);
        let wake = state.threads_to_wake(now);
        drop(state);
        self.wake(wake);
        refused.map_or(Ok(()), Err)
    }

    /// The same for every input but a hint.
    pub(super) fn input(&self, now: Instant, input: Input<'_>) {
        // Only hints are refused.
        let _ = self.handle(now, input);
    }

    /// Begins a burst. The one that ends last counts, and so does who began that.
    pub(super) fn begin_burst(&self, now: Instant, time: Duration, from: BurstFrom) {
        let until = now + time;
        if self.lock().coordinator.burst(now).is_none_or(|ends| ends < until) {
            *self.burst_from.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, from));
        }
        self.input(now, Input::Burst(time));
    }

    /// Who began the burst that ends then; `None`: another agent of this host. Agents tell each other the end in milliseconds.
    pub(super) fn burst_from(&self, until: Option<Instant>) -> Option<BurstFrom> {
        let ours = *self.burst_from.lock().unwrap_or_else(PoisonError::into_inner);
        ours.filter(|(ends, _)| until.is_some_and(|until| until.millis() == ends.millis())).map(|(_, from)| from)
    }

    /// Calls the coordinator and routes the outputs of that.
    pub(super) fn with<T>(&self, now: Instant, call: impl FnOnce(&mut HostCoordinator, &mut Out) -> T) -> T {
        let mut state = self.lock();
        let State { coordinator, out, .. } = &mut *state;
        let result = call(coordinator, out);
        state.route(now);
        let wake = state.threads_to_wake(now);
        drop(state);
        self.wake(wake);
        result
    }

    fn wake(&self, wake: Wake) {
        if wake.sampler {
            self.changed.notify_all();
        }
        if wake.host {
            self.host.wake();
        }
    }

    /// The agent stops.
    pub(super) fn stop(&self, now: Instant) {
        self.lock().stopped = true;
        self.input(now, Input::Stop);
        self.wake(Wake { sampler: true, host: true });
    }

    pub(super) fn decision(&self, now: Instant) -> Decision {
        self.with(now, |coordinator, out| coordinator.decision(now, out))
    }

    /// The next output for the host thread; `None`: there is none, or the agent stops.
    pub(super) fn next_for_host(&self) -> Option<Output> {
        let mut state = self.lock();
        if state.stopped { None } else { state.host_work.pop_front() }
    }

    /// When the host thread is to give a `Wake`; `Err`: the agent stops.
    pub(super) fn host_due(&self, now: Instant) -> Result<Option<Instant>, Stopped> {
        let mut state = self.lock();
        if state.stopped {
            return Err(Stopped);
        }
        state.host_wakes = state.coordinator.host_deadline(now);
        Ok(state.host_wakes)
    }

    /// Keeps what a sample saw, for people.
    pub(super) fn see(&self, now: Instant, watts: Option<f64>, ran: Option<Fraction>) {
        self.lock().see(now, watts, ran);
    }

    /// The last 24 hours. Of an agent that follows another one, which samples nothing, they go to this moment too.
    pub(super) fn day(&self, now: Instant) -> DayReport {
        if !self.lock().coordinator.leads() {
            self.see(now, None, None);
        }
        self.lock().day.report(now)
    }

    /// Reads all sensors for a report.
    pub(super) fn read_sensors(&self) {
        let found = BoardReport::of(&sysfs::tree(&self.sensors));
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        self.reading.store(false, Ordering::Relaxed);
    }

    /// Reads the time of day for the coordinator. The coordinator is not locked meanwhile.
    pub(super) fn update_time(&self, now: Instant) -> Option<Wall> {
        let (wall, zone) = self.time.lock().unwrap_or_else(PoisonError::into_inner).read(now);
        self.input(now, Input::Time(wall, zone.as_ref()));
        wall
    }

    /// Writes the state and syncs it to the disk, if there is anything new or with `force`.
    pub(super) fn save(&self, force: bool) -> std::io::Result<()> {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        self.update_time(now);
        let (persisted, is_new) = {
            let state = self.lock();
            let burst =
                state.coordinator.burst(now).filter(|until| self.burst_from(Some(*until)) == Some(BurstFrom::Asked));
            let burst = burst.map(|until| PersistedBurst::new(now, until, clock::boot(), state.coordinator.wall(now)));
            let persisted = PersistedState { burst, ..state.coordinator.persisted(now) };
            let is_new = state.coordinator.is_new(&persisted);
            (persisted, is_new)
        };
        let saved = if force || is_new { state_file::save(&self.home, &persisted) } else { Ok(()) };
        self.input(clock::now(), Input::Saved(saved.is_ok().then_some(&persisted)));
        saved
    }
}

/// The agent stops.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

#[cfg(test)]
#[path = "shared_test.rs"]
mod test;
