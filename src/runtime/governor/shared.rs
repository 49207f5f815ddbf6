//! What the governor's threads share: the coordinator behind one lock, and what each thread is to do for it.

use super::host::Waker;
use super::state_file;
use super::time::Time;
use crate::base::time::{Instant, earliest};
use crate::energy::board::findings::BoardReport;
use crate::energy::coordinator::{HostCoordinator, Input, Out, Output};
use crate::energy::decision::Decision;
use crate::energy::host_protocol::FollowerMessage;
use crate::energy::policy::hint::HintError;
use crate::energy::policy::wall::Wall;
use crate::limits::FOLLOWERS_MAX;
use crate::node::input::Input as NodeInput;
use crate::platform::clock;
use crate::platform::sysfs;
use smol::channel::Sender;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Outputs that may wait for the thread that talks with the other agents: the newest message for each of them, as many
/// hints as a follower keeps, and a few.
const HOST_WORK_MAX: usize = 2 * FOLLOWERS_MAX + 16;

/// What the threads share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Something changed that the sampling thread waits for.
    pub(super) changed: Condvar,
    /// Wakes the thread that talks with the other agents.
    pub(super) host: Waker,
    pub(super) time: Mutex<Time>,
    pub(super) home: PathBuf,
    /// Held while the state is written, so that an older one never comes after a newer one.
    pub(super) saving: Mutex<()>,
    pub(super) sensors: PathBuf,
    /// What was found when the sensors were looked at last for somebody who asked.
    pub(super) found: Mutex<BoardReport>,
    /// Somebody looks.
    pub(super) looking: AtomicBool,
}

/// The coordinator, and its outputs on their way to the threads that carry them out.
#[derive(Debug)]
pub(super) struct State {
    pub(super) coordinator: HostCoordinator,
    out: Out,
    inputs: Sender<NodeInput>,
    pub(super) stopped: bool,
    /// For the sampling thread: read the sensors, listed anew before or not.
    pub(super) read: Option<bool>,
    /// For the sampling thread: write the state.
    pub(super) save: bool,
    /// The agent began without its sensors, because listing them took long.
    pub(super) awaits_sensors: bool,
    /// For the thread that talks with the other agents.
    host_work: VecDeque<Output>,
    /// When each of the two threads wakes by itself.
    pub(super) sampler_wakes: Option<Instant>,
    pub(super) host_wakes: Option<Instant>,
}

/// Threads to be woken.
#[derive(Clone, Copy, Debug, Default)]
struct Wake {
    sampler: bool,
    host: bool,
}

impl State {
    pub(super) fn new(coordinator: HostCoordinator, inputs: Sender<NodeInput>) -> Self {
        Self {
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
        }
    }

    /// Hands in an input and hands out what it caused. Gives what was wrong with a hint.
    fn handle(&mut self, now: Instant, input: Input<'_>) -> Option<HintError> {
        self.coordinator.handle(now, input, &mut self.out);
        self.hand_out(now)
    }

    fn hand_out(&mut self, now: Instant) -> Option<HintError> {
        let mut refused = None;
        let mut out = std::mem::take(&mut self.out);
        for output in out.drain() {
            match output {
                Output::Power(decision) => {
                    if self.inputs.try_send(NodeInput::Power(decision)).is_err() {
                        // Nothing follows from it but that the node is told again.
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

    /// A newer message takes the place of one that waits for the same agent.
    fn queue(&mut self, output: Output) {
        match &output {
            Output::ToFollower(id, _) => {
                self.host_work.retain(|other| !matches!(other, Output::ToFollower(waits, _) if waits == id));
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

    /// Which threads have something to do sooner than they know.
    fn whom_to_wake(&self, now: Instant) -> Wake {
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

    /// Hands an input to the coordinator, and wakes whom that concerns.
    ///
    /// # Errors
    /// What is wrong with a hint.
    pub(super) fn handle(&self, now: Instant, input: Input<'_>) -> Result<(), HintError> {
        let mut state = self.lock();
        let refused = state.handle(now, input);
        let wake = state.whom_to_wake(now);
        drop(state);
        self.wake(wake);
        refused.map_or(Ok(()), Err)
    }

    /// The same for inputs that are no hints.
    pub(super) fn tell(&self, now: Instant, input: Input<'_>) {
        // Only a hint can be refused.
        let _ = self.handle(now, input);
    }

    /// Looks at the coordinator, and hands out what follows from it.
    pub(super) fn ask<T>(&self, now: Instant, question: impl FnOnce(&mut HostCoordinator, &mut Out) -> T) -> T {
        let mut state = self.lock();
        let State { coordinator, out, .. } = &mut *state;
        let answer = question(coordinator, out);
        state.hand_out(now);
        let wake = state.whom_to_wake(now);
        drop(state);
        self.wake(wake);
        answer
    }

    fn wake(&self, wake: Wake) {
        if wake.sampler {
            self.changed.notify_all();
        }
        if wake.host {
            self.host.ring();
        }
    }

    /// The agent stops.
    pub(super) fn stop(&self, now: Instant) {
        self.lock().stopped = true;
        self.tell(now, Input::Stop);
        self.wake(Wake { sampler: true, host: true });
    }

    pub(super) fn decision(&self, now: Instant) -> Decision {
        self.ask(now, |coordinator, out| coordinator.decision(now, out))
    }

    /// The next output for the thread that talks with the other agents; `None`: nothing, or the agent stops.
    pub(super) fn next_for_host(&self) -> Option<Output> {
        let mut state = self.lock();
        if state.stopped { None } else { state.host_work.pop_front() }
    }

    /// When that thread is due; `Err`: the agent stops.
    pub(super) fn host_due(&self, now: Instant) -> Result<Option<Instant>, Stopped> {
        let mut state = self.lock();
        if state.stopped {
            return Err(Stopped);
        }
        state.host_wakes = state.coordinator.host_deadline(now);
        Ok(state.host_wakes)
    }

    pub(super) fn look(&self) {
        let found = BoardReport::of(&sysfs::tree(&self.sensors));
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        self.looking.store(false, Ordering::Relaxed);
    }

    /// Looks up the time of day for the coordinator; no lock is held meanwhile but the clock's own.
    pub(super) fn tell_time(&self, now: Instant) -> Option<Wall> {
        let (wall, zone) = self.time.lock().unwrap_or_else(PoisonError::into_inner).look(now);
        self.tell(now, Input::Time(wall, zone.as_ref()));
        wall
    }

    /// Writes what is to be kept, synced; unless there is nothing new and nobody `insists`.
    pub(super) fn save(&self, insists: bool) -> std::io::Result<()> {
        let _one = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        self.tell_time(now);
        let (kept, is_new) = {
            let state = self.lock();
            let kept = state.coordinator.persisted(now);
            let is_new = state.coordinator.is_new(&kept);
            (kept, is_new)
        };
        let saved = if insists || is_new { state_file::save(&self.home, &kept) } else { Ok(()) };
        self.tell(clock::now(), Input::Saved(saved.is_ok().then_some(&kept)));
        saved
    }
}

/// The agent stops.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;
