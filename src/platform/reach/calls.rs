//! Calls into watched folders, each made on a thread that its caller does not have to wait for.

use super::table::{Reach, Silent};
use crate::base::time::Duration;
use crate::platform::panics::guard;
use crate::platform::turn::Turn;
use crate::platform::{clock, sched};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Builder;

const UNDER_WAY: u8 = 0;
const ENDED: u8 = 1;
const GIVEN_UP: u8 = 2;

type Job = Box<dyn FnOnce() + Send>;

/// Makes calls, one at a time; each clone has a thread of its own for them, which begins with the first call, has the
/// priority of its caller, and ends with the clone. A thread whose call was given up is replaced.
#[derive(Debug, Default)]
pub(in crate::platform) struct Calls {
    reach: Reach,
    thread: Mutex<Option<Sender<Job>>>,
}

impl Clone for Calls {
    fn clone(&self) -> Self {
        Self::new(self.reach.clone())
    }
}

/// How far a call has come.
#[derive(Debug)]
pub(in crate::platform) struct Progress {
    steps: AtomicU64,
    /// The folder or file that it is in.
    at: Mutex<Vec<u8>>,
    state: AtomicU8,
    /// The place that counts as silent since it was given up.
    place: OnceLock<Vec<u8>>,
    turn: Turn,
}

impl Progress {
    fn new(at: &[u8]) -> Self {
        let (steps, state) = (AtomicU64::new(0), AtomicU8::new(UNDER_WAY));
        Self { steps, at: Mutex::new(at.to_vec()), state, place: OnceLock::new(), turn: Turn::default() }
    }

    /// A system call has returned.
    pub(in crate::platform) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// It goes into this folder.
    pub(in crate::platform) fn enter(&self, folder: &[u8]) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.clear();
        at.extend_from_slice(folder);
        self.step();
    }

    fn at(&self) -> Vec<u8> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it in this way; false if it has ended in the other one.
    fn end(&self, how: u8) -> bool {
        self.state.compare_exchange(UNDER_WAY, how, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Calls {
    pub(in crate::platform) fn new(reach: Reach) -> Self {
        Self { reach, thread: Mutex::default() }
    }

    pub(in crate::platform) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Does `work` in the place and waits for it as long as it makes progress. Work that is given up goes on if the system
    /// ever lets it, and its result is dropped: it must change nothing that others see. A panic in it is one of the caller.
    pub(in crate::platform) fn call<T: Send + 'static>(
        &self,
        place: &[u8],
        work: impl FnOnce(&Progress) -> T + Send + 'static,
    ) -> Result<T, Silent> {
        let source = self.reach.enter(place)?;
        let progress = Arc::new(Progress::new(place));
        let (done, result) = sync_channel(1);
        let job: Job = {
            let (progress, reach, source, stood) =
                (Arc::clone(&progress), self.reach.clone(), source.clone(), sched::stood());
            Box::new(move || {
                progress.turn.begin();
                sched::follow(stood);
                let began = clock::thread_cpu();
                let ended = guard(|| work(&progress));
                let spent = clock::thread_cpu().saturating_sub(began);
                if progress.end(ENDED) {
                    let _ = done.send((ended, spent));
                } else {
                    drop(ended);
                    reach.returned(&source, progress.place.get().map_or(&source, |place| place));
                }
            })
        };
        let Some(thread) = self.start(job) else {
            self.reach.leave(&source);
            return Err(Silent);
        };
        let mut waited = Waited::default();
        let (ended, spent): (Result<T, String>, Duration) = loop {
            let (tick, ticks_max) = self.reach.patience();
            match result.recv_timeout(tick) {
                Ok(done) => break done,
                Err(RecvTimeoutError::Disconnected) => {
                    self.reach.leave(&source);
                    return Err(Silent);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let give_up = |silent: &[u8]| {
                        let given_up = progress.end(GIVEN_UP);
                        given_up && progress.place.set(silent.to_vec()).is_ok()
                    };
                    if waited.without_progress(&progress, ticks_max) >= ticks_max
                        && self.reach.lose(&source, &progress.at(), give_up)
                    {
                        return Err(Silent);
                    }
                }
            }
        };
        self.reach.leave(&source);
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(thread);
        clock::credit(spent);
        ended.map_err(|why| -> Silent { resume_unwind(Box::new(why)) })
    }

    /// Gives the job to the thread, or to a new one. `None`: the system gives no thread.
    fn start(&self, mut job: Job) -> Option<Sender<Job>> {
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            match thread.send(job) {
                Ok(()) => return Some(thread),
                Err(unsent) => job = unsent.0,
            }
        }
        let (thread, jobs) = channel::<Job>();
        let begun = Builder::new().name("files".to_owned()).spawn(move || jobs.into_iter().for_each(|job| job()));
        if let Err(error) = begun {
            log::warn!("The system gives no more threads: {error}.");
            return None;
        }
        thread.send(job).ok().map(|()| thread)
    }
}

/// The looks at a call under way.
#[derive(Debug, Default)]
struct Waited {
    steps: u64,
    looks: u64,
}

impl Waited {
    /// One more look; gives the number of them since the last progress. One that finds the thread running, or waiting for a core on a busy
    /// device, does not count, as the file system has answered; but for one look alone, after a stop, nobody waits longer.
    fn without_progress(&mut self, progress: &Progress, ticks_max: u64) -> u64 {
        let steps = progress.steps.load(Ordering::Relaxed);
        let waits_for_core = || ticks_max > 1 && progress.turn.is_awaited();
        self.looks = if steps == self.steps { self.looks + u64::from(!waits_for_core()) } else { 0 };
        self.steps = steps;
        self.looks
    }
}

#[cfg(test)]
mod tests;
